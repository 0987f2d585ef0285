//! Lines for whoever looks after the device.
//!
//! ```
//! use ampoule_guest::services::log;
//!
//! // A plugin goes on where nobody listens.
//! let _ = log::warn("the sensor is silent");
//! ```

use super::{message, tell};
use crate::Status;

/// The longest text; of a longer one the start is logged.
pub const MAX_TEXT_BYTES: usize = 200;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Level {
    Error = 0,
    Warn = 1,
    Info = 2,
    Debug = 3,
    Trace = 4,
}

/// Logs one line; its first [`MAX_TEXT_BYTES`] bytes, cut between characters.
///
/// # Errors
/// [`Status::Busy`]: there are too many lines, and this one is lost.
pub fn write(level: Level, text: &str) -> Result<(), Status> {
    let text = text.as_bytes().get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default();
    // Level, length, text.
    tell::<{ 1 + 2 + MAX_TEXT_BYTES }>(message!("log", write), |request| {
        request.byte(level as u8);
        request.sized(text);
    })
}

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident $level:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// Those of [`write()`].
        pub fn $name(text: &str) -> Result<(), Status> {
            write(Level::$level, text)
        }
    )*};
}

levels! {
    /// Logs what went wrong.
    error Error;
    /// Logs what may go wrong.
    warn Warn;
    /// Logs what is good to know.
    info Info;
    /// Logs what helps to find a mistake.
    debug Debug;
    /// Logs each step.
    trace Trace;
}
