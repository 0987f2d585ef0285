//! Slots, queues, turns and their order.

use crate::support::{
    CONFIG, NumberEntry, Slow, clock, counter, entry, host, host_of, load, manifest, number, pass,
    value,
};
use ampoule::{
    BreakerRules, BreakerState, CallError, Config, Context, Diagnosis, EventKind, Fault, Host,
    LoadError, MAX_CALLS, Outcome, Refusal, SlotError, Source, Wake,
};

fn code<T: core::fmt::Debug>(result: Result<T, CallError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_call_answers_at_once_or_in_turns() {
    let (mut host, _) = host();
    let id = load(&mut host, "one");
    let add = entry(&mut host, id, "add");
    assert_eq!(host.call(&add, &number(3)).map(value), Ok(3));
    let call = host.start(&add, &number(4)).unwrap();
    assert_eq!(host.take(&call), None);
    let turn = host.poll(clock());
    assert!(turn.fuel > 0);
    assert_eq!(turn.next, Wake::Never);
    assert_eq!(host.take(&call).unwrap().map(value), Ok(7));
    assert_eq!(host.take(&call), Some(Err(Refusal::NoSuchCall {}.into())), "once");
}

#[test]
fn an_id_is_stale_once_its_plugin_is_gone() {
    let (mut host, _) = host();
    let id = load(&mut host, "one");
    let add = entry(&mut host, id, "add");
    let call = host.start(&add, &number(1)).unwrap();
    assert_eq!(host.unload(id), Ok(()));
    let again = load(&mut host, "one");
    assert_eq!((again.slot(), again.generation()), (id.slot(), id.generation() + 1));
    assert_eq!(code(host.call(&add, &number(1))), "C06");
    assert_eq!(code(host.take(&call).unwrap()), "C06");
    assert_eq!(host.unload(id).unwrap_err().code(), "C06");
    assert_eq!(host.bind::<(), ()>(id, "add").unwrap_err().code(), "B02");
    assert!(host.plugin(id).is_none() && host.counters(id).is_none());
    assert!(!host.cancel(&call));
    assert!(host.is_over(&call));
}

#[test]
fn an_entry_of_another_front_is_refused() {
    let (mut host, _) = host();
    let id = load(&mut host, "one");
    let wasm = counter("two", "1.0.0", "");
    let _ = entry(&mut host, id, "add");
    let plugin_entry: NumberEntry = {
        let bare = wasm.clone();
        let error = ampoule::Plugin::load(&bare, &ampoule::Limits::MICRO, &Context::default());
        assert!(error.is_err(), "it imports");
        let echo = include_bytes!("../../guests/prebuilt/echo.wasm");
        let plugin = ampoule::Plugin::load(echo, &ampoule::Limits::MICRO, &Context::default());
        plugin.unwrap().bind("echo").unwrap()
    };
    assert!(matches!(code(host.call(&plugin_entry, &number(1))), "C03" | "C06"));
}

#[test]
fn slots_and_names_are_checked_before_anything_is_lost() {
    let (mut host, _) = host_of::<2>(CONFIG);
    load(&mut host, "one");
    let wasm = counter("one", "2.0.0", "");
    let again = host.load(Source::new(&wasm).with_manifest(&manifest("one")));
    assert!(matches!(again, Err(LoadError::Slot(SlotError::NameTaken { .. }))), "{again:?}");
    load(&mut host, "two");
    let wasm = counter("three", "1.0.0", "");
    let third = host.load(Source::new(&wasm).with_manifest(&manifest("three")));
    assert_eq!(third, Err(LoadError::Slot(SlotError::Full { slots: 2 })));
    assert!(host.iter().map(|(_, plugin)| plugin.meta().name.to_owned()).eq(["one", "two"]));
}

#[test]
fn calls_of_a_plugin_wait_in_line() {
    let (mut host, _) = host();
    let id = load(&mut host, "one");
    let add = entry(&mut host, id, "add");
    let calls: Vec<_> = (1..=8).map(|it| host.start(&add, &number(it)).unwrap()).collect();
    assert_eq!(calls.len(), MAX_CALLS);
    assert_eq!(host.start(&add, &number(9)).unwrap_err(), Refusal::QueueFull {});
    assert!(host.cancel(&calls[2]));
    assert!(!host.cancel(&calls[2]));
    assert_eq!(host.call(&add, &number(100)).map(value), Ok(133), "after those that were started");
    let sums = calls.iter().map(|call| host.take(call).unwrap().map(value).ok());
    let expected = [Some(1), Some(3), None, Some(7), Some(12), Some(18), Some(25), Some(33)];
    assert_eq!(sums.collect::<Vec<_>>(), expected);
    let counters = host.counters(id).unwrap();
    assert_eq!((counters.calls, counters.successes, counters.refusals.queue_full), (8, 8, 1));
}

#[test]
fn a_loop_holds_up_nobody() {
    let (mut host, _) = host_of::<24>(Config { slice_fuel: 1_000, ..CONFIG });
    let looping = load(&mut host, "loop");
    let spin = entry(&mut host, looping, "spin");
    let endless = host.start(&spin, &number(0)).unwrap();
    let honest: Vec<_> = (0..20)
        .map(|it| {
            let id = load(&mut host, &format!("honest-{it}"));
            (id, entry(&mut host, id, "spin"))
        })
        .collect();
    // Some 2,000 fuel each: two or three slices.
    let calls: Vec<_> =
        honest.iter().map(|(_, spin)| host.start(spin, &number(400)).unwrap()).collect();
    let mut turns = 0;
    while !calls.iter().all(|call| host.is_over(call)) {
        let turn = host.poll(pass(10));
        assert!(turn.fuel <= 21 * 1_100, "a slice for each, and what a block costs over it");
        turns += 1;
    }
    assert!(turns <= 4, "{turns}");
    for call in &calls {
        assert_eq!(host.take(call).unwrap().map(value), Ok(400));
    }
    while !host.is_over(&endless) {
        host.poll(pass(10));
    }
    let fault = CallError::Fault(Fault::OutOfFuel { budget: 200_000 });
    assert_eq!(host.take(&endless), Some(Err(fault)));
}

#[test]
fn one_turn_has_a_bound_and_all_get_their_share() {
    let config = Config { slice_fuel: 1_000, turn_fuel: 3_000, ..CONFIG };
    let (mut host, _) = host_of::<8>(config);
    let ids: Vec<_> = (0..8).map(|it| load(&mut host, &format!("p{it}"))).collect();
    for &id in &ids {
        let spin = entry(&mut host, id, "spin");
        host.start(&spin, &number(0)).unwrap();
    }
    host.set_priority(ids[0], 3).unwrap();
    for _ in 0..40 {
        let turn = host.poll(clock());
        assert!(turn.fuel < 3_000 + 3_000 + 100, "{turn:?}");
        assert_eq!(turn.next, Wake::Now);
    }
    for &id in &ids {
        host.unload(id).unwrap();
    }
    let dropped =
        |event: ampoule::Event| matches!(event.what, EventKind::Unloaded { dropped: 1, .. });
    let mut unloaded = 0;
    while let Some(event) = host.next_event() {
        unloaded += usize::from(dropped(event));
    }
    assert_eq!(unloaded, 8);
}

#[test]
fn time_over_ends_a_call_and_replaces_its_instance() {
    const POLICY: ampoule::Policy<'_> =
        ampoule::Policy { deadline_micros: Some(1_000), ..crate::support::POLICY };
    let (mut host, _) = host_of::<2>(Config { policy: &POLICY, ..CONFIG });
    let id = load(&mut host, "one");
    let (add, spin) = (entry(&mut host, id, "add"), entry(&mut host, id, "spin"));
    assert_eq!(host.call(&add, &number(5)).map(value), Ok(5));
    let late = host.start(&spin, &number(0)).unwrap();
    let waiting = host.start(&add, &number(6)).unwrap();
    host.poll(clock());
    host.poll(pass(999));
    assert!(!host.is_over(&late));
    host.poll(pass(1));
    assert_eq!(host.take(&late), Some(Err(CallError::Fault(Fault::Deadline {}))));
    host.poll(clock());
    assert_eq!(code(host.take(&waiting).unwrap()), "C14");
    assert_eq!(host.call(&add, &number(7)).map(value), Ok(7), "a fresh instance counts from 0");
    let counters = host.counters(id).unwrap();
    assert_eq!((counters.failures.deadline, counters.instances), (1, 2));
}

#[test]
fn a_call_may_have_less_time_than_its_plugin() {
    const POLICY: ampoule::Policy<'_> =
        ampoule::Policy { deadline_micros: Some(30), ..crate::support::POLICY };
    // Time passes as often as somebody looks.
    let mut host = Host::<1>::new(Config { policy: &POLICY, ..CONFIG }, || pass(1));
    let (slow, clock) = (Slow::default(), ampoule::services::Clock::without_date());
    host.offer(Box::new(slow)).unwrap();
    host.offer(Box::new(clock)).unwrap();
    let id = load(&mut host, "one");
    let (add, spin) = (entry(&mut host, id, "add"), entry(&mut host, id, "spin"));
    assert_eq!(host.call(&add, &number(5)).map(value), Ok(5));
    let mut took = |micros| {
        let before = host.counters(id).unwrap();
        let ended = host.call_within(&spin, &number(0), micros);
        assert_eq!(ended, Err(CallError::Fault(Fault::Deadline {})), "{micros}");
        host.lift(id).unwrap();
        host.counters(id).unwrap().duration_total - before.duration_total
    };
    assert!((10..20).contains(&took(10)));
    assert!((30..40).contains(&took(100)), "the plugin's own deadline holds");
    assert!((30..40).contains(&took(u64::MAX)));
    assert!(took(0) < 5, "one slice");
    assert_eq!(host.call_within(&add, &number(7), 20).map(value), Ok(7), "a fresh instance");
    assert_eq!(host.counters(id).unwrap().instances, 5);
}

#[test]
fn faults_trip_the_breaker_and_a_probe_closes_it() {
    let breaker = BreakerRules { failures: 2, reset: 1_000, trips: 2, ..BreakerRules::MICRO };
    let (mut host, _) = host_of::<2>(Config { breaker, ..CONFIG });
    let id = load(&mut host, "one");
    let (add, trap) = (entry(&mut host, id, "add"), entry(&mut host, id, "trap"));
    let fail = entry(&mut host, id, "fail");
    for _ in 0..3 {
        assert_eq!(code(host.call(&fail, &number(0))), "C04", "no fault");
    }
    for _ in 0..2 {
        assert_eq!(code(host.call(&trap, &number(0))), "F03");
    }
    assert_eq!(code(host.call(&add, &number(0))), "C07");
    assert_eq!(host.start(&add, &number(0)).unwrap_err().code(), "C07");
    pass(1_000);
    let probe = host.start(&add, &number(0)).unwrap();
    assert_eq!(host.start(&add, &number(0)).unwrap_err().code(), "C08");
    assert!(host.cancel(&probe));
    assert_eq!(code(host.call(&trap, &number(0))), "F03");
    assert_eq!(host.breaker(id), Some(BreakerState::Quarantined), "two trips");
    pass(100_000_000);
    assert_eq!(code(host.call(&add, &number(0))), "C09");
    host.lift(id).unwrap();
    assert_eq!(host.call(&add, &number(2)).map(value), Ok(2));
    let mut kinds = Vec::new();
    while let Some(event) = host.next_event() {
        assert_eq!(event.plugin, id);
        kinds.push(format!("{:?}", event.what));
    }
    let kinds: Vec<_> = kinds.iter().map(|kind| kind.split(' ').next().unwrap()).collect();
    let expected = ["Loaded", "Faulted", "Faulted", "Tripped", "Faulted", "Quarantined", "Lifted"];
    assert_eq!(kinds, expected);
}

#[test]
fn events_that_nobody_takes_are_counted() {
    let (mut host, _) = host();
    let id = load(&mut host, "one");
    for _ in 0..40 {
        host.lift(id).unwrap();
    }
    assert_eq!(host.next_event().unwrap().what, EventKind::Lost { events: 9 });
    let rest = core::iter::from_fn(|| host.next_event()).count();
    assert_eq!(rest, 32);
}

#[test]
fn typed_messages_cross_as_they_do_with_a_plugin() {
    let mut host = Host::<1>::new(Config::WORKSTATION, clock);
    let wasm = include_bytes!("../../guests/prebuilt/json-transformer.wasm");
    let id = host.load(Source::new(wasm)).unwrap();
    let execute = host.bind::<Context<'_>, Outcome<'_>>(id, "execute").unwrap();
    let context = Context { request_id: "r-1", ..Context::default() };
    assert!(host.call(&execute, &context).unwrap().success);
    let call = host.start(&execute, &context).unwrap();
    host.poll(clock());
    assert!(host.take(&call).unwrap().unwrap().success);
}
