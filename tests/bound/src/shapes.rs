//! Modules that have much of one thing each.

use crate::module::{module, numbered, smallest};

/// A module to measure.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it has much of.
    pub name: String,
    /// Its bytes.
    pub wasm: Vec<u8>,
}

/// Makes what a module consists of, so many times.
pub type Fill = fn(usize) -> String;

/// Items of a module, and how many of them there may be.
pub(crate) const ITEMS: &[(&str, usize, Fill)] = &[
    ("types", 500, |n| numbered(n, |at| format!("(type (func (param{})))", bits(at)))),
    ("same types", 500, |n| "(type (func))".repeat(n)),
    ("short types", 300, |n| numbered(n, |at| format!("(type (func (param{})))", digits(at)))),
    ("types with results", 300, |n| {
        numbered(n, |at| format!("(type (func (param{}) (result f32)))", digits(at)))
    }),
    ("long types", 250, |n| {
        numbered(n, |at| format!("(type (func (param{}{})))", bits(at), " f64".repeat(40)))
    }),
    ("long imports", 7, |n| {
        numbered(n, |at| format!(r#"(import "s{at:060}" "o{at:060}" (func (param i32)))"#))
    }),
    ("imports", 250, |n| r#"(import "ampoule" "panic" (func (param i32 i32)))"#.repeat(n)),
    ("services", 60, |n| {
        numbered(n, |at| {
            let ty =
                if at % 3 == 0 { "(param i64)" } else { "(param i32 i32 i32 i32) (result i32)" };
            format!(r#"(import "s{}" "o{at}" (func {ty}))"#, at % 15)
        })
    }),
    ("globals", 4000, |n| "(global (mut i32) (i32.const 0))".repeat(n)),
    ("functions", 20_000, |n| "(func)".repeat(n)),
    ("functions with locals", 8000, |n| "(func (local i32 i64 f32 f64))".repeat(n)),
    ("small functions", 8000, |n| {
        "(func (local i32) (local.set 0 (i32.add (local.get 0) (i32.const 7))))".repeat(n)
    }),
    ("functions with results", 8000, |n| "(func (param f64) (result f64) (local.get 0))".repeat(n)),
    ("exports", 1000, |n| numbered(n, |at| format!(r#"(export "_{at}" (memory 0))"#))),
    ("entries", 1000, |n| numbered(n, |at| format!(r#"(export "e{at}" (func $entry))"#))),
    ("long exports", 500, |n| numbered(n, |at| format!(r#"(export "_{at:0200}" (func $entry))"#))),
    ("long entries", 500, |n| numbered(n, |at| format!(r#"(export "x{at:0100}" (func $entry))"#))),
    ("table", 8000, |n| format!("(table {n} funcref)")),
    ("elements", 1000, |n| "(elem (i32.const 0) $none)".repeat(n)),
    ("empty elements", 1000, |n| "(elem (i32.const 0) func)".repeat(n)),
    ("empty data", 8000, |n| "(data)".repeat(n)),
    ("element items", 8000, |n| format!("(elem (i32.const 0) {})", "$none ".repeat(n))),
    ("data", 8000, |n| r#"(data (i32.const 0) "x")"#.repeat(n)),
    ("passive data", 8000, |n| r#"(data "x")"#.repeat(n)),
    ("longer data", 2000, |n| r#"(data (i32.const 0) "0123456789abcdef0123456789abc")"#.repeat(n)),
    ("one data segment", 8000, |n| format!("(data (i32.const 0) \"{}\")", "x".repeat(n))),
    ("one passive data segment", 8000, |n| format!("(data \"{}\")", "x".repeat(n))),
    ("locals", 8000, |n| format!("(func (local {}))", "i32 ".repeat(n))),
    ("mixed locals", 4000, |n| format!("(func (local {}))", "i32 i64 ".repeat(n))),
    ("locals in use", 1000, |n| {
        let (locals, drops) = ("i32 ".repeat(n), "drop ".repeat(n));
        let gets = numbered(n, |at| format!("(local.get {at})"));
        format!("(func (local {locals}) {gets} {drops})")
    }),
];

/// What a body consists of, how many operators one of that has, and what makes so many of it.
pub type Body = (&'static str, usize, Fill);

/// Bodies of all kinds. There is an i32 in local 0.
pub const BODIES: &[Body] = &[
    ("nothing", 1, |n| "nop ".repeat(n)),
    ("additions", 4, |n| "local.get 0 i32.const 77 i32.add local.set 0 ".repeat(n)),
    ("constants", 2, |n| numbered(n, |at| format!("i64.const {} drop ", at * 0x1234_5678))),
    ("stores", 3, |n| {
        numbered(n, |at| format!("i32.const 0 i64.const 0x7_0000_{at:04x} i64.store "))
    }),
    ("far stores", 3, |n| {
        numbered(n, |at| {
            format!("local.get 0 i64.const 0x7_0000_{at:04x} i64.store offset=0x7fff{at:04x} ")
        })
    }),
    ("loads", 3, |n| "local.get 0 i32.load offset=70000 local.set 0 ".repeat(n)),
    ("locals", 3, |n| "local.get 0 local.tee 0 local.set 0 ".repeat(n)),
    ("kept locals", 4, |n| "local.get 0 i32.const 1 local.set 0 drop ".repeat(n)),
    ("blocks", 2, |n| "block end ".repeat(n)),
    ("loops", 2, |n| "loop end ".repeat(n)),
    ("ifs", 4, |n| "local.get 0 if else end ".repeat(n)),
    ("ifs without else", 3, |n| "local.get 0 if end ".repeat(n)),
    ("ifs with constants", 7, |n| {
        numbered(n, |at| {
            let (then, other) = (0x7_0000_0000_u64 + at as u64, 0x8_0000_0000_u64 + at as u64);
            format!("local.get 0 if (result i64) i64.const {then} else i64.const {other} end drop ")
        })
    }),
    ("nested ifs", 300, |n| ("local.get 0 if ".repeat(100) + &"end ".repeat(100)).repeat(n)),
    ("nested results", 202, |n| {
        let block = "block (result i64) ".repeat(100) + "i64.const 1 " + &"end ".repeat(100);
        (block + "drop ").repeat(n)
    }),
    ("conditional branches", 4, |n| "block local.get 0 br_if 0 end ".repeat(n)),
    ("branches to one block", 2, |n| format!("block {} end ", "local.get 0 br_if 0 ".repeat(n))),
    ("branches with a result to one block", 2, |n| {
        format!("block (result i32) i32.const 1 {} end drop ", "local.get 0 br_if 0 ".repeat(n))
    }),
    ("branches with a result through blocks", 2, |n| {
        let branches = "local.get 0 br_if 1 ".repeat(n);
        format!(
            "block (result i64) i64.const 1 loop (result i64) i64.const 1 {branches} end drop end drop "
        )
    }),
    ("branches with a result to the function", 2, |n| {
        format!("i64.const 1 {} drop ", "local.get 0 br_if 0 ".repeat(n))
    }),
    ("branches with a result, and constants", 4, |n| {
        let branches =
            numbered(n, |at| format!("drop i64.const 0x7_0000_{at:04x} local.get 0 br_if 0 "));
        format!("block (result i64) i64.const 1 {branches} end drop ")
    }),
    ("comparisons", 6, |n| "block local.get 0 i32.const 9 i32.lt_s br_if 0 end ".repeat(n)),
    ("branches", 3, |n| "block br 0 end ".repeat(n)),
    // Where all targets are one, the engine makes a plain branch of a table.
    ("branch tables", 6, |n| "block block local.get 0 br_table 0 1 0 1 end end ".repeat(n)),
    ("large branch tables", 32, |n| {
        let table = "0 1 ".repeat(128);
        format!("block block local.get 0 br_table {table} end end ").repeat(n)
    }),
    ("branch tables with results", 8, |n| {
        let inside = "i32.const 7 local.get 0 br_table 0 1 0 1";
        format!("block (result i32) block (result i32) {inside} end end drop ").repeat(n)
    }),
    ("large branch tables with results", 32, |n| {
        let table = "0 1 ".repeat(128);
        let inside = format!("local.get 0 local.get 0 br_table {table}");
        format!("block (result i32) block (result i32) {inside} end end drop ").repeat(n)
    }),
    ("small branch tables with results to three", 4, |n| {
        in_two_blocks(
            &"block (result i32) i32.const 7 local.get 0 br_table 0 1 2 end drop ".repeat(n),
        )
    }),
    ("branch tables with results to three", 16, |n| {
        let targets = "0 1 2 ".repeat(43);
        let table =
            format!("block (result i32) i32.const 7 local.get 0 br_table {targets} end drop ");
        in_two_blocks(&table.repeat(n))
    }),
    ("large branch tables with results to three", 128, |n| {
        let targets = "0 1 2 ".repeat(341);
        let table =
            format!("block (result i32) local.get 0 local.get 0 br_table {targets} end drop ");
        in_two_blocks(&table.repeat(n))
    }),
    ("conditional branches with results", 8, |n| {
        "block (result i32) local.get 0 i32.const 70000 local.get 0 br_if 0 i32.add end drop "
            .repeat(n)
    }),
    ("branches with results", 5, |n| {
        numbered(n, |at| format!("block (result i64) i64.const 0x7_0000_{at:04x} br 0 end drop "))
    }),
    ("comparisons with constants", 6, |n| {
        numbered(n, |at| {
            format!("block global.get $g i64.const 0x7_0000_{at:04x} i64.lt_s br_if 0 end ")
        })
    }),
    ("locals below blocks", 4, |n| "local.get 0 block end drop ".repeat(n)),
    ("locals below deep blocks", 4, |n| {
        let deep = n.min(1000);
        "local.get 0 block ".repeat(deep) + &"end drop ".repeat(deep)
    }),
    ("many kept locals", 42, |n| {
        let drops = "drop ".repeat(20);
        format!("{} i32.const 1 local.set 0 {drops}", "local.get 0 ".repeat(20)).repeat(n)
    }),
    ("returns", 5, |n| "local.get 0 if i64.const 0x7_0000_0000 return end ".repeat(n)),
    ("fills", 4, |n| {
        numbered(n, |at| format!("i32.const 7{at} local.get 0 i32.const 3{at} memory.fill "))
    }),
    ("indirect calls with constants", 3, |n| {
        numbered(n, |at| format!("i32.const {at} call_indirect (type $nothing) nop "))
    }),
    ("indirect calls with many constants", 17, |n| {
        let operand = |call, at| format!("i64.const 0x{at}_0000_{call:04x} ");
        numbered(n, |call| {
            numbered(15, |at| operand(call, at)) + "local.get 0 call_indirect (type $fifteen) "
        })
    }),
    ("calls with locals", 3, |n| {
        numbered(n, |_| "global.get $g global.get $g call $two ".to_owned())
    }),
    ("calls", 1, |n| "call $none ".repeat(n)),
    ("calls with many constants", 16, |n| {
        let operand = |call, at| format!("i64.const 0x{at}_0000_{call:04x} ");
        numbered(n, |call| numbered(15, |at| operand(call, at)) + "call $many ")
    }),
    ("calls with two constants", 3, |n| {
        numbered(n, |at| {
            format!("i64.const 0x7_0000_{at:04x} i64.const 0x8_0000_{at:04x} call $two ")
        })
    }),
    ("calls with results", 2, |n| "call $box drop ".repeat(n)),
    ("indirect calls", 2, |n| "i32.const 0 call_indirect (type $nothing) ".repeat(n)),
    ("copies", 4, |n| "i32.const 0 i32.const 0 local.get 0 memory.copy ".repeat(n)),
    ("copies of constants", 4, |n| {
        numbered(n, |at| format!("i32.const {at} i32.const 7{at} i32.const 3{at} memory.copy "))
    }),
    ("selections", 5, |n| "i64.const 1 i64.const 2 local.get 0 select drop ".repeat(n)),
    ("selections of constants", 5, |n| {
        numbered(n, |at| {
            let (one, other) = (0x7_0000_0000_u64 + at as u64, 0x8_0000_0000_u64 + at as u64);
            format!("i64.const {one} i64.const {other} local.get 0 select drop ")
        })
    }),
    ("floats", 4, |n| numbered(n, |at| format!("f64.const {at} f64.const 0.5 f64.add drop "))),
    ("globals", 2, |n| "global.get $g global.set $g ".repeat(n)),
    ("constants to globals", 2, |n| {
        numbered(n, |at| format!("i64.const 0x7_0000_{at:04x} global.set $g "))
    }),
    ("growth", 3, |n| "i32.const 0 memory.grow drop ".repeat(n)),
    ("dead code", 5, |n| "block br 0 i32.add drop end ".repeat(n)),
    ("operands", 2, |n| {
        let deep = n.min(4000);
        "local.get 0 ".repeat(deep) + &"drop ".repeat(deep)
    }),
    ("computed operands", 3, |n| {
        let deep = n.min(5300);
        "local.get 0 i32.load ".repeat(deep) + &"drop ".repeat(deep)
    }),
    ("operands that are left", 1, |n| left(&"global.get $g ".repeat(n.min(8000)))),
    ("results that are left", 1, |n| left(&"call $box ".repeat(n.min(8000)))),
    ("teed operands that are left", 2, |n| left(&"global.get $i local.tee 0 ".repeat(n.min(4000)))),
    ("kept operands that are left", 1, |n| {
        left(&("local.get 0 ".repeat(n.min(8000)) + "i32.const 1 local.set 0 "))
    }),
    ("heaps of operands", 102, |n| left(&"global.get $g ".repeat(100)).repeat(n)),
    ("heaps of teed operands", 102, |n| left(&"global.get $i local.tee 0 ".repeat(50)).repeat(n)),
    ("sums", 2, |n| {
        let deep = n.min(4000);
        "i64.const 1 ".to_owned()
            + &"global.get $g ".repeat(deep)
            + &"i64.add ".repeat(deep)
            + "drop "
    }),
    ("sums of tees", 3, |n| {
        let deep = n.min(2700);
        let tees = "global.get $i local.tee 0 ".repeat(deep);
        "i32.const 1 ".to_owned() + &tees + &"i32.add ".repeat(deep) + "drop "
    }),
    ("sums of locals below a block", 2, |n| {
        let deep = n.min(4000);
        let locals = "local.get 0 ".repeat(deep + 1);
        locals + "block end " + &"i32.add ".repeat(deep) + "drop "
    }),
    ("calls with operands below each other", 16, |n| {
        let deep = n.min(530);
        "global.get $g ".repeat(15 * deep) + &"call $many ".repeat(deep)
    }),
    ("fills with operands below each other", 4, |n| {
        let deep = n.min(2000);
        "global.get $i ".repeat(3 * deep) + &"memory.fill ".repeat(deep)
    }),
    ("stores with operands below each other", 3, |n| {
        let deep = n.min(2700);
        "global.get $i ".repeat(deep) + &"global.get $g i64.store offset=70000 ".repeat(deep)
    }),
    ("deep blocks", 2, |n| nested("block ", n)),
    ("deep loops", 2, |n| nested("loop ", n)),
    ("deep ifs", 2, |n| nested("i32.const 1 if ", n)),
    ("deep results", 2, |n| {
        let deep = n.min(1000);
        "block (result i64) ".repeat(deep) + "i64.const 1 " + &"end ".repeat(deep) + "drop "
    }),
    ("one branch table", 2, |n| {
        format!("block block local.get 0 br_table {} 0 end end ", "0 1 ".repeat(n.min(4000)))
    }),
];

/// Whatever is on the stack then goes by a branch.
fn left(operands: &str) -> String {
    format!("block {operands} br 0 end ")
}

fn in_two_blocks(code: &str) -> String {
    format!("block (result i32) block (result i32) {code} i32.const 1 end end drop ")
}

fn nested(open: &str, n: usize) -> String {
    let deep = n.min(1000);
    open.repeat(deep) + &"end ".repeat(deep)
}

/// Of ten bits each an i32 or an i64: types that differ.
fn bits(of: usize) -> String {
    (0..10).map(|bit| if of >> bit & 1 == 1 { " i32" } else { " i64" }).collect()
}

/// As few values as make so many types differ.
fn digits(mut of: usize) -> String {
    let mut text = String::new();
    while of > 0 {
        text += [" i32", " i64", " f32", " f64"][of % 4];
        of /= 4;
    }
    text
}

/// Every shape with about `n` of its thing, or as many operators.
#[must_use]
pub fn shapes(n: usize) -> Vec<Case> {
    each(n, |operators| n / operators)
}

/// The same where `n` is one more than a power of two, or a fraction of it: then so is the number of things, however
/// many operators each of them has. Vectors with one, three or five elements for each have just doubled there.
#[must_use]
pub fn steep(n: usize) -> Vec<Case> {
    each(n, |operators| n.saturating_sub(1) / operators.next_power_of_two() + 1)
}

/// Every shape, with so many things as the number of their operators makes them.
fn each(n: usize, things: impl Fn(usize) -> usize) -> Vec<Case> {
    let case = move |name: &str, items: &str, body: &str| Case {
        name: format!("{n} {name}"),
        wasm: module(items, body),
    };
    let items = ITEMS.iter().map(|(name, most, fill)| case(name, &fill(n.min(*most)), ""));
    let bodies = BODIES.iter().map(|(name, per, fill)| case(name, "", &fill(things(*per))));
    let lengths = [24, 250, 2500].into_iter().filter(|length| *length < 2 * n);
    let lengths = lengths.map(|length| (length, things(length).max(1)));
    let many = lengths.flat_map(|(length, bodies)| {
        BODIES.iter().map(move |(name, per, fill)| {
            let body = format!("(func (param i32) {})", fill(length / per));
            case(&format!("bodies of {length} {name}"), &body.repeat(bodies), "")
        })
    });
    items.chain(bodies).chain(many).collect()
}

/// The smallest plugins there are, and one that calls itself until the stack ends.
#[must_use]
pub fn few() -> Vec<Case> {
    let case = |name: &str, wasm| Case { name: name.to_owned(), wasm };
    let down = "(func $down (param i32) (call $down (local.get 0)))";
    let growing = r#"(func (export "e") (param i32) (result i64)
        (drop (memory.grow (i32.const 1))) (i64.const 0))"#;
    vec![
        case("nothing", smallest("")),
        case("nothing but a data segment", smallest(r#"(data (i32.const 0) "x")"#)),
        case("nothing but a global", smallest("(global (mut i32) (i32.const 0))")),
        case("nothing but a table", smallest("(table 1 funcref)")),
        case("nothing but an export", smallest(r#"(export "_" (memory 0))"#)),
        case("nothing but an entry", smallest(growing)),
        case("recursion", module(down, "(call $down (local.get 0))")),
    ]
}
