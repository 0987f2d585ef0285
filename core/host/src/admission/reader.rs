//! A cursor over a module's bytes that can only fail by telling where.

use crate::error::AdmissionError;

/// Reads the binary format of WebAssembly 1.0, section 5, from a part of a module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    /// The module from its first byte to this reader's end, so that positions are offsets in it.
    bytes: &'a [u8],
    at: usize,
    /// What is being read, for errors.
    what: &'static str,
}

type Result<T> = core::result::Result<T, AdmissionError>;

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { bytes, at: 0, what }
    }

    pub(crate) const fn offset(&self) -> usize {
        self.at
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(crate) fn truncated(&self) -> AdmissionError {
        AdmissionError::Truncated { what: self.what, offset: self.at }
    }

    pub(crate) fn malformed(&self) -> AdmissionError {
        AdmissionError::Malformed { what: self.what, offset: self.at }
    }

    pub(crate) fn unsupported(&self, what: &'static str, found: u32) -> AdmissionError {
        AdmissionError::Unsupported { what, found, offset: self.at }
    }

    /// The same place, under another name.
    pub(crate) const fn named(mut self, what: &'static str) -> Self {
        self.what = what;
        self
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.truncated())?;
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(length).ok_or_else(|| self.truncated())?;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| self.truncated())?;
        self.at = end;
        Ok(taken)
    }

    /// A reader of the next `length` bytes; this one goes on behind them.
    pub(crate) fn part(&mut self, length: u32, what: &'static str) -> Result<Self> {
        let start = self.at;
        self.take(length as usize).map_err(|_| self.named(what).truncated())?;
        Ok(Self { bytes: self.bytes.get(..self.at).unwrap_or_default(), at: start, what })
    }

    /// The same reader put back to `offset`, which lies in its range.
    pub(crate) const fn back_at(mut self, offset: usize) -> Self {
        self.at = offset;
        self
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// An unsigned LEB128 number of at most 32 bits.
    pub(crate) fn u32(&mut self) -> Result<u32> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            let low = u32::from(byte & 0x7f);
            if shift == 28 && byte > 0x0f {
                return Err(self.malformed());
            }
            value |= low << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.malformed())
    }

    /// Passes over a signed LEB128 number of at most `bits` and checks its unused bits.
    pub(crate) fn skip_signed(&mut self, bits: u32) -> Result<()> {
        self.signed(bits).map(|_| ())
    }

    /// A signed LEB128 number of at most `bits` (32, 33 or 64).
    pub(crate) fn signed(&mut self, bits: u32) -> Result<i64> {
        let mut value = 0_i64;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            let low = i64::from(byte & 0x7f);
            value |= low << shift;
            let left = bits - shift;
            if byte < 0x80 {
                if left < 7 && !fits(byte, left) {
                    return Err(self.malformed());
                }
                shift += 7;
                // Extend the sign: the number ends below the 64th bit.
                let unused = 64_u32.saturating_sub(shift);
                return Ok((value << unused) >> unused);
            }
            if left <= 7 {
                return Err(self.malformed());
            }
            shift += 7;
        }
    }

    /// A name: UTF-8 with its length before it.
    pub(crate) fn name(&mut self) -> Result<&'a str> {
        let length = self.u32()?;
        let bytes = self.take(length as usize)?;
        core::str::from_utf8(bytes).map_err(|_| self.malformed())
    }

    /// Fails unless all has been read.
    pub(crate) fn end(&self) -> Result<()> {
        if self.is_at_end() { Ok(()) } else { Err(self.malformed()) }
    }
}

/// Whether the bits of the last byte beyond the `left` ones that count repeat the sign.
fn fits(byte: u8, left: u32) -> bool {
    let sign_and_above = (byte & 0x7f) >> (left - 1);
    sign_and_above == 0 || sign_and_above == 0x7f >> (left - 1)
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn unsigned_numbers_follow_the_specification() {
        for (bytes, value) in [
            (&b"\x00"[..], Some(0)),
            (b"\x7f", Some(127)),
            (b"\x80\x01", Some(128)),
            (b"\x80\x80\x80\x80\x00", Some(0)),
            (b"\xff\xff\xff\xff\x0f", Some(u32::MAX)),
            (b"\xff\xff\xff\xff\x10", None),
            (b"\xff\xff\xff\xff\xff\x00", None),
            (b"\x80", None),
            (b"", None),
        ] {
            assert_eq!(Reader::new(bytes, "a number").u32().ok(), value, "{bytes:x?}");
        }
    }

    #[test]
    fn signed_numbers_follow_the_specification() {
        for (bits, bytes, value) in [
            (32, &b"\x00"[..], Some(0)),
            (32, b"\x7f", Some(-1)),
            (32, b"\x40", Some(-64)),
            (32, b"\xc0\x00", Some(64)),
            (32, b"\xff\xff\xff\xff\x07", Some(i64::from(i32::MAX))),
            (32, b"\x80\x80\x80\x80\x78", Some(i64::from(i32::MIN))),
            (32, b"\xff\xff\xff\xff\x0f", None),
            (32, b"\x80\x80\x80\x80\x70", None),
            (32, b"\xff\xff\xff\xff\xff\x7f", None),
            (64, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", Some(i64::MAX)),
            (64, b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", Some(i64::MIN)),
            (64, b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", None),
            (64, b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", None),
            (33, b"\x40", Some(-64)),
            (33, b"\xff\xff\xff\xff\x0f", Some(i64::from(u32::MAX))),
        ] {
            let found = Reader::new(bytes, "a number").signed(bits).ok();
            assert_eq!(found, value, "{bits} bits of {bytes:x?}");
        }
    }

    #[test]
    fn a_part_ends_where_it_was_said_to() {
        let mut whole = Reader::new(b"\x01\x02\x03", "all");
        let mut part = whole.part(2, "a part").unwrap();
        assert_eq!((part.byte(), part.byte()), (Ok(1), Ok(2)));
        assert!(part.byte().is_err() && part.end().is_ok());
        assert_eq!((whole.offset(), whole.byte()), (2, Ok(3)));
        assert!(whole.part(u32::MAX, "too much").is_err());
    }
}
