//! The stream of events.

use crate::support::{Client, Server, code, module, request};
use std::net::TcpStream;

fn follow(server: &Server, headers: &str) -> Client<TcpStream> {
    let mut client = server.connect();
    client.send(request("GET", "/v1/events", headers, ""));
    let head = client.head();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    client
}

#[test]
fn what_was_is_told_to_those_who_ask_and_what_comes_to_all() {
    let server = Server::start(&[]);
    let mut past = follow(&server, "Last-Event-ID: 0\r\n");
    let mut live = follow(&server, "");
    let (first, data) = past.event_called("host.loaded");
    assert_eq!((&data["plugin"], &data["id"]), (&"hello".into(), &"0.0".into()));
    let (id, data) = past.event_called("watch.loaded");
    assert_eq!(data["to"].as_str().unwrap().len(), 64);

    server.folder.write("hello.wat", &module("hello", "ho"));
    let (_, data) = live.event_called("watch.reloaded");
    assert_eq!((&data["plugin"], &data["version"]), (&"hello".into(), &2.into()));
    past.event_called("host.swapped");
    past.event_called("watch.reloaded");

    // Whoever comes back misses nothing, and gets nothing twice.
    let mut back = follow(&server, &format!("Last-Event-ID: {id}\r\n"));
    assert_eq!(back.event().1, "host.staged");
    let mut back = follow(&server, &format!("Last-Event-ID: {first}\r\n"));
    assert_eq!(back.event().1, "watch.loaded");
    // Ids of another server are of no event here.
    for other in ["00000000-4", "x", "-", "\u{e9}"] {
        let mut client = follow(&server, &format!("Last-Event-ID: {other}\r\n"));
        assert_eq!(client.event().1, "host.loaded", "{other}");
    }
}

#[test]
fn faults_breakers_and_files_are_told() {
    let server = Server::start(&[]);
    let mut client = follow(&server, "");
    for _ in 0..5 {
        assert_eq!(server.call("trap").status, 502);
    }
    assert_eq!(client.event_called("host.faulted").1["code"], "F03");
    client.event_called("host.tripped");
    server.folder.write("\u{202e}.json", "{");
    let (_, data) = client.event_called("watch.failed");
    assert!(data["code"].as_str().unwrap().starts_with('M'), "{data}");
    assert!(!data["error"].as_str().unwrap().contains('\u{202e}'), "{data}");
    server.post("/v1/plugins/hello/unload", "");
    assert_eq!(client.event_called("host.unloaded").1["plugin"], "hello");
}

#[test]
fn there_are_so_many_streams_and_no_more() {
    let server = Server::start(&["--max-connections", "8"]);
    let streams = [(); 2].map(|()| follow(&server, ""));
    let refused = server.get("/v1/events");
    assert_eq!((refused.error(), refused.header("retry-after")), (code(503, "R12"), Some("1")));
    drop(streams);
    crate::support::until("a place", || {
        let mut client = server.connect();
        client.send(request("GET", "/v1/events", "", ""));
        client.head().status == 200
    });
}

#[test]
fn a_reader_that_does_not_read_is_dropped_and_holds_up_nobody() {
    let server = Server::start(&["--write-time", "300"]);
    let mut lazy = follow(&server, "");
    let mut live = follow(&server, "");
    // Far more than is kept, and than fits into the buffers of a connection that nobody reads.
    let mut client = server.connect();
    let both = [("quarantine", "host.quarantined"), ("lift", "host.lifted")];
    for round in 0..30_000 {
        let (verb, _) = both[round % 2];
        client.send(request("POST", &format!("/v1/plugins/hello/{verb}"), "", ""));
        assert_eq!(client.response().status, 200);
        let (_, told) = both[round % 2];
        assert_eq!(live.event_called(told).1["plugin"], "hello");
    }
    std::thread::sleep(core::time::Duration::from_secs(1));
    let rest = String::from_utf8_lossy(&lazy.rest()).into_owned();
    assert!(rest.matches("\nevent: ").count() < 30_000);
}
