//! Ampoule on a workstation: module files, and the `ampoule` command.
//!
//! This crate passes on all of [`ampoule`], so that a program needs no other one:
//!
//! - [`read_module`] reads a module from a file, whatever the file does;
//! - [`read_capped`] reads a manifest or a policy from a file, for [`Manifest`] and [`PolicyFile`];
//! - [`Plugin`] loads and calls it, [`inspect()`] tells about it without running it;
//! - [`workstation_services`] are the services that a plugin with a [`Grant`] may use here;
//! - [`BlockingPool`] keeps copies of a plugin for threads, which sleep while all are in use;
//! - [`Watcher`] loads and reloads the plugins of a directory into a [`Host`];
//! - [`serve`] offers them to programs over HTTP;
//! - [`device`] manages a device at the other end of a serial line;
//! - [`CountingHeap`] counts what each plugin has on the heap, for its counters;
//! - [`profile`] tells whether plugins fit on a device, before they are shipped;
//! - [`escaped`] makes text from a guest safe to show on a terminal.
//!
//! A message is made for people by `serde_json`: an [`Outcome`] becomes `{"success":…,"data":…}`
//! with `"error"` where there is one. JSON has no NaN and no infinity: they become `null`; bytes
//! become a list of numbers.
//!
//! ```
//! use ampoule_std::{Context, Limits, Outcome, Plugin, read_module};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("hello.wat");
//! # std::fs::write(&path, r#"(module
//! #     (@custom "ampoule.meta" "\01\05hello\051.0.0\00\00")
//! #     (memory (export "memory") 1024 1024 (pagesize 1))
//! #     (data (i32.const 0) "\01\04\02hi\00")
//! #     (func (export "ampoule_mailbox") (result i64) (i64.const 0x200_0000_0100))
//! #     (func (export "execute") (param i32) (result i64) (i64.const 6)))"#)?;
//! let limits = Limits::WORKSTATION;
//! let module = read_module(&path, limits.module_bytes)?;
//! let mut plugin = Plugin::load(&module, &limits, &Context::default())?;
//! let execute = plugin.bind::<Context, Outcome>("execute")?;
//! let outcome = plugin.call(&execute, &Context::default())?;
//! assert_eq!(serde_json::to_string(&outcome)?, r#"{"success":true,"data":"hi"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod command;
pub mod device;
mod durable;
mod escape;
mod files;
pub mod fs;
mod json;
pub mod net;
mod pool;
pub mod profile;
pub mod serve;
pub mod services;
mod station;
pub mod watch;
mod whole;

pub use ampoule::*;
pub use ampoule_cell::CountingHeap;
pub use command::CommandError;
pub use durable::{FileStore, StoreError};
pub use escape::{Escaped, escaped};
pub use files::{FileError, read_capped, read_module};
pub use json::write_json;
pub use pool::{BlockingLease, BlockingPool, Sleep};
pub use services::{
    monotonic, offer_shared, offer_shared_on, workstation_offers, workstation_own_services,
    workstation_services, workstation_services_on,
};
pub use watch::{WatchOptions, Watcher};
pub use whole::write_whole;
