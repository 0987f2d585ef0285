//! What holds for every history, compared with a naive model.

use crate::trip;
use ampoule::{Breaker, BreakerRefusal, BreakerRules, BreakerState, Micros, Pass, Verdict};
use proptest::{collection::vec, prelude::*, sample::Index};

use BreakerState::{Closed, HalfOpen, Open, Quarantined};
use Verdict::{Failure, Success};

#[derive(Clone, Debug)]
enum Step {
    Forward(Micros),
    Back(Micros),
    Jump(Micros),
    Ask,
    Settle(Index, Verdict),
    GiveBack(Index),
    Quarantine,
    Lift,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u64..300).prop_map(Step::Forward),
        1 => (0_u64..300).prop_map(Step::Back),
        1 => prop_oneof![Just(0), Just(Micros::MAX), any::<Micros>()].prop_map(Step::Jump),
        8 => Just(Step::Ask),
        3 => any::<Index>().prop_map(|which| Step::Settle(which, Success)),
        8 => any::<Index>().prop_map(|which| Step::Settle(which, Failure)),
        2 => any::<Index>().prop_map(Step::GiveBack),
        1 => prop_oneof![Just(Step::Quarantine), Just(Step::Lift), Just(Step::Reset)],
    ]
}

fn rules() -> impl Strategy<Value = BreakerRules> {
    let time = || prop_oneof![8 => 0_u64..400, 1 => Just(Micros::MAX)];
    (0_u16..4, time(), time(), 0_u16..6).prop_map(|(failures, reset, reset_most, trips)| {
        BreakerRules { failures, reset, reset_most, trips }
    })
}

/// A pass that is out.
struct Out {
    pass: Pass,
    /// Whether the state has changed since.
    late: bool,
}

/// The same by other means: it marks passes late one by one, remembers every time since the trip, and
/// works without an end of numbers.
struct Model {
    rules: BreakerRules,
    state: &'static str,
    failures: u128,
    trips: u128,
    told: Vec<Micros>,
    out: Vec<Out>,
}

impl Model {
    fn new(rules: BreakerRules) -> Self {
        Self { rules, state: "closed", failures: 0, trips: 0, told: vec![], out: vec![] }
    }

    fn enter(&mut self, state: &'static str, told: Vec<Micros>) {
        self.state = state;
        self.told = told;
        self.out.iter_mut().for_each(|out| out.late = true);
    }

    fn clear(&mut self) {
        self.failures = 0;
        self.trips = 0;
        self.enter("closed", vec![]);
    }

    fn reset_time(&self) -> u128 {
        let most = u128::from(self.rules.reset_most);
        let doubled = |time: u128, _| (time * 2).min(most);
        (1..self.trips).fold(u128::from(self.rules.reset).min(most), doubled)
    }

    /// 0 when a probe was cancelled: then no time was told since.
    fn until(&self) -> Micros {
        let until = self.told.iter().min().map_or(0, |&low| u128::from(low) + self.reset_time());
        until.try_into().unwrap_or(Micros::MAX)
    }

    fn ask(&mut self, now: Micros) -> &'static str {
        match self.state {
            "closed" => "pass",
            "open" => {
                if !self.told.is_empty() {
                    self.told.push(now);
                }
                if now < self.until() {
                    return "refused";
                }
                self.enter("half open", vec![]);
                "probe"
            }
            _ => "refused",
        }
    }

    fn settle(&mut self, verdict: Verdict, probe: bool, now: Micros) {
        if verdict == Success {
            return if probe { self.clear() } else { self.failures = 0 };
        }
        self.failures += 1;
        let limit = u128::from(self.rules.failures);
        if probe || limit > 0 && self.failures >= limit {
            self.trips += 1;
            let quarantined = self.rules.trips > 0 && self.trips >= self.rules.trips.into();
            self.enter(if quarantined { "quarantined" } else { "open" }, vec![now]);
        }
    }

    fn agrees(&self, breaker: &Breaker) -> bool {
        let state = match breaker.state() {
            Closed => "closed",
            Open { until } if until == self.until() => "open",
            Open { .. } => "open until another time",
            HalfOpen => "half open",
            Quarantined => "quarantined",
        };
        state == self.state
            && u128::from(breaker.failures()) == self.failures
            && u128::from(breaker.trips()) == self.trips
    }
}

/// Takes one step on both sides, and tells whether they answered the same.
fn take(step: &Step, now: &mut Micros, breaker: &mut Breaker, model: &mut Model) -> bool {
    match step {
        Step::Forward(by) => *now = now.saturating_add(*by),
        Step::Back(by) => *now = now.saturating_sub(*by),
        Step::Jump(to) => *now = *to,
        Step::Ask => {
            let expected = model.ask(*now);
            let answer = breaker.ask(*now);
            model.out.extend(answer.iter().map(|&pass| Out { pass, late: false }));
            let got =
                answer.map_or("refused", |pass| if pass.is_probe() { "probe" } else { "pass" });
            return got == expected;
        }
        Step::Settle(which, verdict) if !model.out.is_empty() => {
            let Out { pass, late } = model.out.swap_remove(which.index(model.out.len()));
            breaker.settle(pass, *verdict, *now);
            if !late {
                model.settle(*verdict, pass.is_probe(), *now);
            }
        }
        Step::GiveBack(which) if !model.out.is_empty() => {
            let Out { pass, late } = model.out.swap_remove(which.index(model.out.len()));
            breaker.give_back(pass);
            if !late && pass.is_probe() {
                model.enter("open", vec![]);
            }
        }
        Step::Settle(..) | Step::GiveBack(_) => {}
        Step::Quarantine => {
            breaker.quarantine();
            model.enter("quarantined", vec![]);
        }
        Step::Lift => {
            breaker.lift();
            model.clear();
        }
        Step::Reset => {
            breaker.reset(model.rules);
            model.clear();
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_history_ends_where_a_naive_model_ends(rules in rules(), steps in vec(step(), 0..120)) {
        let (mut breaker, mut model, mut now) = (Breaker::new(rules), Model::new(rules), 500);
        for step in &steps {
            let before = breaker.state();
            prop_assert!(take(step, &mut now, &mut breaker, &mut model), "{step:?}: {breaker:?}");
            prop_assert!(model.agrees(&breaker), "{step:?}: {breaker:?}, not {}", model.state);

            let probes = model.out.iter().filter(|out| out.pass.is_probe() && !out.late).count();
            prop_assert!(probes == usize::from(breaker.state() == HalfOpen), "{step:?}: {probes} probes");
            let lifted = matches!(step, Step::Lift | Step::Reset);
            prop_assert!(before != Quarantined || breaker.state() == Quarantined || lifted);
        }
    }

    #[test]
    fn an_open_breaker_gives_a_probe_once_its_time_is_over_whatever_the_clock_did(
        rules in rules(),
        steps in vec(step(), 0..60),
        now in any::<Micros>(),
    ) {
        let (mut breaker, mut model, mut clock) = (Breaker::new(rules), Model::new(rules), 500);
        for step in &steps {
            take(step, &mut clock, &mut breaker, &mut model);
        }
        if matches!(breaker.state(), Closed | HalfOpen | Quarantined) {
            breaker.reset(BreakerRules { failures: 1, trips: 0, ..rules });
            trip(&mut breaker, clock);
        }
        if let Err(refusal) = breaker.ask(now) {
            let BreakerRefusal::Open { until } = refusal else { panic!("{refusal:?}") };
            prop_assert!(until > now && until - now <= rules.reset_most);
            prop_assert!(breaker.ask(until).unwrap().is_probe());
        }
        prop_assert_eq!(breaker.ask(now), Err(BreakerRefusal::Probing));
    }
}
