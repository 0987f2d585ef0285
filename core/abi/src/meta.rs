//! Who a plugin is: the custom section `ampoule.meta`.

use crate::{
    codec::{Decode, DecodeError},
    names::ABI_VERSION,
    schema::put,
    text::all_printable,
};
use core::fmt;

/// The longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// The longest description, in bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 256;
/// The longest author, in bytes.
pub const MAX_AUTHOR_BYTES: usize = 128;

/// Who a plugin is, readable without running it.
///
/// On the wire the ABI version stands first, so that a host of any version can tell a plugin of any
/// other.
///
/// | field | wire |
/// |---|---|
/// | ABI version | varint, 32 bits: [`ABI_VERSION`] |
/// | `name` | string of 1 to 64 bytes: ASCII letters, digits, `-`, `_`, `.`; a letter or digit first |
/// | `version` | string: semantic version 2.0.0 |
/// | `description` | string of at most 256 bytes, printable ([`is_printable`](crate::is_printable)) |
/// | `author` | string of at most 128 bytes, printable ([`is_printable`](crate::is_printable)) |
///
/// ```
/// use ampoule_abi::Meta;
///
/// const META: Meta<'_> =
///     Meta { name: "echo", version: "1.0.0", description: "says it back", author: "us" };
/// const BYTES: [u8; META.encoded_len()] = META.to_bytes();
/// assert_eq!(Meta::from_section(&BYTES), Ok(META));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta<'a> {
    /// What operators call it.
    pub name: &'a str,
    /// Its semantic version.
    pub version: &'a str,
    /// What it does, in a line.
    pub description: &'a str,
    /// Whom to ask.
    pub author: &'a str,
}

impl<'a> Meta<'a> {
    /// Reads and checks the content of a section.
    ///
    /// # Errors
    /// [`MetaError`]; the ABI version is looked at before anything else.
    pub fn from_section(bytes: &'a [u8]) -> Result<Self, MetaError> {
        let (abi, rest) = u32::decode_prefix(bytes)?;
        if abi != ABI_VERSION {
            return Err(MetaError::Abi { found: abi });
        }
        let (name, version, description, author) = Decode::decode(rest)?;
        let meta = Self { name, version, description, author };
        meta.check()?;
        Ok(meta)
    }

    /// Checks the rules of the fields.
    ///
    /// # Errors
    /// [`MetaError`] names the first field that breaks its rule.
    pub const fn check(&self) -> Result<(), MetaError> {
        if !is_name(self.name.as_bytes()) {
            return Err(MetaError::Name);
        }
        if !is_semver(self.version.as_bytes()) {
            return Err(MetaError::Version);
        }
        if !is_line(self.description.as_bytes(), MAX_DESCRIPTION_BYTES) {
            return Err(MetaError::Description);
        }
        if !is_line(self.author.as_bytes(), MAX_AUTHOR_BYTES) {
            return Err(MetaError::Author);
        }
        Ok(())
    }

    /// The number of bytes that [`Self::to_bytes`] makes.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        self.write(&mut [])
    }

    /// The content of the section, for SDKs to place there at compile time.
    ///
    /// # Panics
    /// If `N` isn't [`Self::encoded_len`] or a field breaks its rule: at compile time, where this
    /// is meant to be called.
    #[must_use]
    pub const fn to_bytes<const N: usize>(&self) -> [u8; N] {
        assert!(self.check().is_ok(), "a field of META breaks its rule, see `ampoule_abi::Meta`");
        let mut bytes = [0; N];
        let written = self.write(&mut bytes);
        assert!(written == N, "N is to be META.encoded_len()");
        bytes
    }

    const fn write(&self, out: &mut [u8]) -> usize {
        let mut at = put::varint(out, 0, ABI_VERSION as usize);
        at = put::text(out, at, self.name);
        at = put::text(out, at, self.version);
        at = put::text(out, at, self.description);
        put::text(out, at, self.author)
    }
}

/// Why a section isn't a [`Meta`] that this crate speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetaError {
    /// The plugin speaks another ABI. Cure: rebuild it with an SDK for [`ABI_VERSION`].
    Abi {
        /// The version that it speaks.
        found: u32,
    },
    /// The bytes aren't a meta at all. Cure: let an SDK write the section.
    Malformed(DecodeError),
    /// The name breaks its rule.
    Name,
    /// The version isn't a semantic version.
    Version,
    /// The description is too long or has a character that isn't printable.
    Description,
    /// The author is too long or has a character that isn't printable.
    Author,
}

impl From<DecodeError> for MetaError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for MetaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abi { found } => write!(f, "it speaks ABI {found}, not {ABI_VERSION}"),
            Self::Malformed(error) => fmt::Display::fmt(error, f),
            Self::Name => f.write_str(
                "the name is not 1 to 64 ASCII letters, digits, '-', '_' or '.', a letter or digit first",
            ),
            Self::Version => f.write_str("the version is not a semantic version such as 1.0.0"),
            Self::Description => {
                f.write_str("the description has over 256 bytes or a character that isn't printable")
            }
            Self::Author => f.write_str("the author has over 128 bytes or a character that isn't printable"),
        }
    }
}

impl core::error::Error for MetaError {}

const fn is_name(name: &[u8]) -> bool {
    let mut at = 0;
    while at < name.len() {
        let byte = name[at];
        let mark = matches!(byte, b'-' | b'_' | b'.') && at > 0;
        if !byte.is_ascii_alphanumeric() && !mark {
            return false;
        }
        at += 1;
    }
    !name.is_empty() && name.len() <= MAX_NAME_BYTES
}

const fn is_line(text: &[u8], max: usize) -> bool {
    text.len() <= max && all_printable(text)
}

/// Semantic Versioning 2.0.0, section 2, 9 and 10; at most 64 bytes.
const fn is_semver(text: &[u8]) -> bool {
    let mut at = 0;
    let mut part = 0;
    while part < 3 {
        if part > 0 {
            if at >= text.len() || text[at] != b'.' {
                return false;
            }
            at += 1;
        }
        let start = at;
        while at < text.len() && text[at].is_ascii_digit() {
            at += 1;
        }
        if !is_number(text, start, at) {
            return false;
        }
        part += 1;
    }
    if at < text.len() && text[at] == b'-' {
        at = identifiers(text, at + 1, false);
    }
    if at < text.len() && text[at] == b'+' {
        at = identifiers(text, at + 1, true);
    }
    at == text.len() && text.len() <= 64
}

/// Digits without a leading zero.
const fn is_number(text: &[u8], start: usize, end: usize) -> bool {
    start < end && (text[start] != b'0' || end - start == 1)
}

/// Walks dot-separated identifiers; answers a position that can't be the end if one is wrong.
const fn identifiers(text: &[u8], mut at: usize, leading_zeros: bool) -> usize {
    const WRONG: usize = usize::MAX;
    loop {
        let start = at;
        let mut digits = true;
        while at < text.len() && (text[at].is_ascii_alphanumeric() || text[at] == b'-') {
            digits = digits && text[at].is_ascii_digit();
            at += 1;
        }
        let zero = digits && !leading_zeros && !is_number(text, start, at);
        if start == at || zero {
            return WRONG;
        }
        if at >= text.len() || text[at] != b'.' {
            return at;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: Meta<'_> =
        Meta { name: "echo", version: "1.2.3", description: "Says it back", author: "us" };

    /// Written by hand from the layout table.
    const GOLDEN: &[u8] = b"\x01\x04echo\x051.2.3\x0cSays it back\x02us";

    #[test]
    fn a_section_has_the_documented_bytes() {
        assert_eq!(META.to_bytes::<{ META.encoded_len() }>(), *GOLDEN);
        assert_eq!(Meta::from_section(GOLDEN), Ok(META));
    }

    #[test]
    fn another_abi_is_told_before_the_rest_is_looked_at() {
        for (bytes, found) in [(&b"\x00"[..], 0), (b"\x02\xff\xff", 2), (b"\xff\x01junk", 255)] {
            assert_eq!(Meta::from_section(bytes), Err(MetaError::Abi { found }));
        }
    }

    #[test]
    fn what_is_no_meta_is_refused() {
        for end in 0..GOLDEN.len() {
            let error = MetaError::Malformed(DecodeError::Truncated);
            assert_eq!(Meta::from_section(&GOLDEN[..end]), Err(error));
        }
        let trailing = [GOLDEN, b"!"].concat();
        let error = MetaError::Malformed(DecodeError::Trailing { bytes: 1 });
        assert_eq!(Meta::from_section(&trailing), Err(error));
    }

    #[test]
    fn every_field_has_its_rule() {
        let long = "x".repeat(257);
        let (n65, d256) = (&long[..65], &long[..256]);
        for (meta, expected) in [
            (Meta { name: "a.b-c_9", ..META }, Ok(())),
            (Meta { name: "", ..META }, Err(MetaError::Name)),
            (Meta { name: "-a", ..META }, Err(MetaError::Name)),
            (Meta { name: "a/b", ..META }, Err(MetaError::Name)),
            (Meta { name: "é", ..META }, Err(MetaError::Name)),
            (Meta { name: n65, ..META }, Err(MetaError::Name)),
            (Meta { description: d256, ..META }, Ok(())),
            (Meta { description: &long, ..META }, Err(MetaError::Description)),
            (Meta { description: "a\nb", ..META }, Err(MetaError::Description)),
            (Meta { description: "naïve £", ..META }, Ok(())),
            (Meta { author: "\u{202e}su", ..META }, Err(MetaError::Author)),
            (Meta { author: "\u{9b}31m", ..META }, Err(MetaError::Author)),
            (Meta { author: &long[..129], ..META }, Err(MetaError::Author)),
        ] {
            assert_eq!(meta.check(), expected, "{meta:?}");
        }
    }

    #[test]
    fn versions_follow_semver() {
        let good = ["0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha.1", "1.0.0+007", "1.0.0-0a.b-c+x.1"];
        let bad = [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "01.2.3",
            "1.02.3",
            "1.2.3-",
            "1.2.3+",
            "1.2.3-01",
            "1.2.3-a..b",
            "v1.2.3",
            "1.2.3 ",
            "1.2.x",
            "-1.2.3",
        ];
        for version in good {
            assert_eq!(Meta { version, ..META }.check(), Ok(()), "{version}");
        }
        for version in bad {
            assert_eq!(Meta { version, ..META }.check(), Err(MetaError::Version), "{version}");
        }
    }
}
