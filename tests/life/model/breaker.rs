//! The model's breaker.

use super::predict::RULES;
use ampoule::{BreakerState, Micros};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pass {
    epoch: u32,
    probe: bool,
}

#[derive(Debug)]
pub(super) struct Breaker {
    pub(super) state: BreakerState,
    epoch: u32,
    failures: u16,
    trips: u16,
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Self { state: BreakerState::Closed, epoch: 0, failures: 0, trips: 0 }
    }

    pub(super) const fn is_late(&self, pass: Pass) -> bool {
        pass.epoch != self.epoch
    }

    pub(super) fn enter(&mut self, state: BreakerState) {
        self.state = state;
        self.epoch += 1;
    }

    pub(super) fn lift(&mut self) {
        (self.failures, self.trips) = (0, 0);
        self.enter(BreakerState::Closed);
    }

    pub(super) fn ask(&mut self, now: Micros) -> Result<Pass, &'static str> {
        match self.state {
            BreakerState::Closed => {}
            BreakerState::Open { until } if now < until => return Err("C07"),
            BreakerState::Open { .. } => self.enter(BreakerState::HalfOpen),
            BreakerState::HalfOpen => return Err("C08"),
            BreakerState::Quarantined => return Err("C09"),
        }
        Ok(Pass { epoch: self.epoch, probe: self.state == BreakerState::HalfOpen })
    }

    pub(super) fn give_back(&mut self, pass: Pass) {
        if pass.probe && pass.epoch == self.epoch {
            self.enter(BreakerState::Open { until: 0 });
        }
    }

    /// The name of the event that this makes.
    pub(super) fn settle(&mut self, pass: Pass, good: bool, now: Micros) -> Option<&'static str> {
        if pass.epoch != self.epoch {
            return None;
        }
        if good {
            self.failures = 0;
            return pass.probe.then(|| {
                self.lift();
                "Closed"
            });
        }
        self.failures += 1;
        if !pass.probe && self.failures < RULES.failures {
            return None;
        }
        self.trips += 1;
        if self.trips == RULES.trips {
            self.enter(BreakerState::Quarantined);
            return Some("Quarantined");
        }
        let reset = (RULES.reset << (self.trips - 1)).min(RULES.reset_most);
        self.enter(BreakerState::Open { until: now + reset });
        Some("Tripped")
    }
}
