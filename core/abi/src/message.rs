//! The messages that every plugin of the reference kind speaks.

use crate::{
    Pairs, Value,
    codec::{Decode, DecodeError},
};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

/// What a plugin is asked: the message of `execute` and of `ampoule_init`.
///
/// | field | wire |
/// |---|---|
/// | `request_id` | string |
/// | `headers` | [`Pairs`] |
/// | `parameters` | [`Pairs`] |
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize)]
pub struct Context<'a> {
    /// Names the request in logs and replies.
    pub request_id: &'a str,
    /// About the request: content type, origin and the like.
    pub headers: Pairs<'a>,
    /// What the plugin is to work on.
    pub parameters: Pairs<'a>,
}

impl<'a> Decode<'a> for Context<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (request_id, rest) = <&str>::decode_prefix(bytes)?;
        let (headers, rest) = Pairs::decode_prefix(rest)?;
        let (parameters, rest) = Pairs::decode_prefix(rest)?;
        Ok((Self { request_id, headers, parameters }, rest))
    }
}

/// What a plugin answers: the reply of `execute`.
///
/// | field | wire |
/// |---|---|
/// | `success` | one byte, 0 or 1 |
/// | `data` | [`Value`] |
/// | `error` | 0, or 1 and a string |
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Outcome<'a> {
    /// The plugin did what it was asked.
    pub success: bool,
    /// The result, of any shape.
    pub data: Value<'a>,
    /// Why `success` is false.
    pub error: Option<&'a str>,
}

impl<'a> Outcome<'a> {
    /// A success with `data`.
    #[must_use]
    pub const fn success(data: Value<'a>) -> Self {
        Self { success: true, data, error: None }
    }

    /// A failure that tells why.
    #[must_use]
    pub const fn error(why: &'a str) -> Self {
        Self { success: false, data: Value::Null, error: Some(why) }
    }
}

impl<'a> Decode<'a> for Outcome<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (success, rest) = bool::decode_prefix(bytes)?;
        let (data, rest) = Value::decode_prefix(rest)?;
        let (error, rest) = <Option<&str>>::decode_prefix(rest)?;
        Ok((Self { success, data, error }, rest))
    }
}

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // JSON leaves an empty error out, as the reference system does; the wire never does.
        let leave_out = serializer.is_human_readable() && self.error.is_none();
        let fields = if leave_out { 2 } else { 3 };
        let mut outcome = serializer.serialize_struct("Outcome", fields)?;
        outcome.serialize_field("success", &self.success)?;
        outcome.serialize_field("data", &self.data)?;
        if leave_out {
            outcome.skip_field("error")?;
        } else {
            outcome.serialize_field("error", &self.error)?;
        }
        outcome.end()
    }
}

/// Why an entry has no reply: what lies where a [`PackedReply`](crate::PackedReply) with its sign bit
/// points.
///
/// | field | wire |
/// |---|---|
/// | `code` | varint, 32 bits |
/// | `message` | string |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure<'a> {
    /// Below [`failure_code::FIRST_OF_PLUGIN`]: given by the SDK. From there on: the plugin's own.
    pub code: u32,
    /// One line for a person.
    pub message: &'a str,
}

/// The codes of a [`Failure`] that the ABI gives a meaning.
pub mod failure_code {
    /// The message in the mailbox isn't what the entry takes.
    pub const BAD_MESSAGE: u32 = 1;
    /// The reply doesn't fit into the guest's reply buffer.
    pub const REPLY_TOO_LARGE: u32 = 2;
    /// The entry was called before a successful `ampoule_init`.
    pub const NOT_INITIALIZED: u32 = 3;
    /// The first code that is the plugin's own.
    pub const FIRST_OF_PLUGIN: u32 = 100;
}
