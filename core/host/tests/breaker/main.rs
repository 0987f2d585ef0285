//! What a breaker does in each state; `properties` tells what holds for every history.

mod properties;

use ampoule::{Breaker, BreakerRefusal, BreakerRules, BreakerState, Micros, Pass, Verdict};

use BreakerState::{Closed, HalfOpen, Open, Quarantined};
use Verdict::{Failure, Success};

const RULES: BreakerRules = BreakerRules { failures: 2, reset: 100, reset_most: 350, trips: 5 };

/// Fails as often as trips it. It must be closed, with nothing counted.
fn trip(breaker: &mut Breaker, now: Micros) {
    for _ in 0..breaker.rules().failures {
        let pass = breaker.ask(now).unwrap();
        breaker.settle(pass, Failure, now);
    }
}

/// Trips it once more, by a failing probe.
fn fail_probe(breaker: &mut Breaker) -> Micros {
    let Open { until } = breaker.state() else { panic!("{breaker:?}") };
    let probe = breaker.ask(until).unwrap();
    breaker.settle(probe, Failure, until);
    until
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Ask(Micros),
    /// With a pass from this state.
    Settle(Verdict, Micros),
    GiveBack,
    /// With a pass from before, which wasn't a probe.
    SettleLate(Verdict),
    GiveBackLate,
    Quarantine,
    Lift,
    Reset,
}

/// A breaker in a state that it came to at 1000, a pass from that state if it gives one, and a late one.
fn in_state(state: &str) -> (Breaker, Option<Pass>, Pass) {
    let mut breaker = Breaker::new(RULES);
    let late = breaker.ask(1000).unwrap();
    if state == "closed" {
        breaker.lift();
        let pass = breaker.ask(1000).ok();
        return (breaker, pass, late);
    }
    trip(&mut breaker, 1000);
    match state {
        "open" => (breaker, None, late),
        "half open" => {
            let probe = breaker.ask(1100).ok();
            (breaker, probe, late)
        }
        "quarantined" => {
            breaker.quarantine();
            (breaker, None, late)
        }
        _ => panic!("{state}"),
    }
}

#[test]
fn each_event_leads_from_each_state_where_the_table_says() {
    use Event::*;
    #[rustfmt::skip]
    let table = [
        ("closed", Ask(0), Closed),
        ("closed", Settle(Success, 1001), Closed),
        ("closed", Settle(Failure, 1001), Closed),
        ("closed", GiveBack, Closed),
        ("closed", SettleLate(Success), Closed),
        ("closed", SettleLate(Failure), Closed),
        ("closed", GiveBackLate, Closed),
        ("closed", Quarantine, Quarantined),
        ("closed", Lift, Closed),
        ("closed", Reset, Closed),
        ("open", Ask(1000), Open { until: 1100 }),
        ("open", Ask(1099), Open { until: 1100 }),
        ("open", Ask(1100), HalfOpen),
        ("open", Ask(Micros::MAX), HalfOpen),
        ("open", Ask(999), Open { until: 1099 }),
        ("open", Ask(0), Open { until: 100 }),
        ("open", SettleLate(Success), Open { until: 1100 }),
        ("open", SettleLate(Failure), Open { until: 1100 }),
        ("open", GiveBackLate, Open { until: 1100 }),
        ("open", Quarantine, Quarantined),
        ("open", Lift, Closed),
        ("open", Reset, Closed),
        ("half open", Ask(9999), HalfOpen),
        ("half open", Settle(Success, 1150), Closed),
        ("half open", Settle(Failure, 1150), Open { until: 1350 }),
        ("half open", Settle(Failure, Micros::MAX), Open { until: Micros::MAX }),
        ("half open", GiveBack, Open { until: 0 }),
        ("half open", SettleLate(Success), HalfOpen),
        ("half open", SettleLate(Failure), HalfOpen),
        ("half open", GiveBackLate, HalfOpen),
        ("half open", Quarantine, Quarantined),
        ("half open", Lift, Closed),
        ("half open", Reset, Closed),
        ("quarantined", Ask(Micros::MAX), Quarantined),
        ("quarantined", SettleLate(Success), Quarantined),
        ("quarantined", SettleLate(Failure), Quarantined),
        ("quarantined", GiveBackLate, Quarantined),
        ("quarantined", Quarantine, Quarantined),
        ("quarantined", Lift, Closed),
        ("quarantined", Reset, Closed),
    ];
    for (from, event, to) in table {
        let (mut breaker, pass, late) = in_state(from);
        match event {
            Ask(now) => {
                let answer = breaker.ask(now);
                assert_eq!(answer.is_ok(), from == "closed" || from == "open" && to == HalfOpen);
            }
            Settle(verdict, now) => breaker.settle(pass.unwrap(), verdict, now),
            GiveBack => breaker.give_back(pass.unwrap()),
            SettleLate(verdict) => breaker.settle(late, verdict, 1150),
            GiveBackLate => breaker.give_back(late),
            Quarantine => breaker.quarantine(),
            Lift => breaker.lift(),
            Reset => breaker.reset(RULES),
        }
        assert_eq!(breaker.state(), to, "{from}, {event:?}");
    }
}

#[test]
fn a_success_between_failures_keeps_it_closed() {
    let mut breaker = Breaker::new(RULES);
    for verdict in [Failure, Success, Failure, Success, Failure] {
        let pass = breaker.ask(7).unwrap();
        assert!(!pass.is_probe());
        breaker.settle(pass, verdict, 7);
    }
    assert_eq!((breaker.state(), breaker.failures()), (Closed, 1));
}

#[test]
fn the_reset_time_doubles_up_to_its_cap_until_too_many_trips_quarantine() {
    let mut breaker = Breaker::new(RULES);
    trip(&mut breaker, 0);
    let times: Vec<_> = (0..4).map(|_| fail_probe(&mut breaker)).collect();
    assert_eq!(times, [100, 100 + 200, 300 + 350, 650 + 350]);
    assert_eq!((breaker.state(), breaker.trips()), (Quarantined, 5));
    assert_eq!(breaker.ask(Micros::MAX), Err(BreakerRefusal::Quarantined));
}

#[test]
fn a_probes_success_forgets_failures_and_trips() {
    let mut breaker = Breaker::new(RULES);
    trip(&mut breaker, 0);
    let until = fail_probe(&mut breaker) + 200;
    let probe = breaker.ask(until).unwrap();
    breaker.settle(probe, Success, until);
    assert_eq!((breaker.failures(), breaker.trips()), (0, 0));
    trip(&mut breaker, 1000);
    assert_eq!(breaker.state(), Open { until: 1100 });
}

#[test]
fn a_cancelled_probe_makes_room_for_one_other_and_not_for_two() {
    let mut breaker = Breaker::new(RULES);
    trip(&mut breaker, 1000);
    let first = breaker.ask(1100).unwrap();
    breaker.give_back(first);
    let second = breaker.ask(0).unwrap();
    assert!(second.is_probe());
    breaker.give_back(first);
    breaker.settle(first, Success, 1100);
    assert_eq!(breaker.ask(1100), Err(BreakerRefusal::Probing));
    breaker.settle(second, Success, 1100);
    assert_eq!(breaker.state(), Closed);
}

#[test]
fn a_rule_of_zero_never_holds() {
    let mut never = Breaker::new(BreakerRules { failures: 0, ..RULES });
    for _ in 0..70_000 {
        let pass = never.ask(0).unwrap();
        never.settle(pass, Failure, 0);
    }
    assert_eq!((never.state(), never.failures()), (Closed, u16::MAX));

    let mut breaker = Breaker::new(BreakerRules { trips: 0, reset_most: 1, ..RULES });
    trip(&mut breaker, 0);
    for _ in 0..70_000 {
        fail_probe(&mut breaker);
    }
    assert_eq!((breaker.state(), breaker.trips()), (Open { until: 70_001 }, u16::MAX));
}

#[test]
fn the_largest_rules_and_times_neither_overflow_nor_lock_it() {
    let largest =
        BreakerRules { failures: 1, reset: Micros::MAX, reset_most: Micros::MAX, trips: 0 };
    let mut breaker = Breaker::new(largest);
    trip(&mut breaker, Micros::MAX);
    for _ in 0..200 {
        assert_eq!(fail_probe(&mut breaker), Micros::MAX);
    }
}

#[test]
fn a_reset_time_of_zero_keeps_nobody_waiting_even_if_the_clock_goes_back() {
    for now in [500, 0, Micros::MAX] {
        let mut breaker = Breaker::new(BreakerRules { reset: 0, ..RULES });
        trip(&mut breaker, 500);
        assert!(breaker.ask(now).unwrap().is_probe(), "at {now}");
    }
}

#[test]
fn a_new_version_starts_over_and_owes_nothing_to_the_passes_of_the_old() {
    let mut breaker = Breaker::new(RULES);
    let old = breaker.ask(0).unwrap();
    let strict = BreakerRules { failures: 1, ..RULES };
    breaker.reset(strict);
    breaker.settle(old, Failure, 0);
    assert_eq!((breaker.state(), breaker.failures(), *breaker.rules()), (Closed, 0, strict));
    let new = breaker.ask(0).unwrap();
    breaker.settle(new, Failure, 0);
    assert_eq!(breaker.state(), Open { until: 100 });
}
