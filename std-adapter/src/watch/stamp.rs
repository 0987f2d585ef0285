//! What the system says of a file without reading it, and what a directory holds.

use super::event::{WatchError, WatchRefusal};
use crate::files::{of_io, shown};
use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs::{self, Metadata},
    io::ErrorKind,
    path::Path,
    time::SystemTime,
};

/// The most manifests, and the most modules, of a directory: what one poll may have to look at.
pub const MAX_WATCHED: usize = 4096;

/// What tells a file from what it was before. A time is compared and never understood, so that clocks may
/// jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    Gone,
    Unknown(ErrorKind),
    /// A directory, a pipe, a device.
    Other,
    File {
        len: u64,
        modified: Option<SystemTime>,
        identity: [u64; 4],
    },
}

impl Stamp {
    /// Links are followed: it is the file that counts.
    pub(super) fn at(path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(metadata) => Self::of(&metadata),
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Gone,
                kind => Self::Unknown(kind),
            },
        }
    }

    pub(super) fn of(metadata: &Metadata) -> Self {
        if !metadata.is_file() {
            return Self::Other;
        }
        let (len, modified) = (metadata.len(), metadata.modified().ok());
        Self::File { len, modified, identity: identity(metadata) }
    }
}

/// Device, inode and the time of its last change, which no program sets.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> [u64; 4] {
    use std::os::unix::fs::MetadataExt as _;
    let changed = [metadata.ctime().cast_unsigned(), metadata.ctime_nsec().cast_unsigned()];
    [metadata.dev(), metadata.ino(), changed[0], changed[1]]
}

#[cfg(not(unix))]
const fn identity(_: &Metadata) -> [u64; 4] {
    [0; 4]
}

/// The names in a directory that a watcher looks at, hidden ones left out.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) manifests: BTreeSet<OsString>,
    pub(super) modules: BTreeSet<OsString>,
}

impl Listing {
    /// All or nothing: a file that isn't listed is taken for gone.
    pub(super) fn of(dir: &Path) -> Result<Self, WatchError> {
        let mut listing = Self::default();
        let io = |error| of_io(dir, &error);
        for entry in fs::read_dir(dir).map_err(io)? {
            listing.add(entry.map_err(io)?.file_name());
            if listing.manifests.len().max(listing.modules.len()) > MAX_WATCHED {
                let (path, allowed) = (shown(dir), MAX_WATCHED);
                return Err(WatchRefusal::TooMany { path, allowed }.into());
            }
        }
        Ok(listing)
    }

    fn add(&mut self, name: OsString) {
        let extension = Path::new(&name).extension().and_then(OsStr::to_str);
        let is = |wanted| extension.is_some_and(|it| it.eq_ignore_ascii_case(wanted));
        if name.as_encoded_bytes().starts_with(b".") {
            return;
        }
        if is("json") {
            self.manifests.insert(name);
        } else if is("wasm") {
            self.modules.insert(name);
        }
    }
}
