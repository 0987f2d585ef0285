//! Addresses, lengths, descriptors and flags that lie: each function answers a number, and nothing else
//! happens.

use crate::{ALL, Desk, messages_of, program, table};
use ampoule_std::{Fault, Limits};

/// What any parameter may be. The memory has 131,072 bytes.
const ODD: [i64; 14] = [
    0,
    1,
    2,
    7,
    1024,
    2048,
    2064,
    131_064,
    131_071,
    131_072,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff8,
    -1,
];

/// Buffer lists at 2048 and on: outside, over the end, over the list itself, over the paths.
const LISTS: &str = r#"
    (i64.store (i32.const 2048) (i64.const -1))
    (i64.store (i32.const 2056) (i64.const 0x0000_0020_0001_fff0))
    (i64.store (i32.const 2064) (i64.const 0x0000_0040_0000_0810))
    (i64.store (i32.const 2072) (i64.const 0x0000_0080_0000_0000))
    (drop (call $open (i32.const 16) (i32.const 1) (i32.const 0) (i64.const 66)))"#;

#[test]
fn no_lie_does_more_than_to_answer_a_number() {
    for (name, params, result) in table() {
        if !result {
            continue;
        }
        let mut calls = String::new();
        for base in [0, 1, 3, 4, 1024, 2064] {
            for place in 0..params.len().max(1) {
                for odd in ODD {
                    let params = params.iter().enumerate().map(|(at, ty)| {
                        let value = if at == place {
                            odd
                        } else if at == 0 {
                            base
                        } else {
                            1024
                        };
                        let value = if ty == "i32" { i64::from(value as i32) } else { value };
                        format!("({ty}.const {value})")
                    });
                    let params: String = params.collect();
                    calls += &format!(
                        "(if (i32.gt_u (call ${name} {params}) (i32.const 76)) (then unreachable))"
                    );
                }
            }
        }
        // Some close what later ones use; each starts with files open.
        let wasm = Desk::new().module(&program(&format!("{LISTS} {calls} (i32.const 0)")));
        let ran = Desk::new().run_module(&wasm, &Limits::WORKSTATION, ALL);
        assert_eq!(ran, Ok(0), "{name}");
        let ran = Desk::new().run_module(&wasm, &messages_of(16), ALL);
        assert!(matches!(ran, Ok(0) | Err(Fault::Trap { .. })), "{name}: {ran:?}");
        let blind = program(&format!("{calls} (i32.const 0)"));
        let desk = Desk::new();
        assert_eq!(
            desk.run_module(&desk.module(&blind), &Limits::WORKSTATION, ""),
            Ok(0),
            "{name}"
        );
    }
}

#[test]
fn what_lies_outside_is_told_before_anything_is_done() {
    let read = "(drop (call $open (i32.const 16) (i32.const 1) (i32.const 0) (i64.const 66)))";
    for (call, expected) in [
        ("(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const -1))", 21),
        ("(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 131069))", 21),
        ("(call $fd_read (i32.const 4) (i32.const -8) (i32.const 1) (i32.const 512))", 21),
        ("(call $fd_read (i32.const 4) (i32.const 131068) (i32.const 1) (i32.const 512))", 21),
        ("(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1025) (i32.const 512))", 28),
        ("(call $fd_read (i32.const 4) (i32.const 0) (i32.const -1) (i32.const 512))", 28),
        (
            "(i32.store (i32.const 12) (i32.const -1)) (call $fd_read (i32.const 4) (i32.const 0) (i32.const 2) (i32.const 512))",
            21,
        ),
        ("(call $fd_seek (i32.const 4) (i64.const 1) (i32.const 0) (i32.const 131065))", 21),
        (
            "(call $path_open (i32.const 3) (i32.const 0) (i32.const 24) (i32.const 3) (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 131069))",
            21,
        ),
        (
            "(call $path_open (i32.const 3) (i32.const 0) (i32.const -1) (i32.const 3) (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 512))",
            21,
        ),
        ("(call $random_get (i32.const 131000) (i32.const 73))", 21),
        ("(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 131065))", 21),
        ("(call $args_get (i32.const 131065) (i32.const 1024))", 21),
        ("(call $args_get (i32.const 512) (i32.const 131065))", 21),
        ("(call $args_sizes_get (i32.const 512) (i32.const -4))", 21),
        (
            "(call $fd_readdir (i32.const 3) (i32.const 131000) (i32.const 73) (i64.const 0) (i32.const 512))",
            21,
        ),
        ("(call $fd_prestat_get (i32.const 3) (i32.const 131065))", 21),
        (
            "(call $poll_oneoff (i32.const 131000) (i32.const 1024) (i32.const 2) (i32.const 512))",
            21,
        ),
        (
            "(call $poll_oneoff (i32.const 1024) (i32.const 131000) (i32.const 3) (i32.const 512))",
            21,
        ),
    ] {
        let desk = Desk::new();
        assert_eq!(desk.run(&format!("{read} {call}"), ALL), Ok(expected), "{call}");
        assert!(!desk.data().join("new").exists(), "{call}");
    }
}

#[test]
fn buffers_may_overlap_each_other_and_their_own_list() {
    let open = "(drop (call $open (i32.const 16) (i32.const 1) (i32.const 0) (i64.const 66)))";
    // Twice the same buffer of three bytes: "hel", then "lo" over it.
    let same = "(i64.store (i32.const 0) (i64.const 0x0000_0003_0000_0400)) (i64.store (i32.const 8) (i64.const 0x0000_0003_0000_0400))";
    let read =
        "(call $ok (call $fd_read (i32.const 4) (i32.const 0) (i32.const 2) (i32.const 512)))";
    let body = format!("{open} {same} {read} (i32.load (i32.const 1024))");
    assert_eq!(Desk::new().run(&body, ALL), Ok(u32::from_le_bytes(*b"lol\0")));
    // "hell" over the second one's address, so that it lies outside: what was read before counts.
    let own = "(i64.store (i32.const 0) (i64.const 0x0000_0004_0000_0008)) (i64.store (i32.const 8) (i64.const 0x0000_0003_0000_0400))";
    let body = format!("{open} {own} {read} (i32.load (i32.const 512))");
    assert_eq!(Desk::new().run(&body, ALL), Ok(4));
    // A thousand times all of the memory: as much as a call moves.
    let many = "(local $at i32) (loop $more
        (i64.store (local.get $at) (i64.const 0x0002_0000_0000_0000))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $more (i32.lt_u (local.get $at) (i32.const 8192))))
        (call $ok (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 9000)))
        (call $proc_exit (i32.load (i32.const 9000)))";
    let text = program("(i32.const 1)").replace("(call $proc_exit (i32.const 1))", many);
    let desk = Desk::new();
    assert_eq!(desk.run_module(&desk.module(&text), &Limits::WORKSTATION, ALL), Ok(65_536));
}

#[test]
fn what_cannot_be_paid_ends_the_command_before_it_is_done() {
    let limits = Limits { call_fuel: 100_000, slice_fuel: 100_000, ..Limits::WORKSTATION };
    let desk = Desk::new();
    for body in [
        "(call $random_get (i32.const 0) (i32.const 100000))",
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const 24) (i32.const 3) (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 512))",
        "(loop $on (drop (call $sched_yield)) (br $on)) (i32.const 0)",
        "(loop $on (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 512))) (br $on)) (i32.const 0)",
    ] {
        let wasm = desk.module(&program(body));
        let ended = desk.run_module(&wasm, &limits, ALL);
        assert_eq!(ended, Err(Fault::OutOfFuel { budget: 100_000 }), "{body}");
    }
    assert!(!desk.data().join("new").exists());
}
