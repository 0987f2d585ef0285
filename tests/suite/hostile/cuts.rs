//! A good module with a part missing, or with one byte changed.

use super::{
    binary::{echo, small},
    judge::Neighbour,
};
use crate::support::load;
use allocation_counter::measure;
use ampoule::{Diagnosis, Limits, LoadError, inspect};

/// Loops that a changed byte makes end soon.
const LIMITS: Limits = Limits {
    init_fuel: 2_000,
    call_fuel: 2_000,
    destroy_fuel: 2_000,
    slice_fuel: 500,
    ..Limits::MICRO
};

#[test]
fn a_module_cut_at_any_byte_is_refused_with_a_code() {
    for wasm in [small(), echo()] {
        for end in 0..wasm.len() {
            let cut = wasm.get(..end).unwrap_or_default();
            let heap = measure(|| assert_refused(cut));
            assert_eq!(heap.bytes_current, 0, "cut at {end}");
        }
    }
}

fn assert_refused(cut: &[u8]) {
    let result = load(cut, &LIMITS);
    let Err(LoadError::Admission(error)) = result else { panic!("cut at {}", cut.len()) };
    assert!(error.code() <= "A30", "cut at {}: {error}", cut.len());
}

#[test]
fn a_module_without_any_one_byte_or_with_one_more_gets_a_verdict() {
    let wasm = small();
    for at in 0..wasm.len() {
        let (before, after) = wasm.split_at(at);
        assert_harmless(&[before, after.get(1..).unwrap_or_default()].concat());
        for more in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            assert_harmless(&[before, &[more], after].concat());
        }
    }
}

// In two parts, for two cores.
#[test]
fn any_byte_of_the_first_half_may_be_anything() {
    change_each_byte(0, 2);
}

#[test]
fn any_byte_of_the_second_half_may_be_anything() {
    change_each_byte(1, 2);
}

fn change_each_byte(part: usize, parts: usize) {
    let mut wasm = small();
    let mut neighbour = Neighbour::new();
    let size = wasm.len().div_ceil(parts);
    let range = part * size..wasm.len().min((part + 1) * size);
    for at in range {
        let good = core::mem::take(wasm.get_mut(at).expect("in range"));
        for byte in (0..=u8::MAX).filter(|byte| *byte != good) {
            *wasm.get_mut(at).expect("in range") = byte;
            assert_harmless(&wasm);
        }
        *wasm.get_mut(at).expect("in range") = good;
        assert_eq!(neighbour.check_answers(), Ok(()), "byte {at}");
    }
}

/// It loads or not, runs or not; the heap returns to its mark, and nothing panics.
pub(super) fn assert_harmless(wasm: &[u8]) {
    let heap = measure(|| {
        let _ = inspect(wasm, &LIMITS);
        run(wasm, &LIMITS);
    });
    assert_eq!((heap.bytes_current, heap.count_current), (0, 0), "{wasm:02x?}");
}

/// Loads a module, calls each entry and unloads it; answers whether it was admitted.
pub(super) fn run(wasm: &[u8], limits: &Limits) -> bool {
    let mut plugin = match load(wasm, limits) {
        Ok(plugin) => plugin,
        Err(error) => return !matches!(error, LoadError::Admission(_)),
    };
    let names: Vec<_> = plugin.entries().map(str::to_owned).collect();
    for name in names {
        let entry = plugin.bind::<(), ampoule::Value<'_>>(&name).expect("it is an entry");
        let _ = plugin.call(&entry, &());
    }
    let _ = plugin.unload();
    true
}
