//! When a plugin that keeps failing is left alone, and when it is tried again.

use crate::limits::Micros;

const SECOND: Micros = 1_000_000;

/// When a [`Breaker`] trips, and for how long.
///
/// ```
/// use ampoule::BreakerRules;
///
/// let rules = BreakerRules { failures: 10, ..BreakerRules::WORKSTATION };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// So many failures without a success between them trip it. 0 for never.
    pub failures: u16,
    /// How long it stays open after the first trip. Each further trip without a success between
    /// doubles that.
    pub reset: Micros,
    /// What the reset time never grows beyond.
    pub reset_most: Micros,
    /// So many trips without a success between them quarantine the plugin. 0 for never.
    pub trips: u16,
}

impl BreakerRules {
    /// For microcontrollers, where nobody watches and each failure costs a fresh instance.
    pub const MICRO: Self = Self {
        // One may be the input's fault, two a coincidence.
        failures: 3,
        reset: SECOND,
        reset_most: 60 * SECOND,
        // After about four minutes of failing probes the plugin's share of the chip goes to others.
        trips: 10,
    };

    /// For workstations and servers, where somebody can look.
    pub const WORKSTATION: Self = Self {
        // Many callers share a plugin there, and some send bad inputs.
        failures: 5,
        reset: SECOND,
        reset_most: 300 * SECOND,
        // Never for good: a user who mends what the plugin needs finds it working again.
        trips: 0,
    };

    /// The reset time after so many trips.
    fn reset_after(&self, trips: u16) -> Micros {
        let doublings = u32::from(trips.saturating_sub(1));
        self.reset.saturating_mul(2_u64.saturating_pow(doublings)).min(self.reset_most)
    }
}

impl Default for BreakerRules {
    /// [`BreakerRules::WORKSTATION`].
    fn default() -> Self {
        Self::WORKSTATION
    }
}

/// Where a [`Breaker`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// It has tripped: no call until then, and then one, the probe. `until` is 0 when a probe was
    /// cancelled, so that the next one may go at once.
    Open {
        /// On the clock that the breaker is told.
        until: Micros,
    },
    /// The probe is out. What becomes of it closes the breaker or opens it again.
    HalfOpen,
    /// No call until an operator lifts it or a new version comes.
    Quarantined,
}

/// Why a [`Breaker`] gives no pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerRefusal {
    /// It is open. Ask again then.
    Open {
        /// On the clock that the breaker is told.
        until: Micros,
    },
    /// Another call is the probe, and its outcome isn't known yet.
    Probing,
    /// The plugin is quarantined.
    Quarantined,
}

/// Leave for one call, to be settled or given back once, on the breaker that gave it.
///
/// It remembers when it was given: once the breaker has changed its state it is late, and what its
/// call has come to changes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a probe that is neither settled nor given back keeps the breaker half open"]
pub struct Pass {
    epoch: u64,
    probe: bool,
}

impl Pass {
    /// Tells whether the call decides if the breaker closes.
    #[must_use]
    pub const fn is_probe(self) -> bool {
        self.probe
    }
}

/// What a call says about its plugin. Which replies and faults count as what is the host's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Verdict {
    Success,
    Failure,
}

/// Keeps calls away from one plugin while it does nothing but fail.
///
/// It has no clock: time is an argument. A clock that goes back or jumps ahead never keeps it open for
/// longer than the reset time, counted from the lowest time that it has been told since it tripped.
///
/// ```
/// use ampoule::{Breaker, BreakerRefusal, BreakerRules, BreakerState, Verdict};
///
/// let rules = BreakerRules { failures: 1, reset: 500, ..BreakerRules::MICRO };
/// let mut breaker = Breaker::new(rules);
///
/// let pass = breaker.ask(1_000).unwrap();
/// breaker.settle(pass, Verdict::Failure, 1_000);
/// assert_eq!(breaker.ask(1_499), Err(BreakerRefusal::Open { until: 1_500 }));
///
/// let probe = breaker.ask(1_500).unwrap();
/// assert!(probe.is_probe());
/// assert_eq!(breaker.ask(1_500), Err(BreakerRefusal::Probing));
/// breaker.settle(probe, Verdict::Success, 1_600);
/// assert_eq!(breaker.state(), BreakerState::Closed);
/// ```
#[derive(Clone, Debug)]
pub struct Breaker {
    rules: BreakerRules,
    state: BreakerState,
    /// What `until` is counted from while open.
    since: Micros,
    /// Counts changes of state. A pass from before one is late.
    epoch: u64,
    failures: u16,
    trips: u16,
}

impl Breaker {
    /// Closed, with nothing counted.
    #[must_use]
    pub const fn new(rules: BreakerRules) -> Self {
        Self { rules, state: BreakerState::Closed, since: 0, epoch: 0, failures: 0, trips: 0 }
    }

    /// Where it stands, as of the last time that it was told.
    #[must_use]
    pub const fn state(&self) -> BreakerState {
        self.state
    }

    /// Its rules.
    #[must_use]
    pub const fn rules(&self) -> &BreakerRules {
        &self.rules
    }

    /// Failures since the last success, late ones left out.
    #[must_use]
    pub const fn failures(&self) -> u16 {
        self.failures
    }

    /// Trips since the last success.
    #[must_use]
    pub const fn trips(&self) -> u16 {
        self.trips
    }

    /// Asks for leave to call the plugin now.
    ///
    /// # Errors
    /// [`BreakerRefusal::Open`] until its time is over: ask again then. [`BreakerRefusal::Probing`]
    /// while the one probe is out: ask again when that is settled. [`BreakerRefusal::Quarantined`]
    /// until [`Self::lift`] or [`Self::reset`].
    pub fn ask(&mut self, now: Micros) -> Result<Pass, BreakerRefusal> {
        match self.state {
            BreakerState::Closed => Ok(self.pass(false)),
            BreakerState::Open { until } => self.ask_open(until, now),
            BreakerState::HalfOpen => Err(BreakerRefusal::Probing),
            BreakerState::Quarantined => Err(BreakerRefusal::Quarantined),
        }
    }

    /// Takes in what a call has come to. A late pass changes nothing.
    pub fn settle(&mut self, pass: Pass, verdict: Verdict, now: Micros) {
        if self.is_late(pass) {
            return;
        }
        match verdict {
            Verdict::Success if pass.probe => self.lift(),
            Verdict::Success => self.failures = 0,
            Verdict::Failure => self.fail(pass, now),
        }
    }

    /// Takes a pass back whose call was cancelled, so that nothing is known about the plugin. If it was
    /// the probe, the next to ask gets another. A late pass changes nothing.
    pub fn give_back(&mut self, pass: Pass) {
        if pass.probe && !self.is_late(pass) {
            self.open(0, 0);
        }
    }

    /// Gives no pass from now on. Passes that are out are late.
    pub fn quarantine(&mut self) {
        self.enter(BreakerState::Quarantined);
    }

    /// Closes it whatever its state, with nothing counted: an operator's word. Passes that are out are
    /// late.
    pub fn lift(&mut self) {
        self.failures = 0;
        self.trips = 0;
        self.enter(BreakerState::Closed);
    }

    /// Starts over with a new version of the plugin and its rules. Passes of the old one are late,
    /// which they wouldn't be on a [`Breaker::new`].
    pub fn reset(&mut self, rules: BreakerRules) {
        self.rules = rules;
        self.lift();
    }

    const fn pass(&self, probe: bool) -> Pass {
        Pass { epoch: self.epoch, probe }
    }

    /// Whether the breaker has changed its state since it gave this pass.
    pub(crate) const fn is_late(&self, pass: Pass) -> bool {
        pass.epoch != self.epoch
    }

    fn enter(&mut self, state: BreakerState) {
        self.state = state;
        self.epoch = self.epoch.wrapping_add(1);
    }

    fn open(&mut self, since: Micros, until: Micros) {
        self.since = since;
        self.enter(BreakerState::Open { until });
    }

    /// The time starts anew if the clock has gone back to before the trip.
    fn ask_open(&mut self, mut until: Micros, now: Micros) -> Result<Pass, BreakerRefusal> {
        if now < self.since {
            self.since = now;
            until = self.reset_from(now);
            self.state = BreakerState::Open { until };
        }
        if now < until {
            return Err(BreakerRefusal::Open { until });
        }
        self.enter(BreakerState::HalfOpen);
        Ok(self.pass(true))
    }

    fn reset_from(&self, now: Micros) -> Micros {
        now.saturating_add(self.rules.reset_after(self.trips))
    }

    fn fail(&mut self, pass: Pass, now: Micros) {
        self.failures = self.failures.saturating_add(1);
        if pass.probe || reached(self.failures, self.rules.failures) {
            self.trip(now);
        }
    }

    fn trip(&mut self, now: Micros) {
        self.trips = self.trips.saturating_add(1);
        if reached(self.trips, self.rules.trips) {
            self.quarantine();
        } else {
            self.open(now, self.reset_from(now));
        }
    }
}

/// A limit of 0 is never reached.
const fn reached(count: u16, limit: u16) -> bool {
    limit != 0 && count >= limit
}
