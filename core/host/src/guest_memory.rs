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

    /// The bytes, if all of them lie inside. An empty range may stand at the very end.
    pub(crate) fn of(self, memory: &[u8]) -> Option<&[u8]> {
        memory.get(self.address as usize..)?.get(..self.length as usize)
    }

    pub(crate) fn of_mut(self, memory: &mut [u8]) -> Option<&mut [u8]> {
        memory.get_mut(self.address as usize..)?.get_mut(..self.length as usize)
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
    fn a_cut_never_lengthens() {
        assert_eq!(GuestSlice::new(8, 4).cut(2), GuestSlice::new(8, 2));
        assert_eq!(GuestSlice::new(8, 4).cut(9).length(), 4);
    }
}
