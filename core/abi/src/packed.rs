//! The one number that an entry answers with.

const LENGTH_BITS: u32 = 31;
const MAX_31: u32 = (1 << LENGTH_BITS) - 1;

/// Where an entry's reply lies, and whether it is a reply or a failure.
///
/// | bits | meaning |
/// |---|---|
/// | 63 | set: the bytes are a [`Failure`](crate::Failure) |
/// | 62–32 | address |
/// | 31 | zero |
/// | 30–0 | length in bytes |
///
/// ```
/// use ampoule_abi::PackedReply;
///
/// let packed = PackedReply { failed: false, address: 0x400, length: 5 };
/// assert_eq!(packed.to_bits(), Some(0x400_0000_0005));
/// assert_eq!(PackedReply::from_bits(0x400_0000_0005), Some(packed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedReply {
    /// The bytes are a [`Failure`](crate::Failure).
    pub failed: bool,
    /// Where the bytes start in the guest's memory, at most 31 bits.
    pub address: u32,
    /// How many bytes there are, at most 31 bits.
    pub length: u32,
}

impl PackedReply {
    /// Packs, or answers `None` if address or length needs more than 31 bits.
    #[must_use]
    pub const fn to_bits(self) -> Option<i64> {
        if self.address > MAX_31 || self.length > MAX_31 {
            return None;
        }
        // Both fit in 31 bits, so the casts below lose nothing.
        let bits = ((self.address as i64) << 32) | self.length as i64;
        Some(if self.failed { bits | i64::MIN } else { bits })
    }

    /// Unpacks, or answers `None` if bit 31 is set.
    #[must_use]
    pub const fn from_bits(bits: i64) -> Option<Self> {
        let length = bits as u32;
        if length > MAX_31 {
            return None;
        }
        let address = (bits >> 32) as u32 & MAX_31;
        Some(Self { failed: bits < 0, address, length })
    }
}

#[cfg(test)]
mod tests {
    use super::PackedReply;

    #[test]
    fn the_layout_is_the_documented_one() {
        let reply = |failed, address, length| PackedReply { failed, address, length };
        for (packed, bits) in [
            (reply(false, 0, 0), 0),
            (reply(false, 1, 2), 0x1_0000_0002),
            (reply(false, 0x7fff_ffff, 0x7fff_ffff), 0x7fff_ffff_7fff_ffff),
            (reply(true, 0, 0), i64::MIN),
            (reply(true, 1, 2), i64::MIN | 0x1_0000_0002),
            (reply(true, 0x7fff_ffff, 0x7fff_ffff), -0x8000_0001),
        ] {
            assert_eq!(packed.to_bits(), Some(bits));
            assert_eq!(PackedReply::from_bits(bits), Some(packed));
        }
    }

    #[test]
    fn more_than_31_bits_are_refused() {
        for (address, length) in [(1 << 31, 0), (0, 1 << 31), (u32::MAX, u32::MAX)] {
            assert_eq!(PackedReply { failed: false, address, length }.to_bits(), None);
        }
        for bits in [0x8000_0000, -1, 0x1_8000_0000] {
            assert_eq!(PackedReply::from_bits(bits), None);
        }
    }
}
