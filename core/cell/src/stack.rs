//! A stack that work can be abandoned on.

use crate::arch::{self, GUARD_BYTES};
use core::{
    mem::MaybeUninit,
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Of a stack, whatever the processor.
const ALIGN: usize = 16;
/// What fills a stack before it is used.
const PAINT: u32 = 0xcccc_cccc;
/// What of a stack is too little for the engine: it isn't worth a cell, and steps from its start over the guard.
const LEAST_BYTES: usize = 10 * 1024;
/// An allocator that runs over the end of a stack would stay as it is, amid its work. So it doesn't begin where less
/// than this is left.
const ALLOCATOR_BYTES: usize = 768;
/// Where the stack ends that work runs on; 0 while none does.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Whether there is so little left of the stack of work that nothing may be allocated.
pub(crate) fn is_nearly_over() -> bool {
    let here = 0_u8;
    let left = (&raw const here as usize).wrapping_sub(RUNNING.load(Ordering::Relaxed));
    left < ALLOCATOR_BYTES
}

/// How the end of a stack is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The chip stops what goes over it, and the plugin is ended.
    Chip,
    /// Its paint is looked at when work has come to its end: what went over it has been there.
    Paint,
}

/// How work has ended.
pub(crate) enum Left {
    Done,
    Abandoned,
    Overflow,
}

/// A piece of memory to run work on, one at a time.
pub(crate) struct Stack {
    /// Both 0 while there is none.
    end: AtomicUsize,
    start: AtomicUsize,
}

impl Stack {
    pub(crate) const fn none() -> Self {
        Self { end: AtomicUsize::new(0), start: AtomicUsize::new(0) }
    }

    /// Takes the memory, once: later ones are refused, and so is one that is too small.
    pub(crate) fn give(&self, memory: &'static mut [MaybeUninit<u32>]) -> bool {
        let range = memory.as_mut_ptr_range();
        // A guard that the chip knows has a place that is a multiple of its length.
        let end = (range.start as usize).next_multiple_of(GUARD_BYTES);
        let start = range.end as usize / ALIGN * ALIGN;
        if self.exists() || start < end + GUARD_BYTES + LEAST_BYTES {
            return false;
        }
        for word in memory {
            word.write(PAINT);
        }
        self.end.store(end, Ordering::Relaxed);
        self.start.store(start, Ordering::Relaxed);
        true
    }

    pub(crate) fn exists(&self) -> bool {
        self.start.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn start(&self) -> usize {
        self.start.load(Ordering::Relaxed)
    }

    /// What work may use of it. Empty if there is none.
    pub(crate) fn range(&self) -> Range<usize> {
        let end = if self.exists() { self.end.load(Ordering::Relaxed) + GUARD_BYTES } else { 0 };
        end..self.start()
    }

    /// Bytes of it that were ever used.
    pub(crate) fn used(&self) -> usize {
        let range = self.range();
        // Not the guard: the chip may let nobody look at it.
        let mut words = range.clone().step_by(size_of::<u32>());
        words.find(|at| !is_painted(*at)).map_or(0, |deepest| range.end - deepest)
    }

    /// Runs `work` on it.
    pub(crate) fn run(&self, work: &mut dyn FnMut()) -> Left {
        extern "C" fn call(work: *mut ()) {
            let work = work.cast::<&mut dyn FnMut()>();
            // SAFETY: it is the one below, which lives as long as this runs.
            unsafe { (*work)() }
        }
        let mut work = work;
        let guard = arch::guard(self.end.load(Ordering::Relaxed));
        RUNNING.store(self.range().start, Ordering::Relaxed);
        // SAFETY: the memory was given for ever, is aligned, and nobody else runs on it: the cell lets in one at a
        // time.
        let left = unsafe { arch::run(self.start(), call, (&raw mut work).cast()) };
        RUNNING.store(0, Ordering::Relaxed);
        arch::unguard();
        match left {
            0 | 1 if guard == Guard::Paint && !self.is_whole() => {
                self.repaint();
                Left::Overflow
            }
            0 => Left::Done,
            2 => Left::Overflow,
            _ => Left::Abandoned,
        }
    }

    fn repaint(&self) {
        let end = self.end.load(Ordering::Relaxed);
        for at in (end..end + GUARD_BYTES).step_by(size_of::<u32>()) {
            // SAFETY: within the memory that was given, aligned, and nothing runs on it.
            unsafe { (at as *mut u32).write_volatile(PAINT) };
        }
    }

    /// Whether nothing has touched its end.
    fn is_whole(&self) -> bool {
        let end = self.end.load(Ordering::Relaxed);
        (end..end + GUARD_BYTES).step_by(size_of::<u32>()).all(is_painted)
    }
}

fn is_painted(at: usize) -> bool {
    // SAFETY: only addresses within the memory that was given, which are aligned, come here.
    unsafe { (at as *const u32).read_volatile() == PAINT }
}

/// Work that was abandoned, for the code that is no Rust: leaves the stack, and never comes back.
///
/// # Safety
/// Only on the stack, while [`Stack::run`] runs.
pub(crate) unsafe fn leave() -> ! {
    // SAFETY: the caller's.
    unsafe { arch::leave() }
}
