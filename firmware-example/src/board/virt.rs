//! RISC-V, 32 bits: QEMU's `virt`. It has no light and no watchdog; the one is a variable here, the other
//! nobody.

use super::{Parts, Watchdog, memory, register::Register};
use crate::console::say;
use ampoule::Micros;
use core::convert::Infallible;
#[cfg(feature = "trials")]
use core::sync::atomic::{AtomicU32, Ordering};
use embedded_hal::digital::{ErrorType, OutputPin};

/// Whether the chip itself guards the end of a stack.
#[cfg(feature = "trials")]
pub(crate) const GUARDED: bool = cfg!(feature = "pmp");
/// What it is called.
pub(crate) const NAME: &str = "virt";

/// Of the timer.
const TICKS_PER_MICRO: u64 = 10;

mod at {
    use super::Register;

    const fn register(address: usize) -> Register {
        // SAFETY: those below are registers of a serial port and a timer, which know nothing of memory.
        unsafe { Register::at(address) }
    }

    /// Registers of a byte.
    pub(super) const UART: *mut u8 = 0x1000_0000 as *mut u8;
    pub(super) const UART_STATE: *mut u8 = 0x1000_0005 as *mut u8;
    /// Ends or restarts the machine.
    pub(super) const TEST: Register = register(0x0010_0000);
    pub(super) const MTIMECMP_LOW: Register = register(0x0200_4000);
    pub(super) const MTIMECMP_HIGH: Register = register(0x0200_4004);
    pub(super) const MTIME_LOW: Register = register(0x0200_bff8);
    pub(super) const MTIME_HIGH: Register = register(0x0200_bffc);
}

/// There is nothing to set up but what wakes the processor.
pub(crate) fn start() -> Option<Parts> {
    // SAFETY: interrupts stay off as a whole; this one only ends `wfi`.
    unsafe { riscv::register::mie::set_mtimer() };
    let (heap, cell_stack) = memory()?;
    Some(Parts { heap, cell_stack, light: Light(false), watchdog: Dog(()) })
}

fn ticks() -> u64 {
    loop {
        let (high, low) = (at::MTIME_HIGH.read(), at::MTIME_LOW.read());
        if high == at::MTIME_HIGH.read() {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Microseconds since the start.
pub(crate) fn now() -> Micros {
    ticks() / TICKS_PER_MICRO
}

/// Sleeps for a millisecond.
pub(crate) fn idle() {
    let until = ticks() + 1000 * TICKS_PER_MICRO;
    // Never early: the high half is out of reach while the low one changes.
    at::MTIMECMP_HIGH.write(u32::MAX);
    at::MTIMECMP_LOW.write(until as u32);
    at::MTIMECMP_HIGH.write((until >> 32) as u32);
    riscv::asm::wfi();
}

/// Has the timer's interrupt come every so many nanoseconds; `None`: never, as before.
#[cfg(feature = "trials")]
pub(crate) fn hurry(nanos: Option<u32>) {
    TICKS_APART.store(nanos.unwrap_or(0) / 100, Ordering::Relaxed);
    if nanos.is_some() {
        again();
        // SAFETY: its handler is below, and critical sections turn it off.
        unsafe { riscv::interrupt::enable() };
    } else {
        riscv::interrupt::disable();
    }
}

#[cfg(feature = "trials")]
static TICKS_APART: AtomicU32 = AtomicU32::new(0);

/// Has the next one come.
#[cfg(feature = "trials")]
fn again() {
    let until = ticks() + u64::from(TICKS_APART.load(Ordering::Relaxed));
    at::MTIMECMP_HIGH.write(u32::MAX);
    at::MTIMECMP_LOW.write(until as u32);
    at::MTIMECMP_HIGH.write((until >> 32) as u32);
}

#[cfg(feature = "trials")]
#[riscv_rt::core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn timer() {
    crate::demo::interrupted();
    again();
}

/// Nobody has painted it.
pub(crate) const fn stack_used() -> Option<usize> {
    None
}

/// Frames look like anything here.
pub(crate) fn trail(_: impl FnMut(usize)) {}

/// A light that nobody sees.
pub(crate) struct Light(bool);

impl ErrorType for Light {
    type Error = Infallible;
}

impl OutputPin for Light {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0 = false;
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0 = true;
        Ok(())
    }
}

/// There is none.
pub(crate) struct Dog(());

impl Watchdog for Dog {
    fn feed(&mut self) {}
}

/// The serial port, a 16550 that the emulator has set up.
pub(crate) struct Uart(());

impl Uart {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl embedded_io::ErrorType for Uart {
    type Error = Infallible;
}

impl embedded_io::Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        for byte in bytes {
            // SAFETY: the transmitter's register, which is there and takes any byte.
            unsafe { at::UART.write_volatile(*byte) };
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The link's port: the same port, since there is no other. Frames stand between zeros, and the console's lines between
/// frames: the workstation takes those for noise. Each frame is written whole.
pub(crate) struct LinkPort(());

impl LinkPort {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl embedded_io::ErrorType for LinkPort {
    type Error = Infallible;
}

impl embedded_io::ReadReady for LinkPort {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(received())
    }
}

impl embedded_io::Read for LinkPort {
    fn read(&mut self, place: &mut [u8]) -> Result<usize, Infallible> {
        for (at, place) in place.iter_mut().enumerate() {
            if at > 0 && !received() {
                return Ok(at);
            }
            while !received() {}
            // SAFETY: the receiver's register, which is there; reading it takes a byte off the port.
            *place = unsafe { at::UART.read_volatile() };
        }
        Ok(place.len())
    }
}

impl embedded_io::WriteReady for LinkPort {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl embedded_io::Write for LinkPort {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Uart::new().write(bytes)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Whether a byte has come in.
fn received() -> bool {
    // SAFETY: the register of the line's state, which is there.
    unsafe { at::UART_STATE.read_volatile() & 1 != 0 }
}

/// Restarts the machine.
pub(crate) fn reset() -> ! {
    at::TEST.write(0x7777);
    loop {
        riscv::asm::wfi();
    }
}

/// A plugin that went over its stack is ended. What the host does wrong is told.
// SAFETY: the name and the type of the runtime's handler, and there is no other.
#[unsafe(export_name = "ExceptionHandler")]
fn exception(_: &riscv_rt::TrapFrame) -> ! {
    // SAFETY: this is that handler.
    unsafe { crate::heap::CELL.abandon_from_fault() };
    say!("exception at {:#010x}", riscv::register::mepc::read());
    super::end(false)
}
