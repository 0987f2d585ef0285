//! A profile as it stands in a file.

use crate::{Limits, Shape};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the file has; what it may leave out is a microcontroller's.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) bits: u8,
    #[serde(default)]
    pub(super) wasi: bool,
    pub(super) heap_bytes: u64,
    #[serde(default)]
    pub(super) overhead_percent: u8,
    pub(super) stack_bytes: u32,
    pub(super) flash_bytes: u64,
    pub(super) slots: u16,
    #[serde(default)]
    pub(super) services: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) limits: LimitNumbers,
    #[serde(default)]
    pub(super) shape: ShapeNumbers,
}

/// Declares a table of numbers, each of which may be left out.
macro_rules! numbers {
    ($Numbers:ident, $Of:ident; $($field:ident: $ty:ty),* $(; $rest:ident)?) => {
        #[derive(Default, Deserialize, Serialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $Numbers { $( $field: Option<$ty>, )* }

        impl $Numbers {
            /// What isn't given stays as it is.
            pub(super) fn over(&self, base: $Of) -> $Of {
                $Of {
                    $( $field: self.$field.unwrap_or(base.$field), )*
                    $( $rest: base.$rest, )?
                }
            }
        }

        impl From<&$Of> for $Numbers {
            fn from(numbers: &$Of) -> Self {
                Self { $( $field: Some(numbers.$field), )* }
            }
        }
    };
}

numbers! { LimitNumbers, Limits;
module_bytes: u32, memory_bytes: u32, table_elements: u32, message_bytes: u32, heap_bytes: u32,
init_fuel: u64, call_fuel: u64, destroy_fuel: u64, slice_fuel: u64, value_stack_bytes: u32,
recursion_depth: u16; shape }

numbers! { ShapeNumbers, Shape;
types: u16, params: u16, imports: u16, functions: u32, globals: u16, exports: u16, elements: u16,
data: u32, name_bytes: u16, locals: u16, nesting: u16, operands: u16, br_table: u16,
operators: u32 }

impl LimitNumbers {
    /// A number of TOML has 63 bits: more fuel than that is as good as without end.
    pub(super) fn held_to_toml(mut self) -> Self {
        const MOST: u64 = i64::MAX as u64;
        let fuels = [
            &mut self.init_fuel,
            &mut self.call_fuel,
            &mut self.destroy_fuel,
            &mut self.slice_fuel,
        ];
        fuels.into_iter().for_each(|fuel| *fuel = fuel.map(|fuel| fuel.min(MOST)));
        self
    }
}
