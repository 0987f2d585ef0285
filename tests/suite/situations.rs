//! What users of the reference system ran into: its ten errors and its five pitfalls.

use crate::support::{META, guest, load, plugin_text, with_meta, with_section};
use ampoule::{CallError, Diagnosis, Entry, Fault, Limits, Plugin};

fn refused(wasm: &[u8]) -> &'static str {
    load(wasm, &Limits::MICRO).unwrap_err().code()
}

fn faulted(body: &str) -> &'static str {
    let wasm = plugin_text(&format!(
        r#"(func $attack (export "attack") (param i32) (result i64) {body} (i64.const 0))"#
    ));
    let mut plugin = load(&wasm, &Limits::MICRO).unwrap();
    let attack: Entry<(), ()> = plugin.bind("attack").unwrap();
    plugin.call(&attack, &()).unwrap_err().code()
}

fn text(module: &str) -> Vec<u8> {
    wat::parse_str(module).unwrap()
}

const MAILBOX: &str = r#"(func (export "ampoule_mailbox") (result i64) (i64.const 0))"#;

/// In the order in which the reference system lists them; its first two concern native plugins, and
/// are here another version of the ABI and of the interface's declaration.
#[test]
fn each_of_the_ten_errors_has_its_code() {
    let meta = META.to_bytes::<{ META.encoded_len() }>();
    let other_abi = [&[2], &meta[1..]].concat();
    let bare = text(&format!(r#"(module (memory (export "memory") 1 1) {MAILBOX})"#));
    let good = guest("echo");
    for (number, found, expected) in [
        (1, refused(&with_section(bare.clone(), "ampoule.meta", &other_abi)), "A25"),
        (2, refused(&with_section(with_meta(bare), "ampoule.schema", &[2, 0])), "A27"),
        (3, faulted("(drop (i32.load (i32.const 1024)))"), "F03"),
        (4, refused(&with_meta(text(r#"(module (memory (export "memory") 1 1))"#))), "A22"),
        (5, refused(&[&good[..], &[14, 0]].concat()), "A08"),
        (
            6,
            refused(&with_meta(text(&format!(
                r#"(module (memory (export "memory") 2) {MAILBOX})"#
            )))),
            "A14",
        ),
        (7, faulted("(drop (call $attack (i32.const 0)))"), "F02"),
        (
            8,
            refused(&with_meta(text(&format!(
                r#"(module
                    (import "wasi_unstable" "proc_exit" (func (param i32)))
                    (memory (export "memory") 1 1) {MAILBOX})"#
            )))),
            "A19",
        ),
        (9, faulted("(loop (br 0))"), "F01"),
        (10, refused(&good[..good.len() - 1]), "A06"),
    ] {
        assert_eq!(found, expected, "error {number}");
    }
}

/// Pitfall 1: a host address in place of the bytes. Only a length crosses over; the bytes are the
/// guest's own.
#[test]
fn a_string_arrives_as_bytes_in_the_guests_memory() {
    let wasm = plugin_text(
        r#"(func (export "same") (param i32) (result i64) (i64.extend_i32_u (local.get 0)))"#,
    );
    let mut plugin = load(&wasm, &Limits::MICRO).unwrap();
    let same: Entry<&str, &str> = plugin.bind("same").unwrap();
    for text in ["", "a", "naïve ✓", &"x".repeat(127)] {
        assert_eq!(plugin.call(&same, &text), Ok(text));
    }
}

/// Pitfall 2: a reply without its length, read as so many bytes. The length is the guest's word,
/// checked, and what lies behind the reply doesn't matter.
#[test]
fn a_reply_has_its_own_length_whatever_follows_it() {
    let wasm = with_meta(text(
        r#"(module
            (memory (export "memory") 1 1)
            (func (export "ampoule_mailbox") (result i64) (i64.const 8))
            (func (export "long") (param i32) (result i64)
                (memory.fill (i32.const 100) (i32.const 0xff) (i32.const 60000))
                (memory.copy (i32.const 100) (i32.const 0) (local.get 0))
                (memory.fill
                    (i32.add (i32.const 100) (local.get 0)) (i32.const 0x61) (i32.const 5000))
                (i64.const 0x640000138a)))"#,
    ));
    let mut plugin = load(&wasm, &Limits { message_bytes: 6000, ..Limits::MICRO }).unwrap();
    let long: Entry<u64, &str> = plugin.bind("long").unwrap();
    // The request is the reply's length prefix: 5,000 as a varint of two bytes.
    assert_eq!(plugin.call(&long, &5000).unwrap(), "a".repeat(5000));
    // With another prefix the length and the message disagree, which is told, not guessed.
    assert!(matches!(
        plugin.call(&long, &4096),
        Err(CallError::Fault(Fault::ReplyMalformed { .. }))
    ));
}

/// Pitfall 3: a guest whose scheduler leaks, or overflows the stack. Nothing of a call is left after
/// it: ten thousand of them use what one does.
#[test]
fn calls_leave_nothing_behind() {
    let mut plugin = load(&guest("echo"), &Limits::MICRO).unwrap();
    let echo: Entry<&[u8], &[u8]> = plugin.bind("echo").unwrap();
    let mut call = || {
        assert_eq!(plugin.call(&echo, &&[1, 2, 3][..]).unwrap(), [1, 2, 3]);
        (plugin.usage(), plugin.memory_bytes())
    };
    let first = call();
    for _ in 0..10_000 {
        assert_eq!(call(), first);
    }
    assert_eq!(faulted("(drop (call $attack (i32.const 0)))"), "F02");
}

/// Pitfall 4: no memory limit. There is always one, and the module's own maximum can't exceed it.
#[test]
fn memory_always_has_a_limit() {
    let module = |limits: &str| {
        with_meta(text(&format!(
            r#"(module (memory (export "memory") {limits}) {MAILBOX}
                (func (export "grow") (param i32) (result i64)
                    (if (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)) (then unreachable))
                    (i64.const 0)))"#
        )))
    };
    let room = Limits { heap_bytes: 1 << 20, ..Limits::MICRO };
    let mut unbounded = load(&module("1"), &room).unwrap();
    let grow: Entry<(), ()> = unbounded.bind("grow").unwrap();
    assert_eq!(unbounded.call(&grow, &()), Ok(()));
    assert_eq!(Plugin::check(&module("1 2"), &room).unwrap_err().code(), "A15");
    assert_eq!(Plugin::check(&module("2"), &room).unwrap_err().code(), "A14");
}

/// Pitfall 5: a file that is still being written. A part of a module is a module only where all that
/// is missing is a custom section behind the plugin's meta: then all of its code is there.
#[test]
fn half_a_module_is_never_loaded() {
    let (echo, large) = (guest("echo"), guest("json-transformer"));
    let cuts = (0..large.len()).step_by(101).map(|end| (&large, end));
    for (whole, end) in (0..echo.len()).map(|end| (&echo, end)).chain(cuts) {
        match Plugin::check(&whole[..end], &Limits::WORKSTATION) {
            Ok(()) => assert_eq!(whole[end], 0, "{end} bytes: a custom section is missing"),
            Err(error) => assert!(error.code().starts_with('A'), "{end} bytes: {error}"),
        }
    }
}
