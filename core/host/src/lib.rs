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
//! A plugin that imports something needs [`Services`] and a [`Grant`]: a [`Manifest`] cut by the
//! device's [`Policy`]. [`Plugin::load_with`] and [`Plugin::call_with`] lend them to it.
//!
//! Layers, each importing only what stands above it:
//!
//! | layer | files | rule |
//! |---|---|---|
//! | words | `limits`, `text`, `fault`, `error` | plain data |
//! | pure | `manifest`, `policy` | no I/O, no clock, no heap |
//! | engine | `admission`, `module_view`, `engine`, `guest_memory`, `service`, `instance`, `call`, `inspect` | `engine`, `instance`, `call` and `service/glue` alone name `wasmi` |
//! | front | `entry`, `plugin`, `lib` | what users see |
//! | offers | `services` | the built-in services, on the public API alone |
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
mod entry;
mod fault;
mod guest_memory;
mod inspect;
mod instance;
mod limits;
pub mod manifest;
mod module_view;
mod plugin;
pub mod policy;
mod service;
pub mod services;
mod text;

pub use admission::HeapBound;
pub use ampoule_abi::{
    Context, Decode, DecodeError, Failure, List, Map, Meta, MetaError, Outcome, Pairs, Status,
    Value, failure_code, is_printable, owned,
};
pub use entry::Entry;
pub use error::{AdmissionError, BindError, CallError, CatalogRow, Diagnosis, LoadError, Refusal};
pub use fault::{Fault, Trap};
pub use inspect::{
    EntryInfo, Export, ExternKind, Import, Inspection, MemoryInfo, TableInfo, ValueType, Warning,
    inspect, inspect_with,
};
pub use limits::{Limits, Shape};
pub use manifest::{Manifest, ManifestError};
pub use plugin::{Plugin, Usage};
pub use policy::{Grant, Granted, Policy, PolicyFile};
pub use service::{
    Caller, Form, MAX_SCALARS, Micros, NothingGranted, OfferError, Operation, Permits, Scalar,
    Service, Services,
};
pub use text::{MAX_TEXT_BYTES, Text};
