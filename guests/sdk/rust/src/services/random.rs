//! Random numbers. Whether they are fit for secrets depends on the host.
//!
//! ```
//! use ampoule_guest::{Status, services::random};
//!
//! fn nonce() -> Result<[u8; 12], Status> {
//!     let mut nonce = [0; 12];
//!     random::fill(&mut nonce)?;
//!     Ok(nonce)
//! }
//! ```

use super::{exchange, message, number};
use crate::{Status, glue::Number as _};

/// The most bytes that the host draws at once.
const MAX_FILL_BYTES: usize = 1024;

/// A random number, never one of -256 to -1 as an `i64`.
///
/// # Errors
/// [`Status::Busy`]: the source has to gather more first; [`Status::Failed`]: it is broken.
pub fn u64() -> Result<u64, Status> {
    number!("random", u64)().checked().map(i64::cast_unsigned)
}

/// Fills `bytes`, by as many requests as it takes.
///
/// # Errors
/// As [`u64()`]; some bytes may be filled by then.
pub fn fill(bytes: &mut [u8]) -> Result<(), Status> {
    bytes.chunks_mut(MAX_FILL_BYTES).try_for_each(fill_chunk)
}

fn fill_chunk(chunk: &mut [u8]) -> Result<(), Status> {
    let count = chunk.len();
    let drawn =
        exchange::<2>(message!("random", fill), chunk, |request| request.varint(count as u64))?;
    if drawn.len() == count { Ok(()) } else { Err(Status::Failed) }
}
