//! JSON that is safe to show on a terminal.

use ampoule_abi::is_printable;
use serde::Serialize;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// Writes `value` as JSON on one line, with everything escaped that a terminal would obey.
///
/// JSON's grammar lets DEL, the C1 controls and bidirectional overrides through; here they are `\u` escapes,
/// which mean the same.
///
/// ```
/// let mut out = Vec::new();
/// ampoule_std::write_json(&mut out, &"\u{202e}x")?;
/// assert_eq!(out, br#""\u202ex""#);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Those of `out`, and of a value that says it can't be serialized.
pub fn write_json(out: impl Write, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Printable);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// Compact JSON in printable characters.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|character| !is_printable(character)) {
            let (before, after) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            let mut characters = after.chars();
            if let Some(character) = characters.next() {
                // Those outside of the basic plane take two (RFC 8259, section 7).
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::write_json;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_means_the_same() {
        for text in ["\u{7f}\u{9b}31m", "\u{202e}abc\u{2066}", "\u{e0001}tag", "plain ✓\n\"\\"] {
            let mut out = Vec::new();
            write_json(&mut out, text).unwrap();
            let json = String::from_utf8(out).unwrap();
            assert!(json.chars().all(ampoule_abi::is_printable), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
