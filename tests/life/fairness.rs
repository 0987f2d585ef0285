//! Who gets how much, and how long the others wait: in fuel and turns.

use crate::support::{CONFIG, clock, counter, entry, host_of, load, number, pass, value};
use ampoule::{
    Call, Caller, Config, Form, Host, Limits, Manifest, Operation, PluginId, Policy, Scalar,
    Service, Source, Status, ValueType, Wake,
};

const SLICE: u64 = 1_000;
/// What one block of `spin` costs at most.
const BLOCK: u64 = 20;

/// Room for calls that don't end while a test looks at them.
const POLICY: Policy<'_> = Policy {
    limits: Limits { call_fuel: 100_000_000, ..crate::support::POLICY.limits },
    ..crate::support::POLICY
};

fn config(turn_fuel: u64) -> Config<'static> {
    Config { policy: &POLICY, slice_fuel: SLICE, turn_fuel, ..CONFIG }
}

/// Starts an endless call of as many plugins as there are priorities.
fn loops<const SLOTS: usize>(host: &mut Host<'_, SLOTS>, priorities: &[u8]) -> Vec<Call<[u8; 4]>> {
    let start = |(at, priority): (usize, &u8)| {
        let id = load(host, &format!("loop-{at}"));
        host.set_priority(id, *priority).unwrap();
        let spin = entry(host, id, "spin");
        host.start(&spin, &number(0)).unwrap()
    };
    priorities.iter().enumerate().map(start).collect()
}

/// Cancels a call and tells the fuel that it has used.
fn used<const SLOTS: usize>(host: &mut Host<'_, SLOTS>, call: &Call<[u8; 4]>) -> u64 {
    assert!(host.cancel(call));
    host.counters(call.plugin()).unwrap().fuel_total
}

#[test]
fn each_gets_fuel_by_its_priority() {
    let (mut host, _) = host_of::<4>(config(1_000_000));
    let priorities = [1, 2, 3, 16];
    let calls = loops(&mut host, &priorities);
    for _ in 0..100 {
        host.poll(pass(1));
    }
    for (call, priority) in calls.iter().zip(priorities) {
        let (fuel, share) = (used(&mut host, call), 100 * SLICE * u64::from(priority));
        assert!(fuel.abs_diff(share) <= SLICE, "{fuel} of {share}");
    }
}

#[test]
fn each_gets_fuel_by_its_priority_where_turns_are_too_short_for_all() {
    for turn_fuel in [100, 999, 2_500, 3_700, 9_999] {
        let (mut host, _) = host_of::<4>(config(turn_fuel));
        let priorities = [1, 1, 2, 3];
        let calls = loops(&mut host, &priorities);
        // A hundred rounds of seven slices.
        let mut sum = 0;
        while sum < 700 * SLICE {
            let turn = host.poll(pass(1));
            assert!(turn.fuel < turn_fuel + SLICE, "{turn:?}");
            assert_eq!(turn.next, Wake::Now);
            sum += turn.fuel;
        }
        for (call, priority) in calls.iter().zip(priorities) {
            let (fuel, share) = (used(&mut host, call), 100 * SLICE * u64::from(priority));
            let round = SLICE * u64::from(priority);
            assert!(fuel.abs_diff(share) <= round + 100 * BLOCK, "{fuel} of {share}, {turn_fuel}");
        }
    }
}

#[test]
fn a_call_among_twenty_loops_starts_within_the_turns_that_its_share_takes() {
    for (turn_fuel, most_turns) in [(1_000_000, 1), (5 * SLICE, 5)] {
        let (mut host, _) = host_of::<24>(config(turn_fuel));
        let calls = loops(&mut host, &[1; 20]);
        let id = load(&mut host, "new");
        let add = entry(&mut host, id, "add");
        for skipped in 0..7 {
            for _ in 0..skipped {
                host.poll(pass(1));
            }
            let call = host.start(&add, &number(1)).unwrap();
            let (mut turns, mut fuel) = (0, 0);
            while !host.is_over(&call) {
                fuel += host.poll(pass(1)).fuel;
                turns += 1;
            }
            assert!(turns <= most_turns, "{turns}");
            assert!(fuel <= 21 * SLICE + 20 * BLOCK, "{fuel}");
            host.take(&call).unwrap().unwrap();
        }
        assert!(calls.iter().all(|call| !host.is_over(call)));
    }
}

/// A service whose one operation costs as much as `COST` fuel.
struct Dear;

const COST: u32 = 25_000;

impl Service for Dear {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn operations(&self) -> &'static [Operation] {
        &[
            Operation {
                name: "ask",
                form: Form::Scalar { params: &[ValueType::I32], result: Some(ValueType::I32) },
                base_fuel: COST,
                byte_fuel: 0,
            },
            Operation { name: "echo", form: Form::Message, base_fuel: 0, byte_fuel: 0 },
        ]
    }

    fn scalar(&mut self, _: &Caller<'_>, _: usize, _: &[Scalar]) -> Result<Scalar, Status> {
        Ok(Scalar::I32(1))
    }
}

/// Uses the dear operation over and over.
const GREEDY: &str = r#"(func (export "greed") (param i32) (result i64)
    (loop $again (br_if $again (call $ask (i32.const 0)))) (i64.const 0))"#;

fn greedy(host: &mut Host<'_, 2>) -> PluginId {
    let text = r#"{ "meta": { "name": "greedy", "version": "1.0.0" }, "capabilities": { "services": [
        { "service": "slow", "operations": ["ask", "echo"] },
        { "service": "clock", "operations": ["sleep_ms"] } ] } }"#;
    let wasm = counter("greedy", "1.0.0", GREEDY);
    let manifest = Manifest::parse(text.as_bytes()).unwrap();
    host.load(Source::new(&wasm).with_manifest(&manifest)).unwrap()
}

#[test]
fn what_an_operation_costs_beyond_a_slice_is_paid_back() {
    let mut host = Host::<2>::new(config(1_000_000), clock);
    host.offer(Box::new(Dear)).unwrap();
    host.offer(Box::new(ampoule::services::Clock::without_date())).unwrap();
    let id = greedy(&mut host);
    let greed = entry(&mut host, id, "greed");
    let greed = host.start(&greed, &number(0)).unwrap();
    let honest = loops(&mut host, &[1]);
    let alone = |turn: ampoule::Turn| turn.fuel <= SLICE + BLOCK;
    let skipped = (0..260).filter(|_| alone(host.poll(pass(1)))).count();
    assert!(skipped >= 249, "{skipped} of 260 turns, one in 25 pays for the rest");
    let (dear, cheap) = (used(&mut host, &greed), used(&mut host, &honest[0]));
    assert!(dear <= 260 * SLICE + u64::from(COST), "{dear}");
    assert!(cheap >= 259 * SLICE, "{cheap}");
}

#[test]
fn a_debt_stays_while_calls_wait() {
    let mut host = Host::<2>::new(config(1_000_000), clock);
    host.offer(Box::new(Dear)).unwrap();
    host.offer(Box::new(ampoule::services::Clock::without_date())).unwrap();
    let id = greedy(&mut host);
    let wait = entry(&mut host, id, "wait");
    let calls = [0, 1].map(|it| host.start(&wait, &number(it)).unwrap());
    assert!(host.poll(pass(1)).fuel > u64::from(COST));
    for turn in 0..u64::from(COST) / SLICE - 2 {
        assert_eq!(host.poll(pass(1)).fuel, 0, "{turn}");
    }
    assert!(!host.is_over(&calls[1]));
    while host.poll(pass(1)).next == Wake::Now {}
    assert_eq!(host.take(&calls[1]).unwrap().map(value), Ok(1));
}

#[test]
fn a_turn_that_was_cut_does_not_outlast_its_call() {
    let (mut host, _) = host_of::<2>(config(2 * SLICE));
    let calls = loops(&mut host, &[1, 16]);
    let wasm = counter("loop-1", "2.0.0", "");
    host.poll(pass(1));
    let long = calls[1].plugin();
    host.reload(long, Source::new(&wasm).with_manifest(&crate::support::manifest("loop-1")))
        .unwrap();
    assert!(host.cancel(&calls[1]));
    for _ in 0..3 {
        assert!(host.poll(pass(1)).fuel.abs_diff(SLICE) < BLOCK, "the other one goes on");
    }
    assert_eq!(host.plugin(long).unwrap().meta().version, "2.0.0");
}
