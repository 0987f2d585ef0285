//! Files below the paths of a grant.

mod file;
mod place;

use ampoule::{
    Caller, Form, Grant, Operation, Service,
    manifest::PlainPath,
    offered::{read, write},
};
use ampoule_abi::Status;
use file::{fill, kind, micros, reading, shown, status};
use place::{Root, place};

/// The most bytes that one `read` may ask for.
pub const MAX_READ_BYTES: u32 = 1024 * 1024;

/// The most bytes of a file that is written.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The most entries of a directory that is listed.
pub const MAX_LISTED: usize = 1024;

/// How far all files together may grow, unless [`Fs::with_growth`] says otherwise.
pub const MAX_GROWTH_BYTES: u64 = 256 * 1024 * 1024;

/// What a new file counts besides its bytes: a block of most file systems.
pub const NEW_FILE_BYTES: u64 = 4096;

/// The service `fs`: reads and writes files below the paths of a grant.
///
/// Each granted directory is opened once, here, and what a plugin asks for is resolved inside it: no
/// `..`, no absolute path and no link leads out. A granted path that is no directory by then grants one
/// file. A relative path starts at the current directory. Links on the way *to* a granted path are
/// followed, as whoever granted it meant them; so is a mount or a hard link below it, which nothing
/// tells from a file.
///
/// The scope of a grant is a path that narrows it further: a link doesn't lead out of it either.
///
/// ```
/// use ampoule_std::{Caller, Grant, Manifest, Policy, Service, fs::Fs};
///
/// # let folder = tempfile::tempdir()?;
/// # let data = folder.path().to_str().unwrap_or_default();
/// # std::fs::write(folder.path().join("today"), "sunny")?;
/// let manifest = format!(r#"{{
///     "meta": {{ "name": "weather", "version": "1.0.0" }},
///     "capabilities": {{ "allowFileSystem": true, "allowedPaths": ["{data}"] }}
/// }}"#);
/// let manifest = Manifest::parse(manifest.as_bytes())?;
/// let mut fs = Fs::of_grant(&Grant::new(&manifest, &Policy::WORKSTATION));
///
/// // The first operation is `read`: from byte 0, at most 16 bytes.
/// let path = format!("{data}/today");
/// let request = [&[path.len() as u8], path.as_bytes(), &[0, 16]].concat();
/// let caller = Caller::new("weather", "", 0);
/// let mut reply = [0; 16];
/// assert_eq!(fs.message(&caller, 0, &request, &mut reply), Ok(5));
/// assert_eq!(&reply[..5], b"sunny");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Fs {
    /// The longest path first, so that what was granted by itself is opened as itself.
    roots: Vec<Root>,
    grown: u64,
    growth: u64,
}

const READ: usize = 0;
const WRITE: usize = 1;
const LIST: usize = 2;
const STAT: usize = 3;
const ROOTS: usize = 4;

/// Modes of `write`.
const REPLACE: u8 = 0;
const APPEND: u8 = 1;

const OPERATIONS: &[Operation] = &[
    // About five calls of the operating system, of 1,000 instructions each, and the way to the file.
    operation("read", 10_000, 1),
    // Waits for the disk; the bytes are copied into its cache and then onto it.
    operation("write", 100_000, 8),
    // Asks for up to `MAX_LISTED` entries and sorts them, also where the reply doesn't fit.
    operation("list", 100_000, 2),
    // About two calls of the operating system, and the way to the file.
    operation("stat", 5_000, 1),
    // Compares a few paths with the scope.
    operation("roots", 1_000, 1),
];

const fn operation(name: &'static str, base_fuel: u32, byte_fuel: u32) -> Operation {
    Operation { name, form: Form::Message, base_fuel, byte_fuel }
}

impl Default for Fs {
    /// Grants nothing.
    fn default() -> Self {
        Self { roots: Vec::new(), grown: 0, growth: MAX_GROWTH_BYTES }
    }
}

impl Fs {
    /// Opens what is granted. What can't be opened is `NotFound` for as long as the service is there.
    #[must_use]
    pub fn of_grant(grant: &Grant<'_>) -> Self {
        let paths = grant.paths().filter_map(|rule| rule.path());
        let mut roots: Vec<_> = paths.map(Root::open).collect();
        roots.sort_by_key(|root| core::cmp::Reverse(root.depth));
        Self { roots, ..Self::default() }
    }

    /// Lets all files together grow by so many bytes. A new file counts [`NEW_FILE_BYTES`] besides its
    /// own; what shrinks gives back.
    #[must_use]
    pub fn with_growth(self, bytes: u64) -> Self {
        Self { growth: bytes, ..self }
    }

    fn read(&self, scope: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let (path, offset, most): (&str, u64, u32) = read(request)?;
        if most > MAX_READ_BYTES {
            return Err(Status::Invalid);
        }
        let (mut file, found) = place(&self.roots, scope, path)?.open(&mut reading())?;
        let there = found.len().saturating_sub(offset).min(u64::from(most)) as usize;
        match reply.get_mut(..there) {
            Some([]) => Ok(0),
            Some(out) => fill(&mut file, offset, out).map_err(|error| status(&error)),
            None => Ok(there),
        }
    }

    fn write(&mut self, scope: &str, request: &[u8]) -> Result<usize, Status> {
        let (path, mode, bytes): (&str, u8, &[u8]) = read(request)?;
        let append = mode == APPEND;
        if !(append || mode == REPLACE) || bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(Status::Invalid);
        }
        let place = place(&self.roots, scope, path)?;
        let before = place.to_write(append)?;
        let kept = before.filter(|_| append).unwrap_or(0);
        let grown = self.grown_by(before, kept.saturating_add(bytes.len() as u64))?;
        let written = if append { place.append(bytes) } else { place.replace(bytes) };
        written?;
        self.grown = grown;
        Ok(0)
    }

    /// How far files have grown once a file has this length. What doesn't grow is always fine.
    fn grown_by(&self, before: Option<u64>, length: u64) -> Result<u64, Status> {
        let new = if before.is_none() { NEW_FILE_BYTES } else { 0 };
        let (taken, freed) = (length.saturating_add(new), before.unwrap_or(0));
        let grown = self.grown.saturating_add(taken).saturating_sub(freed);
        let fits = length <= MAX_FILE_BYTES && grown <= self.growth;
        if fits || taken <= freed { Ok(grown) } else { Err(Status::Busy) }
    }

    fn list(&self, scope: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let dir = place(&self.roots, scope, read(request)?)?.open_dir()?;
        let mut listed = Vec::new();
        for (at, entry) in dir.entries().map_err(|error| status(&error))?.enumerate() {
            if at == MAX_LISTED {
                return Err(Status::Busy);
            }
            listed.extend(shown(&entry.map_err(|error| status(&error))?));
        }
        listed.sort_unstable();
        write(&listed, reply)
    }

    fn stat(&self, scope: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let found = place(&self.roots, scope, read(request)?)?.metadata()?;
        let modified = found.modified().map_or(0, |time| micros(time.into_std()));
        write(&(kind(found.file_type()), found.len(), modified), reply)
    }
}

impl Fs {
    /// What of the granted paths lies in the scope, or the scope where it lies in one of them.
    fn roots(&self, scope: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let () = read(request)?;
        let scope = match scope {
            "" => None,
            scope => Some(PlainPath::parse(scope).map_err(|_| Status::NotGranted)?),
        };
        let within = |root: &Root| {
            let path = PlainPath::parse(&root.path).ok()?;
            let met = match scope {
                None => path,
                Some(scope) if path.contains(&scope) => scope,
                Some(scope) if scope.contains(&path) => path,
                Some(_) => return None,
            };
            Some(met.as_str().to_owned())
        };
        let mut roots: Vec<String> = self.roots.iter().filter_map(within).collect();
        roots.sort_unstable();
        roots.dedup();
        write(&roots, reply)
    }
}

impl Service for Fs {
    fn name(&self) -> &'static str {
        "fs"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn message(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        match operation {
            READ..=ROOTS if self.roots.is_empty() => Err(Status::NotGranted),
            READ => self.read(caller.scope, request, reply),
            WRITE => self.write(caller.scope, request),
            LIST => self.list(caller.scope, request, reply),
            STAT => self.stat(caller.scope, request, reply),
            ROOTS => self.roots(caller.scope, request, reply),
            _ => Err(Status::NotFound),
        }
    }
}
