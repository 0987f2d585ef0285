//! The service `gpio`, on the board's light.

use ampoule::{Caller, Status, manifest::PlainPath};
use embedded_hal::digital::{OutputPin, PinState};

ampoule::offer_service!(pub(crate) gpio_service::gpio);

/// The pins by number, with the names that grants call them by.
const NAMES: [&str; 1] = ["led/status"];

/// The board's light, as the only pin.
pub(crate) struct Pins<P> {
    light: P,
    level: bool,
}

impl<P: OutputPin> Pins<P> {
    pub(crate) const fn new(light: P) -> Self {
        Self { light, level: false }
    }
}

impl<P: OutputPin + Send> gpio::Operations for Pins<P> {
    fn set(&mut self, caller: &Caller<'_>, pin: i32, level: i32) -> Result<i32, Status> {
        check(caller, pin)?;
        let level = match level {
            0 => false,
            1 => true,
            _ => return Err(Status::Invalid),
        };
        self.light.set_state(PinState::from(level)).map_err(|_| Status::Failed)?;
        Ok(core::mem::replace(&mut self.level, level).into())
    }

    fn get(&mut self, caller: &Caller<'_>, pin: i32) -> Result<i32, Status> {
        check(caller, pin)?;
        Ok(self.level.into())
    }
}

/// Whether there is such a pin, and the caller has it.
fn check(caller: &Caller<'_>, pin: i32) -> Result<(), Status> {
    let name = usize::try_from(pin).ok().and_then(|pin| NAMES.get(pin)).ok_or(Status::NotFound)?;
    let path = |text| PlainPath::parse(text).map_err(|_| Status::NotGranted);
    let granted = caller.scope.is_empty() || path(caller.scope)?.contains(&path(name)?);
    if granted { Ok(()) } else { Err(Status::NotGranted) }
}
