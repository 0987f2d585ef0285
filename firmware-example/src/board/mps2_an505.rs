//! Cortex-M33 at 20 MHz: ARM's MPS2+ board with the image AN505; QEMU's `mps2-an505`. Everything runs in the
//! secure state, as after reset. Addresses are those of ARM's application note AN505.

pub(crate) use super::{
    stack::stack_used,
    systick::{idle, now},
};

use super::{Parts, Watchdog, memory, register::Register, systick};
use core::convert::Infallible;
use cortex_m::Peripherals;
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
        // SAFETY: those below are registers of a serial port, lights and a watchdog, which know nothing of
        // memory.
        unsafe { Register::at(address) }
    }

    pub(super) const UART0_DATA: Register = register(0x5020_0000);
    pub(super) const UART0_STATE: Register = register(0x5020_0004);
    pub(super) const UART0_CTRL: Register = register(0x5020_0008);
    pub(super) const UART0_BAUDDIV: Register = register(0x5020_0010);
    pub(super) const FPGAIO_LED0: Register = register(0x5030_2000);
    pub(super) const WDOG_LOAD: Register = register(0x5008_1000);
    pub(super) const WDOG_CONTROL: Register = register(0x5008_1008);
    pub(super) const WDOG_INTCLR: Register = register(0x5008_100c);
    pub(super) const WDOG_LOCK: Register = register(0x5008_1c00);
}

/// Sets clock, serial port (115,200 baud) and watchdog up.
pub(crate) fn start() -> Option<Parts> {
    let mut core = Peripherals::take()?;
    systick::start(&mut core.SYST, MEGAHERTZ);
    at::UART0_BAUDDIV.write(MEGAHERTZ * 1_000_000 / 115_200);
    at::UART0_CTRL.write(1);
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
