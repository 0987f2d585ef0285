//! Modules and other files, read within a limit.

use crate::{Text, escaped};
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Read as _},
    path::Path,
};
use wast::{
    Wat,
    parser::{self, ParseBuffer},
};

ampoule::errors! {
    /// Why a file couldn't be read.
    pub enum FileError {
        NotFound { path: String } = "I01",
            "there is no file {path}",
            "check the path; a relative one starts at the current directory";
        Directory { path: String } = "I02",
            "{path} is a directory",
            "give the module file in it";
        NotRegular { path: String } = "I03",
            "{path} is not a regular file",
            "copy what a pipe or a device holds into a file, and give that";
        Denied { path: String } = "I04",
            "{path} may not be read",
            "give your user the right to read it and to enter its directories";
        TooLarge { path: String, found: u64, allowed: u64 } = "I05",
            "{path} has {found} bytes or more, {allowed} are allowed",
            "give a module rather than another file; if it is one, build it smaller or raise limits.module_bytes";
        Empty { path: String } = "I06",
            "{path} is empty",
            "give the whole file; a copy or a build may have been cut off";
        Text { path: String, line: usize, column: usize, message: String } = "I07",
            "{path}, line {line}, column {column}: {message}",
            "correct the WebAssembly text there";
        Io { path: String, reason: String } = "I08",
            "{path} can't be read: {reason}",
            "look at the disk, and at who else uses the file";
        Write { path: String, reason: String } = "I09",
            "{path} can't be written: {reason}",
            "look at the disk, at its directory, and at your user's right to write there";
    }
}

/// How much larger than its module a WebAssembly text may be: a byte of code can be an instruction's
/// name, with a line and its indentation.
const TEXT_BYTES_PER_MODULE_BYTE: u64 = 16;

/// Reads a module of at most `max_bytes` from a file.
///
/// The file is opened once and has to be a regular one; symbolic links to one are followed. A pipe
/// or a device is refused without waiting for it. The bytes are counted while they are read, so a
/// file that grows or lies about its length doesn't get past the limit.
///
/// A file whose name ends in `.wat` is WebAssembly text, and is turned into a module.
///
/// ```
/// use ampoule_std::{Diagnosis, read_module};
///
/// let error = read_module("no-such.wasm", 1024).unwrap_err();
/// assert_eq!(error.code(), "I01");
/// assert_eq!(error.to_string(), "there is no file no-such.wasm");
/// ```
///
/// # Errors
/// [`FileError`]; each variant tells its cause and its cure.
pub fn read_module(path: impl AsRef<Path>, max_bytes: u32) -> Result<Vec<u8>, FileError> {
    let path = path.as_ref();
    module_of(path, read_module_file(path, max_bytes)?.bytes, max_bytes)
}

/// Reads a file of at most `max_bytes`, as it is, as carefully as [`read_module`]: for a manifest or
/// a policy.
///
/// ```
/// use ampoule_std::{Diagnosis, read_capped};
///
/// assert_eq!(read_capped("/", 1024).unwrap_err().code(), "I02");
/// ```
///
/// # Errors
/// [`FileError`]; each variant tells its cause and its cure.
pub fn read_capped(path: impl AsRef<Path>, max_bytes: u32) -> Result<Vec<u8>, FileError> {
    Ok(read(path.as_ref(), u64::from(max_bytes))?.bytes)
}

/// A file's bytes, and what the system said of it before and after they were read, all through one
/// handle.
pub(crate) struct Found {
    pub(crate) bytes: Vec<u8>,
    pub(crate) before: Metadata,
    pub(crate) after: Metadata,
}

/// Reads a file for [`module_of`].
pub(crate) fn read_module_file(path: &Path, max_bytes: u32) -> Result<Found, FileError> {
    let bytes_each = if is_text(path) { TEXT_BYTES_PER_MODULE_BYTE } else { 1 };
    read(path, u64::from(max_bytes) * bytes_each)
}

/// Reads a manifest or a policy.
pub(crate) fn read_document(path: &Path, max_bytes: u32) -> Result<Found, FileError> {
    read(path, u64::from(max_bytes))
}

/// The module that a file of that name holds, as it is or as text.
pub(crate) fn module_of(path: &Path, bytes: Vec<u8>, max_bytes: u32) -> Result<Vec<u8>, FileError> {
    if !is_text(path) {
        return Ok(bytes);
    }
    let module = assemble(path, bytes)?;
    within(path, module.len() as u64, u64::from(max_bytes))?;
    Ok(module)
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wat"))
}

fn read(path: &Path, allowed: u64) -> Result<Found, FileError> {
    let (file, before) = open(path, allowed)?;
    let mut bytes = Vec::new();
    // One byte more tells a file that is too large from one that just fits.
    let mut capped = (&file).take(allowed.saturating_add(1));
    capped.read_to_end(&mut bytes).map_err(|error| of_io(path, &error))?;
    within(path, bytes.len() as u64, allowed)?;
    if bytes.is_empty() {
        return Err(FileError::Empty { path: shown(path) });
    }
    let after = file.metadata().map_err(|error| of_io(path, &error))?;
    Ok(Found { bytes, before, after })
}

fn open(path: &Path, allowed: u64) -> Result<(File, Metadata), FileError> {
    // Asked first, since opening a device can set it going; asked again of what was opened, since
    // that may be another file by then.
    let named = fs::metadata(path).map_err(|error| of_io(path, &error))?;
    regular(path, &named)?;
    let file = reading().open(path).map_err(|error| of_io(path, &error))?;
    let opened = file.metadata().map_err(|error| of_io(path, &error))?;
    regular(path, &opened)?;
    within(path, opened.len(), allowed)?;
    Ok((file, opened))
}

/// Opens without waiting for the other end of a pipe, and without taking over a terminal.
fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NONBLOCK | libc::O_NOCTTY,
    );
    options
}

fn regular(path: &Path, found: &Metadata) -> Result<(), FileError> {
    if found.is_file() {
        Ok(())
    } else if found.is_dir() {
        Err(FileError::Directory { path: shown(path) })
    } else {
        Err(FileError::NotRegular { path: shown(path) })
    }
}

fn within(path: &Path, found: u64, allowed: u64) -> Result<(), FileError> {
    if found > allowed {
        return Err(FileError::TooLarge { path: shown(path), found, allowed });
    }
    Ok(())
}

pub(crate) fn of_io(path: &Path, error: &io::Error) -> FileError {
    let path = shown(path);
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileError::NotFound { path },
        ErrorKind::PermissionDenied => FileError::Denied { path },
        _ => FileError::Io { path, reason: escaped(&error.to_string()).to_string() },
    }
}

pub(crate) fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy()).to_string()
}

fn assemble(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>, FileError> {
    let wrong = |before: &[u8], message: &str| {
        let (line, column) = position(before);
        let message = Text::from_guest(message.as_bytes()).to_string();
        FileError::Text { path: shown(path), line, column, message }
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        wrong(error.as_bytes().get(..valid).unwrap_or_default(), "it is not UTF-8")
    })?;
    encode(&text).map_err(|error| {
        let before = text.as_bytes().get(..error.span().offset()).unwrap_or(text.as_bytes());
        wrong(before, &error.message())
    })
}

fn encode(text: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = ParseBuffer::new(text)?;
    parser::parse::<Wat<'_>>(&buffer)?.encode()
}

/// The line and the column, from 1, of what follows `before`.
fn position(before: &[u8]) -> (usize, usize) {
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    (line, 1 + String::from_utf8_lossy(last).chars().count())
}

#[cfg(test)]
mod tests {
    use super::{of_io, position};
    use ampoule::Diagnosis as _;
    use std::{io::ErrorKind, path::Path};

    /// The superuser may read everything, so that a file can't show this wherever tests run.
    #[test]
    fn a_file_that_may_not_be_read_is_told_from_one_that_is_missing() {
        for (kind, code) in [
            (ErrorKind::NotFound, "I01"),
            (ErrorKind::NotADirectory, "I01"),
            (ErrorKind::PermissionDenied, "I04"),
            (ErrorKind::Interrupted, "I08"),
        ] {
            assert_eq!(of_io(Path::new("x"), &kind.into()).code(), code);
        }
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        for (before, expected) in
            [("", (1, 1)), ("(module", (1, 8)), ("(module\n", (2, 1)), (";; é\r\n\n  é", (3, 4))]
        {
            assert_eq!(position(before.as_bytes()), expected, "{before:?}");
        }
    }
}
