//! The one place where a call's end becomes counters, breaker state and events.

use super::uses::Uses;
use crate::{
    breaker::{Breaker, BreakerRefusal, BreakerState, Pass, Verdict},
    counters::{CallEnd, CallRecord, Counters, FailureKind, RefusalKind},
    error::{CallError, Diagnosis as _, Refusal},
    event::{Event, EventKind},
    id::PluginId,
    service::Micros,
};

/// How many events a host keeps until somebody takes them.
pub const MAX_EVENTS: usize = 32;

/// Events that wait to be taken.
pub(super) struct Events {
    kept: heapless::Deque<Event, MAX_EVENTS>,
    lost: u32,
}

impl Events {
    pub(super) const fn new() -> Self {
        Self { kept: heapless::Deque::new(), lost: 0 }
    }

    /// Keeps an event; the oldest goes if there is no room.
    pub(super) fn push(&mut self, plugin: PluginId, at: Micros, what: EventKind) {
        let event = Event { plugin, at, what };
        if self.kept.is_full() {
            self.kept.pop_front();
            self.lost = self.lost.saturating_add(1);
        }
        // There is room.
        let _ = self.kept.push_back(event);
    }

    pub(super) fn take(&mut self) -> Option<Event> {
        let Event { plugin, at, .. } = *self.kept.front()?;
        match core::mem::take(&mut self.lost) {
            0 => self.kept.pop_front(),
            events => Some(Event { plugin, at, what: EventKind::Lost { events } }),
        }
    }
}

/// What a plugin has on its record.
pub(super) struct Ledger {
    pub(super) id: PluginId,
    pub(super) breaker: Breaker,
    pub(super) counters: Counters,
    /// Of versions that are gone.
    pub(super) uses: Uses,
}

/// A call that is over.
pub(super) struct Settled<'e> {
    pub(super) pass: Pass,
    pub(super) result: Result<(), &'e CallError>,
    pub(super) fuel: u64,
    pub(super) asked_at: Micros,
    pub(super) memory_bytes: usize,
    pub(super) now: Micros,
}

/// What a call says of the version that ran it.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    Good,
    Faulty { code: &'static str },
    Unknown,
}

impl Ledger {
    /// Asks the breaker for leave to call.
    pub(super) fn ask(&mut self, now: Micros) -> Result<Pass, Refusal> {
        self.breaker.ask(now).map_err(|refusal| {
            self.counters.record_refusal(RefusalKind::from(refusal));
            match refusal {
                BreakerRefusal::Open { until } => Refusal::BreakerOpen { until },
                BreakerRefusal::Probing => Refusal::Probing {},
                BreakerRefusal::Quarantined => Refusal::Quarantined {},
            }
        })
    }

    /// Asks again for a call that has waited, if the breaker has changed since.
    pub(super) fn renew(&mut self, pass: Pass, now: Micros) -> Result<Pass, Refusal> {
        if self.breaker.is_late(pass) { self.ask(now) } else { Ok(pass) }
    }

    /// A call that didn't run after all.
    pub(super) fn refused(&mut self, pass: Pass, kind: RefusalKind) {
        self.breaker.give_back(pass);
        self.counters.record_refusal(kind);
    }

    /// Applies what a call has come to.
    pub(super) fn settle(&mut self, call: &Settled<'_>, events: &mut Events) -> Standing {
        let outcome = match call.result {
            Ok(()) => CallEnd::Success,
            Err(CallError::Refused(Refusal::Failure { .. })) => CallEnd::FailureReply,
            Err(CallError::Refused(Refusal::Cancelled {})) => {
                CallEnd::Failed(FailureKind::Cancelled)
            }
            Err(CallError::Refused(_)) => {
                self.refused(call.pass, RefusalKind::Request);
                return Standing::Unknown;
            }
            Err(CallError::Init(_)) => CallEnd::Failed(FailureKind::Init),
            Err(CallError::Fault(fault)) => CallEnd::Failed(FailureKind::of(fault)),
        };
        let duration = call.now.saturating_sub(call.asked_at);
        let (fuel, memory_bytes) = (call.fuel, call.memory_bytes);
        self.counters.record(&CallRecord { outcome, fuel, duration, memory_bytes });
        let (verdict, standing) = match (outcome, call.result) {
            (CallEnd::Failed(FailureKind::Cancelled), _) => {
                self.breaker.give_back(call.pass);
                return Standing::Unknown;
            }
            (CallEnd::Failed(_), Err(error)) => {
                let code = error.code();
                events.push(self.id, call.now, EventKind::Faulted { code });
                (Verdict::Failure, Standing::Faulty { code })
            }
            _ => (Verdict::Success, Standing::Good),
        };
        self.verdict(call.pass, verdict, call.now, events);
        standing
    }

    fn verdict(&mut self, pass: Pass, verdict: Verdict, now: Micros, events: &mut Events) {
        let before = self.breaker.state();
        self.breaker.settle(pass, verdict, now);
        let after = self.breaker.state();
        let what = match after {
            _ if before == after => return,
            BreakerState::Open { until } => EventKind::Tripped { until },
            BreakerState::Quarantined => EventKind::Quarantined,
            BreakerState::Closed => EventKind::Closed,
            BreakerState::HalfOpen => return,
        };
        events.push(self.id, now, what);
    }
}
