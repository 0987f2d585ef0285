//! Strict JSON (RFC 8259), read token by token where it lies.
//!
//! `serde-json-core` decodes what this file cuts out. Alone it would be too forgiving: it takes
//! `[,1]` and raw control characters, and tells no place.

use serde_json_core::str::{EscapedStr, EscapedStringFragment};

/// Reads tokens from a text.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// Where the text stops being JSON, and what should stand there. At the text's end it is the end
/// itself that is wrong.
pub(super) struct Slip {
    pub(super) at: usize,
    pub(super) expected: &'static str,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes to the next token and answers its first byte.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.rest().trim_start_matches([' ', '\t', '\r', '\n']);
        self.at = self.text.len() - rest.len();
        rest.bytes().next()
    }

    /// Takes `byte` if it is the next token.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Slip> {
        if self.take(byte) { Ok(()) } else { Err(Slip { at: self.at, expected }) }
    }

    /// A string's inside, its escapes checked and left as they are.
    pub(super) fn string(&mut self, expected: &'static str) -> Result<&'a str, Slip> {
        self.expect(b'"', expected)?;
        let rest = self.rest();
        let mut length = 0;
        loop {
            let step = match rest.as_bytes().get(length) {
                None => return Err(self.slip(length, "the closing quote")),
                Some(b'"') => break,
                Some(b'\\') => escape_bytes(rest.get(length..).unwrap_or_default()),
                Some(0..0x20) => return Err(self.slip(length, "a control character's escape")),
                Some(_) => Some(1),
            };
            length += step.ok_or_else(|| self.bad_escape(length))?;
        }
        self.at += length + 1;
        Ok(rest.get(..length).unwrap_or_default())
    }

    /// An escape that the text's end cut off isn't wrong, it is unfinished.
    fn bad_escape(&self, length: usize) -> Slip {
        let open = !self.rest().get(length..).unwrap_or_default().contains('"');
        self.slip(if open { self.rest().len() } else { length }, "an escape of JSON")
    }

    fn slip(&self, ahead: usize, expected: &'static str) -> Slip {
        Slip { at: self.at + ahead, expected }
    }

    /// A number as it is written.
    pub(super) fn number(&mut self) -> Result<&'a str, Slip> {
        let token = self.run(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        self.token(token, is_number(token), "a number")
    }

    /// `true`, `false` or `null`.
    pub(super) fn word(&mut self) -> Result<&'a str, Slip> {
        let token = self.run(|byte| byte.is_ascii_alphanumeric());
        self.token(token, matches!(token, "true" | "false" | "null"), "a value")
    }

    fn run(&self, belongs: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| belongs(*byte)).count();
        rest.get(..length).unwrap_or_default()
    }

    /// What touches the text's end may be a half of something: no value ends a document.
    fn token(
        &mut self,
        token: &'a str,
        right: bool,
        expected: &'static str,
    ) -> Result<&'a str, Slip> {
        let ends = token.len() == self.rest().len();
        if ends || !right {
            return Err(self.slip(if ends { token.len() } else { 0 }, expected));
        }
        self.at += token.len();
        Ok(token)
    }
}

/// The length of the escape that `text` starts with; a surrogate pair is one.
fn escape_bytes(text: &str) -> Option<usize> {
    match text.as_bytes().get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => match code_unit(text)? {
            0xd800..=0xdbff => low_surrogate(text.get(6..)?).map(|_| 12),
            0xdc00..=0xdfff => None,
            _ => Some(6),
        },
        _ => None,
    }
}

/// The four hexadecimal digits of the `\uXXXX` that `text` starts with.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    // `from_str_radix` would take a sign too.
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
}

fn low_surrogate(text: &str) -> Option<u16> {
    code_unit(text).filter(|unit| matches!(unit, 0xdc00..=0xdfff))
}

/// The character that the surrogate pair at the start of `text` stands for, and what follows it.
fn surrogate_pair(text: &str) -> Option<(char, &str)> {
    let units = [code_unit(text)?, low_surrogate(text.get(6..)?)?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, text.get(12..)?))
}

/// Undoes the escapes of a string that the lexer has checked.
pub(super) fn each_character<E>(
    escaped: &str,
    mut take: impl FnMut(char) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = escaped;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        plain.chars().try_for_each(&mut take)?;
        let Some((character, after)) = surrogate_pair(escape).or_else(|| single(escape)) else {
            break;
        };
        take(character)?;
        rest = after;
    }
    rest.chars().try_for_each(take)
}

/// [`surrogate_pair`] for every other escape, which are those that `serde-json-core` knows.
fn single(escape: &str) -> Option<(char, &str)> {
    let mut fragments = EscapedStr(escape).fragments();
    match fragments.next()? {
        Ok(EscapedStringFragment::Escaped(character)) => Some((character, fragments.as_str().0)),
        _ => None,
    }
}

/// RFC 8259, section 6.
fn is_number(token: &str) -> bool {
    let unsigned = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|digits| digits.strip_prefix(['+', '-']).unwrap_or(digits));
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(is_digits)
}

/// Tells whether `text` is digits, one at least.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
