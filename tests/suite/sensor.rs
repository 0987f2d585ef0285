//! A plugin that lives by the host's services: its parameters are kept, its lines are logged, and it does
//! nothing that its manifest and the policy don't both allow.

use crate::support::guest;
use ampoule::{
    CallError, Context, Diagnosis, Entry, Fault, Grant, Limits, LoadError, Manifest,
    NothingGranted, Plugin, Policy, Services,
    manifest::{ServiceRule, ServiceRules, Strings},
    services::{Kv, Log, LogLine, MemoryStore, Quota},
};
use std::sync::{Arc, Mutex};

const MANIFEST: &[u8] = br#"{
    "meta": { "name": "sensor-filter", "version": "1.0.0" },
    "capabilities": {
        "services": [
            { "service": "kv", "operations": ["get", "set"] },
            { "service": "log", "operations": ["write"], "perSecond": 5 }
        ]
    }
}"#;

/// Time and degrees; degrees and how many were dropped; weight and limit.
type Filter = Entry<(u64, f32), (f32, u32)>;
type Configure = Entry<(f32, f32), ()>;

struct Device {
    services: Services,
    lines: Arc<Mutex<Vec<String>>>,
    plugin: Plugin,
}

fn services(lines: &Arc<Mutex<Vec<String>>>) -> Services {
    let sink = lines.clone();
    let log = Log::new(10_000, move |line: &LogLine<'_>| {
        sink.lock().unwrap().push(line.to_string());
    });
    let mut services = Services::new(|| 42);
    services.offer(Box::new(log)).unwrap();
    services.offer(Box::new(Kv::new(MemoryStore::new(8, 256), Quota::MICRO))).unwrap();
    services
}

fn load(
    services: &mut Services,
    policy: &Policy<'_>,
    change: fn(&mut Limits),
) -> Result<Plugin, LoadError> {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let grant = Grant::new(&manifest, policy);
    let mut limits = grant.limits();
    change(&mut limits);
    Plugin::load_with(&guest("sensor-filter"), &limits, &grant, services, &Context::default())
}

impl Device {
    fn new(change: fn(&mut Limits)) -> Self {
        let lines = Arc::default();
        let mut services = services(&lines);
        let policy = Policy { services: ServiceRules::EVERY, ..Policy::DENY };
        let plugin = load(&mut services, &policy, change).unwrap();
        Self { services, lines, plugin }
    }

    fn filter(&mut self, at_us: u64, celsius: f32) -> Result<(f32, u32), CallError> {
        let filter: Filter = self.plugin.bind("filter").unwrap();
        self.plugin.call_with(&mut self.services, &filter, &(at_us, celsius))
    }

    fn configure(&mut self, weight: f32, limit: f32) -> Result<(), CallError> {
        let configure: Configure = self.plugin.bind("configure").unwrap();
        self.plugin.call_with(&mut self.services, &configure, &(weight, limit))
    }

    /// Loads the plugin anew, as a host does that starts again with the same store.
    fn restart(&mut self, change: fn(&mut Limits)) {
        self.plugin = load(&mut self.services, &Policy::WORKSTATION, change).unwrap();
    }

    fn used(&self) -> u64 {
        self.plugin.usage().fuel
    }
}

#[test]
fn samples_are_smoothed_and_spikes_logged() {
    let mut device = Device::new(|_| {});
    for (at, celsius, reading) in [
        (1, 20.0, (20.0, 0)),
        (2, 24.0, (21.0, 0)),
        (3, 90.0, (21.0, 1)),
        (4, f32::NAN, (21.0, 2)),
        (5, 25.0, (22.0, 2)),
        (5, 25.0, (22.0, 3)),
    ] {
        assert_eq!(device.filter(at, celsius), Ok(reading), "{at}");
    }
    let lines = device.lines.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("spike dropped")), "{lines:?}");
}

#[test]
fn more_lines_than_the_grant_allows_are_lost_and_filtering_goes_on() {
    let mut device = Device::new(|_| {});
    for at in 1..100 {
        // Every other sample is a spike, so no two are in a row.
        let celsius = if at % 2 == 1 { 20.0 } else { 90.0 };
        assert_eq!(device.filter(at, celsius), Ok((20.0, at as u32 / 2)));
    }
    assert_eq!(device.lines.lock().unwrap().len(), 5);
}

#[test]
fn parameters_outlive_restarts_and_faults() {
    let mut device = Device::new(|_| {});
    device.configure(0.5, 2.0).unwrap();
    assert_eq!(device.filter(1, 20.0), Ok((20.0, 0)));
    assert_eq!(device.filter(2, 22.0), Ok((21.0, 0)));

    // Enough for all samples but a spike, whose line is dear.
    device.restart(|limits| limits.call_fuel = 800);
    assert_eq!(device.filter(1, 30.0), Ok((30.0, 0)), "a fresh instance");
    assert_eq!(device.filter(2, 32.0), Ok((31.0, 0)), "with the parameters that were kept");
    let fault = CallError::Fault(Fault::OutOfFuel { budget: 800 });
    assert_eq!(device.filter(3, 34.0), Err(fault), "a spike");
    assert_eq!(device.filter(1, 40.0), Ok((40.0, 0)), "a fresh instance again");
    assert_eq!(device.filter(2, 42.0), Ok((41.0, 0)));
}

#[test]
fn wrong_parameters_are_refused_and_change_nothing() {
    let mut device = Device::new(|_| {});
    for (weight, limit) in [(0.0, 1.0), (1.5, 1.0), (f32::NAN, 1.0), (0.5, f32::INFINITY)] {
        let refused = device.configure(weight, limit).unwrap_err();
        assert!(matches!(refused, CallError::Refused(_)), "{refused:?}");
    }
    device.restart(|_| {});
    device.filter(1, 20.0).unwrap();
    assert_eq!(device.filter(2, 24.0), Ok((21.0, 0)));
}

#[test]
fn without_the_grant_it_is_not_even_loaded() {
    let rule =
        |service, operations| ServiceRule { service, operations, scope: None, per_second: None };
    let log = rule("log", Strings::of(&["write"]));
    for rules in [&[][..], &[log], &[log, rule("kv", Strings::of(&["get"]))]] {
        let policy = Policy { services: ServiceRules::of(rules), ..Policy::WORKSTATION };
        let refused = load(&mut services(&Arc::default()), &policy, |_| {}).unwrap_err();
        assert_eq!(refused.code(), "A34", "{refused}");
    }
    let (wasm, context) = (guest("sensor-filter"), Context::default());
    let mut services = services(&Arc::default());
    let refused =
        Plugin::load_with(&wasm, &Limits::MICRO, &NothingGranted, &mut services, &context);
    assert_eq!(refused.unwrap_err().code(), "A34");
}

#[test]
fn it_is_small_and_cheap() {
    assert!(guest("sensor-filter").len() <= 8 * 1024);
    let mut device = Device::new(|limits| limits.memory_bytes = 4 * 1024);
    let most = |what: &str, used: u64, allowed: u64| {
        assert!(used <= allowed, "{what}: {used} of {allowed}");
    };
    device.filter(1, 20.0).unwrap();
    most("the first sample", device.used(), 400);
    device.filter(2, 21.0).unwrap();
    most("a sample", device.used(), 400);
    device.filter(3, 99.0).unwrap();
    most("a spike", device.used(), 1200);
    device.configure(0.5, 2.0).unwrap();
    most("a configuration", device.used(), 3000);
}
