//! HTTPS: who vouches for a server.

use crate::{
    Asker,
    server::{Heard, request_in, serve},
};
use ampoule_abi::Status;
use core::time::Duration;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};
use std::{io::Write as _, sync::Arc, thread};

/// A server for this name, and the certificate that vouches for it.
fn server(name: &str) -> (u16, Heard, Vec<u8>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
    let (config, heard) = (Arc::new(config), Heard::default());
    let told = Arc::clone(&heard);
    let port = serve(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let Some(request) = request_in(&mut stream) else { return };
        told.lock().unwrap().push(request);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        stream.conn.send_close_notify();
        let _ = stream.flush();
    });
    (port, heard, cert.der().to_vec())
}

fn asker(root: Option<&[u8]>) -> Asker {
    let asker = Asker::of(&["lamp.example", "other.example", "127.0.0.1"])
        .with(|net| net.with_resolver(|_| Ok(vec![[127, 0, 0, 1].into()])));
    match root {
        Some(root) => asker.with(|net| net.with_root_certificates([root])),
        None => asker,
    }
}

#[test]
fn a_server_that_is_vouched_for_is_asked() {
    let (port, heard, root) = server("lamp.example");
    let url = format!("https://lamp.example:{port}/x");
    let told = asker(Some(&root)).http(1, &url, &[], b"body").unwrap();
    assert_eq!((told.status, &*told.body), (200, &b"hello"[..]));
    let (head, body) = heard.lock().unwrap().pop().unwrap();
    assert!(head.starts_with("POST /x HTTP/1.1\r\n"));
    assert_eq!(body, b"body");
    let (port, _, root) = server("127.0.0.1");
    let told = asker(Some(&root)).get(&format!("https://127.0.0.1:{port}/")).unwrap();
    assert_eq!(told.status, 200);
}

#[test]
fn a_server_that_nobody_vouches_for_hears_nothing() {
    let (port, heard, root) = server("lamp.example");
    let (_, _, stranger) = server("lamp.example");
    let lamp = format!("https://lamp.example:{port}/");
    assert_eq!(asker(None).get(&lamp), Err(Status::Failed));
    assert_eq!(asker(Some(&stranger)).get(&lamp), Err(Status::Failed));
    assert_eq!(asker(Some(b"no certificate")).get(&lamp), Err(Status::Failed));
    let other = format!("https://other.example:{port}/");
    assert_eq!(asker(Some(&root)).get(&other), Err(Status::Failed), "another name");
    let plain = format!("http://lamp.example:{port}/");
    assert_eq!(asker(Some(&root)).get(&plain), Err(Status::Failed), "it isn't asked without TLS");
    assert!(heard.lock().unwrap().is_empty());
}

#[test]
fn a_handshake_that_is_none_or_never_ends_is_cut_off() {
    let plain = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    });
    let drips = serve(|mut stream| {
        // A record of 16 KiB that is to be a handshake, byte by byte.
        let mut sent = stream.write_all(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff");
        while sent.is_ok() {
            thread::sleep(Duration::from_millis(20));
            sent = stream.write_all(b"\0");
        }
    });
    let garbage = serve(|mut stream| {
        let _ = stream.write_all(&[0x55; 4096]);
    });
    let silent = serve(|stream| {
        thread::sleep(Duration::from_secs(3600));
        drop(stream);
    });
    for (port, asker, status) in [
        (plain, asker(None), Status::Failed),
        (garbage, asker(None), Status::Failed),
        (drips, asker(None).short(), Status::Busy),
        (silent, asker(None).short(), Status::Busy),
    ] {
        let mut asker = asker;
        let told = asker.get(&format!("https://lamp.example:{port}/"));
        assert_eq!(told, Err(status));
    }
}
