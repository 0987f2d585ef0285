//! RISC-V, 32 bits: another value in the stack pointer.

use crate::Guard;
use core::arch::global_asm;

pub(crate) const CAN_RUN: bool = true;

unsafe extern "C" {
    /// Below.
    fn ampoule_cell_run(start: usize, work: extern "C" fn(*mut ()), data: *mut ()) -> usize;
    fn ampoule_cell_leave(left: usize) -> !;
}

// Registers that a call keeps, and whether interrupts were on, go to the stack that waits; where that is stays in a
// word of its own, since only one work runs at a time.
global_asm!(
    ".section .bss.ampoule_cell, \"aw\", @nobits",
    ".balign 4",
    "ampoule_cell_waiting:",
    ".zero 4",
    ".section .text.ampoule_cell, \"ax\", @progbits",
    ".balign 4",
    ".global ampoule_cell_run",
    ".type ampoule_cell_run, @function",
    "ampoule_cell_run:",
    "addi sp, sp, -64",
    "sw ra, 0(sp)",
    "sw s0, 4(sp)",
    "sw s1, 8(sp)",
    "sw s2, 12(sp)",
    "sw s3, 16(sp)",
    "sw s4, 20(sp)",
    "sw s5, 24(sp)",
    "sw s6, 28(sp)",
    "sw s7, 32(sp)",
    "sw s8, 36(sp)",
    "sw s9, 40(sp)",
    "sw s10, 44(sp)",
    "sw s11, 48(sp)",
    "csrr t1, mstatus",
    "sw t1, 52(sp)",
    "la t0, ampoule_cell_waiting",
    "sw sp, 0(t0)",
    "mv sp, a0",
    "mv a0, a2",
    "jalr a1",
    "li a0, 0",
    // What follows is `leave`, too.
    ".global ampoule_cell_leave",
    ".type ampoule_cell_leave, @function",
    "ampoule_cell_leave:",
    "la t0, ampoule_cell_waiting",
    "lw sp, 0(t0)",
    "lw t1, 52(sp)",
    "andi t1, t1, 8",
    "csrs mstatus, t1",
    "lw ra, 0(sp)",
    "lw s0, 4(sp)",
    "lw s1, 8(sp)",
    "lw s2, 12(sp)",
    "lw s3, 16(sp)",
    "lw s4, 20(sp)",
    "lw s5, 24(sp)",
    "lw s6, 28(sp)",
    "lw s7, 32(sp)",
    "lw s8, 36(sp)",
    "lw s9, 40(sp)",
    "lw s10, 44(sp)",
    "lw s11, 48(sp)",
    "addi sp, sp, 64",
    "ret",
);

/// # Safety
/// From `start` down lies memory that nothing else uses while this runs, aligned to 16 bytes. In machine mode.
pub(crate) unsafe fn run(start: usize, work: extern "C" fn(*mut ()), data: *mut ()) -> usize {
    // SAFETY: the caller's.
    unsafe { ampoule_cell_run(start, work, data) }
}

/// # Safety
/// Only within the work of [`run`].
pub(crate) unsafe fn leave() -> ! {
    // SAFETY: the caller's.
    unsafe { ampoule_cell_leave(1) }
}

/// # Safety
/// Only from the handler of a fault that the work of [`run`] has raised. A trap's handler runs on the stack of what
/// it interrupted, and doesn't come back to it.
pub(crate) unsafe fn leave_from_fault(_start: usize) -> ! {
    // SAFETY: the caller's. `mret` isn't needed: the mode is the same, and `leave` sets interrupts as they were.
    unsafe { ampoule_cell_leave(2) }
}

/// Paint alone.
pub(crate) const fn guard(_end: usize, _bytes: usize) -> Guard {
    Guard::Paint
}

pub(crate) const fn unguard() {}
