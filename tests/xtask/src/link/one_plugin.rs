//! A device with room for one plugin: what a workstation does with it, until it ends itself.

use super::{
    bench::Bench,
    device::{Device, Package},
    emulator::Emulator,
    same, session, so,
};
use crate::{Result, firmware::Board, workspace};
use ampoule_link::{PluginId, Reply, Request, Target};
use core::{error::Error, fmt, time::Duration};
use std::{fs, path::Path, thread, time::Instant};

/// Its console speaks to this machine, which hears of its end.
const SEMIHOSTING: [&str; 2] = ["-semihosting-config", "enable=on,target=native"];
/// How long it may take to end.
const END: Duration = Duration::from_secs(10);

/// Why it didn't come to a good end.
#[derive(Debug)]
pub(crate) struct Short {
    why: String,
    /// Whether it has ended at all.
    ended: bool,
}

impl Short {
    /// Why it has ended; an error if it hangs.
    pub(crate) fn ended(self) -> Result<String> {
        if self.ended { Ok(self.why) } else { Err(self.into()) }
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.ended { "it has ended" } else { "it hangs" };
        write!(f, "{end}: {}", self.why)
    }
}

impl Error for Short {}

/// Boots it, asks what it is, calls, unloads, deploys, calls and unloads its plugin, and answers what it has printed.
pub(crate) fn one_plugin(board: &Board, image: &Path) -> Result<String, Short> {
    let unstarted = |error: Box<dyn Error>| Short { why: error.to_string(), ended: false };
    let emulator = Emulator::boot_with(board, image, &SEMIHOSTING).map_err(unstarted)?;
    let mut device = Device::new(Bench::new(emulator, board, session()).map_err(unstarted)?);
    let outcome = two_lives(&mut device);
    let is_fine = end(&mut device).map_err(unstarted)?;
    let printed = device.bench.emulator.printed();
    match (outcome, is_fine) {
        (Ok(()), Some(true)) => Ok(printed),
        (outcome, is_fine) => {
            // Of a device that has ended itself, what the line says of it tells nothing.
            let error = outcome.err().filter(|_| is_fine != Some(false));
            let error = error.map_or_else(String::new, |error| error.to_string());
            let parts = [last_words(&printed), device.bench.emulator.complaint(), error];
            let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            Err(Short { why: parts.join("; "), ended: is_fine.is_some() })
        }
    }
}

/// Why the plugin wasn't loaded, or else what was printed last.
fn last_words(printed: &str) -> String {
    let refused = printed.lines().find(|line| line.starts_with("echo: not loaded"));
    refused.or(printed.lines().last()).unwrap_or("nothing is printed").to_owned()
}

/// Whether it ends well; `None` if it doesn't end.
fn end(device: &mut Device) -> Result<Option<bool>> {
    let start = Instant::now();
    while start.elapsed() < END {
        if let Some(status) = device.bench.emulator.ended()? {
            return Ok(Some(status.success()));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(None)
}

fn two_lives(device: &mut Device) -> Result<()> {
    device.begin_session()?;
    let bits = device.bench.ask(&Request::Profile, |reply| match reply {
        Reply::Profile(profile) => Ok(profile.bits),
        other => Err(format!("{other:?}")),
    })??;
    same("the width of pointers", bits, 32)?;
    let echo = device.find("echo")?.plugin;
    device.shift(echo, 6)?;
    no_room(device)?;
    calls_and_unloads(device, echo)?;
    let echo = device.install(&flashed("echo")?, |_| Ok(()))?;
    calls_and_unloads(device, echo)
}

/// While the heap has no room even for a manifest, a deploy is refused, and nothing else happens.
fn no_room(device: &mut Device) -> Result<()> {
    let error = device.install(&flashed("endless")?, |_| Ok(())).map(|_| "taken".to_owned());
    let error = error.unwrap_or_else(|error| error.to_string());
    so(format!("{error} has F11"), error.contains("code: \"F11"))
}

/// A plugin of the firmware, with its manifest.
fn flashed(name: &str) -> Result<Package> {
    let firmware = workspace::root().join("firmware-example");
    let manifest = fs::read(firmware.join(format!("manifests/{name}.json")))?;
    let module = fs::read(firmware.join(format!("../guests/prebuilt/{name}.wasm")))?;
    Ok(Package::of(Target::New, &manifest, &module))
}

fn calls_and_unloads(device: &mut Device, echo: PluginId) -> Result<()> {
    device.shift(echo, 7)?;
    device.done(&Request::Unload { plugin: echo })
}
