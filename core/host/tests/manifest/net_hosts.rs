//! Which network hosts are taken, and what a granted one grants.

use ampoule::manifest::{NetHost, NetHostError as E, NetHostRule};

#[test]
fn a_grant_holds_a_name_its_subdomains_and_its_port() {
    for (grant, host, port, granted) in [
        ("example.com", "example.com", 80, true),
        ("example.com", "example.com", 65535, true),
        ("example.com", "a.example.com", 80, true),
        ("example.com", "a.b.example.com", 80, true),
        ("example.com", "EXAMPLE.com.", 80, true),
        ("example.com", "A.Example.COM", 80, true),
        ("Example.COM.", "example.com", 80, true),
        ("example.com.", "a.example.com.", 80, true),
        ("example.com", "badexample.com", 80, false),
        ("example.com", "-example.com.x", 80, false),
        ("example.com", "example.com.evil.org", 80, false),
        ("example.com", "example.co", 80, false),
        ("example.com", "example.comm", 80, false),
        ("example.com", "com", 80, false),
        ("example.com", "xample.com", 80, false),
        ("example.com", "example", 80, false),
        ("example.com", "example-com", 80, false),
        ("a.example.com", "example.com", 80, false),
        ("a.example.com", "b.example.com", 80, false),
        ("example.com:443", "example.com", 443, true),
        ("example.com:443", "a.example.com", 443, true),
        ("example.com:443", "example.com", 80, false),
        ("example.com:443", "example.com", 0, false),
        ("com", "com", 80, true),
        ("com", "example.com", 80, false),
        ("localhost", "localhost", 80, true),
        ("localhost", "LOCALHOST.", 80, true),
        ("localhost", "a.localhost", 80, false),
        ("localhost", "127.0.0.1", 80, false),
        ("127.0.0.1", "localhost", 80, false),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", 80, true),
        ("xn--bcher-kva.example", "XN--BCHER-KVA.example", 80, true),
        ("xn--bcher-kva.example", "bcher-kva.example", 80, false),
        ("my_host.lan", "my_host.lan", 80, true),
        ("192.0.2.1", "192.0.2.1", 80, true),
        ("192.0.2.1", "192.0.2.10", 80, false),
        ("192.0.2.1", "a.192.0.2.1.example.com", 80, false),
        ("192.0.2.1:8080", "192.0.2.1", 8080, true),
        ("192.0.2.1:8080", "192.0.2.1", 80, false),
        ("2001:db8::1", "2001:db8::1", 80, true),
        ("2001:db8::1", "[2001:db8::1]", 80, true),
        ("[2001:db8::1]", "2001:db8::1", 80, true),
        ("[2001:db8::1]:443", "2001:db8::1", 443, true),
        ("[2001:db8::1]:443", "2001:db8::1", 80, false),
        ("2001:db8::1", "2001:db8::2", 80, false),
        ("::1", "::1", 80, true),
        ("::1", "127.0.0.1", 80, false),
        ("127.0.0.1", "::1", 80, false),
        ("::", "::", 80, true),
        ("0.0.0.0", "127.0.0.1", 80, false),
    ] {
        let rule = NetHostRule::parse(grant).unwrap();
        let Ok(host) = NetHost::parse(host) else {
            assert!(!granted, "{grant} {host}");
            continue;
        };
        assert_eq!(rule.allows(&host, port), granted, "{grant} {host}:{port}");
    }
}

#[test]
fn hosts_with_tricks_are_refused() {
    let label_64 = format!("{}.com", "a".repeat(64));
    let long = format!("{}com", "abcdefg.".repeat(32));
    for (host, error) in [
        ("", E::Empty {}),
        (".", E::Empty {}),
        (&long, E::TooLong { found: 259, allowed: 253 }),
        ("bücher.example", E::NotAscii {}),
        ("example。com", E::NotAscii {}),
        ("еxample.com", E::NotAscii {}),
        ("example.com\u{200b}", E::NotAscii {}),
        ("*.example.com", E::Wildcard {}),
        ("*", E::Wildcard {}),
        ("example.com@evil.org", E::Character {}),
        ("evil.org/example.com", E::Character {}),
        ("evil.org#example.com", E::Character {}),
        ("evil.org?example.com", E::Character {}),
        ("evil.org\\example.com", E::Character {}),
        ("http://example.com", E::Character {}),
        ("example.com ", E::Character {}),
        (" example.com", E::Character {}),
        ("example.com\n", E::Character {}),
        ("example.com\0.evil.org", E::Character {}),
        ("example%2ecom", E::Character {}),
        ("[example.com", E::Character {}),
        ("example.com..", E::Label {}),
        (".example.com", E::Label {}),
        ("example..com", E::Label {}),
        ("..", E::Label {}),
        (&label_64, E::Label {}),
        ("-example.com", E::Hyphen {}),
        ("example-.com", E::Hyphen {}),
        ("a.-b.com", E::Hyphen {}),
        ("127.1", E::Address {}),
        ("127.0.1", E::Address {}),
        ("2130706433", E::Address {}),
        ("0x7f.1", E::Address {}),
        ("0x7f000001", E::Address {}),
        ("0X7F.0.0.1", E::Address {}),
        ("127.0.0.0x1", E::Address {}),
        ("0x", E::Address {}),
        ("0177.0.0.1", E::Address {}),
        ("127.0.0.01", E::Address {}),
        ("127.0.0.1.", E::Address {}),
        ("127.0.0.256", E::Address {}),
        ("127.0.0.1.1", E::Address {}),
        ("1.2.3", E::Address {}),
        ("0", E::Address {}),
        ("example.1", E::Address {}),
        ("example.com.0x7f", E::Address {}),
        ("１２７.0.0.1", E::Address {}),
        ("[127.0.0.1]", E::Address {}),
        ("[::1", E::Address {}),
        ("::1]", E::Address {}),
        ("[[::1]]", E::Address {}),
        ("[]", E::Address {}),
        ("0:0:0:0:0:0:0:1", E::Address {}),
        ("::0001", E::Address {}),
        ("::0:1", E::Address {}),
        ("2001:DB8::1", E::Address {}),
        ("2001:db8:0:0:1:0:0:0", E::Address {}),
        ("fe80::1%eth0", E::Address {}),
        ("::127.0.0.1", E::Address {}),
        ("1::2::3", E::Address {}),
        ("::ffff:127.0.0.1", E::Mapped {}),
        ("[::ffff:127.0.0.1]", E::Mapped {}),
        ("::ffff:7f00:1", E::Mapped {}),
        ("0:0:0:0:0:ffff:7f00:1", E::Mapped {}),
    ] {
        assert_eq!(NetHost::parse(host), Err(error), "{host:?}");
        assert!(NetHostRule::parse(host).is_err(), "{host:?}");
    }
}

#[test]
fn ports_are_plain_numbers() {
    for (text, port) in [
        ("example.com", Ok(None)),
        ("example.com:1", Ok(Some(1))),
        ("example.com:65535", Ok(Some(65535))),
        ("example.com.:80", Ok(Some(80))),
        ("[::1]:80", Ok(Some(80))),
        ("::1", Ok(None)),
        ("example.com:", Err(E::Port {})),
        ("example.com:0", Err(E::Port {})),
        ("example.com:080", Err(E::Port {})),
        ("example.com:65536", Err(E::Port {})),
        ("example.com:+80", Err(E::Port {})),
        ("example.com: 80", Err(E::Port {})),
        ("example.com:80x", Err(E::Port {})),
        ("example.com:http", Err(E::Port {})),
        ("http://example.com", Err(E::Port {})),
        ("[::1]:", Err(E::Port {})),
        (":80", Err(E::Empty {})),
        ("example.com:80:80", Err(E::Address {})),
        ("[::1]80", Err(E::Address {})),
        ("user@example.com:80", Err(E::Character {})),
    ] {
        assert_eq!(NetHostRule::parse(text).map(|rule| rule.port()), port, "{text}");
    }
    assert_eq!(NetHost::parse("example.com:80"), Err(E::Character {}));
}

#[test]
fn the_longest_name_and_label_are_taken() {
    let longest = format!("{}abcde", "abcdefg.".repeat(31));
    assert_eq!(longest.len(), 253);
    for name in [&longest[..], &format!("{longest}."), &format!("{}.com", "a".repeat(63))] {
        assert!(NetHost::parse(name).is_ok(), "{name}");
    }
}

#[test]
fn the_owners_star_is_every_host() {
    for (text, port, granted) in
        [("*", 80, true), ("*:443", 443, true), ("*:443", 80, false), ("example.com", 80, false)]
    {
        let rule = NetHostRule::parse_ceiling(text).unwrap();
        for host in ["a.example.org", "127.0.0.1", "::1"] {
            assert_eq!(rule.allows(&NetHost::parse(host).unwrap(), port), granted, "{text}");
        }
        assert_eq!(rule.to_string(), text);
    }
    for text in ["*.com", "**", "*:0", "*."] {
        assert!(NetHostRule::parse_ceiling(text).is_err(), "{text}");
    }
}
