//! Requests by HTTP: what a server hears, and what a plugin gets of its answer.

use crate::{
    Asker, BUSY, INVALID, alone, bytes,
    server::{Silent, answers},
};
use ampoule_abi::{Decode as _, Status};
use ampoule_std::net::NetLimits;

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/")
}

#[test]
fn a_request_is_what_the_plugin_asks_for_and_nothing_more() {
    let (port, heard) = answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello");
    let mut plugin = Asker::local();
    let told = plugin.get(&format!("http://127.0.0.1:{port}/a/../b?c=d#e")).unwrap();
    assert_eq!((told.status, &*told.body), (200, &b"hello"[..]));
    assert_eq!(told.headers.len(), 2);
    assert_eq!(told.header("x-a"), Some("1"));
    let headers = [("X-Own", "yes"), ("accept", "text/plain"), ("Cookie", "a=b")];
    plugin.http(1, &url(port), &headers, b"body").unwrap();
    plugin.http(1, &url(port), &[("user-agent", "own")], b"").unwrap();
    let host = format!("127.0.0.1:{port}");
    let heard: Vec<_> = core::mem::take(&mut *heard.lock().unwrap());
    let lines = |at: usize| {
        let mut lines: Vec<_> = heard[at].0.trim_end().split("\r\n").collect();
        lines[1..].sort_unstable();
        lines
    };
    let (host, length) = (&*format!("host: {host}"), "content-length: 4");
    let all = ["accept: */*", "connection: close", host, "user-agent: ampoule"];
    assert_eq!(lines(0), [&["GET /a/../b?c=d HTTP/1.1"][..], &all].concat());
    let own = ["accept: text/plain", "connection: close", length, "cookie: a=b", host];
    let rest = ["user-agent: ampoule", "x-own: yes"];
    assert_eq!(lines(1), [&["POST / HTTP/1.1"][..], &own, &rest].concat());
    assert_eq!(heard[1].1, b"body");
    let all = ["accept: */*", "connection: close", "content-length: 0", host, "user-agent: own"];
    assert_eq!(lines(2), [&["POST / HTTP/1.1"][..], &all].concat());
}

#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    let proxy = Silent::new("127.0.0.1").unwrap();
    let address = format!("http://127.0.0.1:{}", proxy.port());
    let names =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let variables = names.map(|name| (name, &*address));
    alone("http::a_request_is_what_the_plugin_asks_for_and_nothing_more", &variables);
    assert!(!proxy.has_visitor());
}

#[test]
fn every_status_is_an_answer() {
    for status in [200, 201, 204, 304, 400, 401, 404, 407, 429, 500, 503, 599] {
        let (port, _) = answers(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(Asker::local().get(&url(port)).unwrap().status, status);
    }
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let secret = Silent::new("127.0.0.1").unwrap();
    let to = format!("http://127.0.0.1:{}/", secret.port());
    for status in [301, 302, 303, 307, 308] {
        let start = format!("HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length:");
        for answer in [format!("{start} 0\r\n\r\n"), format!("{start} 4\r\n\r\nmore")] {
            let (port, _) = answers(answer);
            let mut plugin = Asker::of(&[&format!("127.0.0.1:{port}")]);
            for method in [0, 1] {
                let told = plugin.http(method, &url(port), &[], &[]).unwrap();
                assert_eq!((told.status, told.header("location")), (status, Some(&*to)));
            }
        }
    }
    assert!(!secret.has_visitor());
}

#[test]
fn a_body_is_as_it_was_sent() {
    // "hello", by gzip.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0";
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".to_vec();
    answer.extend(gzip);
    let (port, heard) = answers(answer);
    let told = Asker::local().get(&url(port)).unwrap();
    assert_eq!((told.body, told.headers.len()), (gzip.to_vec(), 1));
    assert!(!heard.lock().unwrap()[0].0.contains("accept-encoding"));
    let chunks =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n";
    let (port, _) = answers(chunks);
    assert_eq!(Asker::local().get(&url(port)).unwrap().body, b"hello");
    let (port, _) = answers("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello");
    let told = Asker::local().get(&url(port)).unwrap();
    assert_eq!((told.status, &*told.body), (200, &b"hello"[..]));
}

#[test]
fn an_answer_has_as_many_bytes_as_were_asked_for() {
    let body = "b".repeat(1000);
    let (port, heard) = answers(format!("HTTP/1.1 200 OK\r\nX: y\r\n\r\n{body}"));
    let whole = bytes(&(200_u16, &[("x", "y")][..], body.as_bytes()));
    let most = u32::try_from(whole.len()).unwrap();
    let mut plugin = Asker::local();
    let url = url(port);
    let request = |most: u32| bytes(&(0_u8, &*url, &[("a", "b")][..], &b""[..], most));
    let needs = format!("needs {most}").into_bytes();
    assert_eq!(plugin.ask_in(whole.len() - 1, "http", &request(most)), Ok(needs));
    assert!(heard.lock().unwrap().is_empty(), "nothing was sent");
    assert_eq!(plugin.ask_in(whole.len(), "http", &request(most)), Ok(whole));
    for less in [most - 1, 1000, 999, 10, 0] {
        assert_eq!(plugin.ask("http", &request(less)), BUSY, "{less}");
    }
    assert_eq!(plugin.ask("http", &request(NetLimits::WORKSTATION.answer_bytes + 1)), INVALID);
}

#[test]
fn headers_that_belong_to_the_host_or_are_no_line_are_invalid() {
    let silent = Silent::new("127.0.0.1").unwrap();
    let (mut plugin, url) = (Asker::local(), url(silent.port()));
    let long = "x".repeat(16 * 1024);
    for (name, value) in [
        ("Host", "evil.org"),
        ("content-length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("CONNECTION", "keep-alive"),
        ("Upgrade", "websocket"),
        ("Expect", "100-continue"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "x"),
        ("X", "a\r\nHost: evil.org"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\0b"),
        ("X\r\nHost", "evil.org"),
        ("X: y\r\nHost", "evil.org"),
        ("X ", "y"),
        (" Host", "y"),
        ("", "y"),
        ("ü", "y"),
        ("X", "ü"),
        ("X", &*long),
    ] {
        let told = plugin.http(1, &url, &[("a", "b"), (name, value)], b"");
        assert_eq!(told, Err(Status::Invalid), "{name}: {value}");
    }
    let many = [("x", "y"); 65];
    assert_eq!(plugin.http(0, &url, &many, b""), Err(Status::Invalid));
    assert!(!silent.has_visitor());
    let (port, heard) = answers("HTTP/1.1 200 OK\r\n\r\n");
    let told = plugin.http(0, &format!("http://127.0.0.1:{port}"), &many[1..], b"").unwrap();
    assert_eq!(told.status, 200);
    assert_eq!(heard.lock().unwrap()[0].0.matches("x: y\r\n").count(), 64);
}

#[test]
fn urls_that_are_not_plain_or_not_granted_connect_nobody() {
    let silent = Silent::new("127.0.0.1").unwrap();
    let port = silent.port();
    let mut plugin = Asker::of(&[&format!("127.0.0.1:{port}"), "granted.example"])
        .with(|net| net.with_resolver(|_| Ok(vec![[127, 0, 0, 1].into()])));
    for (url, status) in [
        (format!("http://user@127.0.0.1:{port}/"), Status::Invalid),
        (format!("http://user:password@127.0.0.1:{port}/"), Status::Invalid),
        (format!("http://granted.example@127.0.0.1:{port}/"), Status::Invalid),
        (format!("ftp://127.0.0.1:{port}/"), Status::Invalid),
        (format!("127.0.0.1:{port}/"), Status::Invalid),
        (format!("http://127.0.0.1:{port}/a b"), Status::Invalid),
        (format!("http://127.0.0.1:{port}/\r\nX: y"), Status::Invalid),
        (format!("http://127.0.0.1:{port}\\@evil.org/"), Status::Invalid),
        (format!("http://127.1:{port}/"), Status::Invalid),
        (format!("http://2130706433:{port}/"), Status::Invalid),
        (format!("http://0x7f000001:{port}/"), Status::Invalid),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), Status::Invalid),
        (format!("http://127.0.0.1:{port}:80/"), Status::Invalid),
        ("http:///".to_owned(), Status::Invalid),
        ("http://127.0.0.1/".to_owned(), Status::NotGranted),
        (format!("http://localhost:{port}/"), Status::NotGranted),
        (format!("http://127.0.0.2:{port}/"), Status::NotGranted),
        (format!("http://[::1]:{port}/"), Status::NotGranted),
        (format!("https://evil.org:{port}/"), Status::NotGranted),
        // Its port isn't the one at which the address is granted.
        ("http://granted.example/".to_owned(), Status::NotGranted),
    ] {
        assert_eq!(plugin.get(&url), Err(status), "{url}");
    }
    for method in [2, 255] {
        assert_eq!(plugin.http(method, &url(port), &[], b""), Err(Status::Invalid));
    }
    assert_eq!(plugin.http(0, &url(port), &[], b"body"), Err(Status::Invalid));
    assert!(!silent.has_visitor());
}

#[test]
fn a_name_is_told_to_the_server_as_it_was_checked() {
    let (port, heard) = answers("HTTP/1.1 200 OK\r\n\r\n");
    let mut plugin = Asker::of(&["xn--bcher-kva.example", "127.0.0.1"])
        .with(|net| net.with_resolver(|_| Ok(vec![[127, 0, 0, 1].into()])));
    for host in ["bücher.example", "BÜCHER.example.", "XN--bcher-kva.example"] {
        plugin.get(&format!("HTTP://{host}:{port}/x")).unwrap();
        let (head, _) = heard.lock().unwrap().pop().unwrap();
        let host = format!("\r\nhost: xn--bcher-kva.example:{port}\r\n");
        assert!(head.contains(&host), "{head}");
    }
}

#[test]
fn a_value_that_is_no_text_is_left_out() {
    let (port, _) = answers(&b"HTTP/1.1 200 OK\r\nA: \xff\r\nB: \xc3\xbc\r\nB: 2\r\n\r\n"[..]);
    let told = Asker::local().get(&url(port)).unwrap();
    let headers = [("b", "ü"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(told.headers, headers);
}

#[test]
fn the_page_shows_a_request_as_it_is() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/services.md");
    let page = std::fs::read_to_string(page).unwrap();
    let start = "| `http` golden | `";
    let row = page.lines().find_map(|line| line.strip_prefix(start)).unwrap();
    let hex = |text: &str| -> Vec<u8> {
        text.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    };
    let (request, reply) = row.trim_end_matches("` |").split_once("` | `").unwrap();
    let expected = bytes(&(1_u8, "http://a.b/", &[("c", "d")][..], &b"hi"[..], 1024_u32));
    assert_eq!(hex(request), expected);
    let told: (u16, Vec<(&str, &str)>, &[u8]) = <_>::decode(&*hex(reply).leak()).unwrap();
    assert_eq!(told, (200, vec![("c", "d")], &b"ok"[..]));
}
