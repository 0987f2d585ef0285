//! What an Ampoule host and its plugins agree on, compiled by both sides.
//!
//! - [`export`] and [`import`]: the names across the sandbox wall, and [`PackedReply`], the
//!   one number that an entry answers with;
//! - [`Context`], [`Outcome`], [`Failure`], [`Value`]: the messages, in borrowed forms that decode
//!   in place without a heap; the owned forms are in [`owned`] behind the feature `alloc`;
//! - [`Meta`] and [`schema`]: the two custom sections that a host reads before a module runs;
//! - [`Status`]: how a service refuses;
//! - [`service!`]: a service of your own, declared once for both sides.
//!
//! Everything on the wire is [postcard](https://postcard.jamesmunns.com/wire-format), revision 1.
//! `docs/abi.md` has the layout tables and golden bytes for those who write an SDK in another
//! language.
//!
//! ```
//! use ampoule_abi::{Context, Decode, Pairs, encode};
//!
//! let context = Context {
//!     request_id: "req-001",
//!     headers: Pairs::EMPTY,
//!     parameters: Pairs::from_slice(&[("action", "transform")]),
//! };
//! let mut mailbox = [0; 64];
//! let bytes = encode(&context, &mut mailbox)?;
//! let back = Context::decode(bytes)?;
//! assert_eq!(back.parameters.get("action"), Some("transform"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod codec;
mod message;
mod meta;
mod names;
#[cfg(feature = "alloc")]
pub mod owned;
mod packed;
mod pairs;
pub mod schema;
pub mod service;
mod status;
mod text;
mod value;

pub use codec::{Decode, DecodeError, EncodeError, encode, encoded_len};
pub use message::{Context, Failure, Outcome, failure_code};
pub use meta::{MAX_AUTHOR_BYTES, MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES, Meta, MetaError};
pub use names::{ABI_VERSION, export, import, section};
pub use packed::PackedReply;
pub use pairs::Pairs;
pub use status::Status;
pub use text::is_printable;
pub use value::{List, MAX_DEPTH, Map, Value};
