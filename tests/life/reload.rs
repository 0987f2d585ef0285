//! New versions beside old ones.

use crate::support::{
    CONFIG, STATE, clock, counter, entry, host, host_of, load, manifest, number, pass, value,
};
use ampoule::{
    Config, Diagnosis, Host, LoadError, Manifest, PluginId, Probation, SlotError, Source,
    services::{Kv, Log, MemoryStore, Quota},
};

fn load_with_state<const SLOTS: usize>(host: &mut Host<'_, SLOTS>) -> PluginId {
    let wasm = counter("one", "1.0.0", STATE);
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

fn events<const SLOTS: usize>(host: &mut Host<'_, SLOTS>) -> Vec<String> {
    let events = core::iter::from_fn(|| host.next_event());
    events.map(|it| format!("{:?}", it.what).split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn a_new_version_takes_over_with_the_state_and_commits() {
    let probation = Probation { calls: 2, micros: 1_000_000 };
    let (mut host, _) = host_of::<2>(Config { probation, ..CONFIG });
    let id = load_with_state(&mut host);
    let add = entry(&mut host, id, "add");
    assert_eq!(host.call(&add, &number(40)).map(value), Ok(40));
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    assert_eq!(version(&host, id), "2.0.0");
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(41), "the entry is the same");
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(42));
    host.poll(clock());
    assert_eq!(events(&mut host), ["Loaded", "Staged", "Swapped", "Committed"]);
    assert_eq!(host.roll_back(id), Err(SlotError::NoPrevious {}));
    let counters = host.counters(id).unwrap();
    assert_eq!((counters.calls, counters.reloads, counters.instances), (3, 1, 2));
}

#[test]
fn time_commits_too() {
    let probation = Probation { calls: 100, micros: 5_000 };
    let (mut host, _) = host_of::<2>(Config { probation, ..CONFIG });
    let id = load_with_state(&mut host);
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    host.poll(pass(4_999));
    assert_eq!(events(&mut host), ["Loaded", "Staged", "Swapped"]);
    host.poll(pass(1));
    assert_eq!(events(&mut host), ["Committed"]);
}

#[test]
fn calls_under_way_finish_on_the_old_version_and_waiting_ones_go_to_the_new() {
    let (mut host, slow) = host();
    let id = load_with_state(&mut host);
    let (add, wait) = (entry(&mut host, id, "add"), entry(&mut host, id, "wait"));
    assert_eq!(host.call(&add, &number(10)).map(value), Ok(10));
    let waits = host.start(&wait, &number(1)).unwrap();
    let adds = host.start(&add, &number(1)).unwrap();
    host.poll(clock());
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    host.poll(clock());
    assert_eq!(version(&host, id), "1.0.0");
    slow.answers(Ok(3));
    host.poll(clock());
    assert_eq!(version(&host, id), "2.0.0");
    assert_eq!(host.take(&waits).unwrap().map(value), Ok(3));
    host.poll(clock());
    assert_eq!(host.take(&adds).unwrap().map(value), Ok(11));
}

#[test]
fn a_version_that_cannot_save_its_state_goes_on() {
    let saves = |body: &str| {
        format!(r#"(func $f (export "ampoule_save") (param i32) (result i64) {body})"#)
    };
    for (body, code) in [
        ("(call $f (i32.const 0))", "F02"),
        ("unreachable", "F03"),
        ("(loop (br 0)) unreachable", "F01"),
    ] {
        let (mut host, _) = host();
        let wasm = counter("one", "1.0.0", &saves(body));
        let source = Source::new(&wasm);
        let manifest = manifest("one");
        let id = host.load(source.with_manifest(&manifest)).unwrap();
        assert_eq!(reload(&mut host, id, "2.0.0", STATE).unwrap_err().code(), code);
        assert_eq!(version(&host, id), "1.0.0");
        let add = entry(&mut host, id, "add");
        assert_eq!(host.call(&add, &number(2)).map(value), Ok(2), "{code}: afresh");
    }
}

#[test]
fn what_fails_on_the_way_leaves_the_old_version_as_it_was() {
    let (mut host, _) = host();
    let id = load_with_state(&mut host);
    let add = entry(&mut host, id, "add");
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(1));
    let refuses = r#"(func (export "ampoule_restore") (param i32) (result i64)
        (i64.store (i32.const 128) (i64.const 0x0021_0107)) (i64.const 0x8000_0080_0000_0003))"#;
    let traps = r#"(func (export "ampoule_restore") (param i32) (result i64) unreachable)"#;
    let no_start = r#"(func (export "ampoule_init") (param i32) (result i64) unreachable)"#;
    let recurses =
        r#"(func $f (export "ampoule_restore") (param i32) (result i64) (call $f (i32.const 0)))"#;
    for (more, code) in [(refuses, "C04"), (traps, "F03"), (recurses, "F02"), (no_start, "F03")] {
        let error = reload(&mut host, id, "2.0.0", more).unwrap_err();
        assert_eq!(error.code(), code);
        assert_eq!(version(&host, id), "1.0.0");
    }
    let other = counter("two", "2.0.0", "");
    let error = host.reload(id, Source::new(&other).with_manifest(&manifest("two"))).unwrap_err();
    assert_eq!(error.code(), "L04");
    let echo = include_bytes!("../../guests/prebuilt/echo.wasm");
    assert!(host.reload(id, Source::new(&echo[..100])).is_err());
    let bare = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "ampoule_mailbox") (result i64) i64.const 64)
            (func (export "other") (param i32) (result i64) (i64.const 0)))"#,
    );
    let meta = ampoule_abi::Meta { name: "one", version: "3.0.0", description: "", author: "" };
    let bare = crate::support::with_meta(bare.unwrap(), &meta);
    assert_eq!(host.reload(id, Source::new(&bare)).unwrap_err().code(), "L05");
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(2));
    assert_eq!(events(&mut host).iter().filter(|it| *it == "Refused").count(), 7);
}

#[test]
fn a_fault_on_probation_reverts() {
    let (mut host, _) = host();
    let id = load_with_state(&mut host);
    let (add, trap) = (entry(&mut host, id, "add"), entry(&mut host, id, "trap"));
    assert_eq!(host.call(&add, &number(5)).map(value), Ok(5));
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    assert_eq!(host.call(&add, &number(5)).map(value), Ok(10));
    assert_eq!(host.call(&trap, &number(0)).unwrap_err().code(), "F03");
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(6), "the old one, as it was");
    assert_eq!(version(&host, id), "1.0.0");
    let kinds = events(&mut host);
    assert_eq!(kinds, ["Loaded", "Staged", "Swapped", "Faulted", "Reverted"]);
}

#[test]
fn an_entry_bound_on_probation_costs_the_others_nothing_when_that_fails() {
    let more = r#"(func (export "twice") (param i32) (result i64)
        (call $answer (i32.mul (i32.const 2) (i32.load (i32.const 0)))))"#;
    let (mut host, _) = host();
    let id = load_with_state(&mut host);
    let add = entry(&mut host, id, "add");
    reload(&mut host, id, "2.0.0", more).unwrap();
    let twice = entry(&mut host, id, "twice");
    assert_eq!(host.call(&twice, &number(4)).map(value), Ok(8));
    host.roll_back(id).unwrap();
    assert_eq!(host.call(&add, &number(4)).map(value), Ok(4));
    assert_eq!(host.call(&twice, &number(4)).unwrap_err().code(), "C03");
}

#[test]
fn an_operator_goes_back_and_a_third_version_takes_the_seconds_place() {
    let (mut host, _) = host();
    let id = load_with_state(&mut host);
    let add = entry(&mut host, id, "add");
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    reload(&mut host, id, "3.0.0", STATE).unwrap();
    assert_eq!(version(&host, id), "3.0.0");
    host.roll_back(id).unwrap();
    assert_eq!(version(&host, id), "1.0.0", "the second never proved itself");
    assert_eq!(host.call(&add, &number(5)).map(value), Ok(5));
}

#[test]
fn state_stays_behind_where_one_side_can_not() {
    let (mut host, _) = host();
    let id = load(&mut host, "one");
    let add = entry(&mut host, id, "add");
    assert_eq!(host.call(&add, &number(5)).map(value), Ok(5));
    reload(&mut host, id, "2.0.0", STATE).unwrap();
    assert_eq!(host.call(&add, &number(1)).map(value), Ok(1));
    let events = events(&mut host);
    assert!(events.contains(&"Swapped".to_owned()), "{events:?}");
}

#[test]
fn a_sensor_filter_goes_on_where_the_old_version_was() {
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/prebuilt");
    let folder = std::env::var("AMPOULE_GUESTS").unwrap_or_else(|_| FOLDER.to_owned());
    let wasm = std::fs::read(format!("{folder}/sensor-filter.wasm")).unwrap();
    let manifest = Manifest::parse(
        br#"{ "meta": { "name": "sensor-filter", "version": "1.0.0" }, "capabilities": { "services": [
            { "service": "kv", "operations": ["get", "set"] },
            { "service": "log", "operations": ["write"] }
        ] } }"#,
    );
    let manifest = manifest.unwrap();
    let mut host = Host::<1>::new(CONFIG, clock);
    let store = MemoryStore::new(8, 256);
    host.offer(Box::new(Kv::new(store, Quota::MICRO))).unwrap();
    host.offer(Box::new(Log::new(10_000, |_| {}))).unwrap();
    let source = || Source::new(&wasm).with_manifest(&manifest);
    let id = host.load(source()).unwrap();
    let filter = host.bind::<(u64, f32), (f32, u32)>(id, "filter").unwrap();
    assert_eq!(host.call(&filter, &(1, 20.0)), Ok((20.0, 0)));
    assert_eq!(host.call(&filter, &(2, 90.0)), Ok((20.0, 1)));
    host.reload(id, source()).unwrap();
    assert_eq!(host.call(&filter, &(3, 24.0)), Ok((21.0, 1)));
}

#[test]
fn where_versions_stand_is_told() {
    let (mut host, _) = host();
    let id = load(&mut host, "one");
    let stand = |host: &Host<'_, 8>| {
        let it = host.versions(id).unwrap();
        (it.current, it.staged.is_some(), it.previous.is_some())
    };
    assert_eq!(stand(&host), (1, false, false));
    let spin = entry(&mut host, id, "spin");
    let call = host.start(&spin, &number(1_000)).unwrap();
    host.poll(clock());
    let (old, new) = (host.plugin(id).unwrap().hash(), counter("one", "2.0.0", ""));
    host.reload(id, Source::new(&new).with_manifest(&manifest("one"))).unwrap();
    assert_eq!(stand(&host), (1, true, false));
    let staged = host.versions(id).unwrap().staged;
    while host.take(&call).is_none() {
        host.poll(clock());
    }
    host.poll(clock());
    assert_eq!(stand(&host), (2, false, true));
    assert_eq!(staged, Some(host.plugin(id).unwrap().hash()));
    assert_eq!(host.versions(id).unwrap().previous, Some(old));
    host.roll_back(id).unwrap();
    assert_eq!(stand(&host), (3, false, false));
    host.unload(id).unwrap();
    assert_eq!(host.versions(id), None);
}
