//! Files that are there whole or not at all.

use crate::{FileError, escaped};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

/// Writes a file: whoever reads it meanwhile, or after a power cut, finds the old one or the new one. A link to
/// a file stays one.
///
/// ```
/// use ampoule_std::write_whole;
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("lamp.toml");
/// write_whole(&path, b"slots = 4\n")?;
/// assert_eq!(std::fs::read(&path)?, b"slots = 4\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`FileError::Write`]: what was there is as it was.
pub fn write_whole(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), FileError> {
    let path = path.as_ref();
    replace(path, bytes).map_err(|error| FileError::Write {
        path: escaped(&path.to_string_lossy()).to_string(),
        reason: error.to_string(),
    })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = place(path)?;
    let part = beside(&place)?;
    let written = fill(&part, &place, bytes).and_then(|()| fs::rename(&part, &place));
    if written.is_err() {
        // What can't be removed either is a hidden file beside it.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Where the file itself is to be: nothing, or a regular one.
fn place(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => fs::canonicalize(path),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidInput, "it is no regular file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(error),
    }
}

/// A name in the same directory that no other file has.
fn beside(place: &Path) -> io::Result<PathBuf> {
    let drawn = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
    Ok(place.with_file_name(format!(".ampoule-{drawn:016x}.part")))
}

/// With the rights of the file that it is going to replace.
fn fill(part: &Path, place: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(part)?;
    if let Ok(found) = fs::metadata(place) {
        file.set_permissions(found.permissions())?;
    }
    file.write_all(bytes)?;
    // Else a power cut could leave the new name with no content.
    file.sync_data()
}
