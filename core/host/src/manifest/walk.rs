//! The way through a document: one pass, keys and values in the order of the text.
//!
//! The recursion is as deep as the table of keys, and [`MAX_DEPTH`] holds it too.

use super::{
    document::{Document, MAX_SERVICES, MAX_TEXT_BYTES_IN_ALL, Unkept},
    error::{KeyPath, ManifestError, Place, Step, shown_key},
    json::{Lexer, Slip, each_character, is_digits},
    keys::{Key, MAX_DEPTH, TextRule, Value},
    rules::check,
};
use serde::Deserialize;

/// The largest document, in bytes. The fullest one, indented, has some 12 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024;

type Result<T> = core::result::Result<T, ManifestError>;

/// Reads the object of `keys` that `bytes` hold into an empty document, where it lies: moving one
/// costs its size on the stack again.
pub(crate) fn read(bytes: &[u8], keys: &'static [Key], document: &mut Document) -> Result<()> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(ManifestError::TooLarge { found: bytes.len(), allowed: MAX_DOCUMENT_BYTES });
    }
    let text = bytes.utf8_chunks().next().map(|chunk| chunk.valid()).unwrap_or_default();
    let whole = text.len() == bytes.len();
    Walker { lexer: Lexer::new(text), text, whole, document }.run(keys)
}

struct Walker<'a, 'd> {
    lexer: Lexer<'a>,
    /// What is UTF-8, from the start on.
    text: &'a str,
    /// Whether that is all.
    whole: bool,
    document: &'d mut Document,
}

impl<'a> Walker<'a, '_> {
    fn run(&mut self, keys: &'static [Key]) -> Result<()> {
        self.object(keys, &Step::DOCUMENT)?;
        let next = self.lexer.peek();
        let (key, place) = self.at(&Step::DOCUMENT, self.lexer.at());
        match (next, self.whole) {
            (Some(_), _) => Err(ManifestError::Trailing { key, place }),
            (None, false) => Err(ManifestError::NotUtf8 { key, place }),
            (None, true) => Ok(()),
        }
    }

    /// What an error tells of where it is.
    fn at(&self, step: &Step<'_>, offset: usize) -> (KeyPath, Place) {
        (step.path(), Place::of(self.text, offset))
    }

    /// Tells the lexer's error; where the text ends it matters why.
    fn lexed<T>(&self, token: core::result::Result<T, Slip>, step: &Step<'_>) -> Result<T> {
        token.map_err(|Slip { at, expected }| {
            let (key, place) = self.at(step, at);
            match (at < self.text.len(), self.whole) {
                (true, _) => ManifestError::Malformed { key, place, expected },
                (false, true) => ManifestError::Unfinished { key, place },
                (false, false) => ManifestError::NotUtf8 { key, place },
            }
        })
    }

    /// Goes to a value, whose first byte has to be one of `first`.
    fn value(&mut self, first: &[u8], expected: &'static str, step: &Step<'_>) -> Result<()> {
        match self.lexer.peek() {
            Some(byte) if first.contains(&byte) => Ok(()),
            byte => self.other_value(byte, expected, step),
        }
    }

    fn other_value(
        &mut self,
        first: Option<u8>,
        expected: &'static str,
        step: &Step<'_>,
    ) -> Result<()> {
        let (key, place) = self.at(step, self.lexer.at());
        let found = match first {
            Some(b'{' | b'[') if step.depth() >= MAX_DEPTH => {
                return Err(ManifestError::TooDeep { key, place, allowed: MAX_DEPTH });
            }
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => {
                let word = self.lexer.word();
                if self.lexed(word, step)? == "null" { "null" } else { "true or false" }
            }
        };
        Err(ManifestError::WrongType { key, place, expected, found })
    }

    fn object(&mut self, keys: &'static [Key], step: &Step<'_>) -> Result<()> {
        self.value(b"{", "an object", step)?;
        let start = self.lexer.at();
        self.lexer.take(b'{');
        let mut seen = 0;
        while self.next(seen > 0, b'}', step)? {
            let (index, key) = self.key(keys, seen, step)?;
            seen |= 1 << index;
            self.member(key, &step.key(key.name))?;
        }
        let missing = |(at, key): &(usize, &Key)| key.required && !has(seen, *at);
        match keys.iter().enumerate().find(missing) {
            Some((_, missing)) => {
                let (key, place) = self.at(&step.key(missing.name), start);
                Err(ManifestError::MissingKey { key, place })
            }
            None => Ok(()),
        }
    }

    /// Goes to the next member of an object or a list; false is its end.
    fn next(&mut self, later: bool, close: u8, step: &Step<'_>) -> Result<bool> {
        if self.lexer.take(close) {
            return Ok(false);
        }
        if later {
            let comma = self.lexer.expect(b',', "a comma or the end");
            self.lexed(comma, step)?;
        }
        self.lexer.peek();
        Ok(true)
    }

    /// Takes a key with its colon, and finds it in the table.
    fn key(
        &mut self,
        keys: &'static [Key],
        seen: u32,
        step: &Step<'_>,
    ) -> Result<(usize, &'static Key)> {
        let start = self.lexer.at();
        let name = self.lexer.string("a key in quotes");
        let name = self.lexed(name, step)?;
        let Some((index, known)) = keys.iter().enumerate().find(|(_, key)| is(name, key.name))
        else {
            let (key, place) = self.at(&step.key(&shown_key(name)), start);
            return Err(ManifestError::UnknownKey { key, place });
        };
        if has(seen, index) {
            let (key, place) = self.at(&step.key(known.name), start);
            return Err(ManifestError::DuplicateKey { key, place });
        }
        let colon = self.lexer.expect(b':', "a colon");
        self.lexed(colon, &step.key(known.name))?;
        Ok((index, known))
    }

    fn member(&mut self, key: &Key, step: &Step<'_>) -> Result<()> {
        match key.value {
            Value::Object(keys) => self.object(keys, step)?,
            Value::Services { keys, distinct } => self.services(keys, distinct, step)?,
            Value::Flag(slot) => {
                let flag = self.flag(step)?;
                self.document.set_flag(slot, flag);
            }
            Value::Number { slot, min, max } => {
                let number = self.number(min, max, step)?;
                self.document.set_number(slot, number);
            }
            Value::Text { slot, rule } => {
                let start = self.document.end();
                self.text(rule, step)?;
                self.document.set_text(slot, start);
            }
            Value::Texts { slot, rule, max_items } => {
                let start = self.document.end();
                self.texts(rule, max_items, step)?;
                self.document.set_text(slot, start);
            }
        }
        Ok(())
    }

    fn flag(&mut self, step: &Step<'_>) -> Result<bool> {
        self.value(b"tf", "true or false", step)?;
        let word = self.lexer.word();
        Ok(decode(self.lexed(word, step)?).unwrap_or_default())
    }

    fn number(&mut self, min: u64, max: u64, step: &Step<'_>) -> Result<u64> {
        self.value(b"-0123456789", "a number", step)?;
        let (key, place) = self.at(step, self.lexer.at());
        let token = self.lexer.number();
        let token = self.lexed(token, step)?;
        if !is_digits(token.strip_prefix('-').unwrap_or(token)) {
            return Err(ManifestError::NotWhole { key, place });
        }
        // Below zero and above 64 bits the decoder answers none.
        let number = decode::<u64>(token).filter(|number| (min..=max).contains(number));
        number.ok_or(ManifestError::OutOfRange { key, place, min, max })
    }

    /// Keeps a string and holds it to its rule.
    fn text(&mut self, rule: TextRule, step: &Step<'_>) -> Result<()> {
        self.value(b"\"", "a string", step)?;
        let (at, start) = (self.lexer.at(), self.document.end());
        let escaped = self.lexer.string("a string");
        let escaped = self.lexed(escaped, step)?;
        let kept = self.document.keep(escaped, rule.max_bytes());
        kept.map_err(|unkept| self.unkept(unkept, rule, at, step))?;
        check(rule, self.document.text_since(start)).map_err(|broken| {
            let (key, place) = self.at(step, at);
            broken.at(key, place)
        })
    }

    fn unkept(&self, unkept: Unkept, rule: TextRule, at: usize, step: &Step<'_>) -> ManifestError {
        let (key, place) = self.at(step, at);
        match unkept {
            Unkept::TooLong => ManifestError::TooLong { key, place, allowed: rule.max_bytes() },
            Unkept::Unprintable => ManifestError::Unprintable { key, place },
            Unkept::StoreFull => {
                ManifestError::TooMuchText { key, place, allowed: MAX_TEXT_BYTES_IN_ALL }
            }
        }
    }

    fn texts(&mut self, rule: TextRule, max: usize, step: &Step<'_>) -> Result<()> {
        self.list(max, step, |walker, item| {
            let at = walker.lexer.at();
            walker.text(rule, item)?;
            let ended = walker.document.end_item();
            ended.map_err(|unkept| walker.unkept(unkept, rule, at, item))
        })
    }

    fn services(&mut self, keys: &'static [Key], distinct: bool, step: &Step<'_>) -> Result<()> {
        self.list(MAX_SERVICES, step, |walker, item| {
            let start = walker.lexer.at();
            walker.document.add_service();
            walker.object(keys, item)?;
            if distinct && walker.document.repeats() {
                let (key, place) = walker.at(item, start);
                return Err(ManifestError::Repeated { key, place });
            }
            Ok(())
        })
    }

    fn list(
        &mut self,
        max: usize,
        step: &Step<'_>,
        mut take: impl FnMut(&mut Self, &Step<'_>) -> Result<()>,
    ) -> Result<()> {
        self.value(b"[", "a list", step)?;
        self.lexer.take(b'[');
        let mut index = 0;
        while self.next(index > 0, b']', step)? {
            let item = step.item(index);
            // At the end of the text it is the text that is wrong.
            if index >= max && self.lexer.peek().is_some() {
                let (key, place) = self.at(&item, self.lexer.at());
                return Err(ManifestError::TooMany { key, place, allowed: max });
            }
            take(self, &item)?;
            index += 1;
        }
        Ok(())
    }
}

fn has(seen: u32, index: usize) -> bool {
    seen >> index & 1 == 1
}

/// Tells whether a key is `name` when its escapes are undone.
fn is(escaped: &str, name: &str) -> bool {
    let mut rest = name.chars();
    let same =
        each_character(
            escaped,
            |character| {
                if rest.next() == Some(character) { Ok(()) } else { Err(()) }
            },
        );
    same.is_ok() && rest.next().is_none()
}

/// The value of a token that the lexer has cut out.
fn decode<'t, T: Deserialize<'t>>(token: &'t str) -> Option<T> {
    serde_json_core::from_str(token).ok().map(|(value, _)| value)
}
