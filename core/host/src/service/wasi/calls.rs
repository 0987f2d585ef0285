//! From a function's name and numbers to what it does.

use super::{
    errno::{Errno, Result, Stop},
    fds::Kind,
    files,
    host::Host,
    output,
    paths::{self, Asked},
    stat, strings,
    table::{Function, MAX_PARAMS},
    time,
};

/// Fuel for each call: the way into the host and back, and looking at the numbers.
const BASE_FUEL: u64 = 20;

/// The parameters of a call, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Params(pub(crate) [u64; MAX_PARAMS]);

impl Params {
    fn u64(&self, at: usize) -> u64 {
        self.0.get(at).copied().unwrap_or(0)
    }

    /// An address, a length, a descriptor or flags: no sign.
    fn u32(&self, at: usize) -> u32 {
        self.u64(at) as u32
    }

    fn pair(&self, at: usize) -> (u32, u32) {
        (self.u32(at), self.u32(at + 1))
    }
}

/// Carries out a call.
pub(crate) fn call(host: &mut Host<'_>, function: Function, params: &Params) -> Result<()> {
    use Function as F;
    host.desk.spend(BASE_FUEL)?;
    let (first, second) = params.pair(0);
    match function {
        F::ArgsGet => strings::args(host, first, second),
        F::ArgsSizesGet => strings::args_sizes(host, first, second),
        F::EnvironGet => strings::environ(host, first, second),
        F::EnvironSizesGet => strings::environ_sizes(host, first, second),
        F::ClockResGet => time::clock_res_get(host, first, second),
        F::ClockTimeGet => time::clock_time_get(host, first, params.u32(2)),
        F::RandomGet => time::random_get(host, first, second),
        F::SchedYield => Ok(()),
        F::ProcExit => {
            output::flush(&mut host.desk)?;
            Err(Stop::Exit(first))
        }
        F::ProcRaise => Err(Errno::NoFunction.into()),
        _ => with_files(host, function, params),
    }
}

/// The functions that take a descriptor.
fn with_files(host: &mut Host<'_>, function: Function, params: &Params) -> Result<()> {
    use Function as F;
    files::preopen(&mut host.desk)?;
    let (fd, second) = params.pair(0);
    match function {
        F::PollOneoff => time::poll(host, fd, second, params.u32(2), params.u32(3)),
        // It only advises.
        F::FdAdvise => host.desk.state.fds.get(fd).map(|_| ()).map_err(Stop::from),
        F::FdClose => Ok(host.desk.state.fds.close(fd)?),
        F::FdFdstatGet => stat::fdstat(host, fd, second),
        F::FdFdstatSetFlags => files::set_flags(&mut host.desk, fd, second),
        F::FdFilestatGet => stat::filestat(host, fd, second),
        F::FdFilestatSetSize => files::set_size(&mut host.desk, fd, params.u64(1)),
        F::FdPread => files::pread(host, fd, params.pair(1), params.u64(3), params.u32(4)),
        F::FdPwrite => files::pwrite(host, fd, params.pair(1), params.u64(3), params.u32(4)),
        F::FdRead => files::read(host, fd, params.pair(1), params.u32(3)),
        F::FdWrite => files::write(host, fd, params.pair(1), params.u32(3)),
        F::FdReaddir => stat::readdir(host, fd, params.pair(1), params.u64(3), params.u32(4)),
        F::FdSeek => files::seek(host, fd, params.u64(1) as i64, params.u32(2), params.u32(3)),
        F::FdTell => files::tell(host, fd, second),
        F::FdPrestatGet => prestat(host, fd, second),
        F::FdPrestatDirName => prestat_name(host, fd, params.pair(1)),
        F::PathFilestatGet => {
            let path = paths::resolve(host, fd, params.pair(2))?;
            stat::path_filestat(host, &path, params.u32(4))
        }
        F::PathOpen => {
            let asked = Asked {
                flags: params.u32(4),
                rights: params.u64(5),
                descriptor_flags: params.u32(7),
            };
            paths::open(host, fd, params.pair(2), asked, params.u32(8))
        }
        _ => Err(unsupported(host, function, params).into()),
    }
}

/// What no service can express. A descriptor that isn't there is told first.
fn unsupported(host: &Host<'_>, function: Function, params: &Params) -> Errno {
    use Function as F;
    // It alone has its path first.
    let fd = params.u32(if function == F::PathSymlink { 2 } else { 0 });
    let kind = match host.desk.state.fds.get(fd) {
        Ok(descriptor) => descriptor.kind,
        Err(errno) => return errno,
    };
    match function {
        F::SockAccept | F::SockRecv | F::SockSend | F::SockShutdown => Errno::NotSocket,
        F::FdAllocate
        | F::FdDatasync
        | F::FdFdstatSetRights
        | F::FdFilestatSetTimes
        | F::FdRenumber
        | F::FdSync => Errno::NotSupported,
        _ if matches!(kind, Kind::Directory { .. }) => Errno::NotSupported,
        _ => Errno::NotDirectory,
    }
}

/// A directory that is there from the start, and how long its name is.
fn prestat(host: &mut Host<'_>, fd: u32, out: u32) -> Result<()> {
    let length = host.desk.state.fds.preopened(fd)?.len();
    host.memory.check(out, 8)?;
    host.memory.put_u32(out, 0)?;
    // A path is far shorter than a u32 tells, and 4 bytes behind `out` lie inside.
    host.memory.put_u32(out.wrapping_add(4), length as u32)
}

fn prestat_name(host: &mut Host<'_>, fd: u32, (address, length): (u32, u32)) -> Result<()> {
    let Host { memory, desk } = host;
    let name = desk.state.fds.preopened(fd)?;
    if (length as usize) < name.len() {
        return Err(Errno::NameTooLong.into());
    }
    memory.put(address, name.as_bytes())
}
