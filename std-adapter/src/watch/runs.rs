//! What runs of a watched file, followed through swaps and ways back that happen between polls.

use super::event::{Hashes, WatchKind, WatchRefusal};
use ampoule::{Host, PluginId};

/// A plugin that a watcher has loaded.
#[derive(Debug)]
pub(super) struct Runs {
    pub(super) id: PluginId,
    pub(super) name: String,
    /// How the host counts the version that runs.
    at: u32,
    current: Version,
    /// Takes over when the call under way has ended.
    next: Option<Version>,
    /// What the host goes back to if the current one faults.
    kept: Option<Version>,
}

/// A version, by the hashes of its files and by the one that the host tells it by.
#[derive(Clone, Copy, Debug)]
struct Version {
    hashes: Hashes,
    code: u64,
}

impl Runs {
    /// What has just been loaded.
    pub(super) fn new<const SLOTS: usize>(
        host: &Host<'_, SLOTS>,
        id: PluginId,
        name: String,
        hashes: Hashes,
    ) -> Option<Self> {
        let (at, code) = (host.versions(id)?.current, host.plugin(id)?.hash());
        let current = Version { hashes, code };
        Some(Self { id, name, at, current, next: None, kept: None })
    }

    /// What runs, unless the host goes back.
    pub(super) fn current(&self) -> Hashes {
        self.current.hashes
    }

    /// What will run, if all goes well.
    pub(super) fn wanted(&self) -> Hashes {
        self.next.unwrap_or(self.current).hashes
    }

    /// A version was reloaded: it has taken over, or waits to.
    pub(super) fn reloaded<const SLOTS: usize>(
        &mut self,
        host: &Host<'_, SLOTS>,
        to: Hashes,
        tell: &mut dyn FnMut(WatchKind),
    ) {
        let (Some(versions), Some(plugin)) = (host.versions(self.id), host.plugin(self.id)) else {
            return;
        };
        let code = versions.staged.unwrap_or(plugin.hash());
        self.next = Some(Version { hashes: to, code });
        if versions.staged.is_some() {
            return tell(WatchKind::Staged { id: self.id, from: self.current.hashes, to });
        }
        self.follow(host, tell);
    }

    /// Tells what the host has done with the versions since the last time, and whether the plugin is
    /// loaded still.
    pub(super) fn follow<const SLOTS: usize>(
        &mut self,
        host: &Host<'_, SLOTS>,
        tell: &mut dyn FnMut(WatchKind),
    ) -> bool {
        let (Some(versions), Some(plugin)) = (host.versions(self.id), host.plugin(self.id)) else {
            return false;
        };
        let steps = versions.current.saturating_sub(self.at);
        if let Some(next) = self.next.take_if(|_| versions.staged.is_none()) {
            // Two steps are there and back; one may be the way back from the version before it.
            if steps >= 2 || (steps == 1 && plugin.hash() == next.code) {
                tell(self.swap(next));
            } else {
                tell(WatchKind::Failed { error: WatchRefusal::NotTaken {}.into() });
            }
        }
        if versions.current > self.at {
            self.at = versions.current;
            let kept = self.kept.take_if(|kept| kept.code == plugin.hash());
            kept.into_iter().for_each(|kept| tell(self.revert(kept)));
        }
        self.kept = self.kept.take().filter(|_| versions.previous.is_some());
        true
    }

    fn swap(&mut self, next: Version) -> WatchKind {
        let from = core::mem::replace(&mut self.current, next);
        // A version that never passed its probation is nothing to go back to.
        self.kept.get_or_insert(from);
        self.at = self.at.saturating_add(1);
        let (from, to) = (from.hashes, next.hashes);
        WatchKind::Reloaded { id: self.id, from, to, version: self.at }
    }

    fn revert(&mut self, kept: Version) -> WatchKind {
        let from = core::mem::replace(&mut self.current, kept).hashes;
        WatchKind::Reverted { id: self.id, from, to: kept.hashes, version: self.at }
    }
}
