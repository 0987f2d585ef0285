//! What stands in front of each block.

use ampoule::Owner;
use core::alloc::Layout;

/// Blocks are multiples of this, and aligned to it.
const GRANULE: usize = 8;
const OWNER_BITS: u32 = 6;
const SHIFT_BITS: u32 = 4;

/// Stands right in front of the bytes that an allocation answers.
#[repr(C)]
pub(crate) struct Header {
    /// The next block of the same owner.
    pub(crate) next: *mut Self,
    /// Its owner, the logarithm of its alignment, its size in granules: from the lowest bit on.
    tag: usize,
}

/// A block as the allocator below knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) layout: Layout,
    /// From its start to the bytes that an allocation answers.
    pub(crate) front: usize,
}

impl Block {
    /// The block for an allocation. `None` if there is none so large.
    pub(crate) fn for_layout(layout: Layout) -> Option<Self> {
        let align = layout.align().max(GRANULE);
        let front = size_of::<Header>().max(align);
        let size = front.checked_add(layout.size())?.checked_next_multiple_of(GRANULE)?;
        Some(Self { layout: Layout::from_size_align(size, align).ok()?, front })
    }

    /// Whether a header can tell its size: on 32 bits, of less than 32 MiB.
    pub(crate) fn is_told(self) -> bool {
        self.layout.align().trailing_zeros() < 1 << SHIFT_BITS
            && self.size() / GRANULE <= usize::MAX >> (OWNER_BITS + SHIFT_BITS)
    }

    pub(crate) const fn size(self) -> usize {
        self.layout.size()
    }
}

impl Header {
    pub(crate) fn new(next: *mut Self, block: Block, owner: Owner) -> Self {
        let shift = block.layout.align().trailing_zeros() as usize;
        let size = block.size() / GRANULE;
        let tag = usize::from(owner.0) | shift << OWNER_BITS | size << (OWNER_BITS + SHIFT_BITS);
        Self { next, tag }
    }

    pub(crate) const fn owner(&self) -> Owner {
        // The lowest bits alone.
        Owner((self.tag & ((1 << OWNER_BITS) - 1)) as u16)
    }

    /// The block that it stands in.
    pub(crate) fn block(&self) -> Option<Block> {
        let align = 1 << (self.tag >> OWNER_BITS & ((1 << SHIFT_BITS) - 1));
        let size = (self.tag >> (OWNER_BITS + SHIFT_BITS)) * GRANULE;
        let layout = Layout::from_size_align(size, align).ok()?;
        Some(Block { layout, front: size_of::<Self>().max(align) })
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Header};
    use ampoule::Owner;
    use core::{alloc::Layout, ptr::null_mut};

    #[test]
    fn a_header_tells_its_block() {
        for size in [0, 1, 7, 8, 9, 1_000, 65_536] {
            for align in [1, 2, 4, 8, 16, 32, 4_096] {
                let layout = Layout::from_size_align(size, align).unwrap();
                let block = Block::for_layout(layout).unwrap();
                assert!(block.size() >= size + block.front && block.size().is_multiple_of(8));
                assert!(block.front >= size_of::<Header>() && block.front.is_multiple_of(align));
                let header = Header::new(null_mut(), block, Owner(63));
                assert_eq!(
                    (header.owner(), header.block()),
                    (Owner(63), Some(block)),
                    "{layout:?}"
                );
            }
        }
    }

    #[test]
    fn what_a_header_cant_tell_is_known() {
        let told = |size, align| {
            let block = Block::for_layout(Layout::from_size_align(size, align).unwrap());
            block.is_some_and(Block::is_told)
        };
        assert!(told(65_536, 8) && told(8, 1 << 15));
        assert!(!told(isize::MAX as usize - 8, 8) && !told(8, 1 << 16));
        assert!(!told((usize::MAX >> 10) * 8, 8));
    }
}
