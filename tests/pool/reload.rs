//! A new version on all shards, or on none.

use crate::{
    life::{CONFIG, STATE, Slow, clock, counter, manifest, number, pass, value},
    support::{Version, entry, events, load_with, pool, versions},
};
use ampoule::{
    Config, Diagnosis as _, Host, Manifest, OfferError, Pool, Probation, SlotError, Source,
};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

fn on_probation<const N: usize>(calls: u32) -> Pool<'static, N> {
    let config = Config { probation: Probation { calls, micros: 5_000 }, ..CONFIG };
    load_with(config, clock, Version::new("1.0.0", STATE)).unwrap()
}

#[test]
fn every_shard_takes_over_with_its_own_state() {
    let pool = pool::<2>(STATE);
    let add = entry(&pool, "add");
    let (mut a, mut b) = (pool.acquire(), pool.acquire());
    assert_eq!(a.call(&add, &number(10)).map(value), Ok(10));
    assert_eq!(b.call(&add, &number(20)).map(value), Ok(20));
    drop((a, b));
    pool.reload(Version::new("2.0.0", STATE)).unwrap();
    assert_eq!(versions(&pool), ["2.0.0", "2.0.0"]);
    let (mut a, mut b) = (pool.acquire(), pool.acquire());
    assert_eq!(a.call(&add, &number(1)).map(value), Ok(11), "the entry is the same");
    assert_eq!(b.call(&add, &number(1)).map(value), Ok(21));
}

#[test]
fn good_calls_of_all_shards_together_commit_all() {
    let pool = on_probation::<2>(3);
    let add = entry(&pool, "add");
    pool.reload(Version::new("2.0.0", STATE)).unwrap();
    let (mut a, mut b) = (pool.acquire(), pool.acquire());
    assert_eq!(a.call(&add, &number(1)).map(value), Ok(1));
    assert_eq!(b.call(&add, &number(1)).map(value), Ok(1));
    drop((a, b));
    assert_eq!(pool.call(&add, &number(1)).map(value), Ok(2));
    assert_eq!(pool.roll_back(), Err(SlotError::NoPrevious {}));
    assert_eq!(events(&pool), [["Loaded", "Staged", "Swapped", "Committed"]; 2]);
    assert_eq!(versions(&pool), ["2.0.0", "2.0.0"]);
}

#[test]
fn a_fault_on_one_shard_reverts_all_idle_ones_too() {
    let pool = on_probation::<3>(100);
    let (add, trap) = (entry(&pool, "add"), entry(&pool, "trap"));
    assert_eq!(pool.call(&add, &number(5)).map(value), Ok(5));
    pool.reload(Version::new("2.0.0", STATE)).unwrap();
    assert_eq!(versions(&pool), ["2.0.0"; 3]);
    let mut busy = pool.acquire_shard(1).unwrap();
    assert_eq!(busy.call(&add, &number(1)).map(value), Ok(1));
    assert_eq!(pool.call(&trap, &number(0)).unwrap_err().code(), "F03");
    assert_eq!(busy.plugin().unwrap().meta().version, "2.0.0", "it is in use");
    assert_eq!(busy.call(&add, &number(1)).map(value), Ok(1), "the old one, as it was");
    drop(busy);
    assert_eq!(versions(&pool), ["1.0.0"; 3]);
    assert_eq!(pool.call(&add, &number(1)).map(value), Ok(6));
    let [_, _, idle] = events(&pool);
    assert_eq!(idle, ["Loaded", "Staged", "Swapped", "Reverted"], "though nobody called it");
}

#[test]
fn time_commits_and_an_operator_goes_back() {
    let pool = on_probation::<2>(100);
    let add = entry(&pool, "add");
    pool.reload(Version::new("2.0.0", STATE)).unwrap();
    pass(4_999);
    pool.call(&add, &number(1)).unwrap();
    pool.roll_back().unwrap();
    assert_eq!(versions(&pool), ["1.0.0", "1.0.0"]);
    pool.reload(Version::new("3.0.0", STATE)).unwrap();
    pass(5_000);
    pool.call(&add, &number(1)).unwrap();
    assert_eq!(pool.roll_back(), Err(SlotError::NoPrevious {}));
    assert_eq!(versions(&pool), ["3.0.0", "3.0.0"]);
    let at_once = on_probation::<2>(0);
    at_once.reload(Version::new("2.0.0", STATE)).unwrap();
    assert_eq!(at_once.roll_back(), Err(SlotError::NoPrevious {}));
}

#[test]
fn another_version_ends_the_probation_of_the_one_before() {
    let pool = on_probation::<2>(100);
    let trap = entry(&pool, "trap");
    pool.reload(Version::new("2.0.0", STATE)).unwrap();
    pool.reload(Version::new("3.0.0", STATE)).unwrap();
    pool.call(&trap, &number(0)).unwrap_err();
    assert_eq!(versions(&pool), ["2.0.0", "2.0.0"]);
}

#[test]
fn what_the_first_shard_refuses_changes_nothing() {
    let pool = pool::<2>(STATE);
    let add = entry(&pool, "add");
    assert_eq!(pool.call(&add, &number(5)).map(value), Ok(5));
    let mut cut = Version::new("2.0.0", STATE);
    cut.wasm.truncate(100);
    assert!(pool.reload(cut).is_err());
    let traps = r#"(func (export "ampoule_init") (param i32) (result i64) unreachable)"#;
    assert_eq!(pool.reload(Version::new("2.0.0", traps)).unwrap_err().code(), "F03");
    assert_eq!(versions(&pool), ["1.0.0", "1.0.0"]);
    assert_eq!(pool.call(&add, &number(1)).map(value), Ok(6));
    assert_eq!(events(&pool), [vec!["Loaded", "Refused", "Refused"], vec!["Loaded"]]);
}

/// Like [`crate::support::offers`], but `slow` answers -1 on shard `bad`.
fn offers_but_on(
    bad: Arc<AtomicUsize>,
) -> impl Fn(&mut Host<'static, 1>, usize) -> Result<(), OfferError> + Send + Sync {
    move |host, shard| {
        let slow = Slow::default();
        slow.answers(Ok(if shard == bad.load(Ordering::SeqCst) { -1 } else { 1 }));
        host.offer(Box::new(slow))?;
        host.offer(Box::new(ampoule::services::Clock::without_date()))
    }
}

#[test]
fn what_a_later_shard_refuses_is_rolled_back_on_the_earlier_ones() {
    let bad = Arc::new(AtomicUsize::new(2));
    let version = Version::new("1.0.0", STATE);
    let pool = Pool::<3>::load(CONFIG, clock, offers_but_on(bad), version).unwrap();
    let add = entry(&pool, "add");
    assert_eq!(pool.call(&add, &number(5)).map(value), Ok(5));
    let picky = r#"(func (export "ampoule_init") (param i32) (result i64)
        (if (i32.lt_s (call $ask (i32.const 0)) (i32.const 0)) (then unreachable)) (i64.const 0))"#;
    let refused = pool.reload(Version::new("2.0.0", &format!("{STATE} {picky}"))).unwrap_err();
    assert_eq!(refused.code(), "F03");
    assert_eq!(versions(&pool), ["1.0.0"; 3]);
    assert_eq!(pool.call(&add, &number(1)).map(value), Ok(6), "with the state that it had");
    let [first, second, third] = events(&pool);
    assert_eq!(first, ["Loaded", "Staged", "Swapped", "Reverted"]);
    assert_eq!((second, third), (first.clone(), vec!["Loaded".to_owned(), "Refused".to_owned()]));
    pool.reload(Version::new("3.0.0", STATE)).unwrap();
    assert_eq!(versions(&pool), ["3.0.0"; 3]);
}

#[test]
fn another_module_for_another_shard_is_refused() {
    static VERSIONS: LazyLock<[Version; 2]> =
        LazyLock::new(|| ["2.0.0", "2.0.1"].map(|version| Version::new(version, STATE)));
    static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| manifest("one"));
    let pool = pool::<2>(STATE);
    let mixed =
        |shard: usize| Ok(Source::new(&VERSIONS[shard.min(1)].wasm).with_manifest(&MANIFEST));
    assert_eq!(pool.reload(mixed).unwrap_err().code(), "L09");
    assert_eq!(versions(&pool), ["1.0.0", "1.0.0"]);
}

#[test]
fn an_entry_that_only_the_new_version_has_takes_no_other_ones_place() {
    let more = r#"(func (export "twice") (param i32) (result i64)
        (call $answer (i32.mul (i32.const 2) (i32.load (i32.const 0)))))"#;
    let pool = pool::<2>("");
    let add = entry(&pool, "add");
    pool.reload(Version::new("2.0.0", more)).unwrap();
    let twice = entry(&pool, "twice");
    let spin = entry(&pool, "spin");
    assert_eq!(pool.call(&twice, &number(4)).map(value), Ok(8));
    pool.roll_back().unwrap();
    for shard in 0..2 {
        let mut lease = pool.acquire_shard(shard).unwrap();
        assert_eq!(lease.call(&twice, &number(4)).unwrap_err().code(), "C03");
        assert_eq!(lease.call(&spin, &number(4)).map(value), Ok(4));
        assert_eq!(lease.call(&add, &number(4)).map(value), Ok(4));
    }
    pool.reload(Version::new("3.0.0", "")).unwrap();
    assert!(pool.call(&twice, &number(4)).is_err(), "the one before lacked it, too");
    pool.reload(Version::new("4.0.0", more)).unwrap();
    assert_eq!(pool.call(&twice, &number(4)).map(value), Ok(8));
}

#[test]
fn uses_of_services_add_up_over_shards_and_versions() {
    static WASM: LazyLock<Vec<u8>> = LazyLock::new(|| counter("one", "2.0.0", STATE));
    static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| manifest("one"));
    let pool = on_probation::<2>(4);
    let wait = entry(&pool, "wait");
    let use_each = |times: [usize; 2]| {
        for (shard, times) in times.into_iter().enumerate() {
            let mut lease = pool.acquire_shard(shard).unwrap();
            (0..times).for_each(|_| assert_eq!(lease.call(&wait, &number(0)).map(value), Ok(1)));
        }
    };
    let uses = || {
        let mut uses: Vec<_> = pool.host_calls().collect();
        uses.sort_unstable();
        assert_eq!(pool.counters().host_calls, uses.iter().map(|(_, uses)| uses).sum::<u64>());
        uses
    };
    use_each([1, 2]);
    assert_eq!(uses(), [("clock", 0), ("slow", 3)]);
    let own = |_| {
        let own = Slow::default();
        own.answers(Ok(1));
        Source::new(&WASM).with_manifest(&MANIFEST).with_service(Box::new(own))
    };
    pool.reload(own).unwrap();
    use_each([0, 3]);
    assert_eq!(uses(), [("clock", 0), ("slow", 6)], "with services of its own");
    let of_one = pool.acquire_shard(0).unwrap().host_calls().find(|(name, _)| *name == "slow");
    assert_eq!(of_one, Some(("slow", 1)));
    pool.roll_back().unwrap();
    use_each([1, 0]);
    assert_eq!(uses(), [("clock", 0), ("slow", 7)], "and back");
}
