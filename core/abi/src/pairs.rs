//! A list of names and texts that needs no heap on either side.

use crate::codec::{Decode, DecodeError, before, take_count};
use core::fmt;
use serde::{Serialize, Serializer, ser::SerializeSeq};

/// Names with their texts, in order: headers and parameters.
///
/// Decoded pairs stay encoded and are read as they are walked.
///
/// | offset | field |
/// |---|---|
/// | 0 | varint: number of pairs |
/// | … | each: name (varint length, UTF-8), text (varint length, UTF-8) |
#[derive(Clone, Copy, Default)]
pub struct Pairs<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    /// Checked: `count` well-formed pairs fill `bytes`.
    Encoded {
        count: u32,
        bytes: &'a [u8],
    },
    Slice(&'a [(&'a str, &'a str)]),
    #[cfg(feature = "alloc")]
    Owned(&'a [(alloc::string::String, alloc::string::String)]),
}

impl Default for Repr<'_> {
    fn default() -> Self {
        Self::Slice(&[])
    }
}

impl<'a> Pairs<'a> {
    /// No pairs.
    pub const EMPTY: Self = Self(Repr::Slice(&[]));

    /// Pairs to be sent.
    #[must_use]
    pub const fn from_slice(pairs: &'a [(&'a str, &'a str)]) -> Self {
        Self(Repr::Slice(pairs))
    }

    #[cfg(feature = "alloc")]
    pub(crate) const fn from_owned(
        pairs: &'a [(alloc::string::String, alloc::string::String)],
    ) -> Self {
        Self(Repr::Owned(pairs))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.0 {
            Repr::Encoded { count, .. } => count as usize,
            Repr::Slice(pairs) => pairs.len(),
            #[cfg(feature = "alloc")]
            Repr::Owned(pairs) => pairs.len(),
        }
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of the first pair called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.iter().find(|(found, _)| *found == name).map(|(_, text)| text)
    }

    /// Walks the pairs in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'a> {
        Iter { pairs: *self, at: 0 }
    }
}

/// Walks [`Pairs`] in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    pairs: Pairs<'a>,
    at: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        self.at += 1;
        match &mut self.pairs.0 {
            Repr::Encoded { bytes, .. } => {
                let (pair, rest) = Decode::decode_prefix(bytes).ok()?;
                *bytes = rest;
                Some(pair)
            }
            Repr::Slice(pairs) => pairs.get(at).copied(),
            #[cfg(feature = "alloc")]
            Repr::Owned(pairs) => pairs.get(at).map(|(name, text)| (name.as_str(), text.as_str())),
        }
    }
}

impl<'a> IntoIterator for Pairs<'a> {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> Decode<'a> for Pairs<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (count, start) = take_count(bytes)?;
        let mut rest = start;
        // A pair is at least two bytes, so a lying count ends with the bytes, not with the count.
        for _ in 0..count {
            (_, rest) = <(&str, &str)>::decode_prefix(rest)?;
        }
        Ok((Self(Repr::Encoded { count, bytes: before(start, rest) }), rest))
    }
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_map(self.iter());
        }
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        for pair in self.iter() {
            seq.serialize_element(&pair)?;
        }
        seq.end()
    }
}

impl PartialEq for Pairs<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
