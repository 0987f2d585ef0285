//! Whether plugins fit on a device, all together.

use super::Profile;
use crate::MemoryBound;

/// A plugin that is to be loaded on a device.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// The size of its module in bytes.
    pub module_bytes: u64,
    /// What it may hold, with the device's weights and limits.
    pub bound: MemoryBound,
}

/// What is needed of one thing, and what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Of what.
    pub what: &'static str,
    /// What all plugins together need.
    pub needed: u64,
    /// What the device has.
    pub free: u64,
}

impl Sum {
    /// What is left, if it is enough.
    #[must_use]
    pub const fn margin(&self) -> Option<u64> {
        self.free.checked_sub(self.needed)
    }

    /// What is missing; 0 if it is enough.
    #[must_use]
    pub const fn shortfall(&self) -> u64 {
        self.needed.saturating_sub(self.free)
    }
}

/// What plugins need of a device, all loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The heap: what all hold, with what the one takes above that while it is loaded that takes most, and what the
    /// allocator loses to gaps.
    pub heap: Sum,
    /// The stack, which one plugin at a time uses.
    pub stack: Sum,
    /// Flash, for the modules.
    pub flash: Sum,
    /// The host's slots.
    pub slots: Sum,
    /// What of the heap is for loading alone: 0 where each holds more when it is loaded.
    pub loading: u64,
    /// The heap that their messages would take, if all that a host keeps were there at once. A message that
    /// there is no memory for is refused, and nothing else happens.
    pub messages: u64,
    /// The heap that a reload of the largest takes besides: both versions are there for a time.
    pub reload: u64,
}

impl Fit {
    /// Adds up what plugins need.
    #[must_use]
    pub fn new(profile: &Profile, plugins: &[Candidate]) -> Self {
        let sum = |bytes: fn(&Candidate) -> u64| -> u64 {
            plugins.iter().map(bytes).fold(0, u64::saturating_add)
        };
        let most = |bytes: fn(&Candidate) -> u64| plugins.iter().map(bytes).max().unwrap_or(0);
        let loading = most(|it| it.bound.total().saturating_sub(it.bound.held()));
        let with_gaps = |bytes: u64| {
            let percent = 100 + u128::from(profile.overhead_percent);
            u64::try_from((u128::from(bytes) * percent).div_ceil(100)).unwrap_or(u64::MAX)
        };
        let heap = with_gaps(sum(|it| it.bound.held()).saturating_add(loading));
        let stack = most(|it| it.bound.native_stack);
        let flash = sum(|it| it.module_bytes);
        let part = |what, needed, free| Sum { what, needed, free };
        Self {
            heap: part("heap", heap, profile.heap_bytes),
            stack: part("stack", stack, profile.stack_bytes.into()),
            flash: part("flash", flash, profile.flash_bytes),
            slots: part("slots", plugins.len() as u64, profile.slots.into()),
            loading,
            messages: with_gaps(sum(|it| it.bound.messages)),
            reload: with_gaps(most(|it| it.bound.total()).saturating_sub(loading)),
        }
    }

    /// Each sum.
    #[must_use]
    pub const fn sums(&self) -> [Sum; 4] {
        [self.heap, self.stack, self.flash, self.slots]
    }

    /// Whether there is enough of everything.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.sums().iter().all(|sum| sum.margin().is_some())
    }
}
