//! `echo` says back what it is told.

use crate::{Device, Done, Stopped, manifest, show};
use ampoule::{PluginId, Source};
use core::fmt::Write;

/// Too little fuel for any call.
const STARVED: &[u8] =
    br#"{ "meta": { "name": "echo", "version": "1.0.0" }, "limits": { "fuelPerCall": 20 } }"#;

#[inline(never)]
pub(crate) fn load(host: &mut Device, wasm: &[u8]) -> Result<PluginId, Stopped> {
    Ok(host.load(Source::new(wasm))?)
}

#[inline(never)]
pub(crate) fn calls(host: &mut Device, id: PluginId, out: &mut dyn Write) -> Done {
    let echo = host.bind::<&[u8], &[u8]>(id, "echo")?;
    let reply = host.call(&echo, &b"ampoule".as_slice())?.len();
    writeln!(out, "echo: {reply} bytes")?;
    // Five bytes are announced, and one is there.
    let wrong = host.bind::<(u8, u8), &[u8]>(id, "echo")?;
    let refused = host.call(&wrong, &(5, 1)).map(|_| ());
    show::outcome(out, "echo of half a message", refused)
}

/// A new version that can do nothing is taken back after its first call.
#[inline(never)]
pub(crate) fn reverts(host: &mut Device, id: PluginId, wasm: &[u8], out: &mut dyn Write) -> Done {
    let shift = host.bind::<(i32, i32), (i32, i32)>(id, "shift")?;
    let starved = manifest(STARVED)?;
    host.reload(id, Source::new(wasm).with_manifest(&starved))?;
    for call in ["shift, starved", "shift, reverted"] {
        let shifted = host.call(&shift, &(1, 2)).map(|_| ());
        show::outcome(out, call, shifted)?;
    }
    Ok(())
}
