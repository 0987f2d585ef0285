//! A version that fails leaves the old one where it is.

use crate::support::{
    Bench, GONE_AFTER, NOTHING, SETTLE, assemble, manifest, module, number, told,
};
use ampoule_std::{
    Config, Diagnosis, EventKind, Host, Probation, Wake, WatchOptions, monotonic, watch::WatchKind,
};
use std::fs;

const TRAPS: &str = r#"(func (export "ampoule_init") (param i32) (result i64) unreachable)"#;
const SAVES: &str = r#"(func (export "ampoule_save") (param i32) (result i64) (i64.const 0))"#;
const REFUSES_STATE: &str = r#"(func (export "ampoule_restore") (param i32) (result i64)
    (i64.store (i32.const 128) (i64.const 0x0021_0107)) (i64.const 0x8000_0080_0000_0003))"#;

/// Versions that can't be loaded, by the file that is wrong: name, file, content, code.
fn broken() -> Vec<(&'static str, &'static str, Vec<u8>, &'static str)> {
    let whole = module("sum", 9, "");
    let cut = whole[..whole.len() / 2].to_vec();
    let named = |path: &str| {
        let text = manifest("sum").replace("} }", &format!(r#"}}, "wasmPath": "{path}" }}"#));
        text.into_bytes()
    };
    vec![
        ("no JSON", "sum.json", b"{ \"meta\": { \"name\": \"sum\"".to_vec(), "M03"),
        ("a misspelt key", "sum.json", manifest("sum").replace("name", "nane").into(), "M07"),
        ("a large manifest", "sum.json", vec![b' '; 100_000], "M01"),
        ("an empty manifest", "sum.json", Vec::new(), "I06"),
        ("no UTF-8", "sum.json", b"{ \"meta\": \"\xff\" }".to_vec(), "M10"),
        ("a path upwards", "sum.json", named("../sum.wasm"), "W01"),
        ("a path from the root", "sum.json", named("/sum.wasm"), "W02"),
        ("a path to nothing", "sum.json", named("./none.wasm"), "I01"),
        ("a path to the directory", "sum.json", named("."), "I02"),
        ("another plugin's name", "sum.json", manifest("other").into(), "A35"),
        ("half a module", "sum.wasm", cut, "A06"),
        ("an empty module", "sum.wasm", Vec::new(), "I06"),
        ("a text", "sum.wasm", b"hello, world".to_vec(), "A03"),
        ("another plugin", "sum.wasm", module("other", 9, ""), "A35"),
        ("a trap at the start", "sum.wasm", module("sum", 9, TRAPS), "F03"),
        ("no state taken", "sum.wasm", module("sum", 9, REFUSES_STATE), "C04"),
        ("an import that nobody grants", "sum.wasm", imports(), "A34"),
        ("a large module", "sum.wasm", vec![0; 17 * 1024 * 1024], "I05"),
    ]
}

fn imports() -> Vec<u8> {
    assemble(
        r#"(module (@custom "ampoule.meta" "\01\03sum\059.0.0\00\00")
            (import "clock" "now_us" (func (result i64)))
            (memory (export "memory") 1024 1024 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 64)))"#,
    )
}

#[test]
fn a_broken_version_is_told_once_and_the_old_one_goes_on() {
    for (name, file, bytes, code) in broken() {
        let mut bench = Bench::new();
        bench.host.offer(Box::new(ampoule_std::services::Clock::without_date())).unwrap();
        let old = module("sum", 1, SAVES);
        bench.write("sum.wasm", &old);
        bench.write("sum.json", manifest("sum"));
        let events = bench.settled();
        let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{events:?}") };
        assert_eq!(bench.number(id), 1);

        bench.write(file, &bytes);
        let events = bench.settled();
        let failed = events.first().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(told(core::slice::from_ref(failed)), [format!("{code} sum.json")], "{name}");
        let WatchKind::Failed { error } = &failed.what else { panic!("{failed:?}") };
        assert!(!error.to_string().is_empty() && !error.cure().is_empty());
        assert_eq!(bench.number(id), 1, "{name}");
        assert_eq!(bench.host.versions(id).unwrap().current, 1, "{name}");

        // The same once more: not even tried.
        while bench.host.next_event().is_some() {}
        bench.write(file, &bytes);
        let again = bench.settled();
        assert!(told(&again).iter().all(|it| it == "W06 sum.wasm"), "{name}: {:?}", told(&again));
        assert!(bench.poll_after(SETTLE).is_empty(), "{name}");
        assert_eq!(bench.host.next_event(), None, "{name}");

        bench.write("sum.json", manifest("sum"));
        bench.write("sum.wasm", module("sum", 2, ""));
        assert_eq!(bench.tell(), ["reloaded sum.json"], "{name}");
        assert_eq!(bench.number(id), 2, "{name}");
    }
}

#[test]
fn a_plugin_whose_first_version_is_broken_comes_when_it_is_whole() {
    for (name, file, bytes, code) in broken() {
        if code == "C04" || code == "A34" {
            continue;
        }
        let mut bench = Bench::new();
        bench.put("sum", 1);
        bench.write(file, bytes);
        assert_eq!(bench.tell()[0], format!("{code} sum.json"), "{name}");
        assert_eq!(bench.host.iter().count(), 0, "{name}");
        bench.put("sum", 1);
        assert_eq!(bench.tell(), ["loaded sum.json"], "{name}");
    }
}

#[test]
fn an_event_is_one_line_that_tells_file_code_cause_and_cure() {
    let mut bench = Bench::new();
    bench.write("a\u{1b}[2J\n.json", "{");
    let events = bench.settled();
    let line = events[0].to_string();
    let (start, rest) = line.split_once(r"a\u{1b}[2J\n.json: ").unwrap();
    assert!(start.ends_with("plugins/"));
    assert_eq!(
        rest,
        "M03: line 1, column 2: the text ends inside the document; give the whole file; a copy or a download may have been cut off"
    );
}

#[test]
fn a_module_may_come_after_its_manifest() {
    let mut bench = Bench::new();
    bench.write("sum.json", manifest("sum"));
    let events = bench.settled();
    assert_eq!(told(&events), ["I01 sum.json"]);
    assert_eq!(events[0].plugin.as_deref(), Some("sum"));
    assert!(bench.poll_after(SETTLE).is_empty(), "told once");
    bench.write("sum.wasm", module("sum", 1, ""));
    assert_eq!(bench.tell(), ["loaded sum.json"]);
}

#[test]
fn a_module_that_goes_while_its_manifest_stays_unloads_nothing() {
    let (mut bench, id) = Bench::with_sum();
    bench.remove("sum.wasm");
    assert_eq!(bench.tell(), ["I01 sum.json"]);
    assert!(bench.poll_after(10 * GONE_AFTER).is_empty());
    assert_eq!(bench.number(id), 1);
    bench.write("sum.wasm", module("sum", 1, ""));
    assert_eq!(bench.tell(), NOTHING);
    bench.remove("sum.wasm");
    assert_eq!(bench.tell(), ["I01 sum.json"], "told anew");
}

#[test]
fn a_file_that_may_not_be_read_is_taken_when_it_may() {
    use std::os::unix::fs::PermissionsExt as _;
    let (mut bench, id) = Bench::with_sum();
    let path = bench.path("sum.wasm");
    let permit = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    bench.write("sum.wasm", module("sum", 2, ""));
    permit(0);
    // The superuser may read everything.
    let may_read = fs::read(&path).is_ok();
    assert_eq!(bench.tell(), [if may_read { "reloaded sum.json" } else { "I04 sum.json" }]);
    assert_eq!(bench.number(id), if may_read { 2 } else { 1 });
    permit(0o644);
    assert_eq!(bench.tell(), if may_read { &[][..] } else { &["reloaded sum.json"] });
    assert_eq!(bench.number(id), 2);
}

const FAULTS: &str = r#"(func (export "trap") (param i32) (result i64) unreachable)"#;

#[test]
fn a_version_that_fails_its_probation_is_not_tried_again() {
    let (mut bench, id) = Bench::with_sum();
    let good = module("sum", 2, FAULTS);
    bench.write("sum.wasm", &good);
    assert_eq!(bench.tell(), ["reloaded sum.json"]);
    for _ in 0..Config::WORKSTATION.probation.calls {
        assert_eq!(bench.number(id), 2);
    }
    bench.host.poll(monotonic());
    let bad = module("sum", 3, FAULTS);
    bench.write("sum.wasm", &bad);
    assert_eq!(bench.tell(), ["reloaded sum.json"]);
    let trap = bench.host.bind::<[u8; 0], [u8; 4]>(id, "trap").unwrap();
    assert!(bench.host.call(&trap, &[]).is_err());
    bench.host.poll(monotonic());
    let events = bench.settled();
    assert_eq!(told(&events), ["reverted sum.json"]);
    assert!(matches!(events[0].what, WatchKind::Reverted { version: 4, .. }));
    bench.write("sum.wasm", &bad);
    assert_eq!(bench.tell(), NOTHING);
    // What runs again is in the file again.
    bench.write("sum.wasm", &good);
    assert_eq!(bench.tell(), NOTHING);
    assert_eq!(bench.number(id), 2);
    // Content that has changed in between is tried anew.
    bench.write("sum.wasm", &bad);
    assert_eq!(bench.tell(), ["reloaded sum.json"]);
}

const SPINS: &str = r#"(func (export "spin") (param i32) (result i64) (local $left i32)
    (local.set $left (i32.const 100000))
    (loop $again
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
    (call $answer (i32.const 0)))"#;

#[test]
fn a_version_waits_for_the_call_under_way() {
    for (more, expected, answer) in [
        (SPINS.to_owned(), "reloaded sum.json", 2),
        (format!("{SPINS} {REFUSES_STATE}"), "W05 sum.json", 1),
    ] {
        let config = Config { slice_fuel: 1_000, turn_fuel: 1_000, ..Config::WORKSTATION };
        let mut bench = Bench::of(config, WatchOptions::default());
        bench.write("sum.wasm", module("sum", 1, &format!("{SPINS} {SAVES}")));
        bench.write("sum.json", manifest("sum"));
        let events = bench.settled();
        let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{events:?}") };
        let spin = bench.host.bind::<[u8; 0], [u8; 4]>(id, "spin").unwrap();
        let call = bench.host.start(&spin, &[]).unwrap();
        bench.host.poll(monotonic());

        bench.write("sum.wasm", module("sum", 2, &more));
        assert_eq!(bench.tell(), ["staged sum.json"]);
        assert_eq!(bench.tell(), NOTHING, "the same content isn't staged twice");
        while bench.host.poll(monotonic()).next == Wake::Now {}
        assert!(bench.host.take(&call).is_some_and(|it| it.is_ok()), "the call wasn't cut off");
        assert_eq!(bench.tell(), [expected]);
        assert_eq!(number(&mut bench.host, id), answer);
    }
}

#[test]
fn what_the_host_does_between_two_polls_is_told_in_order() {
    let config = Config { slice_fuel: 1_000, turn_fuel: 1_000, ..Config::WORKSTATION };
    let mut bench = Bench::of(config, WatchOptions::default());
    let more = format!("{SPINS} {FAULTS}");
    let versions = [1, 2, 3].map(|number| module("sum", number, &more));
    bench.write("sum.json", manifest("sum"));
    bench.write("sum.wasm", &versions[0]);
    let events = bench.settled();
    let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{events:?}") };
    let [spin, trap] =
        ["spin", "trap"].map(|name| bench.host.bind::<[u8; 0], [u8; 4]>(id, name).unwrap());
    for (round, version) in (1..).zip(&versions[1..]) {
        let call = bench.host.start(&spin, &[]).unwrap();
        bench.host.poll(monotonic());
        bench.write("sum.wasm", version);
        assert_eq!(bench.tell(), ["staged sum.json"]);
        while bench.host.poll(monotonic()).next == Wake::Now {}
        assert!(bench.host.take(&call).is_some_and(|it| it.is_ok()));
        assert!(bench.host.call(&trap, &[]).is_err());
        bench.host.poll(monotonic());
        let events = bench.settled();
        assert_eq!(told(&events), ["reloaded sum.json", "reverted sum.json"]);
        let WatchKind::Reloaded { from, to, .. } = &events[0].what else { panic!("{events:?}") };
        let WatchKind::Reverted { from: failed, to: back, version, .. } = &events[1].what else {
            panic!("{events:?}")
        };
        assert_eq!((from, to), (back, failed));
        assert_eq!(*version, 2 * round + 1);
        assert_eq!(number(&mut bench.host, id), 1);
    }
}

#[test]
fn a_version_that_waits_gives_way_to_what_is_in_the_file_then() {
    let config = Config { slice_fuel: 1_000, turn_fuel: 1_000, ..Config::WORKSTATION };
    let mut bench = Bench::of(config, WatchOptions::default());
    let [old, new] = [1, 2].map(|number| module("sum", number, SPINS));
    bench.write("sum.json", manifest("sum"));
    bench.write("sum.wasm", &old);
    let events = bench.settled();
    let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{events:?}") };
    let spin = bench.host.bind::<[u8; 0], [u8; 4]>(id, "spin").unwrap();
    bench.host.start(&spin, &[]).unwrap();
    bench.host.poll(monotonic());
    bench.write("sum.wasm", &new);
    assert_eq!(bench.tell(), ["staged sum.json"]);
    bench.write("sum.wasm", &old);
    assert_eq!(bench.tell(), ["staged sum.json"]);
    while bench.host.poll(monotonic()).next == Wake::Now {}
    assert_eq!(bench.tell(), ["reloaded sum.json"]);
    assert_eq!(bench.number(id), 1);
}

#[test]
fn a_version_that_waits_may_see_the_one_before_go_and_be_refused() {
    let falls = SPINS
        .replace(r#""spin""#, r#""fall""#)
        .replace("(call $answer (i32.const 0))", "unreachable");
    let config = Config { slice_fuel: 1_000, turn_fuel: 1_000, ..Config::WORKSTATION };
    let mut bench = Bench::of(config, WatchOptions::default());
    let [old, new] = [1, 2].map(|number| module("sum", number, &format!("{falls} {SAVES}")));
    bench.write("sum.json", manifest("sum"));
    bench.write("sum.wasm", &old);
    let events = bench.settled();
    let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{events:?}") };
    bench.write("sum.wasm", &new);
    assert_eq!(bench.tell(), ["reloaded sum.json"]);
    let fall = bench.host.bind::<[u8; 0], [u8; 4]>(id, "fall").unwrap();
    let call = bench.host.start(&fall, &[]).unwrap();
    bench.host.poll(monotonic());
    bench.write("sum.wasm", module("sum", 3, &format!("{falls} {REFUSES_STATE}")));
    assert_eq!(bench.tell(), ["staged sum.json"]);
    while bench.host.poll(monotonic()).next == Wake::Now {}
    assert!(bench.host.take(&call).is_some_and(|it| it.is_err()));
    assert_eq!(bench.tell(), ["W05 sum.json", "reverted sum.json"]);
    assert_eq!(bench.number(id), 1);
}

#[test]
fn versions_that_commit_at_once_are_followed_too() {
    let probation = Probation { calls: 0, micros: 0 };
    let config = Config { probation, ..Config::WORKSTATION };
    let mut bench = Bench::of(config, WatchOptions::default());
    bench.put("sum", 1);
    bench.tell();
    for version in 2..5 {
        bench.write("sum.wasm", module("sum", version, ""));
        assert_eq!(bench.tell(), ["reloaded sum.json"]);
    }
    let mut committed = 0;
    while let Some(event) = bench.host.next_event() {
        committed += u32::from(matches!(event.what, EventKind::Committed { .. }));
    }
    assert_eq!(committed, 3);
}

#[test]
fn a_host_of_any_size_can_be_watched() {
    let mut bench = Bench::new();
    bench.put("sum", 1);
    let mut host = Host::<1>::new(Config::WORKSTATION, monotonic);
    assert!(bench.watcher.poll(&mut host, 0).is_empty());
    assert_eq!(told(&bench.watcher.poll(&mut host, SETTLE)), ["loaded sum.json"]);
}
