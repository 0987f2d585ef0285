//! The store answers as a map does.

use crate::{Model, Numbers, contents, keys, value};
use ampoule_std::{
    Caller, FileStore, Service, Status,
    services::{Kv, Quota, Store as _, Stored},
};
use tempfile::tempdir;

/// Names of which one starts another, and which together read alike.
const PLUGINS: [&str; 4] = ["a", "ab", "b", "é"];
const KEYS: [&str; 8] = ["b", "bc", "c", "conf", "conf/rate", "conf2", "é", "éa"];
const PREFIXES: [&str; 6] = ["", "b", "conf", "conf/", "é", "x"];

fn check(store: &mut FileStore, model: &Model, plugin: &str, prefix: &str) {
    let of_plugin = || model.iter().filter(|((owner, _), _)| owner == plugin);
    let names = of_plugin().map(|((_, key), _)| key.clone());
    let expected: Vec<_> = names.filter(|key| key.starts_with(prefix)).collect();
    assert_eq!(keys(store, plugin, prefix), expected);
    let bytes = of_plugin().map(|((_, key), value)| key.len() + value.len()).sum();
    assert_eq!(store.stored(plugin), Ok(Stored { entries: of_plugin().count(), bytes }));
}

fn step(store: &mut FileStore, model: &mut Model, numbers: &mut Numbers) {
    let plugin = PLUGINS[numbers.below(4) as usize];
    let key = KEYS[numbers.below(8) as usize];
    let name = (plugin.to_owned(), key.to_owned());
    match numbers.below(10) {
        0..5 => {
            let length = [0, 1, 100, 5000, 65_536][numbers.below(5) as usize];
            let value = numbers.bytes(length);
            assert_eq!(store.set(plugin, key, &value), Ok(()));
            model.insert(name, value);
        }
        5..7 => assert_eq!(store.delete(plugin, key), Ok(model.remove(&name).is_some())),
        _ => assert_eq!(value(store, plugin, key), model.get(&name).cloned()),
    }
    check(store, model, plugin, PREFIXES[numbers.below(6) as usize]);
}

#[test]
fn any_steps_answer_as_a_map_does_also_after_it_is_opened_again() {
    for seed in 0..4 {
        let folder = tempdir().unwrap();
        let path = folder.path().join("values");
        let (mut model, mut numbers) = (Model::new(), Numbers(seed));
        let mut store = FileStore::open(&path).unwrap();
        for _ in 0..150 {
            step(&mut store, &mut model, &mut numbers);
            if numbers.below(10) == 0 {
                drop(store);
                store = FileStore::open(&path).unwrap();
                assert_eq!(contents(&mut store, &PLUGINS), model);
            }
        }
        for plugin in PLUGINS {
            check(&mut store, &model, plugin, "");
        }
    }
}

#[test]
fn a_reply_that_is_too_small_is_left_alone() {
    let folder = tempdir().unwrap();
    let mut store = FileStore::open(folder.path().join("values")).unwrap();
    store.set("me", "k", b"abc").unwrap();
    let mut out = [0xee; 4];
    assert_eq!(store.get("me", "k", &mut out[..2]), Ok(Some(3)));
    assert_eq!(out, [0xee; 4]);
    assert_eq!(store.get("me", "k", &mut out), Ok(Some(3)));
    assert_eq!(out, *b"abc\xee");
}

#[test]
fn the_quota_still_counts_what_was_kept_before() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    let caller = Caller::new("me", "", 0);
    let quota = Quota { entries: 1, ..Quota::MICRO };
    // Operation 1 is `set`: the key and the value, each after its length.
    let ask = |request: &[u8]| {
        let mut kv = Kv::new(FileStore::open(&path).unwrap(), quota);
        kv.message(&caller, 1, request, &mut [])
    };
    assert_eq!(ask(b"\x01a\x011"), Ok(0));
    assert_eq!(ask(b"\x01b\x012"), Err(Status::Busy));
    assert_eq!(ask(b"\x01a\x023!"), Ok(0));
    let mut store = FileStore::open(&path).unwrap();
    assert_eq!(value(&mut store, "me", "a"), Some(b"3!".to_vec()));
    assert_eq!(value(&mut store, "me", "b"), None);
}
