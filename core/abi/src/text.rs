//! Which characters may be shown to a person as they are.

/// Tells whether a terminal or a log shows `character` as itself.
///
/// Controls would let a plugin write escape sequences to an operator's terminal; separators and
/// bidirectional marks would let it fake lines and order there; what has no width would let two
/// names look alike.
#[must_use]
pub const fn is_printable(character: char) -> bool {
    !matches!(
        character,
        // Controls, and the soft hyphen.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}'
        // Marks and overrides of direction, separators of lines and paragraphs.
        | '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Without width: spaces, joiners, invisible operators, fillers, tags, annotations.
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// [`is_printable`] for all of a text's UTF-8, at compile time too.
pub(crate) const fn all_printable(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        let (character, width) = decode(text, at);
        if !is_printable(character) {
            return false;
        }
        at += width;
    }
    true
}

/// The character at `at` in what is known to be UTF-8, and how many bytes it has.
const fn decode(text: &[u8], at: usize) -> (char, usize) {
    let first = text[at];
    let (mut bits, width) = match first {
        0..0x80 => (first as u32, 1),
        0x80..0xe0 => (first as u32 & 0x1f, 2),
        0xe0..0xf0 => (first as u32 & 0x0f, 3),
        _ => (first as u32 & 0x07, 4),
    };
    let mut next = 1;
    while next < width && at + next < text.len() {
        bits = bits << 6 | (text[at + next] as u32 & 0x3f);
        next += 1;
    }
    match char::from_u32(bits) {
        Some(character) => (character, width),
        None => (char::REPLACEMENT_CHARACTER, width),
    }
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

    #[test]
    fn what_a_person_reads_is_printable() {
        for text in ["größe ✓ 中文 العربية", "a\u{301}", "👩", "", "\u{a0}"] {
            assert!(text.chars().all(is_printable) && all_printable(text.as_bytes()), "{text}");
        }
    }
}
