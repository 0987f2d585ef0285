//! Problems in buffers of their own, so that they outlive what they are about.

use crate::{error::LinkError, message::Problem};
use core::fmt::{self, Display, Write};

/// The most bytes of a problem's text; what is longer is cut between two characters.
pub const PROBLEM_TEXT_BYTES: usize = 104;

/// The most bytes of a problem's code.
const CODE_BYTES: usize = 8;

/// A problem that borrows from nothing: what a device's handler returns as its error.
///
/// ```
/// use ampoule_link::{LinkError, Told};
///
/// let told = Told::from(LinkError::Offset { found: 0, expected: 512 });
/// assert_eq!((told.problem().code, told.problem().detail), ("N07", 512));
///
/// let told = Told::new("A01", 0, &"the module is empty");
/// assert_eq!(told.problem().text, "the module is empty");
/// ```
#[derive(Clone)]
pub struct Told {
    code: Cut<CODE_BYTES>,
    detail: u32,
    text: Cut<PROBLEM_TEXT_BYTES>,
}

impl Told {
    /// A problem with a code, a number for programs, and a cause for people.
    #[must_use]
    pub fn new(code: &str, detail: u32, cause: &dyn Display) -> Self {
        Self { code: Cut::of(&code), detail, text: Cut::of(cause) }
    }

    /// The problem as it is sent.
    #[must_use]
    pub fn problem(&self) -> Problem<'_> {
        Problem { code: self.code.text(), detail: self.detail, text: self.text.text() }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}

impl From<LinkError> for Told {
    fn from(error: LinkError) -> Self {
        Self::new(error.code(), error.detail(), &error)
    }
}

// It is returned as an error, and handed from function to function.
const _: () = assert!(size_of::<Told>() <= 128 && PROBLEM_TEXT_BYTES < 256);

/// The start of a text.
#[derive(Clone)]
struct Cut<const BYTES: usize> {
    bytes: [u8; BYTES],
    /// Fewer than 256.
    used: u8,
}

impl<const BYTES: usize> Cut<BYTES> {
    fn of(text: &dyn Display) -> Self {
        let mut cut = Self { bytes: [0; BYTES], used: 0 };
        // It stops where it is full.
        let _ = write!(cut, "{text}");
        cut
    }

    fn text(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.used)).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    }
}

impl<const BYTES: usize> Write for Cut<BYTES> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(usize::from(self.used)..).unwrap_or_default();
        let fits = text.floor_char_boundary(room.len());
        let (Some(place), Some(start)) = (room.get_mut(..fits), text.as_bytes().get(..fits)) else {
            return Err(fmt::Error);
        };
        place.copy_from_slice(start);
        self.used = self.used.saturating_add(fits as u8);
        if fits == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
