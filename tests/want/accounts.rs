//! What stands on the accounts of plugins.

use crate::{CELL, ECHO, ENDLESS, FILTER, HEAP};
use ampoule::{Config, Diagnosis as _, Host, Limits, Owner, PluginId, Policy, Probation, Source};

static POLICY: Policy<'_> =
    Policy { limits: Limits { call_fuel: 20_000, ..Limits::MICRO }, ..Policy::DENY };

pub(crate) type Device = Host<'static, 4>;

pub(crate) fn host() -> Device {
    let probation = Probation { calls: 1, micros: 0 };
    Host::new(Config { policy: &POLICY, probation, cell: Some(&CELL), ..Config::MICRO }, || 0)
}

/// Bytes that are on any account.
fn live() -> usize {
    HEAP.all().live
}

fn echoes(host: &mut Device, id: PluginId) -> bool {
    let entry = host.bind::<[u8], &[u8]>(id, "echo").unwrap();
    host.call(&entry, &b"still here"[..]) == Ok(b"still here")
}

pub(crate) fn tell_what_a_plugin_has() {
    let mut host = host();
    let start = live();
    let id = host.load(Source::new(ECHO)).unwrap();
    let loaded = host.counters(id).unwrap();
    assert!(loaded.heap_bytes > 4_096, "{loaded:?}");
    assert!(loaded.heap_most_bytes >= loaded.heap_bytes, "{loaded:?}");
    // All of it but the box that it stands in, and what the host remembers.
    let rest = live() - start - loaded.heap_bytes as usize;
    assert!(rest < 3_072, "{rest} bytes are on no plugin's account");

    assert!(echoes(&mut host, id));
    let called = host.counters(id).unwrap().heap_bytes;
    assert!(echoes(&mut host, id));
    assert_eq!(host.counters(id).unwrap().heap_bytes, called, "a warm call keeps nothing");

    host.unload(id).unwrap();
    while host.next_event().is_some() {}
    assert_eq!(live(), start, "unloading gives every byte back");
}

pub(crate) fn add_versions_up() {
    let mut host = host();
    let id = host.load(Source::new(ECHO)).unwrap();
    assert!(echoes(&mut host, id));
    let one = host.counters(id).unwrap().heap_bytes;
    host.reload(id, Source::new(ECHO)).unwrap();
    let two = host.counters(id).unwrap();
    assert!(two.heap_bytes > one + one / 2, "the old version is kept: {one}, then {two:?}");
    assert!(echoes(&mut host, id));
    host.poll(0);
    let after = host.counters(id).unwrap();
    assert_eq!(after.heap_bytes, one, "the old version is gone");
    assert!(after.heap_most_bytes >= two.heap_bytes, "what was is remembered: {after:?}");
    host.unload(id).unwrap();
}

pub(crate) fn end_at_the_starting_byte() {
    const LIVES: usize = 10_000;
    let mut host = host();
    let (start, mut ended) = (live(), [0; 4]);
    for life in 0..LIVES {
        let kind = life % 4;
        ended[kind] += usize::from(dies(&mut host, kind, life));
        while host.next_event().is_some() {}
    }
    assert_eq!(live(), start, "{ended:?}");
    assert_eq!(HEAP.of(Owner::HOST).live, start, "all that is left is the host's");
    assert_eq!(ended, [LIVES / 4; 4], "each died as it was meant to");
}

/// Lives and dies: out of fuel, refused by the scan, refused by the validator, unloaded in a call.
fn dies(host: &mut Device, kind: usize, life: usize) -> bool {
    let cut = FILTER.len() - 1 - life % 100;
    let wasm = match kind {
        1 => &FILTER[..cut],
        2 => &invalid(),
        3 => ECHO,
        _ => ENDLESS,
    };
    let id = match host.load(Source::new(wasm)) {
        Ok(id) => id,
        Err(error) => return kind == 1 || kind == 2 && matches!(error.code(), "A31"),
    };
    let died = match kind {
        0 => {
            let spin = host.bind::<(), ()>(id, "spin").unwrap();
            host.call(&spin, &()).is_err()
        }
        _ => {
            let entry = host.bind::<[u8], &[u8]>(id, "echo").unwrap();
            host.start(&entry, &b"never answered"[..]).is_ok()
        }
    };
    host.unload(id).is_ok() && died
}

/// A module that the scan lets through and the validator doesn't: an i64 where an i32 is wanted.
fn invalid() -> Vec<u8> {
    let mut wasm = ENDLESS.to_vec();
    let at = wasm.windows(2).rposition(|it| it == [0x41, 0x00]).expect("an i32.const 0");
    wasm[at] = 0x42;
    wasm
}
