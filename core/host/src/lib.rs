//! Ampoule: a host for WebAssembly plugins on small devices.
//!
//! A plugin is a WebAssembly module in a sealed, metered container: a fixed amount of memory, a
//! measured dose of fuel, and no way out but what the host offers. This crate is the host: `no_std`
//! with `alloc`, without unsafe code, on the `wasmi` interpreter.
//!
//! A [`Host`] keeps many plugins: [`Host::load`] admits, translates and instantiates a module,
//! [`Host::bind`] gives a typed [`Entry`], [`Host::call`] crosses over once and reads the reply where it
//! lies, [`Host::start`] and [`Host::poll`] run calls a slice at a time. A [`Plugin`] is one of them by
//! itself; a [`Pool`] keeps copies of one, for threads. [`inspect`] tells everything about a module without running it. What the other side looks like is in
//! [`ampoule_abi`] and `docs/abi.md`.
//!
//! A plugin that imports something needs [`Services`] and a [`Grant`]: a [`Manifest`] cut by the
//! device's [`Policy`]. The built-in services are in [`services`]; others implement [`Service`], most
//! easily by [`offer_service!`].
//!
//! Layers, each importing only what stands above it:
//!
//! | layer | files | rule |
//! |---|---|---|
//! | words | `limits`, `text`, `id`, `fault`, `error`, `event`, `cell` | plain data |
//! | pure | `breaker`, `counters`, `manifest`, `policy` | no I/O, no clock, no heap |
//! | engine | `admission`, `module_view`, `engine`, `guest_memory`, `service`, `instance`, `call`, `inspect` | `engine`, `instance`, `call`, `service/glue`, `service/parked` and `service/wasi/glue` alone name `wasmi` |
//! | life | `entry`, `plugin`, `command`, `registry` | one plugin, or one run of a program; slots and ids |
//! | front | `host`, `lib` | many plugins: turns, queues, reload, a record of each |
//! | front | `pool` | many copies of one plugin, each in a host of its own |
//! | offers | `services` | the built-in services, on the public API alone |
//!
//! # Features
//!
//! `wasi`, on by default: the functions of WASI preview 1. A device that needs none saves 18 KiB of flash without it.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

/// Whether hosts have the functions of WASI preview 1: the feature `wasi`.
pub const HAS_WASI: bool = cfg!(feature = "wasi");

#[macro_use]
mod error;
mod admission;
mod breaker;
mod call;
mod cell;
mod command;
mod counters;
mod engine;
mod entry;
mod event;
mod fault;
mod guest_memory;
mod host;
mod id;
mod inspect;
mod instance;
mod limits;
pub mod manifest;
mod module_view;
mod plugin;
pub mod policy;
mod pool;
mod registry;
mod service;
pub mod services;
mod text;

#[doc(hidden)]
pub use admission::{ITEMS, counted};
pub use admission::{MemoryBound, Weight, Weights};
pub use ampoule_abi::{
    Context, Decode, DecodeError, Failure, List, Map, Meta, MetaError, Outcome, Pairs, Status,
    Value, failure_code, is_printable, owned,
};
pub use breaker::{Breaker, BreakerRefusal, BreakerRules, BreakerState, Pass, Verdict};
pub use cell::{Cell, Ended, HeapUse, Owner};
pub use command::Command;
pub use counters::{
    CallEnd, CallRecord, Counters, FailureKind, Failures, Histogram, RefusalKind, Refusals,
};
pub use entry::Entry;
pub use error::{
    AdmissionError, BindError, CallError, CatalogRow, Diagnosis, LoadError, Refusal, SlotError,
};
pub use event::{Event, EventKind};
pub use fault::{Fault, Trap};
pub use host::{
    Call, CallFuture, Config, Host, MAX_EVENTS, Probation, Source, Turn, Versions, Wake,
};
pub use id::PluginId;
pub use inspect::{
    EntryInfo, Export, ExternKind, Import, Inspection, MemoryInfo, TableInfo, ValueType, Warning,
    inspect, inspect_with,
};
pub use limits::{Limits, MAX_CALLS, Shape};
pub use manifest::{Manifest, ManifestError};
pub use plugin::{Plugin, Usage};
pub use policy::{Grant, Granted, Policy, PolicyFile};
pub use pool::{Lease, Pool, PoolError, PoolSource, Spin, Wait};
pub use service::{
    Caller, Form, MAX_SCALARS, Micros, NothingGranted, OfferError, Operation, Permits, Scalar,
    Service, Services,
};
pub use text::{MAX_TEXT_BYTES, Text};

/// What [`offer_service!`] writes; not for authors.
#[doc(hidden)]
pub use service::offer as offered;
