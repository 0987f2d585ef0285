//! RISC-V, 32 bits: another value in the stack pointer.

use crate::Guard;
use core::arch::global_asm;

// The registers of a floating-point unit would be lost.
#[cfg(target_feature = "f")]
compile_error!(
    "the cell keeps no floating-point registers on RISC-V: build for a target without them"
);

pub(crate) const CAN_RUN: bool = true;

unsafe extern "C" {
    /// Below.
    fn ampoule_cell_run(start: usize, work: extern "C" fn(*mut ()), data: *mut ()) -> usize;
    fn ampoule_cell_leave(left: usize) -> !;
}

// Registers that a call keeps, and whether interrupts were on, go to the stack that waits; where that is stays in a
// word of its own, since only one work runs at a time; 0 while none does.
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
    "sw zero, 0(t0)",
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
/// Only from the handler of a fault that the work of [`run`] has raised, which doesn't come back.
pub(crate) unsafe fn leave_from_fault(_start: usize) -> ! {
    // SAFETY: the caller's. `mret` isn't needed: the mode is the same, and `leave` sets interrupts as they were.
    unsafe { ampoule_cell_leave(2) }
}

#[cfg(feature = "pmp")]
mod limit {
    //! The physical memory protection has an entry that lets nobody touch the end of the stack. In machine mode that
    //! holds for locked entries alone, which stay until the chip is reset: the guard is always there.

    use super::Guard;
    use core::arch::{asm, global_asm};

    /// More than the locals of any of the engine's functions that are called deep down, which would step over
    /// less without touching it.
    pub(crate) const GUARD_BYTES: usize = 2048;
    /// A power of two in size, and nobody may execute, read or write it.
    const NOTHING: usize = 0x18;
    const LOCKED: usize = 0x80;
    /// That of the first entry, which goes before all others.
    const FIRST: usize = 0xff;

    // A trap's handler runs on the stack of what it interrupted. Work that has run over has none: the handler of that
    // exception gets the one that waits, below the registers that are kept there, and won't come back. An interrupt that
    // finds too little of the stack runs over itself, and is then such an exception.
    global_asm!(
        ".section .bss.ampoule_cell, \"aw\", @nobits",
        ".balign 4",
        "ampoule_cell_limit:",
        ".zero 4",
        ".section .trap.start, \"ax\"",
        ".balign 4",
        ".global _pre_default_start_trap",
        "_pre_default_start_trap:",
        "csrw mscratch, sp",
        "la sp, ampoule_cell_waiting",
        "lw sp, 0(sp)",
        "beqz sp, 2f",
        "sw t0, -4(sp)",
        "sw t1, -8(sp)",
        "csrr t0, mcause",
        "bltz t0, 1f",
        "la t0, ampoule_cell_limit",
        "lw t0, 0(t0)",
        "csrr t1, mscratch",
        "bgeu t1, t0, 1f",
        "lw t0, -4(sp)",
        "lw t1, -8(sp)",
        "j _pre_default_start_trap_ret",
        "1:",
        "lw t0, -4(sp)",
        "lw t1, -8(sp)",
        "2:",
        "csrr sp, mscratch",
        "j _pre_default_start_trap_ret",
    );

    /// What the runtime saves at the start of a trap, and more: where less is left, work has run over.
    const TRAP_BYTES: usize = 256;

    unsafe extern "C" {
        /// Below this, a stack pointer of work has run over; 0 if nothing guards its stack.
        static mut ampoule_cell_limit: usize;
    }

    pub(crate) fn guard(end: usize) -> Guard {
        debug_assert!(end.is_multiple_of(GUARD_BYTES));
        // As the manual has it: the ones at an address's end tell its size.
        let address = end >> 2 | (GUARD_BYTES / 8 - 1);
        if !is_locked(address) && !lock(address) {
            return Guard::Paint;
        }
        // SAFETY: only this and the handler above know of it, on one core.
        unsafe { (&raw mut ampoule_cell_limit).write_volatile(end + GUARD_BYTES + TRAP_BYTES) };
        Guard::Chip
    }

    /// It stays.
    pub(crate) const fn unguard() {}

    fn is_locked(address: usize) -> bool {
        first() == (NOTHING | LOCKED, address)
    }

    /// False if the entry is another's, or the chip has none for so small a piece.
    fn lock(address: usize) -> bool {
        /// Of the second entry: its piece begins at the address of the first.
        const RANGE: usize = 0x0800;
        const KIND: usize = 0x1800;
        let (first_kind, second) = (first().0, entries() & KIND);
        if first_kind != 0 || second == RANGE {
            return false;
        }
        // SAFETY: an entry that nobody uses, for the end of a stack that nobody else does. It means nothing yet.
        unsafe {
            asm!("csrw pmpaddr0, {}", in(reg) address, options(nomem, nostack));
            asm!("csrs pmpcfg0, {}", in(reg) NOTHING, options(nomem, nostack));
        }
        let taken = first() == (NOTHING, address);
        // SAFETY: as above; from here on it is as it has to be, or off.
        unsafe {
            if taken {
                asm!("csrs pmpcfg0, {}", in(reg) LOCKED, options(nostack));
            } else {
                asm!("csrc pmpcfg0, {}", in(reg) FIRST, options(nomem, nostack));
            }
        }
        taken
    }

    /// What the first entry is for, and where.
    fn first() -> (usize, usize) {
        let address: usize;
        // SAFETY: a register that is there, says whoever turned the feature on.
        unsafe { asm!("csrr {}, pmpaddr0", out(reg) address, options(nomem, nostack)) };
        (entries() & FIRST, address)
    }

    /// What the first four are for.
    fn entries() -> usize {
        let entries: usize;
        // SAFETY: as above.
        unsafe { asm!("csrr {}, pmpcfg0", out(reg) entries, options(nomem, nostack)) };
        entries
    }
}

#[cfg(not(feature = "pmp"))]
mod limit {
    use super::Guard;

    pub(crate) const GUARD_BYTES: usize = 2048;

    /// Paint alone.
    pub(crate) const fn guard(_end: usize) -> Guard {
        Guard::Paint
    }

    pub(crate) const fn unguard() {}
}

pub(crate) use limit::{GUARD_BYTES, guard, unguard};

/// Nothing tells.
pub(crate) const fn in_handler() -> bool {
    false
}

/// Nothing tells.
pub(crate) const fn is_works_fault() -> bool {
    true
}
