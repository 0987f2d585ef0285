//! The network hosts that the grant has: HTTP, TCP, UDP. Workstations offer this.
//!
//! ```
//! use ampoule_guest::{Status, services::net};
//!
//! fn sunny(place: &mut [u8]) -> Result<bool, Status> {
//!     let answer = net::get("https://example.com/today", &[("accept", "text/plain")], place)?;
//!     Ok(answer.status == 200 && answer.body == b"sunny")
//! }
//!
//! fn ping() -> Result<bool, Status> {
//!     let connection = net::connect(net::Kind::Udp, "192.0.2.7", 5000)?;
//!     let pong = connection.exchange(b"ping", &mut [0; 8]).map(|answer| answer == b"pong");
//!     connection.close()?;
//!     pong
//! }
//! ```
//!
//! A host that isn't granted is [`Status::NotGranted`], a name that leads nowhere [`Status::NotFound`].
//! [`Status::Busy`] says that it took too long, or that too much came; [`Status::Failed`] that the other end
//! hung up or speaks another language. A plugin waits as long as the host lets it: its call's deadline goes on.

use super::{exchange, message, read, tell};
use crate::{Decode, Pairs, Status, buffer::Buffer};

/// The longest name or address of a host that [`connect`] takes.
pub const MAX_HOST_BYTES: usize = 260;

/// The most bytes that [`Connection::exchange`] sends.
pub const MAX_CONTENT_BYTES: usize = 256;

/// The most bytes that [`get`] and [`post`] send: URL, headers and body, with a byte or two each, and five
/// more.
pub const MAX_HTTP_REQUEST_BYTES: usize = 512;

/// The most bytes that the host answers with at once, however large the place.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// How to talk to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A stream of bytes.
    Tcp = 0,
    /// Datagrams.
    Udp = 1,
}

/// A way to one host. The host keeps it until it is closed or broken: there is room for a few of them.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the host keeps it open until it is closed"]
pub struct Connection {
    handle: u32,
}

/// Connects to a host, by its name or address.
///
/// # Errors
/// [`Status::NotGranted`]. [`Status::NotFound`]: no such name. [`Status::Busy`]: it takes too long, or too
/// many connections are open: close one. [`Status::Failed`]: nobody there. [`Status::Invalid`]: that is no
/// host.
pub fn connect(kind: Kind, host: &str, port: u16) -> Result<Connection, Status> {
    let mut place = [0; 5];
    let connect = message!("net", connect);
    // A byte, two of a length, three of the port.
    let reply = exchange::<{ 1 + 2 + MAX_HOST_BYTES + 3 }>(connect, &mut place, |request| {
        request.byte(kind as u8);
        request.sized(host.as_bytes());
        request.varint(port.into());
    })?;
    Ok(Connection { handle: read(reply)? })
}

impl Connection {
    /// Sends at most [`MAX_CONTENT_BYTES`], or nothing, then waits for what comes: any part of a stream, or
    /// one datagram. It lies at the start of `place`. With an empty place nothing is waited for.
    ///
    /// # Errors
    /// [`Status::Busy`]: nothing came in time. [`Status::NotFound`]: it isn't open any more.
    /// [`Status::Failed`]: it broke, and is closed. [`Status::Invalid`]: the content is too long.
    /// [`Status::NotGranted`].
    pub fn exchange<'p>(&self, content: &[u8], place: &'p mut [u8]) -> Result<&'p [u8], Status> {
        // A handle of up to five bytes, two of a length, three of a number.
        self.exchange_within::<{ 5 + 2 + MAX_CONTENT_BYTES + 3 }>(content, place)
    }

    /// As [`exchange`](Self::exchange), for longer contents: its request has `N` bytes on the stack, for the
    /// content and eleven more.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub fn exchange_within<'p, const N: usize>(
        &self,
        content: &[u8],
        place: &'p mut [u8],
    ) -> Result<&'p [u8], Status> {
        let most = most(place);
        exchange::<N>(message!("net", exchange), place, |request| {
            request.varint(self.handle.into());
            request.sized(content);
            request.varint(most);
        })
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`Status::NotFound`]: it wasn't open any more.
    pub fn close(self) -> Result<(), Status> {
        tell::<5>(message!("net", close), |request| request.varint(self.handle.into()))
    }
}

/// What to ask of a host by HTTP, see [`http_within`].
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where: `http://` or `https://`, a host, a path.
    pub url: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// What to POST; without it this is a GET.
    pub body: Option<&'a [u8]>,
}

/// What a host answered by HTTP.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer<'p> {
    /// The status: 200 if all is well. Redirects aren't followed, they are told.
    pub status: u16,
    /// Names, in lower case, and values. Those that aren't text are left out.
    pub headers: Pairs<'p>,
    /// The content.
    pub body: &'p [u8],
}

/// Gets what is at a URL. Status, headers and body lie in `place`.
///
/// # Errors
/// [`Status::Busy`]: it takes too long, or the answer doesn't fit into `place`. [`Status::NotGranted`].
/// [`Status::NotFound`]: no such host. [`Status::Failed`]: nobody there, no HTTP, or nobody vouches for the
/// server's name. [`Status::Invalid`]: that is no URL or no header, or together they are longer than
/// [`MAX_HTTP_REQUEST_BYTES`].
pub fn get<'p>(
    url: &str,
    headers: &[(&str, &str)],
    place: &'p mut [u8],
) -> Result<Answer<'p>, Status> {
    http_within::<MAX_HTTP_REQUEST_BYTES>(&Request { url, headers, body: None }, place)
}

/// Posts `body` to a URL. Status, headers and body of the answer lie in `place`.
///
/// # Errors
/// As [`get`].
pub fn post<'p>(
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    place: &'p mut [u8],
) -> Result<Answer<'p>, Status> {
    http_within::<MAX_HTTP_REQUEST_BYTES>(&Request { url, headers, body: Some(body) }, place)
}

/// As [`get`] and [`post`], for longer requests, which have `N` bytes on the stack.
///
/// ```
/// # use ampoule_guest::{Status, services::net};
/// # fn send(page: &[u8; 900], place: &mut [u8]) -> Result<u16, Status> {
/// let request = net::Request { url: "https://example.com/in", headers: &[], body: Some(page) };
/// Ok(net::http_within::<1024>(&request, place)?.status)
/// # }
/// ```
///
/// # Errors
/// As [`get`].
pub fn http_within<'p, const N: usize>(
    request: &Request<'_>,
    place: &'p mut [u8],
) -> Result<Answer<'p>, Status> {
    let most = most(place);
    let reply = exchange::<N>(message!("net", http), place, |bytes| {
        request.write(bytes);
        bytes.varint(most);
    })?;
    Answer::read(reply).ok_or(Status::Failed)
}

impl Request<'_> {
    fn write(&self, bytes: &mut Buffer) {
        bytes.byte(self.body.is_some().into());
        bytes.sized(self.url.as_bytes());
        bytes.varint(self.headers.len() as u64);
        for (name, value) in self.headers {
            bytes.sized(name.as_bytes());
            bytes.sized(value.as_bytes());
        }
        bytes.sized(self.body.unwrap_or_default());
    }
}

impl<'p> Answer<'p> {
    fn read(reply: &'p [u8]) -> Option<Self> {
        let (status, rest) = u16::decode_prefix(reply).ok()?;
        let (headers, rest) = Pairs::decode_prefix(rest).ok()?;
        Some(Self { status, headers, body: Decode::decode(rest).ok()? })
    }
}

/// As many bytes as a place has and the host answers.
fn most(place: &[u8]) -> u64 {
    place.len().min(MAX_ANSWER_BYTES) as u64
}
