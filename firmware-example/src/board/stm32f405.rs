//! STM32F405 or F407 at 168 MHz, with a crystal of 8 MHz; QEMU's `netduinoplus2`. Addresses are those of the
//! reference manual RM0090.

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
pub(crate) const NAME: &str = "STM32F405";

mod at {
    use super::Register;

    const fn register(address: usize) -> Register {
        // SAFETY: those below are registers of clocks, pins, serial ports and a watchdog, which know nothing
        // of memory.
        unsafe { Register::at(address) }
    }

    pub(super) const RCC_CR: Register = register(0x4002_3800);
    pub(super) const RCC_PLLCFGR: Register = register(0x4002_3804);
    pub(super) const RCC_CFGR: Register = register(0x4002_3808);
    pub(super) const RCC_AHB1ENR: Register = register(0x4002_3830);
    pub(super) const RCC_APB1ENR: Register = register(0x4002_3840);
    pub(super) const RCC_APB2ENR: Register = register(0x4002_3844);
    pub(super) const FLASH_ACR: Register = register(0x4002_3c00);
    pub(super) const GPIOA_MODER: Register = register(0x4002_0000);
    pub(super) const GPIOA_PUPDR: Register = register(0x4002_000c);
    pub(super) const GPIOA_BSRR: Register = register(0x4002_0018);
    pub(super) const GPIOA_AFRL: Register = register(0x4002_0020);
    pub(super) const GPIOA_AFRH: Register = register(0x4002_0024);
    pub(super) const USART1_SR: Register = register(0x4001_1000);
    pub(super) const USART1_DR: Register = register(0x4001_1004);
    pub(super) const USART1_BRR: Register = register(0x4001_1008);
    pub(super) const USART1_CR1: Register = register(0x4001_100c);
    pub(super) const USART2_SR: Register = register(0x4000_4400);
    pub(super) const USART2_DR: Register = register(0x4000_4404);
    pub(super) const USART2_BRR: Register = register(0x4000_4408);
    pub(super) const USART2_CR1: Register = register(0x4000_440c);
    pub(super) const IWDG_KR: Register = register(0x4000_3000);
    pub(super) const IWDG_PR: Register = register(0x4000_3004);
    pub(super) const IWDG_RLR: Register = register(0x4000_3008);
}

/// Sets clocks, serial ports (the console at PA9, the link at PA2 and PA3, 115,200 baud), light (PA5) and
/// watchdog up.
pub(crate) fn start() -> Option<Parts> {
    let mut core = Peripherals::take()?;
    let megahertz = raise_clock();
    systick::start(&mut core.SYST, megahertz);
    at::RCC_AHB1ENR.change(0, 1);
    at::RCC_APB2ENR.change(0, 1 << 4);
    // PA5 drives; PA9 is the port's.
    at::GPIOA_MODER.change(3 << 10 | 3 << 18, 1 << 10 | 2 << 18);
    at::GPIOA_AFRH.change(0xf << 4, 7 << 4);
    // APB2 runs at half of the core's clock once the PLL does, and at all of it before.
    let port_hertz = if megahertz > 16 { megahertz / 2 } else { megahertz } * 1_000_000;
    at::USART1_BRR.write(port_hertz / 115_200);
    at::USART1_CR1.write(1 << 13 | 1 << 3);
    start_link(megahertz);
    let (heap, cell_stack) = memory()?;
    Some(Parts { heap, cell_stack, light: Light(()), watchdog: Dog::start() })
}

/// Sends and receives, the latter by interrupt.
fn start_link(megahertz: u32) {
    at::RCC_APB1ENR.change(0, 1 << 17);
    // A pin that nothing is plugged into hears no noise.
    at::GPIOA_PUPDR.change(3 << 6, 1 << 6);
    at::GPIOA_AFRL.change(0xff << 8, 0x77 << 8);
    at::GPIOA_MODER.change(0xf << 4, 0xa << 4);
    // APB1 runs at a quarter of the core's clock once the PLL does.
    let port_hertz = if megahertz > 16 { megahertz / 4 } else { megahertz } * 1_000_000;
    at::USART2_BRR.write(port_hertz / 115_200);
    at::USART2_CR1.write(1 << 13 | 1 << 5 | 1 << 3 | 1 << 2);
    // SAFETY: its handler takes a byte, and no critical section is built on masks.
    unsafe { NVIC::unmask(Received) };
}

/// 8 MHz / 8 * 336 / 2 from the crystal. Answers the megahertz that there are: 16, the chip's own, without
/// a crystal.
fn raise_clock() -> u32 {
    const HSE_ON: u32 = 1 << 16;
    const PLL_ON: u32 = 1 << 24;
    if at::RCC_CR.read() == 0 {
        // Never on a chip, where one oscillator always runs. QEMU has no clock tree: it is at full speed.
        return 168;
    }
    at::RCC_CR.change(0, HSE_ON);
    if !soon(|| at::RCC_CR.read() & 1 << 17 != 0) {
        return 16;
    }
    at::RCC_PLLCFGR.write(8 | 336 << 6 | 1 << 22 | 7 << 24);
    at::RCC_CR.change(0, PLL_ON);
    if !soon(|| at::RCC_CR.read() & 1 << 25 != 0) {
        return 16;
    }
    // Five wait states, caches and prefetch, before the clock is raised.
    at::FLASH_ACR.write(5 | 7 << 8);
    // AHB as it is, APB1 a quarter, APB2 a half, and the PLL for all.
    at::RCC_CFGR.write(5 << 10 | 4 << 13 | 2);
    soon(|| at::RCC_CFGR.read() & 0xc == 8);
    168
}

/// Waits for what takes some milliseconds at most.
fn soon(ready: impl Fn() -> bool) -> bool {
    (0..100_000).any(|_| ready())
}

/// The light at PA5.
pub(crate) struct Light(());

impl ErrorType for Light {
    type Error = Infallible;
}

impl OutputPin for Light {
    fn set_low(&mut self) -> Result<(), Infallible> {
        at::GPIOA_BSRR.write(1 << (16 + 5));
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        at::GPIOA_BSRR.write(1 << 5);
        Ok(())
    }
}

/// The independent watchdog, with a second of patience.
pub(crate) struct Dog(());

impl Dog {
    fn start() -> Self {
        at::IWDG_KR.write(0xcccc);
        at::IWDG_KR.write(0x5555);
        // 32 kHz by 32, a thousand times.
        at::IWDG_PR.write(3);
        at::IWDG_RLR.write(999);
        Self(())
    }
}

impl Watchdog for Dog {
    fn feed(&mut self) {
        at::IWDG_KR.write(0xaaaa);
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
            while at::USART1_SR.read() & 1 << 7 == 0 {}
            at::USART1_DR.write(u32::from(*byte));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while at::USART1_SR.read() & 1 << 6 == 0 {}
        Ok(())
    }
}

/// The link's port: USART2 at PA2 and PA3, received by interrupt.
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
        at::USART2_DR.write(u32::from(*byte));
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while at::USART2_SR.read() & 1 << 6 == 0 {}
        Ok(())
    }
}

/// Whether the transmitter takes a byte.
fn is_free() -> bool {
    at::USART2_SR.read() & 1 << 7 != 0
}

/// The only interrupt that is on beside the clock's: a byte has come in on the link's port.
#[exception]
unsafe fn DefaultHandler(_number: i16) {
    // There is one, or one was lost behind it; reading both registers acknowledges either.
    while at::USART2_SR.read() & (1 << 5 | 1 << 3) != 0 {
        receive::keep(at::USART2_DR.read() as u8);
    }
}

/// The interrupt of the link's port.
#[derive(Clone, Copy)]
struct Received;

// SAFETY: it is the number of that interrupt on this chip, and never another.
unsafe impl InterruptNumber for Received {
    fn number(self) -> u16 {
        38
    }
}
