//! Plugins and events, as JSON shows them.

use super::answer::Trouble;
use crate::watch::{Hashes, WatchEvent, WatchKind};
use ampoule::{
    BreakerState, Counters, Diagnosis, Event, EventKind, Host, Micros, Plugin, PluginId, Versions,
    owned,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A plugin in a list.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    id: String,
    name: &'a str,
    version: &'a str,
    state: &'static str,
    breaker: Breaker,
    counters: Sums,
}

/// All about a plugin.
#[derive(Serialize)]
pub(super) struct Whole<'a> {
    id: String,
    meta: owned::Meta,
    state: &'static str,
    breaker: Breaker,
    versions: Shown,
    hash: String,
    memory_bytes: usize,
    entries: Vec<&'a str>,
    counters: Counters,
    /// Uses by the service's name.
    host_calls: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Breaker {
    state: &'static str,
    /// How long it stays open.
    #[serde(skip_serializing_if = "Option::is_none")]
    microseconds_left: Option<Micros>,
}

#[derive(Serialize)]
struct Sums {
    calls: u64,
    successes: u64,
    failure_replies: u64,
    failures: u64,
    refusals: u64,
    reloads: u32,
}

#[derive(Serialize)]
struct Shown {
    current: u32,
    staged: Option<String>,
    previous: Option<String>,
}

/// What a host knows of a plugin.
struct Known<'a> {
    id: PluginId,
    plugin: &'a Plugin,
    versions: Versions,
    breaker: BreakerState,
    counters: Counters,
}

impl<'a> Known<'a> {
    fn new<const SLOTS: usize>(host: &'a Host<'_, SLOTS>, id: PluginId) -> Option<Self> {
        Some(Self {
            id,
            plugin: host.plugin(id)?,
            versions: host.versions(id)?,
            breaker: host.breaker(id)?,
            counters: host.counters(id)?,
        })
    }
}

impl<'a> Summary<'a> {
    pub(super) fn new<const SLOTS: usize>(
        host: &'a Host<'_, SLOTS>,
        id: PluginId,
        now: Micros,
    ) -> Option<Self> {
        let Known { id, plugin, versions, breaker, counters } = Known::new(host, id)?;
        Some(Self {
            id: id.to_string(),
            name: plugin.meta().name,
            version: plugin.meta().version,
            state: state(&versions),
            breaker: Breaker::new(breaker, now),
            counters: Sums::from(&counters),
        })
    }
}

impl<'a> Whole<'a> {
    pub(super) fn new<const SLOTS: usize>(
        host: &'a Host<'_, SLOTS>,
        id: PluginId,
        now: Micros,
    ) -> Option<Self> {
        let Known { id, plugin, versions, breaker, counters } = Known::new(host, id)?;
        Some(Self {
            id: id.to_string(),
            meta: plugin.meta().into(),
            state: state(&versions),
            breaker: Breaker::new(breaker, now),
            versions: Shown::from(&versions),
            hash: hash(plugin.hash()),
            memory_bytes: plugin.memory_bytes(),
            entries: plugin.entries().collect(),
            counters,
            host_calls: host.host_calls(id).collect(),
        })
    }
}

const fn state(versions: &Versions) -> &'static str {
    match versions {
        Versions { staged: Some(_), .. } => "staged",
        Versions { previous: Some(_), .. } => "probation",
        _ => "committed",
    }
}

/// A number of 64 bits is more than JSON's readers hold.
fn hash(hash: u64) -> String {
    format!("{hash:016x}")
}

impl Breaker {
    const fn new(breaker: BreakerState, now: Micros) -> Self {
        let (state, microseconds_left) = match breaker {
            BreakerState::Closed => ("closed", None),
            BreakerState::Open { until } => ("open", Some(until.saturating_sub(now))),
            BreakerState::HalfOpen => ("half_open", None),
            BreakerState::Quarantined => ("quarantined", None),
        };
        Self { state, microseconds_left }
    }
}

impl From<&Counters> for Sums {
    fn from(counters: &Counters) -> Self {
        let Counters { calls, successes, failure_replies, reloads, .. } = *counters;
        let (failures, refusals) = (counters.failures.total(), counters.refusals.total());
        Self { calls, successes, failure_replies, failures, refusals, reloads }
    }
}

impl From<&Versions> for Shown {
    fn from(versions: &Versions) -> Self {
        let Versions { current, staged, previous } = *versions;
        Self { current, staged: staged.map(hash), previous: previous.map(hash) }
    }
}

/// Something that has happened. What isn't part of it is left out.
#[derive(Default, Serialize)]
#[serde(default)]
pub(super) struct Happened<'a> {
    source: &'static str,
    what: &'static str,
    microseconds: Micros,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(flatten)]
    trouble: Option<Trouble>,
}

impl<'a> Happened<'a> {
    /// A host's event. `name` is the plugin's.
    pub(super) fn of_host(event: &Event, name: Option<&'a str>) -> Self {
        let it = Self {
            source: "host",
            microseconds: event.at,
            plugin: name,
            id: Some(event.plugin.to_string()),
            ..Self::default()
        };
        it.with_kind(event.what)
    }

    fn with_kind(self, kind: EventKind) -> Self {
        let to = |what, it: u64| Self { what, to: Some(hash(it)), ..Self::default() };
        let code = |what, code| Self { what, code: Some(code), ..Self::default() };
        let plain = |what| Self { what, ..Self::default() };
        let it = match kind {
            EventKind::Loaded { hash } => to("loaded", hash),
            EventKind::Staged { hash } => to("staged", hash),
            EventKind::Refused { hash, code } => Self { code: Some(code), ..to("refused", hash) },
            EventKind::Swapped { from, to: it, version } => {
                Self { from: Some(hash(from)), version: Some(version), ..to("swapped", it) }
            }
            EventKind::Committed { hash, version } => {
                Self { version: Some(version), ..to("committed", hash) }
            }
            EventKind::Reverted { from, to: it, version, code } => Self {
                from: Some(hash(from)),
                version: Some(version),
                code: Some(code).filter(|code| !code.is_empty()),
                ..to("reverted", it)
            },
            EventKind::Faulted { code: it } => code("faulted", it),
            EventKind::DestroyFailed { code: it } => code("destroy_failed", it),
            EventKind::Tripped { .. } => plain("tripped"),
            EventKind::Closed => plain("closed"),
            EventKind::Quarantined => plain("quarantined"),
            EventKind::Lifted => plain("lifted"),
            EventKind::Unloaded { hash: it, dropped } => Self {
                what: "unloaded",
                from: Some(hash(it)),
                number: Some(dropped.into()),
                ..Self::default()
            },
            EventKind::Lost { events } => {
                Self { number: Some(events.into()), ..plain("lost_by_host") }
            }
            _ => plain("other"),
        };
        let Self { source, microseconds, plugin, id, .. } = self;
        Self { source, microseconds, plugin, id, ..it }
    }

    /// A watcher's event.
    pub(super) fn of_watch(event: &'a WatchEvent, now: Micros) -> Self {
        let it = Self::of_kind(&event.what);
        Self {
            source: "watch",
            microseconds: now,
            plugin: event.plugin.as_deref(),
            file: Some(event.path.to_string_lossy().into_owned()),
            ..it
        }
    }

    fn of_kind(kind: &WatchKind) -> Self {
        let moved = |what, id: &PluginId, from: Option<&Hashes>, to: Option<&Hashes>| Self {
            what,
            id: Some(id.to_string()),
            from: from.map(|it| it.module.to_string()),
            to: to.map(|it| it.module.to_string()),
            ..Self::default()
        };
        let wrong = |what, error: &dyn Diagnosis| {
            let trouble = Some(Trouble::new(error));
            Self { what, trouble, ..Self::default() }
        };
        match kind {
            WatchKind::Loaded { id, hashes } => moved("loaded", id, None, Some(hashes)),
            WatchKind::Staged { id, from, to } => moved("staged", id, Some(from), Some(to)),
            WatchKind::Reloaded { id, from, to, version } => {
                Self { version: Some(*version), ..moved("reloaded", id, Some(from), Some(to)) }
            }
            WatchKind::Reverted { id, from, to, version } => {
                Self { version: Some(*version), ..moved("reverted", id, Some(from), Some(to)) }
            }
            WatchKind::Unloaded { id, hashes } => moved("unloaded", id, Some(hashes), None),
            WatchKind::Failed { error } => wrong("failed", error),
            WatchKind::Ignored { reason } => wrong("ignored", reason),
        }
    }

    /// The event's name on the stream: one of the sources', a dot, and what has happened.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.source, self.what)
    }
}
