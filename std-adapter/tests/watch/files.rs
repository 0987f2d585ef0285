//! What else lies in a directory.

use crate::support::{Bench, GONE_AFTER, NOTHING, SETTLE, manifest, module, told};
use ampoule_std::watch::{MAX_WATCHED, WatchKind};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    process::Command,
};

#[test]
fn only_manifests_count() {
    let (mut bench, _) = Bench::with_sum();
    for file in [
        "sum.json~",
        "sum.json.bak",
        ".sum.json",
        ".sum.json.swp",
        "#sum.json#",
        "4913",
        "sum.js",
        "json",
        ".json",
        "sum.wasm~",
        ".hidden.wasm",
        "README.md",
    ] {
        bench.write(file, "{");
    }
    fs::create_dir(bench.path("below")).unwrap();
    bench.write("below/x.json", "{");
    assert_eq!(bench.tell(), NOTHING);
}

#[test]
fn names_of_all_kinds_are_taken() {
    for (file, module_file) in [
        ("a.manifest.json", "a.wasm"),
        ("a.b.json", "a.b.wasm"),
        ("A.JSON", "A.wasm"),
        ("naïve ✓.json", "naïve ✓.wasm"),
        ("-rf.json", "-rf.wasm"),
    ] {
        let mut bench = Bench::new();
        bench.write(file, manifest("sum"));
        bench.write(module_file, module("sum", 1, ""));
        assert_eq!(bench.tell(), [format!("loaded {file}")]);
    }
}

#[test]
fn a_name_that_is_not_unicode_is_one_too() {
    let mut bench = Bench::new();
    let path = |end: &[u8]| bench.path("").join(OsStr::from_bytes(&[b"\xff\xfe", end].concat()));
    // Some file systems don't take it.
    if fs::write(path(b".json"), manifest("sum")).is_err() {
        return;
    }
    fs::write(path(b".wasm"), module("sum", 1, "")).unwrap();
    let events = bench.settled();
    assert!(matches!(events[..], [ref it] if matches!(it.what, WatchKind::Loaded { .. })));
}

#[test]
fn a_module_without_a_manifest_is_told_once_and_left_alone() {
    let mut bench = Bench::new();
    bench.write("sum.wasm", module("sum", 1, ""));
    let events = bench.settled();
    assert_eq!(told(&events), ["W06 sum.wasm"]);
    assert!(bench.poll_after(SETTLE).is_empty());
    assert_eq!(bench.host.iter().count(), 0);
    bench.write("sum.json", manifest("sum"));
    assert_eq!(bench.tell(), ["loaded sum.json"]);
}

#[test]
fn pipes_devices_and_directories_are_told_and_never_waited_for() {
    let mut bench = Bench::new();
    let made =
        Command::new("mkfifo").args([bench.path("pipe.json"), bench.path("module.wasm")]).status();
    assert!(made.unwrap().success());
    bench.write("module.json", manifest("module"));
    fs::create_dir(bench.path("dir.json")).unwrap();
    symlink("/dev/zero", bench.path("zero.json")).unwrap();
    let expected = ["I02 dir.json", "I03 module.json", "I03 pipe.json", "I03 zero.json"];
    assert_eq!(bench.tell(), expected);
    assert_eq!(bench.tell(), NOTHING);
}

#[test]
fn links_to_files_are_followed_wherever_they_lead() {
    let mut bench = Bench::new();
    let elsewhere = bench.folder.path().join("elsewhere");
    for number in [1, 2] {
        let dir = elsewhere.join(number.to_string());
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("sum.json"), manifest("sum")).unwrap();
        fs::write(dir.join("sum.wasm"), module("sum", number, "")).unwrap();
    }
    // As container platforms mount files: links over one link, which is replaced at once.
    symlink(elsewhere.join("1"), bench.path("..data")).unwrap();
    for file in ["sum.json", "sum.wasm"] {
        symlink(format!("..data/{file}"), bench.path(file)).unwrap();
    }
    let events = bench.settled();
    assert_eq!(told(&events), ["loaded sum.json"]);
    let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{events:?}") };
    symlink(elsewhere.join("2"), bench.path("..new")).unwrap();
    fs::rename(bench.path("..new"), bench.path("..data")).unwrap();
    assert_eq!(bench.tell(), ["reloaded sum.json"]);
    assert_eq!(bench.number(id), 2);

    fs::remove_dir_all(&elsewhere).unwrap();
    assert_eq!(bench.tell(), NOTHING);
    let events = bench.poll_after(GONE_AFTER);
    assert_eq!(told(&events), ["unloaded sum.json"], "links to nothing are gone");
    assert_eq!(bench.tell(), ["I01 sum.json"], "and what they stand for is missing");
    assert_eq!(bench.tell(), NOTHING);
}

#[test]
fn a_link_in_a_circle_is_told() {
    let mut bench = Bench::new();
    symlink("b.json", bench.path("a.json")).unwrap();
    symlink("a.json", bench.path("b.json")).unwrap();
    assert_eq!(bench.tell(), ["I08 a.json", "I08 b.json"]);
    assert_eq!(bench.tell(), NOTHING);
}

#[test]
fn a_directory_with_too_many_files_changes_nothing_until_there_are_fewer() {
    let (mut bench, id) = Bench::with_sum();
    bench.remove("sum.json");
    for number in 0..=MAX_WATCHED {
        bench.write(&format!("{number}.wasm"), "");
    }
    assert_eq!(told(&bench.poll()), ["W04 plugins"]);
    assert_eq!(told(&bench.poll_after(GONE_AFTER)), NOTHING);
    assert_eq!(told(&bench.poll_after(GONE_AFTER)), NOTHING);
    assert_eq!(bench.number(id), 1);
    for number in 0..=MAX_WATCHED {
        bench.remove(&format!("{number}.wasm"));
    }
    assert_eq!(told(&bench.poll_after(1)), NOTHING);
    assert_eq!(told(&bench.poll_after(GONE_AFTER)), ["unloaded sum.json"]);
    assert_eq!(bench.tell(), ["W06 sum.wasm"]);
}
