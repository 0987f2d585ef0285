//! One copy, and how it is made.

use super::{PoolError, PoolSource, trial::Verdict};
use crate::{
    error::{Refusal, SlotError},
    host::{Config, Host, Source},
    id::PluginId,
    service::{Micros, OfferError},
};
use alloc::sync::Arc;

/// The plugin's id on every shard: its host has one slot, which is filled once.
pub(super) const ID: PluginId = PluginId { slot: 0, generation: 0 };

type Offers<'p> = dyn Fn(&mut Host<'p, 1>, usize) -> Result<(), OfferError> + Send + Sync + 'p;

/// Makes the hosts of shards.
pub(super) struct Maker<'p> {
    pub(super) config: Config<'p>,
    pub(super) clock: fn() -> Micros,
    pub(super) offers: Arc<Offers<'p>>,
}

/// One version, to be loaded any number of times.
#[derive(Clone)]
pub(super) struct Blueprint<'p> {
    source: Arc<dyn PoolSource<'p> + 'p>,
    hash: u64,
}

impl<'p> Blueprint<'p> {
    pub(super) fn new(source: Arc<dyn PoolSource<'p> + 'p>) -> Result<Self, PoolError> {
        let hash = crate::plugin::hash(source.source(0)?.wasm);
        Ok(Self { source, hash })
    }

    /// Lets `load` have the source for a shard, which must be the same module for all: an entry's index
    /// is valid on every shard.
    fn load<T, E>(
        &self,
        at: usize,
        load: impl FnOnce(Source<'_>) -> Result<T, E>,
    ) -> Result<T, PoolError>
    where
        PoolError: From<E>,
    {
        let source = self.source.source(at)?;
        if crate::plugin::hash(source.wasm) != self.hash {
            return Err(SlotError::OtherCopy { shard: at }.into());
        }
        Ok(load(source)?)
    }

    #[cfg(test)]
    pub(super) const fn hash(&self) -> u64 {
        self.hash
    }
}

/// A copy of the plugin. Two of them never lie in one line of a processor's cache, which comes in pairs of
/// 64 bytes on many: each thread would wait for the other's writes.
#[repr(align(128))]
pub(super) struct Shard<'p> {
    host: Host<'p, 1>,
    /// Set while the host works. If it is found set, a panic has left the host as it was then.
    busy: bool,
    /// Whether the last call has failed, so that a fresh instance may be due.
    failed: bool,
    /// While a version is on trial that isn't decided on: good calls that the host hasn't told of yet.
    trial: Option<u32>,
}

impl<'p> Maker<'p> {
    /// Loads a copy.
    pub(super) fn shard(
        &self,
        at: usize,
        blueprint: &Blueprint<'p>,
    ) -> Result<Shard<'p>, PoolError> {
        let mut host = Host::new(self.config, self.clock);
        (self.offers)(&mut host, at)?;
        let id = blueprint.load(at, |source| host.load(source))?;
        if id != ID {
            // Nothing but the plugin may stand in its slot.
            return Err(SlotError::Full { slots: 1 }.into());
        }
        Ok(Shard { host, busy: false, failed: false, trial: None })
    }

    /// Loads a copy again, in the place of one whose host a panic has left as it was.
    pub(super) fn replace(
        &self,
        at: usize,
        blueprint: &Blueprint<'p>,
        lost: &mut Shard<'p>,
    ) -> Result<(), Refusal> {
        let mut fresh = self.shard(at, blueprint).map_err(|_| Refusal::ShardLost {})?;
        fresh.host.succeed(ID, &mut lost.host).map_err(|_| Refusal::ShardLost {})?;
        *lost = fresh;
        Ok(())
    }
}

impl<'p> Shard<'p> {
    /// Has the host do something.
    pub(super) fn work<'s, T>(&'s mut self, work: impl FnOnce(&'s mut Host<'p, 1>) -> T) -> T {
        let Self { host, busy, .. } = self;
        *busy = true;
        let done = work(host);
        *busy = false;
        done
    }

    /// Has the host call, and remembers how that went.
    pub(super) fn call<'s, T, E>(
        &'s mut self,
        call: impl FnOnce(&'s mut Host<'p, 1>) -> Result<T, E>,
    ) -> Result<T, E> {
        let Self { host, busy, failed, .. } = self;
        *busy = true;
        let result = call(host);
        *busy = false;
        *failed |= result.is_err();
        result
    }

    /// Reads what a host tells of itself, lost or not.
    pub(super) const fn host(&self) -> &Host<'p, 1> {
        &self.host
    }

    /// Notes of a host, which run nothing of the plugin.
    pub(super) const fn host_mut(&mut self) -> &mut Host<'p, 1> {
        &mut self.host
    }

    pub(super) const fn is_lost(&self) -> bool {
        self.busy
    }

    pub(super) const fn is_on_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Whether it was.
    pub(super) const fn forget_trial(&mut self) -> bool {
        self.trial.take().is_some()
    }

    /// Puts a fresh instance in the place of one that was ended.
    pub(super) fn renew(&mut self) {
        if core::mem::take(&mut self.failed) {
            self.work(|host| host.renew(ID));
        }
    }

    /// Loads another version beside the one that runs, and swaps them.
    pub(super) fn take_over(
        &mut self,
        at: usize,
        blueprint: &Blueprint<'_>,
    ) -> Result<(), PoolError> {
        blueprint.load(at, |source| self.work(|host| host.reload(ID, source)))?;
        self.trial = self.host.probation(ID).map(|(owed, _)| owed);
        Ok(())
    }

    /// What the version on trial has shown since somebody asked: good calls, and a fault.
    pub(super) fn shown(&mut self) -> (u32, Option<&'static str>) {
        let Some((owed, fault)) = self.host.probation(ID) else { return (0, None) };
        let before = self.trial.replace(owed).unwrap_or(owed);
        (before.saturating_sub(owed), fault)
    }

    /// Does what was decided on.
    pub(super) fn obey(&mut self, verdict: Verdict) {
        self.trial = None;
        self.work(|host| match verdict {
            Verdict::Commit => host.accept(ID),
            Verdict::Revert { code } => host.go_back(ID, code),
        });
    }
}
