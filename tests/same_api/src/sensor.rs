//! `sensor-filter` smooths a temperature and drops spikes. Its parameters are kept by the host, and a new
//! version takes over the temperature.

use crate::{
    Device, Done, Stopped, manifest,
    show::{self, Tenths},
};
use ampoule::{PluginId, Source};
use core::fmt::Write;

/// Microseconds and degrees.
pub(crate) type Sample = (u64, f32);
/// Degrees, and how many samples were dropped.
pub(crate) type Reading = (f32, u32);

const MANIFEST: &[u8] = br#"{
    "meta": { "name": "sensor-filter", "version": "1.0.0" },
    "capabilities": { "services": [
        { "service": "kv", "operations": ["get", "set"] },
        { "service": "log", "operations": ["write"] }
    ] }
}"#;

#[inline(never)]
pub(crate) fn load(host: &mut Device, wasm: &[u8]) -> Result<PluginId, Stopped> {
    let manifest = manifest(MANIFEST)?;
    Ok(host.load(Source::new(wasm).with_manifest(&manifest))?)
}

#[inline(never)]
pub(crate) fn calls(host: &mut Device, id: PluginId, out: &mut dyn Write) -> Done {
    // The weight of a new sample, and what a spike is.
    let configure = host.bind::<(f32, f32), ()>(id, "configure")?;
    let refused = host.call(&configure, &(1.5, 10.0));
    show::outcome(out, "configure with a wrong weight", refused)?;
    host.call(&configure, &(0.25, 10.0))?;
    samples(host, id, &[(1, 20.0), (2, 24.0), (3, 21.0)], out)
}

/// The new version goes on where the old one was.
#[inline(never)]
pub(crate) fn reloads(host: &mut Device, id: PluginId, wasm: &[u8], out: &mut dyn Write) -> Done {
    let manifest = manifest(MANIFEST)?;
    host.reload(id, Source::new(wasm).with_manifest(&manifest))?;
    samples(host, id, &[(5, 25.0), (5, 25.0), (6, 26.0)], out)
}

fn samples(host: &mut Device, id: PluginId, samples: &[Sample], out: &mut dyn Write) -> Done {
    let filter = host.bind::<Sample, Reading>(id, "filter")?;
    for sample @ (micros, measured) in samples {
        let (smooth, dropped) = host.call(&filter, sample)?;
        let fuel = host.plugin(id).map_or(0, |plugin| plugin.usage().fuel);
        let (measured, smooth) = (Tenths(*measured), Tenths(smooth));
        writeln!(out, "filter ({micros}, {measured}): ({smooth}, {dropped}), fuel {fuel}")?;
    }
    Ok(())
}
