//! What has happened to plugins: plain data that a host hands out.

use crate::{id::PluginId, limits::Micros};

/// Something that has happened to a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// To which plugin. Of a plugin that was unloaded the id is stale.
    pub plugin: PluginId,
    /// When, by the host's clock.
    pub at: Micros,
    /// What.
    pub what: EventKind,
}

/// What has happened.
///
/// A version is counted from 1 in each slot; a hash is the one of the module's bytes that
/// [`Plugin::hash`](crate::Plugin::hash) tells. A code is that of an error, see
/// [`Diagnosis`](crate::Diagnosis).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum EventKind {
    /// A plugin was loaded.
    Loaded { hash: u64 },
    /// A new version was admitted, and takes over when the call under way has ended.
    Staged { hash: u64 },
    /// A new version was refused before it took over; the old one goes on.
    Refused { hash: u64, code: &'static str },
    /// A new version has taken over, and is on probation.
    Swapped { from: u64, to: u64, version: u32 },
    /// It has passed its probation; the old one is gone.
    Committed { hash: u64, version: u32 },
    /// It hasn't; the old one goes on.
    Reverted { from: u64, to: u64, version: u32, code: &'static str },
    /// A call was ended by a fault.
    Faulted { code: &'static str },
    /// The old version had something to say against its end. It is gone.
    DestroyFailed { code: &'static str },
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
