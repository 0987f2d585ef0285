//! Pools of the guests that the life of one plugin is tested with.

use crate::life::{CONFIG, Number, NumberEntry, Slow, clock, counter, manifest};
use ampoule::{Config, Host, Manifest, Micros, OfferError, Pool, PoolError, PoolSource, Source};
use ampoule_std::BlockingPool;

/// A version of the counter `one`.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) wasm: Vec<u8>,
    manifest: Manifest,
}

impl Version {
    pub(crate) fn new(version: &str, more: &str) -> Self {
        Self { wasm: counter("one", version, more), manifest: manifest("one") }
    }
}

impl<'p> PoolSource<'p> for Version {
    fn source<'s>(&'s self, _: usize) -> Result<Source<'s>, OfferError>
    where
        'p: 's,
    {
        Ok(Source::new(&self.wasm).with_manifest(&self.manifest))
    }
}

/// Offers what [`counter`] imports; `slow` answers 1 at once.
pub(crate) fn offers(host: &mut Host<'static, 1>, _: usize) -> Result<(), OfferError> {
    let slow = Slow::default();
    slow.answers(Ok(1));
    host.offer(Box::new(slow))?;
    host.offer(Box::new(ampoule::services::Clock::without_date()))
}

pub(crate) fn load_with<const N: usize>(
    config: Config<'static>,
    clock: fn() -> Micros,
    version: Version,
) -> Result<Pool<'static, N>, PoolError> {
    Pool::load(config, clock, offers, version)
}

pub(crate) fn pool<const N: usize>(more: &str) -> Pool<'static, N> {
    load_with(CONFIG, clock, Version::new("1.0.0", more)).unwrap()
}

pub(crate) fn blocking<const N: usize>(more: &str) -> BlockingPool<'static, N> {
    BlockingPool::load(CONFIG, clock, offers, Version::new("1.0.0", more)).unwrap()
}

pub(crate) fn entry<const N: usize>(pool: &Pool<'static, N>, name: &str) -> NumberEntry {
    pool.bind::<Number, Number>(name).unwrap()
}

/// The versions of all shards.
pub(crate) fn versions<const N: usize>(pool: &Pool<'static, N>) -> Vec<String> {
    let version = |shard| {
        let lease = pool.acquire_shard(shard).unwrap();
        lease.plugin().unwrap().meta().version.to_owned()
    };
    (0..N).map(version).collect()
}

/// The kinds of all events that weren't taken yet, by shard.
pub(crate) fn events<const N: usize>(pool: &Pool<'static, N>) -> [Vec<String>; N] {
    let mut kinds = [const { Vec::new() }; N];
    pool.drain_events(|shard, event| {
        kinds[shard].push(format!("{:?}", event.what).split(' ').next().unwrap().to_owned());
    });
    kinds
}
