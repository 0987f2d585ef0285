//! Regular files, and what is told of them.

use ampoule::manifest::PlainPath;
use ampoule_abi::Status;
use cap_fs_ext::FollowSymlinks;
use cap_std::fs::{Dir, DirEntry, File, FileType, Metadata, OpenOptions};
use std::{
    io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

pub(super) fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

pub(super) fn follow(links: bool) -> FollowSymlinks {
    if links { FollowSymlinks::Yes } else { FollowSymlinks::No }
}

pub(super) fn regular(found: &Metadata) -> Result<(), Status> {
    if found.is_file() { Ok(()) } else { Err(Status::Invalid) }
}

pub(super) fn writable(found: &Metadata) -> Result<(), Status> {
    regular(found)?;
    if found.permissions().readonly() { Err(Status::NotGranted) } else { Ok(()) }
}

/// A name that no other file has.
pub(super) fn part_name() -> Result<String, Status> {
    let drawn = getrandom::u64().map_err(|_| Status::Failed)?;
    Ok(format!(".ampoule-{drawn:016x}.part"))
}

/// Writes a file with the rights of the one that it is going to replace.
pub(super) fn write_new(dir: &Dir, part: &str, old: &str, bytes: &[u8]) -> io::Result<()> {
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
pub(super) fn fill(file: &mut File, offset: u64, out: &mut [u8]) -> io::Result<usize> {
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
pub(super) fn shown(entry: &DirEntry) -> Option<(String, u8)> {
    let name = entry.file_name().into_string().ok()?;
    PlainPath::parse(&name).ok()?;
    Some((name, kind(entry.file_type().ok()?)))
}

pub(super) fn kind(found: FileType) -> u8 {
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
pub(super) fn micros(time: SystemTime) -> i64 {
    let whole = |micros: u128| i64::try_from(micros).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => whole(since.as_micros()),
        Err(before) => -whole(before.duration().as_micros()),
    }
}

/// What a plugin learns of an error. A link that leads out is `PermissionDenied`.
pub(super) fn status(error: &io::Error) -> Status {
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
