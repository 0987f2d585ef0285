//! How an entry answers.

use crate::{Failure, Outcome, Place, buffer::Buffer};
use ampoule_abi::{PackedReply, encode};
use serde::Serialize;

/// Where a reply lies, and whether it is one or a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawReply<'a> {
    pub(crate) failed: bool,
    pub(crate) bytes: &'a [u8],
}

/// The message isn't what the entry takes. Ready-made: a failure of the SDK's own costs no code.
pub(crate) const BAD_MESSAGE: RawReply<'_> = failure(b"\x01\x1bthe message does not decode");
/// The reply doesn't fit into the reply buffer.
pub(crate) const REPLY_TOO_LARGE: RawReply<'_> = failure(b"\x02\x16the reply does not fit");
/// No successful `init` came before.
pub(crate) const NOT_INITIALIZED: RawReply<'_> = failure(b"\x03\x1athe plugin has not started");

const fn failure(bytes: &[u8]) -> RawReply<'_> {
    RawReply { failed: true, bytes }
}

impl<'a> RawReply<'a> {
    /// A reply without content.
    pub(crate) const EMPTY: Self = Self { failed: false, bytes: &[] };

    /// The number that an export answers.
    #[must_use]
    pub fn to_bits(self) -> i64 {
        // Exposed: the host reads there by the number alone. From a mere `addr` the compiler could
        // conclude that nobody does, and drop what was written.
        pack(self.failed, self.bytes.as_ptr().expose_provenance(), self.bytes.len())
    }
}

/// Both fit: on wasm32 they have 32 bits, and no guest's memory has 2 GiB.
pub(crate) fn pack(failed: bool, address: usize, length: usize) -> i64 {
    let (address, length) = (address as u32, length as u32);
    PackedReply { failed, address, length }.to_bits().unwrap_or(i64::MIN)
}

/// The right to reply, once: to [`Plugin::execute`](crate::Plugin::execute).
///
/// A reply is written at once, so it may borrow from anything, local variables included.
pub struct Reply<'a> {
    buffer: &'a mut Buffer,
}

/// The proof that a [`Reply`] was used.
#[derive(Debug)]
#[must_use = "a plugin's `execute` returns it"]
pub struct Replied {
    failed: bool,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(buffer: &'a mut Buffer) -> Self {
        buffer.clear();
        Self { buffer }
    }

    /// Replies with an outcome that is complete.
    pub fn outcome(self, outcome: Outcome<'_>) -> Replied {
        self.buffer.byte(u8::from(outcome.success));
        Place::new(self.buffer).put(outcome.data);
        self.why(outcome.error)
    }

    /// Replies with a success whose data `write` puts into place.
    pub fn success(self, write: impl FnOnce(&mut Place<'_>)) -> Replied {
        self.buffer.byte(1);
        write(&mut Place::new(self.buffer));
        self.why(None)
    }

    /// Replies with an outcome that isn't a success, and tells why.
    pub fn error(self, why: &str) -> Replied {
        self.buffer.byte(0);
        Place::new(self.buffer);
        self.why(Some(why))
    }

    /// Ends an outcome with its `error`.
    fn why(self, error: Option<&str>) -> Replied {
        self.buffer.byte(u8::from(error.is_some()));
        if let Some(why) = error {
            self.buffer.sized(why.as_bytes());
        }
        Replied { failed: false }
    }

    /// Replies with any message.
    pub(crate) fn message(self, message: &impl Serialize) -> RawReply<'a> {
        match encode(message, self.buffer.all()) {
            Ok(bytes) => RawReply { failed: false, bytes },
            Err(_) => REPLY_TOO_LARGE,
        }
    }

    /// Has nothing to reply with, and tells why.
    pub fn failure(self, failure: Failure<'_>) -> Replied {
        self.buffer.varint(u64::from(failure.code));
        self.buffer.sized(failure.message.as_bytes());
        Replied { failed: true }
    }

    /// As [`Self::failure`], and done.
    pub(crate) fn raw_failure(self, failure: Failure<'_>) -> RawReply<'a> {
        Reply { buffer: self.buffer }.failure(failure).locate(self.buffer)
    }
}

impl Replied {
    /// Finds the reply in the buffer that it was written to.
    pub(crate) fn locate(self, buffer: &Buffer) -> RawReply<'_> {
        let Some(bytes) = buffer.written() else { return REPLY_TOO_LARGE };
        RawReply { failed: self.failed, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decode, failure_code};

    #[test]
    fn the_failures_of_the_sdk_are_what_the_abi_says() {
        for (reply, code) in [
            (BAD_MESSAGE, failure_code::BAD_MESSAGE),
            (REPLY_TOO_LARGE, failure_code::REPLY_TOO_LARGE),
            (NOT_INITIALIZED, failure_code::NOT_INITIALIZED),
        ] {
            let failure = Failure::decode(reply.bytes).unwrap();
            assert!(reply.failed);
            assert_eq!(failure.code, code);
        }
    }
}
