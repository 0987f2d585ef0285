//! Who may ask.

use super::{Endpoint, RequestError, Shared};
use axum::http::{HeaderMap, Uri, header, request::Parts};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Refuses who may not ask that. No `endpoint` is a path where nothing is.
pub(super) fn check(
    shared: &Shared,
    endpoint: Option<Endpoint>,
    head: &Parts,
) -> Result<(), RequestError> {
    if shared.checks_host {
        check_host(&head.uri, &head.headers)?;
        check_page(&head.headers)?;
    }
    match &shared.options.token {
        Some(token) if endpoint != Some(Endpoint::Health) => {
            let given = bearer(&head.headers).ok_or(RequestError::Token {})?;
            if token.is(given) { Ok(()) } else { Err(RequestError::Token {}) }
        }
        _ => Ok(()),
    }
}

/// A page whose name was made to lead here (DNS rebinding) has its browser send that name.
fn check_host(uri: &Uri, headers: &HeaderMap) -> Result<(), RequestError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(RequestError::Host {});
    };
    let is_here = host.to_str().is_ok_and(|host| is_loopback(name_of(host)))
        && uri.host().is_none_or(is_loopback);
    if is_here { Ok(()) } else { Err(RequestError::Host {}) }
}

/// Browsers tell when it is a page that asks (Fetch standard, section 3.1, and Fetch Metadata).
fn check_page(headers: &HeaderMap) -> Result<(), RequestError> {
    let is_foreign = |site: &axum::http::HeaderValue| site != "none" && site != "same-origin";
    let is_page = headers.contains_key(header::ORIGIN)
        || headers.get_all("sec-fetch-site").iter().any(is_foreign);
    if is_page { Err(RequestError::Page {}) } else { Ok(()) }
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_loopback(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let address = match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().map(IpAddr::V6),
        None => name.parse::<Ipv4Addr>().map(IpAddr::V4),
    };
    let is_address = address.is_ok_and(|address| address.to_canonical().is_loopback());
    is_address || name.eq_ignore_ascii_case("localhost")
}

/// The token of a header `Authorization` (RFC 6750, section 2.1), if there is one and no other.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    let (scheme, token) = value.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{bearer, check_host, check_page};
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let value = |value: &&str| (name.clone(), HeaderValue::from_str(value).unwrap());
        values.iter().map(value).fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
    }

    #[test]
    fn only_names_of_this_computer_are_hosts() {
        let here = |uri: &'static str, hosts: &[&str]| {
            check_host(&Uri::from_static(uri), &headers(header::HOST, hosts)).is_ok()
        };
        for host in [
            "127.0.0.1",
            "127.0.0.1:7117",
            "127.9.9.9:1",
            "[::1]",
            "[::1]:7117",
            "localhost",
            "LocalHost:80",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(here("/", &[host]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:7117",
            "192.168.1.1",
            "::1",
            "[::2]:7117",
            "127.0.0.1:80:80",
            "127.0.0.1:x",
            "0.0.0.0",
            "127.1",
            "localhost ",
        ] {
            assert!(!here("/", &[host]), "{host}");
        }
        assert!(!here("/", &[]));
        assert!(!here("/", &["localhost", "evil.example"]));
        assert!(!here("/", &["localhost", "localhost"]));
        assert!(here("http://localhost/", &["localhost"]));
        assert!(!here("http://evil.example/", &["localhost"]));
    }

    #[test]
    fn pages_are_refused() {
        let refused = |name: HeaderName, value| check_page(&headers(name, &[value])).is_err();
        let site = HeaderName::from_static("sec-fetch-site");
        assert!(refused(header::ORIGIN, "null") && refused(header::ORIGIN, "http://localhost"));
        assert!(refused(site.clone(), "cross-site") && refused(site.clone(), "same-site"));
        assert!(!refused(site.clone(), "none") && !refused(site, "same-origin"));
    }

    #[test]
    fn a_token_comes_once_after_bearer() {
        let given =
            |values: &[&str]| bearer(&headers(header::AUTHORIZATION, values)).map(<[u8]>::to_vec);
        assert_eq!(given(&["Bearer abc"]), Some(b"abc".to_vec()));
        assert_eq!(given(&["bearer abc"]), Some(b"abc".to_vec()));
        for none in [&[][..], &["abc"], &["Basic abc"], &["Bearer"], &["Bearer a", "Bearer a"]] {
            assert_eq!(given(none), None);
        }
    }
}
