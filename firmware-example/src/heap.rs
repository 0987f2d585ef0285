//! The heap, and what it holds.

use core::{
    alloc::{GlobalAlloc, Layout},
    mem::MaybeUninit,
    sync::atomic::{AtomicUsize, Ordering},
};
use embedded_alloc::LlffHeap;

/// The chip's heap.
#[global_allocator]
pub(crate) static HEAP: Heap = Heap::empty();

/// A first-fit heap that keeps account of itself.
pub(crate) struct Heap {
    blocks: LlffHeap,
    peak: AtomicUsize,
}

impl Heap {
    const fn empty() -> Self {
        Self { blocks: LlffHeap::empty(), peak: AtomicUsize::new(0) }
    }

    /// Gives it its memory, once: before that every allocation fails.
    pub(crate) fn give(&self, memory: &'static mut [MaybeUninit<u8>]) {
        // SAFETY: the memory is exclusively ours for ever, and its length is right. `init` panics, and
        // corrupts nothing, if it is called twice.
        unsafe { self.blocks.init(memory.as_mut_ptr() as usize, memory.len()) }
    }

    /// Bytes that are in use, as the heap rounds them up.
    pub(crate) fn live(&self) -> usize {
        self.blocks.used()
    }

    /// Bytes that are left, all gaps together.
    pub(crate) fn free(&self) -> usize {
        self.blocks.free()
    }

    /// The most bytes that were in use since this was last asked.
    pub(crate) fn take_peak(&self) -> usize {
        let live = self.live();
        self.peak.swap(live, Ordering::Relaxed).max(live)
    }
}

// SAFETY: every block comes from the heap inside and goes back there; the counter beside it decides nothing.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc`'s contract, which is the same one.
        let block = unsafe { self.blocks.alloc(layout) };
        self.peak.fetch_max(self.blocks.used(), Ordering::Relaxed);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract; the block came from the heap inside.
        unsafe { self.blocks.dealloc(block, layout) }
    }
}
