//! The SDK's functions for plugins, on the service itself.

use crate::{
    Asker,
    server::{answers, echo, serve, udp_echo},
};
use ampoule_abi::Status;
use ampoule_guest::{
    services::net::{self, Kind},
    testing::offer,
};

/// A network of which the plugins of this thread are granted this computer.
fn offered() {
    let mut asker = Asker::local();
    offer("net", move |operation, request| asker.ask(operation, request));
}

#[test]
fn a_plugin_talks_to_a_host() {
    offered();
    for (kind, port) in [(Kind::Tcp, serve(echo)), (Kind::Udp, udp_echo())] {
        let connection = net::connect(kind, "127.0.0.1", port).unwrap();
        let mut place = [0; 16];
        assert_eq!(connection.exchange(b"ping", &mut place), Ok(&b"ping"[..]), "{kind:?}");
        assert_eq!(connection.exchange(b"sent", &mut []), Ok(&b""[..]));
        assert_eq!(connection.exchange(b"", &mut place), Ok(&b"sent"[..]));
        let long = [7; 300];
        assert_eq!(connection.exchange(&long, &mut place), Err(Status::Invalid));
        assert!(connection.exchange_within::<400>(&long, &mut place).is_ok());
        assert_eq!(connection.close(), Ok(()));
    }
}

#[test]
fn a_plugin_gets_and_posts() {
    offered();
    let (port, heard) = answers("HTTP/1.1 201 Created\r\nServer: here\r\n\r\ndone");
    let (url, mut place) = (format!("http://127.0.0.1:{port}/x"), [0; 256]);
    let answer = net::get(&url, &[("accept", "a/b")], &mut place).unwrap();
    assert_eq!((answer.status, answer.body), (201, &b"done"[..]));
    assert_eq!(answer.headers.get("server"), Some("here"));
    net::post(&url, &[], b"body", &mut place).unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard[0].0.starts_with("GET /x ") && heard[0].0.contains("accept: a/b\r\n"));
    assert!(heard[1].0.starts_with("POST /x ") && heard[1].1 == b"body");
}

#[test]
fn a_plugin_is_refused_what_is_not_granted() {
    offered();
    let refused = Status::NotGranted;
    assert_eq!(net::connect(Kind::Tcp, "127.0.0.2", 80), Err(refused));
    assert_eq!(net::get("http://elsewhere.example/", &[], &mut [0; 64]), Err(refused));
    assert_eq!(net::connect(Kind::Tcp, "a b", 80), Err(Status::Invalid));
}
