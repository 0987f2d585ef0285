//! What descriptors and paths are, and what a directory holds.

use super::{
    errno::{Errno, Result},
    fds::{Access, Descriptor, Kind},
    host::{Desk, Host, items},
    needs::Need,
};
use alloc::boxed::Box;
use ampoule_abi::Decode;

/// What `fs.stat` says of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(crate) kind: u8,
    pub(crate) bytes: u64,
    micros: i64,
}

/// Kinds of the service.
pub(crate) const FILE: u8 = 0;
pub(crate) const DIRECTORY: u8 = 1;
const LINK: u8 = 2;

/// File types of WASI.
const UNKNOWN: u8 = 0;
const CHARACTER_DEVICE: u8 = 2;
const TYPE_DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 4;
const SYMBOLIC_LINK: u8 = 7;

const fn file_type(kind: u8) -> u8 {
    match kind {
        FILE => REGULAR_FILE,
        DIRECTORY => TYPE_DIRECTORY,
        LINK => SYMBOLIC_LINK,
        _ => UNKNOWN,
    }
}

pub(crate) fn stat(desk: &mut Desk<'_>, path: &str) -> Result<Stat> {
    let mut reply = [0; 32];
    let reply = desk.ask_within(Need::FsStat, &path, &mut reply)?;
    let (kind, bytes, micros) = Decode::decode(reply).map_err(|_| Errno::Io)?;
    Ok(Stat { kind, bytes, micros })
}

pub(crate) mod rights {
    //! What a descriptor may be used for, as bits.
    pub(crate) const READ: u64 = 1 << 1;
    const SEEK: u64 = 1 << 2;
    const TELL: u64 = 1 << 5;
    pub(crate) const WRITE: u64 = 1 << 6;
    const SET_FLAGS: u64 = 1 << 3;
    const SYNC: u64 = 1 | 1 << 4;
    const FILE_STAT: u64 = 1 << 21;
    const SET_SIZE: u64 = 1 << 22;
    const POLL: u64 = 1 << 27;
    const OF_FILE: u64 = SEEK | TELL | SET_FLAGS | SYNC | FILE_STAT | POLL;

    /// Open, read and look up what lies below, create and truncate it.
    pub(crate) const DIRECTORY: u64 =
        1 << 13 | 1 << 14 | 1 << 10 | 1 << 18 | 1 << 19 | FILE_STAT | SET_FLAGS;
    pub(crate) const BELOW: u64 = DIRECTORY | file(true, true);
    pub(crate) const INPUT: u64 = READ | FILE_STAT | POLL;
    pub(crate) const OUTPUT: u64 = WRITE | FILE_STAT | POLL | SET_FLAGS;

    pub(crate) const fn file(read: bool, write: bool) -> u64 {
        let read = if read { READ } else { 0 };
        let write = if write { WRITE | SET_SIZE } else { 0 };
        OF_FILE | read | write
    }
}

pub(crate) fn fdstat(host: &mut Host<'_>, fd: u32, out: u32) -> Result<()> {
    let (file_type, flags, base, below) = match host.desk.state.fds.get(fd)?.kind {
        Kind::Input => (CHARACTER_DEVICE, 0, rights::INPUT, 0),
        Kind::Output(_) => (CHARACTER_DEVICE, 0, rights::OUTPUT, 0),
        Kind::Directory { .. } => (TYPE_DIRECTORY, 0, rights::DIRECTORY, rights::BELOW),
        Kind::File(Access { read, write, append }) => {
            (REGULAR_FILE, u8::from(append), rights::file(read, write), 0)
        }
    };
    let head = u64::from_le_bytes([file_type, 0, flags, 0, 0, 0, 0, 0]);
    let words = [head, base, below].map(u64::to_le_bytes);
    host.memory.put(out, words.as_flattened())
}

pub(crate) fn filestat(host: &mut Host<'_>, fd: u32, out: u32) -> Result<()> {
    host.memory.check(out, FILESTAT_BYTES)?;
    let Descriptor { kind, path, .. } = host.desk.state.fds.get(fd)?.clone();
    match kind {
        Kind::Input | Kind::Output(_) => {
            put_filestat(host, "", CHARACTER_DEVICE, Stat { kind: 0, bytes: 0, micros: 0 }, out)
        }
        Kind::Directory { .. } | Kind::File(_) => path_filestat(host, &path, out),
    }
}

const FILESTAT_BYTES: u32 = 64;

pub(crate) fn path_filestat(host: &mut Host<'_>, path: &str, out: u32) -> Result<()> {
    host.memory.check(out, FILESTAT_BYTES)?;
    let found = stat(&mut host.desk, path)?;
    put_filestat(host, path, file_type(found.kind), found, out)
}

fn put_filestat(host: &mut Host<'_>, path: &str, ty: u8, found: Stat, out: u32) -> Result<()> {
    let nanos = u64::try_from(found.micros).unwrap_or(0).saturating_mul(1000);
    // Device, inode, type, links, size; then when it was read, written and changed.
    let words = [1, inode(path), u64::from(ty), 1, found.bytes, nanos, nanos, nanos];
    host.memory.put(out, words.map(u64::to_le_bytes).as_flattened())
}

/// A number that is the same for the same path, and hardly ever for two (FNV-1a).
fn inode(path: &str) -> u64 {
    let hash = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}

/// Lists a directory from entry number `cookie` on, as far as the buffer reaches; the last entry may be
/// cut. A full buffer says that there is more.
pub(crate) fn readdir(
    host: &mut Host<'_>,
    fd: u32,
    (address, length): (u32, u32),
    cookie: u64,
    out: u32,
) -> Result<()> {
    host.memory.check(out, 4)?;
    host.memory.check(address, length)?;
    let path = Box::<str>::from(host.desk.state.fds.directory(fd)?);
    let listed = host.desk.ask_all(Need::FsList, &&*path)?;
    let mut buffer = host.memory.bytes_mut(address, length)?;
    let from = usize::try_from(cookie).unwrap_or(usize::MAX);
    for (at, (name, kind)) in items::<(&str, u8)>(&listed)?.enumerate().skip(from) {
        let below = alloc::format!("{path}/{name}");
        let tail = u64::from(name.len() as u32) | u64::from(file_type(kind)) << 32;
        let head = [at as u64 + 1, inode(&below), tail].map(u64::to_le_bytes);
        for part in [head.as_flattened(), name.as_bytes()] {
            let fits = part.len().min(buffer.len());
            let (place, rest) = buffer.split_at_mut_checked(fits).ok_or(Errno::Fault)?;
            place.copy_from_slice(part.get(..fits).unwrap_or_default());
            buffer = rest;
        }
        if buffer.is_empty() {
            break;
        }
    }
    // What is left is no longer than the buffer.
    let used = length - buffer.len() as u32;
    host.desk.spend(u64::from(used))?;
    host.memory.put_u32(out, used)
}
