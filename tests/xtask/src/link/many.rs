//! Deploys without end, and how fast one is.

use super::{
    device::{Device, Package},
    same, so,
};
use crate::{Result, workspace};
use ampoule_link::{Request, Target};
use std::{fs, time::Instant};

/// Loads and reloads, half of each; a tenth on boards that aren't the main one.
const DEPLOYS: u32 = 500;
/// Bytes that a line of 115,200 baud carries in a second.
const LINE: u64 = 11_520;

pub(super) fn deploys(device: &mut Device) -> Result<()> {
    // What it allocates once is allocated then.
    let teller = device.deploy(Target::New, "1.0.0")?;
    device.done(&Request::Unload { plugin: teller })?;
    let start = device.free()?;
    for round in 0..DEPLOYS / 2 / device.bench.part {
        let teller = device.deploy(Target::New, "1.0.0")?;
        device.deploy(Target::Plugin(teller), "2.0.0")?;
        if round % 2 == 0 {
            device.done(&Request::RollBack { plugin: teller })?;
        }
        let version = if round % 2 == 0 { "1.0.0" } else { "2.0.0" };
        same(format!("round {round}"), device.who(teller)?.as_str(), version)?;
        device.done(&Request::Unload { plugin: teller })?;
    }
    same("free heap", device.free()?, start)
}

/// `echo`, under a name that isn't taken.
fn renamed() -> Result<Vec<u8>> {
    let mut module = fs::read(workspace::root().join("guests/prebuilt/echo.wasm"))?;
    let place = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|at| at == part);
    let meta = place(&module, b"ampoule.meta").ok_or("no meta section")?;
    let name = place(&module[meta..], b"\x04echo").ok_or("no name")? + meta + 1;
    module[name..name + 4].copy_from_slice(b"ecco");
    Ok(module)
}

pub(super) fn speed(device: &mut Device) -> Result<()> {
    let module = renamed()?;
    let manifest = br#"{ "meta": { "name": "ecco", "version": "1.0.0" } }"#;
    let package = Package::of(Target::New, manifest, &module);
    while !device.events(99)?.is_empty() {}
    let (carried, begun) = (device.bench.carried, Instant::now());
    let ecco = device.install(&package, |_| Ok(()))?;
    let (took, carried) = (begun.elapsed(), device.bench.carried - carried);
    let bytes = package.bytes.len() as u64;
    device.shift(ecco, 3)?;
    let line = bytes * LINE / carried;
    println!("       {bytes} bytes, {carried} on the line: {line} a second at 115,200 baud");
    let rate = bytes as f64 / took.as_secs_f64();
    println!("       {:.1} ms on this machine: {rate:.0} bytes a second", took.as_secs_f64() * 1e3);
    so("seven tenths of the line's bytes are the plugin's", carried * 7 < bytes * 10)
}
