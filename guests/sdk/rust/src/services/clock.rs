//! The time.
//!
//! ```
//! use ampoule_guest::{Status, services::clock};
//!
//! fn took(work: impl FnOnce()) -> Result<i64, Status> {
//!     let start = clock::monotonic_us()?;
//!     work();
//!     Ok(clock::monotonic_us()? - start)
//! }
//! ```

use super::{no_status, number};
use crate::Status;

/// Microseconds since 1970, in UTC. May go back when the date is set.
///
/// # Errors
/// [`Status::NotFound`]: the host doesn't know the date.
pub fn now_us() -> Result<i64, Status> {
    no_status(number!("clock", now_us)())
}

/// Microseconds since any moment, never going back.
///
/// # Errors
/// [`Status::Busy`] where the grant has a rate.
pub fn monotonic_us() -> Result<i64, Status> {
    no_status(number!("clock", monotonic_us)())
}
