//! Every refusal, with a stable code, its cause and its cure.
//!
//! The cause is the error's `Display`; [`Diagnosis`] gives code and cure. `docs/errors.md` is made
//! from the same tables.

use crate::{fault::Fault, id::PluginId, limits::Micros, text::Text};
use ampoule_abi::{DecodeError, MetaError};
use core::fmt;

/// What every error of Ampoule can tell besides its cause.
pub trait Diagnosis: core::error::Error {
    /// A code that never changes its meaning, such as `A09`.
    fn code(&self) -> &'static str;

    /// One line on what to do about it.
    fn cure(&self) -> &'static str;
}

/// One row of a table of errors.
#[derive(Clone, Copy, Debug)]
pub struct CatalogRow {
    /// The stable code.
    pub code: &'static str,
    /// The variant's name.
    pub name: &'static str,
    /// The cause, with the fields' names in braces.
    pub cause: &'static str,
    /// The cure.
    pub cure: &'static str,
}

/// Declares an error enum whose codes, causes and cures are written once.
#[doc(hidden)]
#[macro_export]
macro_rules! errors {
    (
        $(#[$attr:meta])*
        pub enum $Enum:ident {
            $(
                $(#[$vattr:meta])*
                $Variant:ident { $( $field:ident: $ty:ty ),* $(,)? } = $code:literal,
                $cause:literal,
                $cure:literal;
            )*
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $Enum {
            $(
                #[doc = concat!("`", $code, "`: ", $cause, ".\n\nCure: ", $cure, ".")]
                $(#[$vattr])*
                #[allow(missing_docs)]
                $Variant { $( $field: $ty ),* },
            )*
        }

        impl $Enum {
            /// Every code with its cause and cure, in order.
            pub const CATALOG: &'static [$crate::CatalogRow] = &[
                $( $crate::CatalogRow {
                    code: $code,
                    name: stringify!($Variant),
                    cause: $cause,
                    cure: $cure,
                }, )*
            ];
        }

        impl ::core::fmt::Display for $Enum {
            #[allow(unused_variables)]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    $( Self::$Variant { $( $field ),* } => ::core::write!(f, $cause), )*
                }
            }
        }

        impl ::core::error::Error for $Enum {}

        impl $crate::Diagnosis for $Enum {
            fn code(&self) -> &'static str {
                match self { $( Self::$Variant { .. } => $code, )* }
            }

            fn cure(&self) -> &'static str {
                match self { $( Self::$Variant { .. } => $cure, )* }
            }
        }
    };
}

errors! {
    /// Why admission refused a module. Nothing of it ran.
    pub enum AdmissionError {
        Empty {} = "A01",
            "the module is empty",
            "give the whole .wasm file; a copy or a build may have been cut off";
        TooLarge { found: usize, allowed: u32 } = "A02",
            "the module has {found} bytes, {allowed} are allowed",
            "build it smaller (opt-level \"z\", strip debug info) or raise limits.module_bytes";
        NotWasm { start: Text } = "A03",
            "it starts with \"{start}\", not with a wasm module's magic bytes",
            "give a compiled .wasm module, not its source or another kind of file";
        Component {} = "A04",
            "it is a component, not a core module",
            "build a core module (target wasm32v1-none), or take it out of the component";
        WasmVersion { found: u32 } = "A05",
            "it is wasm version {found}, not 1",
            "build it for WebAssembly 1.0 and the proposals that docs/abi.md lists";
        Truncated { what: &'static str, offset: usize } = "A06",
            "the bytes end inside {what} at offset {offset}",
            "give the whole file; a copy or a download may have been cut off";
        Malformed { what: &'static str, offset: usize } = "A07",
            "{what} is malformed at offset {offset}",
            "build the module again with a released toolchain";
        SectionOrder { section: u8, offset: usize } = "A08",
            "section {section} at offset {offset} is unknown, double or out of order",
            "build the module again with a released toolchain";
        TooMany { what: &'static str, found: u64, allowed: u64 } = "A09",
            "there are {found} {what}, {allowed} are allowed",
            "simplify the plugin, or raise that limit in limits.shape if the device has the RAM";
        Unsupported { what: &'static str, found: u32, offset: usize } = "A10",
            "{what} {found:#04x} at offset {offset} is outside the accepted proposals",
            "build for wasm32v1-none, adding +bulk-memory at most (docs/abi.md lists what is accepted)";
        StartFunction {} = "A11",
            "the module has a start function",
            "move that work into ampoule_init, or into _initialize where a toolchain needs it";
        NoMemory {} = "A12",
            "the module defines no memory",
            "define one memory and export it as \"memory\"";
        MemoryNotExported {} = "A13",
            "the memory is not exported as \"memory\"",
            "export it; linkers do so by default, so look for --no-export-memory";
        MemoryTooLarge { found: u64, allowed: u32 } = "A14",
            "the memory starts with {found} bytes, {allowed} are allowed",
            "link with a smaller stack and memory (-zstack-size, --initial-memory) or raise limits.memory_bytes";
        MemoryMaximum { found: u64, allowed: u32 } = "A15",
            "the memory may grow to {found} bytes, {allowed} are allowed",
            "link with a smaller --max-memory or raise limits.memory_bytes";
        TableTooLarge { found: u64, allowed: u32 } = "A16",
            "the table has {found} elements, {allowed} are allowed",
            "use fewer indirect calls or raise limits.table_elements";
        SegmentOutside { what: &'static str, start: u32, length: u32, size: u64, offset: usize } = "A17",
            "a {what} segment of {length} from {start} on reaches outside of {size} (at offset {offset})",
            "build the module again; its initial memory or table is too small for its contents";
        ImportKind { service: Text, name: Text } = "A18",
            "the import {service}.{name} is not a function",
            "import functions only; memory, table and globals are the plugin's own (no --import-memory)";
        ImportUnknown { service: Text, operation: Text } = "A19",
            "the import {service}.{operation} is not offered by this host",
            "remove its use, or run on a host that offers that service";
        ImportType { service: Text, operation: Text } = "A20",
            "the import {service}.{operation} has the wrong type",
            "declare it as docs/abi.md does; an SDK of this ABI does so";
        ExportType { name: Text } = "A21",
            "the exported function {name} has the wrong type",
            "an entry is (i32) -> i64; give other exports a name that starts with _";
        NoMailbox {} = "A22",
            "the function ampoule_mailbox is not exported",
            "export it with type () -> i64, or build with an SDK of this ABI";
        NoMeta {} = "A23",
            "the custom section ampoule.meta is missing",
            "build with an SDK of this ABI and keep custom sections when stripping";
        MetaTwice {} = "A24",
            "there is more than one custom section ampoule.meta",
            "link one plugin into a module";
        AbiVersion { found: u32 } = "A25",
            "the plugin speaks ABI {found}, this host speaks 1",
            "build it with an SDK for ABI 1, or take a host that speaks its ABI";
        BadMeta { error: MetaError } = "A26",
            "the custom section ampoule.meta is wrong: {error}",
            "build with an SDK of this ABI, with meta fields that follow docs/abi.md";
        BadSchema { error: DecodeError } = "A27",
            "the custom section ampoule.schema is wrong: {error}",
            "build with an SDK of this ABI";
        SchemaTwice {} = "A28",
            "there is more than one custom section ampoule.schema",
            "link one plugin into a module";
        SchemaEntry { name: Text } = "A29",
            "the schema names the entry {name}, which is not exported",
            "build with an SDK of this ABI; the section belongs to another module";
        Heap { needed: u64, allowed: u32, short: u64, largest: &'static str } = "A30",
            "it may need {needed} bytes of heap, {allowed} are allowed: short by {short}, largest part {largest}",
            "shrink the largest part, or raise limits.heap_bytes if the device has the RAM";
        Invalid { message: Text, offset: usize } = "A31",
            "validation failed at offset {offset}: {message}",
            "build the module again with a released toolchain";
        Engine {} = "A32",
            "the engine could not translate the module",
            "split its largest function; if it is small, report the module";
        Name { name: Text, offset: usize } = "A33",
            "the name \"{name}\" at offset {offset} has characters that can't be shown",
            "name exports and imports in printable characters";
        NotGranted { service: Text, operation: Text } = "A34",
            "the import {service}.{operation} is not granted",
            "add the operation under capabilities.services in the manifest, if the device's policy allows it";
        OtherPlugin { granted: Text, module: Text } = "A35",
            "the grant is for the plugin {granted}, the module is {module}",
            "give the manifest of this plugin; its meta.name is the name that the module was built with";
        NoStart {} = "A36",
            "the function _start is not exported",
            "build a command (a program with a main function) for WASI preview 1, or load the module as a plugin";
        StartType {} = "A37",
            "the exported function _start has the wrong type",
            "export it with type () -> (), as compilers do for a program";
        CommandName { error: MetaError } = "A38",
            "a command can't have this name: {error}",
            "name it as docs/abi.md names plugins";
    }
}

errors! {
    /// Why an entry couldn't be bound.
    pub enum BindError {
        NoSuchEntry { name: Text, has: Text } = "B01",
            "there is no entry called \"{name}\"; the plugin has: {has}",
            "use one of those names, or export a function (i32) -> i64 under this one";
        Stale { plugin: PluginId } = "B02",
            "the plugin {plugin} isn't loaded any longer",
            "load it again, and use the id that this gives";
        NoMemory {} = "B03",
            "the host has no memory left to remember it",
            "unload a plugin, or give the host more heap";
    }
}

errors! {
    /// Why a call wasn't made, or why its guest said no. The plugin goes on.
    pub enum Refusal {
        RequestTooLarge { needed: usize, capacity: usize } = "C01",
            "the request has {needed} bytes, the mailbox takes {capacity}",
            "send less, give the plugin a larger mailbox, or raise limits.message_bytes";
        RequestType {} = "C02",
            "the request can't be written as postcard",
            "give its sequences a known length";
        OtherPlugin {} = "C03",
            "the entry was bound on another plugin, or on a version that had it",
            "bind it on the plugin as it is now";
        Failure { code: u32, message: Text } = "C04",
            "the plugin failed with code {code}: {message}",
            "the plugin said no to this request; its documentation tells the code";
        NeedsServices {} = "C05",
            "a fresh instance is due, and the plugin was loaded with services",
            "use call_with, with the services that it was loaded with";
        Stale { plugin: PluginId } = "C06",
            "the plugin {plugin} isn't loaded any longer",
            "load it again, and bind its entries anew";
        BreakerOpen { until: Micros } = "C07",
            "the plugin has failed too often in a row, and isn't called before {until} µs",
            "try again then; its events and counters tell what went wrong";
        Probing {} = "C08",
            "the plugin has failed too often in a row, and one call that tries it is under way",
            "try again when that call is over";
        Quarantined {} = "C09",
            "the plugin is quarantined",
            "install a version that works, or lift the quarantine";
        QueueFull {} = "C10",
            "as many calls of the plugin as a host keeps are waiting or not yet taken",
            "poll, and take or cancel the calls that are over";
        NoSuchCall {} = "C11",
            "the call was taken or cancelled",
            "take each call once";
        Asleep {} = "C12",
            "an earlier call of the plugin sleeps until somebody wakes it",
            "wake or cancel that call first, or start this one";
        Cancelled {} = "C13",
            "the call was cancelled",
            "start another if its answer is wanted after all";
        TooLate {} = "C14",
            "its time was over before its turn came",
            "call the plugin less often, or allow more time";
        NoMemory { needed: usize } = "C15",
            "there was no memory for {needed} bytes of the message",
            "free memory on the host, or send and answer less";
        ShardLost {} = "C16",
            "a panic of the host has cost the pool this copy of the plugin, and it couldn't be loaded again",
            "look for the service or the message type that panics; the next call of this shard tries again";
    }
}

errors! {
    /// Why a slot of a host can't be filled or changed.
    pub enum SlotError {
        Full { slots: usize } = "L01",
            "all {slots} slots are taken",
            "unload a plugin, or make the host with more slots";
        NameTaken { name: Text } = "L02",
            "a plugin called {name} is loaded",
            "reload that one, or build this one under another name";
        Stale { plugin: PluginId } = "L03",
            "the plugin {plugin} isn't loaded any longer",
            "load it again, and use the id that this gives";
        OtherName { loaded: Text, found: Text } = "L04",
            "the new version calls itself {found}, the plugin is {loaded}",
            "give a version of the same plugin, or load this one into a slot of its own";
        EntryGone { name: Text } = "L05",
            "the new version has no entry called {name}, which is bound",
            "keep the entries that hosts use, or unload the plugin and load the new version";
        NoPrevious {} = "L06",
            "there is no version to go back to",
            "reload the plugin with the version that you want; the one before is kept during probation only";
        InCall {} = "L07",
            "a call of the plugin is under way",
            "wait until it is over, or cancel it";
        Unproven {} = "L08",
            "the new version faulted on one shard before all of them had it",
            "debug it with the inputs of that call; the events tell the fault";
        OtherCopy { shard: usize } = "L09",
            "the source gave another module for shard {shard} than before",
            "give the same bytes for every shard, whenever it is asked";
        NoMemory {} = "L10",
            "the host has no memory left for it",
            "unload a plugin, or give the host more heap";
    }
}

/// Why a plugin couldn't be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// It was refused before anything of it ran.
    Admission(AdmissionError),
    /// Its `ampoule_init` said no, or the request for it was too large.
    Init(Refusal),
    /// It ran and did something that ended it.
    Fault(Fault),
    /// The host has no place for it.
    Slot(SlotError),
}

/// Why a call has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// Nothing is wrong with the plugin: the next call goes on with the same instance.
    Refused(Refusal),
    /// A fresh instance was to be made, and its `ampoule_init` said no: the next call tries again.
    Init(Refusal),
    /// The guest was ended: the next call goes on with a fresh instance.
    Fault(Fault),
}

/// The errors that stand for others pass everything on.
macro_rules! pass_on {
    ($($Enum:ident { $($Variant:ident),* })*) => { $(
        impl fmt::Display for $Enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $( Self::$Variant(error) => fmt::Display::fmt(error, f), )* }
            }
        }

        impl core::error::Error for $Enum {}

        impl Diagnosis for $Enum {
            fn code(&self) -> &'static str {
                match self { $( Self::$Variant(error) => error.code(), )* }
            }

            fn cure(&self) -> &'static str {
                match self { $( Self::$Variant(error) => error.cure(), )* }
            }
        }
    )* };
}

pass_on! {
    LoadError { Admission, Init, Fault, Slot }
    CallError { Refused, Init, Fault }
}

macro_rules! from {
    ($($Enum:ident::$Variant:ident($Inner:ty))*) => { $(
        impl From<$Inner> for $Enum {
            fn from(error: $Inner) -> Self {
                Self::$Variant(error)
            }
        }
    )* };
}

impl From<crate::cell::Ended> for BindError {
    fn from(_: crate::cell::Ended) -> Self {
        Self::NoMemory {}
    }
}

impl From<crate::cell::Ended> for LoadError {
    fn from(ended: crate::cell::Ended) -> Self {
        Self::Fault(ended.into())
    }
}

impl From<crate::cell::Ended> for CallError {
    fn from(ended: crate::cell::Ended) -> Self {
        Self::Fault(ended.into())
    }
}

from! {
    LoadError::Admission(AdmissionError)
    LoadError::Init(Refusal)
    LoadError::Fault(Fault)
    LoadError::Slot(SlotError)
    CallError::Refused(Refusal)
    CallError::Fault(Fault)
}

impl From<CallError> for LoadError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) | CallError::Init(refusal) => Self::Init(refusal),
            CallError::Fault(fault) => Self::Fault(fault),
        }
    }
}
