//! The commands on a real device.

use crate::{
    bench::{Bench, Turning},
    guests,
    ran::{Ran, at, command, finish},
};
use ampoule_link::Announced;
use ampoule_std::{
    Manifest, Source,
    device::{Hash, Target},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
};
use tempfile::TempDir;

/// A device, and files to send there.
struct Desk {
    bench: Bench,
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { bench: Bench::new(), folder: TempDir::new().unwrap() }
    }

    /// With `teller` 1.0.0 and `hello`.
    fn filled() -> Self {
        let desk = Self::new();
        desk.teller("1.0.0", &[]).done();
        desk.deploy("hello.wat", &[]).done();
        desk
    }

    fn at(&self, args: &[&str]) -> Ran {
        at(self.bench.port(), args)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Deploys a file of the folder, or one of the repository's plugins.
    fn deploy(&self, name: &str, args: &[&str]) -> Ran {
        let path = match name {
            "hello.wat" => self.file(name, include_str!("../../../guests/hello/hello.wat")),
            name => self.folder.path().join(name),
        };
        self.at(&[&["deploy", path.to_str().unwrap()], args].concat())
    }

    fn teller(&self, version: &str, args: &[&str]) -> Ran {
        self.file("teller.wasm", guests::plugin("teller", version));
        let manifest = self.file("teller.json", guests::manifest("teller"));
        let manifest = manifest.to_str().unwrap();
        self.deploy("teller.wasm", &[&["--manifest", manifest], args].concat())
    }
}

#[test]
fn ps_lists_the_plugins_with_what_they_have_done() {
    let desk = Desk::new();
    assert_eq!(desk.at(&["ps"]).done().out, "no plugins\n");
    assert_eq!(desk.at(&["ps", "--json"]).done().json(), json!({"success": true, "plugins": []}));
    let desk = Desk::filled();
    desk.at(&["call", "teller", "who", "--hex", ""]).done();
    desk.at(&["call", "teller", "trap", "--hex", ""]).complains(3, "F03");
    let ran = desk.at(&["ps"]).done();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = ran.out.lines().map(words).collect();
    let names = "id plugin version hash state calls failures fuel memory heap breaker";
    assert_eq!(lines[0], words(names));
    let hash = Hash::of(&guests::plugin("teller", "1.0.0")).to_string();
    assert_eq!(lines[1][..7], words(&format!("0.0 teller 1.0.0 {hash} idle 2 1")));
    assert_eq!(lines[2][..3], words("1.0 hello 1.0.0"));
    assert_eq!((lines.len(), lines[2].last().unwrap().as_str()), (3, "closed"));
    assert_eq!(desk.at(&["top"]).done().out, ran.out, "elsewhere than on a terminal");

    let told = desk.at(&["ps", "--json"]).done().json();
    let teller = &told["plugins"][0];
    assert_eq!((&teller["plugin"], &teller["name"]), (&json!("0.0"), &json!("teller")));
    assert_eq!((&teller["hash"], &teller["breaker"]), (&json!(hash), &json!("closed")));
    assert_eq!(teller["counters"]["calls"], 2);
    assert_eq!(teller["counters"]["failures"], 1);
}

#[test]
fn describe_tells_what_the_device_is_and_takes() {
    let desk = Desk::filled();
    let ran = desk.at(&["describe"]).done();
    for part in ["bench", "firmware", "2 free of 4", "32,768 free of 65,536 bytes", "4,096", "log"]
    {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    let told = desk.at(&["describe", "--json"]).done().json();
    assert_eq!(told["name"], "bench");
    assert_eq!(told["most"]["install_bytes"], 4096);
    assert_eq!(told["services"], json!(["log"]));
}

#[test]
fn an_entry_is_called_with_a_context_or_with_bytes() {
    let desk = Desk::filled();
    let ran = desk.at(&["call", "hello"]).done();
    assert_eq!(ran.out, "success\n  \"hello from wat\"\n");
    let args = ["call", "1.0", "execute", "--param", "a=1", "--request-id", "7", "--json"];
    let told = desk.at(&args).done().json();
    assert_eq!(told, json!({"success": true, "data": "hello from wat"}));
    let module = desk.folder.path().join("hello.wat");
    desk.at(&["call", "hello", "--module", module.to_str().unwrap()]).done();

    let ran = desk.at(&["call", "teller", "who", "--hex", ""]).done();
    assert_eq!(ran.out, "31 2e 30 2e 30\n");
    let ran = desk.at(&["call", "teller", "add", "--hex", "0500 0000", "--json"]).done();
    assert_eq!(ran.json(), json!({"success": true, "reply": "05000000"}));

    let fails = desk.at(&["call", "teller", "fail", "--hex", "", "--json"]).complains(1, "C04");
    assert_eq!(fails.json()["error"], "the plugin failed with code 300: no");
    desk.at(&["call", "teller", "who"]).complains(2, "E13");
    desk.at(&["call", "teller", "nothing"]).complains(3, "B01");
    desk.at(&["call", "teller", "big", "--hex", ""]).complains(3, "N05");
    for (args, code) in [
        (&["call", "teller", "who", "--hex", "0"][..], "U01"),
        (&["call", "teller", "who", "--hex", "00", "--param", "a=1"], "U01"),
        (&["call", "hello", "--param", "a"], "U02"),
        (&["call", "hello", "--param", "a=1", "--param", "a=2"], "U03"),
        (&["call", "hello", "--module", "missing.wasm"], "I01"),
        (&["call", "hello", "--wait", "1"], "U01"),
        (&["call"], "U01"),
    ] {
        desk.at(args).complains(2, code);
    }
    let long = format!("a={}", "x".repeat(20_000));
    desk.at(&["call", "hello", "--param", &long]).complains(2, "N16");
}

/// Declares `echo: [u8] -> [u8]` and `shift: Point -> Point`.
const ECHO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/prebuilt/echo.wasm");

#[test]
fn an_entry_of_declared_types_is_called_with_json() {
    let desk = Desk::new();
    desk.at(&["deploy", ECHO]).done();
    let typed = |entry: &str, json: &str, more: &[&str]| {
        desk.at(&[&["call", "echo", entry, json, "--module", ECHO], more].concat())
    };
    let point = r#"{"x":-70000,"y":3}"#;
    // What the plugin makes of it here is what it makes of it there.
    let shifted = typed("shift", point, &[]).done().json();
    let hex = desk.at(&["call", "echo", "shift", "--hex", "df c5 08 06"]).done().out;
    let x = shifted["x"].as_i64().unwrap();
    let zigzag = u32::try_from((x << 1) ^ (x >> 63)).unwrap();
    assert!(hex.starts_with(&format!("{:02x} ", (zigzag & 0x7f) | 0x80)), "{hex} {shifted}");
    let ran = typed("echo", "[0,255]", &[]).done();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("[0,255]\n", ""));
    let told = typed("echo", "[7]", &["--json"]).done().json();
    assert_eq!(told, json!({"success": true, "reply": [7]}));
    // Another module may have other types; it is told.
    let mut other = std::fs::read(ECHO).unwrap();
    other.extend(*b"\0\x03\x02no");
    let other = desk.file("other.wasm", other);
    let args = ["call", "echo", "echo", "[7]", "--module", other.to_str().unwrap()];
    let ran = desk.at(&args).done();
    assert!(ran.err.starts_with("the device runs another module"), "{ran:?}");
    let before = desk.bench.done();
    for (entry, json) in [
        ("shift", r#"{"x":1}"#),
        ("shift", r#"{"x":1,"y":2147483648}"#),
        ("shift", "{"),
        ("echo", "[256]"),
        ("nothing", "1"),
    ] {
        typed(entry, json, &[]).complains(2, "E15");
    }
    typed("echo", "[1]", &["--param", "a=1"]).complains(2, "U01");
    desk.at(&["call", "echo", "echo", "[1]"]).complains(2, "U01");
    // Without a message it would be a Context.
    desk.at(&["call", "echo", "echo", "--module", ECHO]).complains(2, "U04");
    assert_eq!(desk.bench.done(), before, "the device was asked");
}

#[test]
fn names_and_ids_that_arent_there_are_told() {
    let desk = Desk::filled();
    for command in ["call", "rollback", "unload", "lift"] {
        for name in ["tellers", "0.1", "9.0", "0", "", "TELLER", "0.0 "] {
            let ran = desk.at(&[command, name]).complains(2, "E07");
            let told = desk.at(&[command, name, "--json"]).complains(2, "E07").json();
            assert_eq!(told["code"], "E07", "{ran:?}");
        }
    }
    // An id is good until its plugin is unloaded, and never again.
    desk.at(&["unload", "0.0"]).done();
    desk.teller("1.0.0", &[]).done();
    desk.at(&["call", "0.0"]).complains(2, "E07");
    assert!(desk.at(&["ps"]).done().out.contains("0.1"));
}

#[test]
fn a_plugin_is_deployed_replaced_rolled_back_and_unloaded() {
    let desk = Desk::new();
    let ran = desk.teller("1.0.0", &[]).done();
    let hash = |version| Hash::of(&guests::plugin("teller", version));
    assert_eq!(ran.out, format!("loaded teller 1.0.0 as 0.0, hash {}\n", hash("1.0.0")));
    assert!(ran.err.starts_with("teller 1.0.0 goes into a free slot: "), "{ran:?}");
    assert!(ran.err.contains(" bytes\nall is sent; the device loads it\n"), "{ran:?}");

    let ran = desk.teller("2.0.0", &[]).done();
    let expected = format!("reloaded 0.0: teller 2.0.0, hash {}, on probation\n", hash("2.0.0"));
    assert_eq!(ran.out, expected);
    assert!(ran.err.starts_with("teller 2.0.0 replaces 1.0.0 as 0.0: "), "{ran:?}");
    assert!(desk.at(&["ps"]).done().out.contains("probation"));
    assert_eq!(desk.at(&["rollback", "teller"]).done().out, "teller 0.0: went back\n");
    desk.at(&["rollback", "teller"]).complains(3, "L06");
    assert_eq!(desk.at(&["call", "teller", "who", "--hex", ""]).done().out, "31 2e 30 2e 30\n");

    let told = desk.teller("3.0.0", &["--replace", "0.0", "--json"]).done();
    assert_eq!(told.err, "");
    assert_eq!(
        told.json(),
        json!({
            "success": true, "plugin": "0.0", "name": "teller", "version": "3.0.0",
            "hash": hash("3.0.0").to_string(), "probation": true, "replaced": "1.0.0",
        })
    );
    let told = desk.at(&["lift", "teller", "--json"]).done().json();
    assert_eq!(told, json!({"success": true, "plugin": "0.0", "name": "teller"}));
    desk.at(&["unload", "teller"]).done();
    assert_eq!(desk.at(&["ps"]).done().out, "no plugins\n");
}

#[test]
fn a_deployment_that_cant_be_is_refused_before_a_byte_is_sent() {
    let desk = Desk::filled();
    let refused = |ran: Ran, status: i32, code: &str| {
        ran.complains(status, code);
        assert!(desk.bench.with(|turning| turning.unit.unit.install().progress().is_none()));
    };
    let huge = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/prebuilt/json-transformer.wasm");
    refused(desk.at(&["deploy", huge]), 3, "N11");
    let module = desk.file("teller.wasm", guests::plugin("teller", "2.0.0"));
    refused(desk.at(&["deploy", module.to_str().unwrap()]), 3, "A34");
    refused(desk.teller("2.0.0", &["--replace", "nobody"]), 2, "E07");
    refused(desk.teller("2.0.0", &["--replace", "teller", "--new"]), 2, "U01");
    desk.file("bad.wasm", b"not a module");
    refused(desk.deploy("bad.wasm", &[]), 3, "A03");
    refused(desk.deploy("missing.wasm", &[]), 2, "I01");
    let manifest = desk.file("bad.json", "{");
    refused(desk.deploy("hello.wat", &["--manifest", manifest.to_str().unwrap()]), 3, "M03");
    let manifest = desk.file("other.json", guests::manifest("other"));
    refused(desk.deploy("hello.wat", &["--manifest", manifest.to_str().unwrap()]), 3, "A35");
    // What only the device knows it says, and the old version goes on.
    desk.teller("2.0.0", &["--new"]).complains(3, "L02");
    assert!(desk.at(&["ps"]).done().out.contains("teller  1.0.0"));
    for name in ["three", "four"] {
        desk.file("more.wasm", guests::plugin(name, "1.0.0"));
        let manifest = desk.file("more.json", guests::manifest(name));
        desk.deploy("more.wasm", &["--manifest", manifest.to_str().unwrap()]).done();
    }
    desk.file("more.wasm", guests::plugin("five", "1.0.0"));
    let manifest = desk.file("more.json", guests::manifest("five"));
    refused(desk.deploy("more.wasm", &["--manifest", manifest.to_str().unwrap()]), 3, "E09");
}

#[test]
fn a_deployment_goes_on_over_a_line_that_breaks() {
    let desk = Desk::filled();
    // Describe, slots twice, counters, status, begin: then chunks.
    desk.bench.cut_after(8);
    let ran = desk.teller("2.0.0", &[]).done();
    assert!(ran.err.contains("; it goes on with a new session\n"), "{ran:?}");
    assert!(ran.out.starts_with("reloaded 0.0: teller 2.0.0"), "{ran:?}");
}

#[test]
fn anothers_install_is_ended_by_abort_alone() {
    let desk = Desk::filled();
    desk.bench.with(|turning| {
        let other = Announced::new(Target::New, &[b"", b"another"]);
        turning.begins(&other);
    });
    let ran = desk.teller("2.0.0", &[]).complains(3, "E06");
    assert!(ran.err.contains("--abort"), "{ran:?}");
    desk.teller("2.0.0", &["--abort"]).done();
}

#[test]
fn logs_are_merged_by_time_and_told_once() {
    let desk = Desk::filled();
    desk.at(&["call", "teller", "say", "--hex", ""]).done();
    let ran = desk.at(&["logs"]).done();
    let hash = Hash::of(&guests::plugin("teller", "1.0.0"));
    assert!(ran.out.contains(&format!("0.000007 event teller: loaded {hash}\n")), "{ran:?}");
    assert!(ran.out.contains("0.000007 info teller: hello\n"), "{ran:?}");
    assert_eq!(desk.at(&["logs"]).done().out, "");
    desk.at(&["call", "teller", "say", "--hex", ""]).done();
    desk.at(&["call", "teller", "trap", "--hex", ""]).complains(3, "F03");
    let ran = desk.at(&["logs", "--json"]).done();
    let told: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(told.contains(&json!({"at": 7, "plugin": "teller", "level": "info", "text": "hello"})));
    let faulted = json!({
        "at": 7, "plugin": "teller", "event": "faulted", "text": "a call was ended: F03",
    });
    assert!(told.contains(&faulted), "{told:?}");
}

/// Has `teller` say hello, without anybody asking for it over the line.
fn says_hello(turning: &mut Turning) {
    let host = &mut turning.unit.host;
    if host.iter().next().is_none() {
        let (manifest, module) = (guests::manifest("teller"), guests::plugin("teller", "1.0.0"));
        let manifest = Manifest::parse(&manifest).unwrap();
        host.load(Source::new(&module).with_manifest(&manifest)).unwrap();
    }
    let (id, _) = host.iter().next().unwrap();
    let say = host.bind::<(), ()>(id, "say").unwrap();
    host.call(&say, &()).unwrap();
}

#[test]
fn logs_are_followed_over_a_restart_until_the_reader_leaves() {
    let desk = Desk::new();
    let mut child = command(["logs", "--follow", "--every", "10ms", "--port", desk.bench.port()])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut hears_hello = move || {
        let heard = lines.find(|line| line.as_ref().unwrap().ends_with(" info teller: hello"));
        assert!(heard.is_some());
    };
    desk.bench.with(says_hello);
    hears_hello();
    desk.bench.with(|turning| turning.unit.restart());
    desk.bench.with(says_hello);
    hears_hello();
    drop(hears_hello);
    desk.bench.with(says_hello);
    child.stdout = Some(command(["--version"]).spawn().unwrap().stdout.take().unwrap());
    let ran = finish(child).done();
    assert!(ran.err.contains("restarted"), "{ran:?}");
}

#[test]
fn a_reset_restarts_the_device() {
    let desk = Desk::filled();
    assert_eq!(desk.at(&["reset"]).done().out, "bench restarts\n");
    assert_eq!(desk.at(&["reset", "--json"]).done().json(), json!({"success": true}));
    assert_eq!(desk.at(&["ps"]).done().out, "no plugins\n");
    assert_eq!(desk.bench.with(|turning| turning.unit.restarts), 2);
}

#[test]
fn every_command_needs_a_port_and_tells_how_it_is_used() {
    for name in
        ["ps", "describe", "call", "deploy", "rollback", "unload", "lift", "reset", "logs", "top"]
    {
        let plugin: &[&str] = match name {
            "call" | "deploy" | "rollback" | "unload" | "lift" => &["x"],
            _ => &[],
        };
        let ran = finish(command([&[name], plugin].concat()).spawn().unwrap());
        ran.complains(2, "U01");
        let help = finish(command([name, "--help"]).spawn().unwrap()).done();
        for part in ["--port", "--baud", "Exit status:", "unix:"] {
            assert!(help.out.contains(part), "{name}: {help:?}");
        }
    }
}
