//! Files below the paths of a grant.

use ampoule::{Caller, Form, Grant, Operation, Service, manifest::PlainPath};
use ampoule_abi::{Decode, EncodeError, Status, encode, encoded_len};
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::{
    ambient_authority,
    fs::{Dir, DirEntry, File, FileType, Metadata, OpenOptions},
};
use serde::Serialize;
use std::{
    io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

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
        let (path, offset, most): (&str, u64, u32) = decoded(request)?;
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
        let (path, mode, bytes): (&str, u8, &[u8]) = decoded(request)?;
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
        let dir = place(&self.roots, scope, decoded(request)?)?.open_dir()?;
        let mut listed = Vec::new();
        for (at, entry) in dir.entries().map_err(|error| status(&error))?.enumerate() {
            if at == MAX_LISTED {
                return Err(Status::Busy);
            }
            listed.extend(shown(&entry.map_err(|error| status(&error))?));
        }
        listed.sort_unstable();
        answer(&listed, reply)
    }

    fn stat(&self, scope: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let found = place(&self.roots, scope, decoded(request)?)?.metadata()?;
        let modified = found.modified().map_or(0, |time| micros(time.into_std()));
        answer(&(kind(found.file_type()), found.len(), modified), reply)
    }
}

impl Fs {
    /// What of the granted paths lies in the scope, or the scope where it lies in one of them.
    fn roots(&self, scope: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let () = decoded(request)?;
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
        answer(&roots, reply)
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

/// A granted path.
#[derive(Debug)]
struct Root {
    path: String,
    depth: usize,
    held: Held,
}

/// What a granted path was when the service was made.
#[derive(Debug)]
enum Held {
    Dir(Dir),
    /// No directory: this name in another, and nothing that a link of that name leads to.
    File(Dir, String),
    Nothing,
}

impl Root {
    fn open(path: PlainPath<'_>) -> Self {
        let held = open_ambient(path.as_str()).map_or_else(|| file_of(path), Held::Dir);
        Self { path: path.as_str().to_owned(), depth: path.components().count(), held }
    }

    fn allows(&self, path: &PlainPath<'_>) -> bool {
        PlainPath::parse(&self.path).is_ok_and(|root| root.contains(path))
    }
}

fn open_ambient(path: &str) -> Option<Dir> {
    Dir::open_ambient_dir(path, ambient_authority()).ok()
}

fn file_of(path: PlainPath<'_>) -> Held {
    let mut names: Vec<_> = path.components().collect();
    let Some(name) = names.pop() else { return Held::Nothing };
    let start = if path.is_absolute() { "/" } else { "./" };
    let parent = open_ambient(&format!("{start}{}", names.join("/")));
    parent.map_or(Held::Nothing, |dir| Held::File(dir, name.to_owned()))
}

/// Where a path lies: in a directory that nothing leads out of.
struct Place<'a> {
    dir: Inside<'a>,
    name: String,
    /// Whether a link at the end may be followed.
    follow: bool,
}

enum Inside<'a> {
    Held(&'a Dir),
    Opened(Dir),
}

impl Inside<'_> {
    fn dir(&self) -> &Dir {
        match self {
            Self::Held(dir) => dir,
            Self::Opened(dir) => dir,
        }
    }
}

/// Checks a path that a plugin asks for, and finds the directory to look it up in.
fn place<'a>(roots: &'a [Root], scope: &str, path: &str) -> Result<Place<'a>, Status> {
    let path = PlainPath::parse(path).map_err(|_| Status::Invalid)?;
    let scope = scope_over(scope, &path)?;
    let root = roots.iter().find(|root| root.allows(&path)).ok_or(Status::NotGranted)?;
    let scope = joined(scope.iter().flat_map(PlainPath::components).skip(root.depth));
    let rest = joined(path.components().skip(root.depth));
    match &root.held {
        Held::File(dir, name) if rest.is_empty() => {
            Ok(Place { dir: Inside::Held(dir), name: name.clone(), follow: false })
        }
        Held::File(..) | Held::Nothing => Err(Status::NotFound),
        Held::Dir(dir) => below(dir, &scope, rest),
    }
}

/// The scope, if there is one, which has to hold the path.
fn scope_over<'s>(scope: &'s str, path: &PlainPath<'_>) -> Result<Option<PlainPath<'s>>, Status> {
    if scope.is_empty() {
        return Ok(None);
    }
    let scope = PlainPath::parse(scope).map_err(|_| Status::NotGranted)?;
    if scope.contains(path) { Ok(Some(scope)) } else { Err(Status::NotGranted) }
}

/// `rest` in `dir`, where only what lies in `scope` may be reached. Both start at `dir`.
fn below<'a>(dir: &'a Dir, scope: &str, rest: String) -> Result<Place<'a>, Status> {
    if scope.is_empty() {
        let name = if rest.is_empty() { ".".to_owned() } else { rest };
        return Ok(Place { dir: Inside::Held(dir), name, follow: true });
    }
    match dir.open_dir(scope) {
        Ok(opened) => {
            let inner = rest.get(scope.len()..).unwrap_or_default().trim_start_matches('/');
            let name = if inner.is_empty() { "." } else { inner };
            Ok(Place { dir: Inside::Opened(opened), name: name.to_owned(), follow: true })
        }
        Err(_) if rest == scope => Ok(Place { dir: Inside::Held(dir), name: rest, follow: false }),
        Err(error) => Err(status(&error)),
    }
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join("/")
}

impl Place<'_> {
    fn metadata(&self) -> Result<Metadata, Status> {
        let dir = self.dir.dir();
        let found =
            if self.follow { dir.metadata(&self.name) } else { dir.symlink_metadata(&self.name) };
        found.map_err(|error| status(&error))
    }

    /// Opens a regular file. It is asked what it is first, since opening a device can set it going; and
    /// asked again of what was opened, since that may be another file by then.
    fn open(&self, options: &mut OpenOptions) -> Result<(File, Metadata), Status> {
        match self.metadata() {
            Ok(named) => regular(&named)?,
            // To be created, or refused when it is opened.
            Err(Status::NotFound) => {}
            Err(refused) => return Err(refused),
        }
        options.nonblock(true).follow(follow(self.follow));
        #[cfg(unix)]
        cap_std::fs::OpenOptionsExt::custom_flags(options, libc::O_NOCTTY);
        let opened = self.dir.dir().open_with(&self.name, options);
        let file = opened.map_err(|error| status(&error))?;
        let found = file.metadata().map_err(|error| status(&error))?;
        regular(&found)?;
        Ok((file, found))
    }

    fn open_dir(&self) -> Result<Dir, Status> {
        if !self.follow {
            return Err(Status::Invalid);
        }
        self.dir.dir().open_dir(&self.name).map_err(|error| status(&error))
    }

    /// The length of a file that may be written, if it is there. A link is appended to, not replaced.
    fn to_write(&self, through_link: bool) -> Result<Option<u64>, Status> {
        let link = || self.dir.dir().symlink_metadata(&self.name).map_err(|error| status(&error));
        match if through_link { self.metadata() } else { link() } {
            Ok(found) => writable(&found).map(|()| Some(found.len())),
            Err(Status::NotFound) => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    fn append(&self, bytes: &[u8]) -> Result<(), Status> {
        let (mut file, found) = self.open(OpenOptions::new().append(true).create(true))?;
        writable(&found)?;
        if found.len().saturating_add(bytes.len() as u64) > MAX_FILE_BYTES {
            return Err(Status::Busy);
        }
        file.write_all(bytes).map_err(|error| status(&error))
    }

    /// Writes another file beside it, and renames that: whoever reads sees the old or the new one.
    fn replace(&self, bytes: &[u8]) -> Result<(), Status> {
        let (parent, name) = self.parent()?;
        let parent = parent.dir();
        let part = part_name()?;
        let replaced =
            write_new(parent, &part, name, bytes).and_then(|()| parent.rename(&part, parent, name));
        replaced.map_err(|error| {
            // It is there only if it was this one's; its name was drawn.
            let _ = parent.remove_file(&part);
            status(&error)
        })
    }

    fn parent(&self) -> Result<(Inside<'_>, &str), Status> {
        let dir = self.dir.dir();
        match self.name.rsplit_once('/') {
            Some((parent, name)) => {
                let parent = dir.open_dir(parent).map_err(|error| status(&error))?;
                Ok((Inside::Opened(parent), name))
            }
            None if self.name == "." => Err(Status::Invalid),
            None => Ok((Inside::Held(dir), &self.name)),
        }
    }
}

fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

fn follow(links: bool) -> FollowSymlinks {
    if links { FollowSymlinks::Yes } else { FollowSymlinks::No }
}

fn regular(found: &Metadata) -> Result<(), Status> {
    if found.is_file() { Ok(()) } else { Err(Status::Invalid) }
}

fn writable(found: &Metadata) -> Result<(), Status> {
    regular(found)?;
    if found.permissions().readonly() { Err(Status::NotGranted) } else { Ok(()) }
}

/// A name that no other file has.
fn part_name() -> Result<String, Status> {
    let drawn = getrandom::u64().map_err(|_| Status::Failed)?;
    Ok(format!(".ampoule-{drawn:016x}.part"))
}

/// Writes a file with the rights of the one that it is going to replace.
fn write_new(dir: &Dir, part: &str, old: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = dir.open_with(part, OpenOptions::new().write(true).create_new(true))?;
    if let Ok(found) = dir.symlink_metadata(old)
        && found.is_file()
    {
        file.set_permissions(found.permissions())?;
    }
    file.write_all(bytes)?;
    // Else a power cut could leave the new name with no content.
    file.sync_data()
}

/// Reads what lies at `offset`: less than `out` takes if the file has become shorter.
fn fill(file: &mut File, offset: u64, out: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    let mut filled = 0;
    while let Some(rest) = out.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// An entry as a plugin may ask for it. Names that no path may have are left out.
fn shown(entry: &DirEntry) -> Option<(String, u8)> {
    let name = entry.file_name().into_string().ok()?;
    PlainPath::parse(&name).ok()?;
    Some((name, kind(entry.file_type().ok()?)))
}

fn kind(found: FileType) -> u8 {
    if found.is_file() {
        0
    } else if found.is_dir() {
        1
    } else if found.is_symlink() {
        2
    } else {
        3
    }
}

/// Microseconds since 1970, negative before. Times that don't fit are 290,000 years off.
fn micros(time: SystemTime) -> i64 {
    let whole = |micros: u128| i64::try_from(micros).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => whole(since.as_micros()),
        Err(before) => -whole(before.duration().as_micros()),
    }
}

pub(crate) fn decoded<'a, T: Decode<'a>>(request: &'a [u8]) -> Result<T, Status> {
    T::decode(request).map_err(|_| Status::Invalid)
}

/// Writes a reply, or tells the length that it needs.
pub(crate) fn answer<T: Serialize>(message: &T, reply: &mut [u8]) -> Result<usize, Status> {
    match encode(message, reply) {
        Ok(written) => Ok(written.len()),
        Err(EncodeError::Full) => Ok(encoded_len(message)),
        Err(_) => Err(Status::Failed),
    }
}

/// What a plugin learns of an error. A link that leads out is `PermissionDenied`.
fn status(error: &io::Error) -> Status {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Status::NotFound,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Status::NotGranted,
        ErrorKind::IsADirectory | ErrorKind::InvalidInput | ErrorKind::InvalidFilename => {
            Status::Invalid
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::WouldBlock => Status::Busy,
        _ if is_link(error) => Status::NotGranted,
        _ => Status::Failed,
    }
}

/// Whether there was a link that isn't followed, or too many.
fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    let link = error.raw_os_error() == Some(libc::ELOOP);
    #[cfg(not(unix))]
    let link = error.raw_os_error().is_none();
    link
}
