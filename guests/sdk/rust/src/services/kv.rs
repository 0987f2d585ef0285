//! Values that the plugin keeps under keys; they outlive its instance.
//!
//! ```
//! use ampoule_guest::{Status, services::kv};
//!
//! fn count_starts() -> Result<u8, Status> {
//!     let mut value = [0];
//!     let starts = match kv::get("starts", &mut value)? {
//!         Some(&[starts]) => starts,
//!         _ => 0,
//!     };
//!     let starts = starts.saturating_add(1);
//!     kv::set("starts", &[starts])?;
//!     Ok(starts)
//! }
//! ```
//!
//! Keys have 1 to [`MAX_KEY_BYTES`] printable bytes. One outside the scope of the grant is
//! [`Status::NotGranted`], one that is no key [`Status::Invalid`].

use super::{NAME_REQUEST_BYTES, exchange, if_found, message, tell};
use crate::{Decode, Status};

pub use super::MAX_NAME_BYTES as MAX_KEY_BYTES;

/// The longest value that [`set`] takes.
pub const MAX_VALUE_BYTES: usize = 128;

/// The value of a key, at the start of `place`; `None` if there is none.
///
/// # Errors
/// [`Status::TooSmall`]: the value is longer than `place`. [`Status::Failed`]: the store can't be read.
pub fn get<'p>(key: &str, place: &'p mut [u8]) -> Result<Option<&'p [u8]>, Status> {
    let get = message!("kv", get);
    if_found(exchange::<NAME_REQUEST_BYTES>(get, place, |request| request.sized(key.as_bytes())))
}

/// Keeps a value of at most [`MAX_VALUE_BYTES`].
///
/// # Errors
/// [`Status::Invalid`]: the value is too long. [`Status::Busy`]: there is no room for it.
/// [`Status::Failed`]: the store can't be written. The value that was there stays.
pub fn set(key: &str, value: &[u8]) -> Result<(), Status> {
    // Two lengths, the second of two bytes.
    set_within::<{ NAME_REQUEST_BYTES + 2 + MAX_VALUE_BYTES }>(key, value)
}

/// As [`set`], for longer values: its request has `N` bytes on the stack, for key, value, and the one to
/// three bytes of each one's length.
///
/// ```
/// # use ampoule_guest::{Status, services::kv};
/// # fn keep(page: &[u8; 900]) -> Result<(), Status> {
/// kv::set_within::<1024>("page", page)
/// # }
/// ```
///
/// # Errors
/// As [`set`].
pub fn set_within<const N: usize>(key: &str, value: &[u8]) -> Result<(), Status> {
    tell::<N>(message!("kv", set), |request| {
        request.sized(key.as_bytes());
        request.sized(value);
    })
}

/// Forgets a value, and tells whether there was one.
///
/// # Errors
/// [`Status::Failed`]: the store can't be written.
pub fn delete(key: &str) -> Result<bool, Status> {
    let delete = message!("kv", delete);
    let deleted = tell::<NAME_REQUEST_BYTES>(delete, |request| request.sized(key.as_bytes()));
    if_found(deleted).map(|found| found.is_some())
}

/// The plugin's keys that start with `prefix`, in the order of their bytes; they lie in `place`.
///
/// # Errors
/// [`Status::TooSmall`]: the keys don't fit; each takes a byte besides its own, and there is a count of
/// one or two bytes. [`Status::Failed`]: the store can't be read.
pub fn keys<'p>(prefix: &str, place: &'p mut [u8]) -> Result<Keys<'p>, Status> {
    let keys = message!("kv", keys);
    let reply = exchange::<NAME_REQUEST_BYTES>(keys, place, |request| {
        request.sized(prefix.as_bytes());
    })?;
    let (count, rest) = u32::decode_prefix(reply).map_err(|_| Status::Failed)?;
    Ok(Keys { left: count, rest })
}

/// Keys in order, see [`keys`].
#[derive(Clone, Debug)]
pub struct Keys<'p> {
    left: u32,
    rest: &'p [u8],
}

impl<'p> Iterator for Keys<'p> {
    type Item = &'p str;

    fn next(&mut self) -> Option<&'p str> {
        self.left = self.left.checked_sub(1)?;
        let (key, rest) = <&str>::decode_prefix(self.rest).ok()?;
        self.rest = rest;
        Some(key)
    }
}
