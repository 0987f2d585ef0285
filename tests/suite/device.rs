//! What the firmware compares on its device is what a workstation answers.

#[path = "../../firmware-example/src/vectors.rs"]
mod vectors;

use crate::support::guest;
use ampoule::{
    Config, Host, Manifest, Policy, Source,
    manifest::ServiceRules,
    services::{Kv, Log, MemoryStore, Quota},
};

/// Grants what the manifests ask for, as the firmware's does.
static POLICY: Policy<'_> = Policy { services: ServiceRules::EVERY, ..Policy::DENY };

fn host() -> Host<'static, 2> {
    let mut host = Host::new(Config { policy: &POLICY, ..Config::MICRO }, || 42);
    host.offer(Box::new(Log::new(4096, |_| {}))).unwrap();
    host.offer(Box::new(Kv::new(MemoryStore::new(16, 1024), Quota::MICRO))).unwrap();
    host
}

fn manifest(plugin: &str) -> Manifest {
    let path = crate::support::repository("firmware-example/manifests").join(plugin);
    Manifest::parse(&std::fs::read(path.with_extension("json")).unwrap()).unwrap()
}

#[test]
fn a_workstation_answers_what_the_device_expects() {
    let mut host = host();
    let ids = ["echo", "sensor-filter"].map(|name| {
        let wasm = guest(name);
        (name, host.load(Source::new(&wasm).with_manifest(&manifest(name))).unwrap())
    });
    let (mut rows, mut wrong) = (0, vec![]);
    for row in vectors::rows() {
        let (_, id) = ids.into_iter().find(|(name, _)| *name == row.plugin).unwrap();
        let answer = row.ask(&mut host, id).unwrap_or_else(|| panic!("not to be asked: {row:?}"));
        if !row.is_met_by(&answer) {
            wrong.push(format!("{row} {answer}"));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "not as in firmware-example/vectors.txt:\n{}", wrong.join("\n"));
    assert!(rows > 10, "{rows}");
}
