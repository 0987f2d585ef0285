//! What the table and the metrics show: plain data, taken at one moment.

use super::desk::Desk;
use crate::show::Grouped;
use ampoule_std::{BreakerState, Counters, Host, Micros, PluginId, escaped};
use core::fmt::{self, Display, Formatter};
use std::collections::{BTreeMap, VecDeque};

/// All that the table shows.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) dir: String,
    pub(super) now: Micros,
    pub(super) plugins: Vec<PluginLine>,
    /// The place of the one that is selected.
    pub(super) selected: Option<usize>,
    /// The latest notes, the oldest first.
    pub(super) notes: Vec<String>,
}

/// A plugin. Its texts are safe to show.
#[derive(Clone, Debug)]
pub(super) struct PluginLine {
    pub(super) id: PluginId,
    pub(super) name: String,
    /// The one that its meta tells.
    pub(super) version: String,
    pub(super) generation: u32,
    pub(super) state: State,
    pub(super) counters: Counters,
    /// Uses by the service's name.
    pub(super) host_calls: BTreeMap<&'static str, u64>,
    pub(super) memory_bytes: usize,
    pub(super) breaker: BreakerState,
    pub(super) last: String,
}

/// What a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    /// So many calls of it are under way or in line.
    Busy(usize),
    /// A new version waits for the end of the call under way.
    Staged,
    /// A new version has to show that it works.
    Probation,
}

/// What all plugins of a moment have come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) plugins: usize,
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) fuel: u64,
}

impl PluginLine {
    /// The plugins of a host, by name.
    pub(super) fn all<const SLOTS: usize>(
        host: &Host<'_, SLOTS>,
        desk: &Desk,
        notes: &Notes,
    ) -> Vec<Self> {
        let lines = host.iter().filter_map(|(id, plugin)| {
            let meta = plugin.meta();
            let name = escaped(meta.name).to_string();
            Some(Self {
                id,
                version: escaped(meta.version).to_string(),
                generation: id.generation(),
                state: State::of(host, id, desk.calls(meta.name))?,
                counters: host.counters(id)?,
                host_calls: host.host_calls(id).collect(),
                memory_bytes: plugin.memory_bytes(),
                breaker: host.breaker(id)?,
                last: notes.last.get(&name).cloned().unwrap_or_default(),
                name,
            })
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort_by(|one, other| one.name.cmp(&other.name));
        lines
    }

    /// Calls without an outcome.
    pub(super) fn failures(&self) -> u64 {
        self.counters.failures.total().saturating_add(self.counters.failure_replies)
    }
}

impl State {
    fn of<const SLOTS: usize>(host: &Host<'_, SLOTS>, id: PluginId, calls: usize) -> Option<Self> {
        let versions = host.versions(id)?;
        Some(match (versions.staged, versions.previous) {
            (Some(_), _) => Self::Staged,
            _ if calls > 0 => Self::Busy(calls),
            (_, Some(_)) => Self::Probation,
            _ => Self::Idle,
        })
    }
}

impl Totals {
    pub(super) fn of(plugins: &[PluginLine]) -> Self {
        plugins.iter().fold(Self::default(), |sum, plugin| Self {
            plugins: sum.plugins + 1,
            calls: sum.calls.saturating_add(plugin.counters.calls),
            failures: sum.failures.saturating_add(plugin.failures()),
            fuel: sum.fuel.saturating_add(plugin.counters.fuel_total),
        })
    }
}

impl Display for Totals {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { plugins, calls, failures, fuel } = *self;
        let [calls, failures, fuel] = [calls, failures, fuel].map(Grouped);
        write!(f, "plugins: {plugins}, calls: {calls}, failures: {failures}, fuel: {fuel}")
    }
}

/// The latest of what was told.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    kept: VecDeque<String>,
    /// What was told last of each plugin, by its name.
    pub(crate) last: BTreeMap<String, String>,
}

/// More than fit on a screen.
const KEPT: usize = 200;

impl Notes {
    pub(crate) fn add(&mut self, note: String) {
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(note);
    }

    /// Forgets what was told of others: of plugins that are gone, and of names that never were one's.
    pub(super) fn keep(&mut self, plugins: &[PluginLine]) {
        // They are in the order of their names.
        let is_there =
            |name: &str| plugins.binary_search_by(|it| it.name.as_str().cmp(name)).is_ok();
        self.last.retain(|name, _| is_there(name));
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.kept.iter().cloned().collect()
    }
}
