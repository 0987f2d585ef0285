//! Typed entries: methods that take a message and answer one.

use crate::{
    Decode, DecodeError, Failure, Reply, Schema,
    glue::{Declaration, RawReply},
};
use serde::Serialize;

/// What a typed entry may answer: `Result<T, Failure>` of any message `T`, or [`Encoded`].
pub trait Answer<'a> {
    /// The message on the wire.
    type Message;

    /// Sends the answer, unless it lies somewhere already.
    #[doc(hidden)]
    fn answer(self, reply: Reply<'a>) -> RawReply<'a>;
}

impl<'a, T: Serialize> Answer<'a> for Result<T, Failure<'_>> {
    type Message = T;

    fn answer(self, reply: Reply<'a>) -> RawReply<'a> {
        match self {
            Ok(message) => reply.message(&message),
            Err(failure) => reply.raw_failure(failure),
        }
    }
}

/// A message together with the bytes that it was decoded from.
///
/// As an answer it is sent from where it lies: in the mailbox, if it came as the request. Nothing
/// is copied then, and it may be larger than the reply buffer.
///
/// ```
/// use ampoule_guest::Encoded;
///
/// struct Echo;
///
/// impl Echo {
///     fn echo<'a>(&mut self, bytes: Encoded<'a, &'a [u8]>) -> Encoded<'a, &'a [u8]> {
///         bytes
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded<'a, T> {
    message: T,
    bytes: &'a [u8],
}

impl<T> Encoded<'_, T> {
    /// The message.
    pub const fn message(&self) -> &T {
        &self.message
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Encoded<'a, T> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (message, rest) = T::decode_prefix(bytes)?;
        let length = bytes.len().saturating_sub(rest.len());
        let bytes = bytes.get(..length).unwrap_or_default();
        Ok((Self { message, bytes }, rest))
    }
}

impl<'a, T> Answer<'a> for Encoded<'a, T> {
    type Message = T;

    fn answer(self, _: Reply<'a>) -> RawReply<'a> {
        RawReply { failed: false, bytes: self.bytes }
    }
}

impl<T: Schema> Schema for Encoded<'_, T> {
    const SCHEMA: &'static postcard_schema::schema::NamedType = T::SCHEMA;
}

/// Declares the entry `name` by its method, whose types say the rest.
///
/// # Panics
/// If the ABI or the compiler keeps the name for itself: at compile time.
#[must_use]
pub const fn declare<P: 'static, Request: Schema, A: Answer<'static>>(
    name: &'static str,
    entry: fn(&'static mut P, Request) -> A,
) -> Declaration
where
    A::Message: Schema,
{
    let _ = entry;
    let name = export_name(name);
    assert!(
        is_free(name.as_bytes()),
        "entries are not called `_…`, `ampoule_…` or `memory`, nor like the functions that the \
         compiler calls by itself: `memcpy`, `memmove`, `memset`, `memcmp`, `bcmp`"
    );
    Declaration { name, request: Request::SCHEMA, reply: A::Message::SCHEMA }
}

/// The name of the export that an identifier makes: `r#move` makes `move`.
const fn export_name(identifier: &str) -> &str {
    match identifier.as_bytes() {
        [b'r', b'#', ..] => identifier.split_at(2).1,
        _ => identifier,
    }
}

/// What [`ampoule_abi::export::is_entry`] tells, at compile time, and that no other export and no
/// function has it that the compiler calls by itself: an entry would take that one's place.
const fn is_free(name: &[u8]) -> bool {
    let reserved = ampoule_abi::export::RESERVED_PREFIX.as_bytes();
    let mut at = 0;
    while at < reserved.len() && at < name.len() && name[at] == reserved[at] {
        at += 1;
    }
    at < reserved.len()
        && !matches!(
            name,
            [b'_', ..] | b"memory" | b"memcpy" | b"memmove" | b"memset" | b"memcmp" | b"bcmp"
        )
}

#[cfg(test)]
mod tests {
    use super::{declare, export_name, is_free};
    use crate::Failure;
    use ampoule_abi::export;

    #[test]
    fn names_of_the_abi_and_of_toolchains_are_not_free() {
        for (name, free) in [
            ("execute", true),
            ("echo", true),
            ("ampoule", true),
            ("ampoules", true),
            ("", true),
            ("ampoule_", false),
            ("ampoule_init", false),
            ("_initialize", false),
            ("_", false),
        ] {
            assert_eq!(is_free(name.as_bytes()), free, "{name}");
            assert_eq!(export::is_entry(name), free, "{name}");
        }
        assert!(!is_free(export::MEMORY.as_bytes()));
    }

    #[test]
    fn names_of_the_compiler_are_not_free() {
        for name in ["memcpy", "memmove", "memset", "memcmp", "bcmp"] {
            assert!(!is_free(name.as_bytes()), "{name}");
        }
        for name in ["mem", "memcpy_", "memcp", "move", "bcmp2"] {
            assert!(is_free(name.as_bytes()), "{name}");
        }
    }

    fn entry(_: &'static mut (), _: u8) -> Result<u8, Failure<'static>> {
        Ok(0)
    }

    #[test]
    #[should_panic(expected = "compiler")]
    fn a_name_that_is_not_free_is_not_declared() {
        let _ = declare("r#memcpy", entry);
    }

    #[test]
    fn a_raw_identifier_is_declared_as_it_is_exported() {
        assert_eq!(declare(stringify!(r#move), entry).name, "move");
        for (identifier, name) in
            [("r#move", "move"), ("move", "move"), ("r", "r"), ("rmove", "rmove"), ("", "")]
        {
            assert_eq!(export_name(identifier), name);
        }
    }
}
