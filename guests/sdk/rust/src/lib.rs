//! Write Ampoule plugins in Rust: no heap, no pointers, no boilerplate.
//!
//! ```
//! use ampoule_guest::{Context, Failure, Meta, Plugin, Replied, Reply, export_plugin};
//!
//! struct Counter {
//!     calls: i64,
//! }
//!
//! impl Plugin for Counter {
//!     const META: Meta<'static> = Meta {
//!         name: "counter",
//!         version: "1.0.0",
//!         description: "Greets and counts",
//!         author: "you",
//!     };
//!
//!     fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
//!         Ok(Self { calls: 0 })
//!     }
//!
//!     fn execute(&mut self, context: &Context<'_>, reply: Reply<'_>) -> Replied {
//!         let Some(name) = context.parameters.get("name") else {
//!             return reply.error("who are you?");
//!         };
//!         self.calls += 1;
//!         reply.success(|data| {
//!             data.map(|map| {
//!                 map.put("calls", self.calls);
//!                 map.name("greeting").text(|text| {
//!                     text.push_str("hello ");
//!                     text.push_str(name);
//!                 });
//!             });
//!         })
//!     }
//! }
//!
//! impl Counter {
//!     /// A typed entry: its message types are in the module's schema.
//!     fn add(&mut self, more: i64) -> Result<i64, Failure<'static>> {
//!         self.calls += more;
//!         Ok(self.calls)
//!     }
//! }
//!
//! export_plugin! {
//!     Counter { mailbox: 1024, reply: 1024, entries: [execute, add] }
//! }
//!
//! // On the workstation, in a unit test:
//! use ampoule_guest::{Pairs, Value, testing::Guest};
//!
//! let mut guest = Guest::<Counter>::started();
//! let parameters = Pairs::from_slice(&[("name", "Ada")]);
//! let outcome = guest.execute(&Context { parameters, ..Context::default() }).unwrap();
//! let Value::Map(data) = outcome.data else { panic!("{outcome:?}") };
//! assert_eq!(data.get("greeting"), Some(Value::Str("hello Ada")));
//! assert_eq!(guest.call(Counter::add, &2_i64), Ok(3));
//! ```
//!
//! # A new plugin
//!
//! `cargo xtask new-guest NAME` makes a folder with all of this:
//!
//! ```toml
//! # Cargo.toml
//! [lib]
//! crate-type = ["cdylib"] # a second type would switch `lto` off and triple the module
//!
//! [dependencies]
//! ampoule-guest = { path = "…/guests/sdk/rust" }
//! postcard-schema = { version = "0.2", default-features = false, features = ["derive"] }
//! serde = { version = "1", default-features = false, features = ["derive"] }
//!
//! [build-dependencies]
//! ampoule-guest-build = { path = "…/guests/sdk/rust/build" }
//!
//! [profile.guest]
//! inherits = "release"
//! opt-level = "z"
//! lto = "fat"
//! codegen-units = 1
//! panic = "abort"
//! strip = true
//! ```
//!
//! ```no_run
//! // build.rs: 1 KiB of stack, 4 KiB of memory in all
//! # mod ampoule_guest_build { pub fn memory(_: u32, _: u32) {} }
//! fn main() {
//!     ampoule_guest_build::memory(1024, 4096);
//! }
//! ```
//!
//! ```toml
//! # .cargo/config.toml: copies of memory are 10 to 33 times cheaper in fuel
//! [target.wasm32v1-none]
//! rustflags = ["-Ctarget-feature=+bulk-memory"]
//! ```
//!
//! `lib.rs` starts with `#![cfg_attr(target_arch = "wasm32", no_std)]`: on the workstation, where its
//! tests run, a plugin is a Rust crate like any other. `cargo build --target wasm32v1-none --profile
//! guest -p NAME` makes the module. Build one plugin at a time, or their features unify.
//!
//! # Memory
//!
//! A plugin owns its stack, its two buffers, its `Self` and its constants, and nothing else: there
//! is no heap. Messages are decoded where they lie, replies are written where the host reads them.
//! A [`Reply`] takes values piece by piece, so that lists and maps need no room besides the reply
//! buffer. With the feature `alloc` there is a heap of fixed size (`heap!`) and the owned messages
//! (`owned`).
//!
//! # Services
//!
//! What most hosts offer besides is in [`services`]: a log, clocks, random numbers, kept values,
//! variables, events; on workstations files and the network. A plugin imports what it uses of it.
//!
//! # Your own services
//!
//! What only your host offers is declared in a crate of its own, once for both sides, by
//! `ampoule_abi::service!`. Here, [`import_service!`] makes functions of it; in the host,
//! `ampoule::offer_service!` makes a trait of it. The folder `guests/lamp` shows all of it.
//!
//! # Panics
//!
//! A panic reaches the host as text: its place, and its message if that is a literal. With the
//! feature `fmt-panic` any message does. A plugin that can't panic doesn't even import the way there:
//! `get` instead of an index keeps kilobytes of `core::fmt` out of the module.
#![no_std]

#[cfg(not(target_arch = "wasm32"))]
extern crate alloc;
#[cfg(not(target_arch = "wasm32"))]
extern crate std;

mod buffer;
mod entry;
mod export;
#[cfg(feature = "alloc")]
mod heap;
mod import;
mod instance;
#[cfg(any(test, target_arch = "wasm32"))]
mod panic;
mod plugin;
mod reply;
pub mod services;
mod state;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod value;

#[cfg(feature = "alloc")]
pub use ampoule_abi::owned;
pub use ampoule_abi::{
    Context, Decode, DecodeError, Failure, List, MAX_DEPTH, Map, Meta, Outcome, Pairs, Status,
    Value, failure_code,
};
pub use entry::{Answer, Encoded};
pub use plugin::{Exported, Plugin};
pub use postcard_schema::Schema;
pub use reply::{Replied, Reply};
pub use state::{HandOver, Saved};
pub use value::{ListWriter, MapWriter, Place, Put, TextWriter};

/// What the macros write; not for authors.
#[doc(hidden)]
pub mod glue {
    pub use crate::{
        entry::declare,
        import::exchange,
        instance::{AnySize, Call, Instance},
        reply::RawReply,
    };
    use ampoule_abi::{Context, Outcome, export};
    pub use ampoule_abi::{
        schema::{Declaration, encoded_len, to_bytes},
        service::Number,
    };
    use postcard_schema::Schema;

    #[cfg(all(feature = "alloc", target_arch = "wasm32"))]
    pub use talc::wasm::{WasmArenaTalc as Heap, new_wasm_arena_allocator as new_heap};

    /// The entry that [`Plugin::execute`](crate::Plugin::execute) is.
    pub const EXECUTE: Declaration =
        Declaration { name: export::EXECUTE, request: Context::SCHEMA, reply: Outcome::SCHEMA };
}
