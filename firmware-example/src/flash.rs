//! The plugins in the chip's flash.

use crate::{board, console::say, heap::HEAP};
use alloc::vec::Vec;
use ampoule::{Diagnosis, Host, LoadError, Manifest, PluginId, Source};

/// A plugin that was built into the firmware.
pub(crate) struct Flashed {
    pub(crate) name: &'static str,
    module: &'static [u8],
    manifest: &'static [u8],
}

macro_rules! flashed {
    ($name:literal) => {
        Flashed {
            name: $name,
            module: include_bytes!(concat!("../../guests/prebuilt/", $name, ".wasm")),
            manifest: include_bytes!(concat!("../manifests/", $name, ".json")),
        }
    };
}

/// The one with the highest peak first, while the heap is in one piece.
pub(crate) const SENSOR_FILTER: Flashed = flashed!("sensor-filter");
pub(crate) const ECHO: Flashed = flashed!("echo");
#[cfg(not(feature = "conformance"))]
pub(crate) const BLINK: Flashed = flashed!("blink");
#[cfg(not(feature = "conformance"))]
pub(crate) const ENDLESS: Flashed = flashed!("endless");

impl Flashed {
    /// Loads it, and tells what that took. `None`, and why, if it isn't loaded.
    pub(crate) fn load<const SLOTS: usize>(&self, host: &mut Host<'_, SLOTS>) -> Option<PluginId> {
        let name = self.name;
        let before = HEAP.live();
        let read = self.manifest()?;
        let manifest = read.first()?;
        let began = board::now();
        let loaded = host.load(Source::new(self.module).with_manifest(manifest));
        let took = board::now() - began;
        drop(read);
        match loaded {
            Ok(id) => {
                say!("{name}: loaded, {} bytes of wasm", self.module.len());
                let heap = HEAP.live() - before;
                let most = host.counters(id).map_or(0, |counters| counters.heap_most_bytes);
                say!("# {name}: {heap} bytes of heap, {most} while loading, {took} us");
                Some(id)
            }
            Err(error) => {
                refused(name, &error);
                None
            }
        }
    }

    /// Reads its manifest: 2.5 KiB, on the heap rather than on the stack that loading needs, if there is room for it.
    #[inline(never)]
    fn manifest(&self) -> Option<Vec<Manifest>> {
        let mut place = Vec::new();
        if place.try_reserve_exact(1).is_err() {
            say!("{}: not loaded, no heap for its manifest", self.name);
            return None;
        }
        match Manifest::parse(self.manifest) {
            Ok(manifest) => place.push(manifest),
            Err(error) => say!("{}: its manifest: {error}", self.name),
        }
        Some(place)
    }
}

/// The cure stands under the code in `docs/errors.md`; here all cures together would take 9 KiB.
fn refused(name: &str, error: &LoadError) {
    say!("{name}: not loaded, {}: {error}", error.code());
}
