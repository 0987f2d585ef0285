//! Ampoule on a microcontroller, without an operating system: a host of four plugins, with services of
//! its own and a watchdog. `docs/porting.md` tells how to bring it to another chip.
#![no_std]
#![no_main]

extern crate alloc;

mod board;
mod console;
#[cfg_attr(feature = "trials", path = "trials.rs")]
#[cfg_attr(feature = "conformance", path = "conformance.rs")]
#[cfg_attr(feature = "smallest", path = "smallest.rs")]
mod demo;
#[cfg(not(feature = "trials"))]
mod flash;
mod heap;
#[cfg_attr(not(demonstration), allow(dead_code, reason = "nobody asks it anything there"))]
mod line;
mod pins;
mod policy;
#[cfg(demonstration)]
mod rhythm;
#[cfg(feature = "conformance")]
mod same;
#[cfg(demonstration)]
mod turns;
#[cfg(any(feature = "conformance", feature = "smallest"))]
mod vectors;

use alloc::boxed::Box;
use ampoule::{
    Config, Host, OfferError,
    services::{Clock, Kv, Log, MemoryStore, Quota, Random},
};
use board::{Light, Parts};
use console::say;
use core::panic::PanicInfo;
use heap::{CELL, HEAP};
use line::Line;

#[cfg_attr(not(feature = "virt"), cortex_m_rt::entry)]
#[cfg_attr(feature = "virt", riscv_rt::entry)]
fn main() -> ! {
    let Some(Parts { heap, cell_stack, light, mut watchdog }) = board::start() else {
        board::end(false)
    };
    if !HEAP.give(heap, cell_stack) {
        board::end(false)
    }
    let Some(line) = Line::open() else { board::end(false) };
    say!("# board: {}", board::NAME);
    say!("# heap: {} bytes", HEAP.free());
    let before = HEAP.live();
    #[cfg(feature = "conformance")]
    let same = same::runs_as_on_a_workstation();
    #[cfg(not(feature = "conformance"))]
    let same = true;
    let fine = {
        let mut host = Host::new(Config { cell: Some(&CELL), ..policy::CONFIG }, board::now);
        match offer(&mut host, light) {
            Ok(()) => demo::run(&mut host, &mut watchdog, line),
            Err(error) => {
                say!("a service isn't offered: {error}");
                false
            }
        }
    };
    let left = HEAP.live() - before;
    say!("bytes of heap left behind: {left}");
    if let Some(stack) = board::stack_used() {
        say!("# stack: {stack} bytes at its deepest");
    }
    say!("# stack of plugins: {} bytes at its deepest", CELL.stack_used());
    let fine = same && fine && left == 0;
    say!("{}", if fine { "all is well" } else { "something went WRONG" });
    board::end(fine)
}

/// What plugins may ask for, if their manifests and the policy grant it.
fn offer(host: &mut line::Host, light: Light) -> Result<(), OfferError> {
    host.offer(Box::new(Log::new(4_096, |line| {
        say!("{line}");
        line::keep(line);
    })))?;
    host.offer(Box::new(Clock::without_date()))?;
    // A device without a source of its own: not for keys.
    host.offer(Box::new(Random::seeded(0x5eed)))?;
    host.offer(Box::new(Kv::new(MemoryStore::new(16, 1024), Quota::MICRO)))?;
    host.offer(Box::new(pins::gpio::Offered(pins::Pins::new(light))))
}

/// Tells where, and not what: the text of a message would link that of all, and with it the engine's types as
/// text, 124 KiB in all.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    CELL.abandon_if_inside();
    say!("panic");
    board::trail(|address| say!("  called from {address:#010x}"));
    board::end(false)
}
