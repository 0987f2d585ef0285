//! The upper bound of the memory that a plugin can hold, from counted items, before the engine
//! allocates anything.

use super::{
    scan::{Scan, scan},
    weights::{ITEMS, Item, Part, Weights},
};
use crate::{
    error::AdmissionError,
    limits::{INITIAL_STACK_BYTES, Limits, MAX_CALLS, Shape},
    module_view,
    service::wasi,
};
use ampoule_abi::{Meta, export};

/// An upper bound of the memory that a plugin can ever hold, in bytes.
///
/// Heap is taken in two phases: [`loading`](Self::loading) has no instance yet, and gives its buffers back before
/// there is one. The first seven are the parts of what is [`held`](Self::held) from then on, whatever the plugin is
/// called for. Admission refuses a plugin where the larger of the two, the [`total`](Self::total), is over
/// `limits.heap_bytes`. The last two stand beside: messages that there is no memory for are refused one by one, and
/// the machine's stack is one for all plugins.
///
/// ```
/// use ampoule::{Limits, MemoryBound, Weights};
///
/// # let wasm = include_bytes!("../../../../guests/prebuilt/echo.wasm");
/// // What a device with pointers of 32 bits has to have for it.
/// let bound = MemoryBound::of(wasm, &Limits::MICRO, &Weights::BITS_32)?;
/// assert!(bound.held() <= bound.total());
/// # Ok::<(), ampoule::AdmissionError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryBound {
    /// Translated code.
    pub code: u64,
    /// The engine, and the module's types, imports, exports, names and segments.
    pub module: u64,
    /// The instance and its store, with globals, and the shim of a module that imports WASI.
    pub instance: u64,
    /// Value stack and call frames.
    pub stacks: u64,
    /// The table.
    pub table: u64,
    /// Linear memory at its limit.
    pub memory: u64,
    /// What the host keeps of it: slot, record, meta, entries that were bound, the message for
    /// `ampoule_init`.
    pub host: u64,
    /// All that loading takes: the engine, what it makes of the module, and what its validator and its translator
    /// have besides until they are done. Their share grows with the largest function.
    pub loading: u64,
    /// Messages that wait, are under way, answered or taken, as many as a host keeps.
    pub messages: u64,
    /// The machine's own stack, below loading or calling it.
    pub native_stack: u64,
}

impl MemoryBound {
    /// The bound of a module under `limits`, on a machine with these weights.
    ///
    /// # Errors
    /// [`AdmissionError`] if the module can't be scanned. Whether a host would load it is
    /// [`inspect`](crate::inspect)'s to tell.
    pub fn of(wasm: &[u8], limits: &Limits, weights: &Weights) -> Result<Self, AdmissionError> {
        let scan = scan(wasm, &Limits { shape: Shape::CEILING, ..*limits })?;
        Ok(bound(&scan, limits, weights))
    }

    /// All heap that it can hold at any time, messages aside: what loading takes, or what it holds when it is
    /// loaded, whichever is more.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.loading.max(self.held())
    }

    /// All that it holds when it is loaded: the sum of [`Self::parts`].
    #[must_use]
    pub fn held(&self) -> u64 {
        self.parts().iter().fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// The parts of [`Self::held`] with their names, for tables.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, u64); 7] {
        [
            ("code", self.code),
            ("module", self.module),
            ("instance", self.instance),
            ("stacks", self.stacks),
            ("table", self.table),
            ("memory", self.memory),
            ("host", self.host),
        ]
    }

    /// Refuses what doesn't fit into `limits.heap_bytes`, and names the part to work on.
    ///
    /// # Errors
    /// [`AdmissionError::Heap`].
    pub fn check(&self, limits: &Limits) -> Result<(), AdmissionError> {
        let (needed, allowed) = (self.total(), limits.heap_bytes);
        let short = needed.saturating_sub(u64::from(allowed));
        if short == 0 {
            return Ok(());
        }
        Err(AdmissionError::Heap { needed, allowed, short, largest: self.largest() })
    }

    /// The largest part of what [`Self::total`] is.
    fn largest(&self) -> &'static str {
        if self.loading > self.held() {
            return "loading";
        }
        let largest = self.parts().into_iter().max_by_key(|(_, bytes)| *bytes);
        largest.map_or("", |(name, _)| name)
    }

    fn add(&mut self, part: Part, bytes: u64) {
        let sum = match part {
            Part::Code => &mut self.code,
            Part::Module => &mut self.module,
            Part::Instance => &mut self.instance,
            Part::Stacks => &mut self.stacks,
            Part::Table => &mut self.table,
            Part::Host => &mut self.host,
        };
        *sum = sum.saturating_add(bytes);
    }
}

/// For a vector that doubles: its old part lives while the new whole is made, and the whole may be twice
/// what is used.
const GROWING: u64 = 3;
/// Messages of a plugin that a host keeps: as many as there may be calls, the one that was taken last, and
/// one that is made while another is still there.
const MESSAGES: u64 = MAX_CALLS as u64 + 2;
/// An error that waits in place of a message.
const ERROR_BYTES: u64 = 512;

/// Adds up the bound.
pub(crate) fn bound(scan: &Scan<'_>, limits: &Limits, weights: &Weights) -> MemoryBound {
    let messages = u64::from(limits.message_bytes).max(ERROR_BYTES).saturating_mul(MESSAGES);
    let mut bound = MemoryBound {
        instance: wasi::heap_bytes(scan, limits),
        stacks: value_stack(limits),
        memory: memory(scan, limits),
        host: init_message(scan, limits),
        messages,
        native_stack: u64::from(weights.native_stack),
        ..MemoryBound::default()
    };
    for ((count, weight), part) in
        count(scan, limits).into_iter().zip(weights.items).zip(Item::PARTS)
    {
        bound.add(part, count.saturating_mul(u64::from(weight.held)));
        let loading = count.saturating_mul(u64::from(weight.loading));
        bound.loading = bound.loading.saturating_add(loading);
    }
    bound
}

/// How many there are of each item of the table.
pub(crate) fn count(scan: &Scan<'_>, limits: &Limits) -> [u64; ITEMS] {
    let counts = &scan.counts;
    let mut items = [0; ITEMS];
    for (item, count) in [
        (Item::Engine, 1),
        (Item::Instance, 1),
        (Item::Host, 1),
        (Item::MetaByte, meta_bytes(scan)),
        (Item::Type, counts.types.into()),
        (Item::TypeValue, counts.type_values.into()),
        (Item::Import, counts.imports.into()),
        (Item::Export, counts.exports.into()),
        (Item::NameByte, counts.name_bytes.into()),
        (Item::Element, counts.elements.into()),
        (Item::SegmentElement, counts.element_items.into()),
        (Item::Data, counts.data.into()),
        (Item::DataByte, counts.data_bytes.into()),
        (Item::Global, counts.globals.into()),
        (Item::TableElement, scan.table.map_or(0, |(minimum, _)| minimum.into())),
        (Item::Function, counts.functions.into()),
        (Item::Instruction, counts.instructions),
        (Item::Branch, counts.branches),
        (Item::Call, counts.calls),
        (Item::Constant, counts.constants),
        (Item::LargestBody, counts.max_instructions.into()),
        (Item::Operand, counts.max_operands.into()),
        (Item::BodyConstant, counts.max_constants.into()),
        (Item::BodyBlock, counts.max_blocks.into()),
        (Item::Nesting, counts.max_nesting.into()),
        (Item::BrTarget, counts.max_br_table.into()),
        (Item::BodyBranch, counts.max_branches.into()),
        (Item::Local, counts.max_locals.into()),
        (Item::Frame, frames(limits)),
    ] {
        if let Some(place) = items.get_mut(item as usize) {
            *place = count;
        }
    }
    items
}

/// Name, version, description and author as a plugin has them, or as a command may have them at most.
fn meta_bytes(scan: &Scan<'_>) -> u64 {
    let meta = scan.meta.and_then(|section| Meta::from_section(section).ok());
    let length = |meta: Meta<'_>| {
        // The name is kept twice: the services are told who asks.
        2 * meta.name.len() + meta.version.len() + meta.description.len() + meta.author.len()
    };
    meta.map_or(256, length) as u64
}

/// Kept for fresh instances.
fn init_message(scan: &Scan<'_>, limits: &Limits) -> u64 {
    let has_init = module_view::exports(scan).any(|item| item.name == export::INIT);
    if has_init { limits.message_bytes.into() } else { 0 }
}

/// The engine's vector of call frames has room for a power of two of them; when it doubles, the half of it
/// is still there.
fn frames(limits: &Limits) -> u64 {
    const LEAST: u64 = 4;
    let room = u64::from(limits.recursion_depth).next_power_of_two().max(LEAST);
    room + room / 2
}

fn value_stack(limits: &Limits) -> u64 {
    let values = u64::from(limits.value_stack_bytes);
    let grows = values > u64::from(INITIAL_STACK_BYTES);
    if grows { values * GROWING } else { values }
}

/// A memory that can grow is a vector that doubles, like the stacks; one that can't is as large as it
/// says.
fn memory(scan: &Scan<'_>, limits: &Limits) -> u64 {
    let Some(memory) = scan.memory else { return 0 };
    let minimum = memory.minimum_bytes();
    let maximum = memory.maximum_bytes().unwrap_or(u64::from(limits.memory_bytes));
    let maximum = maximum.min(u64::from(limits.memory_bytes));
    if maximum > minimum { maximum.saturating_mul(GROWING) } else { minimum }
}

/// What is counted of a module, in the order of [`Weights::NAMES`]: what weights are fitted to.
///
/// # Errors
/// As for [`MemoryBound::of`].
#[doc(hidden)]
pub fn counted(wasm: &[u8], limits: &Limits) -> Result<[u64; ITEMS], AdmissionError> {
    let scan = scan(wasm, &Limits { shape: Shape::CEILING, ..*limits })?;
    Ok(count(&scan, limits))
}
