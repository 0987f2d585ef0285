//! The built-in services: what most hosts offer, in `no_std`, with bounded memory.
//!
//! | service | operations | made with |
//! |---|---|---|
//! | [`Log`] | `write` | where lines go, and how many bytes of them a second |
//! | [`Clock`] | `now_us`, `monotonic_us` | the wall clock, if there is one |
//! | [`Random`] | `u64`, `fill` | a source |
//! | [`Kv`] | `get`, `set`, `delete`, `keys` | a [`Store`] and a [`Quota`] |
//! | [`Env`] | `get`, `names` | a list of variables |
//! | [`Event`] | `publish` | where publications go |
//!
//! What each operation takes, answers, refuses and costs is in `docs/services.md`.
//!
//! One unit of fuel pays for about one operator of a guest, and each price here is, on the high side,
//! the work at its worst in those units. Its reason stands beside it; `tests/benches/prices.rs` measures
//! what a unit buys.

mod clock;
mod env;
mod event;
mod kv;
mod log;
mod memory_store;
mod random;

pub use clock::Clock;
pub use env::Env;
pub use event::{Event, MAX_PAYLOAD_BYTES, MAX_TOPIC_BYTES, Published};
pub use kv::{Kv, MAX_ENTRIES, MAX_KEY_BYTES, Quota, Store, Stored};
pub use log::{LINE_BYTES, Level, Log, LogLine, MAX_LINE_TEXT_BYTES};
pub use memory_store::MemoryStore;
pub use random::{MAX_FILL_BYTES, Random};

use crate::{
    Form, Operation, Scalar, ValueType,
    manifest::PlainPath,
    offered::{read, write as answer},
};
use ampoule_abi::{Status, is_printable};

/// A message operation.
const fn message(name: &'static str, base_fuel: u32, byte_fuel: u32) -> Operation {
    Operation { name, form: Form::Message, base_fuel, byte_fuel }
}

/// An operation that takes nothing and answers an i64.
const fn number(name: &'static str, base_fuel: u32) -> Operation {
    let form = Form::Scalar { params: &[], result: Some(ValueType::I64) };
    Operation { name, form, base_fuel, byte_fuel: 0 }
}

/// A time as guests see it. Times that don't fit are 290,000 years off.
fn time(micros: u64) -> Scalar {
    Scalar::I64(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// Refuses a name that is empty, too long, or not fit to be shown.
fn check_name(name: &str, most_bytes: usize) -> Result<(), Status> {
    // Most names are ASCII, which takes a look at each byte.
    let plain = |name: &str| name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let printable = |name: &str| plain(name) || name.chars().all(is_printable);
    if !name.is_empty() && name.len() <= most_bytes && printable(name) {
        Ok(())
    } else {
        Err(Status::Invalid)
    }
}

/// Tells whether a name lies in a scope, by the rules that the policy narrows scopes by: component by
/// component, so that `led` holds `led/red` and not `ledger`. The empty scope holds everything.
fn within(scope: &str, name: &str) -> bool {
    let holds = || Some(PlainPath::parse(scope).ok()?.contains(&PlainPath::parse(name).ok()?));
    scope.is_empty() || holds().unwrap_or(false)
}

/// [`within`] for a name that is in a store, and so was checked when it came there: it only compares.
/// By bytes: of short components, searching text for a slash takes many times as long.
fn lies_in(scope: &str, name: &str) -> bool {
    let (mut wanted, mut found) = (components(scope), components(name));
    let alike = scope.starts_with('/') == name.starts_with('/');
    let mut below = || wanted.all(|part| part != b".." && found.next() == Some(part));
    scope.is_empty() || (alike && below() && found.all(|part| part != b".."))
}

fn components(path: &str) -> impl Iterator<Item = &[u8]> {
    let parts = path.as_bytes().split(|byte| *byte == b'/');
    parts.filter(|part| !matches!(*part, b"" | b"."))
}

/// Refuses a name outside the scope.
fn check_scope(scope: &str, name: &str) -> Result<(), Status> {
    if within(scope, name) { Ok(()) } else { Err(Status::NotGranted) }
}

#[cfg(test)]
mod tests {
    use super::{lies_in, within};

    #[test]
    fn comparing_alone_says_the_same_as_checking_for_every_name_that_may_be_kept() {
        let names = [
            "led", "led/red", "ledger", "led/../x", "/led", "/led/red", "led/", "./led", "x/led",
            "..", "a",
        ];
        for scope in ["", "led", "led/red", "led/", "/led", "./led", "x"] {
            for name in names {
                assert_eq!(lies_in(scope, name), within(scope, name), "{name} in {scope}");
            }
        }
    }
}
