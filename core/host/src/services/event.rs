//! What guests tell the host, unasked.

use super::{check_name, check_scope, message, read};
use crate::{Caller, Micros, Operation, Service};
use alloc::boxed::Box;
use ampoule_abi::Status;
use core::fmt;

/// The longest topic.
pub const MAX_TOPIC_BYTES: usize = 32;

/// The longest payload.
pub const MAX_PAYLOAD_BYTES: usize = 256;

type Sink = Box<dyn FnMut(&Published<'_>) -> Result<(), Status> + Send>;

/// The service `event`: takes what plugins publish and hands it to a sink.
///
/// A sink that keeps them keeps a bounded number and refuses the rest with [`Status::Busy`], as a
/// bounded channel does. The scope of a grant is the topic that a plugin may publish under, with those
/// below it: `door` holds `door/front`.
pub struct Event {
    sink: Sink,
}

/// What a plugin published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published<'a> {
    /// Who published it.
    pub plugin: &'a str,
    /// What it is about: printable, at most [`MAX_TOPIC_BYTES`] long, not empty.
    pub topic: &'a str,
    /// As the plugin wrote it, at most [`MAX_PAYLOAD_BYTES`] long: **not** checked in any way.
    pub payload: &'a [u8],
    /// When, by the host's clock.
    pub now: Micros,
}

// A sink copies it into a queue.
const OPERATIONS: &[Operation] = &[message("publish", 200, 4)];

impl Event {
    /// Hands what plugins publish to `sink`. What the sink refuses with, the guest gets.
    #[must_use]
    pub fn new(sink: impl FnMut(&Published<'_>) -> Result<(), Status> + Send + 'static) -> Self {
        Self { sink: Box::new(sink) }
    }

    fn publish(&mut self, caller: &Caller<'_>, request: &[u8]) -> Result<usize, Status> {
        let (topic, payload): (&str, &[u8]) = read(request)?;
        check_name(topic, MAX_TOPIC_BYTES)?;
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(Status::Invalid);
        }
        check_scope(caller.scope, topic)?;
        (self.sink)(&Published { plugin: caller.plugin, topic, payload, now: caller.now })?;
        Ok(0)
    }
}

impl Service for Event {
    fn name(&self) -> &'static str {
        "event"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn message(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        request: &[u8],
        _reply: &mut [u8],
    ) -> Result<usize, Status> {
        if operation == 0 { self.publish(caller, request) } else { Err(Status::NotFound) }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").finish_non_exhaustive()
    }
}
