//! Where a document's values lie: one store for all strings, a slot for each other value.

use super::{
    json::each_character,
    list::{ServiceRule, Strings},
};

/// All strings of a document together, in bytes, a list's ends included. A manifest with full meta
/// texts leaves three quarters of it to lists, and the whole stays far below 4 KiB of RAM.
pub const MAX_TEXT_BYTES_IN_ALL: usize = 2048;

/// The most services of a document: each costs RAM, and a plugin that needs more is several plugins.
pub const MAX_SERVICES: usize = 16;

/// Names the slot of a string, or of a list of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextSlot {
    Name,
    Version,
    Description,
    Author,
    WasmPath,
    Paths,
    Hosts,
    Variables,
    /// From here on the last service's.
    Service,
    Operations,
    Scope,
}

/// The slots that a document has once.
const TEXTS: usize = TextSlot::Service as usize;

/// Names the slot of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberSlot {
    Timeout,
    MaxMemoryMb,
    MemoryPages,
    MemoryBytes,
    TableElements,
    MessageBytes,
    HeapBytes,
    InitFuel,
    FuelPerCall,
    DestroyFuel,
    ValueStackBytes,
    RecursionDepth,
    ModuleBytes,
    SliceFuel,
    /// The last service's.
    PerSecond,
}

/// The slots that a document has once.
const NUMBERS: usize = NumberSlot::PerSecond as usize;

/// Names a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlagSlot {
    FileSystem,
    Network,
    Variables,
}

/// A part of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    start: u16,
    end: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    service: Span,
    operations: Span,
    scope: Span,
    /// 0 is none: the table of keys starts at 1.
    per_second: u32,
}

/// What [`super::walk`] fills, and a manifest or a policy reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    store: heapless::String<MAX_TEXT_BYTES_IN_ALL, u16>,
    texts: [Span; TEXTS],
    numbers: [Option<u64>; NUMBERS],
    flags: [bool; 3],
    services: heapless::Vec<Row, MAX_SERVICES, u8>,
}

/// Why a string can't be kept.
pub(super) enum Unkept {
    TooLong,
    StoreFull,
    Unprintable,
}

impl Document {
    pub(crate) const EMPTY: Self = Self {
        store: heapless::String::new(),
        texts: [Span { start: 0, end: 0 }; TEXTS],
        numbers: [None; NUMBERS],
        flags: [false; 3],
        services: heapless::Vec::new(),
    };

    pub(crate) fn flag(&self, slot: FlagSlot) -> bool {
        self.flags.get(slot as usize).copied().unwrap_or_default()
    }

    pub(super) fn set_flag(&mut self, slot: FlagSlot, value: bool) {
        if let Some(flag) = self.flags.get_mut(slot as usize) {
            *flag = value;
        }
    }

    pub(crate) fn number(&self, slot: NumberSlot) -> Option<u64> {
        self.numbers.get(slot as usize).copied().flatten()
    }

    pub(super) fn set_number(&mut self, slot: NumberSlot, value: u64) {
        match (self.numbers.get_mut(slot as usize), self.services.last_mut()) {
            (Some(number), _) => *number = Some(value),
            (None, Some(row)) => row.per_second = u32::try_from(value).unwrap_or(u32::MAX),
            (None, None) => (),
        }
    }

    pub(super) fn text(&self, slot: TextSlot) -> &str {
        self.slice(self.texts.get(slot as usize).copied().unwrap_or_default())
    }

    pub(crate) fn list(&self, slot: TextSlot) -> Strings<'_> {
        Strings::joined(self.text(slot))
    }

    /// The paths that its switch lets it ask for.
    pub(crate) fn paths(&self) -> Strings<'_> {
        self.list_if(FlagSlot::FileSystem, TextSlot::Paths)
    }

    /// The hosts that its switch lets it ask for.
    pub(crate) fn hosts(&self) -> Strings<'_> {
        self.list_if(FlagSlot::Network, TextSlot::Hosts)
    }

    /// The environment variables that its switch lets it ask for.
    pub(crate) fn variables(&self) -> Strings<'_> {
        self.list_if(FlagSlot::Variables, TextSlot::Variables)
    }

    fn list_if(&self, flag: FlagSlot, slot: TextSlot) -> Strings<'_> {
        if self.flag(flag) { self.list(slot) } else { Strings::NONE }
    }

    fn slice(&self, span: Span) -> &str {
        self.store.get(usize::from(span.start)..usize::from(span.end)).unwrap_or_default()
    }

    /// Makes all that was kept since `start` the slot's.
    pub(super) fn set_text(&mut self, slot: TextSlot, start: u16) {
        let span = self.since(start);
        match (self.texts.get_mut(slot as usize), self.services.last_mut(), slot) {
            (Some(text), ..) => *text = span,
            (None, Some(row), TextSlot::Service) => row.service = span,
            (None, Some(row), TextSlot::Operations) => row.operations = span,
            (None, Some(row), _) => row.scope = span,
            (None, None, _) => (),
        }
    }

    /// Opens a row, which the slots of services mean from now on. The table of keys has counted.
    pub(super) fn add_service(&mut self) {
        let _ = self.services.push(Row::default());
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = ServiceRule<'_>> + Clone {
        self.services.iter().map(|row| ServiceRule {
            service: self.slice(row.service),
            operations: Strings::joined(self.slice(row.operations)),
            scope: Some(self.slice(row.scope)).filter(|scope| !scope.is_empty()),
            per_second: Some(row.per_second).filter(|rate| *rate > 0),
        })
    }

    /// Tells whether the last service names an operation that was already named.
    pub(super) fn repeats(&self) -> bool {
        let Some(last) = self.rules().last() else { return false };
        let named = self.rules().filter(|rule| rule.service == last.service);
        let named = named.flat_map(|rule| rule.operations.iter());
        last.operations.iter().any(|one| named.clone().filter(|other| *other == one).count() > 1)
    }

    /// Where the next string will start.
    pub(super) fn end(&self) -> u16 {
        u16::try_from(self.store.len()).unwrap_or(u16::MAX)
    }

    fn since(&self, start: u16) -> Span {
        Span { start, end: self.end() }
    }

    pub(super) fn text_since(&self, start: u16) -> &str {
        self.slice(self.since(start))
    }

    /// Adds a string of at most `allowed` bytes, whose escapes are undone.
    pub(super) fn keep(&mut self, escaped: &str, allowed: usize) -> Result<(), Unkept> {
        let mut length = 0;
        each_character(escaped, |character| {
            length += character.len_utf8();
            if length > allowed {
                return Err(Unkept::TooLong);
            }
            if !ampoule_abi::is_printable(character) {
                return Err(Unkept::Unprintable);
            }
            self.store.push(character).map_err(|_| Unkept::StoreFull)
        })
    }

    pub(super) fn end_item(&mut self) -> Result<(), Unkept> {
        self.store.push(Strings::END).map_err(|_| Unkept::StoreFull)
    }
}
