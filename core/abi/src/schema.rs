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

/// How deep types are nested, as [`walk`] counts it: a type without parts is 1 deep. Works at
/// compile time.
mod depth {
    use super::{NamedType, NamedValue, Shape, Variant};

    pub(super) const fn of(ty: &NamedType) -> usize {
        1 + match ty.ty {
            Shape::Option(part) | Shape::NewtypeStruct(part) | Shape::Seq(part) => of(part),
            Shape::Tuple(parts) | Shape::TupleStruct(parts) => types(parts),
            Shape::Map { key, val } => max(of(key), of(val)),
            Shape::Struct(parts) => fields(parts),
            Shape::Enum(variants) => {
                let mut deepest = 0;
                let mut at = 0;
                while at < variants.len() {
                    deepest = max(deepest, variant(variants[at].ty));
                    at += 1;
                }
                deepest
            }
            _ => 0,
        }
    }

    const fn variant(of_kind: &Variant) -> usize {
        match of_kind {
            Variant::UnitVariant => 0,
            Variant::NewtypeVariant(part) => of(part),
            Variant::TupleVariant(parts) => types(parts),
            Variant::StructVariant(parts) => fields(parts),
        }
    }

    const fn types(parts: &[&NamedType]) -> usize {
        let mut deepest = 0;
        let mut at = 0;
        while at < parts.len() {
            deepest = max(deepest, of(parts[at]));
            at += 1;
        }
        deepest
    }

    const fn fields(parts: &[&NamedValue]) -> usize {
        let mut deepest = 0;
        let mut at = 0;
        while at < parts.len() {
            deepest = max(deepest, of(parts[at].ty));
            at += 1;
        }
        deepest
    }

    /// [`Ord::max`], at compile time.
    const fn max(a: usize, b: usize) -> usize {
        if a > b { a } else { b }
    }
}

/// Writers that work at compile time. Each takes the position, writes what fits, and answers the
/// position after it, so that an empty `out` measures.
pub(crate) mod put {
    use super::{Declaration, LAYOUT_VERSION, NamedType, NamedValue, Shape, Variant};

    pub(crate) const fn byte(out: &mut [u8], at: usize, byte: u8) -> usize {
        if at < out.len() {
            out[at] = byte;
        }
        at + 1
    }

    pub(crate) const fn varint(out: &mut [u8], mut at: usize, mut value: usize) -> usize {
        while value >= 0x80 {
            at = byte(out, at, value as u8 | 0x80);
            value >>= 7;
        }
        byte(out, at, value as u8)
    }

    pub(crate) const fn text(out: &mut [u8], at: usize, text: &str) -> usize {
        let mut at = varint(out, at, text.len());
        let mut from = 0;
        while from < text.len() {
            at = byte(out, at, text.as_bytes()[from]);
            from += 1;
        }
        at
    }

    pub(crate) const fn section(out: &mut [u8], entries: &[Declaration]) -> usize {
        let mut at = varint(out, 0, LAYOUT_VERSION as usize);
        at = varint(out, at, entries.len());
        let mut from = 0;
        while from < entries.len() {
            at = text(out, at, entries[from].name);
            at = named_type(out, at, entries[from].request);
            at = named_type(out, at, entries[from].reply);
            from += 1;
        }
        at
    }

    const fn named_type(out: &mut [u8], at: usize, ty: &NamedType) -> usize {
        let at = text(out, at, ty.name);
        match ty.ty {
            Shape::Bool => byte(out, at, 0),
            Shape::I8 => byte(out, at, 1),
            Shape::U8 => byte(out, at, 2),
            Shape::I16 => byte(out, at, 3),
            Shape::I32 => byte(out, at, 4),
            Shape::I64 => byte(out, at, 5),
            Shape::I128 => byte(out, at, 6),
            Shape::U16 => byte(out, at, 7),
            Shape::U32 => byte(out, at, 8),
            Shape::U64 => byte(out, at, 9),
            Shape::U128 => byte(out, at, 10),
            Shape::Usize => byte(out, at, 11),
            Shape::Isize => byte(out, at, 12),
            Shape::F32 => byte(out, at, 13),
            Shape::F64 => byte(out, at, 14),
            Shape::Char => byte(out, at, 15),
            Shape::String => byte(out, at, 16),
            Shape::ByteArray => byte(out, at, 17),
            Shape::Option(of) => inner(out, at, 18, of),
            Shape::Unit => byte(out, at, 19),
            Shape::UnitStruct => byte(out, at, 20),
            Shape::NewtypeStruct(of) => inner(out, at, 21, of),
            Shape::Seq(of) => inner(out, at, 22, of),
            Shape::Tuple(of) => types(out, at, 23, of),
            Shape::TupleStruct(of) => types(out, at, 24, of),
            Shape::Map { key, val } => {
                let at = inner(out, at, 25, key);
                named_type(out, at, val)
            }
            Shape::Struct(of) => fields(out, at, 26, of),
            Shape::Enum(of) => {
                let at = byte(out, at, 27);
                let mut at = varint(out, at, of.len());
                let mut from = 0;
                while from < of.len() {
                    at = text(out, at, of[from].name);
                    at = variant(out, at, of[from].ty);
                    from += 1;
                }
                at
            }
            Shape::Schema => byte(out, at, 28),
        }
    }

    const fn inner(out: &mut [u8], at: usize, shape: u8, of: &NamedType) -> usize {
        let at = byte(out, at, shape);
        named_type(out, at, of)
    }

    const fn variant(out: &mut [u8], at: usize, of: &Variant) -> usize {
        match of {
            Variant::UnitVariant => byte(out, at, 0),
            Variant::NewtypeVariant(of) => inner(out, at, 1, of),
            Variant::TupleVariant(of) => types(out, at, 2, of),
            Variant::StructVariant(of) => fields(out, at, 3, of),
        }
    }

    const fn types(out: &mut [u8], at: usize, shape: u8, of: &[&NamedType]) -> usize {
        let at = byte(out, at, shape);
        let mut at = varint(out, at, of.len());
        let mut from = 0;
        while from < of.len() {
            at = named_type(out, at, of[from]);
            from += 1;
        }
        at
    }

    const fn fields(out: &mut [u8], at: usize, shape: u8, of: &[&NamedValue]) -> usize {
        let at = byte(out, at, shape);
        let mut at = varint(out, at, of.len());
        let mut from = 0;
        while from < of.len() {
            at = text(out, at, of[from].name);
            at = named_type(out, at, of[from].ty);
            from += 1;
        }
        at
    }
}

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
mod tests {
    use super::*;
    use std::vec::Vec;

    #[derive(Schema)]
    #[allow(dead_code)]
    struct Sample<'a> {
        celsius: f32,
        tag: Option<u16>,
        raw: &'a [u8],
        kind: Kind,
        pair: (i8, char),
        unit: (),
    }

    #[derive(Schema)]
    #[allow(dead_code)]
    enum Kind {
        Off,
        Slow(u8),
        Both(u32, Wrapped),
        Fast { rpm: u64 },
    }

    #[derive(Schema)]
    #[allow(dead_code)]
    struct Wrapped(bool);

    const ENTRIES: &[Declaration] = &[
        Declaration { name: "filter", request: Sample::SCHEMA, reply: u64::SCHEMA },
        Declaration { name: "execute", request: Context::SCHEMA, reply: Outcome::SCHEMA },
    ];
    const SECTION: [u8; encoded_len(ENTRIES)] = to_bytes(ENTRIES);

    #[test]
    fn a_small_section_has_the_documented_bytes() {
        const ONE: &[Declaration] =
            &[Declaration { name: "go", request: u8::SCHEMA, reply: <[bool]>::SCHEMA }];
        let golden = b"\x01\x01\x02go\x02u8\x02\x03[T]\x16\x04bool\x00";
        assert_eq!(to_bytes::<{ encoded_len(ONE) }>(ONE), *golden);
    }

    #[test]
    fn a_type_is_what_postcard_makes_of_its_schema() {
        let types = SECTION.get(2 + 7..).unwrap();
        for ty in [Sample::SCHEMA, u64::SCHEMA] {
            let mut buffer = [0; 512];
            let expected = crate::encode(ty, &mut buffer).unwrap();
            assert!(types.windows(expected.len()).any(|window| window == expected), "{ty:?}");
        }
    }

    #[test]
    fn types_read_like_declarations() {
        let entries = Entries::from_section(&SECTION).unwrap();
        let shown: Vec<_> = entries
            .iter()
            .map(|it| std::format!("{}: {} -> {}", it.name, it.request, it.reply))
            .collect();
        assert_eq!(
            shown,
            [
                "filter: Sample { celsius: f32, tag: Option<u16>, raw: [u8], \
                 kind: Kind = Off | Slow(u8) | Both(u32, Wrapped(bool)) | Fast { rpm: u64 }, \
                 pair: (i8, char), unit: () } -> u64",
                "execute: Context { request_id: String, headers: {String: String}, \
                 parameters: {String: String} } -> \
                 Outcome { success: bool, data: Value, error: Option<String> }",
            ]
        );
    }

    type Twice<T> = Option<Option<T>>;
    type Deepest = Twice<Twice<Twice<Twice<Twice<Twice<Twice<Option<u8>>>>>>>>;

    #[test]
    fn depth_is_measured_as_it_is_walked() {
        #[derive(Schema)]
        #[allow(dead_code)]
        enum Many {
            Unit,
            New(Twice<u8>),
            Tuple(u8, Twice<Twice<u8>>),
            Struct { a: u8, b: Twice<Twice<Twice<u8>>> },
        }
        #[derive(Schema)]
        #[allow(dead_code)]
        struct Tuple(u8, Twice<u8>, u8);
        #[derive(Schema)]
        struct Nothing;

        const DEEP: &NamedType = Twice::<Twice<u8>>::SCHEMA;
        const KEY: NamedType = NamedType { name: "", ty: &Shape::Map { key: DEEP, val: TEXT } };
        const VALUE: NamedType = NamedType { name: "", ty: &Shape::Map { key: TEXT, val: DEEP } };

        // Each kind of variant as the deepest one.
        #[derive(Schema)]
        #[allow(dead_code)]
        enum New {
            Unit,
            New(Twice<u8>),
        }
        #[derive(Schema)]
        #[allow(dead_code)]
        enum Pair {
            Tuple(u8, Twice<u8>),
            Unit,
        }

        for (ty, expected) in [
            (u8::SCHEMA, 1),
            (<()>::SCHEMA, 1),
            (Value::SCHEMA, 1),
            (Nothing::SCHEMA, 1),
            (Wrapped::SCHEMA, 2),
            (<[Twice<u8>]>::SCHEMA, 4),
            (<(u8, Twice<u8>, u8)>::SCHEMA, 4),
            (Tuple::SCHEMA, 4),
            (&KEY, 6),
            (&VALUE, 6),
            (New::SCHEMA, 4),
            (Pair::SCHEMA, 4),
            (Many::SCHEMA, 8),
            (Kind::SCHEMA, 3),
            (Sample::SCHEMA, 4),
            (Context::SCHEMA, 3),
            (Outcome::SCHEMA, 3),
            (Deepest::SCHEMA, MAX_TYPE_DEPTH),
            (Option::<Deepest>::SCHEMA, MAX_TYPE_DEPTH + 1),
        ] {
            assert_eq!(depth::of(ty), expected, "{ty:?}");
            let mut buffer = [0; 512];
            let bytes = &*crate::encode(ty, &mut buffer).unwrap();
            assert_eq!(walk(bytes, expected, &mut Nowhere), Ok(&[][..]), "{ty:?}");
            let error = walk(bytes, expected - 1, &mut Nowhere).unwrap_err();
            assert_eq!(error, DecodeError::TooDeep, "{ty:?}");
        }
    }

    #[test]
    fn the_deepest_type_is_read_by_the_host() {
        const DEEP: &[Declaration] =
            &[Declaration { name: "go", request: Deepest::SCHEMA, reply: Deepest::SCHEMA }];
        const BYTES: [u8; encoded_len(DEEP)] = to_bytes(DEEP);
        assert_eq!(Entries::from_section(&BYTES).unwrap().len(), 1);
    }

    #[test]
    #[should_panic(expected = "nested deeper")]
    fn a_request_that_is_too_deep_is_refused() {
        const DEEP: &[Declaration] =
            &[Declaration { name: "go", request: Option::<Deepest>::SCHEMA, reply: u8::SCHEMA }];
        let _ = to_bytes::<{ encoded_len(DEEP) }>(DEEP);
    }

    #[test]
    #[should_panic(expected = "nested deeper")]
    fn a_reply_that_is_too_deep_is_refused() {
        const DEEP: &[Declaration] =
            &[Declaration { name: "go", request: u8::SCHEMA, reply: Option::<Deepest>::SCHEMA }];
        let _ = to_bytes::<{ encoded_len(DEEP) }>(DEEP);
    }

    #[test]
    fn nesting_and_lies_end_in_an_error() {
        let deep = [&b"\x01\x01\x00"[..], &b"\x00\x16".repeat(17), b"\x00\x00\x00\x00"].concat();
        assert_eq!(Entries::from_section(&deep).unwrap_err(), DecodeError::TooDeep);
        for end in 0..SECTION.len() {
            assert!(Entries::from_section(&SECTION[..end]).is_err(), "cut at {end}");
        }
        for (bytes, error) in [
            (&b"\x02\x00"[..], DecodeError::Type),
            (b"\x01\xff\xff\xff\xff\x0f", DecodeError::Truncated),
            (b"\x01\x01\x00\x00\x1d", DecodeError::Tag),
            (b"\x01\x01\x01\x1b\x00\x00\x00\x00", DecodeError::Type),
            (b"\x01\x00!", DecodeError::Trailing { bytes: 1 }),
        ] {
            let found = Entries::from_section(bytes).unwrap_err();
            assert_eq!(found, error, "{found}");
        }
    }
}
