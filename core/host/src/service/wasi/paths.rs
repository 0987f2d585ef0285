//! Paths below a directory, and opening what they lead to.

use super::{
    errno::{Errno, Result, Stop},
    fds::{Access, Descriptor, Kind},
    files,
    host::Host,
    stat::{self, rights},
    state::MAX_PATH_BYTES,
};
use alloc::string::String;

/// The path that `fs` takes for one that a guest names below a directory: made plain here, since the
/// service takes no `..`. What leads out of the directory is refused; links are the service's to judge.
pub(crate) fn resolve(host: &mut Host<'_>, directory: u32, at: (u32, u32)) -> Result<String> {
    let base = host.desk.state.fds.directory(directory)?;
    if at.1 as usize > MAX_PATH_BYTES {
        return Err(Errno::NameTooLong.into());
    }
    let named = host.memory.bytes(at.0, at.1)?;
    let named = core::str::from_utf8(named).map_err(|_| Errno::IllegalBytes)?;
    let path = joined(base, named)?;
    host.desk.spend(u64::from(at.1))?;
    if path.len() > MAX_PATH_BYTES { Err(Errno::NameTooLong.into()) } else { Ok(path) }
}

fn joined(base: &str, named: &str) -> core::result::Result<String, Errno> {
    if named.is_empty() {
        return Err(Errno::NoEntry);
    }
    if named.starts_with('/') {
        return Err(Errno::NotCapable);
    }
    let mut path = String::from(base);
    let mut depth = 0_u32;
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                depth = depth.checked_sub(1).ok_or(Errno::NotCapable)?;
                path.truncate(path.rfind('/').unwrap_or(0).max(base.len()));
            }
            part => {
                depth += 1;
                if !path.ends_with('/') {
                    path.push('/');
                }
                path.push_str(part);
            }
        }
    }
    Ok(path)
}

const CREATE: u32 = 1;
const DIRECTORY: u32 = 2;
const EXCLUSIVE: u32 = 4;
const TRUNCATE: u32 = 8;

/// What `path_open` is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) flags: u32,
    pub(crate) rights: u64,
    pub(crate) descriptor_flags: u32,
}

impl Asked {
    const fn has(self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    const fn access(self) -> Access {
        Access {
            read: self.rights & rights::READ != 0,
            write: self.rights & rights::WRITE != 0,
            append: self.descriptor_flags & 1 != 0,
        }
    }
}

pub(crate) fn open(
    host: &mut Host<'_>,
    directory: u32,
    at: (u32, u32),
    asked: Asked,
    out: u32,
) -> Result<()> {
    host.memory.check(out, 4)?;
    let path = resolve(host, directory, at)?;
    // Taken before anything is created, so that nothing is where there is no descriptor for it.
    let kind = Kind::File(Access { read: false, write: false, append: false });
    let fd = host.desk.state.fds.open(Descriptor::new(kind, path.as_str().into()))?;
    match found(host, &path, asked) {
        Ok(kind) => {
            host.desk.state.fds.get_mut(fd)?.kind = kind;
            host.memory.put_u32(out, fd)
        }
        Err(stop) => {
            host.desk.state.fds.close(fd)?;
            Err(stop)
        }
    }
}

/// Finds or makes what is to be opened.
fn found(host: &mut Host<'_>, path: &str, asked: Asked) -> Result<Kind> {
    let desk = &mut host.desk;
    let access = asked.access();
    match stat::stat(desk, path) {
        Err(Stop::Errno(Errno::NoEntry)) if asked.has(CREATE) && !asked.has(DIRECTORY) => {
            files::empty(desk, path)?;
            return Ok(Kind::File(access));
        }
        Ok(_) if asked.has(CREATE) && asked.has(EXCLUSIVE) => Err(Errno::Exists),
        Ok(found) => match found.kind {
            stat::DIRECTORY if access.write || asked.has(TRUNCATE) => Err(Errno::IsDirectory),
            stat::DIRECTORY => Ok(Kind::Directory { preopened: false }),
            _ if asked.has(DIRECTORY) => Err(Errno::NotDirectory),
            stat::FILE if asked.has(TRUNCATE) => {
                files::empty(desk, path)?;
                Ok(Kind::File(access))
            }
            stat::FILE => Ok(Kind::File(access)),
            _ => Err(Errno::NotSupported),
        },
        Err(stop) => return Err(stop),
    }
    .map_err(Stop::from)
}

#[cfg(test)]
mod tests {
    use super::{Errno, joined};

    #[test]
    fn a_path_stays_below_its_directory_or_is_refused() {
        for (base, named, expected) in [
            ("/data", "a", Ok("/data/a")),
            ("/data", "a/./b//c/", Ok("/data/a/b/c")),
            ("/data", "a/../b", Ok("/data/b")),
            ("/data", ".", Ok("/data")),
            ("/data", "a/..", Ok("/data")),
            ("/data/", "a/..", Ok("/data/")),
            ("/", "a", Ok("/a")),
            ("/", "a/b/../..", Ok("/")),
            ("data", "a/b/../../c", Ok("data/c")),
            ("/data", "..", Err(Errno::NotCapable)),
            ("/data", "a/../../data", Err(Errno::NotCapable)),
            ("/data", "/data/a", Err(Errno::NotCapable)),
            ("/data", "", Err(Errno::NoEntry)),
        ] {
            assert_eq!(
                joined(base, named).as_deref(),
                expected.as_ref().copied(),
                "{base} {named}"
            );
        }
    }
}
