//! What the two ends say. Everything is postcard; `docs/link.md` has the tables.

mod profile;
mod record;

pub use profile::{Operation, Profile, Room};
pub use record::{BreakerState, Counters, Event, EventKind, Line, SlotInfo};

use crate::items::{Bytes, Items};
use core::fmt;
use serde::{Deserialize, Serialize};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Names a loaded plugin: its slot, and how often that was filled before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginId {
    /// The slot.
    pub slot: u16,
    /// How often the slot was filled before, and emptied.
    pub generation: u32,
}

impl fmt::Display for PluginId {
    /// Slot and generation, such as `3.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}

/// What the workstation asks. Each names the reply that it gets, or else [`Reply::Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Request<'a> {
    /// What the device is: [`Reply::Description`]. It also begins a session, so it comes first.
    Describe,
    /// The plugins from a slot on, as many as fit: [`Reply::Slots`]. An empty list is the end.
    Slots {
        /// The first slot of interest.
        from: u16,
    },
    /// What a plugin has done: [`Reply::Counters`].
    Counters {
        /// Which plugin.
        plugin: PluginId,
    },
    /// The oldest events that weren't taken yet: [`Reply::Events`].
    Events {
        /// So many at most; fewer if they don't fit.
        most: u16,
    },
    /// The oldest log lines that weren't taken yet: [`Reply::Lines`].
    Lines {
        /// So many at most; fewer if they don't fit.
        most: u16,
    },
    /// Begins an install, or goes on with the one that was begun so: [`Reply::Progress`].
    Begin(Announced),
    /// The next bytes of the install: [`Reply::Progress`].
    #[serde(borrow)]
    Chunk(Chunk<'a>),
    /// How far the install is: [`Reply::Progress`].
    Status,
    /// Loads what was installed: [`Reply::Loaded`]. The install is over then, also if the host refuses
    /// the plugin.
    Commit,
    /// Drops the install, if there is one: [`Reply::Done`].
    Abort,
    /// Goes back to the version before, during probation: [`Reply::Done`].
    RollBack {
        /// Which plugin.
        plugin: PluginId,
    },
    /// Unloads a plugin: [`Reply::Done`].
    Unload {
        /// Which plugin.
        plugin: PluginId,
    },
    /// Calls an entry: [`Reply::Answer`], or [`Reply::Failure`] if the plugin says no.
    Call(EntryCall<'a>),
    /// Closes a plugin's breaker: [`Reply::Done`].
    Lift {
        /// Which plugin.
        plugin: PluginId,
    },
    /// Restarts the device, once the reply is sent: [`Reply::Done`]. The session is over then.
    Reset,
    /// What the device has for plugins: [`Reply::Profile`].
    Profile,
    /// The operations that plugins may ask for from a place on, as many as fit: [`Reply::Operations`]. An empty
    /// list is the end.
    Operations {
        /// So many aren't told again.
        from: u16,
    },
}

/// What an install will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Which plugin it is for.
    pub target: Target,
    /// The length of the manifest and the module together.
    pub total_bytes: u32,
    /// The length of the manifest, which comes first; 0 if there is none.
    pub manifest_bytes: u32,
    /// The SHA-256 of both together.
    pub sha256: Hash,
}

/// Which plugin an install is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// One that isn't loaded: it is loaded into a free slot.
    New,
    /// A loaded one: it is reloaded.
    Plugin(PluginId),
}

/// A part of an install.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk<'a> {
    /// Where it starts: what [`Progress::next_offset`] said.
    pub offset: u32,
    /// Its bytes.
    #[serde(borrow)]
    pub bytes: Bytes<'a>,
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryCall<'a> {
    /// Which plugin.
    pub plugin: PluginId,
    /// Its entry.
    pub entry: &'a str,
    /// The message, encoded as the entry takes it.
    #[serde(borrow)]
    pub request: Bytes<'a>,
}

/// What the device answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reply<'a> {
    /// It was done; there is nothing to tell.
    Done,
    /// It wasn't done, or it went wrong.
    #[serde(borrow)]
    Problem(Problem<'a>),
    /// What the device is.
    Description(Description<'a>),
    /// Plugins, by slot.
    Slots(Items<'a, SlotInfo<'a>>),
    /// What a plugin has done.
    Counters(Counters),
    /// What has happened, the oldest first.
    Events(Items<'a, Event<'a>>),
    /// Log lines, the oldest first.
    Lines(Items<'a, Line<'a>>),
    /// How far an install is; `None` if none is under way.
    Progress(Option<Progress>),
    /// What was installed is loaded.
    Loaded {
        /// What it is called by from now on.
        plugin: PluginId,
    },
    /// What an entry has replied, encoded as it was.
    Answer(Bytes<'a>),
    /// The plugin said no.
    Failure {
        /// From 100 on the plugin's own.
        code: u32,
        /// One line for a person.
        message: &'a str,
    },
    /// What the device has for plugins.
    #[serde(borrow)]
    Profile(Profile<'a>),
    /// Operations, by service, always in the same order.
    Operations(Items<'a, Operation<'a>>),
}

/// Why there is no other reply: a refusal or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem<'a> {
    /// A stable code: the link's own, such as `N07`, or the host's, such as `A19`. Both have a cure in a
    /// table on the workstation.
    pub code: &'a str,
    /// The one number that a program wants, as [`LinkError::detail`](crate::LinkError::detail) tells it;
    /// else 0.
    pub detail: u32,
    /// The cause, for a person; cut if it was long.
    pub text: &'a str,
}

/// How far an install is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What it will be.
    pub announced: Announced,
    /// Where the next chunk starts: so many bytes are written.
    pub next_offset: u32,
}

/// What a device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description<'a> {
    /// The ABI of its plugins.
    pub abi: u16,
    /// The device's name.
    pub name: &'a str,
    /// Its firmware's version.
    pub firmware: &'a str,
    /// How many plugins it holds.
    pub slots: u16,
    /// How many more it would take.
    pub free_slots: u16,
    /// Bytes of RAM that plugins may have in all.
    pub ram_bytes: u32,
    /// How many of them are free.
    pub free_ram_bytes: u32,
    /// What it takes at most.
    pub most: Maxima,
    /// The names of the services that it offers.
    #[serde(borrow)]
    pub services: Items<'a, &'a str>,
}

/// What a device takes at most, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maxima {
    /// Of a chunk.
    pub chunk_bytes: u32,
    /// Of an install: manifest and module together.
    pub install_bytes: u32,
    /// Of a module.
    pub module_bytes: u32,
    /// Of a plugin's linear memory.
    pub memory_bytes: u32,
    /// Of a plugin's heap on the host's side.
    pub heap_bytes: u32,
    /// Of a message to an entry.
    pub message_bytes: u32,
}
