//! What a device does with the requests of a [link](ampoule_link): the server's other half, on a
//! [`Host`](ampoule::Host), for a main loop without threads.
//!
//! - [`Device`]: takes bytes, does one request a turn, gives bytes;
//! - [`Firmware`]: what only the firmware knows, such as its name and its free RAM;
//! - [`Store`]: a [`Sink`](ampoule_link::Sink) whose bytes can be loaded from where they lie;
//! - [`Backlog`]: log lines or events that wait until they are asked for.
//!
//! A call that comes over the line runs in the host's slices, as any other, and is answered when it is over. So
//! no request holds the main loop up but those that load a plugin, whose work the limits bound.
//!
//! `firmware-example/src/line.rs` is a main loop around it.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

extern crate alloc;

mod backlog;
mod device;
mod firmware;
mod load;
mod profile;
mod raw;
mod told;
mod work;

pub use backlog::Backlog;
pub use device::Device;
pub use firmware::{About, Firmware, Store};
