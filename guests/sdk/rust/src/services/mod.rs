//! What most hosts offer, and workstations besides (`fs`, `net`), as functions: see `docs/services.md`.
//!
//! ```
//! use ampoule_guest::{Status, services::{clock, kv, log}};
//!
//! fn remember_start() -> Result<(), Status> {
//!     let now = clock::now_us()?;
//!     kv::set("start", &now.to_le_bytes())?;
//!     log::info("started")
//! }
//!
//! // Here, on the workstation, there is no host to ask.
//! assert_eq!(remember_start(), Err(Status::NotFound));
//! ```
//!
//! A plugin imports the operations that it calls, and no others; its manifest and the device's policy
//! have to grant each of them, or the host refuses to load it. Requests are made on the stack, so a
//! function takes about as many bytes of it as its longest request has.
//!
//! # Errors
//!
//! Any operation may be refused with [`Status::Busy`] where its grant has a rate. A number that isn't a
//! [`Status`] of this ABI, or a reply that isn't what it should be, is [`Status::Failed`].
//!
//! # Tests
//!
//! On the workstation every operation answers [`Status::NotFound`], unless a test offers a double with
//! [`testing::offer`](crate::testing::offer).

pub mod clock;
pub mod env;
pub mod event;
pub mod fs;
pub mod kv;
pub mod log;
pub mod net;
pub mod random;
#[cfg(test)]
mod tests;

use crate::{Decode, Status, buffer::Buffer};

/// The longest key, and the longest name of a variable.
pub const MAX_NAME_BYTES: usize = 64;

/// Room for one name with its length.
const NAME_REQUEST_BYTES: usize = 1 + MAX_NAME_BYTES;

/// An operation that takes nothing and answers an i64, as a function.
macro_rules! number {
    ($service:literal, $operation:ident) => {
        crate::ask_scalar!($service, $operation, () -> i64)
    };
}

use crate::ask_message as message;
use number;

pub(crate) type Ask = fn(&[u8], &mut [u8]) -> i32;

/// Asks with a request of at most `N` bytes, and answers the reply's bytes.
fn exchange<const N: usize>(
    ask: Ask,
    reply: &mut [u8],
    write: impl FnOnce(&mut Buffer),
) -> Result<&[u8], Status> {
    let mut buffer = Buffer::<[u8; N]>::new();
    let buffer: &mut Buffer = &mut buffer;
    write(buffer);
    let request = buffer.written().ok_or(Status::Invalid)?;
    let length = length(ask(request, reply))?;
    reply.get(..length).ok_or(Status::Failed)
}

/// As [`exchange`], where the reply is empty.
fn tell<const N: usize>(ask: Ask, write: impl FnOnce(&mut Buffer)) -> Result<(), Status> {
    exchange::<N>(ask, &mut [], write).map(|_| ())
}

/// What isn't there, apart from what went wrong.
fn if_found<T>(result: Result<T, Status>) -> Result<Option<T>, Status> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Status::NotFound) => Ok(None),
        Err(status) => Err(status),
    }
}

/// Reads a reply that a service wrote.
pub(crate) fn read<'a, T: Decode<'a>>(reply: &'a [u8]) -> Result<T, Status> {
    T::decode(reply).map_err(|_| Status::Failed)
}

pub(crate) fn length(code: i32) -> Result<usize, Status> {
    usize::try_from(code).map_err(|_| status(code))
}

fn status(code: i32) -> Status {
    Status::from_code(code).unwrap_or(Status::Failed)
}
