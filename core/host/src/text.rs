//! Text from a guest, made safe to show.

use alloc::string::String;
use ampoule_abi::is_printable;
use core::fmt;

/// The most bytes of a guest's text that a host keeps.
pub const MAX_TEXT_BYTES: usize = 256;

/// A short text that came from a guest: UTF-8, one line, without control characters, at most
/// [`MAX_TEXT_BYTES`] long, so that it can be logged and shown as it is.
///
/// If there is no memory to keep it in, it is empty.
#[derive(Default, PartialEq, Eq, Hash)]
pub struct Text(String);

impl Clone for Text {
    /// Empty if there is no memory for it.
    fn clone(&self) -> Self {
        let mut copy = String::new();
        if copy.try_reserve_exact(self.0.len()).is_ok() {
            copy.push_str(&self.0);
        }
        Self(copy)
    }
}

impl Text {
    /// Keeps what is safe of `bytes`: bad UTF-8 and what isn't [`is_printable`] become `U+FFFD`, what is
    /// too long is cut at a character's boundary.
    #[must_use]
    pub fn from_guest(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..MAX_TEXT_BYTES).unwrap_or(bytes);
        let mut text = String::new();
        // A replacement is three bytes long, so the worst case is thrice the input.
        if text.try_reserve_exact(bytes.len().saturating_mul(3).min(MAX_TEXT_BYTES)).is_err() {
            return Self(text);
        }
        for chunk in bytes.utf8_chunks() {
            let replaced =
                if chunk.invalid().is_empty() { None } else { Some(char::REPLACEMENT_CHARACTER) };
            for character in chunk.valid().chars().map(printable).chain(replaced) {
                if text.len() + character.len_utf8() > MAX_TEXT_BYTES {
                    return Self(text);
                }
                text.push(character);
            }
        }
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn printable(character: char) -> char {
    if is_printable(character) { character } else { char::REPLACEMENT_CHARACTER }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEXT_BYTES, Text};

    #[test]
    fn a_guests_text_is_safe_to_show() {
        for (bytes, shown) in [
            (&b""[..], ""),
            (b"index out of bounds", "index out of bounds"),
            ("naïve ✓".as_bytes(), "naïve ✓"),
            (b"\x1b[2J\r\n\0", "\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}"),
            (b"a\xff\xfeb", "a\u{fffd}\u{fffd}b"),
            ("\u{202e}abc\u{2066}".as_bytes(), "\u{fffd}abc\u{fffd}"),
            (b"cut \xe2\x82", "cut \u{fffd}"),
        ] {
            assert_eq!(Text::from_guest(bytes).as_str(), shown);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let long = Text::from_guest("€".repeat(1000).as_bytes());
        assert_eq!(long.as_str().len(), MAX_TEXT_BYTES - MAX_TEXT_BYTES % 3);
        assert_eq!(Text::from_guest(&[0xff; 4096]).as_str().len(), 255);
        assert_eq!(Text::from_guest(&[b'x'; 4096]).as_str().len(), MAX_TEXT_BYTES);
    }
}
