//! Holders that panic, and panics of the host's own side in the middle of a call.

use crate::{
    life::{CONFIG, Slow, clock, number, value},
    support::{Version, entry, events, pool, versions},
};
use ampoule::{Caller, Diagnosis as _, Host, OfferError, Operation, Pool, Scalar, Service, Status};
use core::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicBool, Ordering},
};
use serde::{Serialize, Serializer};
use std::{panic::catch_unwind, sync::Arc, thread};

/// Panics instead of answering when it is told to; is else as [`Slow`].
#[derive(Clone, Default)]
struct Brittle {
    breaks: Arc<AtomicBool>,
    slow: Slow,
}

impl Service for Brittle {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn operations(&self) -> &'static [Operation] {
        self.slow.operations()
    }

    fn scalar(&mut self, caller: &Caller<'_>, at: usize, it: &[Scalar]) -> Result<Scalar, Status> {
        assert!(!self.breaks.load(Ordering::SeqCst), "the service breaks");
        self.slow.scalar(caller, at, it)
    }
}

fn brittle<const N: usize>(more: &str) -> (Pool<'static, N>, Brittle) {
    let service = Brittle::default();
    service.slow.answers(Ok(42));
    let own = service.clone();
    let offers = move |host: &mut Host<'static, 1>, _: usize| -> Result<(), OfferError> {
        host.offer(Box::new(own.clone()))?;
        host.offer(Box::new(ampoule::services::Clock::without_date()))
    };
    (Pool::load(CONFIG, clock, offers, Version::new("1.0.0", more)).unwrap(), service)
}

/// Whether it panics, on a thread of its own.
fn panics(work: impl FnOnce() + Send) -> bool {
    thread::scope(|scope| scope.spawn(work).join().is_err())
}

#[test]
fn a_holder_that_panics_between_calls_gives_its_shard_back_as_it_is() {
    let pool = pool::<1>("");
    let add = entry(&pool, "add");
    assert!(panics(|| {
        let mut lease = pool.acquire();
        assert_eq!(lease.call(&add, &number(3)).map(value), Ok(3));
        panic!("between two calls");
    }));
    assert_eq!(pool.call(&add, &number(1)).map(value), Ok(4));
}

#[test]
fn a_service_that_panics_costs_a_shard_its_host_and_nobody_else_anything() {
    let (pool, service) = brittle::<2>("");
    let (add, wait) = (entry(&pool, "add"), entry(&pool, "wait"));
    assert_eq!(pool.call(&add, &number(3)).map(value), Ok(3));
    service.breaks.store(true, Ordering::SeqCst);
    assert!(panics(|| {
        let _ = pool.call(&wait, &number(0));
    }));
    service.breaks.store(false, Ordering::SeqCst);
    let mut lease = pool.acquire_shard(0).unwrap();
    assert!(lease.plugin().is_none());
    assert_eq!(lease.counters().calls, 1, "its record can be read");
    assert_eq!(lease.call(&wait, &number(0)).map(value), Ok(42), "with its services");
    assert_eq!(lease.call(&add, &number(3)).map(value), Ok(3), "from 0");
    drop(lease);
    let counters = pool.counters();
    assert_eq!((counters.calls, counters.successes), (3, 3));
    let uses: Vec<_> = pool.host_calls().collect();
    assert_eq!(uses, [("slow", 2), ("clock", 0)], "the one that broke is among them");
    assert_eq!(counters.host_calls, 2);
    assert_eq!(events(&pool), [vec!["Loaded", "Loaded"], vec!["Loaded"]]);
}

#[test]
fn a_service_that_panics_while_an_instance_is_made_anew_does_no_harm_either() {
    let init = r#"(func (export "ampoule_init") (param i32) (result i64)
        (drop (call $ask (i32.const 1))) (i64.const 0))"#;
    let (pool, service) = brittle::<1>(init);
    let (add, wait, trap) = (entry(&pool, "add"), entry(&pool, "wait"), entry(&pool, "trap"));
    service.breaks.store(true, Ordering::SeqCst);
    let release = catch_unwind(AssertUnwindSafe(|| pool.call(&trap, &number(0))));
    assert!(release.is_err(), "when it is given back");
    assert!(pool.acquire().plugin().is_none());
    let again = catch_unwind(AssertUnwindSafe(|| pool.call(&add, &number(0))));
    assert!(again.is_err(), "it can't be loaded while the service panics");
    service.breaks.store(false, Ordering::SeqCst);
    assert_eq!(pool.call(&wait, &number(0)).map(value), Ok(42));
    assert_eq!(pool.call(&add, &number(2)).map(value), Ok(2));
    assert_eq!(versions(&pool), ["1.0.0"]);
}

/// A request that can't be written.
struct Bad;

impl Serialize for Bad {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("the request breaks");
    }
}

#[test]
fn a_message_that_panics_does_no_harm() {
    let (pool, _) = brittle::<1>("");
    let bad = pool.bind::<Bad, [u8; 4]>("add").unwrap();
    let (add, wait) = (entry(&pool, "add"), entry(&pool, "wait"));
    assert!(panics(|| {
        let _ = pool.call(&bad, &Bad);
    }));
    assert_eq!(pool.call(&wait, &number(0)).map(value), Ok(42));
    assert_eq!(pool.call(&add, &number(2)).map(value), Ok(2));
}

#[test]
fn a_shard_that_can_not_be_loaded_again_says_so_until_it_can() {
    let fails = Arc::new(AtomicBool::new(false));
    let (service, switch) = (Brittle::default(), Arc::clone(&fails));
    service.slow.answers(Ok(42));
    let own = service.clone();
    let offers = move |host: &mut Host<'static, 1>, _: usize| -> Result<(), OfferError> {
        if switch.load(Ordering::SeqCst) {
            return Ok(());
        }
        host.offer(Box::new(own.clone()))?;
        host.offer(Box::new(ampoule::services::Clock::without_date()))
    };
    let pool = Pool::<1>::load(CONFIG, clock, offers, Version::new("1.0.0", "")).unwrap();
    let wait = entry(&pool, "wait");
    service.breaks.store(true, Ordering::SeqCst);
    assert!(panics(|| drop(pool.call(&wait, &number(0)))));
    service.breaks.store(false, Ordering::SeqCst);
    fails.store(true, Ordering::SeqCst);
    assert_eq!(pool.call(&wait, &number(0)).unwrap_err().code(), "C16");
    fails.store(false, Ordering::SeqCst);
    assert_eq!(pool.call(&wait, &number(0)).map(value), Ok(42));
}
