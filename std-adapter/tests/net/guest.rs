//! From a guest.

use crate::{
    bytes, manifest,
    server::{answers, echo, serve},
};
use ampoule_abi::Status;
use ampoule_std::{
    Context, Grant, Limits, Manifest, Outcome, Plugin, Policy, read_module, workstation_services,
};
use std::fs;

fn in_text(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("\\{it:02x}")).collect()
}

/// A guest that uses `net.{operation}` and succeeds with a number: the length of the reply, or a status.
fn guest(operation: &str, request: &[u8]) -> String {
    let (text, length) = (in_text(request), request.len());
    format!(
        r#"(module
            (@custom "ampoule.meta" "\01\04test\051.0.0\00\00")
            (import "net" "{operation}" (func $use (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 16384 16384 (pagesize 1))
            (data (i32.const 1024) "{text}")
            (data (i32.const 0) "\01\02\00\00")
            (func (export "ampoule_mailbox") (result i64) (i64.const 0x200_0000_0100))
            (func (export "execute") (param i32) (result i64)
                (local $length i32)
                (local.set $length
                    (call $use (i32.const 1024) (i32.const {length}) (i32.const 4096) (i32.const 8192)))
                ;; As the zigzag varint of one byte that small numbers have.
                (i32.store8 (i32.const 2) (i32.xor
                    (i32.shl (local.get $length) (i32.const 1))
                    (i32.shr_s (local.get $length) (i32.const 31))))
                (i64.const 4)))"#
    )
}

fn granting(operation: &str, hosts: &[String]) -> Manifest {
    let document = serde_json::json!({
        "meta": { "name": "test", "version": "1.0.0" },
        "capabilities": {
            "allowNetwork": true, "allowedHosts": hosts,
            "services": [{ "service": "net", "operations": [operation] }]
        }
    });
    Manifest::parse(document.to_string().as_bytes()).unwrap()
}

/// What the guest got, or why it isn't loaded.
fn run(wat: &str, manifest: &Manifest) -> Result<i64, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.wat");
    fs::write(&path, wat).unwrap();
    let module = read_module(&path, Limits::WORKSTATION.module_bytes).unwrap();
    let grant = Grant::new(manifest, &Policy::WORKSTATION);
    let (limits, context) = (grant.limits(), Context::default());
    let mut services = workstation_services(&grant, |_| (), |_| Ok(()));
    let loaded = Plugin::load_with(&module, &limits, &grant, &mut services, &context);
    let mut plugin = loaded.map_err(|error| error.to_string())?;
    let execute = plugin.bind::<Context<'_>, Outcome<'_>>("execute").unwrap();
    let outcome = plugin.call_with(&mut services, &execute, &context).unwrap();
    let told: serde_json::Value = serde_json::to_value(outcome).unwrap();
    Ok(told["data"].as_i64().unwrap())
}

#[test]
fn a_guest_reaches_what_is_granted() {
    let (port, heard) = answers("HTTP/1.1 200 OK\r\n\r\nhello");
    let url = format!("http://127.0.0.1:{port}/from-a-guest");
    let guest = guest("http", &bytes(&(0_u8, &*url, &[("x", "y"); 0][..], &b""[..], 4096_u32)));
    let hosts = [format!("127.0.0.1:{port}")];
    // 200 has two bytes, then no header, then five bytes and their length.
    assert_eq!(run(&guest, &granting("http", &hosts)), Ok(2 + 1 + 6));
    let heard: Vec<_> = heard.lock().unwrap().iter().map(|(head, _)| head.clone()).collect();
    assert!(heard.len() == 1 && heard[0].starts_with("GET /from-a-guest HTTP/1.1\r\n"));
}

#[test]
fn a_guest_is_refused_what_is_not() {
    let port = serve(echo);
    let connect = guest("connect", &bytes(&(0_u8, "127.0.0.1", port)));
    let own = [format!("127.0.0.1:{port}")];
    assert_eq!(run(&connect, &granting("connect", &own)), Ok(1), "a handle");
    let others = ["example.com".to_owned()];
    let refused = i64::from(Status::NotGranted.code());
    assert_eq!(run(&connect, &granting("connect", &others)), Ok(refused));
}

#[test]
fn a_guest_that_is_not_granted_the_service_is_not_loaded() {
    let connect = guest("connect", &bytes(&(0_u8, "127.0.0.1", 80_u16)));
    let hosts = ["127.0.0.1".to_owned()];
    // Another operation, no service, no hosts.
    for manifest in [granting("http", &hosts), manifest(&hosts), granting("connect", &[])] {
        let refused = run(&connect, &manifest).unwrap_err();
        assert!(refused.contains("net") && refused.contains("connect"), "{refused}");
    }
}
