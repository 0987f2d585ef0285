//! Reload while calls go on, and the end of a server.

use crate::support::{Folder, Server, code, module, request, until};
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use std::{net::TcpStream, thread};

#[test]
fn a_plugin_is_reloaded_while_calls_go_on() {
    let server = Server::start(&[]);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let (mut client, mut seen) = (server.connect(), Vec::new());
                    while !stop.load(Ordering::Relaxed) {
                        client.send(request("POST", "/v1/plugins/hello/call/execute", "", ""));
                        let response = client.response();
                        assert_eq!(response.status, 200, "{response:?}");
                        let data = response.json()["data"].as_str().unwrap().to_owned();
                        if seen.last() != Some(&data) {
                            seen.push(data);
                        }
                    }
                    seen
                })
            })
            .collect();
        for reply in ["v1", "v2", "v3"] {
            server.folder.write("hello.wat", &module("hello", reply));
            until(reply, || server.call("execute").json()["data"] == reply);
        }
        stop.store(true, Ordering::Relaxed);
        for caller in callers {
            let seen = caller.join().unwrap();
            let all = ["hi", "v1", "v2", "v3"];
            // None sees an old version after a new one.
            let places: Vec<_> =
                seen.iter().map(|it| all.iter().position(|of| of == it).unwrap()).collect();
            assert!(places.is_sorted(), "{seen:?}");
        }
    });
    assert_eq!(server.counters()["reloads"], 3);
}

#[test]
fn a_plugin_goes_with_its_manifest() {
    let folder = Folder::new();
    folder.put("other", "ot");
    let server = Server::of(folder, &[]);
    server.wait_for("other");
    std::fs::remove_file(server.folder.path("other.json")).unwrap();
    until("its end", || server.get("/v1/plugins/other").status == 404);
    assert_eq!(server.call("execute").status, 200);
}

#[test]
fn at_the_end_calls_under_way_get_their_chance() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        let mut client = server.connect();
        client.send(request("POST", "/v1/plugins/hello/call/doze", "", ""));
        let mut idle = server.connect();
        idle.send(request("GET", "/v1/health", "", ""));
        idle.response();
        let mut stream = server.connect();
        stream.send(request("GET", "/v1/events", "", ""));
        assert_eq!(stream.head().status, 200);
        thread::sleep(Duration::from_millis(100));
        server.signal(signal);
        assert_eq!(client.response().json()["data"], "hi");
        assert!(idle.rest().is_empty());
        stream.rest();
        assert_eq!(server.ended(), 0);
        assert!(TcpStream::connect(&server.address).is_err());
    }
}

#[test]
fn at_the_end_calls_that_take_too_long_are_cancelled_and_told_so() {
    let mut server = Server::start(&["--grace", "200"]);
    let mut client = server.connect();
    client.send(request("POST", "/v1/plugins/hello/call/sleep", "", ""));
    thread::sleep(Duration::from_millis(100));
    server.signal("-TERM");
    assert_eq!(client.response().error(), code(503, "R13"));
    assert_eq!(server.ended(), 0);
}

#[test]
fn a_second_signal_ends_the_grace() {
    let mut server = Server::start(&["--grace", "86400000"]);
    let mut client = server.connect();
    client.send(request("POST", "/v1/plugins/hello/call/sleep", "", ""));
    thread::sleep(Duration::from_millis(100));
    server.signal("-TERM");
    thread::sleep(Duration::from_millis(200));
    assert!(server.is_running());
    server.signal("-TERM");
    assert_eq!(client.response().error(), code(503, "R13"));
    assert_eq!(server.ended(), 0);
}

#[test]
fn the_directory_may_come_later() {
    let folder = Folder::new();
    std::fs::rename(folder.path(""), folder.0.path().join("away")).unwrap();
    let server = Server::of(folder, &[]);
    assert_eq!(server.get("/v1/plugins").json(), serde_json::json!({"plugins": []}));
    std::fs::rename(server.folder.0.path().join("away"), server.folder.path("")).unwrap();
    server.wait_for("hello");
}
