//! What counts as a change, and when.

use crate::support::{Bench, GONE_AFTER, NOTHING, SETTLE, manifest, module, told};
use ampoule_std::{
    WatchOptions, Watcher,
    watch::{Hashes, Sha256, WatchKind},
};
use core::time::Duration;
use std::{
    fs::{self, File, FileTimes, OpenOptions},
    io::Write as _,
    path::Path,
    time::SystemTime,
};

#[test]
fn nothing_is_read_before_it_has_come_to_rest() {
    let mut bench = Bench::new();
    bench.put("sum", 1);
    assert_eq!(told(&bench.poll()), NOTHING);
    assert_eq!(told(&bench.poll_after(SETTLE - 1)), NOTHING);
    let events = bench.poll_after(1);
    assert_eq!(told(&events), ["loaded sum.json"]);
    assert_eq!(events[0].plugin.as_deref(), Some("sum"));
    let WatchKind::Loaded { id, hashes } = events[0].what else { panic!("{events:?}") };
    let expected = Hashes {
        manifest: Sha256::of(manifest("sum").as_bytes()),
        module: Sha256::of(&module("sum", 1, "")),
    };
    assert_eq!(hashes, expected);
    assert_eq!(bench.number(id), 1);
}

#[test]
fn a_file_that_keeps_growing_is_waited_for() {
    let (mut bench, id) = Bench::with_sum();
    let whole = module("sum", 2, "");
    let mut file = File::create(bench.path("sum.wasm")).unwrap();
    for byte in &whole {
        file.write_all(&[*byte]).unwrap();
        assert_eq!(told(&bench.poll_after(SETTLE)), NOTHING);
    }
    assert_eq!(bench.number(id), 1);
    assert_eq!(told(&bench.poll_after(SETTLE)), ["reloaded sum.json"]);
    assert_eq!(bench.number(id), 2);
}

#[test]
fn an_operators_word_has_files_read_at_once() {
    let (mut bench, id) = Bench::with_sum();
    assert!(!bench.watcher.read_again("other") && bench.watcher.read_again("sum"));
    assert_eq!(told(&bench.poll()), NOTHING, "it is what runs already");

    bench.write("sum.wasm", module("sum", 2, ""));
    assert!(bench.watcher.read_again("sum"));
    assert_eq!(told(&bench.poll()), ["reloaded sum.json"]);
    assert_eq!(bench.number(id), 2);

    // What has failed is tried, and told, once more.
    bench.write("sum.wasm", b"no module");
    for _ in 0..2 {
        assert!(bench.watcher.read_again("sum"));
        assert_eq!(told(&bench.poll()), ["A03 sum.json"]);
        assert_eq!(bench.tell(), NOTHING);
    }
    assert_eq!(bench.number(id), 2);

    // What somebody has unloaded is loaded once more.
    bench.write("sum.wasm", module("sum", 3, ""));
    assert_eq!(bench.tell(), ["reloaded sum.json"]);
    bench.host.unload(id).unwrap();
    assert_eq!(bench.tell(), NOTHING);
    assert!(bench.watcher.read_again("sum"));
    assert_eq!(told(&bench.poll()), ["loaded sum.json"]);
}

#[test]
fn what_stays_the_same_is_left_alone() {
    let (mut bench, id) = Bench::with_sum();
    let whole = module("sum", 1, "");
    let text = manifest("sum");
    for way in WAYS {
        (way.replace)(&bench.path("sum.wasm"), &whole);
        assert_eq!(bench.tell(), NOTHING, "{}", way.name);
        (way.replace)(&bench.path("sum.json"), text.as_bytes());
        assert_eq!(bench.tell(), NOTHING, "{}", way.name);
    }
    set_modified(&bench.path("sum.wasm"), SystemTime::now());
    assert_eq!(bench.tell(), NOTHING);
    assert_eq!(bench.host.versions(id).unwrap().current, 1);
}

/// A way in which programs replace a file.
struct Way {
    name: &'static str,
    replace: fn(&Path, &[u8]),
}

const WAYS: &[Way] = &[
    Way { name: "in place", replace: |path, bytes| fs::write(path, bytes).unwrap() },
    Way {
        name: "with its time kept",
        replace: |path, bytes| {
            let modified = fs::metadata(path).unwrap().modified().unwrap();
            // A change is told from the one before by the time that the file system keeps of it.
            std::thread::sleep(Duration::from_millis(20));
            fs::write(path, bytes).unwrap();
            set_modified(path, modified);
        },
    },
    Way { name: "by rename", replace: by_rename },
    Way {
        name: "removed and made",
        replace: |path, bytes| {
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        },
    },
    Way {
        name: "moved to a backup, and made",
        replace: |path, bytes| {
            fs::rename(path, path.with_extension("wasm~")).unwrap();
            fs::write(path.with_extension("4913"), "").unwrap();
            fs::write(path, bytes).unwrap();
        },
    },
    Way {
        name: "with locks and swap files beside it",
        replace: |path, bytes| {
            let hidden = |name: &str| path.with_file_name(name);
            fs::write(hidden(".sum.json.swp"), "swap").unwrap();
            let _ = fs::remove_file(hidden(".#sum.json"));
            std::os::unix::fs::symlink("me@nowhere.1", hidden(".#sum.json")).unwrap();
            by_rename(path, bytes);
        },
    },
    Way {
        name: "appended to",
        replace: |path, bytes| {
            let (start, end) = bytes.split_at(bytes.len() / 2);
            fs::write(path, start).unwrap();
            OpenOptions::new().append(true).open(path).unwrap().write_all(end).unwrap();
        },
    },
    Way {
        name: "from long ago",
        replace: |path, bytes| {
            fs::write(path, bytes).unwrap();
            set_modified(path, SystemTime::UNIX_EPOCH);
        },
    },
    Way {
        name: "from the future",
        replace: |path, bytes| {
            fs::write(path, bytes).unwrap();
            set_modified(path, SystemTime::now() + Duration::from_secs(1_000_000));
        },
    },
];

fn by_rename(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("tmp");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, path).unwrap();
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[test]
fn a_new_version_is_taken_however_it_was_written() {
    let (mut bench, id) = Bench::with_sum();
    for (number, way) in (2..).zip(WAYS) {
        (way.replace)(&bench.path("sum.wasm"), &module("sum", number, ""));
        let events = bench.settled();
        assert_eq!(told(&events), ["reloaded sum.json"], "{}", way.name);
        let WatchKind::Reloaded { id: same, from, to, version } = events[0].what else {
            panic!("{events:?}")
        };
        assert_eq!((same, version), (id, number));
        assert_eq!(from.module, Sha256::of(&module("sum", number - 1, "")));
        assert_eq!(to.module, Sha256::of(&module("sum", number, "")));
        assert_eq!(bench.number(id), number, "{}", way.name);
    }
}

#[test]
fn a_new_manifest_is_a_new_version() {
    let (mut bench, id) = Bench::with_sum();
    for (version, way) in (2..).zip(WAYS) {
        // Each as long as the one before.
        let text = manifest("sum").replace("1.0.0", &format!("1.0.{version}"));
        (way.replace)(&bench.path("sum.json"), text.as_bytes());
        assert_eq!(bench.tell(), ["reloaded sum.json"], "{}", way.name);
        assert_eq!(bench.host.versions(id).unwrap().current, version, "{}", way.name);
    }
}

#[test]
fn a_manifest_may_move_its_module() {
    let (mut bench, id) = Bench::with_sum();
    fs::create_dir(bench.path("below")).unwrap();
    bench.write("below/two.wasm", module("sum", 2, ""));
    let text =
        r#"{ "meta": { "name": "sum", "version": "2.0.0" }, "wasmPath": "./below//two.wasm" }"#;
    bench.write("sum.json", text);
    // The module that it named before has no manifest now.
    assert_eq!(bench.tell(), ["reloaded sum.json", "W06 sum.wasm"]);
    assert_eq!(bench.number(id), 2);
}

#[test]
fn text_is_a_module_too() {
    let mut bench = Bench::new();
    let text = r#"(module (@custom "ampoule.meta" "\01\01x\051.0.0\00\00")
        (memory (export "memory") 1024 1024 (pagesize 1))
        (func (export "ampoule_mailbox") (result i64) (i64.const 64)))"#;
    bench.write("x.wat", text);
    bench.write("x.json", r#"{"meta":{"name":"x","version":"1.0.0"},"wasmPath":"x.wat"}"#);
    let events = bench.settled();
    assert_eq!(told(&events), ["loaded x.json"]);
    let WatchKind::Loaded { hashes, .. } = events[0].what else { panic!("{events:?}") };
    assert_eq!(hashes.module, Sha256::of(text.as_bytes()), "as `sha256sum` tells it");
}

#[test]
fn a_clock_that_goes_back_only_makes_it_wait() {
    let (mut bench, id) = Bench::with_sum();
    bench.now = u64::MAX;
    assert_eq!(told(&bench.poll()), NOTHING);
    bench.write("sum.wasm", module("sum", 2, ""));
    assert_eq!(told(&bench.poll()), NOTHING);
    bench.now = 10;
    assert_eq!(told(&bench.poll()), NOTHING);
    bench.now = 5;
    assert_eq!(told(&bench.poll()), NOTHING);
    assert_eq!(told(&bench.poll_after(SETTLE - 1)), NOTHING);
    assert_eq!(told(&bench.poll_after(1)), ["reloaded sum.json"]);

    bench.remove("sum.json");
    assert_eq!(told(&bench.poll()), NOTHING);
    bench.now = 0;
    assert_eq!(told(&bench.poll()), NOTHING);
    assert_eq!(told(&bench.poll_after(GONE_AFTER - 1)), NOTHING);
    assert_eq!(bench.number(id), 2);
    assert_eq!(told(&bench.poll_after(1)), ["unloaded sum.json"]);
}

#[test]
fn a_plugin_is_unloaded_when_its_manifest_has_been_gone_for_a_while() {
    let (mut bench, id) = Bench::with_sum();
    bench.remove("sum.json");
    bench.remove("sum.wasm");
    assert_eq!(told(&bench.poll()), NOTHING);
    assert_eq!(told(&bench.poll_after(GONE_AFTER - 1)), NOTHING);
    assert_eq!(bench.number(id), 1);
    assert_eq!(told(&bench.poll_after(1)), ["unloaded sum.json"]);
    assert!(bench.host.plugin(id).is_none());

    bench.put("sum", 1);
    let events = bench.settled();
    assert_eq!(told(&events), ["loaded sum.json"]);
    assert!(matches!(events[0].what, WatchKind::Loaded { id: other, .. } if other != id));
}

#[test]
fn a_plugin_that_comes_back_in_time_was_never_away() {
    let (mut bench, id) = Bench::with_sum();
    for (number, expected) in [(1, &[][..]), (2, &["reloaded sum.json"][..])] {
        bench.remove("sum.json");
        bench.remove("sum.wasm");
        assert_eq!(told(&bench.poll()), NOTHING);
        assert_eq!(told(&bench.poll_after(GONE_AFTER - 1)), NOTHING);
        bench.put("sum", number);
        assert_eq!(bench.tell(), expected);
        assert_eq!(told(&bench.poll_after(GONE_AFTER)), NOTHING, "it waits anew");
        assert_eq!(bench.number(id), number);
    }
}

#[test]
fn a_renamed_manifest_takes_its_plugin_along() {
    let (mut bench, id) = Bench::with_sum();
    let text = r#"{ "meta": { "name": "sum", "version": "1.0.0" }, "wasmPath": "sum.wasm" }"#;
    bench.write("sum.json", text);
    assert_eq!(bench.tell(), ["reloaded sum.json"]);
    fs::rename(bench.path("sum.json"), bench.path("a.json")).unwrap();
    assert_eq!(bench.tell(), NOTHING);
    assert_eq!(bench.number(id), 1, "it goes on until the old name is given up");
    assert_eq!(told(&bench.poll_after(GONE_AFTER)), ["unloaded sum.json"]);
    assert_eq!(told(&bench.poll_after(SETTLE)), ["loaded a.json"]);
}

#[test]
fn the_directory_itself_may_go_and_come() {
    let (mut bench, id) = Bench::with_sum();
    let (dir, away) = (bench.path(""), bench.folder.path().join("away"));
    fs::rename(&dir, &away).unwrap();
    assert_eq!(told(&bench.poll()), ["I01 plugins"]);
    assert_eq!(told(&bench.poll_after(SETTLE)), NOTHING, "told once");
    assert_eq!(bench.number(id), 1);
    fs::rename(&away, &dir).unwrap();
    assert_eq!(bench.tell(), NOTHING);

    // Another one in its place, as installers do it.
    fs::create_dir(&away).unwrap();
    fs::write(away.join("sum.json"), manifest("sum")).unwrap();
    fs::write(away.join("sum.wasm"), module("sum", 2, "")).unwrap();
    fs::rename(&dir, bench.folder.path().join("old")).unwrap();
    fs::rename(&away, &dir).unwrap();
    assert_eq!(bench.tell(), ["reloaded sum.json"]);

    fs::remove_dir_all(&dir).unwrap();
    fs::write(dir.as_os_str().to_str().unwrap().trim_end_matches('/'), "a file").unwrap();
    assert_eq!(told(&bench.poll()), ["I01 plugins"]);
    assert_eq!(told(&bench.poll_after(GONE_AFTER)), ["unloaded sum.json"]);
}

#[test]
fn a_directory_may_come_after_its_watcher() {
    let mut bench = Bench::new();
    let dir = bench.folder.path().join("later");
    bench.watcher = Watcher::new(&dir, WatchOptions { settle: 0, ..WatchOptions::default() });
    assert_eq!(told(&bench.poll()), ["I01 later"]);
    fs::create_dir(&dir).unwrap();
    bench.put("sum", 1);
    // Two polls, though no time has to pass between them.
    assert_eq!(told(&bench.poll()), NOTHING);
    assert_eq!(told(&bench.poll()), ["loaded sum.json"]);
}
