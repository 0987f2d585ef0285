//! The time, by the timer that every Cortex-M has; and what else is the same on all of them.

use crate::console::say;
use ampoule::Micros;
use core::cell::Cell;
use cortex_m::peripheral::{SCB, SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, exception};
use critical_section::{CriticalSection, Mutex};

/// Milliseconds since the start.
static TICKS: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));
/// Cycles of the processor in a microsecond.
static PER_MICRO: Mutex<Cell<u32>> = Mutex::new(Cell::new(1));

/// Starts the clock, on a processor of so many cycles in a microsecond: 16,777 at most.
pub(super) fn start(syst: &mut SYST, cycles_per_micro: u32) {
    critical_section::with(|cs| PER_MICRO.borrow(cs).set(cycles_per_micro));
    syst.set_clock_source(SystClkSource::Core);
    syst.set_reload(cycles_per_micro * 1000 - 1);
    syst.clear_current();
    syst.enable_counter();
    syst.enable_interrupt();
}

/// Microseconds since [`start`].
pub(crate) fn now() -> Micros {
    critical_section::with(|cs| {
        let (left, ticks) = (SYST::get_current(), TICKS.borrow(cs).get());
        // It wrapped round, and the interrupt waits until we are done.
        let pending = SCB::is_pendst_pending();
        let left = if pending { SYST::get_current() } else { left };
        (ticks + u64::from(pending)) * 1000 + Micros::from(since_tick(cs, left))
    })
}

/// Microseconds since the counter wrapped round. It is told of at 0, a cycle before it starts anew.
fn since_tick(cs: CriticalSection<'_>, left: u32) -> u32 {
    if left == 0 { 0 } else { 999 - (left / PER_MICRO.borrow(cs).get()).min(999) }
}

/// Sleeps until the next interrupt.
pub(crate) fn idle() {
    cortex_m::asm::wfi();
}

/// Restarts the chip.
pub(crate) fn reset() -> ! {
    SCB::sys_reset()
}

/// Has the clock's interrupt come every so many nanoseconds, which spoils the time; `None`: as before.
#[cfg(feature = "trials")]
pub(crate) fn hurry(nanos: Option<u32>) {
    let per_micro = critical_section::with(|cs| PER_MICRO.borrow(cs).get());
    let cycles = nanos.map_or(per_micro * 1000, |nanos| nanos * per_micro / 1000);
    // SAFETY: registers of the timer, which know nothing of memory and are written here alone after the start.
    unsafe {
        (*SYST::PTR).rvr.write(cycles - 1);
        (*SYST::PTR).cvr.write(0);
    }
}

/// A millisecond is over.
#[exception]
fn SysTick() {
    #[cfg(feature = "trials")]
    crate::demo::interrupted();
    critical_section::with(|cs| {
        let ticks = TICKS.borrow(cs);
        ticks.set(ticks.get() + 1);
    });
}

/// A plugin that went over its stack is ended. Where the host's own ran over there is none left to tell it
/// with: the processor locks up, and the watchdog resets it.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    // SAFETY: this is that handler.
    unsafe { crate::heap::CELL.abandon_from_fault() };
    say!("hard fault at {:#010x}", frame.pc());
    super::end(false)
}
