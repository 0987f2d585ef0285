//! The workstation's end.

use crate::{
    Micros,
    error::LinkError,
    frame::{FrameId, FrameKind, Inbox, Outbox},
    message::{Reply, Request},
};
use ampoule_abi::Decode as _;
use core::fmt;

/// When a request is sent again, and when it has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How long to wait for the reply to a try. Longer than the device may take for what it is asked, and
    /// for both frames on the wire: a repetition does no harm, but it costs the wire's time.
    pub wait: Micros,
    /// How often the request is sent in all; 0 is taken for 1.
    pub tries: u8,
}

impl Retry {
    /// For a serial line of 115,200 baud with frames of a kilobyte, and calls of up to half a second.
    pub const SERIAL: Self = Self { wait: 1_000_000, tries: 5 };
}

/// The workstation's end of the link: takes frames of up to `IN` bytes before COBS, and sends frames of
/// up to `OUT` bytes on the wire ([`wire_bytes`](crate::wire_bytes) of the longest request).
///
/// One request is under way at a time. It is the device that sees to it that a repetition isn't done twice;
/// this end repeats, and drops what isn't the reply that it waits for.
///
/// A session is named by a number that no earlier one had: make it random. Two workstations on one device
/// end each other's sessions.
pub struct Client<const IN: usize, const OUT: usize> {
    inbox: Inbox<IN>,
    outbox: Outbox<OUT>,
    session: u32,
    /// The latest that was sent; 0 before the first.
    sequence: u32,
    retry: Retry,
    waiting: Option<Waiting>,
    /// The version of a reply that arrived and wasn't taken.
    arrived: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    id: FrameId,
    tries: u8,
    again_at: Micros,
}

impl<const IN: usize, const OUT: usize> Client<IN, OUT> {
    /// An end that has sent nothing. Its first request is [`Request::Describe`].
    #[must_use]
    pub const fn new(session: u32, retry: Retry) -> Self {
        Self {
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            session,
            sequence: 0,
            retry,
            waiting: None,
            arrived: None,
        }
    }

    /// Starts over with a session of another number: after [`LinkError::NoSession`] or
    /// [`LinkError::NoAnswer`]. What was under way is given up.
    pub fn start_session(&mut self, session: u32) {
        self.give_up();
        (self.session, self.sequence) = (session, 0);
    }

    /// Waits longer or shorter from the next request on.
    pub const fn set_retry(&mut self, retry: Retry) {
        self.retry = retry;
    }

    /// Sends a request, if none is under way.
    ///
    /// # Errors
    /// [`LinkError::Busy`] if one is, or its reply wasn't taken; [`LinkError::RequestTooLarge`] if it
    /// doesn't fit into `OUT`; [`LinkError::SessionOver`] after four billion.
    pub fn send(&mut self, request: &Request<'_>, now: Micros) -> Result<(), LinkError> {
        if self.waiting.is_some() || self.arrived.is_some() {
            return Err(LinkError::Busy {});
        }
        let sequence = self.sequence.checked_add(1).ok_or(LinkError::SessionOver {})?;
        let id = FrameId { session: self.session, sequence };
        if !self.outbox.put(FrameKind::Request, id, request) {
            return Err(LinkError::RequestTooLarge {});
        }
        self.sequence = sequence;
        let again_at = now.saturating_add(self.retry.wait);
        self.waiting = Some(Waiting { id, tries: 1, again_at });
        Ok(())
    }

    /// Takes bytes from the wire, and answers how many: all, unless the reply that it waits for is among
    /// them. Then it stops behind that, and takes nothing until [`Self::reply`] was called.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while self.arrived.is_none() {
            let rest = bytes.get(taken..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            taken += self.inbox.receive(rest);
            self.look();
        }
        taken
    }

    /// Keeps a frame if it is the reply.
    fn look(&mut self) {
        let Some(header) = self.inbox.frame() else { return };
        self.inbox.clear();
        let awaited = self.waiting.is_some_and(|waiting| waiting.id == header.id);
        if awaited && header.is(FrameKind::Reply) {
            self.give_up();
            self.arrived = Some(header.version);
        }
    }

    /// The reply to the request, given once; `None` while there is none.
    ///
    /// A [`Reply::Problem`] is a reply, too.
    pub fn reply(&mut self) -> Option<Result<Reply<'_>, LinkError>> {
        let version = self.arrived.take()?;
        if version != crate::LINK_VERSION {
            return Some(Err(LinkError::Version { found: version }));
        }
        let reply = Reply::decode(self.inbox.message());
        Some(reply.map_err(|error| LinkError::BadReply { error }))
    }

    /// Sends the request again if its time is over, and answers when to call this next; `None` if nothing
    /// is under way.
    ///
    /// # Errors
    /// [`LinkError::NoAnswer`] once the last try's time is over. Whether the request was done nobody knows.
    pub fn poll(&mut self, now: Micros) -> Result<Option<Micros>, LinkError> {
        let Some(waiting) = &mut self.waiting else { return Ok(None) };
        if now < waiting.again_at {
            return Ok(Some(waiting.again_at));
        }
        if waiting.tries >= self.retry.tries {
            let tries = waiting.tries;
            self.give_up();
            return Err(LinkError::NoAnswer { tries });
        }
        waiting.tries = waiting.tries.saturating_add(1);
        waiting.again_at = now.saturating_add(self.retry.wait);
        self.outbox.again();
        Ok(Some(waiting.again_at))
    }

    /// Waits for the reply no longer. Whether the request was done nobody knows.
    pub fn give_up(&mut self) {
        self.waiting = None;
        self.arrived = None;
        self.outbox.forget();
    }

    /// The bytes that are to be sent.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.outbox.rest()
    }

    /// Says that so many bytes of [`Self::output`] were sent.
    pub fn sent(&mut self, bytes: usize) {
        self.outbox.sent(bytes);
    }

    /// How many frames were dropped as noise or as damaged.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.inbox.dropped()
    }
}

impl<const IN: usize, const OUT: usize> fmt::Debug for Client<IN, OUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("session", &self.session)
            .field("sequence", &self.sequence)
            .field("waiting", &self.waiting)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
