//! The smallest plugin with typed entries: says back what it is told.
//!
//! It owns 2 KiB of memory in all and has no heap.
#![cfg_attr(target_arch = "wasm32", no_std)]

use ampoule_guest::{Context, Encoded, Failure, Meta, Plugin, Schema, export_plugin};
use serde::{Deserialize, Serialize};

/// The plugin; it remembers nothing.
pub struct Echo;

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Upwards.
    pub y: i32,
}

impl Plugin for Echo {
    const META: Meta<'static> = Meta {
        name: "echo",
        version: "1.0.0",
        description: "Says back what it is told",
        author: "Ampoule",
    };

    const WANTS_CONTEXT: bool = false;

    fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
        Ok(Self)
    }
}

impl Echo {
    /// Says `bytes` back from where they lie: no byte is copied.
    pub fn echo<'a>(&mut self, bytes: Encoded<'a, &'a [u8]>) -> Encoded<'a, &'a [u8]> {
        bytes
    }

    /// Moves `point` by one to the right and upwards; past the largest number it starts over.
    ///
    /// # Errors
    /// None of its own.
    pub fn shift(&mut self, point: Point) -> Result<Point, Failure<'static>> {
        let Point { x, y } = point;
        Ok(Point { x: x.wrapping_add(1), y: y.wrapping_add(1) })
    }
}

export_plugin! {
    Echo {
        mailbox: 1600,
        reply: 32,
        entries: [echo, shift],
    }
}

#[cfg(test)]
mod tests {
    use super::{Echo, Point};
    use ampoule_guest::{failure_code, testing::Guest};

    #[test]
    fn bytes_come_back() {
        let mut guest = Guest::<Echo>::started();
        let all: Vec<u8> = (0..=u8::MAX).cycle().take(1598).collect();
        for length in 0..=all.len() {
            let bytes = &all[..length];
            assert_eq!(guest.call(Echo::echo, bytes), Ok(bytes));
        }
    }

    #[test]
    fn points_are_shifted() {
        let mut guest = Guest::<Echo>::started();
        for (x, shifted) in [(0, 1), (-1, 0), (i32::MAX, i32::MIN), (i32::MIN, i32::MIN + 1)] {
            let point = Point { x, y: 7 };
            assert_eq!(guest.call(Echo::shift, &point), Ok(Point { x: shifted, y: 8 }));
        }
    }

    #[test]
    fn what_does_not_decode_is_refused() {
        let mut guest = Guest::<Echo>::started();
        let long = [0; 1601];
        for message in [&b""[..], b"\x05four", b"\x01ab", b"\xff\xff\xff\xff\xff\x01", &long] {
            let failure = guest.raw(message, |call| call.entry(Echo::echo)).unwrap_err();
            assert_eq!(failure.code, failure_code::BAD_MESSAGE, "{message:?}");
        }
        for message in [&b""[..], b"\x02", b"\x02\x02\x02", b"\x02\xff\xff\xff\xff\xff"] {
            let failure = guest.raw(message, |call| call.entry(Echo::shift)).unwrap_err();
            assert_eq!(failure.code, failure_code::BAD_MESSAGE, "{message:?}");
        }
    }
}
