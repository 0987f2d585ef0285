//! What a board gives: everything that the rest doesn't know. Each file here is one board, and has
//!
//! | item | what |
//! |---|---|
//! | `NAME` | what it is called |
//! | `start() -> Parts` | sets the chip up; called once, first of all |
//! | `Light` | an `embedded_hal` output, `Send` |
//! | `Dog` | a [`Watchdog`] |
//! | `Uart` | an `embedded_io` writer that may be made anywhere, in the panic handler too |
//! | `now()` | microseconds since the start |
//! | `idle()` | sleeps until the next interrupt: a millisecond at most |
//! | `stack_used()` | bytes of the stack that were ever used, if that is known |
//!
//! and a file in `memory/` for the linker.

#[cfg(feature = "emulated")]
mod emulated;
#[cfg(not(feature = "emulated"))]
mod for_ever;
mod register;
#[cfg(any(feature = "stm32f405", feature = "mps2-an505"))]
mod stack;
#[cfg(any(feature = "stm32f405", feature = "mps2-an505"))]
mod systick;

#[cfg_attr(feature = "stm32f405", path = "stm32f405.rs")]
#[cfg_attr(feature = "mps2-an505", path = "mps2_an505.rs")]
#[cfg_attr(feature = "virt", path = "virt.rs")]
mod chosen;

pub(crate) use chosen::{Dog, Light, NAME, Uart, idle, now, stack_used, start};
#[cfg(feature = "emulated")]
pub(crate) use emulated::{DEMONSTRATION, end};
#[cfg(not(feature = "emulated"))]
pub(crate) use for_ever::{DEMONSTRATION, end};

use core::{
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, Ordering},
};

/// What is left of 128 KiB beside a stack of 32 and the statics.
const HEAP_BYTES: usize = 92 * 1024;

/// Resets the chip unless it is fed.
pub(crate) trait Watchdog {
    /// All is well, for now.
    fn feed(&mut self);
}

/// The parts of a board that there is one of.
pub(crate) struct Parts {
    pub(crate) heap: &'static mut [MaybeUninit<u8>],
    pub(crate) light: Light,
    pub(crate) watchdog: Dog,
}

/// The heap's memory, once.
fn heap_memory() -> Option<&'static mut [MaybeUninit<u8>]> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    static mut MEMORY: [MaybeUninit<u8>; HEAP_BYTES] = [MaybeUninit::uninit(); HEAP_BYTES];
    if TAKEN.swap(true, Ordering::Relaxed) {
        return None;
    }
    let memory = &raw mut MEMORY;
    // SAFETY: nobody else comes here, or came before, and nothing else names it.
    Some(unsafe { &mut *memory })
}
