//! Branches over so much code that the pinned engine would panic: in translation, or only when the
//! branch is taken.

use super::bombs::plugin;
use crate::support::load;
use ampoule::{AdmissionError, Entry, Limits, Plugin, inspect};

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
                    assert_eq!(what, "operators in a function that branches", "{fillers} {name}");
                    assert!(fillers > 8_000, "{fillers} {name}");
                }
                Err(error) => panic!("{fillers} {name}: {error}"),
            }
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
