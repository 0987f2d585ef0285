//! The host's words in those of the link.

use ampoule::{BreakerState, Diagnosis, Event, EventKind, PluginId};
use ampoule_link::{PluginId as Name, Told};

/// A refusal or a fault of the host, with its code and its cause.
pub(crate) fn told(error: &impl Diagnosis) -> Told {
    // As text alone: an error as such would link how it is shown to programmers.
    Told::new(error.code(), 0, error)
}

pub(crate) fn name_of(id: PluginId) -> Name {
    Name { slot: id.slot(), generation: id.generation() }
}

pub(crate) fn breaker(state: BreakerState) -> ampoule_link::BreakerState {
    match state {
        BreakerState::Closed => ampoule_link::BreakerState::Closed,
        BreakerState::Open { until } => ampoule_link::BreakerState::Open { until },
        BreakerState::HalfOpen => ampoule_link::BreakerState::HalfOpen,
        BreakerState::Quarantined => ampoule_link::BreakerState::Quarantined,
    }
}

pub(crate) fn counters(counters: &ampoule::Counters) -> ampoule_link::Counters {
    ampoule_link::Counters {
        calls: counters.calls,
        successes: counters.successes,
        failure_replies: counters.failure_replies,
        failures: counters.failures.total(),
        refusals: counters.refusals.total(),
        fuel_total: counters.fuel_total,
        fuel_most: counters.fuel_most,
        duration_total: counters.duration_total,
        duration_most: counters.duration_most,
        memory_most_bytes: counters.memory_most_bytes,
        instances: counters.instances,
        reloads: counters.reloads,
        heap_bytes: counters.heap_bytes,
        heap_most_bytes: counters.heap_most_bytes,
    }
}

pub(crate) fn event(event: &Event) -> ampoule_link::Event<'static> {
    ampoule_link::Event { plugin: name_of(event.plugin), at: event.at, what: what(event.what) }
}

fn what(kind: EventKind) -> ampoule_link::EventKind<'static> {
    use ampoule_link::EventKind as Told;
    match kind {
        EventKind::Loaded { hash } => Told::Loaded { hash },
        EventKind::Staged { hash } => Told::Staged { hash },
        EventKind::Refused { hash, code } => Told::Refused { hash, code },
        EventKind::Swapped { from, to, version } => Told::Swapped { from, to, version },
        EventKind::Committed { hash, version } => Told::Committed { hash, version },
        EventKind::Reverted { from, to, version, code } => {
            Told::Reverted { from, to, version, code }
        }
        EventKind::Faulted { code } => Told::Faulted { code },
        EventKind::DestroyFailed { code } => Told::DestroyFailed { code },
        EventKind::Tripped { until } => Told::Tripped { until },
        EventKind::Closed => Told::Closed,
        EventKind::Quarantined => Told::Quarantined,
        EventKind::Lifted => Told::Lifted,
        EventKind::Unloaded { hash, dropped } => Told::Unloaded { hash, dropped },
        EventKind::Lost { events } => Told::Lost { events },
        _ => Told::Other,
    }
}
