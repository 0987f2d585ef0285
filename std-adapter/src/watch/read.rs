//! A manifest and its module, read once they have come to rest.

use super::{
    event::{Hashes, Sha256, WatchError, WatchRefusal},
    stamp::Stamp,
};
use crate::{
    FileError, escaped,
    files::{Found, module_of, read_document, read_module_file},
};
use ampoule::{
    Grant, Manifest, ManifestError, Policy,
    manifest::{MAX_DOCUMENT_BYTES, PlainPath},
};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// One byte more than a manifest may have, so that the parser tells what is too long.
const MAX_MANIFEST_BYTES: u32 = MAX_DOCUMENT_BYTES as u32 + 1;

/// What stats say of a manifest and its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) manifest: Stamp,
    pub(super) module: Stamp,
}

/// What was tried: the hashes of what was read for it.
pub(super) type Tried = (Sha256, Option<Sha256>);

/// Why there is no version yet.
pub(super) enum Unread {
    /// A file is changing: wait.
    Unsteady,
    /// A file can't be read. That can change without its content.
    Failed { name: Option<String>, error: WatchError },
    /// This content will never do.
    Wrong { tried: Tried, name: Option<String>, error: WatchError },
}

/// A version, whole.
pub(super) struct Content {
    pub(super) manifest: Manifest,
    pub(super) module: Vec<u8>,
    pub(super) hashes: Hashes,
}

impl Content {
    pub(super) fn tried(&self) -> Tried {
        (self.hashes.manifest, Some(self.hashes.module))
    }
}

/// Where a manifest's module lies, seen from the directory.
///
/// Without `wasmPath` it is the file of the same name: `x.json` and `x.manifest.json` mean `x.wasm`.
pub(super) fn module_path(file: &OsStr, manifest: &Manifest) -> Result<PathBuf, WatchRefusal> {
    let Some(named) = manifest.wasm_path() else { return Ok(beside(file)) };
    let shown = || escaped(named).to_string();
    let path = PlainPath::parse(named)
        .map_err(|reason| WatchRefusal::ModulePath { named: shown(), reason })?;
    if path.is_absolute() {
        return Err(WatchRefusal::ModuleOutside { named: shown() });
    }
    Ok(path.components().collect())
}

pub(super) fn beside(file: &OsStr) -> PathBuf {
    let stem = Path::new(file).with_extension("");
    if stem.extension().is_some_and(|it| it == "manifest") {
        return stem.with_extension("wasm");
    }
    Path::new(file).with_extension("wasm")
}

/// Where the module lies by what the manifest says now, which may be half of it.
pub(super) fn peek(dir: &Path, file: &OsStr) -> Option<PathBuf> {
    let found = read_document(&dir.join(file), MAX_MANIFEST_BYTES).ok()?;
    module_path(file, &Manifest::parse(&found.bytes).ok()?).ok()
}

/// A manifest and its module, as they were looked at.
pub(super) struct Pair<'a> {
    pub(super) dir: &'a Path,
    pub(super) file: &'a OsStr,
    pub(super) module: &'a Path,
    pub(super) seen: &'a Look,
}

impl Pair<'_> {
    /// Reads both, if they are still what was seen.
    pub(super) fn read(&self, policy: &Policy<'_>) -> Result<Content, Box<Unread>> {
        let (manifest, hash) = self.read_manifest()?;
        let max_bytes = Grant::new(&manifest, policy).limits().module_bytes;
        let name = || Some(manifest.meta().name.to_owned());
        let path = self.dir.join(self.module);
        let bytes = steady(&path, self.seen.module, read_module_file(&path, max_bytes))
            .map_err(|error| unread(name(), error.map(WatchError::from)))?;
        let hashes = Hashes { manifest: hash, module: Sha256::of(&bytes) };
        let module = module_of(&path, bytes, max_bytes)
            .map_err(|error| wrong((hash, Some(hashes.module)), name(), error))?;
        Ok(Content { manifest, module, hashes })
    }

    fn read_manifest(&self) -> Result<(Manifest, Sha256), Box<Unread>> {
        let path = self.dir.join(self.file);
        let json = steady(&path, self.seen.manifest, read_document(&path, MAX_MANIFEST_BYTES))
            .map_err(|error| unread(None, error.map(of_manifest)))?;
        let hash = Sha256::of(&json);
        let manifest = Manifest::parse(&json).map_err(|error| wrong((hash, None), None, error))?;
        let name = || Some(manifest.meta().name.to_owned());
        let module = module_path(self.file, &manifest)
            .map_err(|error| wrong((hash, None), name(), error))?;
        if module != self.module {
            return Err(Box::new(Unread::Unsteady));
        }
        Ok((manifest, hash))
    }
}

fn unread(name: Option<String>, error: Option<WatchError>) -> Box<Unread> {
    Box::new(error.map_or(Unread::Unsteady, |error| Unread::Failed { name, error }))
}

fn wrong(tried: Tried, name: Option<String>, error: impl Into<WatchError>) -> Box<Unread> {
    Box::new(Unread::Wrong { tried, name, error: error.into() })
}

/// The bytes of a file that was the one that was `seen` before and after; `None` if it wasn't.
fn steady(
    path: &Path,
    seen: Stamp,
    found: Result<Found, FileError>,
) -> Result<Vec<u8>, Option<FileError>> {
    match found {
        Ok(Found { bytes, before, after }) => {
            let rests = [before, after].iter().all(|it| Stamp::of(it) == seen);
            if rests { Ok(bytes) } else { Err(None) }
        }
        // It may have changed just now, and be whole the next time.
        Err(error) => Err(Some(error).filter(|_| Stamp::at(path) == seen)),
    }
}

/// A file's error speaks of modules where its size is wrong.
fn of_manifest(error: FileError) -> WatchError {
    let FileError::TooLarge { found, .. } = error else { return error.into() };
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    ManifestError::TooLarge { found, allowed: MAX_DOCUMENT_BYTES }.into()
}

#[cfg(test)]
mod tests {
    use super::{Look, Pair, Unread, beside, steady};
    use crate::{files::Found, watch::stamp::Stamp};
    use ampoule::Policy;
    use std::{ffi::OsStr, fs, io, path::Path};

    const MANIFEST: &str = r#"{ "meta": { "name": "x", "version": "1.0.0" } }"#;

    fn look(dir: &Path) -> Look {
        Look { manifest: Stamp::at(&dir.join("x.json")), module: Stamp::at(&dir.join("x.wasm")) }
    }

    #[test]
    fn what_is_not_as_it_was_seen_is_not_taken() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let dir = folder.path();
        fs::write(dir.join("x.json"), MANIFEST)?;
        fs::write(dir.join("x.wasm"), "module")?;
        let seen = look(dir);
        let read = |seen: &Look, module: &str| {
            let (file, module) = (OsStr::new("x.json"), Path::new(module));
            let read = Pair { dir, file, module, seen }.read(&Policy::WORKSTATION);
            read.map(|_| ()).map_err(|unread| matches!(*unread, Unread::Unsteady))
        };
        assert_eq!(read(&seen, "x.wasm"), Ok(()));
        assert_eq!(read(&seen, "y.wasm"), Err(true), "another module was looked at");
        for file in ["x.json", "x.wasm"] {
            let before = fs::read(dir.join(file))?;
            fs::write(dir.join(file), "longer than it was before, to be sure of it")?;
            assert_eq!(read(&seen, "x.wasm"), Err(true), "{file}");
            fs::remove_file(dir.join(file))?;
            assert_eq!(read(&seen, "x.wasm"), Err(true), "{file} is gone");
            fs::write(dir.join(file), before)?;
            assert_eq!(read(&look(dir), "x.wasm"), Ok(()), "{file}");
        }
        Ok(())
    }

    #[test]
    fn what_changes_while_it_is_read_is_not_taken() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x");
        fs::write(&path, "a")?;
        let (before, seen) = (fs::metadata(&path)?, Stamp::at(&path));
        fs::write(&path, "ab")?;
        let after = fs::metadata(&path)?;
        for (before, after, expected) in [
            (before.clone(), before.clone(), true),
            (before.clone(), after.clone(), false),
            (after.clone(), before.clone(), false),
            (after.clone(), after, false),
        ] {
            let found = Found { bytes: Vec::new(), before, after };
            assert_eq!(steady(&path, seen, Ok(found)).is_ok(), expected);
        }
        Ok(())
    }

    #[test]
    fn a_module_lies_beside_its_manifest() {
        for (file, module) in [
            ("x.json", "x.wasm"),
            ("x.manifest.json", "x.wasm"),
            ("x.y.json", "x.y.wasm"),
            ("manifest.json", "manifest.wasm"),
        ] {
            assert_eq!(beside(OsStr::new(file)), Path::new(module));
        }
    }
}
