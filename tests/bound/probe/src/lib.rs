//! The probe as a WebAssembly module: pointers of 32 bits, and the alignments of a Cortex-M.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![cfg(target_arch = "wasm32")]

extern crate alloc;

mod heap;

use alloc::{vec, vec::Vec};
use ampoule::{MemoryBound, Weights};
use bound_measure::LIMITS;
use core::mem::MaybeUninit;

/// For the largest of the modules that are measured, and its ballast.
const HEAP_BYTES: usize = 48 << 20;

struct Alone;

critical_section::set_impl!(Alone);

// SAFETY: there is one thread, and there are no interrupts.
unsafe impl critical_section::Impl for Alone {
    unsafe fn acquire() {}

    unsafe fn release(_: ()) {}
}

/// The module that is to be measured.
static mut MODULE: Vec<u8> = Vec::new();

/// Gives the heap its memory, once.
#[unsafe(no_mangle)]
pub extern "C" fn begin() {
    static mut MEMORY: [MaybeUninit<u8>; HEAP_BYTES] = [MaybeUninit::uninit(); HEAP_BYTES];
    let memory = &raw mut MEMORY;
    // SAFETY: the engine outside calls this once, and nothing else names it.
    heap::give(unsafe { &mut *memory });
}

/// Where the engine outside puts a module of so many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn place(length: usize) -> *mut u8 {
    let module = &raw mut MODULE;
    // SAFETY: there is one thread, and no other reference to it lives.
    let module = unsafe { &mut *module };
    *module = vec![0; length];
    module.as_mut_ptr()
}

/// Measures it: what it takes while it is loaded in the upper half, from then on in the lower. All ones if no host
/// loads it.
#[unsafe(no_mangle)]
pub extern "C" fn measure() -> u64 {
    let found = bound_measure::measure(module(), heap::watch);
    found.map_or(u64::MAX, |found| found.loading << 32 | found.running)
}

/// What a host keeps of any plugin in the upper half, what any instance takes in the lower.
#[unsafe(no_mangle)]
pub extern "C" fn bookkeeping() -> u64 {
    let found = bound_measure::bookkeeping(module(), heap::watch);
    found.map_or(u64::MAX, |[host, instance]| host << 32 | instance)
}

/// The bound that this machine computes, in the same halves.
#[unsafe(no_mangle)]
pub extern "C" fn bound() -> u64 {
    let found = MemoryBound::of(module(), &LIMITS, &Weights::HERE);
    found.map_or(u64::MAX, |bound| bound.loading << 32 | bound.held())
}

fn module() -> &'static [u8] {
    let module = &raw const MODULE;
    // SAFETY: there is one thread, and `place` isn't called while this is in use.
    unsafe { &*module }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
