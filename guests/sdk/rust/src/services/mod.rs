//! What most hosts offer, as functions: see `docs/services.md`.
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
pub mod kv;
pub mod log;
pub mod random;
#[cfg(test)]
mod tests;

use crate::{Decode, Status, buffer::Buffer};

/// The longest key, and the longest name of a variable.
pub const MAX_NAME_BYTES: usize = 64;

/// Room for one name with its length.
const NAME_REQUEST_BYTES: usize = 1 + MAX_NAME_BYTES;

/// A message operation as a function from request and place of the reply to the number on the wire.
macro_rules! message {
    ($service:literal, $operation:ident) => {{
        #[cfg(target_arch = "wasm32")]
        fn ask(request: &[u8], reply: &mut [u8]) -> i32 {
            #[link(wasm_import_module = $service)]
            unsafe extern "C" {
                fn $operation(
                    request: *const u8,
                    request_length: usize,
                    reply: *mut u8,
                    reply_capacity: usize,
                ) -> i32;
            }
            let (from, to) = (request.as_ptr(), reply.as_mut_ptr());
            // SAFETY: the host reads the one slice and writes the other, during the call only.
            unsafe { $operation(from, request.len(), to, reply.len()) }
        }
        #[cfg(not(target_arch = "wasm32"))]
        fn ask(request: &[u8], reply: &mut [u8]) -> i32 {
            crate::testing::ask($service, stringify!($operation), request, reply)
        }
        ask
    }};
}

/// An operation that takes nothing and answers an i64, as a function.
macro_rules! number {
    ($service:literal, $operation:ident) => {{
        #[cfg(target_arch = "wasm32")]
        fn ask() -> i64 {
            #[link(wasm_import_module = $service)]
            unsafe extern "C" {
                fn $operation() -> i64;
            }
            // SAFETY: plain numbers; the host touches no memory.
            unsafe { $operation() }
        }
        #[cfg(not(target_arch = "wasm32"))]
        fn ask() -> i64 {
            crate::testing::ask_number($service, stringify!($operation))
        }
        ask
    }};
}

use {message, number};

type Ask = fn(&[u8], &mut [u8]) -> i32;

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
fn read<'a, T: Decode<'a>>(reply: &'a [u8]) -> Result<T, Status> {
    T::decode(reply).map_err(|_| Status::Failed)
}

fn length(code: i32) -> Result<usize, Status> {
    usize::try_from(code).map_err(|_| status(code))
}

fn status(code: i32) -> Status {
    Status::from_code(code).unwrap_or(Status::Failed)
}

/// A number, or the status that it is: -256 to -1 are kept for these.
fn no_status(number: i64) -> Result<i64, Status> {
    if (-256..0).contains(&number) { Err(status(number as i32)) } else { Ok(number) }
}
