//! What plugins have on the heap, and what happens on a workstation when there is no more of it.
//!
//! One thread: the allocator that counts and fails is the whole process's.

mod accounts;
mod points;

use ampoule_cell::{DeviceCell, Heap};
use std::{alloc::System, env, process::ExitCode};

#[global_allocator]
static HEAP: Heap<System> = Heap::new(System);

/// It has no stack, so it keeps accounts and abandons nothing.
// SAFETY: that is the global allocator, only hosts are given the cell, and this program has one thread.
static CELL: DeviceCell<System> = unsafe { DeviceCell::new(&HEAP) };

const ECHO: &[u8] = include_bytes!("../../guests/prebuilt/echo.wasm");
const ENDLESS: &[u8] = include_bytes!("../../guests/prebuilt/endless.wasm");
const FILTER: &[u8] = include_bytes!("../../guests/prebuilt/sensor-filter.wasm");

type Check = (&'static str, fn());

const CHECKS: [Check; 5] = [
    ("accounts_tell_what_a_plugin_has", accounts::tell_what_a_plugin_has),
    ("a_plugin_with_versions_is_one_slot", accounts::add_versions_up),
    ("ten_thousand_lives_end_at_the_starting_byte", accounts::end_at_the_starting_byte),
    ("a_warm_call_allocates_nothing", points::a_warm_call_has_none),
    ("abort_points_are_as_few_as_they_were", points::are_as_few_as_they_were),
];

fn main() -> ExitCode {
    if let Some(point) = env::var_os(points::POINT) {
        return points::live_until(&point);
    }
    for (name, check) in CHECKS {
        // One that fails ends the program.
        check();
        println!("test {name} ... ok");
    }
    println!("\ntest result: ok. {} passed; 0 failed; 0 ignored", CHECKS.len());
    ExitCode::SUCCESS
}
