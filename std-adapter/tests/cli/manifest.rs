//! `ampoule manifest`: good ones, wrong ones, and those to begin with.

use crate::{Folder, Ran, ampoule, command, complains};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

const REFERENCE: &str = r#"{
  "meta": { "name": "json-transformer", "version": "1.0.0", "description": "Transform JSON data with custom rules", "author": "toolsku" },
  "wasmPath": "./plugins/json-transformer.wasm",
  "capabilities": {
    "allowFileSystem": false, "allowNetwork": false, "allowEnv": false,
    "maxMemoryMB": 32, "allowedPaths": [], "allowedHosts": []
  },
  "timeout": 5000
}"#;

/// Asks for some of everything.
const GREEDY: &str = r#"{
  "meta": { "name": "greedy", "version": "0.1.0" },
  "capabilities": {
    "allowFileSystem": true, "allowedPaths": ["/data", "/etc/naïve"],
    "allowNetwork": true,
    "allowedEnv": ["HOME"],
    "services": [
      { "service": "gpio", "operations": ["set"], "scope": "led", "perSecond": 100 },
      { "service": "clock", "operations": ["now_us"] }
    ]
  },
  "timeout": 9000,
  "limits": { "memoryBytes": 65536, "fuelPerCall": 3000000 }
}"#;

const POLICY: &str = r#"{
  "capabilities": {
    "allowFileSystem": true, "allowedPaths": ["/data/today"],
    "services": [{ "service": "gpio", "operations": ["*"], "scope": "led/red", "perSecond": 10 }]
  },
  "timeout": 1000,
  "limits": { "fuelPerCall": 2000000 }
}"#;

/// `ampoule manifest check FILE`
fn check_args(file: &Path) -> Vec<&OsStr> {
    [OsStr::new("manifest"), OsStr::new("check"), file.as_os_str()].to_vec()
}

/// `ampoule manifest check FILE --policy POLICY`
fn policy_args<'a>(file: &'a Path, policy: &'a Path) -> Vec<&'a OsStr> {
    [check_args(file), vec![OsStr::new("--policy"), policy.as_os_str()]].concat()
}

fn with_json(args: Vec<&OsStr>) -> Value {
    ampoule([args, vec![OsStr::new("--json")]].concat()).done().json()
}

fn new(name: &str) -> Ran {
    ampoule(["manifest", "new", name])
}

fn reference(folder: &Folder) -> PathBuf {
    folder.with("json-transformer.manifest.json", REFERENCE)
}

#[test]
fn the_reference_manifest_is_good() {
    let folder = Folder::new();
    let path = reference(&folder);
    let ran = ampoule(check_args(&path)).done();
    assert_eq!(
        ran.out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"),
        "ok: json-transformer 1.0.0
  Transform JSON data with custom rules
  toolsku
  ./plugins/json-transformer.wasm

Asked for, under the workstation's policy
  key                        asked                    granted                  verdict
  capabilities.maxMemoryMB   33,554,432 bytes         16,777,216 bytes         cut by the policy
  timeout                    5,000,000 microseconds   5,000,000 microseconds   granted

Limits that hold
  memory               16,777,216 bytes
  fuel for a call      2,000,000,000
  deadline of a call   5,000,000 microseconds"
    );
}

#[test]
fn a_policy_cuts_and_the_table_tells_what() {
    let folder = Folder::new();
    let (path, policy) = (folder.with("m.json", GREEDY), folder.with("p.json", POLICY));
    let ran = ampoule(policy_args(&path, &policy)).done();
    for (key, words) in [
        ("capabilities.allowedPaths", ["/data", "/data/today", "cut by the policy"]),
        ("capabilities.allowedPaths", ["/etc/naïve", "nothing", "refused by the policy"]),
        ("capabilities.allowNetwork", ["true", "nothing", "names nothing"]),
        ("capabilities.allowedEnv", ["HOME", "nothing", "switched off in the manifest"]),
        (
            "capabilities.services",
            [
                "gpio.set in led, 100 a second",
                "gpio.set in led/red, 10 a second",
                "cut by the policy",
            ],
        ),
        ("capabilities.services", ["clock.now_us", "nothing", "refused by the policy"]),
        ("limits.memoryBytes", ["65,536 bytes", "65,536 bytes", "granted"]),
        ("limits.fuelPerCall", ["3,000,000 fuel", "2,000,000 fuel", "cut by the policy"]),
        ("timeout", ["9,000,000 microseconds", "1,000,000 microseconds", "cut by the policy"]),
    ] {
        let cells = [&[key][..], &words].concat();
        let is_row = |line: &str| {
            line.split("  ").map(str::trim).filter(|it| !it.is_empty()).eq(cells.iter().copied())
        };
        assert!(ran.out.lines().any(is_row), "{cells:?}\n{}", ran.out);
    }
    let shown = format!("Asked for, under the policy {}\n", policy.display());
    assert!(ran.out.contains(&shown), "{ran:?}");
}

#[test]
fn programs_are_told_the_same_as_json() {
    let folder = Folder::new();
    let (path, policy) = (folder.with("m.json", GREEDY), folder.with("p.json", POLICY));
    let row = |key: &str, asked: &str, granted: Option<&str>, verdict: &str| json!({"key": key, "asked": asked, "granted": granted, "verdict": verdict});
    let paths = "capabilities.allowedPaths";
    let services = "capabilities.services";
    assert_eq!(
        with_json(policy_args(&path, &policy)),
        json!({
            "success": true,
            "name": "greedy",
            "version": "0.1.0",
            "description": "",
            "author": "",
            "wasm_path": null,
            "policy": policy.to_str().unwrap(),
            "rows": [
                row(paths, "/data", Some("/data/today"), "narrowed"),
                row(paths, "/etc/naïve", None, "refused"),
                row("capabilities.allowNetwork", "true", None, "nothing"),
                row("capabilities.allowedEnv", "HOME", None, "off"),
                row(
                    services,
                    "gpio.set in led, 100 a second",
                    Some("gpio.set in led/red, 10 a second"),
                    "narrowed",
                ),
                row(services, "clock.now_us", None, "refused"),
                row("limits.memoryBytes", "65536 bytes", Some("65536 bytes"), "granted"),
                row("limits.fuelPerCall", "3000000 fuel", Some("2000000 fuel"), "narrowed"),
                row(
                    "timeout",
                    "9000000 microseconds",
                    Some("1000000 microseconds"),
                    "narrowed",
                ),
            ],
            "limits": {
                "memory_bytes": 65_536, "call_fuel": 2_000_000, "deadline_micros": 1_000_000,
            },
        })
    );
    let told = with_json(check_args(&reference(&folder)));
    assert_eq!(told["policy"], Value::Null);
    assert_eq!(told["wasm_path"], "./plugins/json-transformer.wasm");
}

#[test]
fn a_wrong_manifest_is_refused_with_its_key_and_place() {
    let folder = Folder::new();
    let meta = r#""meta": { "name": "x", "version": "1.0.0" }"#;
    for (content, code, told) in [
        (
            REFERENCE.replace("allowedHosts", "allowedHost"),
            "M07",
            "line 6, column 44: capabilities.allowedHost ",
        ),
        (format!("{{{meta},\n{meta}}}"), "M08", "line 2, column 1: meta is there twice"),
        (REFERENCE.replace("5000", "\"5000\""), "M10", "line 8, column 14: timeout is a string"),
        (REFERENCE[..200].to_owned(), "M03", "line 4, column 11: the text ends inside "),
        (REFERENCE.replace("1.0.0", "1.0"), "M17", "line 2, column 52: meta.version "),
        (
            REFERENCE.replace("5000", "0"),
            "M12",
            "line 8, column 14: timeout is not between 1 and 86400000",
        ),
        ("{}".to_owned(), "M09", "line 1, column 1: meta is missing"),
        ("# Ampoule\n".to_owned(), "M04", "line 1, column 1: "),
        ("{\u{1b}[2J}".to_owned(), "M04", "line 1, column 2: "),
        (format!("{{{meta}, \"\u{9b}\": 1}}"), "M07", "line 1, column "),
    ] {
        let path = folder.with("wrong.json", content);
        let ran = complains(&check_args(&path), 3, code);
        let told = format!("error[{code}]: {}: {told}", path.display());
        assert!(ran.err.starts_with(&told), "{told}\n{ran:?}");
    }
    let path = folder.with("latin-1.json", b"{ \"meta\": { \"name\": \"na\xefve\" } }");
    complains(&check_args(&path), 3, "M02");
}

#[test]
fn a_manifest_cut_anywhere_is_no_panic() {
    let folder = Folder::new();
    for at in (1..REFERENCE.len()).step_by(7) {
        let path = folder.with("cut.json", &REFERENCE[..at]);
        ampoule(check_args(&path)).complains(3, "M03");
    }
}

#[test]
fn a_wrong_policy_is_told_from_a_wrong_manifest() {
    let folder = Folder::new();
    let path = reference(&folder);
    let policy = folder.with("policy.json", REFERENCE);
    let ran = complains(&policy_args(&path, &policy), 3, "M07");
    assert!(ran.err.contains("policy.json: line 2, column 3: meta is not a known key"), "{ran:?}");
    let missing = folder.path("missing.json");
    complains(&policy_args(&path, &missing), 2, "I01");
    complains(&policy_args(&path, folder.0.path()), 2, "I02");
    let wrong = folder.with("wrong.json", "{");
    let ran = complains(&policy_args(&wrong, &missing), 3, "M03");
    assert!(ran.err.contains("wrong.json: "), "{ran:?}");
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_fills_memory() {
    let folder = Folder::new();
    let padded = |bytes: usize| format!("{REFERENCE}{}", " ".repeat(bytes - REFERENCE.len()));
    ampoule(check_args(&folder.with("full.json", padded(16_384)))).done();
    let path = folder.path("huge.json");
    fs::File::create(&path).unwrap().set_len(1_000_000_000).unwrap();
    for (path, bytes) in [
        (folder.with("over.json", padded(16_385)), 16_385),
        (folder.with("more.json", padded(16_386)), 16_386),
        (path, 1_000_000_000),
    ] {
        let ran = complains(&check_args(&path), 3, "M01");
        let told = format!("the document has {bytes} bytes, 16384 are allowed");
        assert!(ran.err.contains(&told), "{ran:?}");
        complains(&policy_args(&reference(&folder), &path), 3, "M01");
    }
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let folder = Folder::new();
    complains(&check_args(&folder.path("missing.json")), 2, "I01");
    complains(&check_args(&folder.with("empty.json", "")), 2, "I06");
    let ran = complains(&check_args(folder.0.path()), 2, "I02");
    assert!(ran.err.contains("cure: give the file in it\n"), "{ran:?}");
    let ran = complains(&check_args(Path::new("no\x1b[31m\nsuch.json")), 2, "I01");
    assert!(ran.err.contains(r"no\u{1b}[31m\nsuch.json"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_without_waiting() {
    let folder = Folder::new();
    let fifo = folder.path("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    complains(&check_args(&fifo), 2, "I03");
    complains(&policy_args(&reference(&folder), &fifo), 2, "I03");
    complains(&check_args(Path::new("/dev/zero")), 2, "I03");
}

#[cfg(unix)]
#[test]
fn a_file_name_is_shown_without_what_a_terminal_obeys() {
    let folder = Folder::new();
    let wrong = folder.with("a\x1b[31m\n\u{9b}.json", "{");
    let ran = complains(&check_args(&wrong), 3, "M03");
    assert!(ran.err.contains(r"a\u{1b}[31m\n\u{9b}.json: line 1"), "{ran:?}");
    let policy = folder.with("p\x1b[31m.json", "{}");
    let ran = ampoule(policy_args(&reference(&folder), &policy)).done();
    assert!(ran.out.contains(r"p\u{1b}[31m.json"), "{ran:?}");
}

#[test]
fn a_new_manifest_passes_the_check_and_asks_for_nothing() {
    let folder = Folder::new();
    let longest = "a".repeat(64);
    for name in ["blink", "7", "a-b_c.d", &longest] {
        let ran = new(name).done();
        let path = folder.with("new.json", &ran.out);
        let told = with_json(check_args(&path));
        assert_eq!((&told["name"], &told["version"]), (&json!(name), &json!("0.1.0")));
        assert_eq!(told["wasm_path"], format!("./{name}.wasm"));
        let rows: Vec<_> = told["rows"].as_array().unwrap().iter().collect();
        let keys: Vec<_> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
        assert_eq!(keys, ["capabilities.maxMemoryMB", "timeout"]);
        assert!(rows.iter().all(|row| row["verdict"] == "granted"), "{told}");
        let policy = folder.with("nothing.json", "{}");
        ampoule(policy_args(&path, &policy)).done();
    }
}

#[test]
fn a_name_that_breaks_the_rule_is_refused_with_it() {
    let too_long = "a".repeat(65);
    for name in ["", " ", "two words", ".hidden", "a/b", "naïve", "a\"b", "a\x1b[1m", &too_long] {
        let ran = new(name).complains(2, "U01");
        assert_eq!(ran.out, "");
        assert!(ran.err.contains("the name is not 1 to 64 ASCII letters, digits, "), "{ran:?}");
    }
    new("-x").complains(2, "U01");
}

#[test]
fn the_command_line_is_told_what_it_lacks() {
    let folder = Folder::new();
    let path = reference(&folder);
    complains(&[OsStr::new("manifest"), OsStr::new("check")], 2, "U01");
    complains(&[OsStr::new("manifest"), OsStr::new("fly")], 2, "U01");
    complains(&[check_args(&path), vec![OsStr::new("--policy")]].concat(), 2, "U01");
    ampoule(["manifest", "new"]).complains(2, "U01");
    let ran = ampoule(["manifest"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("Usage: ampoule manifest"), "{ran:?}");
}

#[test]
fn help_tells_examples() {
    for args in [["manifest", "check", "--help"], ["manifest", "new", "--help"]] {
        let ran = ampoule(args).done();
        assert!(ran.out.contains("Examples:"), "{ran:?}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new();
    let path = reference(&folder);
    let path = path.to_str().unwrap();
    for args in [
        &["manifest", "check", path][..],
        &["manifest", "check", path, "--json"],
        &["manifest", "new", "blink"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = command(args).stdout(writer).output().unwrap();
        assert_eq!((ran.status.code(), ran.stderr.len()), (Some(0), 0), "{args:?}");
    }
}
