//! Modules byte by byte, for what no text can make.

use crate::support::{leb, plugin_text, with_meta};

/// The magic and the version.
pub(super) const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// A module of sections: their numbers and contents.
pub(super) fn module(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut wasm = HEADER.to_vec();
    for (id, content) in sections {
        wasm.push(*id);
        wasm.extend(leb(content.len()));
        wasm.extend_from_slice(content);
    }
    wasm
}

/// A number of things, then the things.
pub(super) fn vector(count: usize, items: &[u8]) -> Vec<u8> {
    [&leb(count)[..], items].concat()
}

/// A plugin that answers what it is asked.
pub(super) fn echo() -> Vec<u8> {
    plugin_text(
        r#"(func (export "echo") (param $length i32) (result i64)
            (i64.extend_i32_u (local.get $length)))"#,
    )
}

/// A good plugin in few bytes: a mailbox of one byte and the entry `attack`, which answers nothing.
pub(super) fn small() -> Vec<u8> {
    let text = r#"(module
        (memory (export "memory") 64 64 (pagesize 1))
        (func (export "ampoule_mailbox") (result i64) (i64.const 1))
        (func (export "attack") (param i32) (result i64) (i64.const 0)))"#;
    with_meta(wat::parse_str(text).expect("good text"))
}
