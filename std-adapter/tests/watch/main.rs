//! Watched directories: what counts as a change, and what becomes of it.
#![cfg(unix)]

mod changes;
mod failures;
mod files;
mod many;
mod names;
mod services;
mod stress;
mod support;
