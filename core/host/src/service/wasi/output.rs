//! Standard output and error: to the service `stdio` as they are, or to the log in lines.

use super::{
    errno::{Result, Stop},
    fds::Stream,
    host::{Desk, Host},
    iovecs::Iovecs,
    lines::Step,
    needs::Need,
};
use crate::services::{Level, MAX_LINE_TEXT_BYTES};
use ampoule_abi::encode;

/// The most bytes that are handed to `stdio` at once.
const MOST_AT_ONCE: usize = 1024;

pub(crate) fn write(host: &mut Host<'_>, stream: Stream, buffers: Iovecs) -> Result<u32> {
    buffers.each(host, |host, buffer| {
        let Host { memory, desk } = host;
        let bytes = buffer.of(memory.0).unwrap_or_default();
        // Both hand the bytes on by way of a buffer of the host's.
        desk.spend(u64::from(buffer.length()))?;
        let written = if desk.has(Need::StdioWrite) {
            raw(desk, stream, bytes)
        } else {
            lines(desk, stream, bytes)
        };
        written.map(|bytes| bytes as u32)
    })
}

/// Answers how many bytes were taken; an error only if none was.
fn raw(desk: &mut Desk<'_>, stream: Stream, bytes: &[u8]) -> Result<usize> {
    let mut taken = 0;
    // A message holds the stream's number besides.
    let most = (desk.message_bytes as usize).saturating_sub(1).clamp(1, MOST_AT_ONCE);
    for part in bytes.chunks(most) {
        let mut request = heapless::Vec::<u8, { MOST_AT_ONCE + 1 }>::new();
        // There is room for both.
        let _ = request.push(number(stream));
        let _ = request.extend_from_slice(part);
        match desk.ask(Need::StdioWrite, &request, &mut []) {
            Ok(_) => taken += part.len(),
            Err(Stop::Errno(_)) if taken > 0 => break,
            Err(stop) => return Err(stop),
        }
    }
    Ok(taken)
}

const fn number(stream: Stream) -> u8 {
    match stream {
        Stream::Out => 1,
        Stream::Err => 2,
    }
}

/// As [`raw`]. A line that the log refuses is lost: a guest that tried again would do so for long.
fn lines(desk: &mut Desk<'_>, stream: Stream, bytes: &[u8]) -> Result<usize> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (taken, step) = line(desk, stream).take(rest);
        rest = rest.get(taken..).unwrap_or_default();
        if step != Step::Open {
            log(desk, stream, step == Step::Full)?;
        }
    }
    Ok(bytes.len())
}

fn line<'d>(desk: &'d mut Desk<'_>, stream: Stream) -> &'d mut super::lines::Line {
    let [out, err] = &mut desk.state.lines;
    match stream {
        Stream::Out => out,
        Stream::Err => err,
    }
}

/// Hands the line to the log, and begins a new one.
fn log(desk: &mut Desk<'_>, stream: Stream, goes_on: bool) -> Result<()> {
    let level = match stream {
        Stream::Out => Level::Info,
        Stream::Err => Level::Warn,
    };
    let text = line(desk, stream).text(goes_on);
    // A level, a length and the text.
    let mut request = [0; 3 * MAX_LINE_TEXT_BYTES + 8];
    let request = encode(&(level as u8, text.as_str()), &mut request).unwrap_or_default();
    match desk.ask(Need::LogWrite, request, &mut []) {
        Ok(_) | Err(Stop::Errno(_)) => Ok(()),
        Err(stop) => Err(stop),
    }
}

/// Hands on what is left of lines that have no end.
pub(crate) fn flush(desk: &mut Desk<'_>) -> Result<()> {
    for stream in [Stream::Out, Stream::Err] {
        if !line(desk, stream).is_empty() {
            log(desk, stream, false)?;
        }
    }
    Ok(())
}
