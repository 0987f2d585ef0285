//! Branches over so much code that the pinned engine would panic: in translation, or only when the
//! branch is taken.

use super::bombs::plugin;
use crate::support::load;
use ampoule::{AdmissionError, Entry, Limits, Plugin, Shape, inspect};

/// Four operators that the engine makes one instruction of, and that leave local 0 as it is.
const FILLER: &str = "(local.set 1 (i32.add (local.get 0) (local.get 1)))";

/// A branch of each kind that is fused with a comparison, around so much filler.
const BRANCHES: [(&str, &str, &str); 6] = [
    ("loop on a comparison", "(loop", "(br_if 0 (i32.lt_s (local.get 0) (i32.const -5))))"),
    (
        "loop on a local",
        "(loop",
        "(br_if 0 (local.tee 0 (i32.shr_u (local.get 0) (i32.const 9)))))",
    ),
    ("block on and", "(block (br_if 0 (i32.and (local.get 0) (i32.const 7)))", ")"),
    ("block on or", "(block (br_if 0 (i32.or (local.get 0) (i32.const 7)))", ")"),
    ("if", "(if (i32.eqz (i32.and (local.get 0) (i32.const 64))) (then", "))"),
    ("block on a constant", "(block (br_if 0 (i64.lt_u (i64.const 9) (i64.const 3)))", ")"),
];

fn module(open: &str, close: &str, fillers: usize) -> Vec<u8> {
    let filler = FILLER.repeat(fillers);
    plugin("", &format!("(local i32) {open} {filler} {close}"))
}

#[test]
fn no_branch_is_so_far_that_the_engine_panics() {
    let limits = Limits { heap_bytes: u32::MAX, ..Limits::WORKSTATION };
    for (name, open, close) in BRANCHES {
        for fillers in [8_000, 8_120, 8_200, 16_300, 32_700, 32_768, 33_000] {
            let wasm = module(open, close, fillers);
            let verdict = Plugin::check(&wasm, &limits);
            assert_eq!(inspect(&wasm, &limits).unwrap().verdict, verdict, "{fillers} {name}");
            match verdict {
                Ok(()) => assert!(fillers <= 8_120 && runs(&wasm, &limits), "{fillers} {name}"),
                Err(AdmissionError::TooMany { what, .. }) => {
                    assert_eq!(
                        what, "engine instructions in a function that branches",
                        "{fillers} {name}"
                    );
                    assert!(fillers > 8_000, "{fillers} {name}");
                }
                Err(error) => panic!("{fillers} {name}: {error}"),
            }
        }
    }
}

const ITEMS: &str = r#"
    (type $t (func))
    (global $i (mut i32) (i32.const 0)) (global $g (mut i64) (i64.const 0))
    (table 1 funcref) (elem (i32.const 0) $none) (data $d "abc")
    (func $none) (func $one (param i32)) (func $same (param i32) (result i32) (local.get 0))
    (func $nine (param i32 i32 i32 i32 i32 i32 i32 i32 i32))"#;

/// Operands that all are the same local, which is set each time, and are left in a heap.
const TEES: &str = "block
    global.get $i local.tee 1 global.get $i local.tee 1 global.get $i local.tee 1 global.get $i local.tee 1
    global.get $i local.tee 1 global.get $i local.tee 1 global.get $i local.tee 1 global.get $i local.tee 1
    br 0 end ";

/// Code of which the engine makes as many instructions as it ever does of such operators: what comes first, what comes so
/// many times, and what comes last. It is branched over.
const DENSE: [(&str, &str, &str, &str); 31] = [
    (
        "branches with a result",
        "(block (result i32) (i32.const 1)",
        "(br_if 0 (global.get $i))",
        ") drop",
    ),
    (
        "a constant that branches",
        "(block (result i64) (i64.const 0x123456789abcdef)",
        "(br_if 0 (local.get 1))",
        ") drop",
    ),
    ("left with a result", "", "(drop (block (result i64) (br 0 (global.get $g))))", ""),
    ("left or not", "", "(drop (block (result i32) (br_if 0 (local.get 1) (global.get $i))))", ""),
    ("near loads", "global.get $i ", "i32.load offset=65535 ", "drop"),
    ("near stores", "", "(i64.store offset=65535 (global.get $i) (global.get $g))", ""),
    ("nearest far loads", "global.get $i ", "i32.load offset=65536 ", "drop"),
    ("far loads", "global.get $i ", "i32.load offset=70000 ", "drop"),
    ("far loads from a constant", "", "(drop (i64.load offset=70000 (i32.const 9)))", ""),
    ("far stores", "", "(i64.store offset=70000 (global.get $i) (global.get $g))", ""),
    (
        "far stores of a constant",
        "",
        "(i64.store offset=70000 (global.get $i) (i64.const 0x123456789abcdef))",
        "",
    ),
    (
        "selections",
        "",
        "(global.set $g (select (global.get $g) (global.get $g) (global.get $i)))",
        "",
    ),
    ("selections of one", "global.get $i ", "local.get 1 local.get 1 select ", "drop"),
    ("growth", "global.get $i ", "memory.grow ", "drop"),
    ("calls in a row", "global.get $i ", "call $same ", "drop"),
    ("calls", "", "(call $one (global.get $i))", ""),
    (
        "calls with nine",
        "",
        "(call $nine (i32.const 1) (global.get $i) (i32.const 3) (i32.const 4) (global.get $i) (i32.const 6) (local.get 1) (i32.const 8) (i32.const 9))",
        "",
    ),
    ("indirect calls", "", "(call_indirect (type $t) (global.get $i))", ""),
    ("ifs in a row", "global.get $i ", "if (result i32) local.get 1 else local.get 1 end ", "drop"),
    (
        "ifs with constants",
        "global.get $i ",
        "if (result i32) i32.const 7 else i32.const 8 end ",
        "drop",
    ),
    ("ifs without an else", "", "(if (global.get $i) (then))", ""),
    ("ifs that are left", "", "(if (global.get $i) (then (return (global.get $g))))", ""),
    (
        "tables",
        "",
        "(drop (block (result i32) (drop (block (result i32) (br_table 0 1 (local.get 1) (global.get $i)))) (local.get 1)))",
        "",
    ),
    ("fills", "", "(memory.fill (global.get $i) (global.get $i) (global.get $i))", ""),
    ("copies", "", "(memory.copy (global.get $i) (i32.const 9) (global.get $i))", ""),
    ("loops", "", "(loop)", ""),
    ("locals that are kept", "", "(local.get 1) (local.set 1 (global.get $i)) drop ", ""),
    ("locals that are teed", "", TEES, ""),
    ("locals that are teed and dropped", "", "(drop (local.tee 1 (global.get $i)))", ""),
    ("locals below a loop", "", "(local.get 1) (loop) drop ", ""),
    ("unary operators", "global.get $i ", "i32.clz ", "drop"),
];

#[test]
fn no_code_is_so_dense_that_a_branch_is_too_far() {
    let limits = Limits { heap_bytes: u32::MAX, shape: Shape::CEILING, ..Limits::WORKSTATION };
    for (dense, first, each, last) in DENSE {
        let module = |open, close, times| {
            let inside =
                format!("(block (br_if 0 (local.get 0)) {first} {} {last})", each.repeat(times));
            plugin(ITEMS, &format!("(local i32) {open} {inside} {close}"))
        };
        let (_, open, close) = BRANCHES[0];
        let Err(AdmissionError::TooMany { found, allowed, .. }) =
            Plugin::check(&module(open, close, 33_000), &limits)
        else {
            panic!("{dense}: so many have to be too many");
        };
        // Just as many as there may be.
        let times = (33_000 * allowed / found) as usize - 8;
        for (name, open, close) in BRANCHES {
            let wasm = module(open, close, times);
            assert_eq!(Plugin::check(&wasm, &limits), Ok(()), "{times} {dense}, {name}");
            assert!(runs(&wasm, &limits), "{times} {dense}, {name}");
        }
    }
}

fn runs(wasm: &[u8], limits: &Limits) -> bool {
    let mut plugin = load(wasm, limits).unwrap();
    let attack: Entry<&[u8], ()> = plugin.bind("attack").unwrap();
    plugin.call(&attack, &&[0; 9][..]).is_ok()
}

#[test]
fn code_without_branches_may_be_as_long_as_the_limit() {
    let limits = Limits { heap_bytes: u32::MAX, ..Limits::WORKSTATION };
    let wasm = module("", "", 40_000);
    assert_eq!(Plugin::check(&wasm, &limits), Ok(()));
    assert!(runs(&wasm, &limits));
}
