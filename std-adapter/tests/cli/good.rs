//! Plugins that do what they should.

use crate::{Folder, answering, inspect, plugin, run};
use ampoule_abi::{
    Context, Outcome,
    schema::{self, Declaration},
};
use postcard_schema::Schema as _;
use serde_json::{Value, json};
use std::path::PathBuf;

/// `{"n": -2, "f": 0.5, "nan": NaN, "raw": [0, 255], "list": [null, true], "s": "\u{9b}é"}`
const REPLY: &[u8] = b"\x01\x07\x06\
    \x01n\x02\x03\
    \x01f\x03\0\0\0\0\0\0\xe0\x3f\
    \x03nan\x03\0\0\0\0\0\0\xf8\x7f\
    \x03raw\x05\x02\x00\xff\
    \x04list\x06\x02\x00\x01\x01\
    \x01s\x04\x04\xc2\x9b\xc3\xa9\
    \x00";

#[test]
fn an_outcome_is_printed_as_a_tree_with_what_it_took() {
    let folder = Folder::new();
    let path = folder.with("values.wat", answering("execute", REPLY, false));
    let ran = run(&path, &[]).done();
    let (outcome, stats) = ran.out.split_once("\n\n").unwrap();
    assert_eq!(
        outcome,
        "success\n  n: -2\n  f: 0.5\n  nan: NaN\n  raw: 2 bytes: 00 ff\n  list:\n    - null\n    \
         - true\n  s: \"\\u{9b}é\""
    );
    let labels: Vec<_> = stats.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(labels, ["fuel", "time", "memory", "heap"]);
    assert!(stats.contains("memory     1,024 bytes\n"), "{stats}");
    assert!(stats.contains(" of 2,000,000,000\n"), "{stats}");
    assert!(stats.contains("; bound "), "{stats}");
}

#[test]
fn json_is_one_object_and_its_statistics_stand_aside() {
    let folder = Folder::new();
    let path = folder.with("values.wat", answering("execute", REPLY, false));
    let expected = json!({"success": true, "data": {
        "n": -2, "f": 0.5, "nan": null, "raw": [0, 255], "list": [null, true], "s": "\u{9b}é",
    }});
    let ran = run(&path, &["--json"]).done();
    assert_eq!(ran.json(), expected);
    assert!(ran.out.contains(r#"{"n":-2,"f":0.5,"#) && ran.out.contains(r"\u009b"), "{ran:?}");

    let ran = run(&path, &["--json", "--stats", "--limits", "micro", "--fuel", "777"]);
    assert_eq!((ran.status, ran.json()), (0, expected));
    let stats: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(stats["fuel_allowed"], 777);
    assert_eq!(stats["memory_bytes"], 1024);
    assert_eq!(stats["instances"], 1);
    for name in ["fuel", "microseconds", "load_microseconds"] {
        assert!(stats[name].is_u64(), "{name}");
    }
    within_bound(&stats);
}

/// Whether a plugin has something on the heap, and never had more than was promised when it was admitted.
fn within_bound(stats: &Value) {
    let [now, most, bound] = ["heap_bytes", "heap_most_bytes", "heap_bound_bytes"]
        .map(|name| stats[name].as_u64().unwrap_or_default());
    assert!(0 < now && now <= most && most <= bound, "{stats}");
}

/// Answers the request as a string, so that what was sent can be seen.
const MIRROR: &str = r#"
    (func (export "execute") (param $len i32) (result i64)
      (i32.store8 (i32.const 0) (i32.const 1))
      (i32.store8 (i32.const 1) (i32.const 5))
      (i32.store8 (i32.const 2) (local.get $len))
      (memory.copy (i32.const 3) (i32.const 0x200) (local.get $len))
      (i32.store8 (i32.add (i32.const 3) (local.get $len)) (i32.const 0))
      (i64.extend_i32_u (i32.add (i32.const 4) (local.get $len))))"#;

#[test]
fn parameters_and_headers_reach_the_plugin_in_order() {
    let folder = Folder::new();
    let path = folder.with("mirror.wat", plugin(MIRROR));
    let sent = |args: &[&str]| {
        let ran = run(&path, &[args, &["--json"]].concat()).done();
        let bytes = ran.json()["data"].as_array().unwrap().clone();
        bytes.iter().map(|byte| byte.as_u64().unwrap() as u8).collect::<Vec<_>>()
    };
    assert_eq!(sent(&[]), b"\x07req-001\x00\x00");
    let args = ["--request-id", "7", "--param", "b=1=2", "--param", "a=", "--header", "h=x y"];
    assert_eq!(sent(&args), b"\x017\x01\x01h\x03x y\x02\x01b\x031=2\x01a\x00");
    assert_eq!(sent(&["--param=--json=é"]), b"\x07req-001\x00\x01\x06--json\x02\xc3\xa9");
}

#[test]
fn any_entry_of_the_right_types_can_be_called() {
    let folder = Folder::new();
    let path = folder.with("other.wat", answering("other", b"\x01\x02\x02\x00", false));
    let ran = run(&path, &["--entry", "other", "--json"]).done();
    assert_eq!(ran.json(), json!({"success": true, "data": 1}));
}

const EXECUTE: &[Declaration] = &[
    Declaration { name: "execute", request: Context::SCHEMA, reply: Outcome::SCHEMA },
    Declaration { name: "double", request: u8::SCHEMA, reply: u16::SCHEMA },
];
const SCHEMA: [u8; schema::encoded_len(EXECUTE)] = schema::to_bytes(EXECUTE);

fn declared() -> String {
    plugin(&format!(
        r#"(@custom "ampoule.schema" "{}")
           (table 3 5 funcref)
           (data (i32.const 0) "\01\00\00")
           (global (export "a-global") i32 (i32.const 0))
           (func (export "execute") (param i32) (result i64) (i64.const 3))
           (func (export "double") (param i32) (result i64) (i64.const 2))
           (func (export "_tidy") (param f32 f64))"#,
        crate::in_text(&SCHEMA)
    ))
}

#[test]
fn an_entry_that_declares_context_and_outcome_is_called() {
    let folder = Folder::new();
    run(&folder.with("declared.wat", declared()), &[]).done();
}

#[test]
fn an_inspection_shows_everything_in_tables() {
    let folder = Folder::new();
    let ran = inspect(&folder.with("declared.wat", declared()), &[]).done();
    for line in [
        "test 1.2.3",
        "  made here!",
        "  us",
        "  functions        4",
        "  start function   none",
        "  memory           1,024 bytes, fixed, in pages of 1 byte",
        "  table            3 elements, may grow to 5",
        "  execute   Context -> Outcome",
        "  double    u8 -> u16",
        "  ampoule.panic   (i32, i32) -> ()   needs no grant",
        "  a-global          global",
        "  execute           (i32) -> (i64)",
        "  _tidy             (f32, f64) -> ()",
        "  memory             1,024 bytes",
        "  would be loaded",
    ] {
        assert!(ran.out.lines().any(|it| it == line), "{line:?} in\n{}", ran.out);
    }
    assert!(ran.out.lines().all(|line| line.trim_end() == line), "{}", ran.out);
}

#[test]
fn an_inspection_in_json_has_the_same() {
    let folder = Folder::new();
    let told = inspect(&folder.with("declared.wat", declared()), &["--json"]).done().json();
    assert_eq!(
        told["meta"],
        json!({"name": "test", "version": "1.2.3", "description": "made here!", "author": "us"})
    );
    assert_eq!(
        told["memory"],
        json!({"page_bytes": 1, "minimum_bytes": 1024, "maximum_bytes": 1024})
    );
    assert_eq!(told["table"], json!({"minimum": 3, "maximum": 5}));
    assert_eq!(told["entries"][1], json!({"name": "double", "request": "u8", "reply": "u16"}));
    assert_eq!(
        told["services"],
        json!([{"service": "ampoule", "operation": "panic", "kind": "function",
            "params": ["i32", "i32"], "results": []}])
    );
    assert_eq!(told["exports"][2], json!({"name": "a-global", "kind": "global"}));
    let heap = told["heap"].as_object().unwrap();
    let parts = heap.iter().filter(|(name, _)| !["loading", "total"].contains(&name.as_str()));
    let sum: u64 = parts.map(|(_, bytes)| bytes.as_u64().unwrap()).sum();
    assert_eq!(heap["total"], sum.max(heap["loading"].as_u64().unwrap()));
    assert_eq!(told["verdict"], json!({"admitted": true}));
}

#[test]
fn an_inspection_of_what_would_be_refused_tells_all_the_same() {
    let folder = Folder::new();
    let text = r#"(module
        (import "clock" "now_us" (func (result i64)))
        (memory (export "memory") 1)
        (func $start) (start $start))"#;
    let path = folder.with("refused.wat", text);
    let ran = inspect(&path, &[]);
    assert_eq!((ran.status, ran.err.as_str()), (3, ""));
    for line in [
        "no meta",
        "  start function   function 1",
        "  memory           65,536 bytes, may grow as far as the limit, in pages of 65,536 bytes",
        "  clock.now_us   () -> (i64)   needs a grant",
        "  none",
        "Warnings",
        "  would be refused: error[A11]: the module has a start function",
    ] {
        assert!(ran.out.lines().any(|it| it == line), "{line:?} in\n{}", ran.out);
    }
    assert!(ran.out.lines().last().unwrap().starts_with("  cure: "), "{}", ran.out);
    let told = inspect(&path, &["--json"]).json();
    assert_eq!((&told["start"], &told["meta"]), (&json!(1), &Value::Null));
    assert_eq!(
        (&told["verdict"]["admitted"], &told["verdict"]["code"]),
        (&json!(false), &json!("A11"))
    );
}

#[test]
fn what_can_not_be_read_as_a_module_still_has_a_size_and_a_verdict() {
    let folder = Folder::new();
    let ran = inspect(&folder.with("README.md", "# hello"), &[]);
    assert_eq!(ran.status, 3);
    assert!(
        ran.out.starts_with("Module\n  size   7 bytes\n\nVerdict\n  would be refused: error[A03]")
    );
}

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A guest's module: from `AMPOULE_GUESTS` where that is set (freshly built ones), else the prebuilt one.
fn guest(name: &str) -> PathBuf {
    let folder = std::env::var_os("AMPOULE_GUESTS");
    folder.map_or_else(|| repository("guests/prebuilt"), PathBuf::from).join(name)
}

#[test]
fn the_json_transformer_transforms() {
    let path = guest("json-transformer.wasm");
    let args = ["--param", "user_name=ada", "--param", "format=camelCase", "--request-id", "r-9"];
    let ran = run(&path, &[&args[..], &["--json"]].concat()).done();
    let data = ran.json()["data"].clone();
    assert_eq!(data["userName"], "ada");
    assert_eq!((&data["_request_id"], &data["_processed"]), (&json!("r-9"), &json!(true)));
    let ran = run(&path, &args).done();
    assert!(ran.out.starts_with("success\n") && ran.out.contains("\n  userName: \"ada\"\n"));
    let inspected = inspect(&path, &[]).done();
    assert!(inspected.out.contains("  execute   Context -> Outcome\n"), "{}", inspected.out);
}

#[test]
fn the_json_transformer_fails_as_asked() {
    let path = guest("json-transformer.wasm");
    for (parameter, why) in [("action=fail", "as asked"), ("format=loud", "unknown format")] {
        let ran = run(&path, &["--param", parameter, "--json"]);
        assert_eq!((ran.status, ran.err.as_str()), (1, ""));
        assert!(ran.json()["error"].as_str().unwrap().contains(why), "{ran:?}");
    }
}

#[test]
fn echo_has_typed_entries_and_no_other() {
    let path = guest("echo.wasm");
    let ran = run(&path, &[]).complains(2, "B01");
    assert!(ran.err.contains("echo"), "{ran:?}");
    let ran = run(&path, &["--entry", "echo"]).complains(2, "U04");
    assert!(ran.err.contains("the entry echo takes [u8] and answers [u8]"), "{ran:?}");
    assert!(inspect(&path, &[]).done().out.contains("shift"));
}

#[test]
fn the_plugin_in_text_says_hello() {
    let path = repository("guests/hello/hello.wat");
    assert!(run(&path, &[]).done().out.starts_with("success\n"));
}
