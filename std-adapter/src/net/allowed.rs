//! Which hosts and addresses may be reached.

use ampoule::{
    Grant,
    manifest::{MAX_NET_HOST_BYTES, NetHost, NetHostRule, is_special},
};
use ampoule_abi::Status;
use core::net::{IpAddr, SocketAddr};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use std::borrow::Cow;

/// The longest name outside of ASCII that is converted, in bytes. Its characters have 4 at most.
const MAX_UNICODE_BYTES: usize = 4 * MAX_NET_HOST_BYTES;

/// The most addresses of a name that are tried.
pub(super) const MAX_ADDRESSES: usize = 8;

/// The hosts of a grant, kept without it. It allows what [`Grant::check_host`] and
/// [`Grant::check_address`] do.
#[derive(Debug, Default)]
pub(super) struct Allowed {
    rules: Vec<String>,
}

/// A host that may be reached at a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// In ASCII and lower case, an IPv6 address in brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Allowed {
    pub(super) fn of_grant(grant: &Grant<'_>) -> Self {
        Self { rules: grant.hosts().map(|rule| rule.to_string()).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Checks a host that a plugin asks for.
    pub(super) fn target(&self, scope: &str, host: &str, port: u16) -> Result<Target, Status> {
        let ascii = to_ascii(host).ok_or(Status::Invalid)?;
        let host = NetHost::parse(&ascii).map_err(|_| Status::Invalid)?;
        if port == 0 {
            return Err(Status::Invalid);
        }
        if !self.reaches(scope, &host, port) {
            return Err(Status::NotGranted);
        }
        Ok(Target { host: host.to_string().to_ascii_lowercase(), port })
    }

    /// Those of a target's addresses that may be connected to: no special one, unless it is granted by
    /// itself and the scope holds it too.
    pub(super) fn addresses(
        &self,
        scope: &str,
        target: &Target,
        found: &[IpAddr],
    ) -> Result<Vec<SocketAddr>, Status> {
        let canonical = found.iter().map(IpAddr::to_canonical);
        let open = canonical.filter(|address| self.is_open(scope, target, *address));
        let open = open.map(|address| SocketAddr::new(address, target.port));
        let open: Vec<_> = open.take(MAX_ADDRESSES).collect();
        match (found, &*open) {
            ([], _) => Err(Status::NotFound),
            (_, []) => Err(Status::NotGranted),
            _ => Ok(open),
        }
    }

    fn is_open(&self, scope: &str, target: &Target, address: IpAddr) -> bool {
        let itself = NetHost::Address(address);
        match target.address() {
            Some(own) => own == address && self.reaches(scope, &itself, target.port),
            None => !is_special(address) || self.reaches(scope, &itself, target.port),
        }
    }

    fn reaches(&self, scope: &str, host: &NetHost<'_>, port: u16) -> bool {
        let rules = self.rules.iter().filter_map(|rule| NetHostRule::parse_ceiling(rule).ok());
        in_scope(scope, host, port) && rules.into_iter().any(|rule| rule.allows(host, port))
    }
}

impl Target {
    /// The address, if it was asked for by that.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match NetHost::parse(&self.host) {
            Ok(NetHost::Address(address)) => Some(address),
            _ => None,
        }
    }

    /// Whether a scope holds it.
    pub(super) fn is_in(&self, scope: &str) -> bool {
        NetHost::parse(&self.host).is_ok_and(|host| in_scope(scope, &host, self.port))
    }
}

/// A scope is an entry like those of `allowedHosts`. What isn't one holds nothing.
fn in_scope(scope: &str, host: &NetHost<'_>, port: u16) -> bool {
    scope.is_empty() || NetHostRule::parse(scope).is_ok_and(|rule| rule.allows(host, port))
}

/// The ASCII form of a name.
fn to_ascii(host: &str) -> Option<Cow<'_, str>> {
    if host.is_ascii() {
        return Some(Cow::Borrowed(host));
    }
    let bytes = Some(host.as_bytes()).filter(|bytes| bytes.len() <= MAX_UNICODE_BYTES)?;
    let (deny, length) = (AsciiDenyList::STD3, DnsLength::VerifyAllowRootDot);
    let ascii = Uts46::new().to_ascii(bytes, deny, Hyphens::Check, length).ok()?;
    // What only looks like an address is refused, not understood.
    let is_name = matches!(NetHost::parse(&ascii), Ok(NetHost::Name(_)));
    is_name.then_some(ascii)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Allowed, Target, to_ascii};
    use ampoule::{Grant, Manifest, Policy};
    use ampoule_abi::Status;
    use core::net::IpAddr;

    const HOSTS: [&str; 7] = [
        "example.com",
        "api.test:443",
        "localhost",
        "127.0.0.1:8080",
        "[::1]",
        "10.0.0.1",
        "xn--bcher-kva.example",
    ];

    fn manifest() -> Manifest {
        let document = serde_json::json!({
            "meta": { "name": "test", "version": "1.0.0" },
            "capabilities": { "allowNetwork": true, "allowedHosts": HOSTS }
        });
        Manifest::parse(document.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn it_allows_what_the_grant_allows() {
        let (manifest, mut allowed) = (manifest(), 0);
        let grant = Grant::new(&manifest, &Policy::WORKSTATION);
        let own = Allowed::of_grant(&grant);
        let more =
            ["a.example.com", "EXAMPLE.com.", "evil.org", "127.1", "::1", "8.8.8.8", "", "*"];
        let addresses = ["127.0.0.1", "::1", "10.0.0.1", "8.8.8.8", "::ffff:127.0.0.1", "fe80::1"];
        let addresses: Vec<IpAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
        for host in HOSTS.iter().map(|host| host.split(":443").next().unwrap()).chain(more) {
            for port in [80, 443, 8080] {
                let theirs = grant.check_host(host, port);
                let ours = own.target("", host, port);
                assert_eq!(theirs.is_ok(), ours.is_ok(), "{host} {port}");
                let (Ok(theirs), Ok(ours)) = (theirs, ours) else { continue };
                for address in &addresses {
                    let checked = grant.check_address(&theirs, *address, port).is_ok();
                    let open = own.addresses("", &ours, core::slice::from_ref(address));
                    assert_eq!(open.is_ok(), checked, "{host} {address} {port}");
                    allowed += usize::from(checked);
                }
            }
        }
        assert!(allowed > 20);
    }

    #[test]
    fn names_get_their_ascii_form_and_addresses_do_not() {
        for (host, ascii) in [
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("BÜCHER.example.", Some("xn--bcher-kva.example.")),
            ("bücher。example", Some("xn--bcher-kva.example")),
            ("ｅxample.com", Some("example.com")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("１２７.0.0.1", None),
            ("０x7f.1", None),
            ("bü cher.example", None),
            ("bü@example", None),
            ("-ü.example", None),
            ("ü..example", None),
            ("\u{202e}ü.example", None),
        ] {
            assert_eq!(to_ascii(host).as_deref(), ascii, "{host}");
        }
        assert_eq!(to_ascii(&"ü".repeat(2000)), None);
    }

    #[test]
    fn a_scope_narrows_to_an_entry() {
        let manifest = manifest();
        let own = Allowed::of_grant(&Grant::new(&manifest, &Policy::WORKSTATION));
        for (scope, host, port, granted) in [
            ("example.com", "a.example.com", 80, true),
            ("a.example.com", "example.com", 80, false),
            ("example.com:443", "example.com", 443, true),
            ("example.com:443", "example.com", 80, false),
            ("evil.org", "evil.org", 80, false),
            ("example.com/x", "example.com", 80, false),
            ("*", "example.com", 80, false),
        ] {
            let found = own.target(scope, host, port);
            assert_eq!(found.is_ok(), granted, "{scope} {host} {port}");
            assert!(granted || found == Err(Status::NotGranted));
        }
        // Granted by itself, but not what the scope means.
        let target = Target { host: "example.com".to_owned(), port: 80 };
        let local: IpAddr = "10.0.0.1".parse().unwrap();
        assert!(own.addresses("", &target, &[local]).is_ok());
        assert_eq!(own.addresses("example.com", &target, &[local]), Err(Status::NotGranted));
    }
}
