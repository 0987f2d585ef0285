//! Plugins whose versions can be told apart.

use ampoule_abi::Meta;

/// Its entries: `who` answers its version, `add` the sum of all numbers that it was given so far (an i32
/// each, as four bytes), `say` writes a line to the log, `trap` traps, `spin` never ends, `fail` says no, `big` answers
/// 2000 bytes.
pub(crate) fn plugin(name: &str, version: &str) -> Vec<u8> {
    let length = version.len();
    let text = format!(
        r#"(module
            (import "log" "write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 2304 2304 (pagesize 1))
            (global $sum (mut i32) (i32.const 0))
            (data (i32.const 128) "{version}")
            (data (i32.const 160) "\02\05hello")
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func (export "who") (param i32) (result i64) (i64.const {who}))
            (func (export "add") (param i32) (result i64)
                (global.set $sum (i32.add (global.get $sum) (i32.load (i32.const 0))))
                (i32.store (i32.const 192) (global.get $sum)) (i64.const 0xc0_0000_0004))
            (func (export "say") (param i32) (result i64)
                (drop (call $write (i32.const 160) (i32.const 7) (i32.const 256) (i32.const 64)))
                (i64.const 0))
            (func (export "spin") (param i32) (result i64) (loop (br 0)) unreachable)
            (func (export "trap") (param i32) (result i64) unreachable)
            (func (export "big") (param i32) (result i64) (i64.const 0x80_0000_07d0))
            (func (export "fail") (param i32) (result i64)
                (i64.store (i32.const 224) (i64.const 0x006f_6e02_02ac)) (i64.const 0x8000_00e0_0000_0005)))"#,
        who = (128_u64 << 32) | length as u64,
    );
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    with_meta(wasm, &Meta { name, version, description: "tells", author: "tests" })
}

/// Grants the log.
pub(crate) fn manifest(name: &str) -> Vec<u8> {
    format!(
        r#"{{ "meta": {{ "name": "{name}", "version": "1.0.0" }}, "capabilities": {{ "services": [
            {{ "service": "log", "operations": ["write"] }} ] }} }}"#
    )
    .into_bytes()
}

pub(crate) fn with_meta(mut wasm: Vec<u8>, meta: &Meta<'_>) -> Vec<u8> {
    let mut content = vec![1];
    for text in [meta.name, meta.version, meta.description, meta.author] {
        content.push(u8::try_from(text.len()).unwrap());
        content.extend_from_slice(text.as_bytes());
    }
    let name = b"ampoule.meta";
    wasm.extend([0, u8::try_from(1 + name.len() + content.len()).unwrap(), name.len() as u8]);
    wasm.extend_from_slice(name);
    wasm.extend(content);
    wasm
}
