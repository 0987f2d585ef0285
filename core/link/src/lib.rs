//! The link between a workstation and a device that hosts plugins: frames, messages and both ends,
//! without I/O and without a heap.
//!
//! - [`Request`] and [`Reply`]: the messages;
//! - [`Server`]: the device's end. Bytes in, one request at a time out, its answer in, bytes out;
//! - [`Client`]: the workstation's end, which tries again when no answer comes;
//! - [`Install`]: takes a plugin in chunks into a [`Sink`], and lets nothing through that isn't whole.
//!
//! A request is done once, however often its frame arrives: a doubled one is answered with the same
//! reply. Whatever the wire makes of the bytes, no end panics, takes noise for a message, or stays deaf.
//! `docs/link.md` has the layout and golden bytes.
//!
//! ```
//! use ampoule_link::{Client, Description, Reply, Request, Retry, Server};
//!
//! let mut client = Client::<512, 512>::new(0x5eed, Retry::SERIAL);
//! let mut server = Server::<512, 512>::new();
//!
//! // A session begins with the question who is there.
//! client.send(&Request::Describe, 0)?;
//! let sent = server.receive(client.output());
//! client.sent(sent);
//!
//! assert_eq!(server.poll(), Some(Request::Describe));
//! server.answer(&Reply::Description(Description { name: "lamp", ..Description::default() }));
//! let sent = client.receive(server.output());
//! server.sent(sent);
//!
//! let Some(Ok(Reply::Description(device))) = client.reply() else { panic!("a description") };
//! assert_eq!(device.name, "lamp");
//! # Ok::<(), ampoule_link::LinkError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod client;
mod error;
mod frame;
mod install;
mod items;
mod message;
mod problem;
mod ram;
mod server;

pub use client::{Client, Retry};
pub use error::{ErrorRow, LinkError};
pub use frame::{CRC_BYTES, FRAME_OVERHEAD_BYTES, HEADER_BYTES, wire_bytes};
pub use install::{Install, Sink};
pub use items::{Batch, Bytes, Items, ItemsIter};
pub use message::{
    Announced, BreakerState, Chunk, Counters, Description, EntryCall, Event, EventKind, Hash, Line,
    Maxima, Operation, PluginId, Problem, Profile, Progress, Reply, Request, Room, SlotInfo,
    Target,
};
pub use problem::{PROBLEM_TEXT_BYTES, Told};
pub use ram::RamSink;
pub use server::Server;

/// Microseconds since any moment.
pub type Micros = u64;

/// The version of the link that this crate speaks: the first byte of each frame.
pub const LINK_VERSION: u8 = 1;
