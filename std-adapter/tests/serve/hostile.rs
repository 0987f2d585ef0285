//! Clients that break rules, dawdle, flood and go away.

use crate::support::{Server, code, request, until};
use core::time::Duration;
use std::{io::Read, thread, time::Instant};

const CALL: &str = "/v1/plugins/hello/call/execute";

#[test]
fn a_body_that_is_too_large_is_not_read() {
    let server = Server::start(&["--body-limit", "1000"]);
    let fits = format!(r#"{{"request_id":"{}"}}"#, "x".repeat(1000 - 17));
    assert_eq!(fits.len(), 1000);
    assert_eq!(server.post(CALL, &fits).status, 200);
    assert_eq!(server.post(CALL, &format!("{fits} ")).error(), code(413, "R08"));
    // It is refused by what it says, before any of it has come.
    let head = format!("POST {CALL} HTTP/1.1\r\nHost: localhost\r\n");
    for length in ["1001", "1000000000000", "9223372036854775807"] {
        let response = server.send(format!("{head}Content-Length: {length}\r\n\r\n"));
        assert_eq!(response.error(), code(413, "R08"), "{length}");
    }
    for length in ["-1", "18446744073709551616", "1, 2", "x", ""] {
        let response = server.send(format!("{head}Content-Length: {length}\r\n\r\n"));
        assert_eq!(response.status, 400, "{length}");
    }
    // One without an end is cut where it is too much.
    let mut client = server.connect();
    client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
    for _ in 0..11 {
        client.try_send(format!("64\r\n{}\r\n", " ".repeat(100)));
    }
    assert_eq!(client.response().error(), code(413, "R08"));
    let mut client = server.connect();
    client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n"));
    assert_eq!(client.response().error(), code(400, "R10"));
}

#[test]
fn two_lengths_of_one_body_are_refused() {
    let server = Server::start(&[]);
    let head = format!("POST {CALL} HTTP/1.1\r\nHost: localhost\r\n");
    for lengths in [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: x\r\n",
    ] {
        let mut client = server.connect();
        client.send(format!("{head}{lengths}\r\n{{}}0"));
        assert_eq!(client.head().status, 400, "{lengths}");
    }
}

#[test]
fn a_client_that_dawdles_is_dropped() {
    let server = Server::start(&["--read-time", "500"]);
    // One that says nothing, one byte of the head at a time, one after its first request.
    let mut silent = server.connect();
    let mut idle = server.connect();
    idle.send(request("GET", "/v1/health", "", ""));
    assert_eq!(idle.response().status, 200);
    let mut slow = server.connect();
    let start = Instant::now();
    let mut head =
        b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ".iter().chain([b'x'; 1].iter().cycle());
    while slow.try_send([*head.next().unwrap()]) {
        assert!(start.elapsed() < crate::support::PATIENCE, "it goes on forever");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(silent.rest().is_empty() && idle.rest().is_empty());
    // One that says all but the body, which is told.
    let mut client = server.connect();
    client.send(format!("POST {CALL} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{{"));
    assert_eq!(client.response().error(), code(408, "R09"));
    client.rest();
    assert_eq!(server.get("/v1/health").status, 200);
}

#[test]
fn a_head_without_an_end_is_refused() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n");
    let mut sent = 0_u32;
    while client.try_send(format!("X-{sent}: {}\r\n", "x".repeat(1000))) && sent < 10_000 {
        sent += 1;
    }
    assert!(sent < 10_000, "it takes everything");
    let long = "x".repeat(20_000);
    for head in [
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
        format!("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(100)),
    ] {
        let mut client = server.connect();
        client.try_send(head);
        let status = client.head().status;
        assert!([414, 431].contains(&status), "{status}");
    }
    assert_eq!(server.get("/v1/health").status, 200);
}

#[test]
fn what_is_not_http_is_refused() {
    let server = Server::start(&[]);
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /v1/health\r\n\r\n",
        b"GET /v1/health HTTP/9.9\r\n\r\n",
        b"GET  /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHo\0st: localhost\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let mut client = server.connect();
        client.send(bytes);
        client.0.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
        let answer = client.rest();
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            answer.escape_ascii()
        );
    }
    assert_eq!(server.get("/v1/health").status, 200);
}

#[test]
fn requests_in_one_packet_are_answered_in_order() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let call = request("POST", CALL, "", "{}");
    let doze = request("POST", "/v1/plugins/hello/call/doze", "", "");
    let health = request("GET", "/v1/health", "", "");
    let missing = request("GET", "/v1/plugins/other", "", "");
    client.send([doze.as_str(), &call, &health, &missing, &call].concat());
    let statuses = [(); 5].map(|()| client.response().status);
    assert_eq!(statuses, [200, 200, 200, 404, 200]);
}

#[test]
fn connections_beyond_what_it_takes_are_told_so() {
    let server = Server::start(&["--max-connections", "4"]);
    let mut held = Vec::new();
    let refused = loop {
        let mut client = server.connect();
        let mut first = [0; 12];
        client.0.get_ref().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        match client.0.read_exact(&mut first) {
            Ok(()) => break first,
            Err(_) => held.push(client),
        }
        assert!(held.len() <= 4, "it takes all");
    };
    assert_eq!(&refused, b"HTTP/1.1 503");
    drop(held);
    until("room", || {
        let mut client = server.connect();
        client.try_send(request("GET", "/v1/health", "", "")) && client.rest_status() == 200
    });
}

#[test]
fn many_clients_at_once_are_all_answered() {
    let server = Server::start(&[]);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut client = server.connect();
                for _ in 0..50 {
                    client.send(request("POST", CALL, "", "{}"));
                    let response = client.response();
                    // A plugin keeps eight calls.
                    assert!(
                        response.status == 200 || response.error() == code(503, "C10"),
                        "{response:?}"
                    );
                }
            });
        }
    });
    let counters = server.counters();
    let of = |name: &str| counters[name].as_u64().unwrap();
    assert_eq!(of("successes") + counters["refusals"]["queue_full"].as_u64().unwrap(), 800);
}

#[test]
fn a_call_whose_client_goes_away_is_cancelled() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(request("POST", "/v1/plugins/hello/call/sleep", "", ""));
    // Calls of a plugin come one after the other: this one waits behind it.
    let mut waiting = server.connect();
    waiting.send(request("POST", CALL, "", ""));
    thread::sleep(Duration::from_millis(100));
    assert_eq!(server.counters()["calls"], 0);
    drop(client);
    assert_eq!(waiting.response().status, 200);
    let counters = server.counters();
    assert_eq!(counters["failures"]["cancelled"], 1);
    assert_eq!(counters["successes"], 1);
    // A cancelled call says nothing against the plugin.
    assert_eq!(server.get("/v1/plugins/hello").json()["breaker"]["state"], "closed");
}

#[test]
fn a_request_that_takes_too_long_is_cancelled() {
    let server = Server::start(&["--request-time", "200"]);
    assert_eq!(server.call("sleep").error(), code(504, "R14"));
    until("the end of the call", || server.counters()["failures"]["cancelled"] == 1);
    assert_eq!(server.call("execute").status, 200);
}
