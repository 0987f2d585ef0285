//! One program on the host's API. A workstation and a microcontroller run the same lines, and both print
//! what is in `expected.out`: replies, turns, fuel and counters.
//!
//! It says nothing that depends on the clock, on addresses or on the width of a pointer.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod echo;
mod sensor;
mod show;

use alloc::boxed::Box;
use ampoule::{
    BindError, BreakerRules, CallError, Cell, Config, Diagnosis, Host, LoadError, Manifest,
    ManifestError, Micros, OfferError, PluginId, Policy, Probation, Refusal, SlotError,
    manifest::ServiceRules,
    services::{Kv, Log, MemoryStore, Quota},
};
use core::fmt::{self, Write};

/// What the plugins are loaded from: modules of `guests/prebuilt`.
#[derive(Clone, Copy, Debug)]
pub struct Modules<'a> {
    /// `echo.wasm`.
    pub echo: &'a [u8],
    /// `sensor-filter.wasm`.
    pub sensor_filter: &'a [u8],
}

const POLICY: Policy<'_> = Policy { services: ServiceRules::EVERY, ..Policy::DENY };

/// Slices so short that small calls take several turns; nothing that time alone brings about.
const CONFIG: Config<'_> = Config {
    policy: &POLICY,
    slice_fuel: 100,
    breaker: BreakerRules { failures: 0, ..BreakerRules::MICRO },
    probation: Probation { calls: 2, micros: Micros::MAX },
    ..Config::MICRO
};

/// As large as the firmware's, so that both share the host's code.
type Device = Host<'static, 6>;

type Done = Result<(), Stopped>;

/// Why it stopped early: the code of what the host said, or `out`, which took no more. A boxed error would
/// link each one's `Debug` on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped(pub &'static str);

impl From<fmt::Error> for Stopped {
    fn from(_: fmt::Error) -> Self {
        Self("out")
    }
}

macro_rules! stopped_by {
    ($($Error:ident),*) => {$(
        impl From<$Error> for Stopped {
            fn from(error: $Error) -> Self {
                Self(error.code())
            }
        }
    )*};
}

stopped_by!(BindError, CallError, LoadError, ManifestError, OfferError, Refusal, SlotError);

/// Loads both plugins, calls them in one go and in slices, reloads them with and without luck, and tells
/// `out` line by line what comes of it. `clock` tells microseconds since any moment;
/// plugins run in the `cell`, where a device has one.
///
/// # Errors
/// What the host or `out` said first. With the modules of `guests/prebuilt`, 72 KiB of free heap (less where
/// pointers have 32 bits) and an `out` that takes every line, there is none.
#[inline(never)]
pub fn run(
    clock: fn() -> Micros,
    cell: Option<&'static dyn Cell>,
    modules: Modules<'_>,
    out: &mut dyn Write,
) -> Done {
    let mut host = Device::new(Config { cell, ..CONFIG }, clock);
    host.offer(Box::new(Kv::new(MemoryStore::new(8, 256), Quota::MICRO)))?;
    host.offer(Box::new(Log::new(4096, |_| {})))?;
    let echo = echo::load(&mut host, modules.echo)?;
    let sensor = sensor::load(&mut host, modules.sensor_filter)?;
    show::plugins(&host, out)?;
    echo::calls(&mut host, echo, out)?;
    sensor::calls(&mut host, sensor, out)?;
    turns(&mut host, clock, [echo, sensor], out)?;
    echo::reverts(&mut host, echo, modules.echo, out)?;
    show::end(&mut host, echo, out)?;
    sensor::reloads(&mut host, sensor, modules.sensor_filter, out)?;
    show::end(&mut host, sensor, out)
}

/// Reads a manifest: 2.5 KiB, on the heap rather than on the stack that loading needs.
#[inline(never)]
fn manifest(json: &[u8]) -> Result<Box<Manifest>, Stopped> {
    Ok(Box::new(Manifest::parse(json)?))
}

/// Both at the same time, a slice each at every turn.
#[inline(never)]
fn turns(
    host: &mut Device,
    clock: fn() -> Micros,
    [echo, sensor]: [PluginId; 2],
    out: &mut dyn Write,
) -> Done {
    let shift = host.bind::<(i32, i32), (i32, i32)>(echo, "shift")?;
    let filter = host.bind::<sensor::Sample, sensor::Reading>(sensor, "filter")?;
    let shifted = host.start(&shift, &(i32::MAX, -1))?;
    let filtered = host.start(&filter, &(4, 95.0))?;
    for turn in 1.. {
        let fuel = host.poll(clock()).fuel;
        writeln!(out, "turn {turn}: fuel {fuel}")?;
        if host.is_over(&shifted) && host.is_over(&filtered) {
            break;
        }
    }
    if let Some(point) = host.take(&shifted) {
        writeln!(out, "shift: {:?}", point?)?;
    }
    if let Some(reading) = host.take(&filtered) {
        let (degrees, dropped) = reading?;
        writeln!(out, "filter: ({}, {dropped})", show::Tenths(degrees))?;
    }
    Ok(())
}
