//! What several tests need.

use ampoule::{Context, Limits, LoadError, Meta, Plugin};
use std::path::PathBuf;

/// The meta of modules that tests write.
pub(crate) const META: Meta<'static> =
    Meta { name: "test", version: "1.0.0", description: "made by a test", author: "tests" };

/// A guest's module: from `AMPOULE_GUESTS` where that is set (freshly built ones), else the prebuilt one.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("AMPOULE_GUESTS")
        .map_or_else(|| repository("guests/prebuilt"), PathBuf::from);
    let path = folder.join(name).with_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; build it with `cargo xtask guests`", path.display())
    })
}

/// A path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Appends a custom section to a module.
pub(crate) fn with_section(mut wasm: Vec<u8>, name: &str, content: &[u8]) -> Vec<u8> {
    let mut section = leb(name.len());
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(content);
    wasm.push(0);
    wasm.extend(leb(section.len()));
    wasm.extend(section);
    wasm
}

/// Appends [`META`] to a module.
pub(crate) fn with_meta(wasm: Vec<u8>) -> Vec<u8> {
    const BYTES: [u8; META.encoded_len()] = META.to_bytes();
    with_section(wasm, "ampoule.meta", &BYTES)
}

/// An unsigned LEB128 number.
pub(crate) fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A plugin from text, with a memory, a mailbox of 128 bytes at 0, and [`META`].
///
/// `body` may use the memory's 1,024 bytes and add what it likes.
pub(crate) fn plugin_text(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "ampoule" "panic" (func $panic (param i32 i32)))
            (memory (export "memory") 1024 1024 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 128))
            {body})"#
    );
    with_meta(wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// Loads with an empty context.
pub(crate) fn load(wasm: &[u8], limits: &Limits) -> Result<Plugin, LoadError> {
    Plugin::load(wasm, limits, &Context::default())
}
