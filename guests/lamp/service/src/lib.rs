//! The service of a lamp, declared once for hosts and guests.
#![no_std]
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

/// A colour, as people call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colour<'a> {
    /// Its name.
    pub name: &'a str,
    /// How much of the lamp's own light is mixed in, in percent.
    pub paleness: u8,
}

/// What a lamp makes of a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shade<'a> {
    /// What the lamp's maker calls it.
    pub label: &'a str,
    /// Red, green and blue.
    pub parts: [u8; 3],
}

ampoule_abi::service! {
    /// A lamp.
    service "lamp" as lamp {
        use crate::{Colour, Shade};

        /// Sets how bright it is, from 0 to 100; answers how bright it was.
        scalar set(level: i32) -> i32 { fuel: 200 }
        /// How much it draws, in watts.
        scalar power() -> f64 { fuel: 100 }
        /// Switches it off.
        scalar off() { fuel: 100 }
        /// What it makes of a [`Colour`].
        message mix(Colour<'_>) -> Shade<'a> { fuel: 500, byte_fuel: 2 }
        /// How many shades it has.
        message count() -> u32 { fuel: 50 }
    }
}
