//! Bytes and lists inside messages, without a heap on either side.

use ampoule_abi::{Decode, DecodeError, encode};
use core::{fmt, marker::PhantomData};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes in a message: a varint length, and that many.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Bytes<'a>(pub &'a [u8]);

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(deserializer).map(Self)
    }
}

/// A list of `T`, which stays encoded until it is walked: a varint length in bytes, and the elements
/// one after another.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Items<'a, T> {
    #[serde(borrow)]
    bytes: Bytes<'a>,
    of: PhantomData<fn() -> T>,
}

impl<'a, T: Decode<'a>> Items<'a, T> {
    /// Walks the elements. One that can't be read is the last.
    #[must_use]
    pub const fn iter(&self) -> ItemsIter<'a, T> {
        ItemsIter { rest: self.bytes.0, of: PhantomData }
    }
}

impl<T> Clone for Items<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Items<'_, T> {}

impl<T> Default for Items<'_, T> {
    fn default() -> Self {
        Self { bytes: Bytes(&[]), of: PhantomData }
    }
}

impl<T> PartialEq for Items<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Items<'_, T> {}

impl<'a, T: Decode<'a> + fmt::Debug> fmt::Debug for Items<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Decode<'a>> IntoIterator for Items<'a, T> {
    type Item = Result<T, DecodeError>;
    type IntoIter = ItemsIter<'a, T>;

    fn into_iter(self) -> ItemsIter<'a, T> {
        self.iter()
    }
}

/// Walks [`Items`].
pub struct ItemsIter<'a, T> {
    rest: &'a [u8],
    of: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for ItemsIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemsIter({} bytes left)", self.rest.len())
    }
}

impl<'a, T: Decode<'a>> Iterator for ItemsIter<'a, T> {
    type Item = Result<T, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match T::decode_prefix(self.rest) {
            // An element without bytes would go on for ever.
            Ok((_, rest)) if rest.len() == self.rest.len() => {
                self.rest = &[];
                Some(Err(DecodeError::Type))
            }
            Ok((item, rest)) => {
                self.rest = rest;
                Some(Ok(item))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

/// Where a device collects the elements of a list, as many as fit.
pub struct Batch<const BYTES: usize> {
    bytes: [u8; BYTES],
    used: usize,
}

impl<const BYTES: usize> Batch<BYTES> {
    /// Without elements.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; BYTES], used: 0 }
    }

    /// Adds an element. False if it doesn't fit, and it isn't in it then.
    #[must_use]
    pub fn push<T: Serialize>(&mut self, item: &T) -> bool {
        let Some(room) = self.bytes.get_mut(self.used..) else { return false };
        let Ok(written) = encode(item, room) else { return false };
        self.used += written.len();
        true
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn room(&self) -> usize {
        BYTES.saturating_sub(self.used)
    }

    /// The list. All that was pushed must be a `T`, or whoever reads it is told that it isn't.
    #[must_use]
    pub fn items<T>(&self) -> Items<'_, T> {
        let bytes = self.bytes.get(..self.used).unwrap_or_default();
        Items { bytes: Bytes(bytes), of: PhantomData }
    }
}

impl<const BYTES: usize> Default for Batch<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BYTES: usize> fmt::Debug for Batch<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} of {BYTES} bytes)", self.used)
    }
}
