//! Who gets which shard, and what it has when it comes.

use crate::{
    life::{CONFIG, clock, number, pass, value},
    support::{Version, entry, events, load_with, pool},
};
use ampoule::{
    BreakerRules, BreakerState, CallError, Config, Diagnosis as _, Fault, OfferError, Pool,
    PoolError, Source,
};

#[test]
fn shards_are_given_out_until_none_is_left() {
    let pool = pool::<2>("");
    let add = entry(&pool, "add");
    let (mut a, mut b) = (pool.acquire(), pool.acquire());
    assert_eq!((a.shard(), b.shard()), (0, 1));
    assert!(pool.try_acquire().is_none());
    assert_eq!(a.call(&add, &number(3)).map(value), Ok(3));
    assert_eq!(b.call(&add, &number(4)).map(value), Ok(4), "state of its own, the entry of all");
    assert_eq!(a.call(&add, &number(1)).map(value), Ok(4));
    drop(a);
    let mut a = pool.try_acquire().expect("it was given back");
    assert_eq!(a.call(&add, &number(1)).map(value), Ok(5));
    drop((a, b));
    assert_eq!(pool.call(&add, &number(1)).map(value), Ok(6), "the lowest that is free");
    assert!(pool.acquire_shard(2).is_none());
    assert_eq!(pool.acquire_shard(1).unwrap().call(&add, &number(1)).map(value), Ok(5));
    assert_eq!(pool.waiting(), 0);
}

#[test]
fn what_was_ended_is_made_anew_before_the_next_one_gets_it() {
    let pool = load_with::<1>(CONFIG, || pass(1), Version::new("1.0.0", "")).unwrap();
    let (add, spin, trap) = (entry(&pool, "add"), entry(&pool, "spin"), entry(&pool, "trap"));
    let instances = |pool: &Pool<'static, 1>| {
        let lease = pool.acquire();
        let plugin = lease.plugin().unwrap();
        assert!(plugin.memory_bytes() > 0, "there is an instance");
        plugin.usage().instances
    };
    assert_eq!(pool.call(&add, &number(5)).map(value), Ok(5));
    assert_eq!(pool.call(&trap, &number(0)).unwrap_err().code(), "F03");
    assert_eq!(instances(&pool), 2);
    assert_eq!(pool.call(&add, &number(7)).map(value), Ok(7), "it counts from 0");
    let late = pool.acquire().call_within(&spin, &number(0), 50);
    assert_eq!(late, Err(CallError::Fault(Fault::Deadline {})));
    assert_eq!(instances(&pool), 3);
    let counters = pool.counters();
    assert_eq!((counters.failures.deadline, counters.failures.trap), (1, 1));
    assert!(counters.fuel_most < 100_000, "it was stopped long before its fuel was used up");
    assert_eq!(pool.acquire().call_within(&add, &number(7), 50).map(value), Ok(7));
    let twice = pool.acquire().call_within(&spin, &number(0), u64::MAX).unwrap_err().code();
    assert_eq!(twice, "F01", "no time but fuel");
}

#[test]
fn a_failure_that_the_plugin_answers_keeps_its_instance() {
    let pool = pool::<1>("");
    let (add, fail) = (entry(&pool, "add"), entry(&pool, "fail"));
    assert_eq!(pool.call(&add, &number(5)).map(value), Ok(5));
    assert_eq!(pool.call(&fail, &number(5)).unwrap_err().code(), "C04");
    assert_eq!(pool.call(&add, &number(5)).map(value), Ok(10));
}

#[test]
fn each_shard_has_a_breaker_of_its_own() {
    let breaker = BreakerRules { failures: 2, reset: 1_000, ..BreakerRules::MICRO };
    let config = Config { breaker, ..CONFIG };
    let pool = load_with::<2>(config, clock, Version::new("1.0.0", "")).unwrap();
    let (add, trap) = (entry(&pool, "add"), entry(&pool, "trap"));
    for _ in 0..2 {
        pool.call(&trap, &number(0)).unwrap_err();
    }
    let mut first = pool.acquire();
    assert_eq!(first.call(&add, &number(1)).unwrap_err().code(), "C07");
    assert_eq!(first.breaker(), BreakerState::Open { until: clock() + 1_000 });
    assert_eq!(pool.call(&add, &number(1)).map(value), Ok(1), "the second shard");
    first.lift();
    assert_eq!(first.call(&add, &number(1)).map(value), Ok(1));
    first.quarantine();
    drop(first);
    assert_eq!(pool.call(&add, &number(1)).unwrap_err().code(), "C09");
    assert_eq!(pool.counters().refusals.total(), 2);
    let [first, second] = events(&pool);
    assert_eq!(first, ["Loaded", "Faulted", "Faulted", "Tripped", "Lifted", "Quarantined"]);
    assert_eq!(second, ["Loaded"]);
    assert_eq!(events(&pool), [[""; 0]; 2]);
}

#[test]
fn an_entry_that_there_is_not_is_bound_nowhere() {
    let pool = pool::<2>("");
    let add = entry(&pool, "add");
    assert_eq!(pool.bind::<(), ()>("sub").unwrap_err().code(), "B01");
    let spin = entry(&pool, "spin");
    let (mut a, mut b) = (pool.acquire(), pool.acquire());
    for lease in [&mut a, &mut b] {
        assert_eq!(lease.call(&spin, &number(9)).map(value), Ok(9));
        assert_eq!(lease.call(&add, &number(2)).map(value), Ok(2));
    }
}

#[test]
fn a_pool_is_loaded_into_all_shards_or_none() {
    let version = Version::new("1.0.0", "");
    let no_offers = Pool::<2>::load(CONFIG, clock, |_, _| Ok(()), version.clone());
    assert_eq!(no_offers.unwrap_err().code(), "A19");
    let offers = |host: &mut ampoule::Host<'static, 1>, shard| {
        crate::support::offers(host, shard)?;
        if shard == 1 { crate::support::offers(host, shard) } else { Ok(()) }
    };
    let twice = Pool::<2>::load(CONFIG, clock, offers, version).unwrap_err();
    assert_eq!(twice, PoolError::Offer(OfferError::Twice { name: "slow" }));
    static ECHO: &[u8] = include_bytes!("../../guests/prebuilt/echo.wasm");
    static OTHER: &[u8] = include_bytes!("../../guests/prebuilt/json-transformer.wasm");
    let other = |shard| Ok(Source::new(if shard == 1 { OTHER } else { ECHO }));
    let mixed = Pool::<2>::load(Config::WORKSTATION, clock, |_, _| Ok(()), other).unwrap_err();
    assert_eq!(mixed.code(), "L09");
    assert!(mixed.to_string().contains("shard 1"), "{mixed}");
}
