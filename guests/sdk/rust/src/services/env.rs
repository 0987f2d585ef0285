//! Variables that the host sets for its plugins.
//!
//! ```
//! use ampoule_guest::services::env;
//!
//! let mut place = [0; 40];
//! let zone = env::get("TZ", &mut place).ok().flatten().unwrap_or("UTC");
//! assert_eq!(zone, "UTC");
//! ```

use super::{NAME_REQUEST_BYTES, exchange, if_found, message, read};
use crate::Status;

/// The value of a variable, in `place`; `None` if there is none. It takes a byte or two besides its own.
///
/// # Errors
/// [`Status::TooSmall`]: the value doesn't fit. [`Status::NotGranted`]: the grant doesn't name the
/// variable. [`Status::Invalid`]: that is no name.
pub fn get<'p>(name: &str, place: &'p mut [u8]) -> Result<Option<&'p str>, Status> {
    let get = message!("env", get);
    let reply =
        exchange::<NAME_REQUEST_BYTES>(get, place, |request| request.sized(name.as_bytes()));
    if_found(reply)?.map(read).transpose()
}
