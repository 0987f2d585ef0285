//! What waits until the workstation asks for it.

use ampoule_abi::{encode, encoded_len};
use core::fmt;
use serde::Serialize;

/// What stands before each element: its length.
const LENGTH_BYTES: usize = 2;

/// The newest elements, encoded, in `BYTES` bytes: log lines, or events. Where a new one needs room, the oldest
/// are lost.
pub struct Backlog<const BYTES: usize> {
    bytes: [u8; BYTES],
    used: usize,
    lost: u32,
}

impl<const BYTES: usize> Backlog<BYTES> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; BYTES], used: 0, lost: 0 }
    }

    /// Adds an element; one that is larger than all of the backlog is lost itself.
    pub fn push<T: Serialize>(&mut self, element: &T) {
        let length = encoded_len(element);
        let needed = length.saturating_add(LENGTH_BYTES);
        while needed > BYTES - self.used && self.used > 0 {
            self.drop_oldest();
            self.lost = self.lost.saturating_add(1);
        }
        if self.write(length, element).is_none() {
            self.lost = self.lost.saturating_add(1);
        }
    }

    fn write<T: Serialize>(&mut self, length: usize, element: &T) -> Option<()> {
        let prefix = u16::try_from(length).ok().filter(|length| *length > 0)?.to_le_bytes();
        let room = self.bytes.get_mut(self.used..)?;
        let (start, rest) = room.split_at_mut_checked(LENGTH_BYTES)?;
        encode(element, rest.get_mut(..length)?).ok()?;
        start.copy_from_slice(&prefix);
        self.used += LENGTH_BYTES + length;
        Some(())
    }

    /// Shows `put` the oldest elements, encoded, up to `most` of them. Those that it takes are gone; it
    /// ends with the first that it doesn't take.
    pub fn pass_on(&mut self, most: u16, put: &mut dyn FnMut(&[u8]) -> bool) {
        for _ in 0..most {
            let Some(element) = self.oldest() else { break };
            if !put(element) {
                break;
            }
            self.drop_oldest();
        }
    }

    /// How many elements were lost since this was last asked.
    pub const fn take_lost(&mut self) -> u32 {
        core::mem::replace(&mut self.lost, 0)
    }

    fn oldest(&self) -> Option<&[u8]> {
        let (prefix, rest) = self.bytes.get(..self.used)?.split_first_chunk::<LENGTH_BYTES>()?;
        rest.get(..usize::from(u16::from_le_bytes(*prefix)))
    }

    fn drop_oldest(&mut self) {
        let gone = self.oldest().map_or(self.used, |oldest| LENGTH_BYTES + oldest.len());
        self.bytes.copy_within(gone..self.used, 0);
        self.used -= gone;
    }
}

impl<const BYTES: usize> Default for Backlog<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BYTES: usize> fmt::Debug for Backlog<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backlog({} of {BYTES} bytes)", self.used)
    }
}

#[cfg(test)]
mod tests {
    use super::Backlog;
    use alloc::vec::Vec;

    fn all<const BYTES: usize>(backlog: &mut Backlog<BYTES>) -> Vec<Vec<u8>> {
        let mut shown = Vec::new();
        backlog.pass_on(99, &mut |element| {
            shown.push(element.to_vec());
            true
        });
        shown
    }

    #[test]
    fn the_newest_stay_in_order_and_the_lost_are_counted() {
        let mut backlog = Backlog::<16>::new();
        for text in ["one", "two", "three", "four"] {
            backlog.push(&text);
        }
        assert_eq!(backlog.take_lost(), 2);
        assert_eq!(all(&mut backlog), [b"\x05three".to_vec(), b"\x04four".to_vec()]);
        assert_eq!((backlog.take_lost(), all(&mut backlog).len()), (0, 0));
    }

    #[test]
    fn what_isnt_taken_stays() {
        let mut backlog = Backlog::<32>::new();
        for text in ["one", "two", "three"] {
            backlog.push(&text);
        }
        let mut shown = 0;
        backlog.pass_on(9, &mut |_| {
            shown += 1;
            shown < 2
        });
        assert_eq!(shown, 2);
        backlog.pass_on(1, &mut |element| element == b"\x03two");
        assert_eq!(all(&mut backlog), [b"\x05three".to_vec()]);
    }

    #[test]
    fn an_element_that_is_too_large_is_lost_with_those_before_it() {
        let mut backlog = Backlog::<8>::new();
        backlog.push(&"one");
        backlog.push(&"longer than that");
        assert_eq!((backlog.take_lost(), all(&mut backlog).len()), (2, 0));
        backlog.push(&"three");
        assert_eq!(all(&mut backlog), [b"\x05three".to_vec()]);
    }
}
