//! Bytes in, messages out: postcard with hostile input in mind.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A message that decodes from the bytes it lies in, borrowing what it can.
///
/// Every [`serde::Deserialize`] type is one. [`Context`](crate::Context), [`Outcome`](crate::Outcome)
/// and [`Value`](crate::Value) are ones of their own, since their lists stay encoded until they are
/// walked: that needs no heap, and nesting costs no stack.
pub trait Decode<'a>: Sized {
    /// Reads one message from the start of `bytes` and answers the rest.
    ///
    /// # Errors
    /// [`DecodeError`] tells which rule of the format the bytes break.
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError>;

    /// Reads one message that fills `bytes`.
    ///
    /// # Errors
    /// As [`Self::decode_prefix`], and [`DecodeError::Trailing`] if bytes are left over.
    fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        match Self::decode_prefix(bytes)? {
            (message, []) => Ok(message),
            (_, rest) => Err(DecodeError::Trailing { bytes: rest.len() }),
        }
    }
}

impl<'a, T: Deserialize<'a>> Decode<'a> for T {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        postcard::take_from_bytes(bytes).map_err(DecodeError::from)
    }
}

/// Writes `message` to the start of `out` and answers the bytes written.
///
/// # Errors
/// [`EncodeError::Full`] if it doesn't fit: give a buffer of [`encoded_len`] bytes.
pub fn encode<'b, T: Serialize + ?Sized>(
    message: &T,
    out: &'b mut [u8],
) -> Result<&'b mut [u8], EncodeError> {
    postcard::to_slice(message, out).map_err(EncodeError::from)
}

/// The number of bytes that [`encode`] writes for `message`; 0 if it can't be encoded at all.
#[must_use]
pub fn encoded_len<T: Serialize + ?Sized>(message: &T) -> usize {
    let size = postcard::ser_flavors::Size::default();
    postcard::serialize_with_flavor(message, size).unwrap_or(0)
}

/// Why bytes aren't the message that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside the message. Cure: send all of it, with its true length.
    Truncated,
    /// A number runs on past its type's width. Cure: encode it as a postcard varint.
    Varint,
    /// A string isn't UTF-8. Cure: send it as bytes, or encode it.
    Utf8,
    /// A bool, an option or an enum has a tag that its type doesn't have. Cure: check that both
    /// sides use the same type, field by field.
    Tag,
    /// Values are nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH). Cure: flatten them.
    TooDeep,
    /// The message ends before its bytes do. Cure: check that both sides use the same type.
    Trailing {
        /// How many bytes are left over.
        bytes: usize,
    },
    /// The type's own check failed, which is also how serde reports an unknown variant of a derived
    /// enum, and how the owned `Value` reports an unknown tag or nesting too deep. Cure: see the
    /// type's documentation.
    Type,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the bytes end inside the message"),
            Self::Varint => f.write_str("a number runs on past its type's width"),
            Self::Utf8 => f.write_str("a string is not UTF-8"),
            Self::Tag => f.write_str("a tag is not one of its type's"),
            Self::TooDeep => write!(f, "values are nested deeper than {}", crate::MAX_DEPTH),
            Self::Trailing { bytes } => write!(f, "{bytes} bytes are left after the message"),
            Self::Type => f.write_str("the type's own check failed"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl From<postcard::Error> for DecodeError {
    fn from(error: postcard::Error) -> Self {
        match error {
            postcard::Error::DeserializeUnexpectedEnd => Self::Truncated,
            postcard::Error::DeserializeBadVarint => Self::Varint,
            postcard::Error::DeserializeBadUtf8 | postcard::Error::DeserializeBadChar => Self::Utf8,
            postcard::Error::DeserializeBadBool
            | postcard::Error::DeserializeBadOption
            | postcard::Error::DeserializeBadEnum => Self::Tag,
            _ => Self::Type,
        }
    }
}

/// Why a message couldn't be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The buffer is too small. Cure: one of [`encoded_len`] bytes.
    Full,
    /// The type can't be written as postcard: a sequence without a known length, or an error of its
    /// own. Cure: give sequences their length.
    Type,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the buffer is too small for the message",
            Self::Type => "the type can't be written as postcard",
        })
    }
}

impl core::error::Error for EncodeError {}

impl From<postcard::Error> for EncodeError {
    fn from(error: postcard::Error) -> Self {
        match error {
            postcard::Error::SerializeBufferFull => Self::Full,
            _ => Self::Type,
        }
    }
}

/// Reads a postcard varint as a length.
pub(crate) fn take_count(bytes: &[u8]) -> Result<(u32, &[u8]), DecodeError> {
    u32::decode_prefix(bytes)
}

/// The part of `whole` that lies before its tail `rest`.
pub(crate) fn before<'a>(whole: &'a [u8], rest: &[u8]) -> &'a [u8] {
    whole.get(..whole.len().saturating_sub(rest.len())).unwrap_or_default()
}
