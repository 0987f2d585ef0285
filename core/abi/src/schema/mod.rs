//! What entries take and answer: the custom section `ampoule.schema`.
//!
//! | field | wire |
//! |---|---|
//! | layout version | varint: 1 |
//! | number of entries | varint |
//! | each: name | string |
//! | each: request, reply | [`Type`] |
//!
//! A [`Type`] is what [`postcard_schema::schema::NamedType`] is as postcard: a name and one of 29
//! shapes. The shape `Schema` (28), which no message carries, stands for "any
//! [`Value`]".

use crate::{
    Context, Failure, Outcome, Pairs, Value,
    codec::{Decode, DecodeError, before, take_count},
    text::all_printable,
};
use core::fmt::{self, Write};
use postcard_schema::{
    Schema,
    schema::{DataModelType as Shape, DataModelVariant as Variant, NamedType, NamedValue},
};

/// The version of the section's layout.
pub const LAYOUT_VERSION: u32 = 1;

/// How deep a message type may be nested.
pub const MAX_TYPE_DEPTH: usize = 16;

/// An entry as an SDK declares it.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// The export's name.
    pub name: &'static str,
    /// The message that it takes.
    pub request: &'static NamedType,
    /// The message that it answers.
    pub reply: &'static NamedType,
}

/// The number of bytes that [`to_bytes`] makes.
#[must_use]
pub const fn encoded_len(entries: &[Declaration]) -> usize {
    put::section(&mut [], entries)
}

/// The content of the section, for SDKs to place there at compile time.
///
/// # Panics
/// If `N` isn't [`encoded_len`] or a type is nested more than [`MAX_TYPE_DEPTH`] deep, so that no
/// host would read the section: at compile time, where this is meant to be called.
#[must_use]
pub const fn to_bytes<const N: usize>(entries: &[Declaration]) -> [u8; N] {
    let mut at = 0;
    while at < entries.len() {
        assert!(
            depth::of(entries[at].request) <= MAX_TYPE_DEPTH
                && depth::of(entries[at].reply) <= MAX_TYPE_DEPTH,
            "the request or the reply of an entry is a type nested deeper than MAX_TYPE_DEPTH (16)"
        );
        at += 1;
    }
    let mut bytes = [0; N];
    let written = put::section(&mut bytes, entries);
    assert!(written == N, "N is to be encoded_len(entries)");
    bytes
}

/// The entries that a section declares, checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entries<'a> {
    count: u32,
    bytes: &'a [u8],
}

/// One entry's message types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryTypes<'a> {
    /// The export's name.
    pub name: &'a str,
    /// The message that it takes.
    pub request: Type<'a>,
    /// The message that it answers.
    pub reply: Type<'a>,
}

impl<'a> Entries<'a> {
    /// Reads and checks the content of a section.
    ///
    /// # Errors
    /// [`DecodeError::Type`] for another layout version or a name that isn't
    /// [printable](crate::is_printable), else the rule that the bytes break.
    pub fn from_section(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (version, rest) = u32::decode_prefix(bytes)?;
        if version != LAYOUT_VERSION {
            return Err(DecodeError::Type);
        }
        let (count, entries) = take_count(rest)?;
        let mut rest = entries;
        for _ in 0..count {
            (_, rest) = EntryTypes::decode_prefix(rest)?;
        }
        match rest {
            [] => Ok(Self { count, bytes: entries }),
            _ => Err(DecodeError::Trailing { bytes: rest.len() }),
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Tells whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Walks the entries in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = EntryTypes<'a>> + use<'a> {
        let mut rest = self.bytes;
        core::iter::from_fn(move || {
            let (entry, after) = EntryTypes::decode_prefix(rest).ok()?;
            rest = after;
            Some(entry)
        })
    }
}

impl<'a> Decode<'a> for EntryTypes<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (name, rest) = name(bytes)?;
        let (request, rest) = Type::decode_prefix(rest)?;
        let (reply, rest) = Type::decode_prefix(rest)?;
        Ok((Self { name, request, reply }, rest))
    }
}

/// A message type, still encoded; its `Display` looks like the Rust declaration.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Type<'a> {
    bytes: &'a [u8],
}

impl<'a> Decode<'a> for Type<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let rest = walk(bytes, MAX_TYPE_DEPTH, &mut Nowhere)?;
        Ok((Self { bytes: before(bytes, rest) }, rest))
    }
}

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        walk(self.bytes, MAX_TYPE_DEPTH, f).map_or(Err(fmt::Error), |_| Ok(()))
    }
}

impl fmt::Debug for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Takes text and keeps none.
struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

/// Reads one type, writes it to `out` as a person would, and answers what follows it.
fn walk<'a>(bytes: &'a [u8], depth: usize, out: &mut dyn Write) -> Result<&'a [u8], DecodeError> {
    let depth = depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
    let (name, rest) = name(bytes)?;
    let (shape, rest) = take_count(rest)?;
    match shape {
        // The shapes without parts are told by their names: u8, bool, String, Unit structs.
        0..=17 | 20 | 28 => say(out, name, rest),
        18 => wrapped(out, "Option<", rest, depth, ">"),
        19 => say(out, "()", rest),
        21 => {
            say(out, name, rest)?;
            wrapped(out, "(", rest, depth, ")")
        }
        22 => wrapped(out, "[", rest, depth, "]"),
        23 => parts(out, "(", rest, depth, walk, ")"),
        24 => {
            say(out, name, rest)?;
            parts(out, "(", rest, depth, walk, ")")
        }
        25 => {
            let rest = wrapped(out, "{", rest, depth, ": ")?;
            wrapped(out, "", rest, depth, "}")
        }
        26 => {
            say(out, name, rest)?;
            parts(out, " { ", rest, depth, field, " }")
        }
        27 => {
            say(out, name, rest)?;
            parts(out, " = ", rest, depth, variant, "")
        }
        _ => Err(DecodeError::Tag),
    }
}

/// Reads a name; [`DecodeError::Type`] if it couldn't be shown to a person as it is.
fn name(bytes: &[u8]) -> Result<(&str, &[u8]), DecodeError> {
    let (name, rest) = <&str>::decode_prefix(bytes)?;
    if all_printable(name.as_bytes()) { Ok((name, rest)) } else { Err(DecodeError::Type) }
}

/// How one part of a type is read and written.
type Walk = for<'a> fn(&'a [u8], usize, &mut dyn Write) -> Result<&'a [u8], DecodeError>;

fn say<'a>(out: &mut dyn Write, text: &str, rest: &'a [u8]) -> Result<&'a [u8], DecodeError> {
    // A writer that is full ends the walk; `Nowhere`, which checks, never is.
    out.write_str(text).map_err(|_| DecodeError::Type)?;
    Ok(rest)
}

fn wrapped<'a>(
    out: &mut dyn Write,
    open: &str,
    bytes: &'a [u8],
    depth: usize,
    close: &str,
) -> Result<&'a [u8], DecodeError> {
    say(out, open, bytes)?;
    let rest = walk(bytes, depth, out)?;
    say(out, close, rest)
}

fn parts<'a>(
    out: &mut dyn Write,
    open: &str,
    bytes: &'a [u8],
    depth: usize,
    part: Walk,
    close: &str,
) -> Result<&'a [u8], DecodeError> {
    let separator = if close.is_empty() { " | " } else { ", " };
    let (count, mut rest) = take_count(bytes)?;
    say(out, open, rest)?;
    for at in 0..count {
        if at > 0 {
            say(out, separator, rest)?;
        }
        rest = part(rest, depth, out)?;
    }
    say(out, close, rest)
}

fn field<'a>(bytes: &'a [u8], depth: usize, out: &mut dyn Write) -> Result<&'a [u8], DecodeError> {
    let (name, rest) = name(bytes)?;
    say(out, name, rest)?;
    wrapped(out, ": ", rest, depth, "")
}

fn variant<'a>(
    bytes: &'a [u8],
    depth: usize,
    out: &mut dyn Write,
) -> Result<&'a [u8], DecodeError> {
    let (name, rest) = name(bytes)?;
    let (kind, rest) = take_count(rest)?;
    say(out, name, rest)?;
    match kind {
        0 => Ok(rest),
        1 => wrapped(out, "(", rest, depth, ")"),
        2 => parts(out, "(", rest, depth, walk, ")"),
        3 => parts(out, " { ", rest, depth, field, " }"),
        _ => Err(DecodeError::Tag),
    }
}

mod depth;

pub(crate) mod put;

const TEXT: &NamedType = &NamedType { name: "String", ty: &Shape::String };

impl Schema for Value<'_> {
    const SCHEMA: &'static NamedType = &NamedType { name: "Value", ty: &Shape::Schema };
}

impl Schema for Pairs<'_> {
    const SCHEMA: &'static NamedType =
        &NamedType { name: "Pairs", ty: &Shape::Map { key: TEXT, val: TEXT } };
}

impl Schema for Context<'_> {
    const SCHEMA: &'static NamedType = &NamedType {
        name: "Context",
        ty: &Shape::Struct(&[
            &NamedValue { name: "request_id", ty: TEXT },
            &NamedValue { name: "headers", ty: Pairs::SCHEMA },
            &NamedValue { name: "parameters", ty: Pairs::SCHEMA },
        ]),
    };
}

impl Schema for Outcome<'_> {
    const SCHEMA: &'static NamedType = &NamedType {
        name: "Outcome",
        ty: &Shape::Struct(&[
            &NamedValue { name: "success", ty: bool::SCHEMA },
            &NamedValue { name: "data", ty: Value::SCHEMA },
            &NamedValue {
                name: "error",
                ty: &NamedType { name: "Option<T>", ty: &Shape::Option(TEXT) },
            },
        ]),
    };
}

impl Schema for Failure<'_> {
    const SCHEMA: &'static NamedType = &NamedType {
        name: "Failure",
        ty: &Shape::Struct(&[
            &NamedValue { name: "code", ty: u32::SCHEMA },
            &NamedValue { name: "message", ty: TEXT },
        ]),
    };
}

#[cfg(test)]
mod tests;
