//! The file descriptors of an instance: plain data, a bounded number of them.

use super::errno::Errno;
use alloc::{boxed::Box, vec::Vec};

/// The most descriptors that an instance has at once, the standard streams included.
pub(crate) const MOST: usize = 64;
/// The first one that isn't a standard stream.
const FIRST: usize = 3;

/// What a descriptor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Standard input, which is always at its end.
    Input,
    /// Standard output (1) or error (2).
    Output(Stream),
    Directory {
        preopened: bool,
    },
    File(Access),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// What a file was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Descriptor {
    pub(crate) kind: Kind,
    /// As the service `fs` takes it; empty for a stream.
    pub(crate) path: Box<str>,
    pub(crate) offset: u64,
}

impl Descriptor {
    pub(crate) const fn new(kind: Kind, path: Box<str>) -> Self {
        Self { kind, path, offset: 0 }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Fds(Vec<Option<Descriptor>>);

impl Fds {
    /// The standard streams; output that nobody hears is closed.
    pub(crate) fn new(heard: bool) -> Self {
        let stream = |kind| Descriptor::new(kind, Box::default());
        let output = |stream_of| heard.then(|| stream(Kind::Output(stream_of)));
        let input = Some(stream(Kind::Input));
        Self(alloc::vec![input, output(Stream::Out), output(Stream::Err)])
    }

    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.0.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::BadFd)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.0.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::BadFd)
    }

    /// The path of a directory.
    pub(crate) fn directory(&self, fd: u32) -> Result<&str, Errno> {
        match self.get(fd)? {
            Descriptor { kind: Kind::Directory { .. }, path, .. } => Ok(path),
            _ => Err(Errno::NotDirectory),
        }
    }

    /// The path of a directory that was there from the start.
    pub(crate) fn preopened(&self, fd: u32) -> Result<&str, Errno> {
        match self.get(fd)? {
            Descriptor { kind: Kind::Directory { preopened: true }, path, .. } => Ok(path),
            _ => Err(Errno::BadFd),
        }
    }

    /// Puts a descriptor at the lowest free number.
    pub(crate) fn open(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let free = self.0.iter().skip(FIRST).position(Option::is_none);
        let at = free.map_or(self.0.len(), |free| free + FIRST);
        if at >= MOST {
            return Err(Errno::TooManyFiles);
        }
        match self.0.get_mut(at) {
            Some(place) => *place = Some(descriptor),
            None => {
                self.0.try_reserve(1).map_err(|_| Errno::NoMemory)?;
                self.0.push(Some(descriptor));
            }
        }
        // It is less than `MOST`.
        Ok(at as u32)
    }

    pub(crate) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        let place = self.0.get_mut(fd as usize).filter(|place| place.is_some());
        *place.ok_or(Errno::BadFd)? = None;
        Ok(())
    }
}
