//! The cell: an account and a stack.

use crate::{
    Heap, arch,
    stack::{self, Left, Stack},
};
use ampoule::{Cell, Ended, HeapUse, Owner};
use core::{
    alloc::GlobalAlloc,
    fmt,
    mem::MaybeUninit,
    ops::Range,
    sync::atomic::{AtomicU8, Ordering},
};

/// Nothing runs in it.
const EMPTY: u8 = 0;
/// A plugin's work, which can be abandoned.
const INSIDE: u8 = 1;
/// The host's own work within a plugin's.
const OUTSIDE: u8 = 2;

/// Where plugins run on a device with one core and no operating system.
///
/// Without a stack ([`Self::give_stack`]) it keeps accounts, and abandons nothing.
pub struct DeviceCell<A: 'static, const OWNERS: usize = 32> {
    heap: &'static Heap<A, OWNERS>,
    stack: Stack,
    state: AtomicU8,
}

impl<A: GlobalAlloc + Sync, const OWNERS: usize> DeviceCell<A, OWNERS> {
    /// A cell on the accounts of `heap`.
    ///
    /// # Safety
    /// - `heap` is the global allocator.
    /// - Nobody but [`ampoule::Config::cell`] is given it: that host keeps nothing of what is allocated inside
    ///   once it has taken it back.
    /// - There is one core, and no interrupt handler enters it or allocates. It is entered in thread mode on the main
    ///   stack (Cortex-M; where `TrustZone` is, in the secure state), or in machine mode (RISC-V).
    /// - Only one such cell is ever entered.
    #[must_use]
    pub const unsafe fn new(heap: &'static Heap<A, OWNERS>) -> Self {
        Self { heap, stack: Stack::none(), state: AtomicU8::new(EMPTY) }
    }

    /// The stack that plugins run on, once. False if it has one already, or this one has less than 10 KiB, and then plugins run
    /// on the caller's, unguarded. The
    /// [`GUARD_BYTES`](crate::GUARD_BYTES) at its end are the guard's, and as many more may be lost where it isn't
    /// aligned to them.
    pub fn give_stack(&self, memory: &'static mut [MaybeUninit<u32>]) -> bool {
        arch::CAN_RUN && self.stack.give(memory)
    }

    /// Where its stack is, apart from the guard: it begins at the range's end. Empty if there is none.
    pub fn stack(&self) -> Range<usize> {
        self.stack.range()
    }

    /// Bytes of its stack that were ever used.
    pub fn stack_used(&self) -> usize {
        self.stack.used()
    }

    /// Ends the work of a plugin, if it is that which has panicked: to be called by the panic handler,
    /// first of all. Comes back if it isn't. On RISC-V, where nothing tells a handler from what it has interrupted, the
    /// panic of a handler of interrupts is taken for the plugin's.
    pub fn abandon_if_inside(&self) {
        if self.state.load(Ordering::Relaxed) == INSIDE && !arch::in_handler() {
            // SAFETY: a plugin's work runs on the stack, and it is that which calls.
            unsafe { stack::leave() }
        }
    }

    /// Ends the work of a plugin, if it is that which has faulted, by going over the end of its stack: to be
    /// called by the handler of hard faults (on RISC-V, of exceptions), first of all. Comes back if it isn't.
    ///
    /// # Safety
    /// Only from that handler.
    pub unsafe fn abandon_from_fault(&self) {
        if self.state.load(Ordering::Relaxed) == INSIDE && arch::is_works_fault() {
            // SAFETY: the caller's; a plugin's work runs on the stack.
            unsafe { arch::leave_from_fault(self.stack.start()) }
        }
    }

    fn set_state(&self, state: u8) -> u8 {
        // One core: nothing comes between.
        let before = self.state.load(Ordering::Relaxed);
        self.state.store(state, Ordering::Relaxed);
        before
    }
}

impl<A: GlobalAlloc + Sync, const OWNERS: usize> Cell for DeviceCell<A, OWNERS> {
    fn enter(&self, owner: Owner, work: &mut dyn FnMut()) -> Result<(), Ended> {
        let before = self.heap.switch(owner);
        let state = self.state.load(Ordering::Relaxed);
        let left = if state == EMPTY && self.stack.exists() {
            self.heap.take_failed();
            self.set_state(INSIDE);
            self.stack.run(work)
        } else {
            work();
            Left::Done
        };
        self.set_state(state);
        self.heap.switch(before);
        match left {
            Left::Done => Ok(()),
            Left::Abandoned if self.heap.take_failed() => Err(Ended::OutOfMemory),
            Left::Abandoned => Err(Ended::Panicked),
            Left::Overflow => Err(Ended::StackOverflow),
        }
    }

    fn step_out(&self) -> Owner {
        if self.state.load(Ordering::Relaxed) == INSIDE {
            self.set_state(OUTSIDE);
        }
        self.heap.switch(Owner::HOST)
    }

    fn step_in(&self, owner: Owner) {
        if self.state.load(Ordering::Relaxed) == OUTSIDE {
            self.set_state(INSIDE);
        }
        self.heap.switch(owner);
    }

    fn open(&self) -> Option<Owner> {
        self.heap.open()
    }

    fn take_back(&self, owner: Owner, close: bool) {
        // SAFETY: whoever made the cell has promised that only a host has it, which doesn't use what it gives
        // back.
        unsafe { self.heap.take_back(owner, close) }
    }

    fn heap(&self, owner: Owner) -> HeapUse {
        self.heap.of(owner)
    }
}

impl<A, const OWNERS: usize> fmt::Debug for DeviceCell<A, OWNERS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCell")
    }
}
