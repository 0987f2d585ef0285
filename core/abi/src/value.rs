//! Any value, decoded in place.

use crate::codec::{Decode, DecodeError, before, take_count};
use core::fmt;
use serde::{Serialize, Serializer};

/// How deep lists and maps may be nested: a value inside `MAX_DEPTH` lists is the deepest.
///
/// Walking costs eight bytes of stack a level and no recursion, whatever the sender claims.
pub const MAX_DEPTH: usize = 32;

/// Any value: what `data` of an [`Outcome`](crate::Outcome) holds.
///
/// | tag | variant | then |
/// |---|---|---|
/// | 0 | `Null` | |
/// | 1 | `Bool` | one byte, 0 or 1 |
/// | 2 | `Int` | zigzag varint, 64 bits |
/// | 3 | `Float` | IEEE 754 binary64, 8 bytes, little endian |
/// | 4 | `Str` | varint length, UTF-8 |
/// | 5 | `Bytes` | varint length, bytes |
/// | 6 | `List` | varint number of values, the values |
/// | 7 | `Map` | varint number of pairs, each a string (as `Str` without its tag) and a value |
///
/// In formats for people (JSON) it looks as one would write it there; bytes are a list of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[allow(missing_docs)]
pub enum Value<'a> {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
    Bytes(&'a [u8]),
    List(List<'a>),
    Map(Map<'a>),
}

/// The values of a [`Value::List`], in order.
#[derive(Clone, Copy)]
pub struct List<'a>(Repr<'a, Value<'a>, OwnedItem>);

/// The names and values of a [`Value::Map`], in order; names may repeat.
#[derive(Clone, Copy)]
pub struct Map<'a>(Repr<'a, (&'a str, Value<'a>), OwnedEntry>);

#[cfg(feature = "alloc")]
type OwnedItem = crate::owned::Value;
#[cfg(feature = "alloc")]
type OwnedEntry = (alloc::string::String, crate::owned::Value);
#[cfg(not(feature = "alloc"))]
type OwnedItem = core::convert::Infallible;
#[cfg(not(feature = "alloc"))]
type OwnedEntry = core::convert::Infallible;

#[derive(Debug)]
enum Repr<'a, B, O> {
    /// Checked: `count` well-formed items fill `bytes`.
    Encoded {
        count: u32,
        bytes: &'a [u8],
    },
    Slice(&'a [B]),
    #[cfg_attr(not(feature = "alloc"), expect(dead_code, reason = "made from owned values only"))]
    Owned(&'a [O]),
}

impl<B, O> Clone for Repr<'_, B, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B, O> Copy for Repr<'_, B, O> {}

impl<B, O> Repr<'_, B, O> {
    fn len(&self) -> usize {
        match self {
            Self::Encoded { count, .. } => *count as usize,
            Self::Slice(items) => items.len(),
            Self::Owned(items) => items.len(),
        }
    }
}

/// What an item of a list or a map is, however it is stored.
trait Item<'a, O>: Sized + Copy {
    fn take(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError>;
    fn borrow(owned: &'a O) -> Self;
}

impl<'a> Item<'a, OwnedItem> for Value<'a> {
    fn take(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        Self::decode_prefix(bytes)
    }

    fn borrow(owned: &'a OwnedItem) -> Self {
        #[cfg(feature = "alloc")]
        return owned.borrow();
        #[cfg(not(feature = "alloc"))]
        match *owned {}
    }
}

impl<'a> Item<'a, OwnedEntry> for (&'a str, Value<'a>) {
    fn take(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (name, rest) = <&str>::decode_prefix(bytes)?;
        let (value, rest) = Value::decode_prefix(rest)?;
        Ok(((name, value), rest))
    }

    fn borrow(owned: &'a OwnedEntry) -> Self {
        #[cfg(feature = "alloc")]
        return (owned.0.as_str(), owned.1.borrow());
        #[cfg(not(feature = "alloc"))]
        match *owned {}
    }
}

struct Iter<'a, B, O> {
    items: Repr<'a, B, O>,
    at: usize,
}

impl<'a, B: Item<'a, O>, O> Iterator for Iter<'a, B, O> {
    type Item = B;

    fn next(&mut self) -> Option<B> {
        let at = self.at;
        self.at += 1;
        match &mut self.items {
            Repr::Encoded { bytes, .. } => {
                let (item, rest) = B::take(bytes).ok()?;
                *bytes = rest;
                Some(item)
            }
            Repr::Slice(items) => items.get(at).copied(),
            Repr::Owned(items) => items.get(at).map(B::borrow),
        }
    }
}

impl<'a> List<'a> {
    /// Values to be sent.
    #[must_use]
    pub const fn from_slice(values: &'a [Value<'a>]) -> Self {
        Self(Repr::Slice(values))
    }

    #[cfg(feature = "alloc")]
    pub(crate) const fn from_owned(values: &'a [OwnedItem]) -> Self {
        Self(Repr::Owned(values))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Walks the values in order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        Iter { items: self.0, at: 0 }
    }
}

impl<'a> Map<'a> {
    /// Names and values to be sent.
    #[must_use]
    pub const fn from_slice(entries: &'a [(&'a str, Value<'a>)]) -> Self {
        Self(Repr::Slice(entries))
    }

    #[cfg(feature = "alloc")]
    pub(crate) const fn from_owned(entries: &'a [OwnedEntry]) -> Self {
        Self(Repr::Owned(entries))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of the first entry called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Walks the entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        Iter { items: self.0, at: 0 }
    }
}

impl PartialEq for List<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl PartialEq for Map<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The tags on the wire.
pub(crate) mod tag {
    pub(crate) const NULL: u32 = 0;
    pub(crate) const BOOL: u32 = 1;
    pub(crate) const INT: u32 = 2;
    pub(crate) const FLOAT: u32 = 3;
    pub(crate) const STR: u32 = 4;
    pub(crate) const BYTES: u32 = 5;
    pub(crate) const LIST: u32 = 6;
    pub(crate) const MAP: u32 = 7;
}

impl<'a> Decode<'a> for Value<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (tag, body) = take_count(bytes)?;
        match tag {
            tag::LIST | tag::MAP => {
                let rest = skip(bytes)?;
                let (count, start) = take_count(body)?;
                let bytes = before(start, rest);
                let value = match tag {
                    tag::LIST => Value::List(List(Repr::Encoded { count, bytes })),
                    _ => Value::Map(Map(Repr::Encoded { count, bytes })),
                };
                Ok((value, rest))
            }
            _ => scalar(tag, body),
        }
    }
}

/// Reads the body of a value that holds no others.
fn scalar(tag: u32, body: &[u8]) -> Result<(Value<'_>, &[u8]), DecodeError> {
    fn read<'a, T: Decode<'a>>(
        body: &'a [u8],
        into: impl FnOnce(T) -> Value<'a>,
    ) -> Result<(Value<'a>, &'a [u8]), DecodeError> {
        T::decode_prefix(body).map(|(inner, rest)| (into(inner), rest))
    }
    match tag {
        tag::NULL => Ok((Value::Null, body)),
        tag::BOOL => read(body, Value::Bool),
        tag::INT => read(body, Value::Int),
        tag::FLOAT => read(body, Value::Float),
        tag::STR => read(body, Value::Str),
        tag::BYTES => read(body, Value::Bytes),
        _ => Err(DecodeError::Tag),
    }
}

/// Checks one value, with all that it holds, and answers what follows it.
fn skip(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    // How many values are still to come at each level, and whether names stand before them.
    let mut open: [(u32, bool); MAX_DEPTH] = [(0, false); MAX_DEPTH];
    let mut depth = 0;
    let mut rest = bytes;
    loop {
        let (tag, body) = take_count(rest)?;
        if tag == tag::LIST || tag == tag::MAP {
            let (count, after) = take_count(body)?;
            let level = open.get_mut(depth).ok_or(DecodeError::TooDeep)?;
            *level = (count, tag == tag::MAP);
            depth += 1;
            rest = after;
        } else {
            (_, rest) = scalar(tag, body)?;
        }
        // Close the levels that are complete; the next value belongs to the innermost open one.
        loop {
            let Some(level) = depth.checked_sub(1).and_then(|at| open.get_mut(at)) else {
                return Ok(rest);
            };
            if level.0 > 0 {
                level.0 -= 1;
                if level.1 {
                    (_, rest) = <&str>::decode_prefix(rest)?;
                }
                break;
            }
            depth -= 1;
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.serialize_for_people(serializer);
        }
        const NAME: &str = "Value";
        let out = serializer;
        match self {
            Self::Null => out.serialize_unit_variant(NAME, tag::NULL, "Null"),
            Self::Bool(it) => out.serialize_newtype_variant(NAME, tag::BOOL, "Bool", it),
            Self::Int(it) => out.serialize_newtype_variant(NAME, tag::INT, "Int", it),
            Self::Float(it) => out.serialize_newtype_variant(NAME, tag::FLOAT, "Float", it),
            Self::Str(it) => out.serialize_newtype_variant(NAME, tag::STR, "Str", it),
            Self::Bytes(it) => {
                out.serialize_newtype_variant(NAME, tag::BYTES, "Bytes", &RawBytes(it))
            }
            Self::List(it) => out.serialize_newtype_variant(NAME, tag::LIST, "List", it),
            Self::Map(it) => out.serialize_newtype_variant(NAME, tag::MAP, "Map", it),
        }
    }
}

impl Value<'_> {
    fn serialize_for_people<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(it) => serializer.serialize_bool(*it),
            Self::Int(it) => serializer.serialize_i64(*it),
            Self::Float(it) => serializer.serialize_f64(*it),
            Self::Str(it) => serializer.serialize_str(it),
            Self::Bytes(it) => serializer.serialize_bytes(it),
            Self::List(it) => it.serialize(serializer),
            Self::Map(it) => it.serialize(serializer),
        }
    }
}

struct RawBytes<'a>(&'a [u8]);

impl Serialize for RawBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq as _;
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|value| seq.serialize_element(&value))?;
        seq.end()
    }
}

impl Serialize for Map<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(Some(self.len()))?;
        self.iter().try_for_each(|(name, value)| map.serialize_entry(name, &value))?;
        map.end()
    }
}
