//! A heap that knows whose each block is.

use crate::{
    account::Accounts,
    block::{Block, Header},
    stack,
};
use ampoule::{HeapUse, Owner};
use core::{
    alloc::{GlobalAlloc, Layout},
    cell::RefCell,
    ptr::null_mut,
};
use critical_section::Mutex;

/// An allocator of up to `OWNERS` accounts, on any other allocator. A block costs two words more.
///
/// Each loaded version of a plugin has two accounts, and the host has one. Of a plugin there are three versions while a new
/// one waits and the one before the current is kept. Where none is left, loading is refused as for want of memory.
pub struct Heap<A, const OWNERS: usize = 32> {
    blocks: A,
    accounts: Mutex<RefCell<Accounts<OWNERS>>>,
}

impl<A, const OWNERS: usize> Heap<A, OWNERS> {
    /// A heap on `blocks`.
    #[must_use]
    pub const fn new(blocks: A) -> Self {
        Self { blocks, accounts: Mutex::new(RefCell::new(Accounts::new())) }
    }

    /// The allocator below, to be given its memory.
    pub const fn blocks(&self) -> &A {
        &self.blocks
    }

    fn with<T>(&self, work: impl FnOnce(&mut Accounts<OWNERS>) -> T) -> T {
        critical_section::with(|section| work(&mut self.accounts.borrow_ref_mut(section)))
    }

    /// Whose blocks are allocated from now on; answers whose they were.
    pub(crate) fn switch(&self, owner: Owner) -> Owner {
        self.with(|accounts| core::mem::replace(&mut accounts.current, owner))
    }

    /// Whether an allocation has failed since this was asked last.
    pub(crate) fn take_failed(&self) -> bool {
        self.with(|accounts| core::mem::take(&mut accounts.failed))
    }

    pub(crate) fn open(&self) -> Option<Owner> {
        self.with(Accounts::open)
    }

    /// What an owner has.
    #[must_use]
    pub fn of(&self, owner: Owner) -> HeapUse {
        self.with(|accounts| accounts.get(owner).map_or_else(HeapUse::default, |it| it.heap))
    }

    /// What all owners have together. The peak is the sum of theirs.
    #[must_use]
    pub fn all(&self) -> HeapUse {
        self.with(|accounts| {
            accounts.all.iter().fold(HeapUse::default(), |sum, account| HeapUse {
                live: sum.live.saturating_add(account.heap.live),
                most: sum.most.saturating_add(account.heap.most),
            })
        })
    }
}

impl<A: GlobalAlloc, const OWNERS: usize> Heap<A, OWNERS> {
    /// Gives back every block of `owner`, and closes its account if `close`.
    ///
    /// # Safety
    /// Nobody uses a block of it any more. Not the host's.
    pub(crate) unsafe fn take_back(&self, owner: Owner, close: bool) {
        if owner == Owner::HOST {
            return;
        }
        // One at a time, so that interrupts needn't wait for all.
        while let Some((start, layout)) = self.with(|accounts| pop(accounts, owner)) {
            // SAFETY: it was allocated with this layout, and was in the list until now: once.
            unsafe { self.blocks.dealloc(start, layout) };
        }
        if close {
            self.with(|accounts| accounts.close(owner));
        }
    }

    fn allocate(&self, layout: Layout, owner: Option<Owner>) -> *mut u8 {
        let block = Block::for_layout(layout).filter(|block| block.is_told());
        let Some(block) = block else { return self.fail() };
        if stack::is_nearly_over() {
            return self.fail();
        }
        #[cfg(feature = "fuse")]
        if self.with(|accounts| accounts.fuse.blows()) {
            return self.fail();
        }
        // SAFETY: a header has a size.
        let start = unsafe { self.blocks.alloc(block.layout) };
        if start.is_null() {
            return self.fail();
        }
        // SAFETY: the block is at least as long as its front.
        let bytes = unsafe { start.add(block.front) };
        self.with(|accounts| {
            let owner = owner.unwrap_or(accounts.current);
            let mut next = null_mut();
            if let Some(account) = accounts.get(owner) {
                account.add(block.size());
                if owner != Owner::HOST {
                    next = core::mem::replace(&mut account.first, header_of(bytes));
                }
            }
            // SAFETY: the front is at least as long as a header, and as well aligned at its end; the block
            // is ours alone until it is answered.
            unsafe { header_of(bytes).write(Header::new(next, block, owner)) };
        });
        bytes
    }

    fn fail(&self) -> *mut u8 {
        self.with(|accounts| accounts.failed = true);
        null_mut()
    }
}

/// Where the header of a block's bytes is.
fn header_of(bytes: *mut u8) -> *mut Header {
    bytes.cast::<Header>().wrapping_sub(1)
}

/// Takes the youngest block of an owner from its list: its start and its layout.
fn pop<const OWNERS: usize>(
    accounts: &mut Accounts<OWNERS>,
    owner: Owner,
) -> Option<(*mut u8, Layout)> {
    let account = accounts.get(owner)?;
    let first = account.first;
    if first.is_null() {
        return None;
    }
    // SAFETY: what is in a list was allocated and not yet freed.
    let Header { next, .. } = *unsafe { &*first };
    // SAFETY: as above.
    let block = unsafe { &*first }.block()?;
    account.first = next;
    account.remove(block.size());
    let bytes = first.wrapping_add(1).cast::<u8>();
    Some((bytes.wrapping_sub(block.front), block.layout))
}

/// Takes a block out of its owner's list.
fn unlink<const OWNERS: usize>(accounts: &mut Accounts<OWNERS>, header: *mut Header) {
    // SAFETY: the block was allocated and not yet freed: whoever frees it says so.
    let (owner, next, block) = unsafe { ((*header).owner(), (*header).next, (*header).block()) };
    let Some(account) = accounts.get(owner) else { return };
    account.remove(block.map_or(0, Block::size));
    if owner == Owner::HOST {
        return;
    }
    if account.first == header {
        account.first = next;
        return;
    }
    let mut at = account.first;
    while !at.is_null() {
        // SAFETY: what is in a list was allocated and not yet freed.
        let here = unsafe { &mut *at };
        if here.next == header {
            here.next = next;
            return;
        }
        at = here.next;
    }
}

// SAFETY: every block comes from the allocator below, is as large and as well aligned as asked for behind its
// front, and goes back there once with the layout that it was allocated with.
unsafe impl<A: GlobalAlloc, const OWNERS: usize> GlobalAlloc for Heap<A, OWNERS> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.allocate(layout, None)
    }

    unsafe fn dealloc(&self, bytes: *mut u8, layout: Layout) {
        // It had one when it was allocated.
        let Some(block) = Block::for_layout(layout) else { return };
        self.with(|accounts| unlink(accounts, header_of(bytes)));
        // SAFETY: the caller gives bytes that were allocated here with this layout, so this is how the block
        // was allocated; it is in no list any more.
        unsafe { self.blocks.dealloc(bytes.sub(block.front), block.layout) };
    }

    /// What grows stays with its owner, whoever works now.
    unsafe fn realloc(&self, bytes: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller gives bytes that were allocated here.
        let owner = unsafe { (*header_of(bytes)).owner() };
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else { return self.fail() };
        let grown = self.allocate(wanted, Some(owner));
        if !grown.is_null() {
            // SAFETY: both are at least as long, and the new one is nobody else's; then the old one isn't
            // used any more, as the caller's contract has it.
            unsafe {
                grown.copy_from_nonoverlapping(bytes, layout.size().min(size));
                self.dealloc(bytes, layout);
            }
        }
        grown
    }
}

/// Which allocation is to fail.
#[cfg(feature = "fuse")]
#[derive(Clone, Copy)]
pub(crate) struct Fuse {
    /// So many go well before.
    left: Option<u32>,
    for_ever: bool,
    /// Counts those that were asked for.
    asked: u32,
}

#[cfg(feature = "fuse")]
impl Fuse {
    pub(crate) const NONE: Self = Self { left: None, for_ever: false, asked: 0 };

    fn blows(&mut self) -> bool {
        self.asked = self.asked.wrapping_add(1);
        match &mut self.left {
            None => false,
            Some(0) => {
                if !self.for_ever {
                    self.left = None;
                }
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
        }
    }
}

#[cfg(feature = "fuse")]
impl<A, const OWNERS: usize> Heap<A, OWNERS> {
    /// Lets `left` allocations go well, and then one fail, or all from there on. `None`: no more fail.
    pub fn set_fuse(&self, left: Option<u32>, for_ever: bool) {
        self.with(|accounts| accounts.fuse = Fuse { left, for_ever, asked: 0 });
    }

    /// Allocations that were asked for since the fuse was set, and whether it has blown.
    pub fn fuse(&self) -> (u32, bool) {
        self.with(|accounts| {
            let Fuse { left, for_ever, asked } = accounts.fuse;
            (asked, if for_ever { left == Some(0) } else { left.is_none() })
        })
    }
}
