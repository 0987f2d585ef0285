//! One request and its reply, over an open line.

use super::{
    error::{DeviceError, LineError},
    port::{Address, Port},
};
use ampoule_link::{Client, LinkError, Micros, Reply, Request, Retry};
use core::{fmt, time::Duration};
use std::time::Instant;

/// The longest frame that is taken or sent. A device's are a kilobyte or so.
pub(super) const FRAME_BYTES: usize = 16 * 1024;

/// The most of a chunk: what else its frame holds takes less than this, COBS included.
pub(super) const CHUNK_BYTES: u32 = (FRAME_BYTES - 128) as u32;

/// How long a write may hold up the reading of a line that is busy.
const WRITE: Duration = Duration::from_millis(20);

/// An open line with a session on it.
pub(super) struct Wire {
    /// None once it was closed.
    port: Option<Port>,
    // Both of its buffers are in it.
    client: Box<Client<FRAME_BYTES, FRAME_BYTES>>,
    retry: Retry,
    began: Instant,
    /// What was read and not yet taken.
    read: [u8; 1024],
    rest: core::ops::Range<usize>,
}

impl Wire {
    pub(super) fn open(address: &Address, retry: Retry) -> Result<Self, DeviceError> {
        let port = Port::open(address)?;
        Ok(Self {
            port: Some(port),
            client: Box::new(Client::new(session()?, retry)),
            retry,
            began: Instant::now(),
            read: [0; 1024],
            rest: 0..0,
        })
    }

    /// Ends the session. Until its old end is closed, some ports can't be opened again.
    pub(super) fn close(&mut self) {
        self.port = None;
    }

    /// Asks, and has the reply read. A problem is an error.
    pub(super) fn ask<R>(
        &mut self,
        request: &Request<'_>,
        read: impl FnOnce(Reply<'_>) -> Result<R, DeviceError>,
    ) -> Result<R, DeviceError> {
        // The one before may have ended with an error.
        self.client.give_up();
        self.client.set_retry(patience(self.retry, request));
        self.client.send(request, self.now())?;
        let dropped = self.client.dropped();
        loop {
            let now = self.now();
            let until = self.client.poll(now).map_err(|error| self.unanswered(error, dropped))?;
            self.send()?;
            self.receive(until.unwrap_or(now).saturating_sub(now))?;
            match self.client.reply() {
                Some(Ok(Reply::Problem(problem))) => return Err(DeviceError::told(&problem)),
                Some(reply) => return read(reply?),
                None => {}
            }
        }
    }

    fn now(&self) -> Micros {
        Micros::try_from(self.began.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }

    /// Silence is one thing, noise another.
    fn unanswered(&self, error: LinkError, before: u32) -> DeviceError {
        let dropped = self.client.dropped().saturating_sub(before);
        match error {
            LinkError::NoAnswer { tries } if dropped > 0 => {
                LineError::Noise { tries, dropped }.into()
            }
            error => error.into(),
        }
    }

    fn send(&mut self) -> Result<(), DeviceError> {
        let output = self.client.output();
        if !output.is_empty() {
            let port = self.port.as_mut().ok_or_else(closed)?;
            let sent = port.write(output, WRITE).map_err(|it| DeviceError::broken(&it))?;
            self.client.sent(sent);
        }
        Ok(())
    }

    /// Takes what has come, and waits for it as long as there is nothing else to do.
    fn receive(&mut self, wait: Micros) -> Result<(), DeviceError> {
        if self.rest.is_empty() {
            let within =
                if self.client.output().is_empty() { Duration::from_micros(wait) } else { NOW };
            let port = self.port.as_mut().ok_or_else(closed)?;
            let read = port.read(&mut self.read, within);
            let bytes = read.map_err(|error| DeviceError::broken(&error))?.unwrap_or(0);
            self.rest = 0..bytes;
        }
        let rest = self.read.get(self.rest.clone()).unwrap_or_default();
        let taken = self.client.receive(rest);
        self.rest.start = self.rest.start.saturating_add(taken);
        Ok(())
    }
}

fn closed() -> LineError {
    LineError::Broken { reason: "it was closed, and couldn't be opened again".to_owned() }
}

const NOW: Duration = Duration::from_millis(1);

/// A device may erase flash before it answers, translate a module, or run a plugin.
fn patience(retry: Retry, request: &Request<'_>) -> Retry {
    match request {
        Request::Begin(_) | Request::Commit | Request::Call(_) => {
            Retry { tries: retry.tries.saturating_mul(SLOW), ..retry }
        }
        _ => retry,
    }
}

/// How many times longer some requests may take.
const SLOW: u8 = 4;

/// Nobody else's, nor an earlier one's.
fn session() -> Result<u32, LineError> {
    getrandom::u32().map_err(|error| LineError::Random { reason: error.to_string() })
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("port", &self.port).finish_non_exhaustive()
    }
}
