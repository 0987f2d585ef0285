//! The demonstration on hardware: it doesn't end.

use ampoule::Micros;

/// How long it takes.
pub(crate) const DEMONSTRATION: Micros = Micros::MAX;

/// Waits for the watchdog.
pub(crate) fn end(_fine: bool) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
