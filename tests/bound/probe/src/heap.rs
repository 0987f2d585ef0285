//! The firmware's allocator, with the headers that a cell's accounts have, which keeps account of itself.

use ampoule_cell::Heap as Accounts;
use bound_measure::Heap as Found;
use core::{
    alloc::{GlobalAlloc, Layout},
    mem::MaybeUninit,
    sync::atomic::{AtomicUsize, Ordering},
};
use embedded_alloc::LlffHeap;

#[global_allocator]
static HEAP: Heap = Heap { blocks: Accounts::new(LlffHeap::empty()), peak: AtomicUsize::new(0) };

struct Heap {
    blocks: Accounts<LlffHeap>,
    peak: AtomicUsize,
}

/// Gives the heap its memory, once.
pub(crate) fn give<const BYTES: usize>(memory: &'static mut [MaybeUninit<u8>; BYTES]) {
    // SAFETY: the memory is exclusively ours for ever, and its length is right.
    unsafe { HEAP.blocks.blocks().init(memory.as_mut_ptr() as usize, BYTES) }
}

/// What `work` leaves in use, and the most that it has in use.
pub(crate) fn watch(work: &mut dyn FnMut()) -> Found {
    let before = HEAP.blocks.blocks().used();
    HEAP.peak.store(before, Ordering::Relaxed);
    work();
    let over = |bytes: usize| bytes.abs_diff(before) as u64;
    Found { held: over(HEAP.blocks.blocks().used()), peak: over(HEAP.peak.load(Ordering::Relaxed)) }
}

// SAFETY: every block comes from the heap inside and goes back there; the counter beside it decides nothing.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps `alloc`'s contract, which is the same one.
        let block = unsafe { self.blocks.alloc(layout) };
        self.peak.fetch_max(self.blocks.blocks().used(), Ordering::Relaxed);
        block
    }

    // `realloc` is left as it comes, out of the two: what grows lies twice in the heap while it is copied, as it does
    // in the firmware.
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract; the block came from the heap inside.
        unsafe { self.blocks.dealloc(block, layout) }
    }
}
