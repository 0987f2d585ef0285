//! What the firmware gives.

use ampoule_link::{Announced, RamSink, Room, Sink, Told};

/// What only the firmware knows.
pub trait Firmware {
    /// What the device is, now.
    fn about(&self) -> About<'_>;

    /// The memory that plugins may have, for the device's profile; with `None` the device tells none
    /// ([`LinkError::Unsupported`](ampoule_link::LinkError::Unsupported)).
    fn room(&self) -> Option<Room> {
        None
    }

    /// Shows `put` the oldest log lines up to `most`, encoded, until it answers false:
    /// [`Backlog::pass_on`](crate::Backlog::pass_on) of where the sink of
    /// [`Log`](ampoule::services::Log) puts them.
    fn lines(&mut self, most: u16, put: &mut dyn FnMut(&[u8]) -> bool);

    /// Whether there is heap for a plugin of these lengths, before anything of it is read. Where plugins run in a
    /// [`Cell`](ampoule::Cell), loading tells soon enough: it is always so.
    ///
    /// # Errors
    /// What the workstation is told. The install is over then; the old version goes on.
    fn has_room(&self, _announced: &Announced) -> Result<(), Told> {
        Ok(())
    }
}

/// What a device tells of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About<'a> {
    /// The device's name.
    pub name: &'a str,
    /// Its firmware's version.
    pub firmware: &'a str,
    /// Bytes of RAM that plugins may have in all.
    pub ram_bytes: usize,
    /// How many of them are free.
    pub free_ram_bytes: usize,
}

/// A [`Sink`] whose bytes can be loaded from where they lie: RAM, or flash that is mapped into memory.
pub trait Store: Sink {
    /// The manifest and the module of an install that is committed.
    fn parts(&self, announced: &Announced) -> (&[u8], &[u8]);
}

impl<const BYTES: usize> Store for RamSink<BYTES> {
    fn parts(&self, announced: &Announced) -> (&[u8], &[u8]) {
        Self::parts(self, announced)
    }
}

impl<S: Store> Store for &mut S {
    fn parts(&self, announced: &Announced) -> (&[u8], &[u8]) {
        S::parts(self, announced)
    }
}
