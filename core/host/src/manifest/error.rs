//! Why a manifest isn't accepted, and where.

use super::{json::each_character, net_host::NetHostError, path::PathError};
use ampoule_abi::MetaError;
use core::fmt;

/// Bytes of the longest [`KeyPath`]: the deepest list item's with an unknown key in it, cut at
/// [`UNKNOWN_KEY_BYTES`].
const KEY_PATH_BYTES: usize = 72;
/// The most that is shown of a key that nobody knows.
const UNKNOWN_KEY_BYTES: usize = 32;

/// Where in a document's structure something stands, such as
/// `capabilities.services[2].perSecond`.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPath(heapless::String<KEY_PATH_BYTES, u8>);

impl KeyPath {
    /// The path; empty for the document itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Adds what fits; all that is legal does.
    fn push(&mut self, part: impl fmt::Display) {
        let _ = fmt::Write::write_fmt(&mut self.0, format_args!("{part}"));
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "the document" } else { &self.0 })
    }
}

impl fmt::Debug for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A place in a text: both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u16,
    /// The column.
    pub column: u16,
}

impl Place {
    /// The place of the byte at `offset`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let from_1 = |count| u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1);
        Self { line: from_1(line), column: from_1(column) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// One step of the way from the document to a value; the ways live on the walker's stack.
pub(super) struct Step<'s> {
    parent: Option<&'s Step<'s>>,
    part: Part<'s>,
}

#[derive(Clone, Copy)]
enum Part<'s> {
    Document,
    Key(&'s str),
    Item(usize),
}

impl Step<'_> {
    pub(super) const DOCUMENT: Self = Self { parent: None, part: Part::Document };

    pub(super) fn key<'s>(&'s self, name: &'s str) -> Step<'s> {
        Step { parent: Some(self), part: Part::Key(name) }
    }

    pub(super) fn item(&self, index: usize) -> Step<'_> {
        Step { parent: Some(self), part: Part::Item(index) }
    }

    /// How many steps the document is away.
    pub(super) fn depth(&self) -> usize {
        self.parent.map_or(0, |parent| parent.depth() + 1)
    }

    pub(super) fn path(&self) -> KeyPath {
        let mut path = self.parent.map_or(KeyPath(heapless::String::new()), Step::path);
        match self.part {
            Part::Document => (),
            Part::Key(name) if path.0.is_empty() => path.push(name),
            Part::Key(name) => path.push(format_args!(".{name}")),
            Part::Item(index) => path.push(format_args!("[{index}]")),
        }
        path
    }
}

/// A key that nobody knows, safe to show.
pub(super) fn shown_key(escaped: &str) -> heapless::String<UNKNOWN_KEY_BYTES> {
    let mut shown = heapless::String::new();
    let all = each_character(escaped, |character| {
        let printable = ampoule_abi::is_printable(character);
        shown.push(if printable { character } else { char::REPLACEMENT_CHARACTER })
    });
    while all.is_err() && shown.push('…').is_err() {
        shown.pop();
    }
    shown
}

errors! {
    /// Why a manifest, or a policy's file, isn't accepted. Nothing of it holds.
    pub enum ManifestError {
        TooLarge { found: usize, allowed: usize } = "M01",
            "the document has {found} bytes, {allowed} are allowed",
            "give the manifest rather than another file; if it is one, remove blanks from it";
        NotUtf8 { key: KeyPath, place: Place } = "M02",
            "{place}: {key} has bytes that are not UTF-8",
            "save the file as UTF-8";
        Unfinished { key: KeyPath, place: Place } = "M03",
            "{place}: the text ends inside {key}",
            "give the whole file; a copy or a download may have been cut off";
        Malformed { key: KeyPath, place: Place, expected: &'static str } = "M04",
            "{place}: {key} is not JSON, {expected} is expected here",
            "correct the JSON there; it has no comments, no trailing commas and no bare words";
        Trailing { key: KeyPath, place: Place } = "M05",
            "{place}: something follows {key}",
            "remove what stands after the closing brace";
        TooDeep { key: KeyPath, place: Place, allowed: usize } = "M06",
            "{place}: {key} is a list or object, {allowed} inside each other are allowed",
            "give the value that docs/manifest.md names for this key";
        UnknownKey { key: KeyPath, place: Place } = "M07",
            "{place}: {key} is not a known key",
            "spell it as docs/manifest.md does, case counts; or remove it";
        DuplicateKey { key: KeyPath, place: Place } = "M08",
            "{place}: {key} is there twice",
            "keep one of them";
        MissingKey { key: KeyPath, place: Place } = "M09",
            "{place}: {key} is missing",
            "add it to the object that starts there";
        WrongType { key: KeyPath, place: Place, expected: &'static str, found: &'static str } = "M10",
            "{place}: {key} is {found}, not {expected}",
            "give the type that docs/manifest.md names for this key; leave a key out instead of null";
        NotWhole { key: KeyPath, place: Place } = "M11",
            "{place}: {key} is not written as a whole number",
            "write it in plain digits, without fraction and exponent";
        OutOfRange { key: KeyPath, place: Place, min: u64, max: u64 } = "M12",
            "{place}: {key} is not between {min} and {max}",
            "give a number in that range; leave the key out to take the device's own";
        TooLong { key: KeyPath, place: Place, allowed: usize } = "M13",
            "{place}: {key} has over {allowed} bytes",
            "shorten it";
        TooMany { key: KeyPath, place: Place, allowed: usize } = "M14",
            "{place}: {key} is one too many, {allowed} are allowed",
            "shorten the list; a granted path or name holds what lies below it too";
        TooMuchText { key: KeyPath, place: Place, allowed: usize } = "M15",
            "{place}: with {key} all strings together have over {allowed} bytes",
            "shorten descriptions and lists";
        Unprintable { key: KeyPath, place: Place } = "M16",
            "{place}: {key} has a character that can't be shown",
            "remove control characters, and marks without width or that change the direction of writing";
        Meta { key: KeyPath, place: Place, error: MetaError } = "M17",
            "{place}: {key} breaks its rule: {error}",
            "correct it to what the plugin's own meta says";
        Name { key: KeyPath, place: Place } = "M18",
            "{place}: {key} is not 1 to 64 ASCII letters, digits, '-', '_' or '.', a letter or digit first",
            "name one service or operation as the host does; `*` is for a policy only";
        Variable { key: KeyPath, place: Place } = "M19",
            "{place}: {key} is not 1 to 64 ASCII letters, digits or '_', no digit first",
            "name one environment variable; `*` is for a policy only";
        Path { key: KeyPath, place: Place, error: PathError } = "M20",
            "{place}: {key} breaks its rule: {error}",
            "write it as docs/manifest.md says under Paths";
        Host { key: KeyPath, place: Place, error: NetHostError } = "M21",
            "{place}: {key} breaks its rule: {error}",
            "write it as docs/manifest.md says under Network hosts";
        Empty { key: KeyPath, place: Place } = "M22",
            "{place}: {key} is empty",
            "give it a value, or leave the key out";
        Repeated { key: KeyPath, place: Place } = "M23",
            "{place}: {key} names an operation of a service a second time",
            "keep one, so that there is one scope and one rate for it";
    }
}
