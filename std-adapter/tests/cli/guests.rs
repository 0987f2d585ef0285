//! Plugins that misbehave, and plugins that say no.

use crate::{Folder, Ran, answering, complains, plugin, run, run_args};
use ampoule_abi::schema::{self, Declaration};
use postcard_schema::Schema as _;
use serde_json::json;

/// Writes a plugin's text and runs it, for people and for programs.
fn refused(text: &str, args: &[&str], status: i32, code: &str) -> Ran {
    let folder = Folder::new();
    let path = folder.with("guest.wat", text);
    complains(&run_args(&path, args), status, code)
}

#[test]
fn a_reply_that_is_no_outcome_is_a_fault() {
    for reply in [
        &b"\x01\x04\x02\xff\xfe\x00"[..],
        b"",
        b"\x01\x00",
        b"\x02\x00\x00",
        b"\x01\x00\x00!",
        b"\x01\x09\x00",
    ] {
        refused(&answering("execute", reply, false), &[], 3, "F08");
    }
    let deep = [&b"\x01"[..], &b"\x06\x01".repeat(33), b"\x00\x00"].concat();
    refused(&answering("execute", &deep, false), &[], 3, "F08");
    refused(&answering("execute", b"\xff", true), &[], 3, "F09");
}

#[test]
fn last_words_are_shown_without_what_a_terminal_obeys() {
    let text = plugin(
        r#"(data (i32.const 0) "\1b[2J\1b]0;owned\07\c2\9bm\n\e2\80\aebye")
           (func (export "execute") (param i32) (result i64)
             (call $panic (i32.const 0) (i32.const 24)) (i64.const 0))"#,
    );
    let ran = refused(&text, &[], 3, "F04");
    assert!(ran.err.contains("bye"), "{ran:?}");
    assert!(!ran.err.contains('\u{202e}'), "{ran:?}");
}

#[test]
fn an_endless_loop_ends_with_its_fuel() {
    let endless =
        r#"(func (export "execute") (param i32) (result i64) (loop (br 0)) (unreachable))"#;
    for args in [&["--fuel", "1000000"][..], &["--limits", "micro"], &["--fuel", "0"]] {
        let ran = refused(&plugin(endless), args, 3, "F01");
        assert!(ran.err.contains("call_fuel"), "{ran:?}");
    }
    let recursive =
        r#"(func $f (export "execute") (param i32) (result i64) (call $f (i32.const 0)))"#;
    refused(&plugin(recursive), &[], 3, "F02");
    let trapping = r#"(func (export "execute") (param i32) (result i64) (unreachable))"#;
    refused(&plugin(trapping), &[], 3, "F03");
    let wild =
        r#"(func (export "execute") (param i32) (result i64) (i64.const 0x7fffffff_00000001))"#;
    refused(&plugin(wild), &[], 3, "F06");
}

#[test]
fn a_missing_entry_lists_those_that_there_are() {
    let two = plugin(
        r#"(func (export "filter") (param i32) (result i64) (i64.const 0))
           (func (export "reset") (param i32) (result i64) (i64.const 0))"#,
    );
    let ran = refused(&two, &[], 2, "B01");
    assert!(ran.err.contains(r#""execute"; the plugin has: filter, reset"#), "{ran:?}");
    let hidden = refused(&two, &["--entry", "ampoule_mailbox"], 2, "B01");
    assert!(hidden.err.contains("filter, reset"), "{hidden:?}");
    let odd = refused(&two, &["--entry", "\u{1b}[1m"], 2, "B01");
    assert!(odd.err.contains("[1m"), "{odd:?}");
}

const TYPED: &[Declaration] =
    &[Declaration { name: "double", request: u8::SCHEMA, reply: <(u64, bool)>::SCHEMA }];
const TYPED_SECTION: [u8; schema::encoded_len(TYPED)] = schema::to_bytes(TYPED);

#[test]
fn an_entry_of_other_types_is_not_called() {
    let text = plugin(&format!(
        r#"(@custom "ampoule.schema" "{}")
           (func (export "double") (param i32) (result i64) (unreachable))"#,
        crate::in_text(&TYPED_SECTION)
    ));
    let ran = refused(&text, &["--entry", "double"], 2, "U04");
    assert!(ran.err.contains("the entry double takes u8 and answers (u64, bool)"), "{ran:?}");
    assert!(ran.err.contains("take a Context and answer an Outcome"), "{ran:?}");
}

#[test]
fn a_plugin_that_says_no_is_told_from_one_that_is_ended() {
    let failure = b"\x64\x05sorry";
    let said_no = refused(&answering("execute", failure, true), &[], 1, "C04");
    assert!(said_no.err.contains("code 100: sorry"), "{said_no:?}");
    refused(&answering("ampoule_init", failure, true), &[], 1, "C04");
    let long = format!("a={}", "x".repeat(300));
    refused(&answering("execute", b"\x01\x00\x00", false), &["--param", &long], 3, "C01");
}

#[test]
fn an_outcome_without_success_is_printed_and_tells_by_the_exit_status() {
    let folder = Folder::new();
    let reply = b"\x00\x00\x01\x0ano \x1b[1mway";
    let path = folder.with("no.wat", answering("execute", reply, false));
    let ran = run(&path, &[]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    assert!(ran.out.starts_with("failed: no \\u{1b}[1mway\n\nfuel "), "{ran:?}");
    let ran = run(&path, &["--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    assert_eq!(ran.json(), json!({"success": false, "data": null, "error": "no \u{1b}[1mway"}));
}

#[test]
fn a_fault_on_the_way_out_leaves_the_outcome_alone() {
    let folder = Folder::new();
    let destroy = r#"(func (export "ampoule_destroy") (param i32) (result i64) (unreachable)))"#;
    let text = answering("execute", b"\x01\x00\x00", false);
    let text = format!("{}{destroy}", text.strip_suffix(')').unwrap());
    let path = folder.with("bad-end.wat", text);
    let ran = run(&path, &["--json"]).complains(3, "F03");
    assert_eq!(ran.json(), json!({"success": true, "data": null}));
    assert!(run(&path, &[]).complains(3, "F03").out.starts_with("success\n"));
}

#[test]
fn memory_over_the_limit_is_refused() {
    let grown = plugin(r#"(func (export "execute") (param i32) (result i64) (i64.const 0))"#)
        .replace("1024 1024", "100000 100000");
    refused(&grown, &["--limits", "micro"], 3, "A14");
    refused(&grown, &["--memory", "99999"], 3, "A14");
    refused(&grown, &["--limits", "micro", "--memory", "100000"], 3, "A30");
}
