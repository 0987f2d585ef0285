//! The heap, whose accounts tell what each plugin has, and the cell that plugins run in.

use ampoule_cell::{DeviceCell, Heap};
use core::mem::MaybeUninit;
use embedded_alloc::LlffHeap;

/// Two for each version of a plugin that there can be at once, and the host's.
const ACCOUNTS: usize = 24;

/// First fit, with accounts.
#[global_allocator]
pub(crate) static BLOCKS: Heap<LlffHeap, ACCOUNTS> = Heap::new(LlffHeap::empty());

/// Where plugins run.
// SAFETY: that is the global allocator; there is one core, whose interrupt handlers don't allocate; and only hosts
// are given the cell, by their configuration.
pub(crate) static CELL: DeviceCell<LlffHeap, ACCOUNTS> = unsafe { DeviceCell::new(&BLOCKS) };

/// The chip's heap.
pub(crate) const HEAP: Whole = Whole(());

/// All of it together.
pub(crate) struct Whole(());

impl Whole {
    /// Gives it and the cell their memory, once: before that every allocation fails. False if the stack is too small.
    pub(crate) fn give(
        &self,
        heap: &'static mut [MaybeUninit<u8>],
        stack: &'static mut [MaybeUninit<u32>],
    ) -> bool {
        // SAFETY: the memory is exclusively ours for ever, and its length is right. `init` panics, and
        // corrupts nothing, if it is called twice.
        unsafe { BLOCKS.blocks().init(heap.as_mut_ptr() as usize, heap.len()) }
        CELL.give_stack(stack)
    }

    /// Bytes that are in use, as the heap rounds them up.
    pub(crate) fn live(&self) -> usize {
        BLOCKS.blocks().used()
    }

    /// Bytes that are left, all gaps together.
    pub(crate) fn free(&self) -> usize {
        BLOCKS.blocks().free()
    }
}
