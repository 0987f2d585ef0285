//! Text from outside, made safe to show.

use ampoule_abi::is_printable;
use core::fmt::{self, Write as _};

/// Shows `text` with every character that isn't [printable](ampoule_abi::is_printable) escaped, as in
/// Rust source.
///
/// ```
/// use ampoule_std::escaped;
///
/// assert_eq!(escaped("naïve").to_string(), "naïve");
/// assert_eq!(escaped("\x1b[2J\n").to_string(), r"\u{1b}[2J\n");
/// ```
#[must_use]
pub const fn escaped(text: &str) -> Escaped<'_> {
    Escaped(text)
}

/// What [`escaped`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_printable(character) {
                f.write_char(character)?;
            } else {
                // The default escape would leave some of them as they are.
                match character {
                    '\n' | '\r' | '\t' => write!(f, "{}", character.escape_default())?,
                    _ => write!(f, "{}", character.escape_unicode())?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        for (text, shown) in [
            ("", ""),
            ("naïve ✓ 名前", "naïve ✓ 名前"),
            ("a\tb\r\n", r"a\tb\r\n"),
            ("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}"),
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
            ("\u{202e}abc\u{2066}", r"\u{202e}abc\u{2066}"),
        ] {
            assert_eq!(escaped(text).to_string(), shown);
        }
    }
}
