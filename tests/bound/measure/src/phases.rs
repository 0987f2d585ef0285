//! Where loading ends and running begins: a cell that knows.

use alloc::{boxed::Box, vec::Vec};
use ampoule::{Cell, Ended, HeapUse, Owner};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use spin::Mutex;

/// What is done when the engine has translated a module and let go of its buffers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// The plugin ends there, so that the peak is loading's.
    Stop,
    /// So many bytes of ballast are put on the heap, so that the peak, less these, is running's: nothing before it
    /// was as high.
    Load(usize),
}

/// A cell that runs work as it is, on no account.
///
/// A host keeps what is known of a plugin on an account of its own, and begins with it from within the other, when
/// the engine's part is there: that is the first entry inside of another, and the end of loading.
#[derive(Debug)]
pub(crate) struct Phases {
    then: Then,
    depth: AtomicUsize,
    is_loaded: AtomicBool,
    ballast: Mutex<Vec<u8>>,
}

impl Phases {
    /// Never given back: it is made before anything is measured.
    pub(crate) fn new(then: Then) -> &'static Self {
        Box::leak(Box::new(Self {
            then,
            depth: AtomicUsize::new(0),
            is_loaded: AtomicBool::new(false),
            ballast: Mutex::new(Vec::new()),
        }))
    }

    /// Whether loading came to its end.
    pub(crate) fn is_loaded(&self) -> bool {
        self.is_loaded.load(Ordering::Relaxed)
    }

    /// Gives the ballast back.
    pub(crate) fn unload(&self) {
        drop(core::mem::take(&mut *self.ballast.lock()));
    }

    fn loaded(&self) -> Result<(), Ended> {
        match self.then {
            Then::Stop => return Err(Ended::OutOfMemory),
            Then::Load(bytes) => *self.ballast.lock() = Vec::with_capacity(bytes),
        }
        Ok(())
    }
}

impl Cell for Phases {
    fn enter(&self, _: Owner, work: &mut dyn FnMut()) -> Result<(), Ended> {
        let is_inside = self.depth.fetch_add(1, Ordering::Relaxed) > 0;
        let ended = is_inside && !self.is_loaded.swap(true, Ordering::Relaxed);
        let left = if ended { self.loaded() } else { Ok(()) };
        if left.is_ok() {
            work();
        }
        self.depth.fetch_sub(1, Ordering::Relaxed);
        left
    }

    fn step_out(&self) -> Owner {
        Owner::HOST
    }

    fn step_in(&self, _: Owner) {}

    fn open(&self) -> Option<Owner> {
        Some(Owner::HOST)
    }

    fn take_back(&self, _: Owner, _: bool) {}

    fn heap(&self, _: Owner) -> HeapUse {
        HeapUse::default()
    }
}
