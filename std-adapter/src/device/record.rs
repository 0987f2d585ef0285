//! What a device tells, kept: the link's own records borrow from a frame.

use crate::escaped;
use ampoule_abi::MAX_NAME_BYTES;
use ampoule_link::{
    BreakerState, Description, Event, EventKind, Line, Maxima, Micros, PluginId, SlotInfo,
};
use core::fmt;

/// What a device is. Its texts come from it: show them [`escaped`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// The ABI of its plugins.
    pub abi: u16,
    /// The device's name.
    pub name: String,
    /// Its firmware's version.
    pub firmware: String,
    /// How many plugins it holds.
    pub slots: u16,
    /// How many more it would take.
    pub free_slots: u16,
    /// Bytes of RAM that plugins may have in all.
    pub ram_bytes: u32,
    /// How many of them are free.
    pub free_ram_bytes: u32,
    /// What it takes at most.
    pub most: Maxima,
    /// The names of the services that it offers.
    pub services: Vec<String>,
}

/// A loaded plugin. Its texts come from the device: show them [`escaped`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slot {
    /// What it is called by.
    pub plugin: PluginId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The host's hash of its module.
    pub hash: u64,
    /// Where its breaker stands.
    pub breaker: BreakerState,
    /// Whether it is on probation, so that it can be rolled back.
    pub probation: bool,
}

/// Something that has happened to a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Happened {
    /// To which plugin.
    pub plugin: PluginId,
    /// When, by the device's clock.
    pub at: Micros,
    /// What, in a word, such as `faulted`.
    pub kind: &'static str,
    /// What, in a few words that are safe to show.
    pub words: String,
}

/// A log line. Its texts come from the device: show them [`escaped`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Said {
    /// Who wrote it: a plugin's name, or empty for the device itself.
    pub plugin: String,
    /// How urgent it is, 0 for the most.
    pub level: u8,
    /// When, by the device's clock.
    pub at: Micros,
    /// The line.
    pub text: String,
}

impl Said {
    /// The level in a word.
    #[must_use]
    pub const fn level_name(&self) -> &'static str {
        match self.level {
            0 => "error",
            1 => "warn",
            2 => "info",
            3 => "debug",
            4 => "trace",
            _ => "unknown",
        }
    }
}

/// More services than any host has; of those of a device that lies, so many are kept.
const MOST_SERVICES: usize = 256;

impl From<Description<'_>> for About {
    fn from(it: Description<'_>) -> Self {
        let services = it.services.iter().map_while(Result::ok).take(MOST_SERVICES);
        Self {
            abi: it.abi,
            name: name(it.name),
            firmware: name(it.firmware),
            slots: it.slots,
            free_slots: it.free_slots,
            ram_bytes: it.ram_bytes,
            free_ram_bytes: it.free_ram_bytes,
            most: it.most,
            services: services.map(name).collect(),
        }
    }
}

impl From<SlotInfo<'_>> for Slot {
    fn from(it: SlotInfo<'_>) -> Self {
        let SlotInfo { plugin, hash, breaker, probation, .. } = it;
        Self { plugin, name: name(it.name), version: name(it.version), hash, breaker, probation }
    }
}

impl From<Line<'_>> for Said {
    fn from(it: Line<'_>) -> Self {
        Self { plugin: name(it.plugin), level: it.level, at: it.at, text: it.text.to_owned() }
    }
}

impl From<Event<'_>> for Happened {
    fn from(it: Event<'_>) -> Self {
        let (kind, words) = told(&it.what, it.at);
        Self { plugin: it.plugin, at: it.at, kind, words }
    }
}

/// A name, cut to the length of the longest that a plugin can have.
fn name(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_NAME_BYTES)).unwrap_or_default().to_owned()
}

fn told(what: &EventKind<'_>, at: Micros) -> (&'static str, String) {
    match *what {
        EventKind::Loaded { hash } => ("loaded", format!("loaded {}", Hash(hash))),
        EventKind::Staged { hash } => ("staged", format!("{} waits for its turn", Hash(hash))),
        EventKind::Refused { hash, code } => {
            ("refused", format!("{} was refused: {}", Hash(hash), Code(code)))
        }
        EventKind::Swapped { from, to, version } => {
            let hashes = format!("from {} to {}", Hash(from), Hash(to));
            ("swapped", format!("reloaded, {hashes}: version {version}"))
        }
        EventKind::Committed { version, .. } => {
            ("committed", format!("version {version} has passed its probation"))
        }
        EventKind::Reverted { from, to, version, code } => {
            ("reverted", reverted(from, to, version, code))
        }
        EventKind::Faulted { code } => ("faulted", format!("a call was ended: {}", Code(code))),
        EventKind::DestroyFailed { code } => {
            ("destroy_failed", format!("the old version didn't end well: {}", Code(code)))
        }
        EventKind::Tripped { until } => {
            let seconds = until.saturating_sub(at).div_ceil(1_000_000);
            ("tripped", format!("too many failures: no calls for {seconds} s"))
        }
        EventKind::Closed => ("closed", "is called again".to_owned()),
        EventKind::Quarantined => {
            ("quarantined", "isn't called until somebody lifts that".to_owned())
        }
        EventKind::Lifted => ("lifted", "its breaker was lifted".to_owned()),
        EventKind::Unloaded { hash, dropped } => ("unloaded", unloaded(hash, dropped)),
        EventKind::Lost { events } => {
            ("lost", format!("{events} events before this one were lost"))
        }
        _ => ("other", "something that this command has no word for".to_owned()),
    }
}

fn reverted(from: u64, to: u64, version: u32, code: &str) -> String {
    let hashes = format!("back from {} to {}: version {version}", Hash(from), Hash(to));
    if code.is_empty() { hashes } else { format!("{hashes}; {}", Code(code)) }
}

fn unloaded(hash: u64, dropped: u8) -> String {
    let hash = Hash(hash);
    match dropped {
        0 => format!("unloaded {hash}"),
        calls => format!("unloaded {hash}, with {calls} calls that weren't answered"),
    }
}

/// The host's hash of a module, as people tell versions apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(pub u64);

impl Hash {
    /// What a host answers for a module: FNV-1a, 64 bits, and never 0.
    #[must_use]
    pub fn of(module: &[u8]) -> Self {
        let hash = module.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash.max(1))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A code of a device, which may be anything.
struct Code<'a>(&'a str);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(code) = self;
        let code = code.get(..code.floor_char_boundary(MAX_NAME_BYTES)).unwrap_or_default();
        escaped(code).fmt(f)
    }
}
