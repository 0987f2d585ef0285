//! Plugins from text.

use ampoule_abi::Meta;

/// What a plugin says of itself, in texts of `length` bytes or as many as they may have.
fn meta(length: usize) -> Vec<u8> {
    let (name, author) = ("n".repeat(length.clamp(1, 64)), "a".repeat(length.min(128)));
    let description = "d".repeat(length.min(256));
    let meta = Meta { name: &name, version: "1.0.0", description: &description, author: &author };
    // ABI 1, then four texts, each with its length in LEB128.
    let texts = [meta.name, meta.version, meta.description, meta.author];
    let texts = texts.iter().flat_map(|text| [leb(text.len()), text.as_bytes().to_vec()].concat());
    [1].into_iter().chain(texts).collect()
}

/// A plugin with more items in its module, and `body` at the start of its entry `attack`.
///
/// # Panics
/// If they aren't good text.
#[must_use]
pub fn module(items: &str, body: &str) -> Vec<u8> {
    let imports = items.find("(import").map_or("", |_| items);
    let others = if imports.is_empty() { items } else { "" };
    let indirect = [items, body].iter().any(|it| it.contains("_indirect") || it.contains("(elem"));
    let elements = items.matches("$none ").count().max(1);
    let table = format!("(table {elements} funcref) (elem (i32.const 0) $none)");
    let table = if indirect && !items.contains("(table") { table.as_str() } else { "" };
    let bytes = if items.contains(&"x".repeat(100)) { 8192 } else { 256 };
    let params = "i64 ".repeat(15);
    let fifteen = format!("(type $fifteen (func (param {params})))");
    let used = [items, body].iter().any(|it| it.contains("$many") || it.contains("$fifteen"));
    let (fifteen, many) =
        if used { (fifteen.as_str(), "(func $many (type $fifteen))") } else { ("", "") };
    let text = format!(
        r#"(module
            (type $nothing (func)) {fifteen}
            {imports}
            {table}
            (global $g (mut i64) (i64.const 0)) (global $i (mut i32) (i32.const 0))
            (memory (export "memory") {bytes} {bytes} (pagesize 1))
            (func $none) (func $two (param i64 i64)) (func $box (result i64) i64.const 0)
            {many} (func $entry (param i32) (result i64) (i64.const 0))
            {others}
            (func (export "ampoule_mailbox") (result i64) (i64.const 128))
            (func (export "attack") (param i32) (result i64) {body} i64.const 0))"#
    );
    with_meta(wat::parse_str(text).expect("good text"), 4)
}

/// A plugin with nothing but `items`, a memory and a mailbox.
pub(crate) fn smallest(items: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (memory (export "memory") 16 16 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 0)) {items})"#
    );
    with_meta(wat::parse_str(text).expect("good text"), 0)
}

/// Appends a meta section with texts of `length` bytes, or as many as they may have.
pub(crate) fn with_meta(mut wasm: Vec<u8>, length: usize) -> Vec<u8> {
    const NAME: &str = "ampoule.meta";
    let section = [leb(NAME.len()), NAME.as_bytes().to_vec(), meta(length)].concat();
    wasm.push(0);
    wasm.extend(leb(section.len()));
    wasm.extend(section);
    wasm
}

/// An unsigned LEB128 number.
fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub(crate) fn numbered(n: usize, make: impl Fn(usize) -> String) -> String {
    (0..n).map(make).collect()
}
