//! Blinks a light: a state machine on the pins of a device.
//!
//! It keeps no time: whoever calls it is told how long each phase lasts, and calls again when that is over.
#![cfg_attr(target_arch = "wasm32", no_std)]

use ampoule_guest::{
    Context, Failure, Meta, Plugin, Schema, Status, export_plugin, failure_code::FIRST_OF_PLUGIN,
};
use serde::{Deserialize, Serialize};

ampoule_guest::import_service!(gpio_service::gpio);

/// The pin of the light.
const LIGHT: i32 = 0;

/// Two short flashes and a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    First,
    Between,
    Second,
    Pause,
}

impl Phase {
    const fn next(self) -> Self {
        match self {
            Self::First => Self::Between,
            Self::Between => Self::Second,
            Self::Second => Self::Pause,
            Self::Pause => Self::First,
        }
    }

    const fn lit(self) -> bool {
        matches!(self, Self::First | Self::Second)
    }

    /// In beats.
    const fn lasts(self) -> u32 {
        match self {
            Self::First | Self::Between | Self::Second => 1,
            Self::Pause => 3,
        }
    }
}

/// What the light does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Step {
    /// Whether it is on.
    pub lit: bool,
    /// For how long, in milliseconds: call again when that is over.
    pub lasts_ms: u32,
}

/// The plugin.
pub struct Blink {
    phase: Phase,
    beat_ms: u32,
}

impl Plugin for Blink {
    const META: Meta<'static> =
        Meta { name: "blink", version: "1.0.0", description: "Blinks a light", author: "Ampoule" };

    const WANTS_CONTEXT: bool = false;

    fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
        Ok(Self { phase: Phase::Pause, beat_ms: 50 })
    }

    fn destroy(self) {
        // Who is refused here has no light to leave on.
        let _ = gpio::set(LIGHT, 0);
    }
}

/// The pin's refusals, as failures of this plugin: the first of its own and the status's number without its sign.
fn refused(status: Status) -> Failure<'static> {
    let code = FIRST_OF_PLUGIN.saturating_add(status.code().unsigned_abs());
    Failure { code, message: "the pin refuses" }
}

impl Blink {
    /// Enters the next phase.
    ///
    /// # Errors
    /// The pin's refusal; the phase stays as it was.
    pub fn step(&mut self, (): ()) -> Result<Step, Failure<'static>> {
        let phase = self.phase.next();
        gpio::set(LIGHT, i32::from(phase.lit())).map_err(refused)?;
        self.phase = phase;
        Ok(Step { lit: phase.lit(), lasts_ms: self.beat_ms.saturating_mul(phase.lasts()) })
    }

    /// Sets the length of a beat, in milliseconds, from the next phase on; at least 1.
    ///
    /// # Errors
    /// None of its own.
    pub fn tempo(&mut self, beat_ms: u32) -> Result<(), Failure<'static>> {
        self.beat_ms = beat_ms.max(1);
        Ok(())
    }
}

export_plugin! {
    Blink {
        mailbox: 16,
        reply: 32,
        entries: [step, tempo],
    }
}

#[cfg(test)]
mod tests {
    use super::{Blink, LIGHT, Step};
    use ampoule_guest::{
        Status,
        failure_code::FIRST_OF_PLUGIN,
        testing::{Guest, offer},
    };
    use core::cell::Cell;
    use std::rc::Rc;

    /// A light that knows its level.
    fn offer_light() -> Rc<Cell<i32>> {
        let (level, shared) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let pin = shared.clone();
        offer("gpio", move |operation, request| {
            assert_eq!(operation, "set");
            let (number, wanted) = request.split_at(4);
            assert_eq!(number, LIGHT.to_le_bytes());
            pin.set(i32::from_le_bytes(wanted.try_into().unwrap()));
            Ok(level.replace(pin.get()).to_le_bytes().into())
        });
        shared
    }

    #[test]
    fn two_flashes_and_a_pause() {
        let light = offer_light();
        let mut guest = Guest::<Blink>::started();
        guest.call(Blink::tempo, &10_u32).unwrap();
        for (lit, lasts_ms) in [(true, 10), (false, 10), (true, 10), (false, 30), (true, 10)] {
            assert_eq!(guest.call(Blink::step, &()), Ok(Step { lit, lasts_ms }));
            assert_eq!(light.get(), i32::from(lit));
        }
        guest.destroy();
        assert_eq!(light.get(), 0, "it doesn't stay on");
    }

    #[test]
    fn a_refused_step_is_taken_again() {
        offer("gpio", |_, _| Err(Status::Busy));
        let mut guest = Guest::<Blink>::started();
        let failure = guest.call(Blink::step, &()).unwrap_err();
        assert_eq!(failure.code, FIRST_OF_PLUGIN + Status::Busy.code().unsigned_abs());
        let light = offer_light();
        assert_eq!(guest.call(Blink::step, &()).map(|step| step.lit), Ok(true));
        assert_eq!(light.get(), 1);
    }

    #[test]
    fn no_beat_takes_no_time() {
        offer_light();
        let mut guest = Guest::<Blink>::started();
        for (beat_ms, lasts_ms) in [(0_u32, 1), (u32::MAX, u32::MAX)] {
            guest.call(Blink::tempo, &beat_ms).unwrap();
            assert_eq!(guest.call(Blink::step, &()).map(|step| step.lasts_ms), Ok(lasts_ms));
        }
    }
}
