//! The upper bound of the heap that a plugin can hold, from counted items, before the engine
//! allocates anything.

use super::scan::{Counts, Scan};
use crate::{
    error::AdmissionError,
    limits::{INITIAL_STACK_BYTES, Limits},
    service::wasi,
};

/// An upper bound of each part of a plugin's heap, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapBound {
    /// Translated code and what translating it takes at its peak.
    pub code: u64,
    /// Types, imports, exports, segments and the engine's own tables.
    pub module: u64,
    /// The instance and its store.
    pub instance: u64,
    /// Value stack and call frames.
    pub stacks: u64,
    /// The table.
    pub table: u64,
    /// Linear memory at its limit.
    pub memory: u64,
}

impl HeapBound {
    /// All parts together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.parts().iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// Each part with its name, for tables.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, u64); 6] {
        [
            ("code", self.code),
            ("module", self.module),
            ("instance", self.instance),
            ("stacks", self.stacks),
            ("table", self.table),
            ("memory", self.memory),
        ]
    }

    /// Refuses what doesn't fit, and names the part to work on.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), AdmissionError> {
        let (needed, allowed) = (self.total(), limits.heap_bytes);
        let short = needed.saturating_sub(u64::from(allowed));
        if short == 0 {
            return Ok(());
        }
        let largest = self.parts().into_iter().max_by_key(|(_, bytes)| *bytes);
        let largest = largest.map_or("", |(name, _)| name);
        Err(AdmissionError::Heap { needed, allowed, short, largest })
    }
}

/// Bytes of heap per counted item: what the pinned engine was seen to use at its peak on 64 bit, where
/// pointers are larger than on the devices, and a reserve. `tests/suite/heap_bound.rs` holds them to
/// it, over generated modules that have much of one thing each.
mod weight {
    pub(super) const ENGINE: u64 = 4 * 1024;
    pub(super) const INSTANCE: u64 = 4 * 1024;
    pub(super) const TYPE: u64 = 192;
    pub(super) const TYPE_VALUE: u64 = 16;
    pub(super) const IMPORT: u64 = 224;
    pub(super) const EXPORT: u64 = 160;
    pub(super) const NAME_BYTE: u64 = 4;
    pub(super) const GLOBAL: u64 = 96;
    pub(super) const FUNCTION: u64 = 208;
    pub(super) const SEGMENT: u64 = 144;
    pub(super) const ELEMENT_ITEM: u64 = 48;
    pub(super) const DATA_BYTE: u64 = 1;
    pub(super) const OPERATOR: u64 = 16;
    /// The translator's own buffers for the function that it is at are vectors that double.
    pub(super) const LARGEST_BODY_OPERATOR: u64 = 16;
    pub(super) const OPERAND: u64 = 40;
    /// The translator keeps a pool of the distinct constants of the function that it is at.
    pub(super) const CONSTANT: u64 = 64;
    pub(super) const BLOCK: u64 = 48;
    pub(super) const NESTING: u64 = 192;
    pub(super) const BRANCH: u64 = 24;
    pub(super) const BR_TABLE_TARGET: u64 = 16;
    pub(super) const LOCAL: u64 = 24;
    pub(super) const CALL: u64 = 16;
    pub(super) const TABLE_ELEMENT: u64 = 12;
    pub(super) const FRAME: u64 = 48;
    /// For a vector that doubles: its old part lives while the new whole is made, and the whole may
    /// be twice what is used.
    pub(super) const GROWING: u64 = 3;
}

/// Adds up the bound.
pub(crate) fn heap_bound(scan: &Scan<'_>, limits: &Limits) -> HeapBound {
    let counts = &scan.counts;
    HeapBound {
        code: code(counts),
        module: module(counts),
        instance: instance(counts).saturating_add(wasi::heap_bytes(scan, limits)),
        stacks: stacks(limits),
        table: scan.table.map_or(0, |(minimum, _)| u64::from(minimum) * weight::TABLE_ELEMENT),
        memory: memory(scan, limits),
    }
}

fn code(counts: &Counts) -> u64 {
    sum(&[
        (u64::from(counts.functions), weight::FUNCTION),
        (counts.operators, weight::OPERATOR),
        (u64::from(counts.max_operators), weight::LARGEST_BODY_OPERATOR),
        (u64::from(counts.max_operands), weight::OPERAND),
        (u64::from(counts.max_constants), weight::CONSTANT),
        (counts.blocks, weight::BLOCK),
        (u64::from(counts.max_nesting), weight::NESTING),
        (counts.branches, weight::BRANCH),
        (u64::from(counts.max_br_table), weight::BR_TABLE_TARGET),
        (u64::from(counts.max_locals), weight::LOCAL),
        (counts.calls, weight::CALL),
    ])
}

fn module(counts: &Counts) -> u64 {
    weight::ENGINE.saturating_add(sum(&[
        (u64::from(counts.types), weight::TYPE),
        (u64::from(counts.type_values), weight::TYPE_VALUE),
        (u64::from(counts.imports), weight::IMPORT),
        (u64::from(counts.exports), weight::EXPORT),
        (u64::from(counts.name_bytes), weight::NAME_BYTE),
        (u64::from(counts.elements) + u64::from(counts.data), weight::SEGMENT),
        (u64::from(counts.element_items), weight::ELEMENT_ITEM),
        (u64::from(counts.data_bytes), weight::DATA_BYTE),
    ]))
}

fn stacks(limits: &Limits) -> u64 {
    let values = u64::from(limits.value_stack_bytes);
    let grows = values > u64::from(INITIAL_STACK_BYTES);
    let values = if grows { values * weight::GROWING } else { values };
    values + u64::from(limits.recursion_depth) * weight::FRAME * weight::GROWING
}

fn instance(counts: &Counts) -> u64 {
    weight::INSTANCE.saturating_add(sum(&[(u64::from(counts.globals), weight::GLOBAL)]))
}

/// A memory that can grow is a vector that doubles, like the stacks; one that can't is as large as it
/// says.
fn memory(scan: &Scan<'_>, limits: &Limits) -> u64 {
    let Some(memory) = scan.memory else { return 0 };
    let minimum = memory.minimum_bytes();
    let maximum = memory.maximum_bytes().unwrap_or(u64::from(limits.memory_bytes));
    let maximum = maximum.min(u64::from(limits.memory_bytes));
    if maximum > minimum { maximum.saturating_mul(weight::GROWING) } else { minimum }
}

fn sum(items: &[(u64, u64)]) -> u64 {
    items.iter().fold(0, |sum, (count, weight)| sum.saturating_add(count.saturating_mul(*weight)))
}
