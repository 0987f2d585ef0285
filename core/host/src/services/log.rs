//! Lines of text from guests.

use super::{message, read};
use crate::{Caller, Micros, Operation, Service};
use alloc::boxed::Box;
use ampoule_abi::{Status, is_printable};
use core::fmt;

/// The most bytes of a line's text; what is longer is cut between two characters.
pub const MAX_LINE_TEXT_BYTES: usize = 200;

/// What a line counts for besides its text: a sink writes the plugin, the level and the time too, so
/// that empty lines aren't free.
pub const LINE_BYTES: u32 = 32;

type Sink = Box<dyn FnMut(&LogLine<'_>) + Send>;

/// The service `log`: takes a plugin's lines and hands them to a sink, one by one.
///
/// How many lines a plugin may write in a second is in its grant (`perSecond`); how many bytes all of
/// them may write is in the service, so that many plugins don't fill the host's serial line together.
///
/// ```
/// use ampoule::services::{Log, LogLine};
///
/// let log = Log::new(4096, |line: &LogLine<'_>| println!("{line}"));
/// # let _ = log;
/// ```
pub struct Log {
    sink: Sink,
    bytes_per_second: u32,
    /// When the second began that [`Self::spent`] counts for.
    second: Micros,
    spent: u32,
}

/// A line of a plugin.
///
/// Its `Display` is `[plugin] level: text`, safe for a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// Who wrote it.
    pub plugin: &'a str,
    /// How urgent it is.
    pub level: Level,
    /// One line, without control characters, at most [`MAX_LINE_TEXT_BYTES`] long.
    pub text: &'a str,
    /// When it was written, by the host's clock.
    pub now: Micros,
}

/// How urgent a line is, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

// A sink formats a line and writes it out; a serial line takes longer for a byte than a guest for a
// hundred instructions, but the bytes per second bound that.
const OPERATIONS: &[Operation] = &[message("write", 500, 10)];

impl Log {
    /// Hands at most `bytes_per_second` bytes to `sink` in a second of the host's clock, each line
    /// counted as its text and [`LINE_BYTES`]. With less than both of the longest line, long lines are
    /// never heard.
    #[must_use]
    pub fn new(bytes_per_second: u32, sink: impl FnMut(&LogLine<'_>) + Send + 'static) -> Self {
        Self { sink: Box::new(sink), bytes_per_second, second: 0, spent: 0 }
    }

    fn write(&mut self, caller: &Caller<'_>, request: &[u8]) -> Result<usize, Status> {
        let (level, text): (u8, &str) = read(request)?;
        let level = Level::from_wire(level).ok_or(Status::Invalid)?;
        let text = shown(text);
        self.spend(text.len(), caller.now)?;
        (self.sink)(&LogLine { plugin: caller.plugin, level, text: &text, now: caller.now });
        Ok(0)
    }

    /// A clock that goes back begins no new second.
    fn spend(&mut self, text_bytes: usize, now: Micros) -> Result<(), Status> {
        if now.saturating_sub(self.second) >= 1_000_000 {
            (self.second, self.spent) = (now, 0);
        }
        // A line's text is far shorter than a u32 tells.
        let spent = self.spent.saturating_add(LINE_BYTES).saturating_add(text_bytes as u32);
        if spent > self.bytes_per_second {
            return Err(Status::Busy);
        }
        self.spent = spent;
        Ok(())
    }
}

impl Service for Log {
    fn name(&self) -> &'static str {
        "log"
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
        if operation == 0 { self.write(caller, request) } else { Err(Status::NotFound) }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("bytes_per_second", &self.bytes_per_second)
            .finish_non_exhaustive()
    }
}

impl Level {
    /// Reads a level's number on the wire, 0 for the most urgent.
    #[must_use]
    pub const fn from_wire(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Error,
            1 => Self::Warn,
            2 => Self::Info,
            3 => Self::Debug,
            4 => Self::Trace,
            _ => return None,
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        })
    }
}

impl fmt::Display for LogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}: {}", self.plugin, self.level, self.text)
    }
}

/// A guest's text as it may be shown: what isn't printable is `U+FFFD`, and what is too long is cut.
fn shown(text: &str) -> heapless::String<MAX_LINE_TEXT_BYTES> {
    let mut shown = heapless::String::new();
    for character in text.chars() {
        let printable =
            if is_printable(character) { character } else { char::REPLACEMENT_CHARACTER };
        if shown.push(printable).is_err() {
            break;
        }
    }
    shown
}
