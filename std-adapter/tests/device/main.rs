//! A device at the other end of a line: a real host behind a socket or a pseudo-terminal, and devices that
//! lie. Everything is asked of it by the library, and by the command as a person types it.
#![cfg(unix)]

mod bench;
mod commands;
#[allow(dead_code, reason = "the link's own tests use all of it")]
#[path = "../../../core/link/tests/link/damage.rs"]
mod damage;
mod deploy;
#[path = "../../../core/link/tests/link/device.rs"]
#[allow(dead_code, reason = "the link's own tests use all of it")]
mod device;
mod fake;
#[allow(dead_code, reason = "the link's own tests use all of it")]
#[path = "../../../core/link/tests/link/guests.rs"]
mod guests;
mod hostile;
mod library;
mod noise;
mod profile;
mod ran;
mod terminal;
