//! A guest's last words.

use core::fmt;

/// How many bytes of last words reach the host.
const CAPACITY: usize = if cfg!(feature = "fmt-panic") { 256 } else { 128 };

/// A text of bounded size; what doesn't fit is cut off between characters.
struct LastWords {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl LastWords {
    /// `file:line`.
    fn new(file: &str, line: u32) -> Self {
        let mut words = Self { bytes: [0; CAPACITY], length: 0 };
        words.push(file);
        words.push(":");
        words.push_number(line);
        words
    }

    fn push(&mut self, text: &str) {
        let Some(room) = self.bytes.get_mut(self.length..) else { return };
        let text = text.as_bytes().get(..text.floor_char_boundary(room.len())).unwrap_or_default();
        room.iter_mut().zip(text).for_each(|(place, byte)| *place = *byte);
        self.length += text.len();
    }

    /// Decimal digits without `core::fmt`, which would be larger than many a guest.
    fn push_number(&mut self, number: u32) {
        if number > 9 {
            self.push_number(number / 10);
        }
        self.push(char::from(b'0' + (number % 10) as u8).encode_utf8(&mut [0; 4]));
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Write for LastWords {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// Tells the host, which ends the call.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let (file, line) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
    let mut words = LastWords::new(file, line);
    #[cfg(feature = "fmt-panic")]
    let _ = fmt::Write::write_fmt(&mut words, format_args!(": {}", info.message()));
    #[cfg(not(feature = "fmt-panic"))]
    if let Some(literal) = info.message().as_str() {
        words.push(": ");
        words.push(literal);
    }
    tell(words.as_bytes())
}

#[cfg(target_arch = "wasm32")]
fn tell(words: &[u8]) -> ! {
    #[link(wasm_import_module = "ampoule")]
    unsafe extern "C" {
        fn panic(address: *const u8, length: usize);
    }
    // SAFETY: the bytes are there until the host has read them, and it ends the call then.
    unsafe { panic(words.as_ptr(), words.len()) };
    core::arch::wasm32::unreachable()
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, LastWords};
    use core::fmt::Write as _;
    use std::{format, string::String};

    fn words(file: &str, line: u32, message: &str) -> String {
        let mut words = LastWords::new(file, line);
        write!(words, ": {message}").unwrap();
        String::from_utf8(words.as_bytes().into()).unwrap()
    }

    #[test]
    fn last_words_tell_place_and_message() {
        assert_eq!(words("src/lib.rs", 0, "oh"), "src/lib.rs:0: oh");
        assert_eq!(words("src/lib.rs", 4_294_967_295, "no"), "src/lib.rs:4294967295: no");
    }

    #[test]
    fn last_words_are_cut_between_characters() {
        let long = "é".repeat(CAPACITY);
        let cut = words("a", 1, &long);
        assert!(cut.len() >= CAPACITY - 1);
        assert!(format!("a:1: {long}").starts_with(&cut));
    }
}
