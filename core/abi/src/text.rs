//! Which characters may be shown to a person as they are.

/// Tells whether a terminal or a log shows `character` as itself.
///
/// Controls would let a plugin write escape sequences to an operator's terminal; line and paragraph
/// separators and the bidirectional marks and overrides would let it fake lines and order there.
#[must_use]
pub fn is_printable(character: char) -> bool {
    let reorders = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !character.is_control() && !reorders
}

/// [`is_printable`] for all of a text, at compile time too: on the bytes of its UTF-8.
pub(crate) const fn all_printable(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        let second = if at + 1 < text.len() { text[at + 1] } else { 0 };
        let third = if at + 2 < text.len() { text[at + 2] } else { 0 };
        let shown = match (text[at], second, third) {
            (0..0x20 | 0x7f, ..) | (0xc2, 0x80..=0x9f, _) => false,
            // U+061C; U+200E, U+200F, U+2028 to U+202E; U+2066 to U+2069.
            (0xd8, 0x9c, _) | (0xe2, 0x80, 0x8e | 0x8f | 0xa8..=0xae) => false,
            (0xe2, 0x81, 0xa6..=0xa9) => false,
            _ => true,
        };
        if !shown {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{all_printable, is_printable};

    #[test]
    fn both_rules_agree_on_every_character() {
        for character in '\0'..=char::MAX {
            let mut bytes = [0; 4];
            let text = character.encode_utf8(&mut bytes);
            assert_eq!(all_printable(text.as_bytes()), is_printable(character), "{character:?}");
        }
    }
}
