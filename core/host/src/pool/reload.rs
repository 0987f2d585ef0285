//! A new version on all shards, or on none.

use super::{Pool, PoolError, PoolSource, Wait, shard::Blueprint, trial::Trial};
use crate::{error::SlotError, service::Micros};
use alloc::sync::Arc;
use spin::Mutex;

impl<'p, const N: usize, W: Wait> Pool<'p, N, W> {
    /// Loads a new version into one shard after the other, each beside the one that runs there, which
    /// hands its state over as in [`Host::reload`](crate::Host::reload). Calls go on on the other shards
    /// meanwhile. Then the pool as a whole is on probation: a fault on any shard reverts all of them, so
    /// many good calls on all shards together commit, or so much time.
    ///
    /// Each shard goes back, or drops its old version, before its next call; so that for a moment some
    /// callers get one version and some the other. A version that comes while another is on probation
    /// ends that: the one before, which has shown no fault so far, is what there is to go back to.
    ///
    /// It waits as [`Self::counters`] does.
    ///
    /// # Errors
    /// [`PoolError`]: all shards go on with the version that they had. [`SlotError::Unproven`] if it
    /// faulted on a shard that had it while others hadn't yet.
    pub fn reload(&self, source: impl PoolSource<'p> + 'p) -> Result<(), PoolError> {
        let _alone = self.alone();
        let blueprint = Blueprint::new(Arc::new(source))?;
        self.trial.lock().end();
        self.settle();
        let result = self.roll_out(&blueprint);
        if result.is_err() || self.probation.calls == 0 {
            self.settle();
        }
        result
    }

    /// Goes back to the version before, while the current one is on probation: an operator's word.
    ///
    /// # Errors
    /// [`SlotError::NoPrevious`] if it isn't.
    pub fn roll_back(&self) -> Result<(), SlotError> {
        let _alone = self.alone();
        let mut trial = self.trial.lock();
        if trial.verdict().is_some() {
            return Err(SlotError::NoPrevious {});
        }
        trial.revert("");
        drop(trial);
        self.settle();
        Ok(())
    }

    fn roll_out(&self, blueprint: &Blueprint<'p>) -> Result<(), PoolError> {
        let rollout = RollOut::begin(&self.trial, blueprint);
        for mut lease in self.each() {
            if rollout.is_over() {
                return Err(SlotError::Unproven {}.into());
            }
            lease.take_over(blueprint)?;
        }
        let now: Micros = (self.maker.clock)();
        self.trial.lock().rolled_out(self.probation, now);
        if rollout.is_over() { Err(SlotError::Unproven {}.into()) } else { Ok(()) }
    }

    /// Has every shard do what was decided on.
    fn settle(&self) {
        for mut lease in self.each() {
            // One that can't be mended now is refused to its callers, until it can.
            let _ = lease.mend();
        }
    }
}

/// A trial that has begun: given up when this is dropped before all shards have the version.
struct RollOut<'t, 'p>(&'t Mutex<Trial<'p>>);

impl<'t, 'p> RollOut<'t, 'p> {
    fn begin(trial: &'t Mutex<Trial<'p>>, blueprint: &Blueprint<'p>) -> Self {
        trial.lock().begin(blueprint.clone());
        Self(trial)
    }

    fn is_over(&self) -> bool {
        self.0.lock().verdict().is_some()
    }
}

impl Drop for RollOut<'_, '_> {
    fn drop(&mut self) {
        self.0.lock().abandon();
    }
}
