//! What a watcher tells.

use crate::{FileError, escaped};
use ampoule::{
    CallError, Diagnosis, LoadError, ManifestError, OfferError, PluginId, manifest::PathError,
};
use core::fmt;
use sha2::Digest as _;
use std::path::PathBuf;

/// Something that a [`Watcher`](super::Watcher) has done or found. Its `Display` is one line, safe to
/// show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchEvent {
    /// The file that it is about: a manifest, a module that none names, or the directory itself.
    pub path: PathBuf,
    /// The plugin's name, where the manifest tells it.
    pub plugin: Option<String>,
    /// What.
    pub what: WatchKind,
}

/// What a watcher has done or found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum WatchKind {
    /// A plugin was loaded.
    Loaded { id: PluginId, hashes: Hashes },
    /// A new version was admitted, and takes over when the call under way has ended.
    Staged { id: PluginId, from: Hashes, to: Hashes },
    /// A new version has taken over. Versions are counted as in
    /// [`EventKind::Swapped`](ampoule::EventKind::Swapped).
    Reloaded { id: PluginId, from: Hashes, to: Hashes, version: u32 },
    /// The host went back to the version before. The one that failed isn't tried again until its files
    /// change.
    Reverted { id: PluginId, from: Hashes, to: Hashes, version: u32 },
    /// A plugin was unloaded, since its manifest is gone.
    Unloaded { id: PluginId, hashes: Hashes },
    /// A file can't be used as it is. A version that runs goes on.
    Failed { error: WatchError },
    /// A file is left alone.
    Ignored { reason: WatchRefusal },
}

/// What a version was made from: the hashes of its two files, as they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// The manifest's.
    pub manifest: Sha256,
    /// The module's file's: of the text where that is WebAssembly text.
    pub module: Sha256,
}

/// A SHA-256 hash (FIPS 180-4); its `Display` is in hexadecimal, as `sha256sum` prints it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Hashes `bytes`.
    ///
    /// ```
    /// use ampoule_std::watch::Sha256;
    ///
    /// let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    /// assert_eq!(Sha256::of(b"abc").to_string(), hash);
    /// ```
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The hash, its first byte first.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

ampoule::errors! {
    /// Why a watcher leaves a file alone.
    pub enum WatchRefusal {
        ModulePath { named: String, reason: PathError } = "W01",
            "wasmPath \"{named}\" isn't taken: {reason}",
            "name a file in the manifest's directory or below it, such as ./plugin.wasm";
        ModuleOutside { named: String } = "W02",
            "wasmPath \"{named}\" is absolute",
            "name a file in the manifest's directory or below it, such as ./plugin.wasm; a link there may lead anywhere";
        NameTaken { name: String, file: String, other: String } = "W03",
            "{file} is for the plugin {name}, which {other} is for already",
            "keep one of the two files; or build one of the plugins under another name";
        TooMany { path: String, allowed: usize } = "W04",
            "{path} has over {allowed} manifests or modules",
            "watch a directory that holds plugins and little else; nothing is loaded or unloaded until there are fewer";
        NotTaken {} = "W05",
            "the new version was admitted, and refused when it was to take over",
            "the host's event `Refused` has the code of the cause; a new version must take the old one's state";
        NoManifest { file: String } = "W06",
            "no manifest names the module {file}",
            "put a manifest beside it, of the same name but for .json; one with meta.name and meta.version alone grants nothing";
    }
}

/// Why a watcher can't use a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchError {
    /// A file can't be read.
    File(FileError),
    /// The manifest is wrong.
    Manifest(ManifestError),
    /// It breaks a rule of watched directories.
    Refused(WatchRefusal),
    /// One of the plugin's own services can't be offered.
    Offer(OfferError),
    /// The host can't load this version.
    Load(LoadError),
    /// The plugin had something to say against its end. It is gone.
    Destroy(CallError),
}

impl WatchError {
    fn inner(&self) -> &dyn Diagnosis {
        match self {
            Self::File(error) => error,
            Self::Manifest(error) => error,
            Self::Refused(error) => error,
            Self::Offer(error) => error,
            Self::Load(error) => error,
            Self::Destroy(error) => error,
        }
    }
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inner())
    }
}

impl core::error::Error for WatchError {}

impl Diagnosis for WatchError {
    fn code(&self) -> &'static str {
        self.inner().code()
    }

    fn cure(&self) -> &'static str {
        self.inner().cure()
    }
}

macro_rules! from {
    ($($Variant:ident($Inner:ty))*) => { $(
        impl From<$Inner> for WatchError {
            fn from(error: $Inner) -> Self {
                Self::$Variant(error)
            }
        }
    )* };
}

from! {
    File(FileError)
    Manifest(ManifestError)
    Refused(WatchRefusal)
    Offer(OfferError)
    Load(LoadError)
    Destroy(CallError)
}

impl fmt::Display for WatchEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", escaped(&self.path.to_string_lossy()))?;
        if let Some(name) = &self.plugin {
            write!(f, "{}: ", escaped(name))?;
        }
        fmt::Display::fmt(&self.what, f)
    }
}

impl fmt::Display for WatchKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loaded { hashes, .. } => write!(f, "loaded {}", Short(hashes)),
            Self::Staged { to, .. } => {
                write!(f, "{} takes over after the call under way", Short(to))
            }
            Self::Reloaded { from, to, .. } => {
                write!(f, "reloaded, from {} to {}", Short(from), Short(to))
            }
            Self::Reverted { from, to, .. } => {
                write!(f, "went back from {} to {}", Short(from), Short(to))
            }
            Self::Unloaded { hashes, .. } => write!(f, "unloaded {}", Short(hashes)),
            Self::Failed { error } => diagnosis(f, error),
            Self::Ignored { reason } => diagnosis(f, reason),
        }
    }
}

fn diagnosis(f: &mut fmt::Formatter<'_>, error: &dyn Diagnosis) -> fmt::Result {
    write!(f, "{}: {error}; {}", error.code(), error.cure())
}

/// The first digits of a module's hash, as people tell versions apart.
struct Short<'a>(&'a Hashes);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.module.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
