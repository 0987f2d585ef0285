//! Frames: a header, a message and a CRC, in COBS between two zeros.

use crate::LINK_VERSION;
use cobs::{CobsEncoder, DecodeResult, DecoderState};
use crc::{CRC_32_ISO_HDLC, Crc, Digest, NoTable};
use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Bit by bit: a table would be a kilobyte of flash, and the line is slower than either.
static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// What a frame has before its message.
pub const HEADER_BYTES: usize = 10;

/// What a frame has behind its message.
pub const CRC_BYTES: usize = 4;

/// What a frame costs besides its message, before COBS.
pub const FRAME_OVERHEAD_BYTES: usize = HEADER_BYTES + CRC_BYTES;

/// The most bytes of a frame on the wire, both zeros included, whose message has so many.
#[must_use]
pub const fn wire_bytes(message_bytes: usize) -> usize {
    let frame = message_bytes.saturating_add(FRAME_OVERHEAD_BYTES);
    frame.saturating_add(frame / 254).saturating_add(3)
}

/// Which request a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameId {
    pub(crate) session: u32,
    pub(crate) sequence: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Request,
    Reply,
}

impl FrameKind {
    const fn number(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Reply => 2,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) version: u8,
    pub(crate) kind: u8,
    pub(crate) id: FrameId,
}

impl Header {
    pub(crate) const fn is(&self, kind: FrameKind) -> bool {
        self.kind == kind.number()
    }

    const fn new(kind: FrameKind, id: FrameId) -> Self {
        Self { version: LINK_VERSION, kind: kind.number(), id }
    }

    const fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = self.id.session.to_le_bytes();
        let [e, f, g, h] = self.id.sequence.to_le_bytes();
        [self.version, self.kind, a, b, c, d, e, f, g, h]
    }

    const fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Self {
        let [version, kind, a, b, c, d, e, f, g, h] = *bytes;
        let session = u32::from_le_bytes([a, b, c, d]);
        let sequence = u32::from_le_bytes([e, f, g, h]);
        Self { version, kind, id: FrameId { session, sequence } }
    }
}

/// Collects one frame from the wire. What isn't one is dropped, and the next zero is a new start.
pub(crate) struct Inbox<const BYTES: usize> {
    bytes: [u8; BYTES],
    length: usize,
    state: DecoderState,
    /// What comes is dropped up to the next zero.
    overlong: bool,
    frame: Option<Header>,
    dropped: u32,
}

impl<const BYTES: usize> Inbox<BYTES> {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; BYTES],
            length: 0,
            state: DecoderState::Idle,
            overlong: false,
            frame: None,
            dropped: 0,
        }
    }

    /// Takes bytes until a frame is complete, and answers how many it took.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        for byte in bytes {
            if self.frame.is_some() {
                break;
            }
            self.take(*byte);
            taken += 1;
        }
        taken
    }

    /// The frame that is complete, until [`Self::clear`].
    pub(crate) const fn frame(&self) -> Option<Header> {
        self.frame
    }

    /// The message of the latest complete frame, until the next byte is received.
    pub(crate) fn message(&self) -> &[u8] {
        let end = self.length.saturating_sub(CRC_BYTES);
        self.bytes.get(HEADER_BYTES..end).unwrap_or_default()
    }

    /// Makes room for the next frame.
    pub(crate) const fn clear(&mut self) {
        self.frame = None;
    }

    /// How many frames were dropped: noise, or damaged on the way.
    pub(crate) const fn dropped(&self) -> u32 {
        self.dropped
    }

    fn take(&mut self, byte: u8) {
        if self.overlong {
            self.overlong = byte != 0;
            return;
        }
        if matches!(self.state, DecoderState::Idle) {
            self.length = 0;
        }
        match self.state.feed(byte) {
            Ok(DecodeResult::NoData) => {}
            Ok(DecodeResult::DataContinue(byte)) => self.push(byte),
            Ok(DecodeResult::DataComplete) => self.complete(),
            Err(_) => self.drop_frame(),
        }
    }

    fn push(&mut self, byte: u8) {
        match self.bytes.get_mut(self.length) {
            Some(place) => {
                *place = byte;
                self.length += 1;
            }
            None => {
                self.overlong = true;
                self.state = DecoderState::Idle;
                self.drop_frame();
            }
        }
    }

    fn complete(&mut self) {
        self.frame = checked(self.bytes.get(..self.length).unwrap_or_default());
        if self.frame.is_none() {
            self.drop_frame();
        }
    }

    const fn drop_frame(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }
}

/// The header of a frame whose CRC is right.
fn checked(frame: &[u8]) -> Option<Header> {
    let (content, crc) = frame.split_last_chunk::<CRC_BYTES>()?;
    let header = content.first_chunk::<HEADER_BYTES>()?;
    let right = CRC.checksum(content) == u32::from_le_bytes(*crc);
    right.then(|| Header::from_bytes(header))
}

/// One frame as it goes over the wire, kept so that it can be sent again.
pub(crate) struct Outbox<const BYTES: usize> {
    bytes: [u8; BYTES],
    length: usize,
    sent: usize,
}

impl<const BYTES: usize> Outbox<BYTES> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; BYTES], length: 0, sent: 0 }
    }

    /// Puts a frame in. False, and empty, if it doesn't fit.
    pub(crate) fn put<T: Serialize>(&mut self, kind: FrameKind, id: FrameId, message: &T) -> bool {
        (self.sent, self.length) = (0, 0);
        if let Some(length) = write(&mut self.bytes, Header::new(kind, id), message) {
            self.length = length;
        }
        self.length != 0
    }

    /// What is still to be sent.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.sent..self.length).unwrap_or_default()
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes).min(self.length);
    }

    pub(crate) const fn again(&mut self) {
        self.sent = 0;
    }

    pub(crate) const fn forget(&mut self) {
        self.length = 0;
        self.sent = 0;
    }
}

/// Writes a frame, and answers its length on the wire.
fn write<T: Serialize>(out: &mut [u8], header: Header, message: &T) -> Option<usize> {
    let (first, rest) = out.split_first_mut()?;
    *first = 0;
    let mut frame = Framed { cobs: CobsEncoder::new(rest), digest: CRC.digest() };
    frame.try_extend(&header.to_bytes()).ok()?;
    let coded = postcard::serialize_with_flavor(message, frame).ok()?;
    *rest.get_mut(coded)? = 0;
    coded.checked_add(2)
}

/// Where postcard writes to: through the CRC and COBS into the buffer, without one in between.
struct Framed<'a> {
    cobs: CobsEncoder<'a>,
    digest: Digest<'static, u32, NoTable>,
}

impl Flavor for Framed<'_> {
    type Output = usize;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.digest.update(bytes);
        self.cobs.push(bytes).map_err(|_| postcard::Error::SerializeBufferFull)
    }

    fn finalize(mut self) -> postcard::Result<usize> {
        let crc = self.digest.finalize().to_le_bytes();
        self.cobs.push(&crc).map_err(|_| postcard::Error::SerializeBufferFull)?;
        Ok(self.cobs.finalize())
    }
}
