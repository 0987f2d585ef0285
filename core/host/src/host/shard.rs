//! What a pool needs of a host that is one of its shards, besides calls.

use super::{Host, Uses, slot::BoundEntry};
use crate::{
    breaker::BreakerState,
    error::{LoadError, SlotError},
    event::EventKind,
    id::PluginId,
};

impl<const SLOTS: usize> Host<'_, SLOTS> {
    /// Makes a fresh instance if one is due, unless nobody may call it. If it can't be made, the next
    /// call tries again, and tells.
    pub(crate) fn renew(&mut self, id: PluginId) {
        let Self { services, slots, .. } = self;
        let Some(live) = slots.get_mut(id) else { return };
        if live.ledger.breaker.state() == BreakerState::Quarantined {
            return;
        }
        services.swap_own(&mut live.current.own);
        let _ = live.current.plugin.ensure_ready(services);
        services.swap_own(&mut live.current.own);
    }

    /// What a version on probation has shown: good calls that it still owes, and its fault.
    pub(crate) fn probation(&self, id: PluginId) -> Option<(u32, Option<&'static str>)> {
        let previous = self.slots.get(id)?.previous.as_ref()?;
        Some((previous.calls_left, previous.fault))
    }

    /// Ends the probation, whatever is left of it.
    pub(crate) fn accept(&mut self, id: PluginId) {
        self.commit(id);
    }

    /// Goes back to the version before, for the reason that `code` names.
    pub(crate) fn go_back(&mut self, id: PluginId, code: &'static str) {
        self.revert(id, code);
    }

    /// Binds an entry at the place that it has on other shards. A version that lacks it refuses its calls.
    pub(crate) fn bind_too(&mut self, id: PluginId, name: &str) {
        let Some(live) = self.slots.get_mut(id) else { return };
        if live.entries.iter().all(|bound| &*bound.name != name) {
            let index = live.current.plugin.entry_index(name);
            live.entries.push(BoundEntry { name: name.into(), index, needed: true });
        }
    }

    /// Goes on where a host was lost in the middle of a call: with its record, its events and its bound
    /// entries.
    pub(crate) fn succeed(&mut self, id: PluginId, lost: &mut Self) -> Result<(), LoadError> {
        let counters = lost.counters(id).unwrap_or_default();
        let mut uses = Uses::default();
        uses.add(lost.host_calls(id).filter(|(_, uses)| *uses > 0));
        let stale = SlotError::Stale { plugin: id };
        let (Some(live), Some(old)) = (self.slots.get_mut(id), lost.slots.get(id)) else {
            return Err(stale.into());
        };
        old.fits(&live.current.plugin)?;
        live.entries = old.entries.clone();
        live.rebind();
        // Its own instance is counted when somebody asks.
        (live.ledger.counters, live.ledger.uses) = (counters, uses);
        live.ledger.breaker = old.ledger.breaker.clone();
        if live.ledger.breaker.state() == BreakerState::HalfOpen {
            // The probe was lost with the host, and what it would have said.
            live.ledger.breaker.lift();
        }
        live.version = old.version;
        let hash = live.current.plugin.hash();
        core::mem::swap(&mut self.events, &mut lost.events);
        self.note(id, EventKind::Loaded { hash });
        Ok(())
    }
}
