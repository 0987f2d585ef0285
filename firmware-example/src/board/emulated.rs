//! How the demonstration ends in an emulator.

/// How long it takes. Nothing is due at its very end, so that each board counts the same.
#[cfg(demonstration)]
pub(crate) const DEMONSTRATION: ampoule::Micros = 995_000;

/// Ends the emulator; its exit status is 0 if `fine`.
pub(crate) fn end(fine: bool) -> ! {
    semihosting::process::exit(i32::from(!fine))
}
