//! A shard, as long as somebody has it.

use super::{
    Freed, Pool, PoolError, Spin, Wait,
    shard::{Blueprint, ID, Shard},
    turnstile::Turnstile,
};
use crate::{
    breaker::BreakerState,
    counters::Counters,
    entry::Entry,
    error::{BindError, CallError, Diagnosis as _, LoadError, Refusal},
    event::Event,
    plugin::Plugin,
    service::Micros,
};
use ampoule_abi::Decode;
use core::fmt;
use serde::Serialize;
use spin::MutexGuard;

/// A shard that nobody else has meanwhile. Dropping it gives it back.
///
/// Where many short calls come one after the other, keep it for all of them: then threads share nothing.
pub struct Lease<'l, 'p, const N: usize, W: Wait = Spin> {
    pool: &'l Pool<'p, N, W>,
    at: usize,
    /// Whether it was this one that has decided on a version on trial.
    decided: bool,
    // Dropped in this order: unlocked, free, told.
    shard: MutexGuard<'l, Shard<'p>>,
    _turn: Turn<'l>,
    _freed: Freed<'l, W>,
}

/// The right to lock a shard.
struct Turn<'l> {
    turnstile: &'l Turnstile,
    at: usize,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turnstile.leave(self.at);
    }
}

impl<'p, const N: usize, W: Wait> Pool<'p, N, W> {
    /// Leases the shard that the turnstile has given out. The number is below `N`.
    #[allow(clippy::indexing_slicing)]
    pub(super) fn lease(&self, at: usize) -> Lease<'_, 'p, N, W> {
        let turn = Turn { turnstile: &self.turnstile, at };
        // Nobody else has it, but for one that is just about to unlock it.
        let shard = self.shards[at].lock();
        Lease { pool: self, at, decided: false, shard, _turn: turn, _freed: Freed(&self.wait) }
    }
}

impl<'p, const N: usize, W: Wait> Lease<'_, 'p, N, W> {
    /// Calls an entry and answers its reply, which borrows from the guest's memory.
    ///
    /// # Errors
    /// As for [`Host::call`](crate::Host::call); [`Refusal::ShardLost`] if a panic has cost the shard its
    /// host, and the plugin couldn't be loaded again.
    pub fn call<'h, Req: Serialize + ?Sized, Res: Decode<'h>>(
        &'h mut self,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> Result<Res, CallError> {
        self.call_within(entry, request, Micros::MAX)
    }

    /// [`Self::call`] that may take so many microseconds at most, by the pool's clock; less if the plugin's
    /// own deadline is shorter.
    ///
    /// # Errors
    /// As for [`Self::call`]; [`Fault::Deadline`](crate::Fault::Deadline) when the time is over: the call was
    /// really stopped, and the shard gets a fresh instance.
    pub fn call_within<'h, Req: Serialize + ?Sized, Res: Decode<'h>>(
        &'h mut self,
        entry: &Entry<Req, Res>,
        request: &Req,
        micros: Micros,
    ) -> Result<Res, CallError> {
        self.mend()?;
        self.judge();
        self.shard.call(|host| host.call_within(entry, request, micros))
    }

    /// Which shard it is, from 0 on.
    #[must_use]
    pub const fn shard(&self) -> usize {
        self.at
    }

    /// The plugin as this shard has it. `None` if a panic has cost the shard its host, until the next call.
    #[must_use]
    pub fn plugin(&self) -> Option<&Plugin> {
        if self.shard.is_lost() { None } else { self.shard.host().plugin(ID) }
    }

    /// What this shard has done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shard.host().counters(ID).unwrap_or_default()
    }

    /// How often this shard has used each service so far, by its name: see
    /// [`Host::host_calls`](crate::Host::host_calls).
    pub fn host_calls(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.shard.host().host_calls(ID)
    }

    /// Where this shard's breaker stands.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.shard.host().breaker(ID).unwrap_or(BreakerState::Closed)
    }

    /// Takes this shard's oldest event that wasn't taken yet.
    pub fn next_event(&mut self) -> Option<Event> {
        self.shard.host_mut().next_event()
    }

    /// Refuses all calls of this shard until [`Self::lift`].
    pub fn quarantine(&mut self) {
        // It is there as long as the host is.
        let _ = self.shard.host_mut().quarantine(ID);
    }

    /// Closes this shard's breaker whatever its state: an operator's word.
    pub fn lift(&mut self) {
        // It is there as long as the host is.
        let _ = self.shard.host_mut().lift(ID);
    }

    pub(super) fn bind<Req: Serialize + ?Sized, Res>(
        &mut self,
        name: &str,
    ) -> Result<Entry<Req, Res>, BindError> {
        self.shard.host_mut().bind(ID, name)
    }

    pub(super) fn bind_too(&mut self, name: &str) {
        self.shard.host_mut().bind_too(ID, name);
    }

    pub(super) fn take_over(&mut self, blueprint: &Blueprint<'p>) -> Result<(), PoolError> {
        self.mend().map_err(LoadError::Init)?;
        self.shard.take_over(self.at, blueprint)
    }

    /// Loads the plugin again if a panic has left its host as it was then.
    pub(super) fn mend(&mut self) -> Result<(), Refusal> {
        if self.shard.is_lost() { self.replace() } else { Ok(()) }
    }

    #[cold]
    fn replace(&mut self) -> Result<(), Refusal> {
        let mut trial = self.pool.trial.lock();
        if self.shard.forget_trial() {
            // What it had to go back to is gone, so that the others can't wait for its word.
            trial.revert(Refusal::ShardLost {}.code());
            self.decided = true;
        }
        let settled = trial.settled();
        drop(trial);
        self.pool.maker.replace(self.at, &settled, &mut self.shard)
    }

    /// Does what was decided on about a version on trial, once it has told what this shard has seen of it.
    fn judge(&mut self) {
        if !self.shard.is_on_trial() {
            return;
        }
        let now = (self.pool.maker.clock)();
        let (good, fault) = self.shard.shown();
        let mut trial = self.pool.trial.lock();
        let was_open = trial.verdict().is_none();
        let verdict = trial.judge(good, fault, now);
        drop(trial);
        if let Some(verdict) = verdict {
            self.decided |= was_open;
            self.shard.obey(verdict);
        }
    }
}

impl<const N: usize, W: Wait> Drop for Lease<'_, '_, N, W> {
    /// What the next caller would have to wait for is done here.
    fn drop(&mut self) {
        // Not while a panic unwinds: its next call does that.
        if self.shard.is_lost() {
            return;
        }
        self.judge();
        self.shard.renew();
        if self.decided {
            self.pool.tell_idle_shards();
        }
    }
}

impl<const N: usize, W: Wait> Pool<'_, N, W> {
    /// Has shards that nobody uses do what was decided on; the others do so when they are given back.
    fn tell_idle_shards(&self) {
        for at in 0..N {
            if self.turnstile.try_enter_at(at) {
                drop(self.lease(at));
            }
        }
    }
}

impl<const N: usize, W: Wait> fmt::Debug for Lease<'_, '_, N, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("shard", &self.at).finish_non_exhaustive()
    }
}
