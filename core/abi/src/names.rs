//! The names across the sandbox wall.

/// The version of the ABI that this crate describes; the first field of [`Meta`](crate::Meta).
pub const ABI_VERSION: u32 = 1;

/// What a guest exports.
pub mod export {
    /// The guest's only linear memory.
    pub const MEMORY: &str = "memory";
    /// `() -> i64`: `address << 32 | capacity` of the buffer for incoming messages.
    pub const MAILBOX: &str = "ampoule_mailbox";
    /// `() -> ()`: a toolchain's own initialization, called before anything else.
    pub const INITIALIZE: &str = "_initialize";
    /// `() -> ()`: what a command does, in a module that is no plugin.
    pub const START: &str = "_start";
    /// `(i32) -> i64`: the message is a [`Context`](crate::Context); optional.
    pub const INIT: &str = "ampoule_init";
    /// `(i32) -> i64`: the message is empty; optional.
    pub const DESTROY: &str = "ampoule_destroy";
    /// `(i32) -> i64`: the message is empty, the reply the state to carry over; optional.
    pub const SAVE: &str = "ampoule_save";
    /// `(i32) -> i64`: the message is the state that [`SAVE`] answered; optional.
    pub const RESTORE: &str = "ampoule_restore";
    /// The entry that every general plugin has by custom: [`Context`](crate::Context) in,
    /// [`Outcome`](crate::Outcome) out.
    pub const EXECUTE: &str = "execute";
    /// Exports whose name starts so belong to the ABI and are never entries.
    pub const RESERVED_PREFIX: &str = "ampoule_";

    /// Tells whether a function exported under `name` is an entry rather than part of the life
    /// cycle or of a toolchain's housekeeping (names that start with `_`).
    #[must_use]
    pub fn is_entry(name: &str) -> bool {
        !name.starts_with(RESERVED_PREFIX) && !name.starts_with('_')
    }
}

/// What a guest may import without a grant.
pub mod import {
    /// The wasm module name of everything that needs no grant.
    pub const MODULE: &str = "ampoule";
    /// `(i32 address, i32 length) -> ()`: the guest's last words; ends the call.
    pub const PANIC: &str = "panic";
    /// The wasm module name of WASI preview 1. Its functions need no grant, and do what services that are
    /// granted can do.
    pub const WASI: &str = "wasi_snapshot_preview1";
}

/// The custom sections that a host reads before a module runs.
pub mod section {
    /// Holds one [`Meta`](crate::Meta).
    pub const META: &str = "ampoule.meta";
    /// Holds the entries' message types, see [`schema`](crate::schema).
    pub const SCHEMA: &str = "ampoule.schema";
}
