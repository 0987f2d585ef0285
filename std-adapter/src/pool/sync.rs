//! What the gate is built on; `tests/shuttle` puts its own in this place.

pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
