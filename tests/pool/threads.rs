//! Many threads at once.

use crate::{
    life::{CONFIG, STATE, clock, number, value},
    support::{Version, blocking, entry, offers, pool, versions},
};
use ampoule::{Config, Pool, Probation};
use ampoule_std::BlockingPool;
use core::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};
use std::{
    sync::{Barrier, Mutex},
    thread,
};

const THREADS: usize = 8;

/// Runs `work` on each of eight threads.
fn on_threads<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|at| scope.spawn(move || work(at))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn what_threads_do_adds_up() {
    const CALLS: usize = 200;
    let pool = pool::<3>("");
    let (add, trap, fail) = (entry(&pool, "add"), entry(&pool, "trap"), entry(&pool, "fail"));
    on_threads(|at| {
        for call in 0..CALLS {
            match (at + call) % 10 {
                0 => assert!(pool.call(&fail, &number(1)).is_err()),
                1 if at == 0 => assert!(pool.call(&trap, &number(1)).is_err()),
                _ => assert!(pool.call(&add, &number(1)).is_ok()),
            }
        }
    });
    let counters = pool.counters();
    assert_eq!(counters.calls, (THREADS * CALLS) as u64);
    assert_eq!(counters.failure_replies, (THREADS * CALLS / 10) as u64);
    assert_eq!(u64::from(counters.failures.trap), (CALLS / 10) as u64);
    assert_eq!(counters.calls, counters.durations.buckets().iter().sum::<u64>());
    assert_eq!(counters.instances, 3 + counters.failures.trap, "one for each shard and each fault");
}

#[test]
fn threads_that_wait_are_served_in_the_order_of_coming() {
    let (spinning, sleeping) = (pool::<1>(""), blocking::<1>(""));
    for _ in 0..20 {
        let held = spinning.acquire();
        let order = in_order(
            || spinning.waiting(),
            || drop(held),
            |served: &dyn Fn()| {
                let _lease = spinning.acquire();
                served();
            },
        );
        assert!(order.is_sorted(), "{order:?}");
        let held = sleeping.acquire();
        let order = in_order(
            || sleeping.waiting(),
            || drop(held),
            |served: &dyn Fn()| {
                let _lease = sleeping.acquire();
                served();
            },
        );
        assert!(order.is_sorted(), "{order:?}");
    }
}

/// Starts threads one after the other, each when the one before waits; answers in which order they are
/// served.
fn in_order(
    waiting: impl Fn() -> usize,
    release: impl FnOnce(),
    wait: impl Fn(&dyn Fn()) + Sync,
) -> Vec<usize> {
    let (order, wait) = (Mutex::new(Vec::new()), &wait);
    thread::scope(|scope| {
        for at in 0..THREADS {
            let order = &order;
            scope.spawn(move || wait(&|| order.lock().unwrap().push(at)));
            while waiting() <= at {
                thread::yield_now();
            }
        }
        release();
    });
    order.into_inner().unwrap()
}

#[test]
fn every_thread_gets_its_share() {
    const EACH: usize = 200;
    let pool = blocking::<2>("");
    let spin = pool.bind::<[u8; 4], [u8; 4]>("spin").unwrap();
    let counts: [AtomicUsize; THREADS] = Default::default();
    let all_have_enough = || counts.iter().all(|count| count.load(Ordering::SeqCst) >= EACH);
    // Who comes before the others has the pool to itself so long.
    let all_are_there = Barrier::new(THREADS);
    on_threads(|at| {
        all_are_there.wait();
        while !all_have_enough() {
            pool.call(&spin, &number(400)).unwrap();
            counts[at].fetch_add(1, Ordering::SeqCst);
        }
    });
    let most = counts.iter().map(|count| count.load(Ordering::SeqCst)).max();
    assert!(most < Some(3 * EACH), "{counts:?}");
}

#[test]
fn waiting_ends_in_time_and_leaves_no_trace() {
    let pool = blocking::<1>("");
    let add = pool.bind::<[u8; 4], [u8; 4]>("add").unwrap();
    let held = pool.acquire();
    assert!(pool.try_acquire().is_none());
    let none = on_threads(|at| pool.acquire_timeout(Duration::from_millis(at as u64)).is_none());
    assert_eq!(none, [true; THREADS]);
    assert_eq!(pool.waiting(), 0);
    thread::scope(|scope| {
        let patient = scope.spawn(|| pool.call(&add, &number(2)).map(value));
        while pool.waiting() == 0 {
            thread::yield_now();
        }
        let short = scope.spawn(|| pool.acquire_timeout(Duration::from_millis(1)).is_none());
        assert!(short.join().unwrap(), "one that gives up holds up none");
        drop(held);
        assert_eq!(patient.join().unwrap(), Ok(2));
    });
    assert!(pool.acquire_timeout(Duration::MAX).is_some());
}

/// Has eight threads call and one reload, every tenth time with a version that can't be taken.
fn reload_under_load(
    call: impl Fn() -> Result<i32, String> + Sync,
    reload: impl Fn(Version) -> bool + Sync,
) {
    let traps = r#"(func (export "ampoule_init") (param i32) (result i64) unreachable)"#;
    let refuses = r#"(func (export "ampoule_save") (param i32) (result i64) (call $answer (global.get $sum)))
        (func (export "ampoule_restore") (param i32) (result i64) unreachable)"#;
    let over = AtomicBool::new(false);
    let calls = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    call().unwrap();
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for round in 0..200_usize {
            let more = match round % 30 {
                9 => traps,
                19 => refuses,
                _ => STATE,
            };
            let mut version = Version::new(&format!("2.{round}.0"), more);
            if round % 30 == 29 {
                version.wasm.truncate(50 + round);
            }
            assert_eq!(reload(version), round % 10 != 9, "round {round}");
        }
        over.store(true, Ordering::SeqCst);
    });
    assert!(calls.into_inner() >= THREADS);
}

const SHORT: Config<'_> = Config { probation: Probation { calls: 20, micros: u64::MAX }, ..CONFIG };

#[test]
fn calls_go_on_while_versions_change() {
    let version = || Version::new("1.0.0", STATE);
    let pool = Pool::<2>::load(SHORT, clock, offers, version()).unwrap();
    let add = entry(&pool, "add");
    reload_under_load(
        || pool.call(&add, &number(1)).map(value).map_err(|error| error.to_string()),
        |version| pool.reload(version).is_ok(),
    );
    assert_eq!(versions(&pool), ["2.198.0", "2.198.0"]);
    assert_eq!(pool.counters().failures.total(), 0);
    let pool = BlockingPool::<3>::load(SHORT, clock, offers, version()).unwrap();
    let add = pool.bind::<[u8; 4], [u8; 4]>("add").unwrap();
    reload_under_load(
        || pool.call(&add, &number(1)).map(value).map_err(|error| error.to_string()),
        |version| pool.reload(version).is_ok(),
    );
    let counters = pool.counters();
    assert_eq!((counters.failures.total(), counters.calls), (0, counters.successes));
}
