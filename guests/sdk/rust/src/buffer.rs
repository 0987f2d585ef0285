//! Bytes written one after the other into a buffer of fixed size.

use crate::MAX_DEPTH;

/// A position past the end of every buffer: addresses have 31 bits.
const NOWHERE: usize = 1 << 31;

/// A buffer that knows how far it is written.
///
/// Running over the end is no error at each step: nothing more is written then, and whoever asks
/// for [`written`](Self::written) in the end learns of it. [`go_back`](Self::go_back) takes that
/// back too. Positions stop at the largest number: on wasm32 four billion bytes too many would
/// else be none.
pub(crate) struct Buffer<B: ?Sized = [u8]> {
    position: Position,
    bytes: B,
}

/// How far a buffer is written.
#[derive(Clone, Copy)]
pub(crate) struct Position {
    at: usize,
    /// How many lists and maps are open.
    depth: usize,
}

impl<const N: usize> Buffer<[u8; N]> {
    pub(crate) const fn new() -> Self {
        Self { position: Position { at: 0, depth: 0 }, bytes: [0; N] }
    }
}

impl Buffer {
    /// Everything from the start, to be written by others.
    pub(crate) fn all(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Starts anew.
    pub(crate) fn clear(&mut self) {
        self.position = Position { at: 0, depth: 0 };
    }

    /// What was written, unless it doesn't fit.
    pub(crate) fn written(&self) -> Option<&[u8]> {
        self.bytes.get(..self.position.at)
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn go_back(&mut self, position: Position) {
        self.position = position;
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.position.at) {
            *place = byte;
        }
        self.advance(1);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.position.at..).unwrap_or_default();
        if let Some(place) = room.get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.advance(bytes.len());
    }

    fn advance(&mut self, by: usize) {
        self.position.at = self.position.at.saturating_add(by);
    }

    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    /// The length, then the bytes: how strings are written.
    pub(crate) fn sized(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.bytes(bytes);
    }

    /// Leaves room for a small length or count that is known later, and answers where what it
    /// counts begins.
    pub(crate) fn open(&mut self) -> usize {
        self.byte(0);
        self.position.at
    }

    /// As [`Self::open`], for what adds to the depth.
    pub(crate) fn open_nested(&mut self) -> usize {
        self.position.depth += 1;
        if self.position.depth > MAX_DEPTH {
            self.position.at = NOWHERE;
        }
        self.open()
    }

    /// The number of bytes from `start` to here.
    pub(crate) fn since(&self, start: usize) -> usize {
        self.position.at - start
    }

    /// Fills the room before `start`; a large count moves what was written since.
    pub(crate) fn close(&mut self, start: usize, count: usize) {
        let end = self.position.at;
        self.position.at = start - 1;
        if count < 0x80 {
            self.byte(count as u8);
            self.position.at = end;
        } else {
            let more = varint_bytes(count) - 1;
            self.shift(start, end, more);
            self.varint(count as u64);
            self.position.at = end;
            self.advance(more);
        }
    }

    pub(crate) fn close_nested(&mut self, start: usize, count: usize) {
        self.close(start, count);
        self.position.depth -= 1;
    }

    /// Moves `start..end` up by `by` bytes, if that fits.
    fn shift(&mut self, start: usize, end: usize, by: usize) {
        if let Some(bytes) = self.bytes.get_mut(start..end.saturating_add(by))
            && let Some(kept) = bytes.len().checked_sub(by)
        {
            bytes.copy_within(..kept, by);
        }
    }
}

fn varint_bytes(mut value: usize) -> usize {
    let mut bytes = 1;
    while value >= 0x80 {
        value >>= 7;
        bytes += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Buffer, Position};
    use std::{vec, vec::Vec};

    fn written<const N: usize>(write: impl FnOnce(&mut Buffer)) -> Option<Vec<u8>> {
        let mut buffer = Buffer::<[u8; N]>::new();
        let buffer: &mut Buffer = &mut buffer;
        write(buffer);
        buffer.written().map(Vec::from)
    }

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let all = written::<16>(|buffer| {
            buffer.byte(7);
            buffer.sized(b"abc");
            buffer.varint(300);
            buffer.bytes(b"");
        });
        assert_eq!(all.as_deref(), Some(&b"\x07\x03abc\xac\x02"[..]));
    }

    #[test]
    fn what_does_not_fit_is_told_in_the_end() {
        type Write = fn(&mut Buffer);
        let overflows: [Write; 4] = [
            |buffer| buffer.bytes(b"12345"),
            |buffer| (0..5).for_each(|_| buffer.byte(0)),
            |buffer| buffer.varint(u64::MAX),
            |buffer| {
                buffer.bytes(b"12345");
                // Even if this alone would fit.
                buffer.byte(6);
            },
        ];
        for overflow in overflows {
            assert_eq!(written::<4>(overflow), None);
        }
        assert_eq!(written::<4>(|buffer| buffer.bytes(b"1234")).as_deref(), Some(&b"1234"[..]));
    }

    #[test]
    fn an_overflow_never_wraps_round_to_what_fits() {
        type Write = fn(&mut Buffer);
        let writes: [Write; 6] = [
            |buffer| (0..9).for_each(|_| buffer.byte(0)),
            |buffer| buffer.bytes(b"123456789"),
            |buffer| buffer.sized(&[0; 200]),
            |buffer| buffer.varint(u64::MAX),
            |buffer| {
                let start = buffer.open();
                buffer.bytes(b"123456789");
                let count = buffer.since(start);
                buffer.close(start, count);
            },
            |buffer| {
                let start = buffer.open_nested();
                buffer.close_nested(start, usize::MAX);
            },
        ];
        for write in writes {
            for short_of_the_end in 0..8 {
                let all = written::<4>(|buffer| {
                    let at = usize::MAX - short_of_the_end;
                    buffer.go_back(Position { at, depth: 0 });
                    write(buffer);
                });
                assert_eq!(all, None, "{short_of_the_end}");
            }
        }
    }

    #[test]
    fn going_back_takes_an_overflow_back() {
        let all = written::<4>(|buffer| {
            buffer.byte(1);
            let here = buffer.position();
            buffer.bytes(b"too long");
            buffer.go_back(here);
            buffer.byte(2);
        });
        assert_eq!(all.as_deref(), Some(&[1, 2][..]));
    }

    #[test]
    fn a_count_of_any_size_fits_before_what_it_counts() {
        for count in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            let content = vec![9; count];
            let counted = written::<80_000>(|buffer| {
                let start = buffer.open();
                buffer.bytes(&content);
                let count = buffer.since(start);
                buffer.close(start, count);
                buffer.byte(8);
            });
            let expected = written::<80_000>(|buffer| {
                buffer.sized(&content);
                buffer.byte(8);
            });
            assert!(counted.is_some());
            assert_eq!(counted, expected, "{count}");
        }
    }

    #[test]
    fn a_count_without_room_is_an_overflow() {
        for (content, fits) in [(127, true), (128, false), (129, false)] {
            let counted = written::<128>(|buffer| {
                let start = buffer.open();
                buffer.bytes(&vec![0; content]);
                buffer.close(start, content);
            });
            assert_eq!(counted.is_some(), fits, "{content}");
        }
    }
}
