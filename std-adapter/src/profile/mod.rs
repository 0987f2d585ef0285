//! Devices that plugins are meant for: what one has, and whether plugins fit on it.

mod document;
mod error;
mod fit;

pub use error::ProfileError;
pub use fit::{Candidate, Fit, Sum};

use crate::{Limits, Weights, escaped, is_printable};
use ampoule_abi::service::MAX_OPERATIONS;
use document::{Document, LimitNumbers, ShapeNumbers};
use std::collections::BTreeMap;

/// What a device has for plugins.
///
/// A file in TOML, which a device that runs writes itself
/// ([`Device::profile`](crate::device::Device::profile), `ampoule describe --profile`); `firmware-example/devices` has
/// those of its boards. What it says of limits and services is the device's own policy, as its firmware was
/// built with it.
///
/// ```
/// use ampoule_std::profile::Profile;
///
/// let profile = Profile::parse(r#"
///     name = "thermostat"
///     bits = 32
///     heap_bytes = 90_000
///     stack_bytes = 32_768
///     flash_bytes = 262_144
///     slots = 4
///
///     [services]
///     log = ["write"]
///
///     [limits]
///     memory_bytes = 4096
/// "#)?;
/// assert!(profile.offers("log", "write"));
/// assert_eq!(Profile::parse(&profile.to_toml())?, profile);
/// # Ok::<(), ampoule_std::profile::ProfileError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What the device is called.
    pub name: String,
    /// The width of its pointers: 32 or 64.
    pub bits: u8,
    /// Whether its host has the functions of WASI preview 1.
    pub wasi: bool,
    /// Bytes of heap that are free for plugins, when the host and its services have theirs.
    pub heap_bytes: u64,
    /// What its allocator loses to gaps between blocks, in percent of what is in use.
    pub overhead_percent: u8,
    /// Bytes of the stack that plugins are loaded and called on.
    pub stack_bytes: u32,
    /// Bytes of flash for modules.
    pub flash_bytes: u64,
    /// Plugins that its host has room for.
    pub slots: u16,
    /// What its policy lets a plugin have at most.
    pub limits: Limits,
    /// The operations of each service that it offers.
    pub services: BTreeMap<String, Vec<String>>,
}

type Result<T> = core::result::Result<T, ProfileError>;

/// The largest file of a profile, in bytes.
pub const MAX_PROFILE_BYTES: u32 = 64 * 1024;
/// The longest name in one, in bytes.
const MAX_NAME_BYTES: usize = 64;
/// A host offers no more services.
const MAX_SERVICES: usize = MAX_OPERATIONS;
/// More than half of a heap in gaps is no allocator's.
const MAX_OVERHEAD_PERCENT: u8 = 100;

impl Profile {
    /// Reads and checks a profile.
    ///
    /// # Errors
    /// [`ProfileError`]; each variant tells its cause and its cure.
    pub fn parse(text: &str) -> Result<Self> {
        let document: Document = toml::from_str(text).map_err(|error| malformed(text, &error))?;
        let Document { limits, shape, .. } = &document;
        let base = Limits { shape: shape.over(Limits::MICRO.shape), ..Limits::MICRO };
        let profile = Self {
            limits: limits.over(base),
            name: document.name,
            bits: document.bits,
            wasi: document.wasi,
            heap_bytes: document.heap_bytes,
            overhead_percent: document.overhead_percent,
            stack_bytes: document.stack_bytes,
            flash_bytes: document.flash_bytes,
            slots: document.slots,
            services: document.services,
        };
        profile.check().map(|()| profile)
    }

    /// Writes it as a file that [`Self::parse`] reads, with every key.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // Numbers of TOML have 63 bits.
        let most = i64::MAX as u64;
        let document = Document {
            name: self.name.clone(),
            bits: self.bits,
            wasi: self.wasi,
            heap_bytes: self.heap_bytes.min(most),
            overhead_percent: self.overhead_percent,
            stack_bytes: self.stack_bytes,
            flash_bytes: self.flash_bytes.min(most),
            slots: self.slots,
            services: self.services.clone(),
            limits: LimitNumbers::from(&self.limits).held_to_toml(),
            shape: ShapeNumbers::from(&self.limits.shape),
        };
        // Numbers, texts and tables of them are all that there is, which TOML can write.
        toml::to_string(&document).unwrap_or_default()
    }

    /// The weights that its own admission computes with.
    #[must_use]
    pub fn weights(&self) -> Weights {
        Weights::of_bits(self.bits).unwrap_or(Weights::BITS_32)
    }

    /// Whether it offers an operation.
    #[must_use]
    pub fn offers(&self, service: &str, operation: &str) -> bool {
        let operations = self.services.get(service);
        operations.is_some_and(|known| known.iter().any(|known| known == operation))
    }

    pub(crate) fn check(&self) -> Result<()> {
        Weights::of_bits(self.bits).ok_or(ProfileError::Bits { found: self.bits })?;
        number("overhead_percent", self.overhead_percent, 0, MAX_OVERHEAD_PERCENT)?;
        number("slots", self.slots, 1, u16::MAX)?;
        // Without any of these nothing runs, as a policy has it too.
        let Limits { recursion_depth, value_stack_bytes, module_bytes, .. } = self.limits;
        let Limits { init_fuel, call_fuel, slice_fuel, .. } = self.limits;
        number("limits.recursion_depth", recursion_depth, 1, u16::MAX)?;
        number("limits.value_stack_bytes", value_stack_bytes, 1, u32::MAX)?;
        number("limits.module_bytes", module_bytes, 1, u32::MAX)?;
        number("limits.init_fuel", init_fuel, 1, u64::MAX)?;
        number("limits.call_fuel", call_fuel, 1, u64::MAX)?;
        number("limits.slice_fuel", slice_fuel, 1, u64::MAX)?;
        name("name", &self.name)?;
        few("services", self.services.len(), MAX_SERVICES)?;
        self.services.iter().try_for_each(|(service, operations)| {
            name("a service's name", service)?;
            few("operations of a service", operations.len(), MAX_OPERATIONS)?;
            operations.iter().try_for_each(|operation| name("an operation's name", operation))
        })
    }
}

fn number<N: Copy + Into<u64>>(key: &'static str, found: N, least: N, most: N) -> Result<()> {
    let (found, least, most) = (found.into(), least.into(), most.into());
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(ProfileError::Number { key, found, least, most })
}

fn name(key: &'static str, name: &str) -> Result<()> {
    let good = (1..=MAX_NAME_BYTES).contains(&name.len()) && name.chars().all(is_printable);
    if good {
        return Ok(());
    }
    let shown: String = name.chars().take(MAX_NAME_BYTES).collect();
    Err(ProfileError::Name { key, name: escaped(&shown).to_string() })
}

fn few(what: &'static str, found: usize, allowed: usize) -> Result<()> {
    if found <= allowed { Ok(()) } else { Err(ProfileError::TooMany { what, found, allowed }) }
}

/// Where it is wrong, and what its reader says of it, on one line.
fn malformed(text: &str, error: &toml::de::Error) -> ProfileError {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let line = 1 + before.matches('\n').count();
    let last = before.rsplit('\n').next().unwrap_or_default();
    let message: Vec<_> = error.message().split_whitespace().collect();
    let message = escaped(&message.join(" ")).to_string();
    ProfileError::Malformed { line, column: 1 + last.chars().count(), message }
}
