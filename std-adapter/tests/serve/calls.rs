//! Calls: what they take, and how they end.

use crate::support::{Folder, Server, code, manifest, module, request};
use serde_json::json;

#[test]
fn an_outcome_is_answered_as_json() {
    let server = Server::start(&[]);
    let body = r#"{"request_id":"r1","headers":{"a":"b"},"parameters":{"name":"ada"}}"#;
    let outcome = server.post("/v1/plugins/hello/call/execute", body);
    assert_eq!((outcome.status, outcome.json()), (200, json!({"success": true, "data": "hi"})));
    let nan = server.call("nan");
    assert_eq!((nan.status, nan.body.as_str()), (200, r#"{"success":true,"data":null}"#));
    let escapes = server.call("escapes");
    assert_eq!(escapes.body, r#"{"success":true,"data":"\u001b\"\n\u009b\u202e"}"#);
}

#[test]
fn each_way_to_fail_has_its_status_and_code() {
    let folder = Folder::new();
    folder.write("late.wat", &module("late", "hi"));
    folder.write("late.json", &manifest("late", r#", "timeout": 50"#));
    let server = Server::of(folder, &[]);
    server.wait_for("hello");
    server.wait_for("late");
    let no = server.call("no");
    assert_eq!(
        (no.status, no.json()),
        (422, json!({"success": false, "data": null, "error": "no"}))
    );
    assert_eq!(server.call("fail").error(), code(422, "C04"));
    assert_eq!(server.call("trap").error(), code(502, "F03"));
    // The request isn't an outcome.
    assert_eq!(
        server.post("/v1/plugins/hello/call/echo", r#"{"request_id":"abc"}"#).error(),
        code(502, "F08")
    );
    for entry in ["other", "ampoule_mailbox", "memory", "%1b", "..", "execute%2f"] {
        assert_eq!(server.call(entry).error(), code(404, "B01"), "{entry}");
    }
    assert_eq!(server.post("/v1/plugins/late/call/sleep", "").error(), code(504, "F13"));
    let large = format!(r#"{{"request_id":"{}"}}"#, "x".repeat(3000));
    assert_eq!(server.post("/v1/plugins/hello/call/execute", &large).error(), code(413, "C01"));
}

#[test]
fn a_body_that_is_no_request_is_told_what_it_is_not() {
    let server = Server::start(&[]);
    let deep = "[".repeat(100_000);
    for body in [
        "{",
        "[]",
        "null",
        "\u{feff}{}",
        "{\"parameters\":{\"a\":1}}",
        "{\"x\":0}",
        &deep,
        "{\"parameters\":{\"a\":\"\",\"a\":\"\"}}",
        "\0",
    ] {
        let response = server.post("/v1/plugins/hello/call/execute", body);
        assert_eq!(response.error(), code(400, "R11"), "{:.40}", body);
    }
    let mut bytes = request("POST", "/v1/plugins/hello/call/execute", "", "xx").into_bytes();
    let end = bytes.len();
    bytes[end - 2..].copy_from_slice(b"\xff\xfe");
    assert_eq!(server.send(bytes).error(), code(400, "R11"));
}

#[test]
fn a_breaker_that_is_open_tells_when_to_try_again() {
    let server = Server::start(&[]);
    for _ in 0..5 {
        assert_eq!(server.call("trap").error(), code(502, "F03"));
    }
    // It stays open for a second.
    let refused = server.call("execute");
    assert_eq!((refused.error(), refused.header("retry-after")), (code(503, "C07"), Some("1")));
    let plugin = server.get("/v1/plugins/hello").json();
    assert_eq!(plugin["breaker"]["state"], "open");
    assert!(plugin["breaker"]["microseconds_left"].as_u64().unwrap() <= 1_000_000);
    assert_eq!(plugin["counters"]["failures"]["trap"], 5);
    assert_eq!(server.post("/v1/plugins/hello/lift", "").status, 200);
    assert_eq!(server.call("execute").status, 200);
}

#[test]
fn a_call_of_one_plugin_holds_up_no_other() {
    let folder = Folder::new();
    folder.put("other", "ot");
    let server = Server::of(folder, &[]);
    server.wait_for("hello");
    server.wait_for("other");
    let mut sleeper = server.connect();
    sleeper.send(request("POST", "/v1/plugins/hello/call/sleep", "", ""));
    let outcome = server.post("/v1/plugins/other/call/execute", "");
    assert_eq!(outcome.json()["data"], "ot");
}

#[test]
fn calls_beyond_what_the_server_takes_are_refused() {
    let server = Server::start(&["--max-calls", "2"]);
    let sleepers = [(); 2].map(|()| {
        let mut client = server.connect();
        client.send(request("POST", "/v1/plugins/hello/call/sleep", "", ""));
        client
    });
    crate::support::until("both calls", || {
        let refused = server.call("execute");
        // One of the two may not have come yet; then this one waits behind it until it is dropped.
        refused.error() == code(503, "R12")
    });
    assert_eq!(server.call("execute").header("retry-after"), Some("1"));
    drop(sleepers);
    crate::support::until("room", || server.call("execute").status == 200);
}

#[test]
fn calls_beyond_what_a_plugin_keeps_are_refused() {
    let server = Server::start(&["--request-time", "3000"]);
    let mut clients: Vec<_> = (0..9).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(request("POST", "/v1/plugins/hello/call/sleep", "", ""));
    }
    let mut answers: Vec<_> = clients.iter_mut().map(|client| client.response().error()).collect();
    answers.sort();
    // Eight run out of time, one is refused at once.
    let mut expected = vec![code(503, "C10")];
    expected.resize(9, code(504, "R14"));
    assert_eq!(answers, expected);
}
