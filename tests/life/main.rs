//! The life of plugins in one host: turns, parked calls, reload, breaker.

mod calls;
mod changes;
mod executors;
mod fairness;
mod invariance;
mod model;
mod parked;
mod reload;
mod soak;
mod support;

use ampoule_abi::Meta;

/// Appends a meta section to a module.
fn with_meta(mut wasm: Vec<u8>, meta: &Meta<'_>) -> Vec<u8> {
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
