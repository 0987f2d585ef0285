//! Network hosts: names compared label by label, addresses by value, and one spelling for each.

use core::{
    fmt::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The longest name, in bytes, without the dot at its end (RFC 1035, section 2.3.4).
pub const MAX_NET_HOST_BYTES: usize = 253;
/// The longest label of a name, in bytes.
const MAX_LABEL_BYTES: usize = 63;
/// `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`.
const IPV6_TEXT_BYTES: usize = 45;

errors! {
    /// Why a network host isn't taken.
    pub enum NetHostError {
        Empty {} = "H01",
            "the host is empty",
            "name a host or an address";
        TooLong { found: usize, allowed: usize } = "H02",
            "the name has {found} bytes, {allowed} are allowed",
            "correct the name; no host has such a long one";
        NotAscii {} = "H03",
            "the name has characters outside ASCII",
            "write it in its ASCII form, with labels that start with xn--";
        Wildcard {} = "H04",
            "the name has a `*`",
            "name the domain: its subdomains are granted with it";
        Character {} = "H05",
            "the name has a character other than ASCII letters, digits, '-', '_' and '.'",
            "give the bare name, without scheme, user, path or blanks";
        Label {} = "H06",
            "a label of the name is empty or longer than 63 bytes",
            "correct the dots";
        Hyphen {} = "H07",
            "a label of the name starts or ends with a hyphen",
            "correct the name; no host has such a label";
        Address {} = "H08",
            "the address is not written in its one canonical form",
            "write 127.0.0.1 with four plain decimal numbers, or 2001:db8::1 in lower case and shortest form";
        Mapped {} = "H09",
            "the address is an IPv4 address in IPv6 clothes",
            "write the IPv4 address itself";
        Port {} = "H10",
            "the port is not a plain number from 1 to 65535",
            "write name:port; an IPv6 address stands in brackets before its port";
        NotGranted {} = "H11",
            "the host or the port is not granted",
            "add it to capabilities.allowedHosts, and see that the policy allows it";
        Special {} = "H12",
            "the name leads to an address of a local, private or reserved network",
            "grant that address itself in capabilities.allowedHosts if it is meant";
    }
}

/// Who is at the other end: a name or an address, each in one spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetHost<'a> {
    /// A name in ASCII, without a dot at its end. Case is as it was given and doesn't count.
    Name(&'a str),
    /// An address, as it was given.
    Address(IpAddr),
}

impl<'a> NetHost<'a> {
    /// Checks a host that somebody asks for, without port; an IPv6 address may stand in brackets.
    ///
    /// What resolvers take for an address though it doesn't look like one (`127.1`, `0x7f.1`,
    /// `2130706433`, `0177.0.0.1`) is refused, not understood.
    ///
    /// # Errors
    /// [`NetHostError`].
    pub fn parse(text: &'a str) -> Result<Self, NetHostError> {
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match (bracketed, text.bytes().filter(|byte| *byte == b':').count()) {
            (Some(address), _) => parse_v6(address),
            (None, 2..) => parse_v6(text),
            (None, _) if ends_in_number(text) => parse_v4(text),
            (None, _) => parse_name(text.strip_suffix('.').unwrap_or(text)),
        }
    }

    /// Tells whether `other` is this host or one of its subdomains. A name without a dot has none:
    /// whoever grants `com` does not mean every company's servers.
    #[must_use]
    pub fn contains(&self, other: &NetHost<'_>) -> bool {
        match (self, other) {
            (Self::Name(name), NetHost::Name(other)) => is_below(name, other),
            (Self::Address(address), NetHost::Address(other)) => address == other,
            _ => false,
        }
    }
}

impl fmt::Display for NetHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => fmt::Display::fmt(address, f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

fn is_below(domain: &str, name: &str) -> bool {
    let Some(start) = name.len().checked_sub(domain.len()) else { return false };
    let (Some(labels), Some(end)) = (name.get(..start), name.get(start..)) else { return false };
    end.eq_ignore_ascii_case(domain)
        && (labels.is_empty() || (labels.ends_with('.') && domain.contains('.')))
}

/// The URL standard's "ends in a number": what may be meant for an IPv4 address.
fn ends_in_number(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let last = text.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => super::json::is_digits(last),
    }
}

/// Four decimal numbers without leading zeros.
fn parse_v4<'a>(text: &str) -> Result<NetHost<'a>, NetHostError> {
    match text.parse::<Ipv4Addr>() {
        Ok(address) => Ok(NetHost::Address(IpAddr::V4(address))),
        Err(_) => Err(NetHostError::Address {}),
    }
}

/// RFC 5952, without a zone.
fn parse_v6<'a>(text: &str) -> Result<NetHost<'a>, NetHostError> {
    let address = text.parse::<Ipv6Addr>().map_err(|_| NetHostError::Address {})?;
    if address.to_ipv4_mapped().is_some() {
        return Err(NetHostError::Mapped {});
    }
    let mut canonical = heapless::String::<IPV6_TEXT_BYTES>::new();
    match write!(canonical, "{address}") {
        Ok(()) if canonical == text => Ok(NetHost::Address(IpAddr::V6(address))),
        _ => Err(NetHostError::Address {}),
    }
}

fn parse_name(name: &str) -> Result<NetHost<'_>, NetHostError> {
    let takes = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let bad_label = |label: &str| label.is_empty() || label.len() > MAX_LABEL_BYTES;
    let bad_hyphen = |label: &str| label.starts_with('-') || label.ends_with('-');
    let checks = [
        (name.is_empty(), NetHostError::Empty {}),
        (!name.is_ascii(), NetHostError::NotAscii {}),
        (name.contains('*'), NetHostError::Wildcard {}),
        (!name.bytes().all(takes), NetHostError::Character {}),
        (name.len() > MAX_NET_HOST_BYTES, too_long(name)),
        (name.split('.').any(bad_label), NetHostError::Label {}),
        (name.split('.').any(bad_hyphen), NetHostError::Hyphen {}),
    ];
    match checks.into_iter().find(|(wrong, _)| *wrong) {
        Some((_, error)) => Err(error),
        None => Ok(NetHost::Name(name)),
    }
}

fn too_long(name: &str) -> NetHostError {
    NetHostError::TooLong { found: name.len(), allowed: MAX_NET_HOST_BYTES }
}

/// What an entry of `allowedHosts` grants: a host, its subdomains where it is a name, and one port or
/// every port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetHostRule<'a> {
    host: Option<NetHost<'a>>,
    port: Option<u16>,
}

impl<'a> NetHostRule<'a> {
    /// Reads a manifest's entry: `name`, `name:port`, `address`, `[address]:port`.
    ///
    /// # Errors
    /// [`NetHostError`]; wildcards are refused.
    ///
    /// ```
    /// use ampoule::manifest::{NetHost, NetHostRule};
    ///
    /// let rule = NetHostRule::parse("example.com:443")?;
    /// assert!(rule.allows(&NetHost::parse("API.example.com.")?, 443));
    /// assert!(!rule.allows(&NetHost::parse("badexample.com")?, 443));
    /// assert!(!rule.allows(&NetHost::parse("example.com")?, 80));
    /// # Ok::<(), ampoule::manifest::NetHostError>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, NetHostError> {
        let (host, port) = split_port(text)?;
        Ok(Self { host: Some(NetHost::parse(host)?), port })
    }

    /// Reads a policy's entry, where `*` is every host and `*:443` every host at that port.
    ///
    /// # Errors
    /// [`NetHostError`], as for [`Self::parse`].
    pub fn parse_ceiling(text: &'a str) -> Result<Self, NetHostError> {
        match split_port(text)? {
            ("*", port) => Ok(Self { host: None, port }),
            _ => Self::parse(text),
        }
    }

    /// The host; none is every host.
    #[must_use]
    pub fn host(&self) -> Option<NetHost<'a>> {
        self.host
    }

    /// The port; none is every port.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Tells whether it grants `host` at `port`.
    #[must_use]
    pub fn allows(&self, host: &NetHost<'_>, port: u16) -> bool {
        self.host.is_none_or(|rule| rule.contains(host))
            && self.port.is_none_or(|rule| rule == port)
    }

    /// What both grant, if there is anything.
    pub(crate) fn meet(self, other: Self) -> Option<Self> {
        let host = match (self.host, other.host) {
            (Some(host), Some(other)) if other.contains(&host) => Some(host),
            (Some(host), Some(other)) if host.contains(&other) => Some(other),
            (Some(_), Some(_)) => return None,
            (host, other) => host.or(other),
        };
        match (self.port, other.port) {
            (Some(port), Some(other)) if port != other => None,
            (port, other) => Some(Self { host, port: port.or(other) }),
        }
    }
}

impl fmt::Display for NetHostRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => fmt::Display::fmt(host, f)?,
            None => f.write_str("*")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Cuts a port off: after the brackets, or after the only colon.
fn split_port(text: &str) -> Result<(&str, Option<u16>), NetHostError> {
    let split = match text.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => Some((host, port)),
        _ => None,
    };
    match split {
        Some((host, port)) => Ok((host, Some(parse_port(port)?))),
        None => Ok((text, None)),
    }
}

fn parse_port(text: &str) -> Result<u16, NetHostError> {
    let plain = super::json::is_digits(text) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain).ok_or(NetHostError::Port {})
}
