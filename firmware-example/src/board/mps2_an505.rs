//! Cortex-M33 at 20 MHz: ARM's MPS2+ board with the image AN505; QEMU's `mps2-an505`. Everything runs in the
//! secure state, as after reset. Addresses are those of ARM's application note AN505.

#[cfg(feature = "trials")]
pub(crate) use super::systick::hurry;
pub(crate) use super::{
    stack::{stack_used, trail},
    systick::{idle, now, reset},
};

use super::{Parts, Watchdog, memory, receive, register::Register, systick};
use core::convert::Infallible;
use cortex_m::{Peripherals, interrupt::InterruptNumber, peripheral::NVIC};
use cortex_m_rt::exception;
use embedded_hal::digital::{ErrorType, OutputPin};

/// Whether the chip itself guards the end of a stack.
#[cfg(feature = "trials")]
pub(crate) const GUARDED: bool = true;
/// What it is called.
pub(crate) const NAME: &str = "MPS2-AN505";

const MEGAHERTZ: u32 = 20;

mod at {
    use super::Register;

    const fn register(address: usize) -> Register {
        // SAFETY: those below are registers of serial ports, lights and a watchdog, which know nothing of
        // memory.
        unsafe { Register::at(address) }
    }

    pub(super) const UART0_DATA: Register = register(0x5020_0000);
    pub(super) const UART0_STATE: Register = register(0x5020_0004);
    pub(super) const UART0_CTRL: Register = register(0x5020_0008);
    pub(super) const UART0_BAUDDIV: Register = register(0x5020_0010);
    pub(super) const UART1_DATA: Register = register(0x5020_1000);
    pub(super) const UART1_STATE: Register = register(0x5020_1004);
    pub(super) const UART1_CTRL: Register = register(0x5020_1008);
    pub(super) const UART1_INTCLEAR: Register = register(0x5020_100c);
    pub(super) const UART1_BAUDDIV: Register = register(0x5020_1010);
    pub(super) const FPGAIO_LED0: Register = register(0x5030_2000);
    pub(super) const WDOG_LOAD: Register = register(0x5008_1000);
    pub(super) const WDOG_CONTROL: Register = register(0x5008_1008);
    pub(super) const WDOG_INTCLR: Register = register(0x5008_100c);
    pub(super) const WDOG_LOCK: Register = register(0x5008_1c00);
}

/// Sets clock, serial ports (115,200 baud) and watchdog up.
pub(crate) fn start() -> Option<Parts> {
    let mut core = Peripherals::take()?;
    systick::start(&mut core.SYST, MEGAHERTZ);
    at::UART0_BAUDDIV.write(MEGAHERTZ * 1_000_000 / 115_200);
    at::UART0_CTRL.write(1);
    at::UART1_BAUDDIV.write(MEGAHERTZ * 1_000_000 / 115_200);
    // Sends, and receives by interrupt.
    at::UART1_CTRL.write(1 | 1 << 1 | 1 << 3);
    // SAFETY: its handler takes a byte, and no critical section is built on masks.
    unsafe { NVIC::unmask(Received) };
    let (heap, cell_stack) = memory()?;
    Some(Parts { heap, cell_stack, light: Light(()), watchdog: Dog::start() })
}

/// The first of the board's lights.
pub(crate) struct Light(());

impl ErrorType for Light {
    type Error = Infallible;
}

impl OutputPin for Light {
    fn set_low(&mut self) -> Result<(), Infallible> {
        at::FPGAIO_LED0.change(1, 0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        at::FPGAIO_LED0.change(0, 1);
        Ok(())
    }
}

/// The secure watchdog: an interrupt that isn't to be had after a second, a reset after two.
pub(crate) struct Dog(());

impl Dog {
    fn start() -> Self {
        at::WDOG_LOCK.write(0x1acc_e551);
        at::WDOG_LOAD.write(MEGAHERTZ * 1_000_000);
        at::WDOG_CONTROL.write(3);
        Self(())
    }
}

impl Watchdog for Dog {
    fn feed(&mut self) {
        at::WDOG_INTCLR.write(1);
    }
}

/// The first serial port.
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
            self.flush()?;
            at::UART0_DATA.write(u32::from(*byte));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while at::UART0_STATE.read() & 1 != 0 {}
        Ok(())
    }
}

/// The link's port: the second serial port, received by interrupt.
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
        Ok(receive::is_ready())
    }
}

impl embedded_io::Read for LinkPort {
    fn read(&mut self, place: &mut [u8]) -> Result<usize, Infallible> {
        while !place.is_empty() && !receive::is_ready() {}
        Ok(receive::take(place))
    }
}

impl embedded_io::WriteReady for LinkPort {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(is_free())
    }
}

impl embedded_io::Write for LinkPort {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let Some(byte) = bytes.first() else { return Ok(0) };
        while !is_free() {}
        at::UART1_DATA.write(u32::from(*byte));
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while !is_free() {}
        Ok(())
    }
}

/// Whether the transmitter takes a byte.
fn is_free() -> bool {
    at::UART1_STATE.read() & 1 == 0
}

/// The only interrupt that is on beside the clock's: a byte has come in on the link's port.
#[exception]
unsafe fn DefaultHandler(_number: i16) {
    while at::UART1_STATE.read() & 2 != 0 {
        // Acknowledged first: the next byte asks again.
        at::UART1_INTCLEAR.write(2);
        receive::keep(at::UART1_DATA.read() as u8);
    }
}

/// The interrupt of the link's port.
#[derive(Clone, Copy)]
struct Received;

// SAFETY: it is the number of that interrupt on this chip, and never another.
unsafe impl InterruptNumber for Received {
    fn number(self) -> u16 {
        34
    }
}
