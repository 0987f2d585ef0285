//! Who has what.

use crate::{MAX_OWNERS, block::Header};
use ampoule::{HeapUse, Owner};
use core::ptr::null_mut;

/// What one owner has.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    /// Its blocks, the youngest first. The host's own are in no list: nobody takes them back.
    pub(crate) first: *mut Header,
    pub(crate) heap: HeapUse,
    open: bool,
}

impl Account {
    const NEW: Self = Self { first: null_mut(), heap: HeapUse { live: 0, most: 0 }, open: false };

    pub(crate) fn add(&mut self, bytes: usize) {
        self.heap.live = self.heap.live.saturating_add(bytes);
        self.heap.most = self.heap.most.max(self.heap.live);
    }

    pub(crate) fn remove(&mut self, bytes: usize) {
        self.heap.live = self.heap.live.saturating_sub(bytes);
    }
}

/// All accounts, and whose turn it is.
pub(crate) struct Accounts<const OWNERS: usize> {
    pub(crate) all: [Account; OWNERS],
    pub(crate) current: Owner,
    /// An allocation has failed since that was asked last.
    pub(crate) failed: bool,
    #[cfg(feature = "fuse")]
    pub(crate) fuse: crate::heap::Fuse,
}

// SAFETY: the pointers lead to blocks that only whoever has the accounts reaches by them.
unsafe impl<const OWNERS: usize> Send for Accounts<OWNERS> {}

impl<const OWNERS: usize> Accounts<OWNERS> {
    pub(crate) const fn new() -> Self {
        const { assert!(OWNERS >= 1 && OWNERS <= MAX_OWNERS) };
        Self {
            all: [Account::NEW; OWNERS],
            current: Owner::HOST,
            failed: false,
            #[cfg(feature = "fuse")]
            fuse: crate::heap::Fuse::NONE,
        }
    }

    pub(crate) fn get(&mut self, owner: Owner) -> Option<&mut Account> {
        self.all.get_mut(usize::from(owner.0))
    }

    pub(crate) fn open(&mut self) -> Option<Owner> {
        let mut others = self.all.iter_mut().enumerate().skip(1);
        let (at, account) = others.find(|(_, account)| !account.open)?;
        *account = Account { open: true, ..Account::NEW };
        u16::try_from(at).ok().map(Owner)
    }

    pub(crate) fn close(&mut self, owner: Owner) {
        if let Some(account) = self.get(owner) {
            account.open = false;
        }
    }
}
