//! The parts of a URL, of which there is one reading only.

/// The longest URL, in bytes.
const MAX_URL_BYTES: usize = 8 * 1024;

/// An `http` or `https` URL, its host not yet checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Url<'a> {
    pub(super) tls: bool,
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// Path and query, without a fragment. Empty, or starts with `/` or `?`.
    rest: &'a str,
}

impl<'a> Url<'a> {
    /// Reads `scheme://host[:port][/path][?query][#fragment]`. What readers differ about is refused:
    /// user names, backslashes, blanks, ports that aren't plain numbers.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) =
            Some(text).filter(|text| text.len() <= MAX_URL_BYTES)?.split_once("://")?;
        let tls = scheme.eq_ignore_ascii_case("https");
        if !tls && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let rest = rest.split('#').next().unwrap_or_default();
        let plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let (host, port) = split_port(Some(authority).filter(|_| plain)?)?;
        Some(Self { tls, host, port: port.unwrap_or(default_port(tls)), rest })
    }

    /// The URL of `host`, which is this one's as it was checked.
    pub(super) fn with_host(&self, host: &str) -> String {
        let (scheme, slash) = (
            if self.tls { "https" } else { "http" },
            if self.rest.starts_with('/') { "" } else { "/" },
        );
        let rest = self.rest;
        if self.port == default_port(self.tls) {
            format!("{scheme}://{host}{slash}{rest}")
        } else {
            format!("{scheme}://{host}:{}{slash}{rest}", self.port)
        }
    }
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// Cuts a port off. An IPv6 address has to stand in brackets.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end = authority.find(']').map_or(0, |at| at + 1);
    let (host, port) = match authority.get(end..)?.find(':') {
        Some(at) => {
            let (host, port) = authority.split_at_checked(end + at)?;
            (host, Some(parse_port(port.get(1..)?)?))
        }
        None => (authority, None),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = !host.contains(['@', ':', '[', ']', '%']);
    (bracketed || plain).then_some((host, port))
}

fn parse_port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::Url;

    #[test]
    fn a_url_is_read_one_way() {
        for (text, host, port, again) in [
            ("http://example.com", "example.com", 80, "http://h/"),
            ("HTTPS://example.com", "example.com", 443, "https://h/"),
            ("http://example.com:443/", "example.com", 443, "http://h:443/"),
            ("https://example.com:443/a?b#c?d", "example.com", 443, "https://h/a?b"),
            ("http://example.com?a=/b", "example.com", 80, "http://h/?a=/b"),
            ("http://example.com#@evil.org/", "example.com", 80, "http://h/"),
            ("http://example.com/@evil.org:8080/", "example.com", 80, "http://h/@evil.org:8080/"),
            ("http://[::1]:8080/x", "[::1]", 8080, "http://h:8080/x"),
            ("http://[::1]", "[::1]", 80, "http://h/"),
            ("http://bücher.example/", "bücher.example", 80, "http://h/"),
            // For the check of the host to refuse.
            ("http:///x", "", 80, "http://h/x"),
            ("http:// x/", " x", 80, "http://h/"),
        ] {
            let url = Url::parse(text).expect(text);
            assert_eq!((url.host, url.port, &*url.with_host("h")), (host, port, again), "{text}");
        }
    }

    #[test]
    fn what_readers_differ_about_is_refused() {
        for text in [
            "",
            "example.com",
            "//example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "http:/example.com",
            "http:example.com",
            " http://example.com/",
            "http://user@example.com/",
            "http://user:pass@example.com/",
            "http://@example.com/",
            "http://example.com:80@evil.org/",
            "http://example.com:/",
            "http://example.com:0/",
            "http://example.com:080/",
            "http://example.com:+80/",
            "http://example.com:65536/",
            "http://example.com:80:80/",
            "http://::1/",
            "http://[::1/",
            "http://::1]/",
            "http://[::1]x/",
            "http://x[::1]/",
            "http://[::1%25eth0]@x/",
            "http://ex%61mple.com/",
            "http://example.com/a b",
            "http://example.com/\\evil.org",
            "http://example.com/\r\nHost: evil.org",
            "http://example.com/\u{0}",
            "http://example.com/ü",
        ] {
            assert_eq!(Url::parse(text), None, "{text}");
        }
        assert_eq!(Url::parse(&format!("http://x/{}", "a".repeat(8192))), None);
    }
}
