//! One breaker that two threads share behind a lock.

use ampoule::{Breaker, BreakerRules, BreakerState, Pass, Verdict};
use loom::{
    sync::{Arc, Mutex},
    thread,
};

const RULES: BreakerRules = BreakerRules { failures: 1, reset: 100, reset_most: 100, trips: 0 };

/// Open, its time over at 100, and a late pass from before.
fn tripped() -> (Arc<Mutex<Breaker>>, Pass) {
    let mut breaker = Breaker::new(RULES);
    let late = breaker.ask(0).unwrap();
    let pass = breaker.ask(0).unwrap();
    breaker.settle(pass, Verdict::Failure, 0);
    (Arc::new(Mutex::new(breaker)), late)
}

fn ask(breaker: &Mutex<Breaker>) -> Option<Pass> {
    breaker.lock().unwrap().ask(100).ok()
}

/// Runs `call` on a thread of its own and on this one.
fn twice<T: 'static>(breaker: &Arc<Mutex<Breaker>>, call: fn(&Mutex<Breaker>) -> T) -> [T; 2] {
    let theirs = Arc::clone(breaker);
    let other = thread::spawn(move || call(&theirs));
    let here = call(breaker);
    [here, other.join().unwrap()]
}

#[test]
fn exactly_one_of_two_threads_gets_the_probe() {
    loom::model(|| {
        let (breaker, _) = tripped();
        let passes = twice(&breaker, ask);
        assert_eq!(passes.iter().flatten().filter(|pass| pass.is_probe()).count(), 1);
        assert_eq!(passes.iter().flatten().count(), 1);
        assert_eq!(breaker.lock().unwrap().state(), BreakerState::HalfOpen);
    });
}

#[test]
fn a_probe_that_succeeds_closes_it_for_the_other_thread_too() {
    loom::model(|| {
        let (breaker, _) = tripped();
        let passes = twice(&breaker, |breaker| {
            let pass = ask(breaker)?;
            breaker.lock().unwrap().settle(pass, Verdict::Success, 100);
            Some(pass)
        });
        assert_eq!(passes.iter().flatten().filter(|pass| pass.is_probe()).count(), 1);
        assert_eq!(breaker.lock().unwrap().state(), BreakerState::Closed);
    });
}

#[test]
fn a_late_failure_beside_a_probe_leaves_the_word_to_the_probe() {
    loom::model(|| {
        let (breaker, late) = tripped();
        let theirs = Arc::clone(&breaker);
        let other = thread::spawn(move || {
            theirs.lock().unwrap().settle(late, Verdict::Failure, 100);
        });
        let probe = ask(&breaker).unwrap();
        breaker.lock().unwrap().settle(probe, Verdict::Success, 100);
        other.join().unwrap();
        assert_eq!(breaker.lock().unwrap().state(), BreakerState::Closed);
    });
}

#[test]
fn cancelled_probes_make_room_one_at_a_time() {
    loom::model(|| {
        let (breaker, _) = tripped();
        let passes = twice(&breaker, |breaker| {
            let probe = ask(breaker)?;
            assert_eq!(ask(breaker), None, "a second probe is out");
            breaker.lock().unwrap().give_back(probe);
            Some(probe)
        });
        assert!(passes.iter().flatten().count() >= 1);
        assert_eq!(breaker.lock().unwrap().state(), BreakerState::Open { until: 0 });
    });
}
