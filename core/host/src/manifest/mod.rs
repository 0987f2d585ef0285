//! Who a plugin is and what it asks for: a manifest, read without a heap.
//!
//! `docs/manifest.md` describes every key. What a manifest asks for is not granted yet: a
//! [`Grant`](crate::Grant) is the manifest cut by the device's [`Policy`](crate::Policy).

mod address;
mod document;
mod error;
mod json;
mod keys;
mod list;
mod net_host;
mod path;
mod rules;
mod walk;

pub use address::is_special;
pub(crate) use document::{Document, FlagSlot, NumberSlot, TextSlot};
pub use document::{MAX_SERVICES, MAX_TEXT_BYTES_IN_ALL};
pub use error::{KeyPath, ManifestError, Place};
pub use keys::{Key, KeyKind, Star, TextRule};
pub use list::{ServiceRule, ServiceRules, Strings};
pub use net_host::{MAX_NET_HOST_BYTES, NetHost, NetHostError, NetHostRule};
pub use path::{MAX_PATH_BYTES, PathError, PathRule, PlainPath};
pub use walk::MAX_DOCUMENT_BYTES;
pub(crate) use {keys::POLICY, walk::read};

use ampoule_abi::Meta;

/// What a plugin's manifest says, all of it checked. It owns its strings and fits in 3 KiB.
///
/// ```
/// use ampoule::Manifest;
///
/// let manifest = Manifest::parse(br#"{
///     "meta": { "name": "blink", "version": "1.0.0" },
///     "capabilities": {
///         "services": [{ "service": "gpio", "operations": ["set"], "scope": "led", "perSecond": 10 }]
///     },
///     "timeout": 50
/// }"#)?;
/// assert_eq!(manifest.meta().name, "blink");
/// assert_eq!(manifest.deadline_micros(), Some(50_000));
///
/// let error = Manifest::parse(br#"{ "meta": { "nane": "blink" } }"#).unwrap_err();
/// assert_eq!(error.to_string(), "line 1, column 13: meta.nane is not a known key");
/// # Ok::<(), ampoule::ManifestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest(Document);

// A device holds one for each plugin.
const _: () = assert!(size_of::<Manifest>() < 3 * 1024);

impl Manifest {
    /// The keys, for whoever documents or completes them.
    pub const KEYS: &'static [Key] = keys::MANIFEST;

    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] names the first thing that is wrong in the order of the text, by its key
    /// and place.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let mut manifest = Self(Document::EMPTY);
        read(json, Self::KEYS, &mut manifest.0)?;
        Ok(manifest)
    }

    /// Who it is.
    #[must_use]
    pub fn meta(&self) -> Meta<'_> {
        Meta {
            name: self.0.text(TextSlot::Name),
            version: self.0.text(TextSlot::Version),
            description: self.0.text(TextSlot::Description),
            author: self.0.text(TextSlot::Author),
        }
    }

    /// The module's file, as it is written there.
    #[must_use]
    pub fn wasm_path(&self) -> Option<&str> {
        Some(self.0.text(TextSlot::WasmPath)).filter(|path| !path.is_empty())
    }

    /// What it asks of services.
    #[must_use]
    pub fn services(&self) -> ServiceRules<'_> {
        ServiceRules::of_document(&self.0)
    }

    /// The paths that it asks for; none where `allowFileSystem` isn't true.
    #[must_use]
    pub fn paths(&self) -> Strings<'_> {
        self.0.paths()
    }

    /// The network hosts that it asks for; none where `allowNetwork` isn't true.
    #[must_use]
    pub fn hosts(&self) -> Strings<'_> {
        self.0.hosts()
    }

    /// The environment variables that it asks for; none where `allowEnv` isn't true.
    #[must_use]
    pub fn variables(&self) -> Strings<'_> {
        self.0.variables()
    }

    /// How long a call may take, in microseconds.
    #[must_use]
    pub fn deadline_micros(&self) -> Option<u64> {
        self.0.number(NumberSlot::Timeout).map(|milliseconds| milliseconds.saturating_mul(1000))
    }

    pub(crate) fn document(&self) -> &Document {
        &self.0
    }
}
