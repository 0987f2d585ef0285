//! Files below the paths that the grant has. Workstations offer this.
//!
//! ```
//! use ampoule_guest::{Status, services::fs};
//!
//! fn note(line: &[u8]) -> Result<u64, Status> {
//!     fs::write("/data/weather/log", fs::Mode::Append, line)?;
//!     Ok(fs::stat("/data/weather/log")?.bytes)
//! }
//!
//! fn first_line(place: &mut [u8]) -> Result<&[u8], Status> {
//!     let start = fs::read("/data/weather/log", 0, place)?;
//!     Ok(start.split(|byte| *byte == b'\n').next().unwrap_or_default())
//! }
//! ```
//!
//! Paths have at most [`MAX_PATH_BYTES`] here; those that no grant takes, such as with `..`, are
//! [`Status::Invalid`]. One that isn't granted is [`Status::NotGranted`], also if there is no such file.

use super::{exchange, message, read as decoded, tell};
use crate::{Decode, Status, buffer::Buffer};

/// The longest path that these functions take.
pub const MAX_PATH_BYTES: usize = 256;

/// The most bytes that one [`read`] gets.
pub const MAX_READ_BYTES: usize = 1024 * 1024;

/// The longest content that [`write`](write()) takes.
pub const MAX_CONTENT_BYTES: usize = 256;

/// Room for a path with its length.
const PATH_REQUEST_BYTES: usize = 2 + MAX_PATH_BYTES;

/// What is in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A link; only [`list`] tells of one, [`stat`] of what it leads to.
    Link,
    /// A pipe, a device, a socket.
    Other,
}

impl Kind {
    fn of(number: u8) -> Self {
        match number {
            0 => Self::File,
            1 => Self::Directory,
            2 => Self::Link,
            _ => Self::Other,
        }
    }
}

/// What becomes of the content that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It goes, all at once: a reader sees the old content or the new.
    Replace = 0,
    /// It stays, and the new follows it.
    Append = 1,
}

/// What [`stat`] tells of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Its length.
    pub bytes: u64,
    /// When it was changed, in microseconds since 1970.
    pub changed_us: i64,
}

/// Reads a file from `offset` on into `place`: fewer bytes than that has at the file's end, none behind it,
/// and never more than [`MAX_READ_BYTES`].
///
/// # Errors
/// [`Status::NotFound`]: no such file. [`Status::Invalid`]: that is no file, or no path.
/// [`Status::NotGranted`]. [`Status::Failed`]: the disk.
pub fn read<'p>(path: &str, offset: u64, place: &'p mut [u8]) -> Result<&'p [u8], Status> {
    let most = place.len().min(MAX_READ_BYTES);
    // Two numbers, of up to 10 and 3 bytes.
    exchange::<{ PATH_REQUEST_BYTES + 10 + 3 }>(message!("fs", read), place, |request| {
        request.sized(path.as_bytes());
        request.varint(offset);
        request.varint(most as u64);
    })
}

/// Writes a file of at most [`MAX_CONTENT_BYTES`] anew, or that many to its end.
///
/// # Errors
/// [`Status::Busy`]: the disk is full, or the file or all files become too large. [`Status::Invalid`]: the
/// content is too long, or that is no file, or no path. [`Status::NotFound`]: no such directory.
/// [`Status::NotGranted`]. [`Status::Failed`]: the disk.
pub fn write(path: &str, mode: Mode, content: &[u8]) -> Result<(), Status> {
    // A mode and a length of two bytes.
    write_within::<{ PATH_REQUEST_BYTES + 1 + 2 + MAX_CONTENT_BYTES }>(path, mode, content)
}

/// As [`write`](write()), for longer paths and contents: its request has `N` bytes on the stack, for path,
/// content, the one to three bytes of each one's length, and one more.
///
/// ```
/// # use ampoule_guest::{Status, services::fs};
/// # fn keep(page: &[u8; 900]) -> Result<(), Status> {
/// fs::write_within::<1024>("/data/page", fs::Mode::Replace, page)
/// # }
/// ```
///
/// # Errors
/// As [`write`](write()).
pub fn write_within<const N: usize>(path: &str, mode: Mode, content: &[u8]) -> Result<(), Status> {
    tell::<N>(message!("fs", write), |request| {
        request.sized(path.as_bytes());
        request.byte(mode as u8);
        request.sized(content);
    })
}

/// What is in a directory, in the order of the names' bytes; it lies in `place`.
///
/// # Errors
/// [`Status::TooSmall`]: it doesn't fit; each takes two bytes besides its name, and there is a count of one
/// or two. [`Status::Busy`]: more than 1,024 are there. [`Status::NotFound`]: no such directory.
/// [`Status::NotGranted`]. [`Status::Failed`]: the disk.
pub fn list<'p>(path: &str, place: &'p mut [u8]) -> Result<Entries<'p>, Status> {
    let reply = exchange::<PATH_REQUEST_BYTES>(message!("fs", list), place, asked(path))?;
    let (left, rest) = u32::decode_prefix(reply).map_err(|_| Status::Failed)?;
    Ok(Entries { left, rest })
}

/// Tells what is at a path.
///
/// # Errors
/// [`Status::NotFound`]: nothing. [`Status::NotGranted`]. [`Status::Invalid`]: that is no path.
/// [`Status::Failed`]: the disk.
pub fn stat(path: &str) -> Result<Stat, Status> {
    // A byte and two numbers of up to ten.
    let mut place = [0; 21];
    let reply = exchange::<PATH_REQUEST_BYTES>(message!("fs", stat), &mut place, asked(path))?;
    let (kind, bytes, changed_us) = decoded::<(u8, u64, i64)>(reply)?;
    Ok(Stat { kind: Kind::of(kind), bytes, changed_us })
}

fn asked(path: &str) -> impl FnOnce(&mut Buffer) {
    |request| request.sized(path.as_bytes())
}

/// Names and what they are, see [`list`].
#[derive(Clone, Debug)]
pub struct Entries<'p> {
    left: u32,
    rest: &'p [u8],
}

impl<'p> Iterator for Entries<'p> {
    type Item = (&'p str, Kind);

    fn next(&mut self) -> Option<(&'p str, Kind)> {
        self.left = self.left.checked_sub(1)?;
        let ((name, kind), rest) = <(&str, u8)>::decode_prefix(self.rest).ok()?;
        self.rest = rest;
        Some((name, Kind::of(kind)))
    }
}
