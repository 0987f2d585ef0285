//! Through the whole command, from a guest.

use crate::{Folder, SECRET, bytes};
use ampoule_abi::Status;
use serde_json::json;
use std::{
    fs,
    process::{Command, Output, Stdio},
};

/// A guest that reads `path` and succeeds if the answer is `expected`, with what it read as the outcome's
/// text if that is a length.
fn guest(path: &str, expected: i32) -> String {
    let request = bytes(&(path, 0_u64, 64_u32));
    let in_text =
        |bytes: &[u8]| -> String { bytes.iter().map(|it| format!("\\{it:02x}")).collect() };
    let (length, shown) = (request.len(), expected.max(0));
    format!(
        r#"(module
            (@custom "ampoule.meta" "\01\04test\051.0.0\00\00")
            (import "fs" "read" (func $read (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 4096 4096 (pagesize 1))
            (data (i32.const 1024) "{}")
            (data (i32.const 0) "\01\04{}")
            (func (export "ampoule_mailbox") (result i64) (i64.const 0x200_0000_0100))
            (func (export "execute") (param i32) (result i64)
                (if (i32.ne
                    (call $read (i32.const 1024) (i32.const {length}) (i32.const 3) (i32.const 64))
                    (i32.const {expected})) (then unreachable))
                (i64.const {})))"#,
        in_text(&request),
        in_text(&[shown as u8]),
        4 + shown,
    )
}

fn run(folder: &Folder, guest: &str, paths: &[String]) -> Output {
    let at = tempfile::tempdir().unwrap();
    let (plugin, manifest) = (at.path().join("p.wat"), at.path().join("m.json"));
    fs::write(&plugin, guest).unwrap();
    let document = json!({
        "meta": { "name": "test", "version": "1.0.0" },
        "capabilities": {
            "allowFileSystem": true, "allowedPaths": paths,
            "services": [{ "service": "fs", "operations": ["read"] }]
        }
    });
    fs::write(&manifest, document.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ampoule"));
    command.current_dir(folder.path("data")).stdin(Stdio::null());
    command.arg("run").arg(plugin).arg("--manifest").arg(manifest).arg("--json").output().unwrap()
}

fn text(ran: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{} {} {}", ran.status, text(&ran.stdout), text(&ran.stderr))
}

#[test]
fn a_guest_reads_what_is_granted() {
    let folder = Folder::new();
    for (path, granted) in
        [(folder.text("data/file"), folder.text("data")), ("file".to_owned(), ".".to_owned())]
    {
        let ran = run(&folder, &guest(&path, 7), &[granted]);
        assert!(ran.status.success(), "{}", text(&ran));
        let told: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!(told, json!({ "success": true, "data": "content" }));
    }
}

#[test]
fn a_guest_is_refused_outside() {
    let folder = Folder::new();
    folder.link("../secret", "data/link");
    let (granted, secret) = (folder.text("data"), String::from_utf8_lossy(SECRET));
    for (path, status) in [
        ("secret", Status::NotGranted),
        ("database/file", Status::NotGranted),
        ("data/link", Status::NotGranted),
        ("data/../secret", Status::Invalid),
        ("data/none", Status::NotFound),
    ] {
        let ran = run(
            &folder,
            &guest(&folder.text(path), status.code()),
            core::slice::from_ref(&granted),
        );
        assert!(ran.status.success(), "{path}: {}", text(&ran));
        assert!(!text(&ran).contains(&*secret), "{path}");
    }
}

#[test]
fn a_guest_without_paths_is_not_loaded() {
    let folder = Folder::new();
    let ran = run(&folder, &guest(&folder.text("data/file"), 7), &[]);
    assert_eq!(ran.status.code(), Some(3), "{}", text(&ran));
}
