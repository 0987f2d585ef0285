//! Bodies full of one thing: what the translator spends on each stays within the heap that admission
//! promised.

use super::{
    bombs::{body, limits, plugin},
    judge::check_heap_bound,
};
use crate::support::load;
use allocation_counter::measure;
use ampoule::{AdmissionError, Limits, Plugin};

/// Makes a body of so many operators.
type Fill = fn(usize) -> String;

/// What an entry may consist of from end to end: each costs the translator in its own way.
const DENSE: &[(&str, Fill)] = &[
    ("constants", |n| numbered(n / 2, |at| format!("i64.const {at} drop "))),
    ("stores", |n| {
        numbered(n / 3, |at| format!("i32.const 0 i64.const 0x7_0000_{at:04x} i64.store "))
    }),
    ("locals", |n| "local.get 0 local.tee 0 local.set 0 ".repeat(n / 3)),
    ("blocks", |n| "block end ".repeat(n / 2)),
    ("loops", |n| "loop end ".repeat(n / 2)),
    ("ifs", |n| "local.get 0 if else end ".repeat(n / 4)),
    ("ifs with constants", |n| {
        numbered(n / 7, |at| {
            let (then, other) = (0x7_0000_0000_u64 + at as u64, 0x8_0000_0000_u64 + at as u64);
            format!("local.get 0 if (result i64) i64.const {then} else i64.const {other} end drop ")
        })
    }),
    ("nested ifs", |n| ("local.get 0 if ".repeat(100) + &"end ".repeat(100)).repeat(n / 300)),
    ("conditional branches", |n| "block local.get 0 br_if 0 end ".repeat(n / 4)),
    ("branches", |n| "block br 0 end ".repeat(n / 3)),
    ("branch tables", |n| "block local.get 0 br_table 0 0 0 0 end ".repeat(n / 4)),
    ("large branch tables", |n| {
        let table = "0 ".repeat(256);
        format!("block local.get 0 br_table {table} end ").repeat(n / 64)
    }),
    ("nested results", |n| {
        let block =
            "block (result i64) ".repeat(100) + "i64.const 1 " + &"end ".repeat(100) + "drop ";
        block.repeat(n / 202)
    }),
    ("calls", |n| "call $nothing ".repeat(n)),
    ("calls with many constants", |n| {
        let operand = |call, at| format!("i64.const 0x{at}_0000_{call:04x} ");
        numbered(n / 16, |call| numbered(15, |at| operand(call, at)) + "call $many ")
    }),
    ("calls with two constants", |n| {
        numbered(n / 3, |at| {
            format!("i64.const 0x7_0000_{at:04x} i64.const 0x8_0000_{at:04x} call $two ")
        })
    }),
    ("calls with results", |n| "call $box drop ".repeat(n / 2)),
    ("indirect calls", |n| "i32.const 0 call_indirect (type $none) ".repeat(n / 2)),
    ("copies", |n| "i32.const 0 i32.const 0 local.get 0 memory.copy ".repeat(n / 4)),
    ("copies of constants", |n| {
        numbered(n / 4, |at| format!("i32.const {at} i32.const 7{at} i32.const 3{at} memory.copy "))
    }),
    ("far stores", |n| {
        numbered(n / 3, |at| {
            format!("local.get 0 i64.const 0x7_0000_{at:04x} i64.store offset=0x7fff{at:04x} ")
        })
    }),
    ("selections", |n| "i64.const 1 i64.const 2 local.get 0 select drop ".repeat(n / 5)),
    ("selections of constants", |n| {
        numbered(n / 5, |at| {
            format!(
                "i64.const 0x7_0000_{at:04x} i64.const 0x8_0000_{at:04x} local.get 0 select drop "
            )
        })
    }),
    ("comparisons", |n| "block local.get 0 i32.const 9 i32.lt_s br_if 0 end ".repeat(n / 6)),
    ("floats", |n| numbered(n / 4, |at| format!("f64.const {at} f64.const 0.5 f64.add drop "))),
    ("globals", |n| "global.get $g global.set $g ".repeat(n / 2)),
    ("constants to globals", |n| {
        numbered(n / 2, |at| format!("i64.const 0x7_0000_{at:04x} global.set $g "))
    }),
    ("growth", |n| "i32.const 0 memory.grow drop ".repeat(n / 3)),
    ("dead code", |n| "block br 0 i32.add drop end ".repeat(n / 5)),
];

fn numbered(n: usize, make: impl Fn(usize) -> String) -> String {
    (0..n).map(make).collect()
}

#[test]
fn bodies_filled_to_the_brim_stay_within_the_promised_heap() {
    // Before the first growth of the engine's buffers, behind some, and at the limit, less the
    // entry's own operators and what the items above round to.
    for operators in [300, 2_571, 4_154, 6_197, 8_534, 12_732, 16_384 - 32] {
        assert_bounded(&limits(Limits::MICRO), |fill| dense("", &fill(operators)));
    }
}

#[test]
fn many_bodies_stay_within_the_promised_heap() {
    let limits = limits(Limits::MICRO);
    let functions = limits.shape.functions as usize - 6;
    assert_bounded(&limits, |fill| {
        let body = format!("(func (param i32) {})", fill(24));
        dense(&body.repeat(functions), "")
    });
}

/// Plugins of each kind of body load, or fault where their code does, within the heap that was
/// promised.
fn assert_bounded(limits: &Limits, make: impl Fn(Fill) -> Vec<u8>) {
    let complaint = |(what, fill): &(&str, Fill)| {
        let wasm = make(*fill);
        assert_eq!(Plugin::check(&wasm, limits), Ok(()), "{what}");
        let heap = measure(|| {
            let _ = call_attack(&wasm, limits);
        });
        assert_eq!(heap.bytes_current, 0, "{what}");
        let complaint = check_heap_bound(&wasm, limits, heap).err()?;
        Some(format!("{what}, a module of {} bytes: {complaint}", wasm.len()))
    };
    let complaints: Vec<_> = DENSE.iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn call_attack(wasm: &[u8], limits: &Limits) -> Option<()> {
    let mut plugin = load(wasm, limits).ok()?;
    let attack = plugin.bind::<(), ()>("attack").ok()?;
    plugin.call(&attack, &()).ok()
}

fn dense(items: &str, body: &str) -> Vec<u8> {
    let items = format!(
        "(type $none (func)) (table 1 funcref) (elem (i32.const 0) $nothing)
        (global $g (mut i64) (i64.const 0))
        (func $nothing) (func $two (param i64 i64)) (func $box (result i64) i64.const 0) (func $many (param {})) {items}",
        "i64 ".repeat(15)
    );
    plugin(&items, body)
}

#[test]
fn what_the_engine_cannot_translate_is_refused_by_the_engine_alone() {
    let limits = limits(Limits::WORKSTATION);
    let stores =
        numbered(33_000, |at| format!("i32.const 0 i64.const 0x7_0000_{at:04x} i64.store "));
    let heap = measure(|| {
        assert_eq!(Plugin::check(&body(&stores), &limits), Err(AdmissionError::Engine {}));
    });
    assert_eq!(heap.bytes_current, 0);
}
