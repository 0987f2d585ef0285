//! The device's end of the line, with what is behind it.

use crate::{
    firmware::{Firmware, Store},
    profile::PROFILE_BYTES,
    told::told,
    work::Work,
};
use ampoule::{CallError, Event, Host, Refusal};
use ampoule_link::{Bytes, Install, Reply, Server, wire_bytes};
use core::fmt;

/// The longest element of a list: a log line with the longest name and text, and the numbers beside them.
const LONGEST_ELEMENT: usize = 288;

/// A device: a [`Server`] and what it needs to do what it is asked, on a host that it is lent for a turn.
///
/// It takes frames of up to `IN` bytes and answers with up to `OUT` on the wire, lists of up to `LIST` bytes
/// among them, and keeps events in `EVENTS` bytes. It needs no heap itself: what takes some is loading, and a
/// call's message.
///
/// A main loop gives it what has come in, a turn, and sends what it has to say:
///
/// ```
/// # use ampoule::{Config, Host};
/// # use ampoule_device::{About, Backlog, Device, Firmware};
/// # use ampoule_link::{Announced, Client, RamSink, Reply, Request, Retry, Told};
/// struct Board {
///     lines: Backlog<1024>,
/// }
///
/// impl Firmware for Board {
///     fn about(&self) -> About<'_> {
///         About { name: "lamp", firmware: "0.1.0", ..About::default() }
///     }
///
///     fn lines(&mut self, most: u16, put: &mut dyn FnMut(&[u8]) -> bool) {
///         self.lines.pass_on(most, put);
///     }
///
///     fn has_room(&self, _announced: &Announced) -> Result<(), Told> {
///         Ok(())
///     }
/// }
///
/// let mut host = Host::<4>::new(Config::MICRO, || 0);
/// let mut board = Board { lines: Backlog::new() };
/// let mut device = Device::<_, 512, 512, 400, 512>::new(RamSink::<8192>::new());
/// # let mut client = Client::<512, 512>::new(7, Retry::SERIAL);
/// # client.send(&Request::Describe, 0)?;
/// // loop {
/// let taken = device.receive(client.output());
/// device.turn(&mut host, &mut board);
/// let sent = client.receive(device.output());
/// device.sent(sent);
/// // }
/// # assert_ne!(taken, 0);
/// let Some(Ok(Reply::Description(device))) = client.reply() else { panic!("a description") };
/// assert_eq!((device.name, device.free_slots), ("lamp", 4));
/// # Ok::<(), ampoule_link::LinkError>(())
/// ```
///
/// A call that sleeps for ever keeps the line: give the host's policy a deadline.
pub struct Device<S, const IN: usize, const OUT: usize, const LIST: usize, const EVENTS: usize> {
    server: Server<IN, OUT>,
    work: Work<S, LIST, EVENTS>,
}

impl<S: Store, const IN: usize, const OUT: usize, const LIST: usize, const EVENTS: usize>
    Device<S, IN, OUT, LIST, EVENTS>
{
    /// A device that has heard nothing yet. It doesn't compile if a list or a profile doesn't fit into a frame, or
    /// an element of a list into one.
    #[must_use]
    pub const fn new(store: S) -> Self {
        const {
            // A tag and a length.
            assert!(wire_bytes(LIST + 1 + 3) <= OUT && LONGEST_ELEMENT <= LIST);
            assert!(wire_bytes(PROFILE_BYTES) <= OUT);
        }
        Self { server: Server::new(), work: Work::new(store) }
    }

    /// Takes bytes from the wire, and answers how many: it stops behind a request, until a turn.
    pub fn receive(&mut self, bytes: &[u8]) -> usize {
        self.server.receive(bytes)
    }

    /// Answers the call that is over, or else does the next request. True if it has done something.
    ///
    /// Call it once on each turn of the main loop, behind [`Host::poll`]: what a request has started
    /// runs there.
    pub fn turn<const SLOTS: usize>(
        &mut self,
        host: &mut Host<'_, SLOTS>,
        firmware: &mut impl Firmware,
    ) -> bool {
        self.answer_call(host) || self.next_request(host, firmware)
    }

    /// True if the call was over.
    fn answer_call<const SLOTS: usize>(&mut self, host: &mut Host<'_, SLOTS>) -> bool {
        let Some(call) = self.work.call else { return false };
        let Some(result) = host.take(&call) else { return false };
        self.work.call = None;
        match result {
            Ok(reply) => self.server.answer(&Reply::Answer(Bytes(reply.0))),
            Err(CallError::Refused(Refusal::Failure { code, message })) => {
                self.server.answer(&Reply::Failure { code, message: message.as_str() });
            }
            Err(error) => self.server.answer(&Reply::Problem(told(&error).problem())),
        }
        true
    }

    fn next_request<const SLOTS: usize>(
        &mut self,
        host: &mut Host<'_, SLOTS>,
        firmware: &mut impl Firmware,
    ) -> bool {
        let Some(request) = self.server.poll() else { return false };
        let most = Server::<IN, OUT>::CHUNK_BYTES;
        match self.work.handle(&request, host, firmware, most) {
            Ok(Some(reply)) => self.server.answer(&reply),
            Ok(None) => {}
            Err(told) => self.server.answer(&Reply::Problem(told.problem())),
        }
        true
    }

    /// Keeps an event for the workstation. For a main loop that takes the host's events itself, such as to
    /// show them; what nobody takes from the host, the workstation gets from there.
    pub fn note(&mut self, event: &Event) {
        self.work.note(event);
    }

    /// The bytes that are to be sent.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.server.output()
    }

    /// Says that so many bytes of [`Self::output`] were sent.
    pub fn sent(&mut self, bytes: usize) {
        self.server.sent(bytes);
    }

    /// Whether a call of the workstation is under way.
    #[must_use]
    pub const fn is_calling(&self) -> bool {
        self.work.call.is_some()
    }

    /// Whether it is time to restart: that was asked for, and the answer is sent.
    #[must_use]
    pub fn is_reset_due(&self) -> bool {
        self.work.reset && self.server.output().is_empty()
    }

    /// The install that is under way.
    #[must_use]
    pub const fn install(&self) -> &Install<S> {
        &self.work.install
    }

    /// How many frames were dropped as noise or as damaged.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.server.dropped()
    }
}

impl<S, const IN: usize, const OUT: usize, const LIST: usize, const EVENTS: usize> fmt::Debug
    for Device<S, IN, OUT, LIST, EVENTS>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, work } = self;
        f.debug_struct("Device")
            .field("server", server)
            .field("calling", &work.call.is_some())
            .finish_non_exhaustive()
    }
}
