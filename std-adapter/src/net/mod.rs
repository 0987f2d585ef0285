//! The network hosts of a grant: TCP, UDP and HTTP.

mod allowed;
mod handles;
mod http;
mod limits;
mod resolve;
mod socket;
mod transport;
mod url;

pub use limits::NetLimits;

use allowed::{Allowed, Target};
use ampoule::{
    Caller, Form, Grant, Operation, Service,
    offered::{read, write},
};
use ampoule_abi::{Status, encoded_len};
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use handles::Handles;
use http::{Asked, Way};
use resolve::Resolver;
use socket::{Deadline, MAX_DATAGRAM_BYTES, Socket, is_late};
use std::io;
use ureq::tls::{Certificate, RootCerts};
use url::Url;

/// The service `net`: connects to the network hosts of a grant, and asks them by HTTP.
///
/// A name is resolved once for each `connect` and `http`. Only addresses that passed the grant's rules are
/// connected to: one of a local, private or reserved network has to be granted by itself. Names
/// outside of ASCII are converted (UTS 46) before they are compared. No proxy is used, no redirect followed,
/// nothing unpacked.
///
/// The scope of a grant is an entry like those of `allowedHosts`, and narrows it to that.
///
/// ```
/// use ampoule_std::{Caller, Grant, Manifest, Policy, Service, Status, net::Net};
///
/// let manifest = Manifest::parse(br#"{
///     "meta": { "name": "weather", "version": "1.0.0" },
///     "capabilities": { "allowNetwork": true, "allowedHosts": ["example.com:443"] }
/// }"#)?;
/// let grant = Grant::new(&manifest, &Policy::WORKSTATION);
/// // A name server that leads a granted name into the local network.
/// let mut net = Net::of_grant(&grant).with_resolver(|_| Ok(vec![[10, 0, 0, 1].into()]));
///
/// // The first operation is `connect`: TCP to example.com, port 443.
/// let request = b"\x00\x0bexample.com\xbb\x03";
/// let caller = Caller::new("weather", "", 0);
/// assert_eq!(net.message(&caller, 0, request, &mut [0; 5]), Err(Status::NotGranted));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Net {
    allowed: Allowed,
    resolver: Resolver,
    roots: RootCerts,
    handles: Handles,
    limits: NetLimits,
    /// The grant's deadline: no use may take longer than a whole call.
    most: Duration,
}

const CONNECT: usize = 0;
const EXCHANGE: usize = 1;
const CLOSE: usize = 2;
const HTTP: usize = 3;

/// Kinds of `connect`.
const TCP: u8 = 0;
const UDP: u8 = 1;

/// Fuel is for this computer's work, not for the time that others take: that is bounded by
/// [`NetLimits`]. Each byte crosses the system's buffers, 4 times as dear as a copy.
const OPERATIONS: &[Operation] = &[
    // A thread that asks the name server, a socket, and three packets.
    operation("connect", 100_000, 4),
    // Some calls of the operating system, and a packet each way.
    operation("exchange", 50_000, 4),
    // One call of the operating system.
    operation("close", 5_000, 4),
    // What `connect` and two exchanges take; and for TLS each byte is decrypted and checked.
    operation("http", 200_000, 8),
];

const fn operation(name: &'static str, base_fuel: u32, byte_fuel: u32) -> Operation {
    Operation { name, form: Form::Message, base_fuel, byte_fuel }
}

impl Default for Net {
    /// Grants nothing.
    fn default() -> Self {
        Self {
            allowed: Allowed::default(),
            resolver: Resolver::System,
            roots: RootCerts::WebPki,
            handles: Handles::default(),
            limits: NetLimits::WORKSTATION,
            most: Duration::MAX,
        }
    }
}

impl Net {
    /// Keeps what is granted. No use takes longer than the grant lets a call take.
    #[must_use]
    pub fn of_grant(grant: &Grant<'_>) -> Self {
        let most = grant.deadline_micros().map_or(Duration::MAX, Duration::from_micros);
        let own = Self { allowed: Allowed::of_grant(grant), most, ..Self::default() };
        own.with_limits(NetLimits::WORKSTATION)
    }

    /// Sets other limits than [`NetLimits::WORKSTATION`]. The grant's deadline holds with them.
    #[must_use]
    pub fn with_limits(self, limits: NetLimits) -> Self {
        Self { limits: limits.within(self.most), ..self }
    }

    /// Asks `resolver` for a name's addresses instead of the operating system: it gets the name in
    /// ASCII and lower case, without a dot at its end. How long it takes is its own affair.
    #[must_use]
    pub fn with_resolver(
        self,
        resolver: impl FnMut(&str) -> io::Result<Vec<IpAddr>> + Send + 'static,
    ) -> Self {
        Self { resolver: Resolver::Own(Box::new(resolver)), ..self }
    }

    /// Trusts these certificates, each in DER, to vouch for servers, instead of Mozilla's list.
    #[must_use]
    pub fn with_root_certificates<'c>(self, roots: impl IntoIterator<Item = &'c [u8]>) -> Self {
        let roots = roots.into_iter().map(|der| Certificate::from_der(der).to_owned());
        Self { roots: RootCerts::new_with_certs(&roots.collect::<Vec<_>>()), ..self }
    }

    fn connect(
        &mut self,
        caller: &Caller<'_>,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        let (kind, host, port): (u8, &str, u16) = read(request)?;
        if kind != TCP && kind != UDP {
            return Err(Status::Invalid);
        }
        let target = self.allowed.target(caller.scope, host, port)?;
        let needed = encoded_len(&self.handles.next());
        if reply.len() < needed {
            return Ok(needed);
        }
        self.handles.make_room(caller.plugin, caller.now, &self.limits)?;
        let deadline = Deadline::after(self.limits.connect);
        let addresses = self.addresses(caller.scope, &target, deadline)?;
        let udp = kind == UDP;
        let socket = if udp { Socket::udp(&addresses) } else { Socket::tcp(&addresses, deadline) };
        let socket = socket.map_err(|error| status(&error))?;
        write(&self.handles.add(caller.plugin, caller.now, target, socket), reply)
    }

    /// Where a target may be connected to. A name is resolved here, and nowhere else.
    fn addresses(
        &mut self,
        scope: &str,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Vec<SocketAddr>, Status> {
        let found = match target.address() {
            Some(address) => vec![address],
            None => {
                let left = deadline.left().map_err(|error| status(&error))?;
                self.resolver.resolve(&target.host, left).map_err(|error| not_found(&error))?
            }
        };
        self.allowed.addresses(scope, target, &found)
    }

    fn exchange(
        &mut self,
        caller: &Caller<'_>,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        let (handle, content, most): (u32, &[u8], u32) = read(request)?;
        self.check_sizes(content, most)?;
        let open = self.handles.get(caller.plugin, caller.now, handle)?;
        if !open.target.is_in(caller.scope) {
            return Err(Status::NotGranted);
        }
        if matches!(open.socket, Socket::Udp(_)) && content.len() > MAX_DATAGRAM_BYTES {
            return Err(Status::Invalid);
        }
        let most = most as usize;
        // Before anything is sent: what comes after would be lost.
        let Some(out) = reply.get_mut(..most) else { return Ok(most) };
        let deadline = Deadline::after(self.limits.exchange);
        let sent = open.socket.send(content, deadline);
        let done = match sent {
            Ok(()) if out.is_empty() => return Ok(0),
            Ok(()) => open.socket.receive(out, deadline),
            // How much of it was sent nobody knows.
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        };
        done.map_err(|error| {
            if !is_late(&error) {
                // It is there, and this plugin's.
                let _ = self.handles.close(caller.plugin, handle);
            }
            status(&error)
        })
    }

    fn close(&mut self, caller: &Caller<'_>, request: &[u8]) -> Result<usize, Status> {
        self.handles.close(caller.plugin, read(request)?)?;
        Ok(0)
    }

    fn http(
        &mut self,
        caller: &Caller<'_>,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        let asked = Asked::decode(request).map_err(|_| Status::Invalid)?;
        self.check_sizes(asked.body, asked.most)?;
        let url = Url::parse(asked.url).filter(|_| asked.is_sound()).ok_or(Status::Invalid)?;
        let headers = asked.headers()?;
        let target = self.allowed.target(caller.scope, url.host, url.port)?;
        let most = asked.most as usize;
        if reply.len() < most {
            return Ok(most);
        }
        let whole = Deadline::after(self.limits.http);
        let connect = whole.within(self.limits.connect);
        let addresses = self.addresses(caller.scope, &target, connect)?;
        let way = Way { addresses, roots: &self.roots, connect, whole };
        let answered = http::fetch(way, &url.with_host(&target.host), headers, &asked)?;
        match write(&answered.message(), reply.get_mut(..most).unwrap_or_default())? {
            length if length <= most => Ok(length),
            _ => Err(Status::Busy),
        }
    }

    fn check_sizes(&self, content: &[u8], most: u32) -> Result<(), Status> {
        let fits = content.len() <= self.limits.request_bytes as usize;
        if fits && most <= self.limits.answer_bytes { Ok(()) } else { Err(Status::Invalid) }
    }
}

impl Service for Net {
    fn name(&self) -> &'static str {
        "net"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn message(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        match operation {
            CONNECT..=HTTP if self.allowed.is_empty() => Err(Status::NotGranted),
            CONNECT => self.connect(caller, request, reply),
            EXCHANGE => self.exchange(caller, request, reply),
            CLOSE => self.close(caller, request),
            HTTP => self.http(caller, request, reply),
            _ => Err(Status::NotFound),
        }
    }
}

/// What a plugin learns of an error: that it took too long, or that it failed.
fn status(error: &io::Error) -> Status {
    if is_late(error) { Status::Busy } else { Status::Failed }
}

/// Systems don't tell a name that isn't there from one that can't be asked for.
fn not_found(error: &io::Error) -> Status {
    if is_late(error) { Status::Busy } else { Status::NotFound }
}
