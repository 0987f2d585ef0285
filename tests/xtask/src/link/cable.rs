//! A cable that is pulled, bytes that aren't what was announced, and a reset.

use super::{
    device::{Device, Package},
    same, so,
};
use crate::Result;
use ampoule_link::{Request, Target};
use core::time::Duration;
use std::{thread, time::Instant};

pub(super) fn pulled(device: &mut Device) -> Result<()> {
    let teller = device.deploy(Target::New, "1.0.0")?;
    let package = Package::teller(Target::Plugin(teller), "2.0.0");
    let mut so_far = None;
    for _ in 0..2 {
        let request = package.announced.next_request(&package.bytes, so_far, 200);
        so_far = device.bench.ask(&request, |reply| match reply {
            ampoule_link::Reply::Progress(progress) => progress,
            _ => None,
        })?;
    }
    same("so far", so_far.map(|progress| progress.next_offset), Some(200))?;
    // Amid a chunk, so that half a frame lies there.
    device.bench.pull_amid(&package.announced.next_request(&package.bytes, so_far, 200))?;
    same("a stranger to it", device.code(&Request::Status)?.as_str(), "N01")?;
    device.begin_session()?;
    same("it knows where it was", device.status()?, so_far)?;
    same("the old one answers", device.who(teller)?.as_str(), "1.0.0")?;
    let mut chunks = 0;
    device.install(&package, |_| {
        chunks += 1;
        Ok(())
    })?;
    let left = (package.bytes.len() - 200).div_ceil(device.chunk_bytes as usize);
    same("nothing was sent twice", chunks, left)?;
    same("the new one answers", device.who(teller)?.as_str(), "2.0.0")
}

pub(super) fn other_hash(device: &mut Device) -> Result<()> {
    let teller = device.deploy(Target::New, "1.0.0")?;
    let mut package = Package::teller(Target::Plugin(teller), "2.0.0");
    let middle = package.bytes.len() / 2;
    package.bytes[middle] ^= 1;
    let error = device.install(&package, |_| Ok(())).map(|_| String::from("taken"));
    let error = error.unwrap_or_else(|error| error.to_string());
    so(format!("{error} has N10"), error.contains("N10"))?;
    same("it is gone", device.status()?, None)?;
    same("the old one answers", device.who(teller)?.as_str(), "1.0.0")?;
    package.bytes[middle] ^= 1;
    device.install(&package, |_| Ok(()))?;
    same("the new one answers", device.who(teller)?.as_str(), "2.0.0")
}

/// QEMU ends where a chip restarts.
pub(super) fn reset(device: &mut Device) -> Result<()> {
    device.done(&Request::Reset)?;
    let start = Instant::now();
    while device.bench.emulator.check().is_ok() {
        so("it restarts", start.elapsed() < Duration::from_secs(20))?;
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
