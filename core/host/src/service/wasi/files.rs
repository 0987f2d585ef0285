//! Files and directories through the service `fs`: what it can't express is an error number.

use super::{
    errno::{Errno, Result, Stop},
    fds::{Access, Descriptor, Kind},
    host::{Desk, Host, items, room},
    iovecs::Iovecs,
    needs::Need,
    output,
    stat::stat,
    state::MAX_PATH_BYTES,
};
use alloc::boxed::Box;
use ampoule_abi::encode;

/// Modes of `fs.write`.
const REPLACE: u8 = 0;
const APPEND: u8 = 1;

/// Puts the granted directories among the descriptors, when one is first asked for.
pub(crate) fn preopen(desk: &mut Desk<'_>) -> Result<()> {
    if desk.state.preopened || !desk.has(Need::FsRoots) {
        return Ok(());
    }
    let roots = match desk.ask_all(Need::FsRoots, &()) {
        // No file is open to it, for now.
        Err(Stop::Errno(_)) => return Ok(()),
        roots => roots?,
    };
    desk.state.preopened = true;
    for root in items::<&str>(&roots)? {
        let kind = Kind::Directory { preopened: true };
        if root.len() <= MAX_PATH_BYTES
            && desk.state.fds.open(Descriptor::new(kind, root.into())).is_err()
        {
            break;
        }
    }
    Ok(())
}

/// Makes a file empty, whether or not it was there.
pub(crate) fn empty(desk: &mut Desk<'_>, path: &str) -> Result<()> {
    let nothing: &[u8] = &[];
    let written = desk.ask_of(Need::FsWrite, &(path, REPLACE, nothing), &mut []);
    written.map(|_| ()).map_err(no_space)
}

/// The service's quotas are as good as a full disk.
fn no_space(stop: Stop) -> Stop {
    if stop == Errno::Again.into() { Errno::NoSpace.into() } else { stop }
}

fn file(desk: &Desk<'_>, fd: u32) -> Result<(Access, Box<str>, u64)> {
    match desk.state.fds.get(fd)? {
        Descriptor { kind: Kind::File(access), path, offset } => {
            Ok((*access, path.clone(), *offset))
        }
        Descriptor { kind: Kind::Directory { .. }, .. } => Err(Errno::IsDirectory.into()),
        _ => Err(Errno::NoSeek.into()),
    }
}

pub(crate) fn read(host: &mut Host<'_>, fd: u32, buffers: (u32, u32), out: u32) -> Result<()> {
    host.memory.check(out, 4)?;
    let kind = host.desk.state.fds.get(fd)?.kind;
    let buffers = Iovecs::new(host, buffers.0, buffers.1)?;
    let moved = match kind {
        Kind::Input => 0,
        Kind::Output(_) => return Err(Errno::BadFd.into()),
        _ => {
            let (access, path, offset) = file(&host.desk, fd)?;
            let moved = read_at(host, access, &path, offset, buffers)?;
            host.desk.state.fds.get_mut(fd)?.offset = offset.saturating_add(u64::from(moved));
            moved
        }
    };
    host.memory.put_u32(out, moved)
}

pub(crate) fn pread(
    host: &mut Host<'_>,
    fd: u32,
    buffers: (u32, u32),
    offset: u64,
    out: u32,
) -> Result<()> {
    host.memory.check(out, 4)?;
    let (access, path, _) = file(&host.desk, fd)?;
    let buffers = Iovecs::new(host, buffers.0, buffers.1)?;
    let moved = read_at(host, access, &path, offset, buffers)?;
    host.memory.put_u32(out, moved)
}

fn read_at(
    host: &mut Host<'_>,
    access: Access,
    path: &str,
    mut offset: u64,
    buffers: Iovecs,
) -> Result<u32> {
    if !access.read {
        return Err(Errno::BadFd.into());
    }
    buffers.each(host, |host, buffer| {
        let Host { memory, desk } = host;
        let most = buffer.length().min(desk.message_bytes);
        // The list may have been read over meanwhile.
        let place = buffer.cut(most).of_mut(memory.0).ok_or(Errno::Fault)?;
        let read = desk.ask_of(Need::FsRead, &(path, offset, most), place)?;
        let read = u32::try_from(read).ok().filter(|read| *read <= most).ok_or(Errno::Io)?;
        offset = offset.saturating_add(u64::from(read));
        Ok(read)
    })
}

pub(crate) fn write(host: &mut Host<'_>, fd: u32, buffers: (u32, u32), out: u32) -> Result<()> {
    host.memory.check(out, 4)?;
    let kind = host.desk.state.fds.get(fd)?.kind;
    let buffers = Iovecs::new(host, buffers.0, buffers.1)?;
    let moved = match kind {
        Kind::Output(stream) => output::write(host, stream, buffers)?,
        Kind::Input => return Err(Errno::BadFd.into()),
        _ => {
            let (access, path, offset) = file(&host.desk, fd)?;
            let (moved, end) = append(host, access, &path, Some(offset), buffers)?;
            host.desk.state.fds.get_mut(fd)?.offset = end;
            moved
        }
    };
    host.memory.put_u32(out, moved)
}

pub(crate) fn pwrite(
    host: &mut Host<'_>,
    fd: u32,
    buffers: (u32, u32),
    offset: u64,
    out: u32,
) -> Result<()> {
    host.memory.check(out, 4)?;
    let (access, path, _) = file(&host.desk, fd)?;
    let buffers = Iovecs::new(host, buffers.0, buffers.1)?;
    let (moved, _) = append(host, access, &path, Some(offset), buffers)?;
    host.memory.put_u32(out, moved)
}

/// Appends what stands in the buffers, if that is what is asked: the service can't write elsewhere.
/// Answers how many bytes, and where the file then ends.
fn append(
    host: &mut Host<'_>,
    access: Access,
    path: &str,
    at: Option<u64>,
    buffers: Iovecs,
) -> Result<(u32, u64)> {
    if !access.write {
        return Err(Errno::BadFd.into());
    }
    let mut end = stat(&mut host.desk, path)?.bytes;
    if !access.append && at != Some(end) {
        return Err(Errno::NotSupported.into());
    }
    let most = host.desk.message_bytes.saturating_sub(MAX_PATH_BYTES as u32 + 32);
    let moved = buffers.each(host, |host, buffer| {
        let Host { memory, desk } = host;
        let part = buffer.cut(most).of(memory.0).ok_or(Errno::Fault)?;
        desk.spend(part.len() as u64)?;
        let mut request = room(part.len() + MAX_PATH_BYTES + 32)?;
        let request = encode(&(path, APPEND, Bytes(part)), &mut request).map_err(|_| Errno::Io)?;
        desk.ask(Need::FsWrite, request, &mut []).map_err(no_space)?;
        Ok(part.len() as u32)
    })?;
    end = end.saturating_add(u64::from(moved));
    Ok((moved, end))
}

/// Bytes that serialize in one go.
struct Bytes<'a>(&'a [u8]);

impl serde::Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> core::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

pub(crate) fn seek(host: &mut Host<'_>, fd: u32, delta: i64, whence: u32, out: u32) -> Result<()> {
    host.memory.check(out, 8)?;
    let (_, path, offset) = file(&host.desk, fd)?;
    let from = match whence {
        0 => 0,
        1 => offset,
        2 => stat(&mut host.desk, &path)?.bytes,
        _ => return Err(Errno::Invalid.into()),
    };
    let to = from.checked_add_signed(delta).filter(|to| i64::try_from(*to).is_ok());
    let to = to.ok_or(Errno::Invalid)?;
    host.desk.state.fds.get_mut(fd)?.offset = to;
    host.memory.put_u64(out, to)
}

pub(crate) fn tell(host: &mut Host<'_>, fd: u32, out: u32) -> Result<()> {
    let (_, _, offset) = file(&host.desk, fd)?;
    host.memory.put_u64(out, offset)
}

pub(crate) fn set_size(desk: &mut Desk<'_>, fd: u32, size: u64) -> Result<()> {
    let (access, path, _) = file(desk, fd)?;
    if !access.write {
        return Err(Errno::Invalid.into());
    }
    match size {
        0 => empty(desk, &path),
        _ if stat(desk, &path)?.bytes == size => Ok(()),
        _ => Err(Errno::NotSupported.into()),
    }
}

/// Flags of a descriptor: append is 1. The others ask for what is so anyway.
const FLAG_APPEND: u32 = 1;
const FLAGS: u32 = 0x1f;

pub(crate) fn set_flags(desk: &mut Desk<'_>, fd: u32, flags: u32) -> Result<()> {
    let descriptor = desk.state.fds.get_mut(fd)?;
    if flags & !FLAGS != 0 {
        return Err(Errno::Invalid.into());
    }
    if let Kind::File(access) = &mut descriptor.kind {
        access.append = flags & FLAG_APPEND != 0;
    }
    Ok(())
}
