//! A new version beside the old one: admitted, initialized, swapped in between two calls, and on
//! probation until it has shown that it works.

use super::{
    Host,
    config::{Probation, Source},
    slot::{Previous, Version},
};
use crate::{
    cell::{HeapUse, reserve},
    error::{CallError, Diagnosis as _, LoadError, SlotError},
    event::EventKind,
    id::PluginId,
    plugin::Plugin,
    service::{Micros, Services},
    text::Text,
};
use alloc::{boxed::Box, vec::Vec};

impl<const SLOTS: usize> Host<'_, SLOTS> {
    /// Loads a new version of a plugin beside the running one, and swaps them when the call under way has
    /// ended, at once if there is none. The plugin's id, its bound entries and the calls that wait stay.
    ///
    /// If the old one has `ampoule_save` and the new one `ampoule_restore`, its state is handed over. Then
    /// the new version is on [`Probation`](super::Probation) with the old one kept as it was: a fault
    /// reverts to it. A version that comes while another waits or is on probation takes that one's place.
    ///
    /// # Errors
    /// [`LoadError`]: the old version goes on as if nothing had been. So it does when the new one refuses
    /// the state: if the swap had to wait, only an [`Event`](crate::Event) tells. If it is the old one that
    /// faults while it tells its state, that costs its instance, as any fault does.
    pub fn reload(&mut self, id: PluginId, source: Source<'_>) -> Result<(), LoadError> {
        let hash = crate::plugin::hash(source.wasm);
        if self.slots.get(id).is_some_and(|live| live.running.is_none()) {
            self.prove(id, (self.clock)());
        }
        let staged = self.stage(id, source);
        match staged {
            Ok(()) => self.note(id, EventKind::Staged { hash }),
            Err(error) => {
                let code = error.code();
                if self.slots.get(id).is_some() {
                    self.note(id, EventKind::Refused { hash, code });
                }
                return Err(error);
            }
        }
        if self.live(id).is_ok_and(|live| live.running.is_none()) {
            return self.swap(id, (self.clock)());
        }
        self.list(id);
        Ok(())
    }

    /// Goes back to the version before, while the current one is on probation: an operator's word.
    ///
    /// # Errors
    /// [`SlotError::NoPrevious`] if it isn't, [`SlotError::Stale`] if the plugin is gone,
    /// [`SlotError::InCall`] while a call is under way: cancel it, or wait.
    pub fn roll_back(&mut self, id: PluginId) -> Result<(), SlotError> {
        let live = self.slots.get(id).ok_or(SlotError::Stale { plugin: id })?;
        if live.previous.is_none() {
            return Err(SlotError::NoPrevious {});
        }
        if live.running.is_some() {
            return Err(SlotError::InCall {});
        }
        self.revert(id, "");
        Ok(())
    }

    /// Admits a version and initializes it, beside the one that runs.
    fn stage(&mut self, id: PluginId, source: Source<'_>) -> Result<(), LoadError> {
        self.live(id).map_err(|_| SlotError::Stale { plugin: id })?;
        let place = reserve(self.config.cell, Box::new_uninit)?;
        let mut heap = HeapUse::default();
        let fits = |host: &Self, plugin: &Plugin| {
            let live = host.slots.get(id).ok_or(SlotError::Stale { plugin: id })?;
            same_name(live.current.plugin.meta().name, plugin.meta().name)?;
            live.fits(plugin)
        };
        let version = self.admit(source, fits, &mut heap).inspect_err(|_| self.record(id, heap))?;
        let staged = Some(Box::write(place, version));
        let replaced =
            self.live(id).ok().and_then(|live| core::mem::replace(&mut live.staged, staged));
        if let Some(replaced) = replaced {
            self.farewell(id, replaced);
        }
        Ok(())
    }

    /// Changes what there is to change, between two calls.
    pub(super) fn change_versions(&mut self, id: PluginId, now: Micros) {
        if self.slots.get(id).is_none_or(|live| live.running.is_some()) {
            return;
        }
        self.prove(id, now);
        if self.slots.get(id).is_some_and(|live| live.staged.is_some()) {
            // Told by an event; nobody waits for the answer.
            let _ = self.swap(id, now);
        }
    }

    /// Reverts or commits, if a version on probation has shown what it is.
    fn prove(&mut self, id: PluginId, now: Micros) {
        let previous = self.slots.get(id).and_then(|live| live.previous.as_ref());
        let Some(previous) = previous else { return };
        match previous.fault {
            Some(code) => self.revert(id, code),
            None if previous.calls_left == 0 || now >= previous.until => self.commit(id),
            None => {}
        }
    }

    /// Hands state over, and lets the staged version take the place of the current one.
    fn swap(&mut self, id: PluginId, now: Micros) -> Result<(), LoadError> {
        let Probation { calls: calls_left, micros } = self.config.probation;
        let until = now.saturating_add(micros);
        let Self { services, slots, config, .. } = self;
        let Some(live) = slots.get_mut(id) else { return Ok(()) };
        let Some(mut staged) = live.staged.take() else { return Ok(()) };
        // An entry may have been bound since it was staged.
        let fits = live.fits(&staged.plugin).map_err(LoadError::from);
        let place = fits.and_then(|()| {
            let place = match &live.previous {
                Some(_) => None,
                None => Some(reserve(config.cell, Box::new_uninit)?),
            };
            hand_over(services, &mut live.current, &mut staged)?;
            Ok(place)
        });
        let place = match place {
            Ok(place) => place,
            Err(error) => {
                let (hash, code) = (staged.plugin.hash(), error.code());
                self.note(id, EventKind::Refused { hash, code });
                self.farewell(id, staged);
                return Err(error);
            }
        };
        let (from, to) = (live.current.plugin.hash(), staged.plugin.hash());
        live.version = live.version.saturating_add(1);
        live.ledger.start_over();
        let version = live.version;
        let old = core::mem::replace(&mut live.current, *staged);
        live.rebind();
        // A version that never passed its probation is nothing to go back to, and none that want of memory has ended.
        let dropped = match (&mut live.previous, place) {
            (None, Some(place)) if !old.plugin.is_lost() => {
                let previous = Previous { version: old, until, calls_left, fault: None };
                live.previous = Some(Box::write(place, previous));
                None
            }
            (previous, _) => {
                if let Some(previous) = previous {
                    (previous.until, previous.calls_left) = (until, calls_left);
                }
                Some(old)
            }
        };
        self.note(id, EventKind::Swapped { from, to, version });
        self.list(id);
        if let Some(version) = dropped {
            self.retire(id, version);
        }
        if calls_left == 0 {
            self.commit(id);
        }
        Ok(())
    }

    /// The new version is there to stay.
    pub(super) fn commit(&mut self, id: PluginId) {
        let Some(live) = self.slots.get_mut(id) else { return };
        let Some(previous) = live.previous.take() else { return };
        let (hash, version) = (live.current.plugin.hash(), live.version);
        self.note(id, EventKind::Committed { hash, version });
        self.retire(id, previous.version);
    }

    /// The old version takes its place back.
    pub(super) fn revert(&mut self, id: PluginId, code: &'static str) {
        let Some(live) = self.slots.get_mut(id) else { return };
        let Some(previous) = live.previous.take() else { return };
        let (from, to) = (live.current.plugin.hash(), previous.version.plugin.hash());
        live.ledger.start_over();
        let failed = core::mem::replace(&mut live.current, previous.version);
        live.rebind();
        live.version = live.version.saturating_add(1);
        let version = live.version;
        self.note(id, EventKind::Reverted { from, to, version, code });
        self.retire(id, failed);
    }

    /// A version that has run goes: what it has used, to the last word, stays on record.
    fn retire(&mut self, id: PluginId, mut version: Version) {
        self.part(id, &mut version);
        if let Some(live) = self.slots.get_mut(id) {
            live.ledger.retire(&version.plugin);
        }
        self.record(id, version.plugin.heap());
    }

    /// A version goes that has never run, or with its plugin.
    pub(super) fn farewell(&mut self, id: PluginId, mut version: Box<Version>) {
        self.part(id, &mut version);
        self.record(id, version.plugin.heap());
    }

    /// Keeps in mind what a version had that goes, beside the others.
    fn record(&mut self, id: PluginId, heap: HeapUse) {
        if let Some(live) = self.slots.get_mut(id) {
            let heap = live.heap().and(heap);
            live.ledger.counters.record_heap(heap);
        }
    }

    pub(super) fn part(&mut self, id: PluginId, version: &mut Version) {
        if let Err(error) = self.destroy(version) {
            self.note(id, EventKind::DestroyFailed { code: error.code() });
        }
    }
}

/// A reload doesn't turn a plugin into another one.
fn same_name(name: &str, found: &str) -> Result<(), SlotError> {
    if name == found {
        return Ok(());
    }
    let text = |name: &str| Text::from_guest(name.as_bytes());
    Err(SlotError::OtherName { loaded: text(name), found: text(found) })
}

/// Carries the state of the old version over to the new one, if both can.
fn hand_over(
    services: &mut Services,
    old: &mut Version,
    new: &mut Version,
) -> Result<(), CallError> {
    if !(old.plugin.saves() && new.plugin.restores()) {
        return Ok(());
    }
    services.swap_own(&mut old.own);
    let saved = old.plugin.save(services);
    services.swap_own(&mut old.own);
    let saved: Vec<u8> = saved?;
    services.swap_own(&mut new.own);
    let restored = new.plugin.restore(services, &saved);
    services.swap_own(&mut new.own);
    restored
}

impl super::ledger::Ledger {
    /// Another version takes over: the breaker starts over with it.
    fn start_over(&mut self) {
        self.counters.record_reload();
        let rules = *self.breaker.rules();
        self.breaker.reset(rules);
    }
}
