//! Accounts for a workstation, where any number of threads run plugins.

extern crate std;

use crate::block::Block;
use ampoule::{Cell, Ended, HeapUse, Owner};
use core::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell as Mutable,
    fmt,
    sync::atomic::{
        AtomicBool, AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
    },
};

/// Who has no account because all are taken: nothing of theirs is counted.
const UNCOUNTED: Owner = Owner(u16::MAX);

std::thread_local! {
    /// Whose blocks this thread allocates. It needs no heap and is never dropped, so that it is there whenever
    /// something is allocated.
    static CURRENT: Mutable<Owner> = const { Mutable::new(Owner::HOST) };
}

/// An allocator that counts what each plugin has, on any other allocator, and the [`Cell`] of hosts that tell it: on
/// a workstation, with any number of hosts and threads. Bytes are counted as they are asked for, as those of a
/// [`MemoryBound`](ampoule::MemoryBound) are; a block costs 16 more, and is rounded up to a multiple of 8.
///
/// It counts and does nothing else: want of heap ends the process as ever, and work that panics unwinds.
/// Each loaded version of a plugin takes two of the `OWNERS` accounts. What there are no more for isn't counted: then
/// counters say less than there is, or 0. A process has one such heap: accounts of another would be taken for its own.
///
/// ```
/// use ampoule::{Config, Host, Source};
/// use ampoule_cell::CountingHeap;
/// use std::alloc::System;
///
/// #[global_allocator]
/// static HEAP: CountingHeap<System> = CountingHeap::new(System);
///
/// # let echo = include_bytes!("../../../guests/prebuilt/echo.wasm");
/// let mut host = Host::<4>::new(Config { cell: Some(&HEAP), ..Config::WORKSTATION }, || 0);
/// let id = host.load(Source::new(echo))?;
/// let counters = host.counters(id).expect("it is loaded");
/// assert!(counters.heap_bytes > 0 && counters.heap_most_bytes >= counters.heap_bytes);
/// # Ok::<(), ampoule::LoadError>(())
/// ```
pub struct CountingHeap<A, const OWNERS: usize = 1024> {
    blocks: A,
    accounts: [Account; OWNERS],
}

/// What one owner has. That of the host counts nothing: every thread would wait for it.
struct Account {
    is_open: AtomicBool,
    live: AtomicUsize,
    most: AtomicUsize,
}

impl Account {
    const fn new() -> Self {
        Self {
            is_open: AtomicBool::new(false),
            live: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }

    fn close(&self) {
        self.is_open.store(false, Release);
    }

    fn add(&self, bytes: usize) {
        let live = self.live.fetch_add(bytes, Relaxed).wrapping_add(bytes);
        self.most.fetch_max(live, Relaxed);
    }

    fn remove(&self, bytes: usize) {
        self.live.fetch_sub(bytes, Relaxed);
    }

    /// Opens it, if it is closed and nothing stands on it.
    fn open(&self) -> bool {
        // Something does if an answer outlived its plugin: what frees that would count against the next.
        let is_mine = self.is_open.compare_exchange(false, true, Acquire, Relaxed).is_ok();
        if is_mine && self.live.load(Relaxed) > 0 {
            self.close();
            return false;
        }
        if is_mine {
            self.most.store(0, Relaxed);
        }
        is_mine
    }
}

impl<A, const OWNERS: usize> CountingHeap<A, OWNERS> {
    /// A heap on `blocks`.
    #[must_use]
    pub const fn new(blocks: A) -> Self {
        const { assert!(OWNERS >= 1 && OWNERS < UNCOUNTED.0 as usize) };
        Self { blocks, accounts: [const { Account::new() }; OWNERS] }
    }

    /// Of the host there is none.
    fn account(&self, owner: Owner) -> Option<&Account> {
        self.accounts.get(usize::from(owner.0)).filter(|_| owner != Owner::HOST)
    }

    /// What is asked of the allocator below, and how it is counted when it is there.
    fn allocate(&self, layout: Layout, ask: impl FnOnce(&A, Layout) -> *mut u8) -> *mut u8 {
        let Some(block) = Block::for_layout(layout) else { return core::ptr::null_mut() };
        let start = ask(&self.blocks, block.layout);
        if start.is_null() {
            return start;
        }
        let owner = CURRENT.get();
        if let Some(account) = self.account(owner) {
            account.add(layout.size());
        }
        // SAFETY: the block is at least as long as its front.
        let bytes = unsafe { start.add(block.front) };
        // SAFETY: the front is at least as long as an owner, and better aligned at its end; the block is ours
        // alone until it is answered.
        unsafe { owner_of(bytes).write(owner) };
        bytes
    }
}

/// Where it stands whose block it is: right in front of the block's bytes.
const fn owner_of(bytes: *mut u8) -> *mut Owner {
    bytes.cast::<Owner>().wrapping_sub(1)
}

// SAFETY: every block comes from the allocator below, is as large and as well aligned as asked for behind its
// front, and goes back there once with the layout that it was allocated with.
unsafe impl<A: GlobalAlloc, const OWNERS: usize> GlobalAlloc for CountingHeap<A, OWNERS> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: a front has a size.
        self.allocate(layout, |blocks, layout| unsafe { blocks.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: a front has a size.
        self.allocate(layout, |blocks, layout| unsafe { blocks.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, bytes: *mut u8, layout: Layout) {
        // It had one when it was allocated.
        let Some(block) = Block::for_layout(layout) else { return };
        // SAFETY: the caller gives bytes that were allocated here: an owner stands in front of them.
        let owner = unsafe { owner_of(bytes).read() };
        // SAFETY: with this layout, as the caller has it, so this is how the block was allocated.
        unsafe { self.blocks.dealloc(bytes.sub(block.front), block.layout) };
        if let Some(account) = self.account(owner) {
            account.remove(layout.size());
        }
    }

    /// What grows stays with its owner, whoever works now.
    unsafe fn realloc(&self, bytes: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let wanted = Layout::from_size_align(size, layout.align()).ok().and_then(Block::for_layout);
        let (Some(block), Some(wanted)) = (Block::for_layout(layout), wanted) else {
            return core::ptr::null_mut();
        };
        // SAFETY: the caller gives bytes that were allocated here: an owner stands in front of them.
        let owner = unsafe { owner_of(bytes).read() };
        // SAFETY: the caller gives bytes that were allocated here with this layout, so this is how the block was
        // allocated; the new one has a size, that a layout with the same alignment can have.
        let start = unsafe {
            self.blocks.realloc(bytes.sub(block.front), block.layout, wanted.layout.size())
        };
        if start.is_null() {
            return start;
        }
        if let Some(account) = self.account(owner) {
            // For a moment there may have been both.
            account.add(size);
            account.remove(layout.size());
        }
        // SAFETY: the new block is at least as long as its front, which is that of the old one: that depends on the
        // alignment alone. So the owner was moved along.
        unsafe { start.add(wanted.front) }
    }
}

impl<A: GlobalAlloc + Sync, const OWNERS: usize> Cell for CountingHeap<A, OWNERS> {
    fn enter(&self, owner: Owner, work: &mut dyn FnMut()) -> Result<(), Ended> {
        /// Also where the work panics and somebody catches that.
        struct Back(Owner);

        impl Drop for Back {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }

        let _back = Back(CURRENT.replace(owner));
        work();
        Ok(())
    }

    fn step_out(&self) -> Owner {
        CURRENT.replace(Owner::HOST)
    }

    fn step_in(&self, owner: Owner) {
        CURRENT.set(owner);
    }

    fn open(&self) -> Option<Owner> {
        let mut others = self.accounts.iter().enumerate().skip(1);
        let opened = others.find(|(_, account)| account.open());
        let owner = opened.and_then(|(at, _)| u16::try_from(at).ok()).map(Owner);
        Some(owner.unwrap_or(UNCOUNTED))
    }

    /// Closes it. Nothing is left on it whose owner isn't at work any more: nothing is ever abandoned.
    fn take_back(&self, owner: Owner, close: bool) {
        if let Some(account) = self.account(owner).filter(|_| close) {
            account.close();
        }
    }

    fn heap(&self, owner: Owner) -> HeapUse {
        self.account(owner).map_or_else(HeapUse::default, |account| HeapUse {
            live: account.live.load(Relaxed),
            most: account.most.load(Relaxed),
        })
    }
}

impl<A, const OWNERS: usize> fmt::Debug for CountingHeap<A, OWNERS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CountingHeap")
    }
}
