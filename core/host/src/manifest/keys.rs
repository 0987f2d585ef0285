//! The one table of keys: the walker obeys it, and `docs/manifest.schema.json` is made from it.

use super::{
    document::{FlagSlot, MAX_SERVICES, NumberSlot, TextSlot},
    net_host::MAX_NET_HOST_BYTES,
    path::MAX_PATH_BYTES,
};
use ampoule_abi::{MAX_AUTHOR_BYTES, MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES};

/// Lists and objects inside each other, the document included: `operations` lies that deep.
pub(super) const MAX_DEPTH: usize = 5;
/// The most operations of one service.
const MAX_OPERATIONS: usize = 16;
/// The most paths, hosts or environment variables.
const MAX_LIST_ITEMS: usize = 16;
/// The longest path of a manifest, in bytes: what an error or a report still shows whole.
const MAX_GRANTED_PATH_BYTES: usize = 256;
const _: () = assert!(MAX_GRANTED_PATH_BYTES <= MAX_PATH_BYTES);
/// The longest semantic version, in bytes, as in the plugin's own meta.
const MAX_VERSION_BYTES: usize = 64;
/// The longest name, a dot at its end, and the longest port.
const MAX_HOST_RULE_BYTES: usize = MAX_NET_HOST_BYTES + ".:65535".len();
/// The largest whole number that every JSON reader takes for the same (RFC 8259, section 6).
const MAX_EXACT: u64 = (1 << 53) - 1;
/// A day in milliseconds: what is longer is a mistake in the unit.
const MAX_TIMEOUT_MS: u64 = 24 * 60 * 60 * 1000;
/// One call a microsecond: the finest that a clock tells.
const MAX_PER_SECOND: u64 = 1_000_000;

/// One key of an object.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Whether its object must have it.
    pub required: bool,
    pub(super) value: Value,
}

/// What a key's value is, and the slot that it goes to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Object(&'static [Key]),
    /// A list of objects; distinct if no two may name the same operation of a service.
    Services {
        keys: &'static [Key],
        distinct: bool,
    },
    Flag(FlagSlot),
    Number {
        slot: NumberSlot,
        min: u64,
        max: u64,
    },
    Text {
        slot: TextSlot,
        rule: TextRule,
    },
    Texts {
        slot: TextSlot,
        rule: TextRule,
        max_items: usize,
    },
}

/// What a key's value has to be.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum KeyKind {
    /// `true` or `false`.
    Flag,
    /// A whole number in plain digits.
    Number {
        /// The least.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A string.
    Text(TextRule),
    /// A list of strings.
    Texts {
        /// The rule of each.
        rule: TextRule,
        /// The most.
        max_items: usize,
    },
    /// An object.
    Object(&'static [Key]),
    /// A list of objects.
    Objects {
        /// The keys of each.
        keys: &'static [Key],
        /// The most.
        max_items: usize,
    },
}

/// What a string has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextRule {
    /// [`Meta`](ampoule_abi::Meta)'s rule of a name.
    PluginName,
    /// A semantic version.
    Version,
    /// Printable text of at most so many bytes.
    Line(usize),
    /// A file: printable text, not empty.
    File,
    /// A service or an operation.
    Name(Star),
    /// A service's scope, written as a path.
    Scope,
    /// An entry of `allowedPaths`: [`PathRule`](super::PathRule).
    Path(Star),
    /// An entry of `allowedHosts`: [`NetHostRule`](super::NetHostRule).
    Host(Star),
    /// An environment variable.
    Variable(Star),
}

/// Whether `*` stands for all: that is for the device's owner to say, not for a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Star {
    /// In a manifest.
    Refused,
    /// In a policy.
    All,
}

impl TextRule {
    /// The most bytes, escapes undone.
    #[must_use]
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Line(bytes) => bytes,
            Self::Version => MAX_VERSION_BYTES,
            Self::PluginName | Self::Name(_) | Self::Scope | Self::Variable(_) => MAX_NAME_BYTES,
            Self::File | Self::Path(_) => MAX_GRANTED_PATH_BYTES,
            Self::Host(_) => MAX_HOST_RULE_BYTES,
        }
    }
}

impl Key {
    /// What its value has to be.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        match self.value {
            Value::Flag(_) => KeyKind::Flag,
            Value::Number { min, max, .. } => KeyKind::Number { min, max },
            Value::Text { rule, .. } => KeyKind::Text(rule),
            Value::Texts { rule, max_items, .. } => KeyKind::Texts { rule, max_items },
            Value::Object(keys) => KeyKind::Object(keys),
            Value::Services { keys, .. } => KeyKind::Objects { keys, max_items: MAX_SERVICES },
        }
    }

    const fn new(name: &'static str, value: Value) -> Self {
        Self { name, required: false, value }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn flag(name: &'static str, slot: FlagSlot) -> Self {
        Self::new(name, Value::Flag(slot))
    }

    const fn number(name: &'static str, slot: NumberSlot, min: u64, max: u64) -> Self {
        Self::new(name, Value::Number { slot, min, max })
    }

    const fn text(name: &'static str, slot: TextSlot, rule: TextRule) -> Self {
        Self::new(name, Value::Text { slot, rule })
    }

    const fn list(name: &'static str, slot: TextSlot, rule: TextRule) -> Self {
        Self::new(name, Value::Texts { slot, rule, max_items: MAX_LIST_ITEMS })
    }
}

const META: &[Key] = &[
    Key::text("name", TextSlot::Name, TextRule::PluginName).required(),
    Key::text("version", TextSlot::Version, TextRule::Version).required(),
    Key::text("description", TextSlot::Description, TextRule::Line(MAX_DESCRIPTION_BYTES)),
    Key::text("author", TextSlot::Author, TextRule::Line(MAX_AUTHOR_BYTES)),
];

const fn service(star: Star) -> [Key; 4] {
    let operations = Value::Texts {
        slot: TextSlot::Operations,
        rule: TextRule::Name(star),
        max_items: MAX_OPERATIONS,
    };
    [
        Key::text("service", TextSlot::Service, TextRule::Name(star)).required(),
        Key::new("operations", operations).required(),
        Key::text("scope", TextSlot::Scope, TextRule::Scope),
        Key::number("perSecond", NumberSlot::PerSecond, 1, MAX_PER_SECOND),
    ]
}

const fn capabilities(star: Star, services: Value) -> [Key; 8] {
    [
        Key::flag("allowFileSystem", FlagSlot::FileSystem),
        Key::flag("allowNetwork", FlagSlot::Network),
        Key::flag("allowEnv", FlagSlot::Variables),
        Key::list("allowedPaths", TextSlot::Paths, TextRule::Path(star)),
        Key::list("allowedHosts", TextSlot::Hosts, TextRule::Host(star)),
        Key::list("allowedEnv", TextSlot::Variables, TextRule::Variable(star)),
        // 4,096 would be one more byte than a limit can say.
        Key::number("maxMemoryMB", NumberSlot::MaxMemoryMb, 1, 4095),
        Key::new("services", services),
    ]
}

const LIMITS: [Key; 12] = {
    use NumberSlot as Slot;
    const BYTES: u64 = u32::MAX as u64;
    [
        // 65,536 would be one more byte than a limit can say.
        Key::number("memoryPages", Slot::MemoryPages, 1, 65_535),
        Key::number("memoryBytes", Slot::MemoryBytes, 1, BYTES),
        Key::number("tableElements", Slot::TableElements, 0, BYTES),
        Key::number("messageBytes", Slot::MessageBytes, 0, BYTES),
        Key::number("heapBytes", Slot::HeapBytes, 1, BYTES),
        Key::number("initFuel", Slot::InitFuel, 1, MAX_EXACT),
        Key::number("fuelPerCall", Slot::FuelPerCall, 1, MAX_EXACT),
        Key::number("destroyFuel", Slot::DestroyFuel, 0, MAX_EXACT),
        Key::number("valueStackBytes", Slot::ValueStackBytes, 1, BYTES),
        Key::number("recursionDepth", Slot::RecursionDepth, 1, u16::MAX as u64),
        // A policy's alone: a plugin has no say in these.
        Key::number("moduleBytes", Slot::ModuleBytes, 1, BYTES),
        Key::number("sliceFuel", Slot::SliceFuel, 1, MAX_EXACT),
    ]
};

const TIMEOUT: Key = Key::number("timeout", NumberSlot::Timeout, 1, MAX_TIMEOUT_MS);

/// The keys of a manifest.
pub(super) const MANIFEST: &[Key] = {
    const SERVICES: Value = Value::Services { keys: &service(Star::Refused), distinct: true };
    &[
        Key::new("meta", Value::Object(META)).required(),
        Key::text("wasmPath", TextSlot::WasmPath, TextRule::File),
        Key::new("capabilities", Value::Object(&capabilities(Star::Refused, SERVICES))),
        TIMEOUT,
        Key::new("limits", Value::Object(LIMITS.split_at(10).0)),
    ]
};

/// The keys of a policy's file.
pub(crate) const POLICY: &[Key] = {
    const SERVICES: Value = Value::Services { keys: &service(Star::All), distinct: false };
    &[
        Key::new("capabilities", Value::Object(&capabilities(Star::All, SERVICES))),
        TIMEOUT,
        Key::new("limits", Value::Object(&LIMITS)),
    ]
};
