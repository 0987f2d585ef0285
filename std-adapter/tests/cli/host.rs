//! `run` as a host runs plugins: deadlines hold, sleepers sleep, and values are kept where that is asked.

use crate::{
    Folder, Ran, ampoule, complains,
    services::{Case, KV_GET, KV_SET, asking, manifest, manifest_of, plugin_importing, rule},
};
use serde_json::{Value, json};
use std::{ffi::OsStr, fs};

const SLEEP: &str = r#"(import "clock" "sleep_ms" (func $sleep (param i32) (result i32)))
    (import "clock" "monotonic_us" (func $monotonic (result i64)))"#;

/// A manifest of the plugin `test` that may use the clock, with this `timeout`, in milliseconds.
fn clock_manifest(timeout: Option<u32>) -> String {
    let rules = [json!({ "service": "clock", "operations": ["sleep_ms", "monotonic_us"] })];
    let mut manifest: Value =
        serde_json::from_str(&manifest_of("test", json!({ "services": rules }))).unwrap();
    if let Some(timeout) = timeout {
        manifest["timeout"] = json!(timeout);
    }
    manifest.to_string()
}

#[test]
fn a_call_is_over_when_its_manifests_timeout_is() {
    let sleeps = plugin_importing(SLEEP, "", "(drop (call $sleep (i32.const 600000)))");
    let loops = plugin_importing(SLEEP, "", "(loop $again (br $again))");
    for guest in [sleeps, loops] {
        let case = Case::new(&guest, &clock_manifest(Some(100)));
        let ran = complains(&case.args("run", &["--fuel", "2000000000"]), 3, "F13");
        assert!(ran.out.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_policy_shortens_the_timeout() {
    let guest = plugin_importing(SLEEP, "", "(drop (call $sleep (i32.const 600000)))");
    let case = Case::new(&guest, &clock_manifest(Some(600_000)));
    let policy = r#"{ "timeout": 50, "capabilities": {
        "services": [{ "service": "*", "operations": ["*"] }] } }"#;
    let policy = case.folder.with("policy.json", policy);
    complains(&case.args("run", &["--policy", policy.to_str().unwrap()]), 3, "F13");
}

#[test]
fn a_plugin_that_sleeps_wakes_up_in_time_and_pays_no_fuel_for_it() {
    let body = "(local $t i64)
        (local.set $t (call $monotonic))
        (if (call $sleep (i32.const 120)) (then unreachable))
        (if (i64.lt_s (i64.sub (call $monotonic) (local.get $t)) (i64.const 120000))
            (then unreachable))";
    let guest = plugin_importing(SLEEP, "", body);
    for timeout in [None, Some(60_000)] {
        let case = Case::new(&guest, &clock_manifest(timeout));
        let ran = case.run(&["--json", "--stats"]);
        assert_eq!(ran.status, 0, "{ran:?}");
        let stats: Value = serde_json::from_str(&ran.err).unwrap();
        assert!(stats["microseconds"].as_u64().unwrap() >= 120_000, "{ran:?}");
        assert!(stats["fuel"].as_u64().unwrap() < 10_000, "{ran:?}");
        assert_eq!((&stats["instances"], &stats["memory_bytes"]), (&json!(1), &json!(1024)));
    }
}

#[test]
fn a_store_keeps_values_for_the_next_run() {
    let both = manifest(&["kv.set", "kv.get"]);
    let sets = Case::new(&asking(&[("kv.set", KV_SET)], "kv.get", KV_GET, 2), &both);
    let gets = Case::new(&asking(&[], "kv.get", KV_GET, 2), &both);
    let store = sets.folder.path("values");
    let store = ["--store", store.to_str().unwrap()];
    sets.run(&store).done();
    gets.run(&store).done();
    // NotFound
    let nothing = Case::new(&asking(&[], "kv.get", KV_GET, -5), &both);
    nothing.run(&[]).done();
    let another = nothing.folder.path("values");
    nothing.run(&["--store", another.to_str().unwrap()]).done();
}

#[test]
fn a_program_has_the_store_too() {
    let program = |operation: &str, request: &[u8], expected: i32| {
        let (data, length) = (crate::in_text(request), request.len());
        format!(
            r#"(module
                (import "kv" "{operation}" (func $f (param i32 i32 i32 i32) (result i32)))
                (memory (export "memory") 1)
                (data (i32.const 32) "{data}")
                (func (export "_start")
                  (if (i32.ne (call $f (i32.const 32) (i32.const {length})
                                       (i32.const 900) (i32.const 100))
                              (i32.const {expected})) (then unreachable))))"#
        )
    };
    let folder = Folder::new();
    let manifest = folder.with("m.json", manifest(&["kv.set", "kv.get"]));
    let store = folder.path("values");
    for (file, text) in
        [("set.wat", program("set", KV_SET, 0)), ("get.wat", program("get", KV_GET, 2))]
    {
        let path = folder.with(file, text);
        let words = ["run", "--manifest", "--store", "--wasi"].map(OsStr::new);
        let [run, with_manifest, with_store, wasi] = words;
        let files = [manifest.as_os_str(), store.as_os_str(), path.as_os_str()];
        let [manifest, store, path] = files;
        ampoule([run, with_manifest, manifest, with_store, store, wasi, path]).done();
    }
}

#[test]
fn a_wrong_store_is_told_and_left_as_it_is() {
    let both = manifest_of("test", json!({ "services": [rule("kv.get", json!({}))] }));
    // NotFound
    let case = Case::new(&asking(&[], "kv.get", KV_GET, -5), &both);
    let refused = |store: &OsStr, code: &str| -> Ran {
        complains(&case.args("run", &["--store", store.to_str().unwrap()]), 2, code)
    };
    let text = case.folder.with("text", "not a store of anything, but long enough to be one");
    refused(case.folder.path("none/values").as_os_str(), "D01");
    refused(case.folder.0.path().as_os_str(), "D02");
    refused(case.folder.with("empty", "").as_os_str(), "D05");
    let ran = refused(text.as_os_str(), "D06");
    assert!(ran.err.contains("text is not a store of values"), "{ran:?}");
    assert!(fs::read_to_string(&text).unwrap().starts_with("not a store"));
    let without = ["run", "x.wasm", "--store", "values"];
    complains(&without.map(OsStr::new), 2, "U01");
}
