//! The bound that admission computes is above what a plugin is then measured to hold.

use crate::support::{guest, load, with_meta};
use allocation_counter::measure;
use ampoule::{Limits, Shape, inspect};

/// Loosest in shape, so that the bound is what refuses; small stacks, so that they don't hide the
/// rest.
const LIMITS: Limits = Limits {
    heap_bytes: u32::MAX,
    memory_bytes: 1 << 20,
    value_stack_bytes: 4096,
    recursion_depth: 8,
    shape: Shape::CEILING,
    ..Limits::WORKSTATION
};

/// The bound and the measured peak of loading.
fn bound_and_peak(wasm: &[u8]) -> (u64, u64) {
    let bound = inspect(wasm, &LIMITS).unwrap().heap.total();
    let heap = measure(|| drop(load(wasm, &LIMITS).unwrap()));
    (bound, heap.bytes_max)
}

fn module(items: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {items}
            (memory (export "memory") 256 256 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 128)))"#
    );
    with_meta(wat::parse_str(&text).unwrap())
}

/// Modules that have `n` of one thing.
fn shapes(n: usize) -> Vec<(&'static str, String)> {
    let numbered = |item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<String>();
    let function = |body: String| format!("(func (local i32 i64) {body})");
    let entry = "(func $f (param i32) (result i64) (i64.const 0))";
    let bits = |of: usize| {
        (0..10).map(|bit| if of >> bit & 1 == 1 { " i32" } else { " i64" }).collect::<String>()
    };
    let repeated = |item: &str| function(item.repeat(n));
    let pairs = |open: &str, close: &str| function(open.repeat(n) + &close.repeat(n));
    vec![
        ("types", numbered(&|of| format!("(type (func (param{})))", bits(of)))),
        ("functions", "(func)".repeat(n)),
        ("functions with locals", "(func (local i32 i64 f32 f64))".repeat(n)),
        (
            "small functions",
            "(func (local i32) (local.set 0 (i32.add (local.get 0) (i32.const 7))))".repeat(n),
        ),
        ("imports", r#"(import "ampoule" "panic" (func (param i32 i32)))"#.repeat(n.min(256))),
        ("exports", entry.to_owned() + &numbered(&|of| format!(r#"(export "e{of}" (func $f))"#))),
        (
            "long exports",
            entry.to_owned() + &numbered(&|of| format!(r#"(export "x{of:0200}" (func $f))"#)),
        ),
        ("globals", "(global (mut i32) (i32.const 0))".repeat(n)),
        ("table", format!("(table {n} funcref)")),
        ("elements", format!("(table 1 funcref){}", "(elem (i32.const 0) 0)".repeat(n))),
        ("element items", format!("(table {n} funcref)(elem (i32.const 0) {})", "0 ".repeat(n))),
        ("data", r#"(data (i32.const 0) "x")"#.repeat(n)),
        ("passive data", r#"(data "x")"#.repeat(n)),
        ("operators", repeated("(local.set 0 (i32.add (local.get 0) (i32.const 77)))")),
        ("constants", function(numbered(&|of| format!("(drop (i64.const {}))", of * 0x1234_5678)))),
        ("stores", repeated("(i64.store offset=70000 (local.get 0) (local.get 1))")),
        ("operands", pairs("(local.get 0)", "drop ")),
        ("loaded operands", pairs("(i32.load (local.get 0))", "drop ")),
        ("locals", format!("(func (local {}))", "i32 ".repeat(n))),
        (
            "locals in use",
            format!(
                "(func (local {}) {} {})",
                "i32 ".repeat(n),
                numbered(&|of| format!("(local.get {of})")),
                "drop ".repeat(n)
            ),
        ),
        ("blocks", repeated("block end ")),
        ("loops", repeated("loop end ")),
        ("ifs", repeated("(if (local.get 0) (then (local.set 0 (i32.const 1))) (else nop))")),
        ("branches", function(format!("(block {})", "(br_if 0 (local.get 0))".repeat(n)))),
        ("br_table", function(format!("(block (br_table {} 0 (local.get 0)))", "0 ".repeat(n)))),
        ("br_tables", repeated("(block (br_table 0 0 0 0 0 0 0 0 (local.get 0)))")),
        (
            "calls",
            repeated("(call 0 (i32.const 1)) drop ").replace("(func ", &format!("{entry}(func ")),
        ),
    ]
}

#[test]
fn no_shape_of_module_holds_more_than_its_bound() {
    for n in [1, 7, 60, 500, 1000] {
        for (name, items) in shapes(n) {
            if n > 512 && name == "types" {
                continue;
            }
            let (bound, peak) = bound_and_peak(&module(&items));
            assert!(bound >= peak, "{n} {name}: bound {bound}, measured {peak}");
        }
    }
}

#[test]
fn nesting_stays_below_its_bound() {
    for n in [1, 16, 128, 512] {
        for (open, close) in [("block ", "end "), ("loop ", "end "), ("i32.const 1 if ", "end ")] {
            let items = format!("(func {} {})", open.repeat(n), close.repeat(n));
            let (bound, peak) = bound_and_peak(&module(&items));
            assert!(bound >= peak, "{n} times {open}: bound {bound}, measured {peak}");
        }
    }
}

#[test]
fn real_guests_stay_below_their_bound_and_not_far() {
    for (name, at_most) in [("echo", 2.5), ("json-transformer", 4.0)] {
        let (bound, peak) = bound_and_peak(&guest(name));
        let ratio = bound as f64 / peak as f64;
        println!("{name}: bound {bound}, measured {peak}, ratio {ratio:.2}");
        assert!((1.0..at_most).contains(&ratio), "{name}: bound {bound}, measured {peak}");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_how_much_and_where() {
    let wasm = module(&"(func (result i64) (i64.const 0))".repeat(400));
    let needed = inspect(&wasm, &Limits::MICRO).unwrap().heap.total();
    let limits = Limits { heap_bytes: needed as u32 - 1, ..Limits::MICRO };
    let error = load(&wasm, &limits).unwrap_err().to_string();
    assert!(error.contains("short by 1, largest part code"), "{error}");
    load(&wasm, &Limits { heap_bytes: needed as u32, ..Limits::MICRO }).unwrap();
}
