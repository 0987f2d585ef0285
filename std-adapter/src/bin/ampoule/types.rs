//! The message types that this command can fill in and read.

use ampoule_abi::{
    Context, Outcome, export,
    schema::{self, Declaration, Entries},
};
use postcard_schema::Schema as _;

const EXECUTE: &[Declaration] =
    &[Declaration { name: export::EXECUTE, request: Context::SCHEMA, reply: Outcome::SCHEMA }];
const SECTION: [u8; schema::encoded_len(EXECUTE)] = schema::to_bytes(EXECUTE);

/// Request and reply of an entry that takes a Context and answers an Outcome, as an inspection
/// shows them.
pub(crate) fn of_execute() -> Option<(String, String)> {
    let entry = Entries::from_section(&SECTION).ok()?.iter().next()?;
    Some((entry.request.to_string(), entry.reply.to_string()))
}

/// A type in a word where it is one of the ABI's own.
pub(crate) fn short(declared: &str) -> &str {
    match of_execute() {
        Some((request, _)) if declared == request => "Context",
        Some((_, reply)) if declared == reply => "Outcome",
        _ => declared,
    }
}
