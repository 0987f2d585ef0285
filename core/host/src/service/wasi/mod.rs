//! WASI preview 1 for modules that compilers build for it: an adapter from its functions to the granted
//! services, by name.
//!
//! It has no rights of its own. A function whose service isn't granted does nothing and answers an error
//! number; so do those that no service can express, and those whose pointers or lengths are wrong.
//! `docs/wasi.md` tells which answers what.

mod calls;
mod errno;
mod fds;
mod files;
pub(crate) mod glue;
mod host;
mod iovecs;
mod lines;
mod needs;
mod output;
mod paths;
mod stat;
mod state;
mod strings;
pub(crate) mod table;
mod time;

pub(crate) use needs::{Bindings, WANTED};
pub(crate) use state::{Given, State, heap_bytes, is_imported};
