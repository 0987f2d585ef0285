//! Cortex-M: work runs on the process stack, while the main stack waits, and takes the interrupts.

use crate::Guard;
use core::arch::global_asm;

pub(crate) const CAN_RUN: bool = true;

unsafe extern "C" {
    /// Below.
    fn ampoule_cell_run(start: usize, work: extern "C" fn(*mut ()), data: *mut ()) -> usize;
    fn ampoule_cell_leave(left: usize) -> !;
    fn ampoule_cell_leave_from_fault(start: usize) -> !;
}

// Registers that a call keeps, with those of the floating-point unit, and whether interrupts were masked, go to
// the main stack; where that is stays in a word of its own, since only one work runs at a time.
macro_rules! code {
    ($fpu:literal, $save_floats:literal, $load_floats:literal, $forget_floats:literal) => {
        global_asm!(
            ".section .bss.ampoule_cell, \"aw\", %nobits",
            ".balign 4",
            "ampoule_cell_waiting:",
            ".zero 4",
            ".section .text.ampoule_cell, \"ax\", %progbits",
            ".balign 4",
            ".global ampoule_cell_run",
            ".type ampoule_cell_run, %function",
            ".thumb_func",
            "ampoule_cell_run:",
            "mrs r12, PRIMASK",
            "push {{r4-r12, lr}}",
            $fpu,
            $save_floats,
            "ldr r3, =ampoule_cell_waiting",
            "mov r4, sp",
            "str r4, [r3]",
            "msr PSP, r0",
            "mrs r3, CONTROL",
            "orr r3, r3, #2",
            "msr CONTROL, r3",
            "isb",
            "mov r0, r2",
            "blx r1",
            "movs r0, #0",
            // What follows is `leave`, too.
            ".global ampoule_cell_leave",
            ".type ampoule_cell_leave, %function",
            ".thumb_func",
            "ampoule_cell_leave:",
            "mrs r3, CONTROL",
            "bic r3, r3, #2",
            "msr CONTROL, r3",
            "isb",
            // The handler of a fault has left something there.
            "ldr r3, =ampoule_cell_waiting",
            "ldr r3, [r3]",
            "mov sp, r3",
            $load_floats,
            "pop {{r4-r12, lr}}",
            "msr PRIMASK, r12",
            "bx lr",
            // A frame for the return from the exception, at the start of the work's stack: it returns to
            // `leave`, with 2 for the reason.
            ".global ampoule_cell_leave_from_fault",
            ".type ampoule_cell_leave_from_fault, %function",
            ".thumb_func",
            "ampoule_cell_leave_from_fault:",
            $forget_floats,
            "sub r0, r0, #32",
            "movs r1, #2",
            "str r1, [r0, #0]",
            "ldr r1, =ampoule_cell_leave",
            "bic r1, r1, #1",
            "str r1, [r0, #24]",
            "mov r1, #0x01000000",
            "str r1, [r0, #28]",
            "msr PSP, r0",
            // To thread mode and the process stack, without a frame of floats.
            "mvn r0, #2",
            "bx r0",
            ".ltorg",
        );
    };
}

#[cfg(target_abi = "eabihf")]
code!(
    // The assembler of link-time optimization isn't told that there is one.
    ".fpu fpv4-sp-d16",
    "vpush {{d8-d15}}",
    "vpop {{d8-d15}}",
    // Floats that were to be saved lazily where the stack has no room.
    "ldr r1, =0xe000ef34
     ldr r2, [r1]
     bic r2, r2, #1
     str r2, [r1]"
);
#[cfg(not(target_abi = "eabihf"))]
code!("", "", "", "");

/// # Safety
/// From `start` down lies memory that nothing else uses while this runs, aligned to 8 bytes. In thread mode,
/// privileged, on the main stack.
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
/// Only from the handler of a fault that the work of [`run`] has raised, whose stack began at `start`.
pub(crate) unsafe fn leave_from_fault(start: usize) -> ! {
    // What the fault was is of no interest any more; its bits are cleared by ones.
    // SAFETY: the register of faults, on every chip of this kind but the smallest, which has no such handler.
    unsafe { CFSR.write_volatile(u32::MAX) };
    // SAFETY: the caller's.
    unsafe { ampoule_cell_leave_from_fault(start) }
}

/// Whether the handler of an exception runs.
pub(crate) fn in_handler() -> bool {
    let exception: u32;
    // SAFETY: it reads a register.
    unsafe { core::arch::asm!("mrs {}, IPSR", out(reg) exception, options(nomem, nostack)) };
    exception & 0x1ff != 0
}

/// Whether the handler of a fault that asks this has interrupted no other.
pub(crate) fn is_works_fault() -> bool {
    const ICSR: *const u32 = 0xe000_ed04 as *const u32;
    const RETTOBASE: u32 = 1 << 11;
    // SAFETY: a register that can be read on every chip of this kind.
    unsafe { ICSR.read_volatile() & RETTOBASE != 0 }
}

const CFSR: *mut u32 = 0xe000_ed28 as *mut u32;

#[cfg(armv8m)]
mod limit {
    use super::Guard;
    use core::arch::asm;

    /// A limit lets nothing by, however large its step.
    pub(crate) const GUARD_BYTES: usize = 32;

    /// The stack limit of the process stack.
    pub(crate) fn guard(end: usize) -> Guard {
        // SAFETY: no work runs on the process stack now.
        unsafe { asm!("msr PSPLIM, {}", in(reg) end + GUARD_BYTES, options(nomem, nostack)) };
        Guard::Chip
    }

    pub(crate) fn unguard() {
        // SAFETY: as above.
        unsafe { asm!("msr PSPLIM, {}", in(reg) 0, options(nomem, nostack)) };
    }
}

#[cfg(not(armv8m))]
mod limit {
    use super::Guard;
    use core::arch::asm;

    const MPU_TYPE: *const u32 = 0xe000_ed90 as *const u32;
    const MPU_CTRL: *mut u32 = 0xe000_ed94 as *mut u32;
    const MPU_RBAR: *mut u32 = 0xe000_ed9c as *mut u32;
    const MPU_RASR: *mut u32 = 0xe000_eda0 as *mut u32;
    /// This one: write its number along with its address.
    const VALID: u32 = 1 << 4;
    /// More than the locals of any of the engine's functions that are called deep down, which would step over
    /// less without touching it.
    pub(crate) const GUARD_BYTES: usize = 2048;
    /// Nobody may execute, read or write it; 2 to the power of so many bytes and one; on.
    const NOTHING: u32 = 1 << 28 | (GUARD_BYTES.ilog2() - 1) << 1 | 1;
    const ENABLED: u32 = 1;
    /// On, and memory outside of regions as without it.
    const ON: u32 = 1 << 2 | 1;

    /// A region of the memory protection unit, if there is one, that nobody may touch.
    pub(crate) fn guard(end: usize) -> Guard {
        debug_assert!(end.is_multiple_of(GUARD_BYTES));
        let Some(region) = last_region() else { return Guard::Paint };
        // SAFETY: there is such a unit, and the region is at the end of a stack that nobody else uses. Where it is on
        // already, what it does outside of regions is its owner's affair.
        unsafe {
            MPU_RBAR.write_volatile(end as u32 | VALID | region);
            MPU_RASR.write_volatile(NOTHING);
            if MPU_CTRL.read_volatile() & ENABLED == 0 {
                MPU_CTRL.write_volatile(ON);
            }
            asm!("dsb", "isb", options(nostack));
        }
        Guard::Chip
    }

    /// Regions of higher numbers go before the others: the highest that there is.
    fn last_region() -> Option<u32> {
        // SAFETY: a register that can be read on every chip of this kind.
        (unsafe { MPU_TYPE.read_volatile() } >> 8 & 0xff).checked_sub(1)
    }

    /// The region is off; the unit stays as it is, for those who have other regions.
    pub(crate) fn unguard() {
        let Some(region) = last_region() else { return };
        // SAFETY: as above.
        unsafe {
            MPU_RBAR.write_volatile(VALID | region);
            MPU_RASR.write_volatile(0);
            asm!("dsb", "isb", options(nostack));
        }
    }
}

pub(crate) use limit::{GUARD_BYTES, guard, unguard};
