//! How deep values and types may be nested, and that no depth costs the reader its stack.

use crate::hostile::{OUTCOME, SCHEMA, VALUE, accepted, refused, refused_with};
use ampoule_abi::{DecodeError, MAX_DEPTH, schema};

/// `depth` levels around one `Null`: lists, maps, or by turns.
fn nested(depth: usize, level: fn(usize) -> &'static [u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..depth).flat_map(level).copied().collect();
    bytes.push(0);
    bytes
}

const LISTS: fn(usize) -> &'static [u8] = |_| b"\x06\x01";
const MAPS: fn(usize) -> &'static [u8] = |_| b"\x07\x01\x01k";
const BY_TURNS: fn(usize) -> &'static [u8] =
    |at| if at.is_multiple_of(2) { b"\x06\x01" } else { b"\x07\x01\x00" };

#[test]
fn values_nest_as_deep_as_documented() {
    assert_eq!(MAX_DEPTH, 32);
    for level in [LISTS, MAPS, BY_TURNS] {
        for depth in [1, 31, 32] {
            let bytes = nested(depth, level);
            accepted(VALUE, &bytes);
            accepted(OUTCOME, &[b"\x01", &bytes[..], b"\x00"].concat());
        }
    }
    // The innermost of 32 may be an empty list or map.
    for innermost in [&b"\x06\x00"[..], b"\x07\x00"] {
        accepted(VALUE, &[b"\x06\x01".repeat(31).as_slice(), innermost].concat());
    }
}

#[test]
fn values_nested_deeper_are_refused_however_deep() {
    // serde knows no "too deep", so the owned form says that its own check failed.
    let errors = [DecodeError::TooDeep, DecodeError::Type];
    for level in [LISTS, MAPS, BY_TURNS] {
        for depth in [33, 34, 100_000] {
            let bytes = nested(depth, level);
            refused_with(VALUE, &bytes, errors);
            refused_with(OUTCOME, &[b"\x01", &bytes[..], b"\x00"].concat(), errors);
        }
    }
    for innermost in [&b"\x06\x00"[..], b"\x07\x00"] {
        let bytes = [b"\x06\x01".repeat(32).as_slice(), innermost].concat();
        refused_with(VALUE, &bytes, errors);
    }
}

#[test]
fn depth_counts_levels_and_not_neighbours() {
    let wide = [&b"\x06\x64"[..], &b"\x06\x01\x07\x00".repeat(100)].concat();
    accepted(VALUE, &wide);
    // Levels that are closed make room: after 32 levels, 31 more beside them.
    let beside = [&b"\x06\x02"[..], &nested(31, LISTS), &nested(31, MAPS)].concat();
    accepted(VALUE, &beside);
    let too_deep = [&b"\x06\x02"[..], &nested(31, LISTS), &nested(32, MAPS)].concat();
    refused_with(VALUE, &too_deep, [DecodeError::TooDeep, DecodeError::Type]);
}

#[test]
fn types_in_a_schema_nest_16_deep() {
    assert_eq!(schema::MAX_TYPE_DEPTH, 16);
    let section = |depth: usize| {
        [&b"\x01\x01\x00"[..], &b"\x00\x16".repeat(depth - 1), b"\x00\x00", b"\x00\x00"].concat()
    };
    accepted(SCHEMA, &section(16));
    for depth in [17, 100_000] {
        refused(SCHEMA, &section(depth), DecodeError::TooDeep);
    }
}
