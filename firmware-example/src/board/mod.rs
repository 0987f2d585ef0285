//! What a board gives: everything that the rest doesn't know. Each file here is one board, and has
//!
//! | item | what |
//! |---|---|
//! | `NAME` | what it is called |
//! | `start() -> Parts` | sets the chip up; called once, first of all |
//! | `Light` | an `embedded_hal` output, `Send` |
//! | `Dog` | a [`Watchdog`] |
//! | `Uart` | an `embedded_io` writer that may be made anywhere, in the panic handler too |
//! | `LinkPort` | the link's port: an `embedded_io` reader and writer that tell when they are ready |
//! | `reset()` | restarts the chip |
//! | `now()` | microseconds since the start |
//! | `idle()` | sleeps until the next interrupt: a millisecond at most |
//! | `stack_used()` | bytes of the stack that were ever used, if that is known |
//! | `trail(tell)` | tells the addresses that the functions under way were called from, as far as they are known |
//!
//! and a file in `memory/` for the linker.

#[cfg(feature = "emulated")]
mod emulated;
#[cfg(not(feature = "emulated"))]
mod for_ever;
#[cfg(any(feature = "stm32f405", feature = "mps2-an505"))]
mod receive;
mod register;
#[cfg(feature = "smallest")]
mod small;
#[cfg(any(feature = "stm32f405", feature = "mps2-an505"))]
mod stack;
#[cfg(any(feature = "stm32f405", feature = "mps2-an505"))]
mod systick;

#[cfg_attr(feature = "stm32f405", path = "stm32f405.rs")]
#[cfg_attr(feature = "mps2-an505", path = "mps2_an505.rs")]
#[cfg_attr(feature = "virt", path = "virt.rs")]
mod chosen;

pub(crate) use chosen::{
    Dog, Light, LinkPort, NAME, Uart, idle, now, reset, stack_used, start, trail,
};
#[cfg(feature = "trials")]
pub(crate) use chosen::{GUARDED, hurry};
#[cfg(all(feature = "emulated", demonstration))]
pub(crate) use emulated::DEMONSTRATION;
#[cfg(feature = "emulated")]
pub(crate) use emulated::end;
#[cfg(not(feature = "emulated"))]
pub(crate) use for_ever::{DEMONSTRATION, end};
#[cfg(feature = "smallest")]
use small::CELL_STACK_BYTES;
#[cfg(feature = "smallest")]
pub(crate) use small::{HEAP_BYTES, RAM_BYTES, STACK_BYTES};

use ampoule_cell::GUARD_BYTES;
use ampoule_link::Room;
use core::{
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, Ordering},
};

/// What is left of 128 KiB beside both stacks, 16 KiB and this, and the statics, of which the link's are the largest.
#[cfg(not(feature = "smallest"))]
pub(crate) const HEAP_BYTES: usize = 75 * 1024;
/// The stack that plugins run on: what loading any of them may take, as the bound has it, and the guard.
#[cfg(not(feature = "smallest"))]
const CELL_STACK_BYTES: usize = 24 * 1024;

/// What of the heap the host, its services, what they keep and a manifest that is read have at most.
const HOST_BYTES: usize = 6 * 1024;
/// What there is for plugins, as the device tells it of itself.
pub(crate) const ROOM: Room = Room {
    heap_bytes: HEAP_BYTES.saturating_sub(HOST_BYTES) as u64,
    // First fit leaves gaps behind what was loaded and unloaded.
    overhead_percent: 5,
    stack_bytes: (CELL_STACK_BYTES - GUARD_BYTES) as u32,
    // A quarter of a megabyte beside the firmware.
    flash_bytes: 256 * 1024,
};

/// Resets the chip unless it is fed.
pub(crate) trait Watchdog {
    /// All is well, for now.
    fn feed(&mut self);
}

/// The parts of a board that there is one of.
pub(crate) struct Parts {
    pub(crate) heap: &'static mut [MaybeUninit<u8>],
    pub(crate) cell_stack: &'static mut [MaybeUninit<u32>],
    pub(crate) light: Light,
    pub(crate) watchdog: Dog,
}

/// The memory of the heap and of the stack that plugins run on.
type Memory = (&'static mut [MaybeUninit<u8>], &'static mut [MaybeUninit<u32>]);

/// That memory, once.
fn memory() -> Option<Memory> {
    const WORDS: usize = CELL_STACK_BYTES / size_of::<u32>();
    static TAKEN: AtomicBool = AtomicBool::new(false);
    static mut HEAP: [MaybeUninit<u8>; HEAP_BYTES] = [MaybeUninit::uninit(); HEAP_BYTES];
    // SAFETY: a place for just that, which nothing is loaded to, at a multiple of the guard's length.
    #[unsafe(link_section = ".cell_stack")]
    static mut STACK: [MaybeUninit<u32>; WORDS] = [MaybeUninit::uninit(); WORDS];
    if TAKEN.swap(true, Ordering::Relaxed) {
        return None;
    }
    let (heap, stack) = (&raw mut HEAP, &raw mut STACK);
    // SAFETY: nobody else comes here, or came before, and nothing else names them.
    let memory: Memory = unsafe { (&mut *heap, &mut *stack) };
    #[cfg(feature = "smallest")]
    let memory = small::cut(memory);
    Some(memory)
}
