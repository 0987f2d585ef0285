//! From a store into the host.

use crate::{
    firmware::{Firmware, Store},
    told::{name_of, told},
};
use alloc::boxed::Box;
use ampoule::{Host, Manifest, PluginId, Source};
use ampoule_link::{Announced, PluginId as Name, Target, Told};

/// Loads or reloads what was committed, or leaves all as it was.
pub(crate) fn load<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    store: &impl Store,
    announced: &Announced,
    firmware: &impl Firmware,
) -> Result<Name, Told> {
    firmware.has_room(announced)?;
    let (manifest, wasm) = store.parts(announced);
    let manifest = if manifest.is_empty() { None } else { Some(parsed(manifest)?) };
    let source = Source::new(wasm);
    let source = match &manifest {
        Some(manifest) => source.with_manifest(manifest),
        None => source,
    };
    match announced.target {
        Target::New => host.load(source).map(name_of).map_err(|error| told(&error)),
        Target::Plugin(plugin) => {
            let id = find(host, plugin)?;
            host.reload(id, source).map(|()| plugin).map_err(|error| told(&error))
        }
    }
}

/// A manifest has 2.5 KiB: on the heap rather than on the stack that loading needs.
#[inline(never)]
fn parsed(json: &[u8]) -> Result<Box<Manifest>, Told> {
    Manifest::parse(json).map(Box::new).map_err(|error| told(&error))
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
