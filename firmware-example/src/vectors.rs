//! Calls whose replies and fuel are known. A workstation's tests compile this file too, so that both sides
//! ask in the same way.

use ampoule::{CallError, Decode, Diagnosis, Host, PluginId};
use ampoule_abi::encode;
use core::str::SplitWhitespace;

const TABLE: &str = include_str!("../vectors.txt");
/// The longest request or reply.
const MOST_BYTES: usize = 80;

/// A call with what it answers, as text.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) plugin: &'a str,
    pub(crate) entry: &'a str,
    request: &'a str,
    reply: &'a str,
    fuel: &'a str,
}

/// What a call has answered.
#[derive(Debug)]
pub(crate) struct Answer {
    reply: Result<Bytes, &'static str>,
    fuel: u64,
}

/// A short message.
#[derive(Debug)]
struct Bytes {
    bytes: [u8; MOST_BYTES],
    length: usize,
}

/// All rows.
pub(crate) fn rows() -> impl Iterator<Item = Row<'static>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Row::read(line.split_whitespace()))
}

impl<'a> Row<'a> {
    fn read(mut words: SplitWhitespace<'a>) -> Option<Self> {
        let (plugin, entry) = (words.next()?, words.next()?);
        let (request, reply, fuel) = (words.next()?, words.next()?, words.next()?);
        Some(Self { plugin, entry, request, reply, fuel })
    }

    /// Makes the call. `None` if the row can't be read.
    pub(crate) fn ask<const SLOTS: usize>(
        &self,
        host: &mut Host<'_, SLOTS>,
        id: PluginId,
    ) -> Option<Answer> {
        let request = Bytes::from_hex(self.request)?;
        macro_rules! call {
            ($Request:ty => $Reply:ty) => {{
                let entry = host.bind::<$Request, $Reply>(id, self.entry).ok()?;
                let request = <$Request>::decode(request.get()).ok()?;
                let reply: Result<$Reply, CallError> = host.call(&entry, &request);
                reply.map(|reply| Bytes::of(&reply)).map_err(|error| error.code())
            }};
        }
        let reply = match self.entry {
            "echo" => call!(&[u8] => &[u8]),
            "shift" => call!((i32, i32) => (i32, i32)),
            "filter" => call!((u64, f32) => (f32, u32)),
            "configure" => call!((f32, f32) => ()),
            _ => return None,
        };
        let fuel = host.plugin(id)?.usage().fuel;
        Some(Answer { reply: reply.and_then(|bytes| bytes.ok_or("too long")), fuel })
    }

    /// Whether that is what was expected.
    pub(crate) fn is_met_by(&self, answer: &Answer) -> bool {
        let reply = match &answer.reply {
            Ok(bytes) => {
                Bytes::from_hex(self.reply).is_some_and(|wanted| wanted.get() == bytes.get())
            }
            Err(code) => self.reply.strip_prefix('!') == Some(code),
        };
        reply && self.fuel.parse() == Ok(answer.fuel)
    }
}

impl Bytes {
    const fn new() -> Self {
        Self { bytes: [0; MOST_BYTES], length: 0 }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn of(message: &impl serde::Serialize) -> Option<Self> {
        let mut this = Self::new();
        this.length = encode(message, &mut this.bytes).ok()?.len();
        Some(this)
    }

    /// `-` is no byte.
    fn from_hex(text: &str) -> Option<Self> {
        let mut this = Self::new();
        let digits = if text == "-" { "" } else { text };
        for pair in digits.as_bytes().chunks(2) {
            let byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
            *this.bytes.get_mut(this.length)? = byte;
            this.length += 1;
        }
        Some(this)
    }
}

#[cfg(not(target_os = "none"))]
impl core::fmt::Display for Row<'_> {
    /// The first columns, without what is expected.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {} {}", self.plugin, self.entry, self.request)
    }
}

#[cfg(not(target_os = "none"))]
impl core::fmt::Display for Answer {
    /// The last two columns of a row.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match &self.reply {
            Ok(bytes) if bytes.length == 0 => f.write_str("-")?,
            Ok(bytes) => bytes.get().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?,
            Err(code) => write!(f, "!{code}")?,
        }
        write!(f, " {}", self.fuel)
    }
}
