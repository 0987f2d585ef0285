//! Services that are made for each plugin's grant.

use crate::support::{Bench, assemble, told};
use ampoule_std::{
    Config, Host, Policy, WatchOptions, Watcher, monotonic, offer_shared, watch::WatchKind,
    workstation_own_services,
};
use std::sync::{Arc, Mutex};

/// A plugin that answers the length of its variable `PATH`'s value, or a negative status.
fn asks(name: &str) -> Vec<u8> {
    let length = name.len();
    assemble(&format!(
        r#"(module
            (@custom "ampoule.meta" "\01\{length:02x}{name}\051.0.0\00\00")
            (import "env" "get" (func $get (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 65536 65536 (pagesize 1))
            (data (i32.const 512) "\04PATH")
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func (export "ask") (param i32) (result i64)
                (i32.store (i32.const 128) (call $get
                    (i32.const 512) (i32.const 5) (i32.const 1024) (i32.const 60000)))
                (i64.const 0x80_0000_0004)))"#
    ))
}

fn manifest(name: &str, variables: &str) -> String {
    format!(
        r#"{{ "meta": {{ "name": "{name}", "version": "1.0.0" }}, "capabilities": {{
            "allowEnv": true, "allowedEnv": [{variables}],
            "services": [{{ "service": "env", "operations": ["get"] }}] }} }}"#
    )
}

#[test]
fn each_plugin_has_its_own_for_its_own_grant() {
    let mut bench = Bench::new();
    let dir = bench.path("");
    bench.watcher =
        Watcher::new(dir, WatchOptions::default().with_services(workstation_own_services));
    offer_shared(&mut bench.host, |_| (), |_| Ok(())).unwrap();
    for (name, variables) in [("a", r#""PATH""#), ("b", r#""HOME""#)] {
        bench.write(&format!("{name}.wasm"), asks(name));
        bench.write(&format!("{name}.json"), manifest(name, variables));
    }
    let events = bench.settled();
    assert_eq!(told(&events), ["loaded a.json", "loaded b.json"]);
    let answers: Vec<i32> = events
        .iter()
        .map(|event| {
            let WatchKind::Loaded { id, .. } = event.what else { panic!("{event:?}") };
            let ask = bench.host.bind::<[u8; 0], [u8; 4]>(id, "ask").unwrap();
            i32::from_le_bytes(bench.host.call(&ask, &[]).unwrap())
        })
        .collect();
    assert!(answers[0] > 0 && answers[1] < 0, "{answers:?}");
}

#[test]
fn without_them_a_plugin_that_needs_them_is_refused() {
    let mut bench = Bench::new();
    bench.write("a.wasm", asks("a"));
    bench.write("a.json", manifest("a", r#""PATH""#));
    assert_eq!(bench.tell(), ["A19 a.json"]);
}

#[test]
fn the_grant_is_cut_by_the_hosts_policy() {
    let services = ampoule_std::manifest::ServiceRules::EVERY;
    let policy = Policy { services, ..Policy::DENY };
    let config = Config { policy: &policy, ..Config::WORKSTATION };
    let bench = Bench::new();
    bench.put("sum", 1);
    bench.write("sum.json", manifest("sum", r#""PATH", "HOME""#));
    for (config, expected) in [(Config::WORKSTATION, &["PATH", "HOME"][..]), (config, &[])] {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let options = WatchOptions::default().with_services(move |grant| {
            let variables = grant.variables().map(str::to_owned).collect::<Vec<_>>();
            seen.lock().unwrap().push((grant.plugin_name().to_owned(), variables));
            Vec::new()
        });
        let mut host = Host::<2>::new(config, monotonic);
        let mut watcher = Watcher::new(bench.path(""), options);
        watcher.poll(&mut host, 0);
        let events = watcher.poll(&mut host, 500_000);
        assert_eq!(told(&events), ["loaded sum.json"], "{events:?}");
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        assert_eq!(
            (&*asked[0].0, asked[0].1.iter().map(String::as_str).collect()),
            ("sum", expected.to_vec())
        );
    }
}

#[test]
fn two_services_of_one_name_are_told() {
    let mut bench = Bench::new();
    bench.put("sum", 1);
    let options = WatchOptions::default().with_services(|grant| {
        let mut own = workstation_own_services(grant);
        own.extend(workstation_own_services(grant));
        own
    });
    bench.watcher = Watcher::new(bench.path(""), options);
    let told = bench.tell();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with('S') && told[0].ends_with(" sum.json"), "{told:?}");
}
