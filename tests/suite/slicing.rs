//! Any way of cutting a run into fuel slices gives the same result, memory and fuel as one go.

use crate::support::{guest, load, plugin_text};
use ampoule::{CallError, Context, Entry, Fault, Limits, Outcome, Pairs, Plugin, owned};
use proptest::prelude::*;

/// What a run leaves behind.
#[derive(Debug, PartialEq)]
struct Trace {
    outcome: Result<owned::Outcome, CallError>,
    fuel: u64,
    memory: usize,
}

fn run(wasm: &[u8], slice_fuel: u64, call_fuel: u64, format: &str, text: &str) -> Trace {
    let limits = Limits { slice_fuel, call_fuel, ..Limits::WORKSTATION };
    let mut plugin = load(wasm, &limits).unwrap();
    let execute: Entry<Context<'_>, Outcome<'_>> = plugin.bind("execute").unwrap();
    let parameters = [("format", format), ("some_value", text)];
    let context = Context {
        request_id: "r",
        parameters: Pairs::from_slice(&parameters),
        ..Context::default()
    };
    let outcome = plugin.call(&execute, &context).map(owned::Outcome::from);
    Trace { outcome, fuel: plugin.usage().fuel, memory: plugin.memory_bytes() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn slices_change_nothing(
        slice in prop_oneof![1_u64..200, 200_u64..20_000],
        format in prop_oneof![Just("camelCase"), Just("snake_case"), Just("none")],
        text in r#"[a-z{}\[\]":,0-9 ]{0,60}"#,
    ) {
        let wasm = guest("json-transformer");
        let whole = run(&wasm, u64::MAX, 10_000_000, format, &text);
        prop_assert_eq!(run(&wasm, slice, 10_000_000, format, &text), whole);
    }

    #[test]
    fn a_budget_ends_a_run_at_the_same_fuel_however_it_is_sliced(
        slice in 1_u64..3_000,
        budget in 1_u64..4_000,
    ) {
        let wasm = guest("json-transformer");
        let whole = run(&wasm, u64::MAX, budget, "camelCase", r#"{"a_b":1}"#);
        prop_assert_eq!(run(&wasm, slice, budget, "camelCase", r#"{"a_b":1}"#), whole);
    }
}

/// One block of many operators, which the engine charges at once.
fn costly_block() -> Vec<u8> {
    let block = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))".repeat(300);
    plugin_text(&format!(r#"(func (export "go") (param i32) (result i64) {block} (i64.const 0))"#))
}

fn go(plugin: &mut Plugin) -> Result<u64, CallError> {
    let entry: Entry<(), ()> = plugin.bind("go").unwrap();
    plugin.call(&entry, &())?;
    Ok(plugin.usage().fuel)
}

fn fuel_in_one_go(wasm: &[u8]) -> u64 {
    go(&mut load(wasm, &Limits::WORKSTATION).unwrap()).unwrap()
}

#[test]
fn a_slice_smaller_than_the_next_block_still_progresses() {
    let wasm = costly_block();
    let fuel = fuel_in_one_go(&wasm);
    assert!(fuel > 300);
    for slice_fuel in [0, 1, 2, 50, fuel - 1, fuel, fuel + 1] {
        let mut plugin = load(&wasm, &Limits { slice_fuel, ..Limits::MICRO }).unwrap();
        assert_eq!(go(&mut plugin), Ok(fuel), "slices of {slice_fuel}");
    }
}

#[test]
fn a_block_that_costs_more_than_the_budget_is_out_of_fuel() {
    let wasm = costly_block();
    let budget = fuel_in_one_go(&wasm) - 1;
    for slice_fuel in [1, 100, budget, u64::MAX] {
        let limits = Limits { slice_fuel, call_fuel: budget, ..Limits::MICRO };
        let mut plugin = load(&wasm, &limits).unwrap();
        let fault = CallError::Fault(Fault::OutOfFuel { budget });
        assert_eq!(go(&mut plugin), Err(fault), "slices of {slice_fuel}");
    }
}
