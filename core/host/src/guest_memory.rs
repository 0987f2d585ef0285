//! The only way from a guest's numbers to bytes.

/// A range that a guest named: hostile until it has met the memory it is said to lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuestSlice {
    address: u32,
    length: u32,
}

impl GuestSlice {
    pub(crate) const fn new(address: u32, length: u32) -> Self {
        Self { address, length }
    }

    pub(crate) const fn length(self) -> u32 {
        self.length
    }

    pub(crate) const fn is_inside(self, size: usize) -> bool {
        // The sum of two u32 fits a u64.
        self.address as u64 + self.length as u64 <= size as u64
    }

    /// Tells whether the two have no byte in common. An empty range has none.
    pub(crate) const fn is_apart(self, other: Self) -> bool {
        self.length == 0 || other.length == 0 || self.is_before(other) || other.is_before(self)
    }

    const fn is_before(self, other: Self) -> bool {
        self.is_inside(other.address as usize)
    }

    /// The bytes, if all of them lie inside. An empty range may stand at the very end.
    pub(crate) fn of(self, memory: &[u8]) -> Option<&[u8]> {
        memory.get(self.address as usize..)?.get(..self.length as usize)
    }

    pub(crate) fn of_mut(self, memory: &mut [u8]) -> Option<&mut [u8]> {
        memory.get_mut(self.address as usize..)?.get_mut(..self.length as usize)
    }

    /// The bytes of this range to be read beside those of `other` to be written, if both lie inside
    /// and don't overlap. An empty range overlaps nothing.
    pub(crate) fn beside(self, other: Self, memory: &mut [u8]) -> Option<(&[u8], &mut [u8])> {
        if !self.is_inside(memory.len()) || !other.is_inside(memory.len()) {
            return None;
        }
        if self.length == 0 {
            return Some((&[], other.of_mut(memory)?));
        }
        if other.length == 0 {
            return Some((self.of(memory)?, &mut []));
        }
        if self.address < other.address {
            let (low, high) = memory.split_at_mut_checked(other.address as usize)?;
            Some((self.of(low)?, high.get_mut(..other.length as usize)?))
        } else {
            let (low, high) = memory.split_at_mut_checked(self.address as usize)?;
            Some((high.get(..self.length as usize)?, other.of_mut(low)?))
        }
    }

    /// The same range cut to at most `length` bytes.
    pub(crate) fn cut(self, length: u32) -> Self {
        Self { length: self.length.min(length), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::GuestSlice;

    #[test]
    fn only_what_lies_inside_is_reached() {
        let mut memory = [1, 2, 3, 4];
        for (address, length, inside) in [
            (0, 0, Some(&[][..])),
            (0, 4, Some(&[1, 2, 3, 4])),
            (3, 1, Some(&[4])),
            (4, 0, Some(&[])),
            (4, 1, None),
            (3, 2, None),
            (5, 0, None),
            (1, u32::MAX, None),
            (u32::MAX, 1, None),
            (u32::MAX, u32::MAX, None),
            (0x8000_0000, 0x8000_0000, None),
        ] {
            let slice = GuestSlice::new(address, length);
            assert_eq!(slice.of(&memory), inside, "{slice:?}");
            assert_eq!(slice.is_inside(4), inside.is_some(), "{slice:?}");
            assert_eq!(slice.of_mut(&mut memory).map(|it| &*it), inside, "{slice:?}");
        }
    }

    #[test]
    fn two_ranges_are_had_together_only_if_they_are_apart() {
        for (read, write, apart) in [
            ((0, 2), (2, 2), true),
            ((2, 2), (0, 2), true),
            ((0, 2), (1, 2), false),
            ((1, 2), (0, 2), false),
            ((0, 4), (0, 4), false),
            ((1, 1), (0, 4), false),
            ((0, 4), (1, 1), false),
            ((0, 0), (0, 4), true),
            ((2, 0), (0, 4), true),
            ((0, 4), (2, 0), true),
            ((4, 0), (4, 0), true),
            ((0, 5), (0, 0), false),
            ((0, 0), (5, 0), false),
            ((0, 1), (1, u32::MAX), false),
            ((u32::MAX, u32::MAX), (0, 1), false),
        ] {
            let mut memory = [1, 2, 3, 4];
            let pair = GuestSlice::new(read.0, read.1)
                .beside(GuestSlice::new(write.0, write.1), &mut memory);
            assert_eq!(pair.is_some(), apart, "{read:?} {write:?}");
            let [read_slice, write_slice] = [read, write].map(|(at, by)| GuestSlice::new(at, by));
            let inside = read_slice.is_inside(4) && write_slice.is_inside(4);
            assert_eq!(inside && read_slice.is_apart(write_slice), apart, "{read:?} {write:?}");
            if let Some((read_bytes, write_bytes)) = pair {
                assert_eq!(
                    (read_bytes.len(), write_bytes.len()),
                    (read.1 as usize, write.1 as usize)
                );
            }
        }
    }

    #[test]
    fn a_cut_never_lengthens() {
        assert_eq!(GuestSlice::new(8, 4).cut(2), GuestSlice::new(8, 2));
        assert_eq!(GuestSlice::new(8, 4).cut(9).length(), 4);
    }
}
