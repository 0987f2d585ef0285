//! What plugins really have, beside what was promised when they were admitted.

use crate::{CONFIG, alone, life::named, on_accounts};
use ampoule::{Config, Host, Limits, MemoryBound, Policy, Source, Weights, manifest::ServiceRules};

/// Stacks are so small that they don't hide the rest.
const LIMITS: Limits =
    Limits { value_stack_bytes: 1024, recursion_depth: 4, ..Limits::WORKSTATION };

/// The most that a module had, and its bound.
fn most_and_bound(wasm: &[u8]) -> (u64, u64) {
    let policy = Policy { limits: LIMITS, services: ServiceRules::EVERY, ..Policy::DENY };
    let mut host = Host::<1>::new(Config { policy: &policy, ..CONFIG }, || 0);
    let id = host.load(Source::new(wasm)).unwrap();
    let names: Vec<_> = host.plugin(id).unwrap().entries().map(str::to_owned).collect();
    for name in names {
        let entry = host.bind::<[u8], &[u8]>(id, &name).unwrap();
        // What it answers is none of our business.
        let _ = host.call(&entry, &b"\0\0\0\0"[..]);
    }
    let most = host.counters(id).unwrap().heap_most_bytes;
    let bound = MemoryBound::of(wasm, &LIMITS, &Weights::HERE).unwrap();
    (most.into(), bound.total())
}

fn assert_bounded(name: &str, wasm: &[u8]) {
    let (most, bound) = most_and_bound(wasm);
    assert!(most > 1_000 && most <= bound, "{name}: {most} bytes, {bound} are promised");
    assert_eq!(on_accounts(), 0);
}

#[test]
fn guests_never_have_more_than_their_bound() {
    const GUESTS: [(&str, &[u8]); 3] = [
        ("echo", include_bytes!("../../guests/prebuilt/echo.wasm")),
        ("endless", include_bytes!("../../guests/prebuilt/endless.wasm")),
        ("json-transformer", include_bytes!("../../guests/prebuilt/json-transformer.wasm")),
    ];
    let _alone = alone();
    for (name, wasm) in GUESTS {
        assert_bounded(name, wasm);
    }
}

#[test]
fn code_right_behind_where_vectors_double_has_no_more_than_its_bound() {
    // What comes first, what comes so many times, what comes last.
    const BODIES: [(&str, &str, &str); 7] = [
        ("(block (result i32) (i32.const 1)", "(br_if 0 (local.get 0))", ") drop"),
        ("(block (result i64) (i64.const 0x123456789abcdef)", "(br_if 0 (local.get 0))", ") drop"),
        ("(i64.const 1)", "(br_if 0 (local.get 0))", "drop"),
        ("", "(block (br_if 0 (local.get 0)))", ""),
        (
            "",
            "(drop (if (result i32) (local.get 0) (then (i32.const 1)) (else (local.get 0))))",
            "",
        ),
        ("", "(drop (i64.load offset=70000 (local.get 0)))", ""),
        (
            "(block (result i32)",
            "(block (result i32) (br_table 0 1 0 1 0 1 (i32.const 7) (local.get 0))) drop ",
            "(i32.const 1)) drop",
        ),
    ];
    let _alone = alone();
    for (first, each, last) in BODIES {
        for times in [129, 257, 513, 1025, 2049] {
            let text = format!(
                r#"(module (memory (export "memory") 256 256 (pagesize 1))
                    (func (export "ampoule_mailbox") (result i64) (i64.const 64))
                    (func (export "e") (param i32) (result i64) {first} {} {last} i64.const 0))"#,
                each.repeat(times)
            );
            let wasm = named(wat::parse_str(&text).unwrap(), "one", "1.0.0");
            assert_bounded(&format!("{times} {first} {each}"), &wasm);
        }
    }
}
