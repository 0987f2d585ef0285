//! Scattered buffers: lists of addresses and lengths, each of them hostile.

use super::{
    errno::{Errno, Result},
    host::{Host, Memory},
};
use crate::guest_memory::GuestSlice;

/// The most buffers of one call, as most systems have it.
const MOST: u32 = 1024;
const IOVEC_BYTES: u32 = 8;
/// The most bytes that one call moves: a call may move less than it was asked to.
const MOST_BYTES: u32 = 64 * 1024;

/// A list of buffers, all of which lie inside the memory. They may overlap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Iovecs {
    address: u32,
    count: u32,
}

impl Iovecs {
    /// Checks a list and every buffer in it.
    pub(crate) fn new(host: &mut Host<'_>, address: u32, count: u32) -> Result<Self> {
        if count > MOST {
            return Err(Errno::Invalid.into());
        }
        host.memory.check(address, count * IOVEC_BYTES)?;
        host.desk.spend(u64::from(count))?;
        let size = host.memory.0.len();
        let all = Self { address, count };
        for at in 0..count {
            if !all.get(&host.memory, at)?.is_inside(size) {
                return Err(Errno::Fault.into());
            }
        }
        Ok(all)
    }

    fn get(self, memory: &Memory<'_>, at: u32) -> Result<GuestSlice> {
        let [a, b, c, d, e, f, g, h] = memory.array(self.address + at * IOVEC_BYTES)?;
        Ok(GuestSlice::new(u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
    }

    /// Visits the buffers that aren't empty, cut to [`MOST_BYTES`] together. `work` answers how many bytes
    /// it moved, and is done when that is less than the buffer has. What is moved before an error counts:
    /// then the error is lost, as the guest will meet it again.
    ///
    /// Reading may write over the list itself: the buffer is checked where it is used.
    pub(crate) fn each<'h>(
        self,
        host: &mut Host<'h>,
        mut work: impl FnMut(&mut Host<'h>, GuestSlice) -> Result<u32>,
    ) -> Result<u32> {
        let mut moved = 0;
        for at in 0..self.count {
            let buffer = self.get(&host.memory, at)?.cut(MOST_BYTES - moved);
            if buffer.length() == 0 {
                continue;
            }
            match work(host, buffer) {
                Ok(part) => {
                    moved += part.min(buffer.length());
                    if part < buffer.length() {
                        break;
                    }
                }
                Err(super::errno::Stop::Errno(_)) if moved > 0 => break,
                Err(stop) => return Err(stop),
            }
        }
        Ok(moved)
    }
}
