//! What the turnstile is built on; `tests/loom` puts its own in this place.

pub(crate) use core::sync::atomic::{AtomicUsize, Ordering};
