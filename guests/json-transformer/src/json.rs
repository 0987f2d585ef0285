//! JSON text becomes values, with its names spelled anew.

use crate::{
    case::{Case, Speller},
    number::{self, Number},
};
use ampoule_guest::{MAX_DEPTH, MapWriter, Place};
use hifijson::{Expect, Read as _, SliceLexer, escape::Lex as _, token::Lex as _};

/// The text isn't JSON, or can't be carried over whole: it stays a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StaysText;

impl From<Expect> for StaysText {
    fn from(_: Expect) -> Self {
        Self
    }
}

/// Puts the object or array that `text` is (RFC 8259).
///
/// Nothing is lost on the way, or else the text stays: that goes for numbers past the range of
/// floats, for surrogates without their partner, which no UTF-8 has, and for nesting that is deeper
/// than a reply's may be. Integers that need more than 64 bits become floats, as in JavaScript.
/// Names may repeat, and keep their order.
pub(crate) fn put(text: &str, case: Case, place: &mut Place<'_>) -> Result<(), StaysText> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    let Some(b'{' | b'[') = lexer.ws_peek() else { return Err(StaysText) };
    // The map of all parameters is one level itself.
    let levels = MAX_DEPTH - 1;
    let transform = Transform { text, case };
    lexer
        .exactly_one(SliceLexer::ws_peek, |next, lexer| transform.value(next, lexer, levels, place))
}

struct Transform<'t> {
    text: &'t str,
    case: Case,
}

// A value takes two calls a level, so these have small frames; what isn't part of the recursion is
// kept out of them.
impl<'t> Transform<'t> {
    /// `levels` of lists and maps are left.
    fn value(
        &self,
        next: u8,
        lexer: &mut SliceLexer<'t>,
        levels: usize,
        place: &mut Place<'_>,
    ) -> Result<(), StaysText> {
        match next {
            b'{' | b'[' => {
                let levels = levels.checked_sub(1).ok_or(StaysText)?;
                lexer.take_next();
                match next {
                    b'{' => self.map(lexer, levels, place),
                    _ => self.list(lexer, levels, place),
                }
            }
            _ => self.scalar(next, lexer, place),
        }
    }

    #[inline(never)]
    fn list(
        &self,
        lexer: &mut SliceLexer<'t>,
        levels: usize,
        place: &mut Place<'_>,
    ) -> Result<(), StaysText> {
        place.list(|list| {
            lexer.seq(b']', SliceLexer::ws_peek, |next, lexer| {
                self.value(next, lexer, levels, &mut list.item())
            })
        })
    }

    #[inline(never)]
    fn map(
        &self,
        lexer: &mut SliceLexer<'t>,
        levels: usize,
        place: &mut Place<'_>,
    ) -> Result<(), StaysText> {
        place.map(|map| {
            lexer.seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                let mut place = self.name(next, lexer, map)?;
                let next = lexer.ws_peek().ok_or(StaysText)?;
                self.value(next, lexer, levels, &mut place)
            })
        })
    }

    /// Reads a name and its colon.
    #[inline(never)]
    fn name<'m>(
        &self,
        next: u8,
        lexer: &mut SliceLexer<'t>,
        map: &'m mut MapWriter<'_>,
    ) -> Result<Place<'m>, StaysText> {
        lexer.expect(|_| Some(next), b'"').ok_or(StaysText)?;
        let mut read = Ok(());
        let place = map.name_with(|name| {
            let mut speller = Speller::new(self.case, |piece| name.push_str(piece));
            read = self.string(lexer, |piece| speller.push_str(piece));
            speller.finish();
        });
        read?;
        lexer.expect(SliceLexer::ws_peek, b':').ok_or(StaysText)?;
        Ok(place)
    }

    #[inline(never)]
    fn scalar(
        &self,
        next: u8,
        lexer: &mut SliceLexer<'t>,
        place: &mut Place<'_>,
    ) -> Result<(), StaysText> {
        match next {
            b'"' => {
                lexer.take_next();
                place.text(|text| self.string(lexer, |piece| text.push_str(piece)))?;
            }
            b'-' | b'0'..=b'9' => {
                let (number, rest) = number::take(lexer.as_slice()).ok_or(StaysText)?;
                *lexer = SliceLexer::new(rest);
                match number {
                    Number::Int(it) => place.put(it),
                    Number::Float(it) => place.put(it),
                }
            }
            _ => place.put(lexer.null_or_bool().ok_or(StaysText)?),
        }
        Ok(())
    }

    /// Reads a string after its first quotation mark.
    fn string(
        &self,
        lexer: &mut SliceLexer<'t>,
        mut push: impl FnMut(&str),
    ) -> Result<(), StaysText> {
        loop {
            push(self.piece(lexer));
            match lexer.take_next() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => {
                    let kind = lexer.take_next().ok_or(StaysText)?;
                    let character = lexer.escape(kind).map_err(|_| StaysText)?;
                    push(character.encode_utf8(&mut [0; 4]));
                }
                _ => return Err(StaysText),
            }
        }
    }

    /// The text up to what ends a piece of a string.
    fn piece(&self, lexer: &mut SliceLexer<'t>) -> &'t str {
        let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
        let rest = lexer.as_slice();
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        *lexer = SliceLexer::new(rest.get(length..).unwrap_or_default());
        // Both ends are next to ASCII characters, and so between characters.
        let start = self.text.len() - rest.len();
        self.text.get(start..start + length).unwrap_or_default()
    }
}
