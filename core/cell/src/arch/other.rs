//! Where there is an operating system, its threads have the stacks; on other processors, nobody has written it yet.

use crate::Guard;

pub(crate) const CAN_RUN: bool = false;

/// # Safety
/// None is needed here.
pub(crate) unsafe fn run(_start: usize, work: extern "C" fn(*mut ()), data: *mut ()) -> usize {
    work(data);
    0
}

/// # Safety
/// Never called: a cell without a stack is never inside.
pub(crate) unsafe fn leave() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// # Safety
/// Never called, as above.
pub(crate) unsafe fn leave_from_fault(_start: usize) -> ! {
    // SAFETY: as above.
    unsafe { leave() }
}

pub(crate) const GUARD_BYTES: usize = 32;

pub(crate) const fn guard(_end: usize) -> Guard {
    Guard::Paint
}

pub(crate) const fn unguard() {}

pub(crate) const fn in_handler() -> bool {
    false
}

pub(crate) const fn is_works_fault() -> bool {
    true
}
