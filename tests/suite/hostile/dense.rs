//! Bodies full of one thing: what the translator spends on each stays within the heap that admission
//! promised.

use super::{bombs, judge::check_heap_bound};
use crate::support::load;
use allocation_counter::measure;
use ampoule::{AdmissionError, Limits, Plugin};
use ampoule_bound::{BODIES, Fill, module};

#[test]
fn bodies_filled_to_the_brim_stay_within_the_promised_heap() {
    // Before the first growth of the engine's buffers, behind some, and at the limit, less the
    // entry's own operators and what the bodies round to.
    for operators in [300, 2_571, 4_154, 6_197, 8_534, 12_732, 16_384 - 32] {
        assert_bounded(&bombs::limits(Limits::MICRO), |per, fill| {
            module("", &fill(operators / per))
        });
    }
}

#[test]
fn many_bodies_stay_within_the_promised_heap() {
    let limits = bombs::limits(Limits::MICRO);
    let functions = limits.shape.functions as usize - 7;
    assert_bounded(&limits, |per, fill| {
        let body = format!("(func (param i32) {})", fill(24 / per));
        module(&body.repeat(functions), "")
    });
}

/// Plugins of each kind of body load, or fault where their code does, within the heap that was
/// promised. Some kinds are too deep for a device, or too wide.
fn assert_bounded(limits: &Limits, make: impl Fn(usize, Fill) -> Vec<u8>) {
    let (mut loaded, mut complaints) = (0, Vec::new());
    for (what, per, fill) in BODIES {
        let wasm = make(*per, *fill);
        match Plugin::check(&wasm, limits) {
            Ok(()) => loaded += 1,
            Err(AdmissionError::TooMany { .. }) => continue,
            Err(error) => panic!("{what}: {error}"),
        }
        let heap = measure(|| {
            let _ = call_attack(&wasm, limits);
        });
        assert_eq!(heap.bytes_current, 0, "{what}");
        if let Err(complaint) = check_heap_bound(&wasm, limits, heap) {
            complaints.push(format!("{what}, a module of {} bytes: {complaint}", wasm.len()));
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(loaded > 40, "only {loaded} were loaded");
}

fn call_attack(wasm: &[u8], limits: &Limits) -> Option<()> {
    let mut plugin = load(wasm, limits).ok()?;
    let attack = plugin.bind::<(), ()>("attack").ok()?;
    plugin.call(&attack, &()).ok()
}

#[test]
fn what_the_engine_cannot_translate_is_refused_by_the_engine_alone() {
    let limits = bombs::limits(Limits::WORKSTATION);
    let store = |at| format!("i32.const 0 i64.const 0x7_0000_{at:04x} i64.store ");
    let stores: String = (0..33_000).map(store).collect();
    let heap = measure(|| {
        assert_eq!(Plugin::check(&bombs::body(&stores), &limits), Err(AdmissionError::Engine {}));
    });
    assert_eq!(heap.bytes_current, 0);
}
