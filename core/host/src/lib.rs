//! Ampoule: a host for WebAssembly plugins on small devices.
//!
//! A plugin is a WebAssembly module in a sealed, metered container: a fixed amount of memory, a
//! measured dose of fuel, and no way out but what the host offers. This crate is the host: `no_std`
//! with `alloc`, without unsafe code, on the `wasmi` interpreter.
//!
//! [`Plugin::load`] admits, translates and instantiates a module; [`Plugin::bind`] gives a typed
//! [`Entry`]; [`Plugin::call`] crosses over once and reads the reply where it lies. [`inspect`]
//! tells everything about a module without running it. What the other side looks like is in
//! [`ampoule_abi`] and `docs/abi.md`.
//!
//! Layers, each importing only what stands above it:
//!
//! | layer | files | rule |
//! |---|---|---|
//! | words | `limits`, `text`, `fault`, `error` | plain data |
//! | engine | `admission`, `module_view`, `engine`, `guest_memory`, `instance`, `call`, `inspect` | the only files that name `wasmi` |
//! | front | `plugin`, `lib` | what users see |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[macro_use]
mod error;
mod admission;
mod call;
mod engine;
mod fault;
mod guest_memory;
mod inspect;
mod instance;
mod limits;
mod module_view;
mod plugin;
mod text;

pub use admission::HeapBound;
pub use ampoule_abi::{Context, Decode, Failure, List, Map, Meta, Outcome, Pairs, Value, owned};
pub use error::{AdmissionError, BindError, CallError, CatalogRow, Diagnosis, LoadError, Refusal};
pub use fault::{Fault, Trap};
pub use inspect::{
    EntryInfo, Export, ExternKind, Import, Inspection, MemoryInfo, TableInfo, ValueType, Warning,
    inspect,
};
pub use limits::{Limits, Shape};
pub use plugin::{Entry, Plugin, Usage};
pub use text::{MAX_TEXT_BYTES, Text};
