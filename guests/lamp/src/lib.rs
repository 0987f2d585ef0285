//! Tends a lamp, through a service that isn't one of the SDK's.
//!
//! `lamp-service` declares the service, for this plugin and for the host that has the lamp. The manifest asks
//! for the operations of `lamp` that are called here.
#![cfg_attr(target_arch = "wasm32", no_std)]

use ampoule_guest::{
    Context, Failure, Meta, Plugin, Schema, Status, export_plugin, failure_code::FIRST_OF_PLUGIN,
};
use lamp_service::Colour;
use serde::{Deserialize, Serialize};

ampoule_guest::import_service!(lamp_service::lamp);

/// How the lamp does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Report {
    /// How many shades it has.
    pub shades: u32,
    /// What it draws, in watts.
    pub watts: f64,
}

/// The plugin.
pub struct Lamp {
    /// For the longest question and answer together.
    place: [u8; 48],
}

impl Plugin for Lamp {
    const META: Meta<'static> = Meta {
        name: "lamp",
        version: "1.0.0",
        description: "Tends a lamp through a service that is declared once",
        author: "Ampoule",
    };

    const WANTS_CONTEXT: bool = false;

    fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
        Ok(Self { place: [0; 48] })
    }

    fn destroy(self) {
        lamp::off();
    }
}

/// The lamp's refusals, as failures of this plugin: 256 and the status's number without its sign.
fn refused(status: Status) -> Failure<'static> {
    let code = FIRST_OF_PLUGIN.saturating_add(status.code().unsigned_abs());
    Failure { code, message: "the lamp refuses" }
}

impl Lamp {
    /// Sets how bright the lamp is, and tells how bright it was.
    ///
    /// # Errors
    /// The lamp's refusal.
    pub fn dim(&mut self, level: i32) -> Result<i32, Failure<'static>> {
        lamp::set(level).map_err(refused)
    }

    /// Tells how the lamp does.
    ///
    /// # Errors
    /// The lamp's refusal.
    pub fn report(&mut self, (): ()) -> Result<Report, Failure<'static>> {
        let shades = lamp::count(&mut self.place).map_err(refused)?;
        Ok(Report { shades, watts: lamp::power().map_err(refused)? })
    }

    /// What the lamp makes of a colour that has a name and no paleness: its label, then red, green and blue.
    ///
    /// # Errors
    /// The lamp's refusal; that of [`Status::TooSmall`] for what doesn't fit into 48 bytes.
    pub fn mix(&mut self, name: &str) -> Result<(&str, [u8; 3]), Failure<'static>> {
        let shade = lamp::mix(&Colour { name, paleness: 0 }, &mut self.place).map_err(refused)?;
        Ok((shade.label, shade.parts))
    }
}

export_plugin! {
    Lamp {
        mailbox: 64,
        reply: 64,
        entries: [dim, report, mix],
    }
}

#[cfg(test)]
mod tests {
    use super::{Lamp, Report};
    use ampoule_guest::{
        Decode, Status,
        testing::{Guest, encoded, offer},
    };
    use lamp_service::{Colour, Shade};

    /// A lamp that is half bright, and knows one colour.
    fn offer_lamp() {
        offer("lamp", |operation, request| match operation {
            "set" => match i32::from_le_bytes(request.try_into().unwrap()) {
                0..=100 => Ok(50_i32.to_le_bytes().into()),
                _ => Err(Status::Invalid),
            },
            "power" => Ok(4.5_f64.to_le_bytes().into()),
            "off" => Ok(vec![]),
            "count" => Ok(encoded(&300_u32)),
            "mix" => match Decode::decode(request).unwrap() {
                Colour { name: "red", paleness: 0 } => {
                    Ok(encoded(&Shade { label: "R-1", parts: [255, 0, 0] }))
                }
                _ => Err(Status::NotFound),
            },
            other => panic!("{other}"),
        });
    }

    fn code(status: Status) -> u32 {
        super::refused(status).code
    }

    #[test]
    fn it_does_what_the_lamp_can() {
        offer_lamp();
        let mut guest = Guest::<Lamp>::started();
        assert_eq!(guest.call(Lamp::dim, &100_i32), Ok(50));
        assert_eq!(guest.call(Lamp::report, &()), Ok(Report { shades: 300, watts: 4.5 }));
        assert_eq!(guest.call(Lamp::mix, "red"), Ok(("R-1", [255, 0, 0])));
        guest.destroy();
    }

    #[test]
    fn refusals_are_failures() {
        let mut guest = Guest::<Lamp>::started();
        let failure = guest.call(Lamp::dim, &100_i32).unwrap_err();
        assert_eq!(failure.code, code(Status::NotFound), "nobody offers a lamp");
        offer_lamp();
        let failure = guest.call(Lamp::dim, &-1_i32).unwrap_err();
        assert_eq!(failure.code, code(Status::Invalid));
        let failure = guest.call(Lamp::mix, "green").unwrap_err();
        assert_eq!(failure.code, code(Status::NotFound));
        offer("lamp", |_, _| Ok(f64::NAN.to_le_bytes().into()));
        let failure = guest.call(Lamp::report, &()).unwrap_err();
        assert_eq!(failure.code, code(Status::Failed));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut guest = Guest::<Lamp>::started();
        offer("lamp", |_, _| Ok(encoded(&Shade { label: &"x".repeat(45), parts: [0; 3] })));
        let failure = guest.call(Lamp::mix, "red").unwrap_err();
        assert_eq!(failure.code, code(Status::TooSmall), "the reply");
        let failure = guest.call(Lamp::mix, &*"x".repeat(47)).unwrap_err();
        assert_eq!(failure.code, code(Status::TooSmall), "the request");
        offer("lamp", |_, _| Ok(vec![9]));
        let failure = guest.call(Lamp::mix, "red").unwrap_err();
        assert_eq!(failure.code, code(Status::Failed), "not a shade");
    }
}
