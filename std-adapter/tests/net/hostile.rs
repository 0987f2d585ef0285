//! What the other end can do about it, and what a plugin can: nothing but get a status.

use crate::{
    Asker, BUSY, FAILED, INVALID, NOT_GRANTED, SHORT, TCP, UDP, bytes,
    server::{Heard, answers, echo, endless, serve, udp_echo},
};
use ampoule_abi::Status;
use ampoule_std::net::NetLimits;
use core::time::Duration;
use std::{
    io::{Read as _, Write as _},
    sync::Mutex,
    thread,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
const SLOWLY: Duration = Duration::from_millis(20);
const FAST: Duration = Duration::ZERO;

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/")
}

fn after_ok(rest: &str) -> Vec<u8> {
    [OK, rest.as_bytes()].concat()
}

#[test]
fn an_answer_that_never_ends_is_cut_off() {
    let chunked = after_ok("Transfer-Encoding: chunked\r\n\r\n");
    let extension = after_ok("Transfer-Encoding: chunked\r\n\r\n1;");
    let trailer = after_ok("Transfer-Encoding: chunked\r\n\r\n0\r\n");
    let huge = after_ok("Content-Length: 18446744073709551615\r\n\r\n");
    let open = after_ok("\r\n");
    let chunk = &[b"2000\r\n", &[b'x'; 0x2000][..], b"\r\n"].concat();
    for (what, start, piece, pause, statuses) in [
        ("nothing", &b""[..], &b""[..], SLOWLY, &[Status::Busy][..]),
        ("a head, byte by byte", OK, b"x", SLOWLY, &[Status::Busy]),
        ("a status line, byte by byte", b"", b"H", SLOWLY, &[Status::Busy, Status::Failed]),
        ("headers, one by one", OK, b"x: y\r\n", SLOWLY, &[Status::Busy]),
        ("early hints", b"", b"HTTP/1.1 103 Early\r\n\r\n", SLOWLY, &[Status::Busy]),
        ("headers", OK, b"x: y\r\n", FAST, &[Status::Busy, Status::Failed]),
        ("one header", OK, &[b'x'; 4096], FAST, &[Status::Busy, Status::Failed]),
        ("a body, byte by byte", &open, b"x", SLOWLY, &[Status::Busy]),
        ("a body", &open, &[0; 4096], FAST, &[Status::Busy]),
        ("a body of a length", &huge, &[0; 4096], FAST, &[Status::Busy]),
        ("no body of a length", &huge, b"", SLOWLY, &[Status::Busy]),
        ("chunks", &chunked, chunk, FAST, &[Status::Busy]),
        ("chunks, byte by byte", &chunked, b"1\r\nx\r\n", SLOWLY, &[Status::Busy]),
        ("a chunk's length", &chunked, b"0000", FAST, &[Status::Busy, Status::Failed]),
        ("a chunk's extension", &extension, &[b'x'; 4096], FAST, &[Status::Busy, Status::Failed]),
        ("an extension, slowly", &extension, b"x", SLOWLY, &[Status::Busy]),
        ("trailers", &trailer, b"x: y\r\n", FAST, &[Status::Busy, Status::Failed]),
    ] {
        let port = endless(start, piece, pause);
        let told = Asker::local().short().get(&url(port));
        let told = told.expect_err(what);
        assert!(statuses.contains(&told), "{what}: {told:?}");
    }
}

#[test]
fn an_answer_that_is_none_fails() {
    let chunked = "Transfer-Encoding: chunked\r\n\r\n";
    for answer in [
        b"".to_vec(),
        b"H".to_vec(),
        b"HTTP/1.1 200".to_vec(),
        OK.to_vec(),
        after_ok("Content-Length: 5\r\n"),
        after_ok("Content-Length: 5\r\n\r\n"),
        after_ok("Content-Length: 5\r\n\r\nhell"),
        after_ok("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        after_ok("Content-Length: -1\r\n\r\nhello"),
        after_ok("Content-Length: 99999999999999999999999\r\n\r\nhello"),
        after_ok(": x\r\n\r\n"),
        after_ok("a b: x\r\n\r\n"),
        after_ok("a\0: x\r\n\r\n"),
        after_ok(chunked),
        after_ok(&format!("{chunked}5\r\nhel")),
        after_ok(&format!("{chunked}x\r\nhello\r\n0\r\n\r\n")),
        after_ok(&format!("{chunked}-5\r\nhello\r\n0\r\n\r\n")),
        after_ok(&format!("{chunked}ffffffffffffffffff\r\nhello\r\n0\r\n\r\n")),
        b"HTTP/1.1 99 X\r\n\r\n".to_vec(),
        b"HTTP/1.1 1000 X\r\n\r\n".to_vec(),
        b"HTTP/9.9 200 OK\r\n\r\n".to_vec(),
        b"SSH-2.0-OpenSSH_9.0\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00".to_vec(),
        vec![0; 1000],
        vec![0xff; 1000],
        b"\r\n\r\n\r\n\r\n".to_vec(),
    ] {
        let (port, _) = answers(answer.clone());
        let told = Asker::local().get(&url(port));
        assert_eq!(told, Err(Status::Failed), "{}", answer.escape_ascii());
    }
}

#[test]
fn a_head_has_16_kib_at_most() {
    for (length, taken) in [(15_000, true), (17_000, false)] {
        let answer = after_ok(&format!("x: {}\r\n\r\n", "y".repeat(length)));
        let (port, _) = answers(answer);
        let told = Asker::local().get(&url(port));
        assert!(if taken { told.is_ok() } else { told == Err(Status::Busy) });
    }
}

#[test]
fn a_server_that_takes_nothing_does_not_hold_the_plugin() {
    let slow = serve(|mut stream| {
        while stream.read(&mut [0; 64]).is_ok_and(|length| length > 0) {
            thread::sleep(SLOWLY);
        }
    });
    let deaf = serve(|stream| {
        thread::sleep(Duration::from_secs(3600));
        drop(stream);
    });
    for port in [slow, deaf] {
        let limits = NetLimits { request_bytes: u32::MAX, ..SHORT };
        let mut plugin = Asker::local().with(|net| net.with_limits(limits));
        // More than the system's buffers take.
        let told = plugin.http(1, &url(port), &[], &vec![0; 16 * 1024 * 1024]);
        assert_eq!(told, Err(Status::Busy));
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most).unwrap()).unwrap()
    }

    /// The same bytes with some changed, left out, put in, or cut off.
    fn mutated(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len() + 1);
            let byte = self.next().to_le_bytes()[0];
            match self.below(5) {
                0 => out.truncate(at),
                1 if at < out.len() => drop(out.remove(at)),
                2 if at < out.len() => out[at] = byte,
                3 => out.insert(at, b"\r\n:;0 \xff,"[usize::from(byte) % 8]),
                _ => out.insert(at, byte),
            }
        }
        out
    }
}

#[test]
fn no_answer_is_more_than_an_answer_or_a_status() {
    let kinds = [
        after_ok("Content-Length: 5\r\nX: y\r\n\r\nhello"),
        after_ok("Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nx: y\r\n\r\n"),
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1]/\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\nConnection: close\r\n\r\nno".to_vec(),
        b"HTTP/1.1 204 None\r\n\r\n".to_vec(),
        b"HTTP/1.1 101 Other\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc".to_vec(),
    ];
    let random = Mutex::new(Random(7));
    let port = serve(move |mut stream| {
        if crate::server::request(&mut stream).is_none() {
            return;
        }
        let answer = {
            let mut random = random.lock().unwrap();
            let kind = random.below(kinds.len());
            random.mutated(&kinds[kind])
        };
        let _ = stream.write_all(&answer);
    });
    let (mut plugin, mut taken) = (Asker::local(), 0);
    for at in 0..3000 {
        match plugin.http((at % 2_u16).to_le_bytes()[0], &url(port), &[], &[]) {
            Ok(_) => taken += 1,
            Err(status) => assert!(matches!(status, Status::Failed | Status::Busy), "{status:?}"),
        }
    }
    assert!((300..2900).contains(&taken), "{taken}: both happen");
}

#[test]
fn no_request_is_more_than_an_answer_or_a_status() {
    let (http, _): (u16, Heard) = answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let (tcp, udp) = (serve(echo), udp_echo());
    let ports = [http, tcp, udp].map(|port| format!("127.0.0.1:{port}"));
    let at_once = NetLimits { exchange: Duration::from_millis(20), ..SHORT };
    let mut plugin =
        Asker::of(&ports.each_ref().map(|port| &**port)).with(|net| net.with_limits(at_once));
    let url = url(http);
    let sound = [
        ("connect", bytes(&(TCP, "127.0.0.1", tcp))),
        ("connect", bytes(&(UDP, "127.0.0.1", udp))),
        ("exchange", bytes(&(1_u32, &b"hello"[..], 16_u32))),
        ("close", bytes(&2_u32)),
        ("http", bytes(&(1_u8, &*url, &[("a", "b")][..], &b"body"[..], 1000_u32))),
    ];
    let (mut random, mut taken) = (Random(11), 0);
    for _ in 0..4000 {
        let (operation, request) = &sound[random.below(sound.len())];
        let changed = random.below(3) > 0;
        let request = if changed { random.mutated(request) } else { request.clone() };
        let capacity = random.below(2000);
        taken += usize::from(plugin.ask_in(capacity, operation, &request).is_ok());
    }
    assert!(taken > 100, "{taken}");
    for _ in 0..4000 {
        let request: Vec<_> =
            (0..random.below(40)).map(|_| random.next().to_le_bytes()[0]).collect();
        // Nothing that is drawn names a host that is granted.
        for operation in ["connect", "http"] {
            assert!(plugin.ask(operation, &request).is_err());
        }
    }
}

#[test]
fn requests_cut_short_or_with_bytes_left_over_are_invalid() {
    let mut plugin = Asker::local();
    for (operation, request) in [
        ("connect", bytes(&(TCP, "127.0.0.1", 300_u16))),
        ("exchange", bytes(&(1_u32, &b"hello"[..], 300_u32))),
        ("close", bytes(&300_u32)),
        ("http", bytes(&(0_u8, "http://127.0.0.1:300/", &[("a", "b")][..], &b""[..], 300_u32))),
    ] {
        for length in 0..request.len() {
            assert_eq!(plugin.ask(operation, &request[..length]), INVALID, "{operation} {length}");
        }
        let more = [&request[..], b"\0"].concat();
        assert_eq!(plugin.ask(operation, &more), INVALID, "{operation}");
        let told = plugin.ask(operation, &request);
        assert_ne!(told, INVALID, "{operation}");
    }
    // Counts and lengths that lie.
    for (operation, request) in [
        ("connect", &b"\x00\xff\xff\xff\xff\x0fx"[..]),
        ("exchange", b"\x01\xff\xff\xff\xff\x0fx"),
        ("http", b"\x00\x0bhttp://a.b/\xff\xff\xff\xff\x0f"),
        ("http", b"\x00\x0bhttp://a.b/\x01\x01a\xff\xff\xff\xff\x0f"),
        ("close", b"\xff\xff\xff\xff\xff\x0f"),
        ("connect", b"\x00\x01\xff\x01"),
    ] {
        assert_eq!(plugin.ask(operation, request), INVALID);
    }
    assert_eq!(plugin.ask("connect", &bytes(&(TCP, "evil.org", 300_u16))), NOT_GRANTED);
}

#[test]
fn statuses_of_a_stream_do_not_depend_on_how_it_drips() {
    // One byte each time: an exchange answers the first, whatever follows.
    let port = serve(|mut stream| {
        while stream.write_all(b"x").is_ok() {
            thread::sleep(SLOWLY);
        }
    });
    let mut plugin = Asker::local().short();
    let handle = plugin.connect(TCP, port);
    for _ in 0..5 {
        let told = plugin.exchange(handle, b"", 1024).unwrap();
        assert!(!told.is_empty() && told.iter().all(|byte| *byte == b'x'));
    }
    let silent = serve(|stream| {
        thread::sleep(Duration::from_secs(3600));
        drop(stream);
    });
    let handle = plugin.connect(TCP, silent);
    assert_eq!(plugin.exchange(handle, b"x", 1024), BUSY);
    assert_ne!(plugin.exchange(handle, b"x", 0), FAILED);
}
