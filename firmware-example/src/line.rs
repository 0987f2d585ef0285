//! The serial line: a workstation lists, installs and calls plugins over it (`docs/link.md`).

use crate::{
    board::{self, LinkPort},
    heap::HEAP,
};
use ampoule::{Event, services::LogLine};
use ampoule_device::{About, Backlog, Device, Firmware};
use ampoule_link::{RamSink, Room};
use core::{
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, Ordering},
};
use embedded_io::{Read, ReadReady, Write, WriteReady};
use spin::Mutex;

/// The longest frame, before COBS: half a kilobyte a chunk keeps the buffers small, and costs a tenth of the
/// line's speed beside twice as much.
pub(crate) const MOST_IN: usize = 512;
const MOST_OUT: usize = 512;
const LIST_BYTES: usize = 400;
/// Some twenty events.
const EVENT_BYTES: usize = 512;
/// A manifest and a module. With nothing else loaded, the heap has room for what a module of this size becomes
/// (some four times as much, and ten KiB), and not for much more.
const INSTALL_BYTES: usize =
    if cfg!(feature = "smallest") { 2_048 } else { crate::policy::MODULE_BYTES as usize };

/// Two slots more than there are plugins in flash: for those that come over the line.
pub(crate) type Host = ampoule::Host<'static, 6>;

type Sink = RamSink<INSTALL_BYTES>;
type Served = Device<&'static mut Sink, MOST_IN, MOST_OUT, LIST_BYTES, EVENT_BYTES>;

/// Lines that nobody has asked for yet, some twenty. Never touched by an interrupt.
static LINES: Mutex<Backlog<1024>> = Mutex::new(Backlog::new());

/// Keeps a plugin's line for the workstation.
pub(crate) fn keep(line: &LogLine<'_>) {
    let LogLine { plugin, level, text, now: at } = *line;
    // Nobody holds it while a plugin runs.
    if let Some(mut lines) = LINES.try_lock() {
        lines.push(&ampoule_link::Line { plugin, level: level as u8, at, text });
    }
}

/// The device's end of the line.
pub(crate) struct Line {
    device: Served,
    port: LinkPort,
    /// What was read and not yet taken.
    bytes: [u8; 64],
    start: usize,
    end: usize,
}

impl Line {
    fn new(sink: &'static mut Sink) -> Self {
        let device = Served::new(sink);
        Self { device, port: LinkPort::new(), bytes: [0; 64], start: 0, end: 0 }
    }

    /// The one that there is, once.
    #[inline(never)]
    pub(crate) fn open() -> Option<&'static mut Self> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        static mut SINK: Sink = RamSink::new();
        // Not written until here: it isn't all zeros, and would lie in flash, too.
        static mut LINE: MaybeUninit<Line> = MaybeUninit::uninit();
        if TAKEN.swap(true, Ordering::Relaxed) {
            return None;
        }
        let (sink, line) = (&raw mut SINK, &raw mut LINE);
        // SAFETY: nobody else comes here, or came before, and nothing else names them.
        let (sink, line) = unsafe { (&mut *sink, &mut *line) };
        Some(line.write(Self::new(sink)))
    }

    /// Reads, does one request, and sends. True if it wants another turn at once.
    pub(crate) fn serve(&mut self, host: &mut Host) -> bool {
        self.receive();
        let done = self.device.turn(host, &mut Here);
        self.send();
        if self.device.is_reset_due() {
            board::reset();
        }
        done || self.start < self.end || !self.device.output().is_empty()
    }

    /// Whether something has come in.
    pub(crate) fn is_awake(&mut self) -> bool {
        self.port.read_ready() == Ok(true)
    }

    /// Keeps an event for the workstation.
    pub(crate) fn note(&mut self, event: &Event) {
        self.device.note(event);
    }

    /// Takes bytes until a request is there.
    fn receive(&mut self) {
        loop {
            if self.start == self.end {
                if self.port.read_ready() != Ok(true) {
                    return;
                }
                let Ok(read) = self.port.read(&mut self.bytes);
                (self.start, self.end) = (0, read);
            }
            let waiting = self.bytes.get(self.start..self.end).unwrap_or_default();
            match self.device.receive(waiting) {
                0 => return,
                taken => self.start += taken,
            }
        }
    }

    /// Sends what the port takes now.
    fn send(&mut self) {
        while !self.device.output().is_empty() && self.port.write_ready() == Ok(true) {
            let Ok(sent) = self.port.write(self.device.output());
            self.device.sent(sent);
        }
    }
}

/// This firmware, as the line asks for it.
struct Here;

impl Firmware for Here {
    fn about(&self) -> About<'_> {
        About {
            name: board::NAME,
            firmware: env!("CARGO_PKG_VERSION"),
            ram_bytes: board::HEAP_BYTES,
            free_ram_bytes: HEAP.free(),
        }
    }

    fn room(&self) -> Option<Room> {
        Some(board::ROOM)
    }

    fn lines(&mut self, most: u16, put: &mut dyn FnMut(&[u8]) -> bool) {
        LINES.lock().pass_on(most, put);
    }
}
