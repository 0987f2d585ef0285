//! Amplification: few bytes that would cost an engine much heap. Each bomb is made as large as its limit
//! allows, which is admitted and stays within the promised heap; one larger and four times as large,
//! which is refused by name before the engine sees it.

use super::judge::{REFUSAL_BYTES, check_heap_bound};
use crate::support::{load, with_meta, with_section};
use allocation_counter::measure;
use ampoule::{AdmissionError, Diagnosis, Limits, LoadError, Plugin, Shape};

/// Something that a module may have so many of.
struct Bomb {
    /// The name that its refusal gives it.
    what: &'static str,
    limit: fn(&Shape) -> usize,
    /// A plugin with so many of them.
    make: fn(usize) -> Vec<u8>,
}

const BOMBS: &[Bomb] = &[
    // The types of the mailbox and of the entry count too, and so on below.
    Bomb {
        what: "types",
        limit: |it| it.types.into(),
        make: |n| items(&"(type (func))".repeat(n - 2)),
    },
    Bomb {
        what: "parameters of a type",
        limit: |it| it.params.into(),
        make: |n| items(&format!("(func (param {}))", "i64 ".repeat(n))),
    },
    Bomb { what: "results of a type", limit: |_| 1, make: results },
    Bomb {
        what: "imports",
        limit: |it| it.imports.into(),
        make: |n| items(&r#"(import "ampoule" "panic" (func (param i32 i32)))"#.repeat(n)),
    },
    Bomb {
        what: "functions",
        limit: |it| it.functions as usize,
        make: |n| items(&"(func)".repeat(n - 2)),
    },
    Bomb { what: "tables", limit: |_| 1, make: |n| items(&"(table 1 funcref)".repeat(n)) },
    Bomb { what: "memories", limit: |_| 1, make: |n| items(&"(memory 0)".repeat(n - 1)) },
    Bomb {
        what: "globals",
        limit: |it| it.globals.into(),
        make: |n| items(&"(global (mut i64) (i64.const 7))".repeat(n)),
    },
    Bomb { what: "exports", limit: |it| it.exports.into(), make: exports },
    Bomb {
        what: "bytes in a name",
        limit: |it| it.name_bytes.into(),
        make: |n| items(&format!(r#"(export "{}" (memory 0))"#, "x".repeat(n))),
    },
    Bomb {
        what: "element segments",
        limit: |it| it.elements.into(),
        make: |n| items(&format!("(table 0 funcref) {}", "(elem (i32.const 0) func)".repeat(n))),
    },
    Bomb {
        what: "data segments",
        limit: |it| it.data as usize,
        make: |n| items(&"(data)".repeat(n)),
    },
    Bomb {
        what: "locals in a function",
        limit: |it| it.locals.into(),
        make: |n| body(&format!("(local {})", "i64 ".repeat(n - 1))),
    },
    Bomb {
        what: "nested blocks",
        limit: |it| it.nesting.into(),
        make: |n| body(&("block ".repeat(n) + &"end ".repeat(n))),
    },
    Bomb {
        what: "operands in a function",
        limit: |it| it.operands.into(),
        make: |n| body(&("memory.size ".repeat(n) + &"drop ".repeat(n))),
    },
    Bomb {
        what: "targets of a br_table",
        limit: |it| it.br_table.into(),
        make: |n| body(&format!("block local.get 0 br_table {} end", "0 ".repeat(n + 1))),
    },
    Bomb {
        what: "operators in a function",
        limit: |it| it.operators as usize,
        make: |n| body(&"nop ".repeat(n - 2)),
    },
];

/// A plugin with more items in its module, and `body` at the start of its entry `attack`.
pub(super) fn plugin(items: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            {items}
            (memory (export "memory") 64 64 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 16))
            (func (export "attack") (param i32) (result i64) {body} i64.const 0))"#
    );
    with_meta(wat::parse_str(text).expect("good text"))
}

fn items(items: &str) -> Vec<u8> {
    plugin(items, "")
}

pub(super) fn body(body: &str) -> Vec<u8> {
    plugin("", body)
}

fn results(n: usize) -> Vec<u8> {
    items(&format!("(func (result {}) unreachable)", "i64 ".repeat(n)))
}

fn exports(n: usize) -> Vec<u8> {
    let export = |at| format!(r#"(export "_{at}" (func 0))"#);
    items(&(3..n).map(export).collect::<String>())
}

/// The limits that a shape belongs to, with room enough that only the shape decides.
pub(super) fn limits(base: Limits) -> Limits {
    Limits { heap_bytes: u32::MAX, module_bytes: u32::MAX, ..base }
}

const BOTH: [Limits; 2] = [Limits::MICRO, Limits::WORKSTATION];

#[test]
fn at_its_limit_a_bomb_is_harmless() {
    for limits in BOTH.map(limits) {
        for bomb in BOMBS {
            let wasm = (bomb.make)((bomb.limit)(&limits.shape));
            assert_harmless(&wasm, &limits, bomb.what);
        }
    }
}

/// It loads, answers and unloads within the heap that was promised, and leaves none behind.
fn assert_harmless(wasm: &[u8], limits: &Limits, what: &str) {
    let heap = measure(|| answer_nothing(wasm, limits, what));
    assert_eq!(heap.bytes_current, 0, "{what}");
    assert_eq!(check_heap_bound(wasm, limits, heap), Ok(()), "{what}");
}

fn answer_nothing(wasm: &[u8], limits: &Limits, what: &str) {
    let mut plugin = load(wasm, limits).unwrap_or_else(|error| panic!("{what}: {error}"));
    let attack = plugin.bind::<(), ()>("attack").expect("it is exported");
    assert_eq!(plugin.call(&attack, &()), Ok(()), "{what}");
}

#[test]
fn over_its_limit_a_bomb_is_refused_by_name() {
    for limits in BOTH.map(limits) {
        for bomb in BOMBS {
            let allowed = (bomb.limit)(&limits.shape);
            for found in [allowed + 1, 2 * allowed, 4 * allowed] {
                assert_refused(bomb, &(bomb.make)(found), &limits);
            }
        }
    }
}

fn assert_refused(bomb: &Bomb, wasm: &[u8], limits: &Limits) {
    let allowed = (bomb.limit)(&limits.shape) as u64;
    let heap = measure(|| match load(wasm, limits) {
        Err(LoadError::Admission(AdmissionError::TooMany { what, found, allowed: told })) => {
            assert_eq!((what, told), (bomb.what, allowed));
            assert!(found > allowed, "{what}: {found}");
        }
        other => panic!("{}: {other:?}", bomb.what),
    });
    assert!(heap.bytes_max < REFUSAL_BYTES, "{}: {} bytes", bomb.what, heap.bytes_max);
    assert_eq!(heap.bytes_current, 0, "{}", bomb.what);
}

#[test]
fn a_table_is_limited_and_so_are_its_items() {
    let limits = limits(Limits::MICRO);
    let make = |elements: usize, items: usize| {
        let segment = format!("(elem (i32.const 0) {})", "0 ".repeat(items));
        let segments = segment.repeat(usize::from(limits.shape.elements));
        items_of_table(elements, &segments)
    };
    let most = limits.table_elements as usize;
    assert_harmless(&make(most, most), &limits, "a full table");
    for (elements, items, code) in
        [(most, most + 1, "A17"), (most, 10_000, "A17"), (most + 1, 1, "A16"), (1 << 20, 1, "A16")]
    {
        let refusal = Plugin::check(&make(elements, items), &limits).expect_err("it is refused");
        assert_eq!(refusal.code(), code, "{elements} elements, {items} items");
    }
}

fn items_of_table(elements: usize, segments: &str) -> Vec<u8> {
    items(&format!("(table {elements} funcref) {segments}"))
}

#[test]
fn a_module_over_its_size_is_refused_before_it_is_read() {
    let limits = Limits { module_bytes: 64, ..Limits::MICRO };
    for bytes in [65, 4096] {
        let refusal = Plugin::check(&vec![0xff; bytes], &limits);
        assert_eq!(refusal, Err(AdmissionError::TooLarge { found: bytes, allowed: 64 }));
    }
}

/// As much as is allowed of all that a module is made of.
fn all_at_once(shape: &Shape) -> Vec<u8> {
    let text = |n: u16, item: &str| item.repeat(n.into());
    let many = |n: u32, item: &str| item.repeat(n as usize);
    let name = "x".repeat(usize::from(shape.name_bytes) - 8);
    let export = |at| format!(r#"(export "{name}{at:08}" (func $entry))"#);
    let items = [
        text(shape.imports, r#"(import "ampoule" "panic" (func (param i32 i32)))"#),
        text(shape.types - 4, &format!("(type (func (param {})))", text(shape.params, "i64 "))),
        text(shape.globals, "(global (mut i64) (i64.const 7))"),
        "(table 128 funcref)".to_owned(),
        text(shape.elements, &format!("(elem (i32.const 0) {})", "0 ".repeat(128))),
        many(shape.data, "(data (i32.const 0) \"0123456789abcdef0123456789abcdef\")"),
        format!(
            "(func $entry (param i32) (result i64) (local {}) i64.const 0)",
            text(shape.locals - 1, "i64 ")
        ),
        "(func)".repeat(shape.functions as usize - 3),
        (3..shape.exports).map(export).collect(),
    ];
    plugin(&items.concat(), "")
}

#[test]
fn all_limits_at_once_stay_within_the_promised_heap() {
    for limits in BOTH.map(limits) {
        assert_harmless(&all_at_once(&limits.shape), &limits, "all at once");
    }
}

#[test]
fn ten_thousand_custom_sections_cost_nothing() {
    let limits = limits(Limits::MICRO);
    let plain = body("");
    let plain = measure(|| drop(load(&plain, &limits))).bytes_max;
    let many = (0..10_000).fold(body(""), |wasm, _| with_section(wasm, "x", &[]));
    let heap = measure(|| drop(load(&many, &limits)));
    assert_eq!(heap.bytes_max, plain);
}
