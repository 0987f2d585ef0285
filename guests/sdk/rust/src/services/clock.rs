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

use super::number;
use crate::{Status, glue::Number as _};

/// Microseconds since 1970, in UTC. May go back when the date is set.
///
/// # Errors
/// [`Status::NotFound`]: the host doesn't know the date.
pub fn now_us() -> Result<i64, Status> {
    number!("clock", now_us)().checked()
}

/// Microseconds since any moment, never going back.
///
/// # Errors
/// [`Status::Busy`] where the grant has a rate.
pub fn monotonic_us() -> Result<i64, Status> {
    number!("clock", monotonic_us)().checked()
}

/// Sleeps for so many milliseconds: others run meanwhile, and it costs no fuel.
///
/// # Errors
/// [`Status::Invalid`]: the time is longer than 24 days. [`Status::Pending`]: this call can't sleep, as in
/// `init` and `destroy`; it hasn't.
pub fn sleep_ms(milliseconds: u32) -> Result<(), Status> {
    let milliseconds = i32::try_from(milliseconds).map_err(|_| Status::Invalid)?;
    crate::ask_scalar!("clock", sleep_ms, (milliseconds: i32) -> i32)(milliseconds)
        .checked()
        .map(|_| ())
}
