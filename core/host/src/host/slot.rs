//! What stands in a slot: a plugin with its versions, its calls and its record.

use super::ledger::{Ledger, Standing};
use crate::{
    breaker::Pass,
    call::Started,
    cell::HeapUse,
    error::{CallError, Refusal, SlotError},
    limits::MAX_CALLS,
    plugin::Plugin,
    service::{Micros, Services},
    text::Text,
};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

/// A loaded plugin, as a host keeps it.
pub(super) struct Live {
    /// First, so that it is dropped before the account that it stands on.
    pub(super) running: Option<Running>,
    pub(super) current: Version,
    /// A new version that takes over when the call under way has ended.
    pub(super) staged: Option<Box<Version>>,
    /// The old version, as long as the new one is on probation.
    pub(super) previous: Option<Box<Previous>>,
    /// Counts versions.
    pub(super) version: u32,
    pub(super) ledger: Ledger,
    /// The entries that were bound, in the order of their binding.
    pub(super) entries: Vec<BoundEntry>,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) done: Vec<Done>,
    /// The reply that was taken last, borrowed by whoever took it.
    pub(super) taken: Box<[u8]>,
    pub(super) next_call: u64,
    /// Fuel that it may use now; below 0 if it has used more than its share.
    pub(super) credit: i64,
    pub(super) priority: u8,
    /// Whether a turn ended before it had its share: it gets what is left of that first in the next.
    pub(super) cut: bool,
    /// Whether it is among those that get turns.
    pub(super) listed: bool,
}

/// Where the versions of a plugin stand: what [`Host::reload`](super::Host::reload) has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Which one runs: counted from 1, one up with every swap and every way back.
    pub current: u32,
    /// The [hash](Plugin::hash) of a new one that waits until the call under way has ended.
    pub staged: Option<u64>,
    /// The hash of the one that is kept while the current one is on probation.
    pub previous: Option<u64>,
}

/// An entry that was bound.
#[derive(Clone)]
pub(super) struct BoundEntry {
    pub(super) name: Box<str>,
    /// Its index in the current version. None if it was bound on another, and isn't in this one.
    pub(super) index: Option<u16>,
    /// Whether a version without it isn't taken.
    pub(super) needed: bool,
}

/// One version of a plugin, with what goes when it goes.
pub(super) struct Version {
    pub(super) plugin: Plugin,
    pub(super) own: Services,
    /// How long a call may take.
    pub(super) deadline: Option<Micros>,
}

/// A version that is kept while its successor is on probation.
pub(super) struct Previous {
    pub(super) version: Version,
    /// When the probation ends.
    pub(super) until: Micros,
    /// Good calls that its successor still has to show.
    pub(super) calls_left: u32,
    /// The fault of its successor.
    pub(super) fault: Option<&'static str>,
}

impl Previous {
    /// Takes in what a call says of the successor.
    pub(super) fn judge(&mut self, standing: Standing) {
        match standing {
            Standing::Good => self.calls_left = self.calls_left.saturating_sub(1),
            Standing::Faulty { code } => self.fault = Some(code),
            Standing::Unknown => {}
        }
    }
}

/// A call of which nothing has run.
pub(super) struct Waiting {
    pub(super) number: u64,
    pub(super) entry: u16,
    pub(super) message: Box<[u8]>,
    pub(super) asked_at: Micros,
    pub(super) deadline: Option<Micros>,
    pub(super) pass: Pass,
}

/// The call under way.
pub(super) struct Running {
    pub(super) number: u64,
    pub(super) started: Started,
    pub(super) asked_at: Micros,
    pub(super) deadline: Option<Micros>,
    pub(super) pass: Pass,
    pub(super) used: u64,
}

/// A call that is over.
pub(super) struct Done {
    pub(super) number: u64,
    /// An error that there was no memory for is lost, but for that.
    pub(super) result: Result<Box<[u8]>, Option<Box<CallError>>>,
}

impl Live {
    pub(super) fn new(current: Version, ledger: Ledger) -> Self {
        Self {
            current,
            staged: None,
            previous: None,
            version: 1,
            ledger,
            entries: Vec::new(),
            waiting: VecDeque::new(),
            running: None,
            done: Vec::new(),
            taken: Box::default(),
            next_call: 0,
            credit: 0,
            priority: 1,
            cut: false,
            listed: false,
        }
    }

    pub(super) fn versions(&self) -> Versions {
        Versions {
            current: self.version,
            staged: self.staged.as_ref().map(|staged| staged.plugin.hash()),
            previous: self.previous.as_ref().map(|previous| previous.version.plugin.hash()),
        }
    }

    /// What its versions have on the heap.
    pub(super) fn heap(&self) -> HeapUse {
        let staged = self.staged.as_deref();
        let previous = self.previous.as_deref().map(|previous| &previous.version);
        let all = [Some(&self.current), staged, previous].into_iter().flatten();
        all.fold(HeapUse::default(), |sum, version| sum.and(version.plugin.heap()))
    }

    /// Whether a call is under way, or waits to be.
    pub(super) fn is_busy(&self) -> bool {
        self.running.is_some() || !self.waiting.is_empty()
    }

    /// Whether there is something to do for it at some time.
    pub(super) fn needs_turns(&self) -> bool {
        self.is_busy() || self.staged.is_some() || self.previous.is_some()
    }

    pub(super) fn has_room(&self) -> bool {
        self.unanswered() + self.done.len() < MAX_CALLS
    }

    /// Calls under way and in line.
    pub(super) fn unanswered(&self) -> usize {
        self.waiting.len() + usize::from(self.running.is_some())
    }

    /// Sees to it that one more call, and its answer, find memory whenever their turn comes.
    pub(super) fn make_room(&mut self) -> Result<(), Refusal> {
        let answers = self.unanswered() + 1;
        let reserved = self.waiting.try_reserve_exact(1);
        let reserved = reserved.and_then(|()| self.done.try_reserve_exact(answers));
        reserved.map_err(|_| Refusal::NoMemory { needed: size_of::<Waiting>() })
    }

    /// Whether a waiting call may be put under way: not while versions are to change.
    pub(super) fn may_begin(&self) -> bool {
        let faulty = self.previous.as_ref().is_some_and(|previous| previous.fault.is_some());
        self.running.is_none() && self.staged.is_none() && !faulty
    }

    /// The index that a bound entry has in the current version.
    pub(super) fn entry(&self, bound: u16) -> Result<u16, Refusal> {
        let index = self.entries.get(usize::from(bound)).and_then(|it| it.index);
        index.ok_or(Refusal::OtherPlugin {})
    }

    /// Whether a new version has all the entries that are needed and that the current one has.
    pub(super) fn fits(&self, plugin: &Plugin) -> Result<(), SlotError> {
        let gone = |it: &&BoundEntry| {
            it.needed && it.index.is_some() && plugin.entry_index(&it.name).is_none()
        };
        match self.entries.iter().find(gone) {
            Some(BoundEntry { name, .. }) => {
                Err(SlotError::EntryGone { name: Text::from_guest(name.as_bytes()) })
            }
            None => Ok(()),
        }
    }

    /// Finds the bound entries in the current version, as far as it has them. Each keeps its place.
    pub(super) fn rebind(&mut self) {
        for BoundEntry { name, index, .. } in &mut self.entries {
            *index = self.current.plugin.entry_index(name);
        }
    }
}
