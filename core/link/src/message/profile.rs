//! What a workstation has to know to tell whether plugins fit on a device.

use crate::items::Items;
use serde::{Deserialize, Serialize};

/// What a device has for plugins, beside what its [`Description`](crate::Description) tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile<'a> {
    /// The width of its pointers: 32 or 64.
    pub bits: u8,
    /// Whether its host has the functions of WASI preview 1.
    pub wasi: bool,
    /// The memory that there is.
    pub room: Room,
    /// What its policy lets a plugin have at most: the host's limits, each a number, in the order of
    /// `docs/link.md`.
    #[serde(borrow)]
    pub limits: Items<'a, u64>,
}

impl Profile<'_> {
    /// The most bytes of a profile with so many limits.
    #[must_use]
    pub const fn max_bytes(limits: usize) -> usize {
        // A number has up to 10; three are single bytes, and the list has a length.
        2 + 10 + 1 + 5 + 10 + 5 + 10 * limits
    }
}

/// The memory of a device that is for plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Bytes of heap that are free for plugins, when the host and its services have theirs.
    pub heap_bytes: u64,
    /// What its allocator loses to gaps between blocks, in percent of what is in use.
    pub overhead_percent: u8,
    /// Bytes of the stack that plugins are loaded and called on.
    pub stack_bytes: u32,
    /// Bytes of flash for modules.
    pub flash_bytes: u64,
}

/// An operation that a device offers, and that its policy may grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation<'a> {
    /// The service.
    pub service: &'a str,
    /// What it does.
    pub operation: &'a str,
}
