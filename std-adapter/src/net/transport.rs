//! What the HTTP client stands on: checked addresses, and sockets that keep to the deadline.

use super::socket::{self, Deadline, is_late};
use core::net::SocketAddr;
use std::{io, net::TcpStream};
use ureq::{
    Error, Timeout,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport},
    },
};

const BUFFER_BYTES: usize = 64 * 1024;

/// Answers addresses that were found and checked before; nobody is asked again.
#[derive(Debug)]
pub(super) struct Checked(pub(super) Vec<SocketAddr>);

impl Resolver for Checked {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut checked = self.empty();
        // No more than the client's array has room for.
        for address in self.0.iter().take(super::allowed::MAX_ADDRESSES) {
            checked.push(*address);
        }
        Ok(checked)
    }
}

/// Connects to those addresses, and to nothing in between: no proxy.
#[derive(Debug)]
pub(super) struct Direct {
    pub(super) connect: Deadline,
    pub(super) whole: Deadline,
}

impl Connector<()> for Direct {
    type Out = Wire;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Wire>, Error> {
        let stream = socket::connect(&details.addrs, self.connect).map_err(told)?;
        let buffers = LazyBuffers::new(BUFFER_BYTES, BUFFER_BYTES);
        Ok(Some(Wire { stream, buffers, deadline: self.whole }))
    }
}

/// A connection whose deadline holds for all of it, not for each use.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    buffers: LazyBuffers,
    deadline: Deadline,
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        socket::send(&self.stream, output, self.deadline).map_err(told)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let input = self.buffers.input_append_buf();
        let received = socket::receive(&self.stream, input, self.deadline).map_err(told)?;
        self.buffers.input_appended(received);
        Ok(received > 0)
    }

    fn is_open(&mut self) -> bool {
        // No second request is sent over it.
        false
    }
}

fn told(error: io::Error) -> Error {
    if is_late(&error) { Error::Timeout(Timeout::Global) } else { Error::Io(error) }
}
