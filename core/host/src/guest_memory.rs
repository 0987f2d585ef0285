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

    /// Where it lies in a memory of `size` bytes, if all of it does. An empty range may stand at
    /// the very end.
    fn range(self, size: usize) -> Option<core::ops::Range<usize>> {
        let start = usize::try_from(self.address).ok()?;
        let end = start.checked_add(usize::try_from(self.length).ok()?)?;
        (end <= size).then_some(start..end)
    }

    pub(crate) fn is_inside(self, size: usize) -> bool {
        self.range(size).is_some()
    }

    pub(crate) fn of(self, memory: &[u8]) -> Option<&[u8]> {
        memory.get(self.range(memory.len())?)
    }

    pub(crate) fn of_mut(self, memory: &mut [u8]) -> Option<&mut [u8]> {
        let range = self.range(memory.len())?;
        memory.get_mut(range)
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
