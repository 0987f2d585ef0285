//! A pool's turnstile, with loom's atomics in the place of the hardware's.

use loom::{
    cell::UnsafeCell,
    model::Builder,
    sync::{Arc, Condvar, Mutex},
    thread,
};
use turnstile::{Ticket, Turnstile};

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicUsize, Ordering};
}

#[path = "../../core/host/src/pool/turnstile.rs"]
mod turnstile;

/// Shards that loom watches: two that have one at the same time, or don't see what the other has done,
/// fail the test.
struct Watched<const N: usize> {
    turnstile: Turnstile,
    shards: [UnsafeCell<u32>; N],
    /// Counts what others may wait for: who spins for ever is tried for ever, too, so that they sleep.
    changes: Mutex<usize>,
    changed: Condvar,
}

impl<const N: usize> Watched<N> {
    fn new() -> Arc<Self> {
        let shards = core::array::from_fn(|_| UnsafeCell::new(0));
        let (changes, changed) = (Mutex::new(0), Condvar::new());
        Arc::new(Self { turnstile: Turnstile::new(N), shards, changes, changed })
    }

    /// Has `wait` look again whenever something has changed; it changes something itself.
    fn waiting<T>(&self, wait: impl FnOnce(&mut dyn FnMut()) -> T) -> T {
        let mut seen = *self.changes.lock().unwrap();
        let done = wait(&mut || {
            let mut changes = self.changes.lock().unwrap();
            while *changes == seen {
                changes = self.changed.wait(changes).unwrap();
            }
            seen = *changes;
        });
        self.change();
        done
    }

    fn change(&self) {
        *self.changes.lock().unwrap() += 1;
        self.changed.notify_all();
    }

    fn redeem(&self, ticket: Ticket) -> usize {
        self.waiting(|pause| self.turnstile.redeem(ticket, pause))
    }

    fn enter(&self) -> usize {
        self.turnstile.try_enter().unwrap_or_else(|| self.redeem(self.turnstile.draw()))
    }

    fn use_and_leave(&self, shard: usize) {
        self.shards[shard].with_mut(|_| thread::yield_now());
        self.turnstile.leave(shard);
        self.change();
    }

    fn use_any(&self) {
        self.use_and_leave(self.enter());
    }

    fn use_this(&self, shard: usize) {
        self.waiting(|pause| self.turnstile.enter_at(shard, pause));
        self.use_and_leave(shard);
    }

    /// Nobody has any, and nobody waits.
    fn assert_all_free(&self) {
        assert_eq!(self.turnstile.waiting(), 0);
        for shard in 0..N {
            assert_eq!(self.turnstile.try_enter(), Some(shard));
        }
        assert_eq!(self.turnstile.try_enter(), None);
    }
}

fn spawn<const N: usize>(
    watched: &Arc<Watched<N>>,
    work: impl FnOnce(&Watched<N>) + 'static,
) -> thread::JoinHandle<()> {
    let watched = Arc::clone(watched);
    thread::spawn(move || work(&watched))
}

/// Every order in which threads are interrupted so many times.
fn model(interruptions: usize, work: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(interruptions);
    builder.check(work);
}

#[test]
fn two_threads_take_turns_at_one_shard() {
    loom::model(|| {
        let watched = Watched::<1>::new();
        let other = spawn(&watched, Watched::use_any);
        watched.use_any();
        other.join().unwrap();
        watched.assert_all_free();
    });
}

#[test]
fn three_threads_share_one_shard_and_none_is_left_waiting() {
    model(2, || {
        let watched = Watched::<1>::new();
        let others = [spawn(&watched, Watched::use_any), spawn(&watched, Watched::use_any)];
        watched.use_any();
        others.into_iter().for_each(|other| other.join().unwrap());
        watched.assert_all_free();
    });
}

#[test]
fn three_threads_share_two_shards() {
    model(2, || {
        let watched = Watched::<2>::new();
        let others = [spawn(&watched, Watched::use_any), spawn(&watched, Watched::use_any)];
        watched.use_any();
        others.into_iter().for_each(|other| other.join().unwrap());
        watched.assert_all_free();
    });
}

#[test]
fn tickets_are_served_in_the_order_in_which_they_were_drawn() {
    model(3, || {
        let watched = Watched::<1>::new();
        let order = Arc::new(Mutex::new(Vec::new()));
        let held = watched.turnstile.try_enter().unwrap();
        // The last drawn comes to the turnstile first, or second, or third.
        let tickets = [0, 1].map(|at| (at, watched.turnstile.draw()));
        let others = tickets.map(|(at, ticket)| {
            let order = Arc::clone(&order);
            spawn(&watched, move |watched| {
                let shard = watched.redeem(ticket);
                order.lock().unwrap().push(at);
                watched.use_and_leave(shard);
            })
        });
        watched.use_and_leave(held);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(*order.lock().unwrap(), [0, 1]);
        watched.assert_all_free();
    });
}

#[test]
fn who_tries_does_not_overtake_who_waits() {
    loom::model(|| {
        let watched = Watched::<1>::new();
        let held = watched.turnstile.try_enter().unwrap();
        let ticket = watched.turnstile.draw();
        let tries = spawn(&watched, |watched| assert_eq!(watched.turnstile.try_enter(), None));
        watched.use_and_leave(held);
        let shard = watched.redeem(ticket);
        tries.join().unwrap();
        watched.use_and_leave(shard);
        watched.assert_all_free();
    });
}

#[test]
fn who_wants_one_shard_gets_it_among_those_that_take_any() {
    model(2, || {
        let watched = Watched::<1>::new();
        let others =
            [spawn(&watched, Watched::use_any), spawn(&watched, |watched| watched.use_this(0))];
        watched.use_any();
        others.into_iter().for_each(|other| other.join().unwrap());
        watched.assert_all_free();
    });
}

#[test]
fn two_that_want_the_same_shard_take_turns() {
    model(2, || {
        let watched = Watched::<2>::new();
        let others = [(); 2].map(|()| spawn(&watched, |watched| watched.use_this(1)));
        watched.use_any();
        others.into_iter().for_each(|other| other.join().unwrap());
        watched.assert_all_free();
    });
}

#[test]
fn a_wanted_shard_is_left_for_who_wants_it() {
    loom::model(|| {
        let watched = Watched::<1>::new();
        watched.turnstile.enter_at(0, || unreachable!("it is free"));
        let wants = spawn(&watched, |watched| watched.use_this(0));
        assert!(!watched.turnstile.try_enter_at(0), "it is in use");
        watched.use_and_leave(0);
        wants.join().unwrap();
        assert!(watched.turnstile.try_enter_at(0));
    });
}
