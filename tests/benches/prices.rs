//! What a unit of fuel buys, in instructions under callgrind: of guests' own code, and of the host in
//! each built-in operation. `cargo bench -p ampoule-tests --bench prices` prints the table; it fails
//! where a unit buys more in an operation than in a guest's call of its own function: with less, no guest
//! makes the host work harder by a service than by its own code.
//!
//! Sources and sinks are the host's own: here they do what they must, and the clock stands still.

#[allow(dead_code, reason = "shared with other benches")]
mod common;
#[allow(dead_code, reason = "shared with other benches")]
mod uses;

use ampoule::{
    Context, Entry, Granted, Limits, Outcome, Permits, Plugin, Service, Services,
    services::{
        Clock, Env, Event, Kv, Log, MAX_ENTRIES, MAX_KEY_BYTES, MAX_TOPIC_BYTES, MemoryStore,
        Quota, Random, Store,
    },
};
use ampoule_abi::{Status, encode};
use common::{prebuilt, transform_context};
use core::{
    fmt::{Display, Write},
    hint::black_box,
};
use serde::Serialize;
use std::{env, process::ExitCode};
use uses::{HostedUser, USES_IN_A_TURN, callgrind, looping};

/// The operator whose figure no operation may exceed.
const MEASURE: &str = "call";

/// Enough for the fuel and the instructions around the uses to fall out.
const TURNS: u32 = 10;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--case", case, turns] => {
            println!("{}", run(case, turns.parse().expect("a number of turns")));
            ExitCode::SUCCESS
        }
        _ => table(),
    }
}

fn table() -> ExitCode {
    println!("{:<34}{:>13}{:>10}{:>9}", "", "instructions", "fuel", "a unit");
    line("transform, a whole call", measured("transform", f64::from(TURNS)));
    let each = f64::from(TURNS * USES_IN_A_TURN);
    let operators = OPERATORS.map(|(name, ..)| (name, line(name, measured(name, each))));
    let (_, most) = operators.into_iter().find(|(name, _)| *name == MEASURE).expect("it is there");
    println!("{:<34}{most:>32.1}", "at most");
    let over = cases()
        .into_iter()
        .filter(|case| line(case.name, measured(case.name, each * case.uses.len() as f64)) > most);
    if over.count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints a row and answers the instructions that a unit of fuel buys.
fn line(name: &str, (instructions, fuel): (f64, f64)) -> f64 {
    let unit = instructions / fuel;
    println!("{name:<34}{instructions:>13.0}{fuel:>10.1}{unit:>9.1}");
    unit
}

/// Instructions and fuel of one use.
fn measured(case: &str, uses: f64) -> (f64, f64) {
    let run = |turns: u32| {
        let (instructions, printed) = callgrind(&["--case", case, &turns.to_string()]);
        (instructions, printed.trim().parse::<f64>().expect("it prints its fuel"))
    };
    // The first turns take what the later ones use again.
    let (few, many) = (run(2), run(2 + TURNS));
    ((many.0 - few.0) / uses, (many.1 - few.1) / uses)
}

/// Answers the fuel of so many turns.
fn run(case: &str, turns: u32) -> u64 {
    if case == "transform" {
        return transform(turns);
    }
    if let Some((_, around, body)) = OPERATORS.iter().find(|(name, ..)| *name == case) {
        let wasm = looping("", around, &[("go", body)]);
        return HostedUser::with(&wasm, &Scopes, Services::none()).turns("go", turns);
    }
    let cases = cases();
    let case = cases.iter().find(|known| known.name == case).expect("the case is there");
    HostedUser::with(&guest(case), &Scopes, offered(case)).turns("go", turns)
}

fn transform(turns: u32) -> u64 {
    let (limits, context) = (Limits::WORKSTATION, Context::default());
    let mut plugin = Plugin::load(&prebuilt("json-transformer"), &limits, &context);
    let plugin = plugin.as_mut().expect("it loads");
    let entry: Entry<Context<'_>, Outcome<'_>> = plugin.bind("execute").expect("it is exported");
    let calls = (0..turns).map(|_| {
        assert!(black_box(plugin.call(&entry, &transform_context())).expect("it answers").success);
        plugin.usage().fuel
    });
    calls.sum()
}

/// Guests' operators of different cost: a name, what they need, and the code.
const OPERATORS: [(&str, &str, &str); 11] = [
    ("i32.add", A, "(global.set $a (i32.add (global.get $a) (i32.const 3)))"),
    ("i32.div_u", A, "(global.set $a (i32.div_u (global.get $a) (i32.const 3)))"),
    ("f64.sqrt", "", "(drop (f64.sqrt (f64.load (i32.const 2048))))"),
    ("f64.nearest", "", "(drop (f64.nearest (f64.load (i32.const 2048))))"),
    ("i32.load, i32.store", "", "(i32.store (i32.const 2048) (i32.load (i32.const 2052)))"),
    ("br_if", "", "(block (br_if 0 (local.get $left)))"),
    ("call", "(func $f)", "(call $f)"),
    (
        "call with 4 parameters",
        "(func $f (param i32 i64 i32 i64) (result i64) (local.get 1))",
        "(drop (call $f (i32.const 1) (i64.const 2) (local.get $left) (i64.const 4)))",
    ),
    (
        "call_indirect",
        "(func $f) (table 1 1 funcref) (elem (i32.const 0) $f)",
        "(call_indirect (i32.const 0))",
    ),
    (
        "memory.fill, 1024 bytes",
        "",
        "(memory.fill (i32.const 4096) (i32.const 7) (i32.const 1024))",
    ),
    (
        "memory.copy, 1024 bytes",
        "",
        "(memory.copy (i32.const 4096) (i32.const 8192) (i32.const 1024))",
    ),
];

const A: &str = "(global $a (mut i32) (i32.const 1000000))";

/// Scopes as they are at their longest, where they mean anything; and a rate.
struct Scopes;

impl Permits for Scopes {
    fn permit(&self, service: &str, _: &str) -> Option<Granted<'_>> {
        let scope = match service {
            "kv" => Some("k/a/a/a"),
            "event" => Some("t/a/a"),
            "env" => Some("A,B,C,D,E,F,G,TZ"),
            _ => None,
        };
        Some(Granted { scope, per_second: Some(u32::MAX) })
    }
}

/// Operations that are used again and again, one after the other.
struct Case {
    name: &'static str,
    /// How many entries are in `kv` before, and the bytes of each one's value.
    kept: (u32, usize),
    uses: Vec<Use>,
}

/// A use of an operation, and the answer that it must get.
struct Use {
    operation: &'static str,
    /// Empty for a scalar operation, whose answer isn't looked at.
    request: Vec<u8>,
    capacity: u32,
    answer: i32,
}

fn number(operation: &'static str) -> Use {
    Use { operation, request: Vec::new(), capacity: 0, answer: 0 }
}

/// A use that is answered with so many bytes.
fn ask(operation: &'static str, request: &impl Serialize, answer: i32) -> Use {
    let mut bytes = vec![0; 65_536];
    let request = encode(request, &mut bytes).expect("it fits").to_vec();
    Use { operation, request, capacity: 80_000, answer }
}

fn refused(operation: &'static str, request: &impl Serialize, status: Status) -> Use {
    Use { capacity: 4, ..ask(operation, request, status.code()) }
}

/// A key as long as it may be, of as many components as it may have.
fn key(last: impl Display) -> String {
    let last = format!("/{last:0>4}");
    let mut key = "k".to_owned() + &"/a".repeat(MAX_KEY_BYTES / 2);
    key.truncate(MAX_KEY_BYTES - last.len());
    key + &last
}

fn value(bytes: usize) -> Vec<u8> {
    vec![7; bytes]
}

fn cases() -> Vec<Case> {
    let topic = "t".to_owned() + &"/a".repeat(MAX_TOPIC_BYTES / 2 - 1);
    let publish = |payload| vec![ask("event.publish", &(&topic, value(payload)), 0)];
    let write = |text: String| vec![ask("log.write", &(2_u8, text), 0)];
    let stranger = "x".repeat(MAX_KEY_BYTES);
    let others = [
        ("log.write, 0 bytes", write(String::new())),
        ("log.write, 200 bytes", write("x".repeat(200))),
        ("log.write, 100 times é", write("é".repeat(100))),
        ("log.write, 20,000 bytes", write("x".repeat(20_000))),
        ("clock.now_us", vec![number("clock.now_us")]),
        ("clock.monotonic_us", vec![number("clock.monotonic_us")]),
        ("random.u64, seeded", vec![number("random.u64")]),
        ("random.fill, 0 bytes, seeded", vec![ask("random.fill", &0_u16, 0)]),
        ("random.fill, 1024 bytes, seeded", vec![ask("random.fill", &1024_u16, 1024)]),
        ("env.get", vec![ask("env.get", &"TZ", 4)]),
        ("env.get, not granted", vec![refused("env.get", &stranger, Status::NotGranted)]),
        ("event.publish, 0 bytes", publish(0)),
        ("event.publish, 256 bytes", publish(256)),
    ];
    let others = others.map(|(name, uses)| Case { name, kept: (0, 0), uses });
    let kept = kv_cases().map(|(name, kept, uses)| Case { name, kept, uses });
    others.into_iter().chain(kept).collect()
}

fn kv_cases() -> [(&'static str, (u32, usize), Vec<Use>); 15] {
    const NONE: (u32, usize) = (0, 0);
    // As much as the quotas allow.
    const MICRO: (u32, usize) = (32, 64);
    const MOST: (u32, usize) = (MAX_ENTRIES, 64);
    let get = |last: u32, bytes| vec![ask("kv.get", &key(last), bytes)];
    let set = |last: u32, bytes| vec![ask("kv.set", &(key(last), value(bytes)), 0)];
    // It stands before all that are kept.
    let first = key("!!!!");
    let set_and_delete =
        || vec![ask("kv.set", &(&first, value(64)), 0), ask("kv.delete", &first, 0)];
    let keys = |bytes| vec![ask("kv.keys", &"", bytes)];
    [
        ("kv.get, empty", NONE, vec![refused("kv.get", &first, Status::NotFound)]),
        ("kv.get, 32 entries", MICRO, get(31, 64)),
        ("kv.get, 1024 entries", MOST, get(1023, 64)),
        ("kv.get, 16 KiB", (1, 16_384), get(0, 16_384)),
        ("kv.set, 32 entries", MICRO, set(31, 64)),
        ("kv.set, 1024 entries", MOST, set(1023, 64)),
        ("kv.set, 16 KiB", (1, 16_384), set(0, 16_384)),
        ("kv.set and delete, empty", NONE, set_and_delete()),
        ("kv.set and delete, 31 entries", (31, 32), set_and_delete()),
        ("kv.set and delete, 1023 entries", (1023, 64), set_and_delete()),
        ("kv.delete, empty", NONE, vec![refused("kv.delete", &first, Status::NotFound)]),
        ("kv.keys, empty", NONE, keys(1)),
        ("kv.keys, 32 entries", MICRO, keys(1 + 32 * 65)),
        ("kv.keys, 1024 entries", MOST, keys(2 + 1024 * 65)),
        ("kv.keys, 1024, no room", MOST, vec![refused("kv.keys", &"", Status::TooSmall)]),
    ]
}

fn offered(case: &Case) -> Services {
    let mut services = Services::new(|| black_box(42));
    let mut store = MemoryStore::new(2048, 1_000_000);
    for number in 0..case.kept.0 {
        store.set("looper", &key(number), &value(case.kept.1)).expect("there is room");
    }
    let names = ["A", "B", "C", "D", "E", "F", "G", "TZ"];
    let (mut shown, mut queue) = (String::new(), Vec::new());
    for service in [
        Box::new(Log::new(u32::MAX, move |line| {
            shown.clear();
            write!(shown, "{line}").expect("a string takes it");
        })) as Box<dyn Service>,
        Box::new(Clock::new(|| Some(black_box(1_000_000)))),
        Box::new(Random::seeded(0)),
        Box::new(Kv::new(store, Quota::WORKSTATION)),
        Box::new(Env::new(names.map(|name| (name, "UTC")))),
        Box::new(Event::new(move |published| {
            queue.clear();
            queue.extend_from_slice(published.plugin.as_bytes());
            queue.extend_from_slice(published.topic.as_bytes());
            queue.extend_from_slice(published.payload);
            Ok(())
        })),
    ] {
        services.offer(service).expect("each is offered once");
    }
    services
}

/// A guest that does what a case says, and is stopped where an answer is another one.
fn guest(case: &Case) -> Vec<u8> {
    let (mut around, mut data, mut body) = (String::new(), String::new(), String::new());
    let mut at = 2048;
    for Use { operation, request, capacity, answer } in &case.uses {
        let (service, name) = operation.split_once('.').expect("a service and an operation");
        let (length, message) = (request.len(), !request.is_empty());
        let ty = if message { "(param i32 i32 i32 i32) (result i32)" } else { "(result i64)" };
        around += &format!("(import \"{service}\" \"{name}\" (func ${operation} {ty}))");
        let bytes: String = request.iter().map(|byte| format!("\\{byte:02x}")).collect();
        data += &format!("(data (i32.const {at}) \"{bytes}\")");
        body += &if message {
            format!(
                "(if (i32.ne (i32.const {answer}) (call ${operation} (i32.const {at})
                    (i32.const {length}) (i32.const 32768) (i32.const {capacity})))
                    (then unreachable))"
            )
        } else {
            format!("(drop (call ${operation}))")
        };
        at += length;
    }
    looping(&around, &data, &[("go", &body)])
}
