//! The device's end.

use crate::{
    error::LinkError,
    frame::{FRAME_OVERHEAD_BYTES, FrameId, FrameKind, Header, Inbox, Outbox, wire_bytes},
    message::{Reply, Request},
    problem::{PROBLEM_TEXT_BYTES, Told},
};
use ampoule_abi::Decode as _;
use core::fmt;

/// What a chunk costs besides its bytes: a tag, an offset and a length, each at its longest.
const CHUNK_OVERHEAD_BYTES: usize = 1 + 5 + 5;

/// A request has this much room at least, so that every one but chunks and calls fits.
const LEAST_IN: usize = 96;

/// Every problem fits: tag, code, detail, text and their lengths.
const LEAST_OUT: usize = wire_bytes(1 + 9 + 5 + 2 + PROBLEM_TEXT_BYTES);

/// The device's end of the link: takes frames of up to `IN` bytes before COBS, and answers with frames
/// of up to `OUT` bytes on the wire ([`wire_bytes`] of the longest reply).
///
/// It does no I/O. A main loop hands it what has come in, does what it is asked, and sends what it has
/// to say:
///
/// ```
/// # use ampoule_link::{Reply, Request, Server};
/// # fn handle(_: Request<'_>) -> Reply<'static> { Reply::Done }
/// # fn uart_read(_: &mut [u8]) -> usize { 0 }
/// # fn uart_write(bytes: &[u8]) -> usize { bytes.len() }
/// let mut server = Server::<1024, 1024>::new();
/// let (mut bytes, mut start, mut end) = ([0; 64], 0, 0);
/// # for _ in 0..3 {
/// // loop {
///     if start == end {
///         (start, end) = (0, uart_read(&mut bytes));
///     }
///     start += server.receive(&bytes[start..end]);
///     if let Some(request) = server.poll() {
///         let reply = handle(request);
///         server.answer(&reply);
///     }
///     let sent = uart_write(server.output());
///     server.sent(sent);
/// // }
/// # }
/// ```
///
/// A session begins with [`Request::Describe`] in a frame of a new session; what comes in another one is
/// refused. So a request that was sent before the device restarted is never done after it.
pub struct Server<const IN: usize, const OUT: usize> {
    inbox: Inbox<IN>,
    outbox: Outbox<OUT>,
    /// The latest request that was given out.
    last: Option<FrameId>,
    /// Whether it waits for its answer.
    asked: bool,
    /// Whether the outbox holds that answer.
    kept: bool,
}

/// What becomes of a frame.
enum Judgement {
    Give,
    Drop,
    Repeat,
    Hold,
    Refuse(LinkError),
}

impl<const IN: usize, const OUT: usize> Server<IN, OUT> {
    /// The most bytes of a [`Chunk`](crate::Chunk) that it takes.
    pub const CHUNK_BYTES: u32 = (IN - FRAME_OVERHEAD_BYTES - CHUNK_OVERHEAD_BYTES) as u32;

    /// An end that has heard nothing yet. It doesn't compile for buffers that problems or plain requests
    /// don't fit into: take 96 bytes in and 160 out at least.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(IN >= LEAST_IN && OUT >= LEAST_OUT) };
        Self { inbox: Inbox::new(), outbox: Outbox::new(), last: None, asked: false, kept: false }
    }

    /// Takes bytes from the wire, and answers how many. It stops behind a frame: call
    /// [`Self::poll`], then give it the rest. While a frame waits for its turn it takes nothing.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        self.inbox.receive(bytes)
    }

    /// The next request, given out once. `None` while there is none, while the one before isn't answered,
    /// or its answer isn't sent.
    ///
    /// [`Self::answer`] may come much later: until then, repetitions of the request are dropped.
    /// What the request borrows is gone with the next call of this end, so keep of it what is needed later.
    pub fn poll(&mut self) -> Option<Request<'_>> {
        if !self.outbox.rest().is_empty() {
            return None;
        }
        let header = self.inbox.frame()?;
        match self.judge(header) {
            Judgement::Hold => return None,
            Judgement::Drop => {}
            Judgement::Repeat => self.outbox.again(),
            Judgement::Refuse(error) => self.refuse_frame(header.id, error),
            Judgement::Give => return self.give(header.id),
        }
        self.inbox.clear();
        None
    }

    fn judge(&self, header: Header) -> Judgement {
        if !header.is(FrameKind::Request) {
            return Judgement::Drop;
        }
        let known = self.last.filter(|last| last.session == header.id.session);
        if let Some(last) = known {
            return match header.id.sequence.cmp(&last.sequence) {
                core::cmp::Ordering::Less => Judgement::Drop,
                core::cmp::Ordering::Equal if self.kept && !self.asked => Judgement::Repeat,
                core::cmp::Ordering::Equal => Judgement::Drop,
                core::cmp::Ordering::Greater if self.asked => Judgement::Hold,
                core::cmp::Ordering::Greater => self.judge_version(header),
            };
        }
        if self.asked {
            return Judgement::Hold;
        }
        match self.judge_version(header) {
            Judgement::Give if !self.begins_session() => Judgement::Refuse(LinkError::NoSession {}),
            judgement => judgement,
        }
    }

    fn judge_version(&self, header: Header) -> Judgement {
        match header.version {
            crate::LINK_VERSION => Judgement::Give,
            found => Judgement::Refuse(LinkError::Version { found }),
        }
    }

    fn begins_session(&self) -> bool {
        matches!(Request::decode(self.inbox.message()), Ok(Request::Describe))
    }

    /// Gives a new request out, or answers that it is none.
    fn give(&mut self, id: FrameId) -> Option<Request<'_>> {
        self.inbox.clear();
        (self.last, self.asked, self.kept) = (Some(id), true, false);
        if let Err(error) = Request::decode(self.inbox.message()) {
            self.answer_with(LinkError::BadRequest { error });
            return None;
        }
        Request::decode(self.inbox.message()).ok()
    }

    /// Answers the request that was given out last; without one it does nothing. If the reply doesn't fit
    /// into a frame, [`LinkError::ReplyTooLarge`] is sent instead.
    pub fn answer(&mut self, reply: &Reply<'_>) {
        let Some(id) = self.last.filter(|_| self.asked) else { return };
        self.asked = false;
        self.kept = self.outbox.put(FrameKind::Reply, id, reply);
        if !self.kept {
            let told = Told::from(LinkError::ReplyTooLarge {});
            self.kept = self.outbox.put(FrameKind::Reply, id, &Reply::Problem(told.problem()));
        }
    }

    /// [`Self::answer`] with a problem of the link.
    pub fn answer_with(&mut self, error: LinkError) {
        self.answer(&Reply::Problem(Told::from(error).problem()));
    }

    /// Answers a frame that is outside of the session. The answer that was kept makes place for it.
    fn refuse_frame(&mut self, id: FrameId, error: LinkError) {
        self.kept = false;
        self.outbox.put(FrameKind::Reply, id, &Reply::Problem(Told::from(error).problem()));
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

    /// Whether a request was given out and waits for its answer.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        self.asked
    }

    /// How many frames were dropped as noise or as damaged.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.inbox.dropped()
    }
}

impl<const IN: usize, const OUT: usize> Default for Server<IN, OUT> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const IN: usize, const OUT: usize> fmt::Debug for Server<IN, OUT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("last", &self.last)
            .field("asked", &self.asked)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
