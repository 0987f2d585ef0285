//! Lines on the board's serial port.

use crate::board::Uart;
use core::fmt::Arguments;
use embedded_io::Write;

/// Writes a line.
macro_rules! say {
    ($($words:tt)*) => { $crate::console::line(format_args!($($words)*)) };
}
pub(crate) use say;

/// Writes a line. One that can't be written is lost: there is nobody else to tell.
pub(crate) fn line(words: Arguments<'_>) {
    let mut uart = Uart::new();
    let _ = uart.write_fmt(words);
    let _ = uart.write_all(b"\n");
}
