//! What a device tells of its plugins.

use super::PluginId;
use crate::Micros;
use serde::{Deserialize, Serialize};

/// A loaded plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotInfo<'a> {
    /// What it is called by.
    pub plugin: PluginId,
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The host's hash of its module, as events tell it.
    pub hash: u64,
    /// Where its breaker stands.
    pub breaker: BreakerState,
    /// Whether it is on probation, so that it can be rolled back.
    pub probation: bool,
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BreakerState {
    /// Calls go through.
    #[default]
    Closed,
    /// No call until then, by the device's clock.
    Open {
        /// When.
        until: Micros,
    },
    /// One call that tries the plugin is under way.
    HalfOpen,
    /// No call until somebody lifts it.
    Quarantined,
}

/// What a plugin has done since it was loaded: the host's counters, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Calls that ran, however they ended.
    pub calls: u64,
    /// Those with a reply.
    pub successes: u64,
    /// Those to which the plugin said no.
    pub failure_replies: u64,
    /// Those with neither.
    pub failures: u64,
    /// Calls that the host refused before anything ran. They aren't in `calls`.
    pub refusals: u64,
    /// Fuel of all calls.
    pub fuel_total: u64,
    /// Fuel of the dearest call.
    pub fuel_most: u64,
    /// Duration of all calls.
    pub duration_total: Micros,
    /// Duration of the longest call.
    pub duration_most: Micros,
    /// The most linear memory that an instance owned at the end of a call.
    pub memory_most_bytes: u32,
    /// How often an instance was made.
    pub instances: u32,
    /// How often a new version took the place of the old one.
    pub reloads: u32,
    /// What its versions have on the heap, in bytes; 0 where that isn't known.
    pub heap_bytes: u32,
    /// The most that they had there at once.
    pub heap_most_bytes: u32,
}

/// Something that has happened to a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event<'a> {
    /// To which plugin.
    pub plugin: PluginId,
    /// When, by the device's clock.
    pub at: Micros,
    /// What.
    #[serde(borrow)]
    pub what: EventKind<'a>,
}

impl Event<'_> {
    /// The most bytes of an event whose code has up to 8: what a [`Batch`](crate::Batch) needs to have
    /// left before the next event is taken out of a host for it.
    pub const MAX_BYTES: usize = 64;
}

/// What has happened: the host's events. A hash is the one of the module, a code that of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum EventKind<'a> {
    /// One that this version of the link has no word for.
    Other,
    /// A plugin was loaded.
    Loaded { hash: u64 },
    /// A new version was admitted, and takes over when the call under way has ended.
    Staged { hash: u64 },
    /// A new version was refused before it took over; the old one goes on.
    Refused { hash: u64, code: &'a str },
    /// A new version has taken over, and is on probation.
    Swapped { from: u64, to: u64, version: u32 },
    /// It has passed its probation; the old one is gone.
    Committed { hash: u64, version: u32 },
    /// It hasn't; the old one goes on.
    Reverted { from: u64, to: u64, version: u32, code: &'a str },
    /// A call was ended by a fault.
    Faulted { code: &'a str },
    /// The old version had something to say against its end. It is gone.
    DestroyFailed { code: &'a str },
    /// Too many calls in a row have failed.
    Tripped { until: Micros },
    /// The breaker has closed again.
    Closed,
    /// The plugin isn't called until somebody lifts that.
    Quarantined,
    /// Somebody has.
    Lifted,
    /// A plugin was unloaded, with so many calls that weren't answered.
    Unloaded { hash: u64, dropped: u8 },
    /// So many events before this one were lost, since nobody took them.
    Lost { events: u32 },
}

/// A log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line<'a> {
    /// Who wrote it: a plugin's name, or empty for the device itself.
    pub plugin: &'a str,
    /// How urgent it is, 0 for the most: error, warn, info, debug, trace.
    pub level: u8,
    /// When, by the device's clock.
    pub at: Micros,
    /// One line.
    pub text: &'a str,
}
