//! Where a path lies, below a directory that was opened when it was granted.

use super::{
    MAX_FILE_BYTES,
    file::{follow, part_name, regular, status, writable, write_new},
};
use ampoule::manifest::PlainPath;
use ampoule_abi::Status;
use cap_fs_ext::{OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::{
    ambient_authority,
    fs::{Dir, File, Metadata, OpenOptions},
};
use std::io::Write as _;

/// A granted path.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) path: String,
    pub(super) depth: usize,
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
    pub(super) fn open(path: PlainPath<'_>) -> Self {
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
pub(super) struct Place<'a> {
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
pub(super) fn place<'a>(roots: &'a [Root], scope: &str, path: &str) -> Result<Place<'a>, Status> {
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
    pub(super) fn metadata(&self) -> Result<Metadata, Status> {
        let dir = self.dir.dir();
        let found =
            if self.follow { dir.metadata(&self.name) } else { dir.symlink_metadata(&self.name) };
        found.map_err(|error| status(&error))
    }

    /// Opens a regular file. It is asked what it is first, since opening a device can set it going; and
    /// asked again of what was opened, since that may be another file by then.
    pub(super) fn open(&self, options: &mut OpenOptions) -> Result<(File, Metadata), Status> {
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

    pub(super) fn open_dir(&self) -> Result<Dir, Status> {
        if !self.follow {
            return Err(Status::Invalid);
        }
        self.dir.dir().open_dir(&self.name).map_err(|error| status(&error))
    }

    /// The length of a file that may be written, if it is there. A link is appended to, not replaced.
    pub(super) fn to_write(&self, through_link: bool) -> Result<Option<u64>, Status> {
        let link = || self.dir.dir().symlink_metadata(&self.name).map_err(|error| status(&error));
        match if through_link { self.metadata() } else { link() } {
            Ok(found) => writable(&found).map(|()| Some(found.len())),
            Err(Status::NotFound) => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    pub(super) fn append(&self, bytes: &[u8]) -> Result<(), Status> {
        let (mut file, found) = self.open(OpenOptions::new().append(true).create(true))?;
        writable(&found)?;
        if found.len().saturating_add(bytes.len() as u64) > MAX_FILE_BYTES {
            return Err(Status::Busy);
        }
        file.write_all(bytes).map_err(|error| status(&error))
    }

    /// Writes another file beside it, and renames that: whoever reads sees the old or the new one.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), Status> {
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
