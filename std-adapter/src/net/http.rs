//! One HTTP request and its answer.

use super::{
    socket::Deadline,
    status,
    transport::{Checked, Direct},
};
use ampoule_abi::{Decode as _, DecodeError, Pairs, Status};
use core::net::SocketAddr;
use std::io::Read as _;
use ureq::{
    Agent, Body, Error,
    config::Config,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response},
    tls::{RootCerts, TlsConfig},
    unversioned::transport::{Connector as _, RustlsConnector},
};

const GET: u8 = 0;
const POST: u8 = 1;

/// The most headers of a request, and the most bytes of their names and values.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// The most bytes of an answer before its body.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// What says how the message is cut out of the connection, and where it goes, is the host's to say. So is
/// what would change the connection into something else.
const REFUSED: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a plugin asks for.
pub(super) struct Asked<'a> {
    method: u8,
    pub(super) url: &'a str,
    headers: Pairs<'a>,
    pub(super) body: &'a [u8],
    pub(super) most: u32,
}

impl<'a> Asked<'a> {
    pub(super) fn decode(request: &'a [u8]) -> Result<Self, DecodeError> {
        let ((method, url), rest) = <(u8, &str)>::decode_prefix(request)?;
        let (headers, rest) = Pairs::decode_prefix(rest)?;
        let (body, most) = <(&[u8], u32)>::decode(rest)?;
        Ok(Self { method, url, headers, body, most })
    }

    /// Whether it is a method, and one that has such a body.
    pub(super) fn is_sound(&self) -> bool {
        self.method == POST || (self.method == GET && self.body.is_empty())
    }

    /// The headers, each of which is one line.
    pub(super) fn headers(&self) -> Result<HeaderMap, Status> {
        let bytes = self.headers.iter().map(|(name, value)| name.len().saturating_add(value.len()));
        if self.headers.len() > MAX_HEADERS || bytes.sum::<usize>() > MAX_HEADER_BYTES {
            return Err(Status::Invalid);
        }
        let mut headers = HeaderMap::with_capacity(MAX_HEADERS);
        for (name, value) in self.headers.iter() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Status::Invalid)?;
            let line = HeaderValue::from_str(value).map_err(|_| Status::Invalid)?;
            if REFUSED.contains(&name.as_str()) || !value.is_ascii() {
                return Err(Status::Invalid);
            }
            headers.append(name, line);
        }
        // There is no second request.
        headers.insert("connection", HeaderValue::from_static("close"));
        Ok(headers)
    }
}

/// An answer's status, headers and body, as a plugin gets them.
pub(super) struct Answered {
    response: Response<Body>,
    body: Vec<u8>,
}

impl Answered {
    pub(super) fn message(&self) -> (u16, Vec<(&str, &str)>, &[u8]) {
        let headers = self.response.headers().iter();
        // A value that isn't text is left out.
        let text = |value| core::str::from_utf8(HeaderValue::as_bytes(value)).ok();
        let headers = headers.filter_map(|(name, value)| Some((name.as_str(), text(value)?)));
        (self.response.status().as_u16(), headers.collect(), &self.body)
    }
}

/// The way to a server: addresses, and who vouches for its name.
pub(super) struct Way<'a> {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) roots: &'a RootCerts,
    pub(super) connect: Deadline,
    pub(super) whole: Deadline,
}

/// Sends a request and takes its answer, unless the body has more than `most` bytes.
pub(super) fn fetch(
    way: Way<'_>,
    url: &str,
    headers: HeaderMap,
    asked: &Asked<'_>,
) -> Result<Answered, Status> {
    let Way { addresses, roots, connect, whole } = way;
    let connector = Direct { connect, whole }.chain(RustlsConnector::default());
    let agent = Agent::with_parts(config(roots), connector, Checked(addresses));
    let mut request = Request::builder().uri(url);
    if let Some(own) = request.headers_mut() {
        *own = headers;
    }
    let sent = if asked.method == POST {
        let request = request.method("POST").body(asked.body).map_err(|_| Status::Invalid)?;
        agent.run(request)
    } else {
        agent.run(request.method("GET").body(()).map_err(|_| Status::Invalid)?)
    };
    let mut response = sent.map_err(refused)?;
    let body = read(&mut response, asked.most)?;
    Ok(Answered { response, body })
}

/// Nothing from the environment, and nothing done that wasn't asked for.
fn config(roots: &RootCerts) -> Config {
    Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .accept_encoding("")
        .user_agent("ampoule")
        .max_response_header_size(MAX_HEAD_BYTES)
        .tls_config(TlsConfig::builder().root_certs(roots.clone()).build())
        .build()
}

fn read(response: &mut Response<Body>, most: u32) -> Result<Vec<u8>, Status> {
    let mut body = Vec::new();
    let mut reader = response.body_mut().as_reader().take(u64::from(most).saturating_add(1));
    reader.read_to_end(&mut body).map_err(|error| refused(error.into()))?;
    if body.len() > most as usize { Err(Status::Busy) } else { Ok(body) }
}

fn refused(error: Error) -> Status {
    match error {
        Error::Timeout(_) | Error::LargeResponseHeader(..) => Status::Busy,
        Error::Io(error) => status(&error),
        Error::BadUri(_) | Error::Http(_) => Status::Invalid,
        _ => Status::Failed,
    }
}
