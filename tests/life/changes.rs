//! Versions, breaker and turns where several things happen at once.

use crate::support::{
    CONFIG, Number, STATE, Slow, clock, counter, entry, host, host_of, load, manifest, number,
    pass, value,
};
use ampoule::{
    BreakerRules, BreakerState, Config, Diagnosis, Host, LoadError, PluginId, Probation, Refusal,
    Source, Wake,
};

/// Asks `slow` once on its way out.
const FAREWELL: &str = r#"(func (export "ampoule_destroy") (param i32) (result i64)
    (drop (call $ask (i32.const 0))) (i64.const 0))"#;

/// Starts only if `slow` answers 0.
const PICKY: &str = r#"(func (export "ampoule_init") (param i32) (result i64)
    (if (call $ask (i32.const 0)) (then unreachable)) (i64.const 0))"#;

const EXTRA: &str =
    r#"(func (export "extra") (param i32) (result i64) (call $answer (i32.const 9)))"#;

fn load_more<const SLOTS: usize>(host: &mut Host<'_, SLOTS>, more: &str) -> PluginId {
    let wasm = counter("one", "1.0.0", more);
    host.load(Source::new(&wasm).with_manifest(&manifest("one"))).unwrap()
}

fn reload<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    id: PluginId,
    version: &str,
    more: &str,
) -> Result<(), LoadError> {
    let wasm = counter("one", version, more);
    host.reload(id, Source::new(&wasm).with_manifest(&manifest("one")))
}

fn version<const SLOTS: usize>(host: &Host<'_, SLOTS>, id: PluginId) -> String {
    host.plugin(id).unwrap().meta().version.to_owned()
}

#[test]
fn a_slot_that_is_filled_anew_gets_its_turns() {
    let (mut host, _) = host_of::<1>(CONFIG);
    for _ in 0..3 {
        let id = load(&mut host, "one");
        let add = entry(&mut host, id, "add");
        let call = host.start(&add, &number(1)).unwrap();
        assert_eq!(host.poll(clock()).next, Wake::Never);
        assert_eq!(host.take(&call).unwrap().map(value), Ok(1));
        host.start(&add, &number(1)).unwrap();
        host.unload(id).unwrap();
    }
}

#[test]
fn every_version_that_was_initialized_is_destroyed() {
    let farewell = format!("{STATE}{FAREWELL}");
    let refuses = format!(
        r#"{FAREWELL}(func (export "ampoule_restore") (param i32) (result i64)
            (i64.store (i32.const 128) (i64.const 0x0021_0107)) (i64.const 0x8000_0080_0000_0003))"#
    );
    let (mut host, slow) = host();
    let asked = || slow.0.lock().unwrap().asked.0;
    let id = load_more(&mut host, &farewell);
    let wait = entry(&mut host, id, "wait");
    reload(&mut host, id, "2.0.0", &refuses).unwrap_err();
    assert_eq!(asked(), 1, "the one that refused the state");
    reload(&mut host, id, "2.0.0", &farewell).unwrap();
    host.start(&wait, &number(0)).unwrap();
    host.poll(clock());
    reload(&mut host, id, "3.0.0", &farewell).unwrap();
    assert_eq!(asked(), 2, "the guest's own");
    reload(&mut host, id, "4.0.0", &farewell).unwrap();
    assert_eq!(asked(), 3, "the one whose place was taken");
    host.unload(id).unwrap();
    assert_eq!(asked(), 5, "the one that waited and the one before, not the one that was stopped");
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one"]);
}

#[test]
fn a_module_without_a_bound_entry_never_runs() {
    let (mut host, slow) = host();
    slow.answers(Ok(0));
    let id = load_more(&mut host, &format!("{EXTRA}{PICKY}"));
    entry(&mut host, id, "extra");
    let asked = slow.0.lock().unwrap().asked.0;
    assert_eq!(reload(&mut host, id, "2.0.0", PICKY).unwrap_err().code(), "L05");
    assert_eq!(slow.0.lock().unwrap().asked.0, asked);
}

#[test]
fn an_entry_that_was_asked_for_by_name_keeps_no_version_away() {
    let (mut host, slow) = host();
    slow.answers(Ok(0));
    let with = format!("{EXTRA}{PICKY}");
    let id = load_more(&mut host, &with);
    let extra = host.bind_for_now::<Number, Number>(id, "extra").unwrap();
    assert_eq!(host.call(&extra, &number(1)).map(value), Ok(9));
    // It waits, and the version that comes hasn't got it.
    let waiting = host.start(&extra, &number(2)).unwrap();
    reload(&mut host, id, "2.0.0", PICKY).unwrap();
    while !host.is_over(&waiting) {
        host.poll(clock());
    }
    let answer = host.take(&waiting).unwrap().map(value);
    assert_eq!(answer.map_err(|error| error.code()), Err("C03"));
    assert_eq!(host.call(&extra, &number(3)).map_err(|error| error.code()).map(value), Err("C03"));
    let again = host.bind_for_now::<Number, Number>(id, "extra");
    assert_eq!(again.unwrap_err().code(), "B01");
    reload(&mut host, id, "3.0.0", &with).unwrap();
    assert_eq!(host.call(&extra, &number(4)).map(value), Ok(9), "it has it again");
    // Whoever binds it for good does so for all.
    entry(&mut host, id, "extra");
    assert_eq!(reload(&mut host, id, "4.0.0", PICKY).unwrap_err().code(), "L05");
}

#[test]
fn a_fault_is_not_put_down_to_the_next_version() {
    let (mut host, _) = host();
    let id = load_more(&mut host, STATE);
    let (add, trap) = (entry(&mut host, id, "add"), entry(&mut host, id, "trap"));
    assert_eq!(host.call(&add, &number(5)).map(value), Ok(5));
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    assert!(host.call(&trap, &number(0)).is_err());
    reload(&mut host, id, "3.0.0", STATE).unwrap();
    host.poll(clock());
    assert_eq!(version(&host, id), "3.0.0");
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(6), "the state of the first");
    host.roll_back(id).unwrap();
    assert_eq!(version(&host, id), "1.0.0");
}

#[test]
fn a_version_that_has_passed_its_probation_is_one_to_go_back_to() {
    let probation = Probation { calls: 1, micros: 1_000_000 };
    for sliced in [false, true] {
        let (mut host, _) = host_of::<2>(Config { probation, ..CONFIG });
        let id = load_more(&mut host, STATE);
        let add = entry(&mut host, id, "add");
        reload(&mut host, id, "2.0.0", STATE).unwrap();
        if sliced {
            let spin = entry(&mut host, id, "spin");
            host.start(&spin, &number(300)).unwrap();
            host.poll(clock());
            reload(&mut host, id, "3.0.0", STATE).unwrap();
            while version(&host, id) != "3.0.0" {
                host.poll(clock());
            }
        } else {
            assert_eq!(host.call(&add, &number(5)).map(value), Ok(5));
            reload(&mut host, id, "3.0.0", STATE).unwrap();
        }
        host.roll_back(id).unwrap();
        assert_eq!(version(&host, id), "2.0.0");
    }
}

#[test]
fn a_call_that_is_started_after_a_fault_runs_on_the_old_version() {
    let (mut host, _) = host();
    let id = load_more(&mut host, STATE);
    let (add, trap) = (entry(&mut host, id, "add"), entry(&mut host, id, "trap"));
    assert_eq!(host.call(&add, &number(5)).map(value), Ok(5));
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    assert!(host.call(&trap, &number(0)).is_err());
    let call = host.start(&add, &number(1)).unwrap();
    host.poll(clock());
    assert_eq!(host.take(&call).unwrap().map(value), Ok(6));
}

#[test]
fn a_version_that_does_not_start_again_reverts_before_the_next_call() {
    let (mut host, slow) = host();
    slow.answers(Ok(0));
    let id = load_more(&mut host, "");
    let (add, spin) = (entry(&mut host, id, "add"), entry(&mut host, id, "spin"));
    reload(&mut host, id, "2.0.0", PICKY).unwrap();
    slow.answers(Ok(1));
    let endless = host.start(&spin, &number(0)).unwrap();
    let calls = [1, 2, 3].map(|it| host.start(&add, &number(it)).unwrap());
    host.poll(clock());
    assert!(host.cancel(&endless));
    while host.poll(clock()).next == Wake::Now {}
    let answers = calls.map(|call| host.take(&call).unwrap().map(value).map_err(|it| it.code()));
    assert_eq!(answers, [Err("F03"), Ok(2), Ok(5)]);
    assert_eq!(version(&host, id), "1.0.0");
}

#[test]
fn a_call_that_sleeps_past_the_probation_wants_no_turns() {
    let probation = Probation { calls: 9, micros: 1_000 };
    let (mut host, slow) = host_of::<2>(Config { probation, ..CONFIG });
    let id = load_more(&mut host, "");
    let (wait, add) = (entry(&mut host, id, "wait"), entry(&mut host, id, "add"));
    reload(&mut host, id, "2.0.0", "").unwrap();
    slow.0.lock().unwrap().again_at = Some(u64::MAX);
    let call = host.start(&wait, &number(0)).unwrap();
    host.poll(clock());
    assert_eq!(host.poll(pass(5_000)).next, Wake::Never);
    assert_eq!(host.call(&add, &number(0)), Err(Refusal::Asleep {}.into()));
    slow.answers(Ok(3));
    host.wake(id).unwrap();
    host.poll(clock());
    assert_eq!(host.take(&call).unwrap().map(value), Ok(3));
}

#[test]
fn entries_of_a_version_that_was_reverted_leave_the_others_bound() {
    let (mut host, _) = host();
    let id = load_more(&mut host, "");
    let add = entry(&mut host, id, "add");
    reload(&mut host, id, "2.0.0", EXTRA).unwrap();
    let extra = entry(&mut host, id, "extra");
    let spin = entry(&mut host, id, "spin");
    let waits = host.start(&add, &number(4)).unwrap();
    host.roll_back(id).unwrap();
    host.poll(clock());
    assert_eq!(host.take(&waits).unwrap().map(value), Ok(4));
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(5));
    assert_eq!(host.call(&spin, &number(2)).map(value), Ok(2));
    assert_eq!(host.call(&extra, &number(1)), Err(Refusal::OtherPlugin {}.into()));
    assert_eq!(host.start(&extra, &number(1)).unwrap_err(), Refusal::OtherPlugin {});
    reload(&mut host, id, "3.0.0", "").unwrap();
    assert_eq!(host.call(&spin, &number(2)).map(value), Ok(2));
    reload(&mut host, id, "4.0.0", EXTRA).unwrap();
    assert_eq!(host.call(&extra, &number(1)).map(value), Ok(9), "it is there again");
    assert_eq!(reload(&mut host, id, "5.0.0", "").unwrap_err().code(), "L05");
}

#[test]
fn an_entry_that_was_bound_after_staging_is_asked_for_too() {
    let (mut host, slow) = host();
    let id = load_more(&mut host, EXTRA);
    let wait = entry(&mut host, id, "wait");
    host.start(&wait, &number(0)).unwrap();
    host.poll(clock());
    reload(&mut host, id, "2.0.0", "").unwrap();
    let extra = entry(&mut host, id, "extra");
    slow.answers(Ok(0));
    host.poll(clock());
    assert_eq!(version(&host, id), "1.0.0");
    assert_eq!(host.call(&extra, &number(1)).map(value), Ok(9));
    let codes = core::iter::from_fn(|| host.next_event()).filter_map(|event| match event.what {
        ampoule::EventKind::Refused { code, .. } => Some(code),
        _ => None,
    });
    assert_eq!(codes.collect::<Vec<_>>(), ["L05"]);
}

#[test]
fn what_versions_have_used_is_counted_once() {
    let (mut host, slow) = host();
    slow.answers(Ok(0));
    let id = load_more(&mut host, "");
    let wait = entry(&mut host, id, "wait");
    let mut uses = 0;
    let mut used = |host: &mut Host<'_, 8>, instances| {
        assert_eq!(host.call(&wait, &number(0)).map(value), Ok(0));
        uses += 1;
        let counters = host.counters(id).unwrap();
        assert_eq!((counters.host_calls, counters.instances), (uses, instances));
    };
    used(&mut host, 1);
    reload(&mut host, id, "2.0.0", "").unwrap();
    used(&mut host, 2);
    host.roll_back(id).unwrap();
    used(&mut host, 2);
    reload(&mut host, id, "3.0.0", "").unwrap();
    used(&mut host, 3);
    reload(&mut host, id, "4.0.0", "").unwrap();
    used(&mut host, 4);
    pass(100_000_000);
    host.poll(clock());
    used(&mut host, 4);
}

#[test]
fn calls_in_line_are_refused_when_the_breaker_opens() {
    let breaker = BreakerRules { failures: 1, reset: 1_000, ..BreakerRules::MICRO };
    let (mut host, _) = host_of::<2>(Config { breaker, ..CONFIG });
    let id = load(&mut host, "one");
    let (add, trap) = (entry(&mut host, id, "add"), entry(&mut host, id, "trap"));
    let trips = host.start(&trap, &number(0)).unwrap();
    let waits = [1, 2].map(|it| host.start(&add, &number(it)).unwrap());
    while host.poll(clock()).next == Wake::Now {}
    let codes = |host: &mut Host<'_, 2>, call| host.take(call).unwrap().unwrap_err().code();
    assert_eq!(codes(&mut host, &trips), "F03");
    assert_eq!(waits.each_ref().map(|call| codes(&mut host, call)), ["C07", "C07"]);
    let counters = host.counters(id).unwrap();
    assert_eq!((counters.calls, counters.refusals.breaker_open), (1, 2));
    let probe = host.start(&add, &number(3));
    assert_eq!(probe.unwrap_err().code(), "C07");
    pass(1_000);
    let probe = host.start(&add, &number(3)).unwrap();
    assert_eq!(host.breaker(id), Some(BreakerState::HalfOpen));
    host.poll(clock());
    assert_eq!(host.take(&probe).unwrap().map(value), Ok(3));
    assert_eq!(host.breaker(id), Some(BreakerState::Closed));
}

#[test]
fn calls_in_line_are_refused_in_quarantine_and_the_one_under_way_goes_on() {
    let (mut host, slow) = host();
    let id = load(&mut host, "one");
    let (wait, add) = (entry(&mut host, id, "wait"), entry(&mut host, id, "add"));
    let waits = host.start(&wait, &number(0)).unwrap();
    let adds = host.start(&add, &number(1)).unwrap();
    host.poll(clock());
    host.quarantine(id).unwrap();
    slow.answers(Ok(4));
    while host.poll(clock()).next == Wake::Now {}
    assert_eq!(host.take(&waits).unwrap().map(value), Ok(4));
    assert_eq!(host.take(&adds).unwrap().unwrap_err().code(), "C09");
    assert_eq!(host.counters(id).unwrap().refusals.quarantined, 1);
}

#[test]
fn calls_that_waited_for_a_new_version_count_for_its_breaker() {
    let breaker = BreakerRules { failures: 2, ..BreakerRules::MICRO };
    let probation = Probation { calls: 0, micros: 0 };
    let (mut host, slow) = host_of::<2>(Config { breaker, probation, ..CONFIG });
    let id = load(&mut host, "one");
    let (wait, trap) = (entry(&mut host, id, "wait"), entry(&mut host, id, "trap"));
    host.start(&wait, &number(0)).unwrap();
    host.start(&trap, &number(0)).unwrap();
    host.start(&trap, &number(0)).unwrap();
    host.poll(clock());
    reload(&mut host, id, "2.0.0", "").unwrap();
    slow.answers(Ok(0));
    while host.poll(clock()).next == Wake::Now {}
    assert_eq!(version(&host, id), "2.0.0");
    assert!(matches!(host.breaker(id), Some(BreakerState::Open { .. })));
}

#[test]
fn shares_of_nothing_still_get_on() {
    let (mut host, _) = host_of::<2>(Config { slice_fuel: 0, turn_fuel: 0, ..CONFIG });
    let id = load(&mut host, "one");
    let add = entry(&mut host, id, "add");
    let call = host.start(&add, &number(1)).unwrap();
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(2));
    assert_eq!(host.take(&call).unwrap().map(value), Ok(1));
    let call = host.start(&add, &number(1)).unwrap();
    // It pays back what its blocks cost over that.
    let turns = (0..1_000).take_while(|_| host.poll(clock()).next == Wake::Now).count();
    assert_eq!(host.take(&call).unwrap().map(value), Ok(3), "{turns}");
}

#[test]
fn started_calls_tell_their_fuel_as_blocking_ones_do() {
    let (mut host, slow) = host();
    slow.answers(Ok(0));
    let id = load_more(&mut host, PICKY);
    let (spin, trap) = (entry(&mut host, id, "spin"), entry(&mut host, id, "trap"));
    let fuel = |host: &Host<'_, 8>| {
        let usage = host.plugin(id).unwrap().usage().fuel;
        (usage, host.counters(id).unwrap().fuel_total)
    };
    host.call(&spin, &number(500)).unwrap();
    let (once, total) = fuel(&host);
    assert_eq!((once, once > 1_000), (total, true));
    host.start(&spin, &number(500)).unwrap();
    while host.poll(clock()).next == Wake::Now {}
    assert_eq!(fuel(&host), (once, 2 * once));
    host.call(&trap, &number(0)).unwrap_err();
    let (_, total) = fuel(&host);
    slow.answers(Ok(1));
    assert_eq!(host.call(&spin, &number(500)).unwrap_err().code(), "F03", "it doesn't start");
    assert_eq!(fuel(&host), (0, total));
}

#[test]
fn a_blocking_call_idles_while_those_before_it_sleep() {
    const POLICY: ampoule::Policy<'_> =
        ampoule::Policy { deadline_micros: Some(50), ..crate::support::POLICY };
    let idle = |_| {
        pass(1);
    };
    let (mut host, slow) = host_of::<2>(Config { policy: &POLICY, idle, ..CONFIG });
    let id = load(&mut host, "one");
    let (wait, add) = (entry(&mut host, id, "wait"), entry(&mut host, id, "add"));
    let waits = host.start(&wait, &number(0)).unwrap();
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(1));
    assert_eq!(host.take(&waits).unwrap().unwrap_err().code(), "F13");
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one"]);
}

#[test]
fn a_staged_version_takes_over_when_the_call_under_way_is_cancelled() {
    let (mut host, slow) = host();
    let id = load_more(&mut host, STATE);
    let (wait, add) = (entry(&mut host, id, "wait"), entry(&mut host, id, "add"));
    let waits = host.start(&wait, &number(0)).unwrap();
    let adds = host.start(&add, &number(1)).unwrap();
    host.poll(clock());
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    assert!(host.cancel(&waits));
    assert!(!host.cancel(&waits));
    while host.poll(clock()).next == Wake::Now {}
    assert_eq!(version(&host, id), "2.0.0");
    assert_eq!(host.take(&adds).unwrap().map(value), Ok(1));
    assert_eq!(slow.0.lock().unwrap().cancelled, ["one"]);
}

/// Loads or reloads with a service `slow` of its own.
fn with_own<'a>(wasm: &'a [u8], manifest: &'a ampoule::Manifest, own: &Slow) -> Source<'a> {
    Source::new(wasm).with_manifest(manifest).with_service(Box::new(own.clone())).unwrap()
}

#[test]
fn each_version_keeps_its_own_services_to_itself() {
    let (mut host, shared) = host();
    let [first, second, third] = [1, 2, 3].map(|answer| {
        let slow = Slow::default();
        slow.answers(Ok(answer));
        slow
    });
    shared.answers(Ok(7));
    let manifest = manifest("one");
    let wasm = counter("one", "1.0.0", STATE);
    let id = host.load(with_own(&wasm, &manifest, &first)).unwrap();
    let two = load(&mut host, "two");
    let (wait, trap) = (entry(&mut host, id, "wait"), entry(&mut host, id, "trap"));
    let (others, wait_two) = (entry(&mut host, two, "add"), entry(&mut host, two, "wait"));
    let answers = |host: &mut Host<'_, 8>, own: i32| {
        assert_eq!(host.call(&wait, &number(0)).map(value), Ok(own));
        assert_eq!(host.call(&wait_two, &number(0)).map(value), Ok(7));
        let call = host.start(&wait, &number(0)).unwrap();
        host.poll(clock());
        assert_eq!(host.take(&call).unwrap().map(value), Ok(own));
    };
    answers(&mut host, 1);
    let traps = counter("one", "2.0.0", PICKY);
    host.reload(id, with_own(&traps, &manifest, &second)).unwrap_err();
    answers(&mut host, 1);
    first.0.lock().unwrap().answer = None;
    let sleeps = host.start(&wait, &number(0)).unwrap();
    host.poll(clock());
    host.reload(id, with_own(&wasm, &manifest, &third)).unwrap();
    assert!(host.cancel(&sleeps));
    host.poll(clock());
    answers(&mut host, 3);
    host.call(&trap, &number(0)).unwrap_err();
    host.poll(clock());
    first.answers(Ok(1));
    answers(&mut host, 1);
    host.call(&trap, &number(0)).unwrap_err();
    answers(&mut host, 1);
    first.0.lock().unwrap().answer = None;
    host.start(&wait, &number(0)).unwrap();
    host.poll(clock());
    host.unload(id).unwrap();
    let held = [&first, &second, &third].map(|it| std::sync::Arc::strong_count(&it.0));
    assert_eq!(held, [1, 1, 1], "they went with their versions");
    assert_eq!(host.call(&wait_two, &number(0)).map(value), Ok(7));
    assert_eq!(host.call(&others, &number(5)).map(value), Ok(5));
    let told = [&first, &second, &third, &shared].map(|it| it.0.lock().unwrap().cancelled.len());
    assert_eq!(told, [2, 0, 0, 0]);
}
