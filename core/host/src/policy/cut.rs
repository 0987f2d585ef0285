//! How the numbers of a document meet [`Limits`]: one table, a row for each key.

use crate::{
    limits::Limits,
    manifest::{Document, NumberSlot},
};

/// One key that bounds a limit.
pub(super) struct LimitKey {
    pub(super) key: &'static str,
    pub(super) slot: NumberSlot,
    /// How many of the limit's own unit one is.
    factor: u64,
    /// The limit's own unit.
    pub(super) unit: &'static str,
    pub(super) get: fn(&Limits) -> u64,
    set: fn(&mut Limits, u64),
}

impl LimitKey {
    /// What a document asks, in the limit's own unit.
    pub(super) fn asked(&self, document: &Document) -> Option<u64> {
        document.number(self.slot).map(|number| number.saturating_mul(self.factor))
    }
}

macro_rules! limit_keys {
    ($( $key:literal, $slot:ident, $factor:literal $unit:literal, $field:ident: $type:ident; )*) => {
        &[$( LimitKey {
            key: $key,
            slot: NumberSlot::$slot,
            factor: $factor,
            unit: $unit,
            get: |limits| limits.$field.into(),
            set: |limits, number| limits.$field = $type::try_from(number).unwrap_or($type::MAX),
        }, )*]
    };
}

pub(super) const LIMIT_KEYS: &[LimitKey] = limit_keys! {
    "capabilities.maxMemoryMB", MaxMemoryMb, 1_048_576 "bytes", memory_bytes: u32;
    "limits.memoryPages", MemoryPages, 65_536 "bytes", memory_bytes: u32;
    "limits.memoryBytes", MemoryBytes, 1 "bytes", memory_bytes: u32;
    "limits.tableElements", TableElements, 1 "elements", table_elements: u32;
    "limits.messageBytes", MessageBytes, 1 "bytes", message_bytes: u32;
    "limits.heapBytes", HeapBytes, 1 "bytes", heap_bytes: u32;
    "limits.initFuel", InitFuel, 1 "fuel", init_fuel: u64;
    "limits.fuelPerCall", FuelPerCall, 1 "fuel", call_fuel: u64;
    "limits.destroyFuel", DestroyFuel, 1 "fuel", destroy_fuel: u64;
    "limits.valueStackBytes", ValueStackBytes, 1 "bytes", value_stack_bytes: u32;
    "limits.recursionDepth", RecursionDepth, 1 "functions", recursion_depth: u16;
    "limits.moduleBytes", ModuleBytes, 1 "bytes", module_bytes: u32;
    "limits.sliceFuel", SliceFuel, 1 "fuel", slice_fuel: u64;
};

/// `ceiling`, or what `document` asks where that is less.
pub(super) fn lowered(ceiling: Limits, document: &Document) -> Limits {
    let mut limits = ceiling;
    for row in LIMIT_KEYS {
        if let Some(asked) = row.asked(document) {
            let allowed = (row.get)(&limits);
            (row.set)(&mut limits, asked.min(allowed));
        }
    }
    limits
}

/// What `document` says, or `default` where it says nothing. Of keys for one limit the least holds.
pub(super) fn raised(default: Limits, document: &Document) -> Limits {
    let mut limits = default;
    for row in LIMIT_KEYS {
        if let Some(number) = row.asked(document) {
            (row.set)(&mut limits, number);
        }
    }
    lowered(limits, document)
}

pub(super) fn micros(milliseconds: u64) -> u64 {
    milliseconds.saturating_mul(1000)
}

/// The lesser of two, where none is no rule.
pub(super) fn tighter<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
