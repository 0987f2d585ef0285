//! What holds in many orders of threads: the gate in which a blocking pool's threads sleep, a pool's
//! reload on it, and a directory that is watched meanwhile, with a scheduler of our own in the place of the
//! system's.
//!
//! Threads change places where they lock, sleep or free something, and inside of calls, where the guest
//! asks a service.

// The same guests as elsewhere; not all of them are needed here.
#[allow(dead_code)]
#[path = "../life/support.rs"]
mod life;
#[path = "../pool/support.rs"]
#[allow(dead_code)]
mod support;
mod watcher;

// What the gate is built on, here.
mod sync {
    pub(crate) use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;
}

#[path = "../../std-adapter/src/pool/gate.rs"]
mod gate;

use ampoule::{
    Caller, Config, Diagnosis as _, Entry, Host, Lease, OfferError, Operation, Pool, Probation,
    Scalar, Service, Status, Wait,
};
use gate::Gate;
use life::{CONFIG, Number, STATE, Slow, clock, number};
use shuttle::{
    Runner,
    scheduler::{PctScheduler, RandomScheduler},
    sync::{Arc, Mutex},
    thread,
};
use std::time::Instant;
use support::Version;

/// Tries orders of `threads` that are made by chance, and some that are made to find what chance doesn't.
fn check(rounds: usize, work: impl Fn() + Send + Sync + 'static) {
    let mut config = shuttle::Config::new();
    // An interpreter in a debug build.
    config.stack_size = 1 << 20;
    config.silence_warnings = true;
    let work = Arc::new(work);
    let again = Arc::clone(&work);
    Runner::new(RandomScheduler::new(rounds), config.clone()).run(move || work());
    Runner::new(PctScheduler::new(3, rounds), config).run(move || again());
}

/// As [`ampoule_std::Sleep`].
#[derive(Default)]
struct Sleep(Gate);

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

type Sleeping<const N: usize> = Pool<'static, N, Sleep>;

fn acquire<const N: usize>(pool: &Sleeping<N>) -> Lease<'_, 'static, N, Sleep> {
    pool.wait().0.enter(None, || pool.try_acquire()).expect("it has time")
}

/// Answers after others had their turn.
struct Yielding(Slow);

impl Service for Yielding {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn operations(&self) -> &'static [Operation] {
        self.0.operations()
    }

    fn scalar(&mut self, _: &Caller<'_>, _: usize, _: &[Scalar]) -> Result<Scalar, Status> {
        thread::yield_now();
        Ok(Scalar::I32(1))
    }
}

fn pool<const N: usize>(calls: u32) -> (Arc<Sleeping<N>>, Entry<Number, Number>) {
    let offers = |host: &mut Host<'static, 1>, _: usize| -> Result<(), OfferError> {
        host.offer(Box::new(Yielding(Slow::default())))?;
        host.offer(Box::new(ampoule::services::Clock::without_date()))
    };
    let probation = Probation { calls, micros: u64::MAX };
    let (config, version) = (Config { probation, ..CONFIG }, Version::new("1.0.0", STATE));
    let pool = Pool::load_waiting(config, clock, offers, version, Sleep::default()).unwrap();
    let wait = pool.bind("wait").unwrap();
    (Arc::new(pool), wait)
}

fn versions<const N: usize>(pool: &Sleeping<N>) -> [String; N] {
    core::array::from_fn(|shard| {
        let lease = pool.acquire_shard(shard).unwrap();
        lease.plugin().unwrap().meta().version.to_owned()
    })
}

/// Threads that call until they have called so often.
fn callers<const N: usize>(
    pool: &Arc<Sleeping<N>>,
    entry: Entry<Number, Number>,
    calls: [usize; 3],
) -> Vec<thread::JoinHandle<()>> {
    let spawn = |calls| {
        let pool = Arc::clone(pool);
        thread::spawn(move || {
            for _ in 0..calls {
                acquire(&pool).call(&entry, &number(1)).expect("a reload is nobody's concern");
            }
        })
    };
    calls.into_iter().map(spawn).collect()
}

#[test]
fn everybody_gets_a_turn_at_the_gate_and_nobody_two_at_once() {
    check(300, || {
        let gate = Arc::new(Gate::default());
        let free = Arc::new(Mutex::new(vec![0, 1]));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (gate, free) = (Arc::clone(&gate), Arc::clone(&free));
                thread::spawn(move || {
                    for _ in 0..2 {
                        let taken = gate.enter(None, || free.lock().unwrap().pop()).unwrap();
                        thread::yield_now();
                        let mut all = free.lock().unwrap();
                        assert!(!all.contains(&taken));
                        all.push(taken);
                        drop(all);
                        gate.freed();
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!((gate.waiting(), free.lock().unwrap().len()), (0, 2));
    });
}

#[test]
fn who_came_first_is_served_first() {
    check(300, || {
        let gate = Arc::new(Gate::default());
        let free = Arc::new(Mutex::new(false));
        let order = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..3)
            .map(|at| {
                let (gate, free, order) =
                    (Arc::clone(&gate), Arc::clone(&free), Arc::clone(&order));
                let waiter = Arc::clone(&gate);
                let thread = thread::spawn(move || {
                    let take = || core::mem::take(&mut *free.lock().unwrap()).then_some(());
                    waiter.enter(None, take).unwrap();
                    order.lock().unwrap().push(at);
                    *free.lock().unwrap() = true;
                    waiter.freed();
                });
                while gate.waiting() <= at {
                    thread::yield_now();
                }
                thread
            })
            .collect();
        *free.lock().unwrap() = true;
        gate.freed();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
    });
}

#[test]
fn what_is_freed_goes_to_as_many_as_wait() {
    check(300, || {
        let gate = Arc::new(Gate::default());
        let free = Arc::new(Mutex::new(Vec::new()));
        let keeps = || {
            let (gate, free) = (Arc::clone(&gate), Arc::clone(&free));
            thread::spawn(move || gate.enter(None, || free.lock().unwrap().pop()))
        };
        let threads = [keeps(), keeps()];
        for item in [1, 2] {
            free.lock().unwrap().push(item);
            gate.freed();
        }
        let taken: u32 = threads.map(|thread| thread.join().unwrap().unwrap()).iter().sum();
        assert_eq!((taken, gate.waiting()), (3, 0));
    });
}

#[test]
fn one_that_gives_up_takes_no_wake_up_with_it() {
    check(300, || {
        let gate = Arc::new(Gate::default());
        let free = Arc::new(Mutex::new(Vec::new()));
        let enter = |deadline: Option<Instant>| {
            let (gate, free) = (Arc::clone(&gate), Arc::clone(&free));
            thread::spawn(move || {
                let taken = gate.enter(deadline, || free.lock().unwrap().pop());
                if taken.is_some() {
                    free.lock().unwrap().extend(taken);
                    gate.freed();
                }
                taken
            })
        };
        let threads = [enter(None), enter(Some(Instant::now())), enter(None)];
        free.lock().unwrap().push(7);
        gate.freed();
        let [first, _, last] = threads.map(|thread| thread.join().unwrap());
        assert_eq!((first, last, gate.waiting()), (Some(7), Some(7), 0));
    });
}

#[test]
fn calls_go_on_while_a_version_is_rolled_out() {
    check(200, || {
        let (pool, wait) = pool::<2>(2);
        let threads = callers(&pool, wait, [2, 2, 1]);
        pool.reload(Version::new("2.0.0", STATE)).unwrap();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(versions(&pool), ["2.0.0", "2.0.0"]);
        assert_eq!(pool.counters().successes, 5);
    });
}

#[test]
fn all_shards_have_the_same_version_when_the_dust_has_settled() {
    check(200, || {
        let (pool, wait) = pool::<2>(1_000);
        let trap = pool.bind::<Number, Number>("trap").unwrap();
        let threads = callers(&pool, wait, [2, 1, 1]);
        let (faulty, other) = (Arc::clone(&pool), Arc::clone(&pool));
        let faults = thread::spawn(move || {
            acquire(&faulty).call(&trap, &number(1)).unwrap_err();
        });
        let broken = thread::spawn(move || {
            let mut version = Version::new("3.0.0", STATE);
            version.wasm.truncate(100);
            other.reload(version).unwrap_err();
        });
        let reloaded = pool.reload(Version::new("2.0.0", STATE));
        assert!(reloaded.as_ref().err().is_none_or(|error| error.code() == "L08"), "{reloaded:?}");
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        faults.join().unwrap();
        broken.join().unwrap();
        let versions = versions(&pool);
        assert_eq!(versions[0], versions[1]);
    });
}

#[test]
fn two_that_bind_at_once_get_the_same_entries_everywhere() {
    check(200, || {
        let (pool, _) = pool::<2>(1_000);
        let other = Arc::clone(&pool);
        let binds = thread::spawn(move || other.bind::<Number, Number>("add").unwrap());
        let spin = pool.bind::<Number, Number>("spin").unwrap();
        let add = binds.join().unwrap();
        for shard in 0..2 {
            let mut lease = pool.acquire_shard(shard).unwrap();
            assert_eq!(lease.call(&add, &number(3)), Ok(number(3)));
            assert_eq!(lease.call(&spin, &number(2)), Ok(number(2)));
            assert_eq!(lease.call(&add, &number(3)), Ok(number(6)), "it adds up");
        }
    });
}
