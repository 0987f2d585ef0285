//! News for the host.
//!
//! ```
//! use ampoule_guest::{Status, services::event};
//!
//! fn door_opened() -> Result<(), Status> {
//!     event::publish("door/front", b"open")
//! }
//! ```

use super::{message, tell};
use crate::Status;

/// The longest topic.
pub const MAX_TOPIC_BYTES: usize = 32;

/// The longest payload.
pub const MAX_PAYLOAD_BYTES: usize = 256;

/// Publishes `payload` under a topic of 1 to [`MAX_TOPIC_BYTES`] printable bytes.
///
/// # Errors
/// [`Status::Busy`]: the host hasn't yet taken what was published before. [`Status::NotGranted`]: the
/// scope of the grant doesn't hold the topic. [`Status::Invalid`]: topic or payload is too long.
pub fn publish(topic: &str, payload: &[u8]) -> Result<(), Status> {
    // Two lengths, the second of two bytes.
    tell::<{ 1 + MAX_TOPIC_BYTES + 2 + MAX_PAYLOAD_BYTES }>(message!("event", publish), |request| {
        request.sized(topic.as_bytes());
        request.sized(payload);
    })
}
