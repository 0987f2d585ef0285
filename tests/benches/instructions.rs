//! Instructions per operation under callgrind, by Ampoule and by what it is compared with: repeatable on
//! a noisy machine. `cargo bench -p ampoule-tests --bench instructions` prints the table; it fails where a
//! ratio is over its aim. A word after `--` picks the cases whose names contain it.

mod common;
mod turns;
mod uses;

use ampoule::{Config, Context, Limits, Plugin};
use ampoule_cell::CountingHeap;
use common::{HostOfMany, Hosted, Raw, mirror, prebuilt, raw_engine, transform_context};
use core::hint::black_box;
use std::{alloc::System, env, process::ExitCode};
use uses::{HostedUser, RawUser, USES_IN_A_TURN, callgrind};
use wasmi::Module;

/// What is measured beside raw wasmi, and the most that it may cost over that.
const CASES: [(&str, f64); 20] = [
    ("noop", 1.10),
    // In slices of fuel, beside a raw call that can be resumed.
    ("noop-sliced", 1.45),
    // A host of one and of a thousand plugins: breaker, counters and the clock twice come on top.
    ("host-of-1", 1.60),
    ("host-of-1000", 1.60),
    // With a deadline, so in slices; and started, polled and taken, beside a raw call that can be resumed.
    ("host-deadline", 2.30),
    ("host-turn", 4.00),
    ("echo-64", 1.10),
    ("echo-1024", 1.25),
    ("echo-16384", 1.25),
    ("transform", 1.25),
    ("load-3-kb", 1.25),
    ("load-60-kb", 1.25),
    ("instantiate-3-kb", 1.25),
    ("instantiate-60-kb", 1.25),
    // One use of a service, beside a host function that does the same and charges fuel for it.
    ("op-number", 1.40),
    ("op-add", 1.40),
    ("op-copy-64", 1.40),
    ("op-copy-1024", 1.40),
    // Beside one that charges nothing.
    ("op-unpaid-add", 1.50),
    ("op-unpaid-copy-64", 1.50),
];

/// What is measured beside something of Ampoule's own, what that is, and the most that it may cost over it.
const OWN_CASES: [(&str, &str, Option<f64>); 10] = [
    // On a workstation, in the cell that counts.
    ("cell-call", "Host::call", Some(1.25)),
    // A million of fuel.
    ("slices-loop-10k", "one slice", Some(1.05)),
    ("slices-loop-1k", "one slice", None),
    // 21,000 of fuel.
    ("slices-transform-10k", "one slice", Some(1.05)),
    ("slices-transform-1k", "one slice", None),
    ("slices-transform-call-10k", "Host::call", Some(1.10)),
    // A fresh plugin, without a host around it.
    ("reload-3-kb", "Plugin::load", Some(1.25)),
    ("reload-60-kb", "Plugin::load", Some(1.25)),
    // A reload that is taken back, beside one that takes the place of the one before: both end a version.
    ("roll-back-3-kb", "Host::reload", Some(1.10)),
    ("roll-back-60-kb", "Host::reload", Some(1.10)),
];

/// Not the allocator here: a call allocates nothing.
static COUNTING: CountingHeap<System> = CountingHeap::new(System);
const COUNTED: Config<'_> = Config { cell: Some(&COUNTING), ..Config::WORKSTATION };

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--case", side, case, turns] => {
            run(side, case, turns.parse().expect("a number of turns"));
            ExitCode::SUCCESS
        }
        _ => table(arguments.iter().skip(1).find(|it| !it.starts_with('-')).map_or("", |it| it)),
    }
}

/// Measures the cases whose names contain `part`.
fn table(part: &str) -> ExitCode {
    println!(
        "{:<26}{:>14}{:>14}{:>9}{:>7}  beside",
        "instructions", "ampoule", "the other", "ratio", "aim"
    );
    let raw = CASES.into_iter().map(|(case, aim)| (case, "raw wasmi", Some(aim)));
    let mut over = 0;
    for (case, other, aim) in raw.chain(OWN_CASES).filter(|row| row.0.contains(part)) {
        let (ampoule, beside) = (count("ampoule", case), count("raw", case));
        let ratio = ampoule / beside;
        over += u8::from(aim.is_some_and(|aim| ratio > aim));
        let aim = aim.map_or("-".to_owned(), |aim| format!("{aim:.2}"));
        println!("{case:<26}{ampoule:>14.0}{beside:>14.0}{ratio:>9.3}{aim:>7}  {other}");
    }
    if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Instructions of one turn: the difference between many and few, so that start-up falls out.
fn count(side: &str, case: &str) -> f64 {
    let (few, many) = match case.split('-').next() {
        Some("load") => (2, 12),
        Some("reload" | "roll") => (10, 30),
        Some("slices") if case.contains("loop") => (2, 12),
        // The allocator takes some turns to come to rest.
        Some("instantiate") => (100, 300),
        // Uses within a single call.
        Some("op") => (0, 100 * USES_IN_A_TURN),
        _ => (100, 1100),
    };
    let run = |turns: u32| callgrind(&["--case", side, case, &turns.to_string()]).0;
    (run(many) - run(few)) / f64::from(many - few)
}

fn run(side: &str, case: &str, turns: u32) {
    let size = case.rsplit('-').next().and_then(|size| size.parse().ok()).unwrap_or(0);
    let message = vec![0x5a; size];
    let context = transform_context();
    match (side, case) {
        ("ampoule", "noop") => repeat(turns, Hosted::new(&mirror()).noop()),
        ("ampoule", "noop-sliced") => {
            let limits = Limits { slice_fuel: 10_000, ..Limits::WORKSTATION };
            repeat(turns, Hosted::with(&mirror(), &limits).noop());
        }
        ("ampoule", "host-of-1") => repeat(turns, HostOfMany::new(1, None).noop()),
        ("ampoule", "host-of-1000") => repeat(turns, HostOfMany::new(1000, None).noop()),
        ("ampoule", "host-deadline") => repeat(turns, HostOfMany::new(1, Some(1_000_000)).noop()),
        ("ampoule", "cell-call") => repeat(turns, HostOfMany::with(1, COUNTED).noop()),
        ("raw", "cell-call") => repeat(turns, HostOfMany::new(1, None).noop()),
        ("ampoule", "host-turn") => repeat(turns, HostOfMany::new(1, None).turn()),
        ("raw", "host-deadline" | "host-turn") => repeat(turns, Raw::new(&mirror()).noop_sliced()),
        ("raw", case) if case.starts_with("host") => repeat(turns, Raw::new(&mirror()).noop()),
        ("raw", "noop-sliced") => repeat(turns, Raw::new(&mirror()).noop_sliced()),
        ("raw", "noop") => repeat(turns, Raw::new(&mirror()).noop()),
        ("ampoule", "transform") => {
            repeat(turns, Hosted::new(&prebuilt("json-transformer")).transform(&context));
        }
        ("raw", "transform") => {
            repeat(turns, Raw::new(&prebuilt("json-transformer")).transform(&context));
        }
        ("ampoule", case) if case.starts_with("echo") => {
            repeat(turns, Hosted::new(&mirror()).echo(&message));
        }
        ("raw", case) if case.starts_with("echo") => {
            repeat(turns, Raw::new(&mirror()).echo(&message));
        }
        (side, case) if case.starts_with("slices") => turns::slices(side, case, turns),
        (side, case) if case.starts_with("reload") || case.starts_with("roll") => {
            turns::versions(side, case, turns);
        }
        (side, case) => match case.strip_prefix("op-") {
            Some(operation) => use_service(side, operation, turns / USES_IN_A_TURN),
            None => start(side, case, turns),
        },
    }
}

fn use_service(side: &str, operation: &str, turns: u32) {
    let charged = operation.strip_prefix("unpaid-");
    let entry = charged.unwrap_or(operation);
    if side == "ampoule" {
        HostedUser::new().turns(entry, turns);
    } else {
        RawUser::new(charged.is_none()).turns(entry, turns);
    }
}

/// Loading, and making and calling a further instance of what is loaded.
fn start(side: &str, case: &str, turns: u32) {
    let (_, wasm) = common::modules()
        .into_iter()
        .find(|(name, _)| case.ends_with(name))
        .expect("the case names a module");
    match (side, case.starts_with("load")) {
        ("ampoule", true) => repeat(turns, || {
            let plugin = Plugin::load(&wasm, &Limits::WORKSTATION, &Context::default());
            black_box(plugin.expect("it loads"));
        }),
        ("raw", true) => repeat(turns, || {
            // As the host does, and for the same reason: translation may panic on what
            // validation refuses.
            Module::validate(&raw_engine(), &wasm).expect("it is valid");
            black_box(Raw::new(&wasm));
        }),
        ("ampoule", false) => {
            let mut plugin =
                Plugin::load(&wasm, &Limits::WORKSTATION, &Context::default()).expect("it loads");
            // Another message than elsewhere, or the compiler shares the call with the other cases.
            let noop = plugin.bind::<bool, ()>("noop").expect("it is exported");
            repeat(turns, || {
                plugin.stop();
                plugin.call(&noop, &true).expect("it answers");
            });
        }
        _ => {
            let module = Module::new(&raw_engine(), &wasm).expect("it translates");
            repeat(turns, || {
                Raw::instantiate(&module).call("noop", &true);
            });
        }
    }
}

fn repeat(turns: u32, mut work: impl FnMut()) {
    for _ in 0..turns {
        work();
    }
}
