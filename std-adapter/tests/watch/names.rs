//! Who has which name, and which slot.

use crate::support::{Bench, GONE_AFTER, NOTHING, SETTLE, manifest, module, told};
use ampoule_std::{Source, watch::WatchKind};

fn sum_of(path: &str) -> String {
    format!(r#"{{ "meta": {{ "name": "sum", "version": "1.0.0" }}, "wasmPath": "{path}" }}"#)
}

#[test]
fn of_two_manifests_for_one_plugin_the_second_is_refused() {
    let (mut bench, id) = Bench::with_sum();
    bench.write("a.json", sum_of("two.wasm"));
    bench.write("two.wasm", module("sum", 2, ""));
    let events = bench.settled();
    assert_eq!(told(&events), ["W03 a.json"]);
    let line = events[0].to_string();
    for file in ["plugins/a.json", "plugins/sum.json"] {
        assert!(line.contains(file), "{line}");
    }
    assert_eq!(bench.number(id), 1);
    assert!(bench.poll_after(SETTLE).is_empty(), "told once");

    bench.remove("sum.json");
    assert_eq!(bench.tell(), NOTHING);
    assert_eq!(told(&bench.poll_after(GONE_AFTER)), ["unloaded sum.json"]);
    assert_eq!(told(&bench.poll_after(1)), ["loaded a.json"], "its turn has come");
    assert_eq!(told(&bench.poll_after(SETTLE)), ["W06 sum.wasm"]);
}

#[test]
fn of_two_that_come_together_the_first_by_name_is_loaded() {
    let mut bench = Bench::new();
    bench.write("b.json", sum_of("x.wasm"));
    bench.write("a.json", sum_of("x.wasm"));
    bench.write("x.wasm", module("sum", 1, ""));
    assert_eq!(bench.tell(), ["loaded a.json", "W03 b.json"]);
}

#[test]
fn a_plugin_keeps_its_name() {
    let (mut bench, id) = Bench::with_sum();
    bench.write("sum.json", manifest("other"));
    bench.write("sum.wasm", module("other", 2, ""));
    assert_eq!(bench.tell(), ["L04 sum.json"]);
    assert_eq!(bench.number(id), 1);
}

#[test]
fn what_finds_the_host_full_is_loaded_when_there_is_room() {
    let mut bench = Bench::new();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        bench.put(name, 1);
    }
    let mut expected: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h"]
        .iter()
        .map(|it| format!("loaded {it}.json"))
        .collect();
    expected.push("L01 i.json".to_owned());
    assert_eq!(bench.tell(), expected);
    bench.remove("c.json");
    bench.remove("c.wasm");
    assert_eq!(bench.tell(), NOTHING);
    assert_eq!(told(&bench.poll_after(GONE_AFTER)), ["unloaded c.json"]);
    assert_eq!(told(&bench.poll_after(SETTLE)), ["loaded i.json"]);
}

#[test]
fn a_plugin_that_somebody_else_has_loaded_is_not_touched() {
    let mut bench = Bench::new();
    let other = bench.host.load(Source::new(&module("sum", 7, ""))).unwrap();
    bench.put("sum", 1);
    assert_eq!(bench.tell(), ["L02 sum.json"]);
    bench.remove("sum.json");
    bench.remove("sum.wasm");
    bench.tell();
    assert_eq!(told(&bench.poll_after(GONE_AFTER)), NOTHING);
    assert_eq!(bench.number(other), 7);
}

#[test]
fn a_plugin_that_somebody_else_has_unloaded_stays_so_until_it_changes() {
    let (mut bench, id) = Bench::with_sum();
    bench.host.unload(id).unwrap();
    assert_eq!(bench.tell(), NOTHING);
    bench.write("sum.wasm", module("sum", 1, ""));
    assert_eq!(bench.tell(), NOTHING);
    bench.write("sum.wasm", module("sum", 2, ""));
    let events = bench.settled();
    assert_eq!(told(&events), ["loaded sum.json"]);
    let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{events:?}") };
    assert_eq!(bench.number(id), 2);
}

#[test]
fn what_a_plugin_says_against_its_end_is_told() {
    let mut bench = Bench::new();
    let traps = r#"(func (export "ampoule_destroy") (param i32) (result i64) unreachable)"#;
    bench.write("sum.wasm", module("sum", 1, traps));
    bench.write("sum.json", manifest("sum"));
    bench.tell();
    bench.remove("sum.json");
    bench.remove("sum.wasm");
    bench.tell();
    let told = told(&bench.poll_after(GONE_AFTER));
    assert_eq!(told, ["unloaded sum.json", "F03 sum.json"]);
    assert_eq!(bench.host.iter().count(), 0);
}
