//! A sink in RAM.

use crate::{error::LinkError, install::Sink, message::Announced};
use core::fmt;

/// Keeps an install of up to `BYTES` bytes in RAM, for a device that loads it from there and forgets it.
pub struct RamSink<const BYTES: usize> {
    bytes: [u8; BYTES],
}

impl<const BYTES: usize> RamSink<BYTES> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; BYTES] }
    }

    /// The manifest and the module of an install, when it is committed.
    #[must_use]
    pub fn parts(&self, announced: &Announced) -> (&[u8], &[u8]) {
        let all = self.bytes.get(..announced.total_bytes as usize).unwrap_or_default();
        all.split_at_checked(announced.manifest_bytes as usize).unwrap_or_default()
    }
}

impl<const BYTES: usize> Sink for RamSink<BYTES> {
    fn capacity_bytes(&self) -> u32 {
        u32::try_from(BYTES).unwrap_or(u32::MAX)
    }

    fn begin(&mut self, _announced: &Announced) -> Result<(), LinkError> {
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), LinkError> {
        let room = self.bytes.get_mut(offset as usize..);
        let place = room.and_then(|room| room.get_mut(..bytes.len()));
        place.ok_or(LinkError::Storage {})?.copy_from_slice(bytes);
        Ok(())
    }

    fn read(&self, total_bytes: u32, show: &mut dyn FnMut(&[u8])) -> Result<(), LinkError> {
        show(self.bytes.get(..total_bytes as usize).ok_or(LinkError::Storage {})?);
        Ok(())
    }

    fn discard(&mut self) {}
}

impl<const BYTES: usize> Default for RamSink<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BYTES: usize> fmt::Debug for RamSink<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RamSink({BYTES} bytes)")
    }
}
