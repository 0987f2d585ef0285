//! Copies of one plugin, for threads or cores that call it at the same time.

mod lease;
mod reload;
mod shard;
mod sync;
mod trial;
mod turnstile;

pub use lease::Lease;

use crate::{
    counters::Counters,
    entry::Entry,
    error::{BindError, CallError, Diagnosis, LoadError, SlotError},
    event::Event,
    host::{Config, Host, Probation, Source, Uses},
    service::{Micros, OfferError},
};
use alloc::sync::Arc;
use ampoule_abi::Decode;
use core::fmt;
use serde::Serialize;
use shard::{Blueprint, Maker, Shard};
use spin::{Mutex, MutexGuard};
use trial::Trial;
use turnstile::Turnstile;

/// What each copy of a plugin is loaded from, now and whenever a copy was lost.
///
/// Closures do, whose sources borrow for as long as the pool lives (`'p`), and what owns the bytes:
///
/// ```
/// use ampoule::{Manifest, OfferError, PoolSource, Source};
///
/// struct Files {
///     wasm: Vec<u8>,
///     manifest: Manifest,
/// }
///
/// impl<'p> PoolSource<'p> for Files {
///     fn source<'s>(&'s self, _shard: usize) -> Result<Source<'s>, OfferError>
///     where
///         'p: 's,
///     {
///         Ok(Source::new(&self.wasm).with_manifest(&self.manifest))
///     }
/// }
/// ```
pub trait PoolSource<'p>: Send + Sync {
    /// The source for one shard: the same module each time, with services of its own if it has any.
    ///
    /// # Errors
    /// Those of [`Source::with_service`].
    fn source<'s>(&'s self, shard: usize) -> Result<Source<'s>, OfferError>
    where
        'p: 's;
}

impl<'p, F> PoolSource<'p> for F
where
    F: Fn(usize) -> Result<Source<'p>, OfferError> + Send + Sync,
{
    fn source<'s>(&'s self, shard: usize) -> Result<Source<'s>, OfferError>
    where
        'p: 's,
    {
        self(shard)
    }
}

/// How a thread waits for something that others have.
///
/// What there is to wait for may have been freed before [`Self::pause`] is called; so many frees as were
/// [`seen`](Self::seen) before it was looked at tell.
pub trait Wait: Send + Sync {
    /// How often something was freed so far.
    fn seen(&self) -> usize;

    /// Returns when more was freed than `seen`, or earlier, and answers how much. It must not unwind.
    fn pause(&self, seen: usize) -> usize;

    /// Something was freed.
    fn freed(&self);
}

/// Waits by spinning: where there is nothing else to do, or for so short a time that nothing else pays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spin;

impl Wait for Spin {
    fn seen(&self) -> usize {
        0
    }

    fn pause(&self, seen: usize) -> usize {
        core::hint::spin_loop();
        seen
    }

    fn freed(&self) {}
}

/// Why a pool couldn't load a plugin, or a version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// As for a host.
    Load(LoadError),
    /// A service was made for a shard that can't be offered there.
    Offer(OfferError),
}

pass_on! {
    PoolError { Load, Offer }
}

from! {
    PoolError::Load(LoadError)
    PoolError::Offer(OfferError)
}

impl From<SlotError> for PoolError {
    fn from(error: SlotError) -> Self {
        Self::Load(error.into())
    }
}

/// `N` copies of one plugin, its shards, of which each thread leases one for the time of its calls.
///
/// Each shard is a host of its own: engine, module, instance, services and breaker. Threads that have a
/// lease share nothing that they write to, so that calls scale with cores. A guest's state is its copy's:
/// which one a caller gets is left to chance.
///
/// Who waits for a lease is served in the order of coming. A shard whose guest was ended is made anew
/// before the next caller gets it. A panic in the middle of a call, of a service or of a message's own
/// code, costs the shard its host: it is loaded anew, with the record of the old one, at the next call. A
/// thread that is killed without unwinding, or forgets its lease ([`core::mem::forget`]), takes the shard
/// with it.
///
/// The breakers, too, are the shards' own, so that a lock isn't shared by all calls: a plugin that only
/// fails trips each of them by itself, and a lease of a shard whose breaker is open is refused while
/// another might not be.
///
/// ```
/// use ampoule::{Config, Context, Outcome, Pool, Source};
///
/// # static WASM: &[u8] = include_bytes!("../../../guests/prebuilt/json-transformer.wasm");
/// # let clock = || 0;
/// let source = |_shard: usize| Ok(Source::new(WASM));
/// let pool = Pool::<2>::load(Config::WORKSTATION, clock, |_, _| Ok(()), source)?;
/// let execute = pool.bind::<Context, Outcome>("execute")?;
///
/// let mut lease = pool.acquire();
/// let outcome = lease.call(&execute, &Context::default())?;
/// assert!(outcome.success);
///
/// // Another thread gets the other shard meanwhile, and a third one none:
/// let other = pool.try_acquire().expect("one is left");
/// assert!(pool.try_acquire().is_none());
/// # drop((lease, other));
/// assert_eq!(pool.counters().calls, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `W` is how it waits: [`Spin`] needs nothing; `ampoule_std::BlockingPool` lets a thread sleep.
pub struct Pool<'p, const N: usize, W: Wait = Spin> {
    shards: [Mutex<Shard<'p>>; N],
    turnstile: Turnstile,
    maker: Maker<'p>,
    probation: Probation,
    trial: Mutex<Trial<'p>>,
    /// Had by whoever binds or reloads: all shards have the same entries, in the same order, only if
    /// one does so at a time.
    upkeep: Mutex<()>,
    wait: W,
}

impl<'p, const N: usize> Pool<'p, N, Spin> {
    /// Loads a plugin into every shard, or into none. `offers` offers a shard's host its services; it is
    /// kept, as is `source`, to make a shard anew that was lost.
    ///
    /// A config's probation counts for the pool as a whole.
    ///
    /// # Errors
    /// [`PoolError`]: nothing is left.
    pub fn load(
        config: Config<'p>,
        clock: fn() -> Micros,
        offers: impl Fn(&mut Host<'p, 1>, usize) -> Result<(), OfferError> + Send + Sync + 'p,
        source: impl PoolSource<'p> + 'p,
    ) -> Result<Self, PoolError> {
        Self::load_waiting(config, clock, offers, source, Spin)
    }

    /// A lease of any shard, when those that came before have theirs.
    ///
    /// It spins. Where a thread can keep the one that it waits for from running, a task of higher
    /// priority on the same core, use [`Self::try_acquire`].
    pub fn acquire(&self) -> Lease<'_, 'p, N> {
        let shard = self
            .turnstile
            .try_enter()
            .unwrap_or_else(|| self.turnstile.redeem(self.turnstile.draw(), core::hint::spin_loop));
        self.lease(shard)
    }

    /// How many wait in [`Self::acquire`] now, for their turn or for a shard.
    pub fn waiting(&self) -> usize {
        self.turnstile.waiting()
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
}

impl<'p, const N: usize, W: Wait> Pool<'p, N, W> {
    /// [`Pool::load`] for a pool that waits in a way of its own.
    ///
    /// # Errors
    /// As for [`Pool::load`].
    pub fn load_waiting(
        config: Config<'p>,
        clock: fn() -> Micros,
        offers: impl Fn(&mut Host<'p, 1>, usize) -> Result<(), OfferError> + Send + Sync + 'p,
        source: impl PoolSource<'p> + 'p,
        wait: W,
    ) -> Result<Self, PoolError> {
        const { assert!(N > 0 && N <= turnstile::MOST, "a pool has 1 to 16 shards") };
        let probation = config.probation;
        // The pool ends it, for all shards together.
        let never = Probation { calls: u32::MAX, micros: Micros::MAX };
        let config = Config { probation: never, ..config };
        let maker = Maker { config, clock, offers: Arc::new(offers) };
        let blueprint = Blueprint::new(Arc::new(source))?;
        let mut shards = heapless::Vec::<_, N>::new();
        for at in 0..N {
            // There is room.
            let _ = shards.push(Mutex::new(maker.shard(at, &blueprint)?));
        }
        // It is full.
        let shards = shards.into_array().map_err(|_| SlotError::Full { slots: N })?;
        let (turnstile, trial) = (Turnstile::new(N), Mutex::new(Trial::new(blueprint)));
        Ok(Self { shards, turnstile, maker, probation, trial, upkeep: Mutex::new(()), wait })
    }

    /// A lease of any shard, if one is free and nobody waits for it. It never waits itself.
    pub fn try_acquire(&self) -> Option<Lease<'_, 'p, N, W>> {
        self.turnstile.try_enter().map(|shard| self.lease(shard))
    }

    /// A lease of that shard, as soon as whoever has it now gives it back; `None` if there is no such
    /// shard. It goes before those that take any, and waits for ever if this thread has it already.
    pub fn acquire_shard(&self, shard: usize) -> Option<Lease<'_, 'p, N, W>> {
        if shard >= N {
            return None;
        }
        let mut seen = self.wait.seen();
        self.turnstile.enter_at(shard, || seen = self.wait.pause(seen));
        Some(self.lease(shard))
    }

    /// Binds the entry called `name` on every shard. It stays bound over reloads, as in a host. It waits as
    /// [`Self::counters`] does.
    ///
    /// # Errors
    /// As for [`Host::bind`]; nothing has changed then.
    pub fn bind<Req: Serialize + ?Sized, Res>(
        &self,
        name: &str,
    ) -> Result<Entry<Req, Res>, BindError> {
        let _alone = self.alone();
        let mut bound = None;
        for mut lease in self.each() {
            match bound {
                None => bound = Some(lease.bind::<Req, Res>(name)?),
                Some(_) => lease.bind_too(name),
            }
        }
        // There is a first shard.
        bound.ok_or(BindError::Stale { plugin: shard::ID })
    }

    /// What all shards have done together. Each is asked when whoever has it gives it back: for as long as
    /// this thread has a lease itself, it would wait for ever.
    pub fn counters(&self) -> Counters {
        self.each().fold(Counters::default(), |mut sum, lease| {
            sum.merge(&lease.counters());
            sum
        })
    }

    /// How often all shards together have used each service, by its name: see
    /// [`Host::host_calls`]. It waits as [`Self::counters`] does; what is called between the two is in one
    /// of them only.
    pub fn host_calls(&self) -> impl Iterator<Item = (&'static str, u64)> + use<N, W> {
        let mut sum = Uses::default();
        self.each().for_each(|lease| sum.add(lease.host_calls()));
        sum.into_iter()
    }

    /// Takes every event that wasn't taken yet, with its shard. It waits as [`Self::counters`] does, and has
    /// the shard while `take` is called.
    pub fn drain_events(&self, mut take: impl FnMut(usize, Event)) {
        for mut lease in self.each() {
            while let Some(event) = lease.next_event() {
                take(lease.shard(), event);
            }
        }
    }

    /// How it waits.
    pub const fn wait(&self) -> &W {
        &self.wait
    }

    /// Every shard, one after the other.
    fn each(&self) -> impl Iterator<Item = Lease<'_, 'p, N, W>> {
        (0..N).filter_map(|shard| self.acquire_shard(shard))
    }

    /// Nobody else binds or reloads meanwhile.
    fn alone(&self) -> Alone<'_, W> {
        let mut seen = self.wait.seen();
        loop {
            if let Some(guard) = self.upkeep.try_lock() {
                return Alone { _guard: guard, _freed: Freed(&self.wait) };
            }
            seen = self.wait.pause(seen);
        }
    }
}

/// Dropped in this order: what it has is free before those that wait for it look.
struct Alone<'l, W: Wait> {
    _guard: MutexGuard<'l, ()>,
    _freed: Freed<'l, W>,
}

/// Tells those that wait.
struct Freed<'l, W: Wait>(&'l W);

impl<W: Wait> Drop for Freed<'_, W> {
    fn drop(&mut self) {
        self.0.freed();
    }
}

impl<const N: usize, W: Wait> fmt::Debug for Pool<'_, N, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("shards", &N).finish_non_exhaustive()
    }
}
