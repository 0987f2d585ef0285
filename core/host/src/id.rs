//! What a loaded plugin is called by.

use core::fmt;

/// Names a loaded plugin: a slot, and how often that was filled. It stays valid over reloads; once the
/// plugin is unloaded it is stale for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId {
    pub(crate) slot: u16,
    pub(crate) generation: u32,
}

impl PluginId {
    /// The slot.
    #[must_use]
    pub const fn slot(self) -> u16 {
        self.slot
    }

    /// How often the slot was filled before, and emptied.
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.generation
    }

    /// What an entry that is bound on this plugin knows of it.
    pub(crate) const fn bits(self) -> u64 {
        (self.slot as u64) << 32 | self.generation as u64
    }

    /// Reads [`Self::bits`]; an id that there can't be if they are something else's.
    pub(crate) const fn from_bits(bits: u64) -> Option<Self> {
        let slot = bits >> 32;
        if slot > u16::MAX as u64 {
            return None;
        }
        Some(Self { slot: slot as u16, generation: bits as u32 })
    }
}

impl fmt::Display for PluginId {
    /// Slot and generation, such as `3.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}
