//! A pool whose callers sleep while they wait.

mod gate;
mod sync;

use ampoule::{
    BindError, CallError, Config, Counters, Decode, Entry, Event, Host, Lease, Micros, OfferError,
    Pool, PoolError, PoolSource, SlotError, Wait,
};
use core::{fmt, time::Duration};
use gate::Gate;
use serde::Serialize;
use std::time::Instant;

/// A [`Pool`] for threads: who waits for a lease sleeps, and is served in the order of coming.
///
/// ```
/// use ampoule_std::{BlockingPool, Config, Context, Outcome, Source};
/// use std::time::Duration;
///
/// # static WASM: &[u8] = include_bytes!("../../guests/prebuilt/json-transformer.wasm");
/// # let clock = || 0;
/// let source = |_shard: usize| Ok(Source::new(WASM));
/// let pool = BlockingPool::<2>::load(Config::WORKSTATION, clock, |_, _| Ok(()), source)?;
/// let execute = pool.bind::<Context, Outcome>("execute")?;
/// std::thread::scope(|scope| {
///     for _ in 0..8 {
///         scope.spawn(|| {
///             let mut lease = pool.acquire();
///             assert!(lease.call(&execute, &Context::default()).unwrap().success);
///         });
///     }
/// });
/// assert_eq!(pool.counters().successes, 8);
///
/// let both = (pool.acquire(), pool.acquire());
/// assert!(pool.acquire_timeout(Duration::from_millis(1)).is_none());
/// # drop(both);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BlockingPool<'p, const N: usize> {
    pool: Pool<'p, N, Sleep>,
}

/// A lease of a [`BlockingPool`]'s shard.
pub type BlockingLease<'l, 'p, const N: usize> = Lease<'l, 'p, N, Sleep>;

/// Waits by sleeping.
#[derive(Default)]
pub struct Sleep(Gate);

impl Wait for Sleep {
    fn seen(&self) -> usize {
        self.0.seen()
    }

    fn pause(&self, seen: usize) -> usize {
        self.0.pause(seen)
    }

    fn freed(&self) {
        self.0.freed();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").finish_non_exhaustive()
    }
}

impl<'p, const N: usize> BlockingPool<'p, N> {
    /// Loads a plugin into every shard, or into none: see [`Pool::load`].
    ///
    /// # Errors
    /// As for [`Pool::load`].
    pub fn load(
        config: Config<'p>,
        clock: fn() -> Micros,
        offers: impl Fn(&mut Host<'p, 1>, usize) -> Result<(), OfferError> + Send + Sync + 'p,
        source: impl PoolSource<'p> + 'p,
    ) -> Result<Self, PoolError> {
        let pool = Pool::load_waiting(config, clock, offers, source, Sleep::default())?;
        Ok(Self { pool })
    }

    /// A lease of any shard, when those that came before have theirs.
    pub fn acquire(&self) -> BlockingLease<'_, 'p, N> {
        loop {
            // Without a time that could be over it has one.
            if let Some(lease) = self.pool.wait().0.enter(None, || self.pool.try_acquire()) {
                return lease;
            }
        }
    }

    /// [`Self::acquire`], or `None` when that takes too long.
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<BlockingLease<'_, 'p, N>> {
        // A time that no clock can tell is never over.
        let deadline = Instant::now().checked_add(timeout);
        self.pool.wait().0.enter(deadline, || self.pool.try_acquire())
    }

    /// A lease of any shard, if one is free now and nobody waits for it.
    pub fn try_acquire(&self) -> Option<BlockingLease<'_, 'p, N>> {
        self.acquire_timeout(Duration::ZERO)
    }

    /// A lease of that shard, as soon as whoever has it now gives it back; `None` if there is no such
    /// shard. It goes before those that take any.
    pub fn acquire_shard(&self, shard: usize) -> Option<BlockingLease<'_, 'p, N>> {
        self.pool.acquire_shard(shard)
    }

    /// How many threads wait for any shard now.
    pub fn waiting(&self) -> usize {
        self.pool.wait().0.waiting()
    }

    /// Leases a shard for one call whose reply borrows nothing.
    ///
    /// # Errors
    /// As for [`Lease::call`].
    pub fn call<Req: Serialize + ?Sized, Res: for<'a> Decode<'a>>(
        &self,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> Result<Res, CallError> {
        self.acquire().call(entry, request)
    }

    /// Binds the entry called `name` on every shard.
    ///
    /// # Errors
    /// As for [`Pool::bind`].
    pub fn bind<Req: Serialize + ?Sized, Res>(
        &self,
        name: &str,
    ) -> Result<Entry<Req, Res>, BindError> {
        self.pool.bind(name)
    }

    /// Loads a new version into all shards, or into none: see [`Pool::reload`].
    ///
    /// # Errors
    /// As for [`Pool::reload`].
    pub fn reload(&self, source: impl PoolSource<'p> + 'p) -> Result<(), PoolError> {
        self.pool.reload(source)
    }

    /// Goes back to the version before, while the current one is on probation.
    ///
    /// # Errors
    /// As for [`Pool::roll_back`].
    pub fn roll_back(&self) -> Result<(), SlotError> {
        self.pool.roll_back()
    }

    /// What all shards have done together: see [`Pool::counters`], for how it waits too.
    pub fn counters(&self) -> Counters {
        self.pool.counters()
    }

    /// How often all shards together have used each service: see [`Pool::host_calls`].
    pub fn host_calls(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.pool.host_calls()
    }

    /// Takes every event that wasn't taken yet, with its shard: see [`Pool::drain_events`].
    pub fn drain_events(&self, take: impl FnMut(usize, Event)) {
        self.pool.drain_events(take);
    }
}

impl<const N: usize> fmt::Debug for BlockingPool<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.fmt(f)
    }
}
