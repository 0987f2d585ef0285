//! Messages that the device passes on without reading them.

use ampoule_abi::{Decode, DecodeError};
use serde::{Serialize, Serializer, ser::SerializeTuple};

/// Bytes that are encoded already.
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| bytes.serialize_element(byte))?;
        bytes.end()
    }
}

/// A reply that stays encoded.
pub(crate) struct RawReply<'a>(pub(crate) &'a [u8]);

impl<'a> Decode<'a> for RawReply<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        Ok((Self(bytes), &[]))
    }
}
