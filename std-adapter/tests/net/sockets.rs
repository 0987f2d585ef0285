//! TCP and UDP by handles.

use crate::{
    Asker, BUSY, FAILED, INVALID, NOT_FOUND, NOT_GRANTED, SHORT, TCP, UDP, bytes, done,
    server::{Silent, echo, serve, udp_echo},
};
use ampoule_abi::Status;
use ampoule_std::{
    Grant, Policy,
    net::{Net, NetLimits},
};
use core::time::Duration;
use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, UdpSocket},
};

#[test]
fn what_is_sent_comes_back() {
    for (kind, port) in [(TCP, serve(echo)), (UDP, udp_echo())] {
        let mut plugin = Asker::local();
        let handle = plugin.connect(kind, port);
        let other = plugin.connect(kind, port);
        assert_ne!(handle, other);
        for content in [&b"hello"[..], b"again", &[0xff; 1000]] {
            assert_eq!(plugin.exchange(handle, content, 4096), Ok(content.to_vec()));
        }
        assert_eq!(plugin.exchange(handle, b"one", 0), done(), "nothing is awaited");
        assert_eq!(plugin.exchange(handle, b"", 16), Ok(b"one".to_vec()), "nothing is sent");
        assert_eq!(plugin.exchange(other, b"other", 16), Ok(b"other".to_vec()));
        assert_eq!(plugin.close(handle), done());
        assert_eq!(plugin.exchange(handle, b"", 16), NOT_FOUND);
        assert_eq!(plugin.close(handle), NOT_FOUND);
        assert_eq!(plugin.exchange(other, b"still", 16), Ok(b"still".to_vec()));
    }
}

#[test]
fn a_stream_keeps_what_doesnt_fit_and_a_datagram_is_cut() {
    let mut plugin = Asker::local();
    let stream = plugin.connect(TCP, serve(echo));
    assert_eq!(plugin.exchange(stream, b"0123456789", 4), Ok(b"0123".to_vec()));
    assert_eq!(plugin.exchange(stream, b"", 4), Ok(b"4567".to_vec()));
    assert_eq!(plugin.exchange(stream, b"", 4), Ok(b"89".to_vec()));
    let datagrams = plugin.connect(UDP, udp_echo());
    assert_eq!(plugin.exchange(datagrams, b"0123456789", 4), Ok(b"0123".to_vec()));
    assert_eq!(plugin.exchange(datagrams, b"next", 16), Ok(b"next".to_vec()));
    let large = vec![7; 65_508];
    assert_eq!(plugin.exchange(datagrams, &large, 16), INVALID);
}

#[test]
fn a_reply_has_room_for_what_is_asked_or_nothing_is_sent() {
    let mut plugin = Asker::local();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let request = bytes(&(UDP, "127.0.0.1", port));
    assert_eq!(plugin.ask_in(0, "connect", &request), Ok(b"needs 1".to_vec()));
    let handle = plugin.ask_in(1, "connect", &request).unwrap();
    assert_eq!(handle, [1], "the first one");
    let request = bytes(&(1_u32, &b"content"[..], 100_u32));
    assert_eq!(plugin.ask_in(99, "exchange", &request), Ok(b"needs 100".to_vec()));
    socket.set_nonblocking(true).unwrap();
    assert!(socket.recv(&mut [0]).is_err());
    assert_eq!(plugin.exchange(1, b"content", 0), done());
    assert_eq!(socket.recv(&mut [0; 16]).unwrap(), 7);
}

#[test]
fn the_end_of_a_stream_is_an_empty_answer() {
    let port = serve(|mut stream| {
        stream.write_all(b"bye").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read(&mut [0; 16]);
    });
    let mut plugin = Asker::local();
    let handle = plugin.connect(TCP, port);
    assert_eq!(plugin.exchange(handle, b"", 16), Ok(b"bye".to_vec()));
    assert_eq!(plugin.exchange(handle, b"", 16), done());
    assert_eq!(plugin.exchange(handle, b"", 16), done());
    assert_eq!(plugin.close(handle), done());
}

#[test]
fn who_says_nothing_is_busy_and_may_be_asked_again() {
    let silent = Silent::new("127.0.0.1").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut plugin = Asker::local().short();
    for (kind, port) in [(TCP, silent.port()), (UDP, socket.local_addr().unwrap().port())] {
        let handle = plugin.connect(kind, port);
        assert_eq!(plugin.exchange(handle, b"hello", 16), BUSY);
        assert_eq!(plugin.exchange(handle, b"", 16), BUSY);
        assert_eq!(plugin.close(handle), done());
    }
}

#[test]
fn who_takes_nothing_fails_and_is_closed() {
    let silent = Silent::new("127.0.0.1").unwrap();
    let mut plugin = Asker::local().short();
    let handle = plugin.connect(TCP, silent.port());
    let content = vec![0; 1024 * 1024];
    // The system's buffers take some megabytes.
    let sent = (0..64).map(|_| plugin.exchange(handle, &content, 0)).find(|sent| *sent != done());
    assert_eq!(sent, Some(FAILED));
    assert_eq!(plugin.exchange(handle, b"", 0), NOT_FOUND);
}

#[test]
fn who_reads_byte_by_byte_does_not_hold_the_plugin() {
    let port = serve(|mut stream| {
        // Always in time for a limit on each write.
        while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let mut plugin = Asker::local().short();
    let handle = plugin.connect(TCP, port);
    let content = vec![0; 1024 * 1024];
    let sent = (0..64).map(|_| plugin.exchange(handle, &content, 0)).find(|sent| *sent != done());
    assert_eq!(sent, Some(FAILED));
}

#[test]
fn who_refuses_or_resets_fails() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut plugin = Asker::local();
    assert_eq!(plugin.try_connect(TCP, "127.0.0.1", free), Err(Status::Failed));
    let handle = plugin.connect(UDP, free);
    assert_eq!(plugin.exchange(handle, b"hello", 16), FAILED);
    assert_eq!(plugin.exchange(handle, b"hello", 16), NOT_FOUND, "it is closed");
    // Closes with something unread, which is a reset.
    let port = serve(|mut stream| assert_eq!(stream.read(&mut [0]).unwrap(), 1));
    let handle = plugin.connect(TCP, port);
    assert_eq!(plugin.exchange(handle, b"hello", 16), FAILED);
    assert_eq!(plugin.exchange(handle, b"hello", 16), NOT_FOUND);
}

#[test]
fn sizes_hold_to_the_byte() {
    let limits = NetLimits { request_bytes: 100, answer_bytes: 50, ..NetLimits::WORKSTATION };
    let mut plugin = Asker::local().with(|net| net.with_limits(limits));
    let handle = plugin.connect(TCP, serve(echo));
    assert_eq!(plugin.exchange(handle, &[7; 101], 50), INVALID);
    assert_eq!(plugin.exchange(handle, &[7; 100], 51), INVALID);
    assert_eq!(plugin.exchange(handle, &[7; 100], 0), done());
    assert!(plugin.exchange(handle, b"", 50).is_ok_and(|it| !it.is_empty() && it.len() <= 50));
}

#[test]
fn a_scope_narrows_every_use() {
    let port = serve(echo);
    let mut plugin = Asker::local();
    let handle = plugin.connect(TCP, port);
    let own = format!("127.0.0.1:{port}");
    for (scope, granted) in [
        ("127.0.0.1", true),
        (&*own, true),
        ("127.0.0.1:1", false),
        ("127.0.0.2", false),
        ("localhost", false),
        ("*", false),
        ("..", false),
    ] {
        let mut scoped = plugin.scoped(scope);
        let connected = scoped.try_connect(TCP, "127.0.0.1", port);
        assert_eq!(connected.is_ok(), granted, "{scope}");
        assert!(granted || connected == Err(Status::NotGranted));
        let sent = scoped.exchange(handle, b"x", 16);
        assert_eq!(sent, if granted { Ok(b"x".to_vec()) } else { NOT_GRANTED }, "{scope}");
        plugin = scoped;
    }
}

#[test]
fn requests_that_are_not_what_they_should_be_are_invalid() {
    let mut plugin = Asker::local();
    for (kind, host, port) in [
        (2, "127.0.0.1", 1),
        (255, "127.0.0.1", 1),
        (TCP, "127.0.0.1", 0),
        (TCP, "", 1),
        (TCP, "127.1", 1),
        (TCP, "2130706433", 1),
        (TCP, "::ffff:127.0.0.1", 1),
        (TCP, "127.0.0.1:1", 1),
        (TCP, "user@127.0.0.1", 1),
        (TCP, "http://127.0.0.1", 1),
        (TCP, "*", 1),
        (TCP, "a\0b", 1),
        (TCP, &"ü".repeat(100_000), 1),
    ] {
        let asked = plugin.try_connect(kind, host, port);
        assert_eq!(asked, Err(Status::Invalid), "{kind} {host} {port}");
    }
}

#[test]
fn the_grants_deadline_bounds_every_use() {
    let document = br#"{ "meta": { "name": "test", "version": "1.0.0" }, "timeout": 300,
        "capabilities": { "allowNetwork": true, "allowedHosts": ["127.0.0.1"] } }"#;
    let manifest = ampoule_std::Manifest::parse(document).unwrap();
    let net = Net::of_grant(&Grant::new(&manifest, &Policy::WORKSTATION));
    let hours = Duration::from_secs(10_000);
    let limits = NetLimits { connect: hours, exchange: hours, http: hours, ..SHORT };
    let mut plugin =
        Asker { net: net.with_limits(limits), plugin: "test", scope: String::new(), now: 0 };
    let silent = Silent::new("127.0.0.1").unwrap();
    let handle = plugin.connect(TCP, silent.port());
    assert_eq!(plugin.exchange(handle, b"", 16), BUSY);
    assert_eq!(plugin.get(&format!("http://127.0.0.1:{}/", silent.port())), Err(Status::Busy));
}
