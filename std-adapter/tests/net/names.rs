//! Names: who is asked for their addresses, how often, and which of them are believed.

use crate::{
    Asker, TCP, UDP,
    server::{Silent, echo, serve},
};
use ampoule_abi::Status;
use core::net::IpAddr;
#[cfg(target_os = "linux")]
use std::net::{TcpListener, TcpStream};
use std::{
    io::{self, ErrorKind},
    sync::{Arc, Mutex},
};
#[cfg(target_os = "linux")]
use {ampoule_std::net::NetLimits, core::time::Duration};

/// The names that were asked for.
type Asked = Arc<Mutex<Vec<String>>>;

impl Asker {
    /// Where every name leads to these addresses; the answer changes with each question.
    fn resolving(self, answers: &'static [&'static [&'static str]]) -> (Self, Asked) {
        let asked = Asked::default();
        let noted = Arc::clone(&asked);
        let resolve = move |name: &str| -> io::Result<Vec<IpAddr>> {
            let mut noted = noted.lock().unwrap();
            let answer = answers[noted.len().min(answers.len() - 1)];
            noted.push(name.to_owned());
            Ok(answer.iter().map(|address| address.parse().unwrap()).collect())
        };
        (self.with(|net| net.with_resolver(resolve)), asked)
    }
}

/// Answers that lead no further than the local network.
const INWARD: [&[&[&str]]; 12] = [
    &[&["127.0.0.1"]],
    &[&["::1"]],
    &[&["::ffff:127.0.0.1"]],
    &[&["64:ff9b::7f00:1"]],
    &[&["169.254.169.254"]],
    &[&["10.0.0.1"]],
    &[&["192.168.1.1"]],
    &[&["0.0.0.0"]],
    &[&["::"]],
    &[&["fe80::1"]],
    &[&["255.255.255.255"]],
    &[&["127.0.0.1", "10.0.0.1", "::1"]],
];

#[test]
fn a_name_that_leads_into_the_local_network_connects_nobody() {
    let listeners: Vec<_> = ["127.0.0.1", "::1"].into_iter().filter_map(Silent::new).collect();
    let visited = || listeners.iter().any(Silent::has_visitor);
    for listener in &listeners {
        let port = listener.port();
        for answer in INWARD {
            let (mut plugin, asked) = Asker::of(&["rebound.example"]).short().resolving(answer);
            for kind in [TCP, UDP] {
                let refused = plugin.try_connect(kind, "rebound.example", port);
                assert_eq!(refused, Err(Status::NotGranted), "{answer:?}");
            }
            let url = format!("http://rebound.example:{port}/");
            assert_eq!(plugin.get(&url), Err(Status::NotGranted), "{answer:?}");
            assert!(!visited(), "{answer:?}");
            assert_eq!(asked.lock().unwrap().len(), 3);
        }
    }
    // They would have been seen.
    let mut plugin = Asker::local();
    plugin.connect(TCP, listeners[0].port());
    assert!(visited());
}

#[test]
fn the_addresses_that_are_open_are_used_and_the_others_left_out() {
    let port = serve(echo);
    let hosts = ["mixed.example", "127.0.0.1"];
    let answer: &[&[&str]] = &[&["10.0.0.1", "169.254.169.254", "127.0.0.1"]];
    let (mut plugin, asked) = Asker::of(&hosts).resolving(answer);
    let handle = plugin.try_connect(TCP, "mixed.example", port).unwrap();
    assert_eq!(plugin.exchange(handle, b"hello", 16), Ok(b"hello".to_vec()));
    assert_eq!(*asked.lock().unwrap(), ["mixed.example"]);
    // The address is granted, but the scope means another host.
    let mut plugin = plugin.scoped("mixed.example");
    let refused = plugin.try_connect(TCP, "mixed.example", port);
    assert_eq!(refused, Err(Status::NotGranted));
}

#[test]
fn a_second_answer_is_never_asked_for() {
    let (open, secret) = (serve(echo), Silent::new("127.0.0.2"));
    // Once the address that is granted, ever after one that isn't.
    let answers: &[&[&str]] = &[&["127.0.0.1"], &["127.0.0.2"]];
    let hosts = ["rebound.example", "127.0.0.1"];
    for kind in [TCP, UDP] {
        let (mut plugin, asked) = Asker::of(&hosts).resolving(answers);
        let handle = plugin.try_connect(kind, "rebound.example", open).unwrap();
        if kind == TCP {
            assert_eq!(plugin.exchange(handle, b"hello", 16), Ok(b"hello".to_vec()));
        }
        assert_eq!(asked.lock().unwrap().len(), 1);
        let port = secret.as_ref().map_or(open, Silent::port);
        let refused = plugin.try_connect(kind, "rebound.example", port);
        assert_eq!(refused, Err(Status::NotGranted));
        assert_eq!(asked.lock().unwrap().len(), 2);
    }
    let (http, _) = crate::server::answers("HTTP/1.1 200 OK\r\n\r\nhello");
    let (mut plugin, asked) = Asker::of(&hosts).resolving(answers);
    let url = format!("http://rebound.example:{http}/");
    assert_eq!(plugin.get(&url).unwrap().body, b"hello");
    assert_eq!(asked.lock().unwrap().len(), 1);
    assert_eq!(plugin.get(&url), Err(Status::NotGranted));
    assert!(secret.is_none_or(|secret| !secret.has_visitor()));
}

#[test]
fn a_granted_name_is_asked_for_in_one_spelling_and_no_other_at_all() {
    let port = serve(echo);
    let hosts = ["xn--bcher-kva.example", "example.com", "127.0.0.1"];
    for (host, spelling) in [
        ("example.com", Ok("example.com")),
        ("EXAMPLE.com.", Ok("example.com")),
        ("a.Example.com", Ok("a.example.com")),
        ("bücher.example", Ok("xn--bcher-kva.example")),
        ("BÜCHER.Example.", Ok("xn--bcher-kva.example")),
        ("XN--BCHER-KVA.example", Ok("xn--bcher-kva.example")),
        ("www.bücher.example", Ok("www.xn--bcher-kva.example")),
        ("bücher。example", Ok("xn--bcher-kva.example")),
        ("ｅxample.com", Ok("example.com")),
        ("bucher.example", Err(Status::NotGranted)),
        ("badexample.com", Err(Status::NotGranted)),
        ("example.com.evil.org", Err(Status::NotGranted)),
        ("exаmple.com", Err(Status::NotGranted)),
        ("com", Err(Status::NotGranted)),
        ("example.com..", Err(Status::Invalid)),
        ("example.com@evil.org", Err(Status::Invalid)),
        ("１２７.0.0.1", Err(Status::Invalid)),
        ("bücher..example", Err(Status::Invalid)),
    ] {
        let (mut plugin, asked) = Asker::of(&hosts).resolving(&[&["127.0.0.1"]]);
        let connected = plugin.try_connect(TCP, host, port);
        assert_eq!(connected.map(|_| ()), spelling.map(|_| ()), "{host}");
        let expected: Vec<_> = spelling.into_iter().collect();
        assert_eq!(*asked.lock().unwrap(), expected, "{host}");
    }
}

#[test]
fn an_address_is_not_resolved() {
    let port = serve(echo);
    let (mut plugin, asked) = Asker::local().resolving(&[&["127.0.0.2"]]);
    plugin.connect(TCP, port);
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn a_name_without_addresses_is_not_found() {
    let (mut plugin, _) = Asker::of(&["example.com"]).resolving(&[&[]]);
    assert_eq!(plugin.try_connect(TCP, "example.com", 80), Err(Status::NotFound));
    assert_eq!(plugin.get("http://example.com/"), Err(Status::NotFound));
    for (kind, status) in [
        (ErrorKind::NotFound, Status::NotFound),
        (ErrorKind::Other, Status::NotFound),
        (ErrorKind::TimedOut, Status::Busy),
        (ErrorKind::WouldBlock, Status::Busy),
    ] {
        let mut plugin =
            Asker::of(&["example.com"]).with(|net| net.with_resolver(move |_| Err(kind.into())));
        assert_eq!(plugin.try_connect(TCP, "example.com", 80), Err(status));
        assert_eq!(plugin.get("http://example.com/"), Err(status));
    }
}

#[test]
fn the_systems_own_names_are_found() {
    let port = serve(echo);
    let mut plugin = Asker::of(&["localhost", "127.0.0.1"]);
    let handle = plugin.try_connect(TCP, "localhost", port).unwrap();
    assert_eq!(plugin.exchange(handle, b"hello", 16), Ok(b"hello".to_vec()));
    let mut plugin = Asker::of(&["localhost"]);
    assert_eq!(plugin.try_connect(TCP, "localhost", port), Err(Status::NotGranted));
}

/// A port of this computer where connections are neither taken nor refused: there is no room for one
/// more until somebody serves it. The first of the two holds it.
#[cfg(target_os = "linux")]
fn full_port() -> (TcpListener, Vec<TcpStream>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(50)).ok();
    let waiting: Vec<_> = (0..5000).map_while(connect).collect();
    assert!(waiting.len() < 5000);
    (listener, waiting, address.port())
}

#[cfg(target_os = "linux")]
#[test]
fn many_addresses_that_lead_nowhere_take_no_longer_than_one() {
    let (_listener, _waiting, port) = full_port();
    let limits = NetLimits { connect: Duration::from_millis(500), ..NetLimits::WORKSTATION };
    let mut plugin = Asker::of(&["example.com", "127.0.0.1"]).with(|net| {
        net.with_limits(limits).with_resolver(|_| Ok(vec![[127, 0, 0, 1].into(); 1000]))
    });
    for host in ["127.0.0.1", "example.com"] {
        assert_eq!(plugin.try_connect(TCP, host, port), Err(Status::Busy));
        assert_eq!(plugin.get(&format!("http://{host}:{port}/")), Err(Status::Busy));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_that_answers_is_reached_behind_one_that_does_not() {
    let (_listener, _waiting, port) = full_port();
    let other = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let limits = NetLimits { connect: Duration::from_secs(2), ..NetLimits::WORKSTATION };
    let mut plugin = Asker::of(&["example.com", "127.0.0.1", "127.0.0.2"]).with(|net| {
        let addresses = |_: &str| Ok(vec![[127, 0, 0, 1].into(), [127, 0, 0, 2].into()]);
        net.with_limits(limits).with_resolver(addresses)
    });
    assert!(plugin.try_connect(TCP, "example.com", port).is_ok());
    assert!(other.accept().is_ok());
}
