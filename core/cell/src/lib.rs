//! Where plugins run on a device.
//!
//! The engine behind `ampoule` aborts where an allocation fails, and a device that nobody can reach must not. So
//! whatever the engine does for a plugin is done on a stack of its own, with all that it allocates on an
//! account of that plugin. When an allocation fails, or the stack is too small, or the engine panics, the
//! stack is left as it is, like that of a thread that is never run again; the host gets an error, takes back
//! every block of the account, and goes on.
//!
//! - [`Heap`] is a wrapper around any allocator, such as `embedded-alloc`'s: a header of two words in
//!   front of each block tells whose it is.
//! - [`DeviceCell`] is an [`ampoule::Cell`] on such a heap, and on a stack of its own. It has the only
//!   assembly: Cortex-M, with its process stack, and a guard below that: the stack limit of ARMv8-M, the memory
//!   protection unit of ARMv7-M; RISC-V, with the physical memory protection where the feature `pmp` says that
//!   there is one. Elsewhere the guard is paint, which is looked at afterwards.
#![cfg_attr(feature = "std", doc = "- [`CountingHeap`] keeps accounts on a workstation.")]
//!
//! ```
//! use ampoule::{Config, Host, Source};
//! use ampoule_cell::{DeviceCell, Heap};
//! use std::alloc::System; // On a device: `embedded_alloc::LlffHeap`.
//!
//! #[global_allocator]
//! static HEAP: Heap<System> = Heap::new(System);
//! // SAFETY: that is the global allocator, hosts alone are given the cell, and there is one thread.
//! static CELL: DeviceCell<System> = unsafe { DeviceCell::new(&HEAP) };
//!
//! # let echo = include_bytes!("../../../guests/prebuilt/echo.wasm");
//! // On a device, before: `CELL.give_stack(memory)`.
//! let mut host = Host::<4>::new(Config { cell: Some(&CELL), ..Config::MICRO }, || 0);
//! let id = host.load(Source::new(echo))?;
//! let counters = host.counters(id).expect("it is loaded");
//! assert!(counters.heap_bytes > 0 && counters.heap_most_bytes >= counters.heap_bytes);
//! # Ok::<(), ampoule::LoadError>(())
//! ```
//!
//! A device's panic handler begins with [`DeviceCell::abandon_if_inside`], its handler of hard faults with
//! [`DeviceCell::abandon_from_fault`]; `firmware-example` has both.
//!
//! # What is promised, and what isn't
//!
//! Memory of a plugin's engine is used by nobody once it is taken back, since the host of `ampoule` keeps
//! nothing of it: that is why [`DeviceCell::new`] is `unsafe`, and what `ampoule`'s own rules are about. Services
//! run as the host's own: where one panics, the cell doesn't help.
//!
//! On a workstation a cell has no stack, since a thread's can't be abandoned there: want of heap in the engine ends
//! the process as ever, but for a plugin's linear memory, which is asked for so that it may fail. What it can do there is to count, for any number of threads: `CountingHeap`, with the feature `std`.
#![no_std]

mod account;
mod arch;
mod block;
mod cell;
#[cfg(feature = "std")]
mod counting;
mod heap;
mod stack;

pub use arch::GUARD_BYTES;
pub use cell::DeviceCell;
#[cfg(feature = "std")]
pub use counting::CountingHeap;
pub use heap::Heap;
pub use stack::Guard;

/// The most accounts that there are, the host's own among them.
pub const MAX_OWNERS: usize = 64;
