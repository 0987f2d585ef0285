//! The program on a workstation. `AMPOULE_BLESS=1 cargo test -p same-api` writes `expected.out`.

use allocation_counter::measure;
use core::fmt::{self, Write};
use same_api::{Modules, run};
use std::{env, fs, path::PathBuf};

/// What a microcontroller with 128 KiB of RAM has left for it; pointers there have half the width.
const HEAP_BYTES: u64 = 96 * 1024;

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn guest(name: &str) -> Vec<u8> {
    fs::read(here("../../guests/prebuilt").join(name)).unwrap()
}

fn printed(clock: fn() -> u64) -> String {
    let (echo, sensor_filter) = (guest("echo.wasm"), guest("sensor-filter.wasm"));
    let mut printed = String::new();
    run(clock, None, Modules { echo: &echo, sensor_filter: &sensor_filter }, &mut printed).unwrap();
    printed
}

#[test]
fn a_workstation_prints_what_is_expected() {
    let path = here("expected.out");
    let printed = printed(|| 42);
    if env::var_os("AMPOULE_BLESS").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert_eq!(printed, expected, "run `AMPOULE_BLESS=1 cargo test -p same-api`");
}

/// A clock that leaps by hours changes nothing.
#[test]
fn what_is_printed_does_not_depend_on_time() {
    use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
    static NOW: AtomicU64 = AtomicU64::new(0);
    assert_eq!(printed(|| NOW.fetch_add(10_000_000_000, Relaxed)), printed(|| 0));
}

/// A device reads modules where they lie, and prints to a serial line.
struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

#[test]
fn a_small_heap_is_enough() {
    let (echo, sensor_filter) = (guest("echo.wasm"), guest("sensor-filter.wasm"));
    let modules = Modules { echo: &echo, sensor_filter: &sensor_filter };
    let heap = measure(|| run(|| 0, None, modules, &mut Nowhere).unwrap());
    println!("at most {} bytes at once, in {} pieces", heap.bytes_max, heap.count_max);
    assert!(heap.bytes_max < HEAP_BYTES, "{}", heap.bytes_max);
    assert_eq!(heap.bytes_current, 0);
}
