//! From a store into the host.

use crate::{
    firmware::{Firmware, Store},
    told::{name_of, told},
};
use alloc::vec::Vec;
use ampoule::{Fault, Host, Manifest, PluginId, Source};
use ampoule_link::{Announced, PluginId as Name, Target, Told};

/// Loads or reloads what was committed, or leaves all as it was.
// By itself, as both ways are: what loading has on the stack would lie there beside what reloading and other requests
// have, which is five kilobytes more.
#[inline(never)]
pub(crate) fn load<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    store: &impl Store,
    announced: &Announced,
    firmware: &impl Firmware,
) -> Result<Name, Told> {
    firmware.has_room(announced)?;
    let (manifest, wasm) = store.parts(announced);
    let manifest = if manifest.is_empty() { Vec::new() } else { parsed(manifest)? };
    let source = Source::new(wasm);
    let source = match manifest.first() {
        Some(manifest) => source.with_manifest(manifest),
        None => source,
    };
    match announced.target {
        Target::New => anew(host, source),
        Target::Plugin(plugin) => again(host, plugin, source),
    }
}

#[inline(never)]
fn anew<const SLOTS: usize>(host: &mut Host<'_, SLOTS>, source: Source<'_>) -> Result<Name, Told> {
    host.load(source).map(name_of).map_err(|error| told(&error))
}

#[inline(never)]
fn again<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    plugin: Name,
    source: Source<'_>,
) -> Result<Name, Told> {
    let id = find(host, plugin)?;
    host.reload(id, source).map(|()| plugin).map_err(|error| told(&error))
}

/// A manifest has 2.5 KiB: on the heap rather than on the stack that loading needs. Nothing of the host's fails where the
/// heap has no room for it, so it isn't in a box.
#[inline(never)]
fn parsed(json: &[u8]) -> Result<Vec<Manifest>, Told> {
    let mut place = Vec::new();
    place.try_reserve_exact(1).map_err(|_| told(&Fault::OutOfMemory {}))?;
    // Straight there: each step on the way has room for all of it on the stack.
    match Manifest::parse(json) {
        Ok(manifest) => place.push(manifest),
        Err(error) => return Err(told(&error)),
    }
    Ok(place)
}

/// The plugin that the workstation has named.
pub(crate) fn find<const SLOTS: usize>(
    host: &Host<'_, SLOTS>,
    plugin: Name,
) -> Result<PluginId, Told> {
    let mut ids = host.iter().map(|(id, _)| id);
    let stale = || Told::new("L03", 0, &format_args!("the plugin {plugin} isn't loaded"));
    ids.find(|id| name_of(*id) == plugin).ok_or_else(stale)
}
