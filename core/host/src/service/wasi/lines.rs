//! Output cut into lines for the log.

use crate::services::MAX_LINE_TEXT_BYTES;

/// What was written since the last end of a line.
#[derive(Debug, Default)]
pub(crate) struct Line(heapless::Vec<u8, MAX_LINE_TEXT_BYTES>);

/// A line's text, where each byte may have become a replacement character.
pub(crate) type LineText = heapless::String<{ MAX_LINE_TEXT_BYTES * 3 }>;

/// What has become of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It goes on, and has room.
    Open,
    /// It is to be written, and ends here.
    Ended,
    /// It is to be written, and goes on.
    Full,
}

impl Line {
    /// Takes from `bytes` up to the end of a line or of the room, and answers how many bytes it took.
    /// None only if it is full.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> (usize, Step) {
        let room = self.0.capacity() - self.0.len();
        // A line that just fits isn't cut in two: its end needs no room.
        let end = bytes.iter().take(room + 1).position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(bytes.len().min(room));
        // It is no longer than the room.
        let _ = self.0.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        match end {
            Some(end) => (end + 1, Step::Ended),
            None if taken < bytes.len() => (taken, Step::Full),
            None => (taken, Step::Open),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Empties it into text. A character that isn't whole yet stays, if the line goes on.
    pub(crate) fn text(&mut self, goes_on: bool) -> LineText {
        let kept = if goes_on { cut_off(&self.0) } else { 0 };
        let whole = self.0.len() - kept;
        let mut text = LineText::new();
        for chunk in self.0.get(..whole).unwrap_or_default().utf8_chunks() {
            // There is room for three bytes for each one of the line.
            let _ = text.push_str(chunk.valid());
            for _ in chunk.invalid() {
                let _ = text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.0.rotate_left(whole);
        self.0.truncate(kept);
        text
    }
}

/// How many bytes at the end begin a character that they don't finish.
fn cut_off(bytes: &[u8]) -> usize {
    match core::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.len() - error.valid_up_to(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Step};
    use crate::services::MAX_LINE_TEXT_BYTES;
    use std::{string::String, vec::Vec};

    fn lines(mut bytes: &[u8]) -> Vec<String> {
        let (mut line, mut lines) = (Line::default(), Vec::new());
        while !bytes.is_empty() {
            let (taken, step) = line.take(bytes);
            bytes = &bytes[taken..];
            if step != Step::Open {
                lines.push(line.text(step == Step::Full).as_str().into());
            }
        }
        lines.push(line.text(false).as_str().into());
        lines
    }

    #[test]
    fn output_is_cut_at_line_ends_and_where_a_line_is_full() {
        let long = "é".repeat(MAX_LINE_TEXT_BYTES);
        let shifted = ["x", &long].concat();
        let fill = "é".repeat(MAX_LINE_TEXT_BYTES / 2);
        let odd = ["x", &"é".repeat(MAX_LINE_TEXT_BYTES / 2 - 1)].concat();
        for (bytes, expected) in [
            (&b""[..], &[""][..]),
            (b"a\nb", &["a", "b"]),
            (b"a\n\nb\n", &["a", "", "b", ""]),
            (b"\xff\xc3\n\xc3\xa9", &["\u{fffd}\u{fffd}", "é"]),
            (long.as_bytes(), &[&fill, &fill]),
            ([&fill, "\nb"].concat().as_bytes(), &[&fill, "b"]),
            (shifted.as_bytes(), &[&odd, &fill, "é"]),
        ] {
            assert_eq!(lines(bytes), expected);
        }
    }
}
