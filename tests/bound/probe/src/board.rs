//! The probe as a firmware: modules come by semihosting from the file `cases.bin`, each behind its length in
//! four bytes, the lowest first. For each it writes into the file `printed` what loading takes and what is taken
//! from then on, as measured and as promised; at the end how much of the stack was ever used, and how much is promised.
#![no_std]
#![no_main]

extern crate alloc;

mod heap;

use alloc::{string::String, vec, vec::Vec};
use ampoule::{MemoryBound, Weights};
use bound_measure::LIMITS;
use core::{fmt::Write, mem::MaybeUninit, panic::PanicInfo};
use cortex_m as _; // For its critical section.
use semihosting::{
    fs::{self, File},
    io::Read,
    println, process,
};

const HEAP_BYTES: usize = 3900 * 1024;
/// What the stack is painted with before the program starts.
const PAINT: u32 = 0xcccc_cccc;

unsafe extern "C" {
    /// From the linker script.
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Manifest, host and policy of what is measured stand on the stack too, and are in what is told of it.
#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: [MaybeUninit<u8>; HEAP_BYTES] = [MaybeUninit::uninit(); HEAP_BYTES];
    heap::give(MEMORY);
    let Ok(mut cases) = File::open(c"cases.bin") else { process::exit(2) };
    let mut text = String::new();
    let here = &raw const text as usize;
    while let Some(wasm) = next(&mut cases) {
        // A string takes all that is written.
        let _ = report(&mut text, &wasm);
    }
    let _ = writeln!(text, "stack {} {}", stack_used(here), Weights::HERE.native_stack);
    let written = fs::write(c"printed", text);
    process::exit(i32::from(written.is_err()))
}

fn next(cases: &mut File) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    read(cases, &mut length)?;
    let mut wasm = vec![0; u32::from_le_bytes(length) as usize];
    read(cases, &mut wasm)?;
    Some(wasm)
}

fn read(cases: &mut File, mut into: &mut [u8]) -> Option<()> {
    while !into.is_empty() {
        let count = cases.read(into).ok().filter(|count| *count > 0)?;
        into = into.get_mut(count..)?;
    }
    Some(())
}

fn report(text: &mut String, wasm: &[u8]) -> core::fmt::Result {
    let bound = MemoryBound::of(wasm, &LIMITS, &Weights::HERE).ok();
    match bound.zip(bound_measure::measure(wasm, heap::watch)) {
        Some((bound, found)) => {
            let (loading, running) = (bound.loading, bound.held());
            writeln!(text, "{} {} {loading} {running}", found.loading, found.running)
        }
        None => writeln!(text, "refused"),
    }
}

/// Bytes of the stack that aren't as they were painted, from `here` to the deepest one.
fn stack_used(here: usize) -> usize {
    let (start, end) = (&raw const _stack_start as usize, &raw const _stack_end as usize);
    // SAFETY: between the two symbols lies the stack, in RAM and aligned.
    let painted = |at: &usize| unsafe { (*at as *const u32).read_volatile() } == PAINT;
    let untouched = (end..start).step_by(size_of::<u32>()).take_while(painted).count();
    (here - end).saturating_sub(untouched * size_of::<u32>())
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("{info}");
    process::exit(1)
}
