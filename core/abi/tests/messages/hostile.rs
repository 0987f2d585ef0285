//! Hostile bytes: each ends in the error that tells which rule they break.

use crate::golden;
use ampoule_abi::{
    Context, Decode, DecodeError, Failure, Meta, MetaError, Outcome, Pairs, Value, owned, schema,
};

pub(crate) type Decoder = fn(&[u8]) -> Result<(), DecodeError>;

/// The decoders of a message: borrowed first, then owned.
pub(crate) type Decoders = [Decoder; 2];

pub(crate) const VALUE: Decoders =
    [|it| Value::decode(it).map(|_| ()), |it| owned::Value::decode(it).map(|_| ())];
const CONTEXT: Decoders =
    [|it| Context::decode(it).map(|_| ()), |it| owned::Context::decode(it).map(|_| ())];
pub(crate) const OUTCOME: Decoders =
    [|it| Outcome::decode(it).map(|_| ()), |it| owned::Outcome::decode(it).map(|_| ())];
const FAILURE: Decoders =
    [|it| Failure::decode(it).map(|_| ()), |it| owned::Failure::decode(it).map(|_| ())];
const PAIRS: Decoders =
    [|it| Pairs::decode(it).map(|_| ()), |it| Vec::<(String, String)>::decode(it).map(|_| ())];
const META: Decoders = [meta; 2];
pub(crate) const SCHEMA: Decoders = [|it| schema::Entries::from_section(it).map(|_| ()); 2];

fn meta(bytes: &[u8]) -> Result<(), DecodeError> {
    match Meta::from_section(bytes) {
        Ok(_) => Ok(()),
        Err(MetaError::Malformed(error)) => Err(error),
        Err(other) => panic!("{bytes:x?} break a rule of a field: {other}"),
    }
}

/// Every golden message with its decoders.
fn goldens() -> Vec<(&'static str, Decoders, &'static [u8])> {
    fn each<T>(
        goldens: &'static [golden::Golden<T>],
        decoders: Decoders,
    ) -> impl Iterator<Item = (&'static str, Decoders, &'static [u8])> {
        goldens.iter().map(move |(name, _, bytes)| (*name, decoders, *bytes))
    }
    each(golden::VALUES, VALUE)
        .chain(each(golden::PAIRS, PAIRS))
        .chain(each(golden::CONTEXTS, CONTEXT))
        .chain(each(golden::OUTCOMES, OUTCOME))
        .chain(each(golden::FAILURES, FAILURE))
        .chain(each(golden::METAS, META))
        .chain(each(golden::SCHEMAS, SCHEMA))
        .collect()
}

/// Both decoders end in `error`.
pub(crate) fn refused(decoders: Decoders, bytes: &[u8], error: DecodeError) {
    refused_with(decoders, bytes, [error; 2]);
}

pub(crate) fn refused_with(decoders: Decoders, bytes: &[u8], errors: [DecodeError; 2]) {
    let head = &bytes[..bytes.len().min(64)];
    assert_eq!(decoders.map(|decode| decode(bytes)), errors.map(Err), "{head:x?}");
}

pub(crate) fn accepted(decoders: Decoders, bytes: &[u8]) {
    let head = &bytes[..bytes.len().min(64)];
    assert_eq!(decoders.map(|decode| decode(bytes)), [Ok(()); 2], "{head:x?}");
}

#[test]
fn a_message_cut_anywhere_is_truncated() {
    for (name, decoders, bytes) in goldens() {
        for end in 0..bytes.len() {
            for decode in decoders {
                let cut = decode(&bytes[..end]);
                assert_eq!(cut, Err(DecodeError::Truncated), "{name} cut at {end}");
            }
        }
    }
}

#[test]
fn bytes_after_a_message_are_refused_and_counted() {
    for (name, decoders, bytes) in goldens() {
        for tail in [&b"\x00"[..], b"\xff\xff\xff"] {
            let longer = [bytes, tail].concat();
            for decode in decoders {
                let error = DecodeError::Trailing { bytes: tail.len() };
                assert_eq!(decode(&longer), Err(error), "{name}");
            }
        }
    }
}

#[test]
fn a_count_or_a_length_past_the_end_is_truncated() {
    for (decoders, bytes) in [
        // One more than there is.
        (VALUE, &b"\x04\x05hell"[..]),
        (VALUE, b"\x05\x02a"),
        (VALUE, b"\x06\x02\x00"),
        (VALUE, b"\x07\x02\x01a\x00"),
        (VALUE, b"\x07\x01\x02a"),
        (VALUE, b"\x06\x01\x06\x01"),
        (PAIRS, b"\x02\x00\x00"),
        (PAIRS, b"\x01\x00\x02a"),
        (CONTEXT, b"\x04abc"),
        (CONTEXT, b"\x00\x01\x00"),
        (CONTEXT, b"\x00\x00\x01\x00"),
        (OUTCOME, b"\x01\x00\x01"),
        (OUTCOME, b"\x01\x00\x01\x02a"),
        (FAILURE, b"\x01\x02a"),
        (META, b"\x01\x05echo"),
        (SCHEMA, b"\x01\x01"),
        (SCHEMA, b"\x01\x01\x00\x01T\x17\x01"),
        // u32::MAX.
        (VALUE, b"\x04\xff\xff\xff\xff\x0f"),
        (VALUE, b"\x05\xff\xff\xff\xff\x0f"),
        (VALUE, b"\x06\xff\xff\xff\xff\x0f"),
        (VALUE, b"\x07\xff\xff\xff\xff\x0f"),
        (VALUE, b"\x06\xff\xff\xff\xff\x0f\x06\xff\xff\xff\xff\x0f\x07\xff\xff\xff\xff\x0f"),
        (VALUE, b"\x07\x01\xff\xff\xff\xff\x0f"),
        (PAIRS, b"\xff\xff\xff\xff\x0f"),
        (PAIRS, b"\x01\xff\xff\xff\xff\x0f"),
        (PAIRS, b"\x01\x00\xff\xff\xff\xff\x0f"),
        (CONTEXT, b"\xff\xff\xff\xff\x0f"),
        (CONTEXT, b"\x00\xff\xff\xff\xff\x0f"),
        (CONTEXT, b"\x00\x00\xff\xff\xff\xff\x0f"),
        (OUTCOME, b"\x01\x06\xff\xff\xff\xff\x0f"),
        (OUTCOME, b"\x01\x00\x01\xff\xff\xff\xff\x0f"),
        (FAILURE, b"\x01\xff\xff\xff\xff\x0f"),
        (META, b"\x01\xff\xff\xff\xff\x0f"),
        (SCHEMA, b"\x01\xff\xff\xff\xff\x0f"),
        (SCHEMA, b"\x01\x01\xff\xff\xff\xff\x0f"),
        (SCHEMA, b"\x01\x01\x00\x01T\x17\xff\xff\xff\xff\x0f"),
        (SCHEMA, b"\x01\x01\x00\x01T\x1a\xff\xff\xff\xff\x0f"),
        (SCHEMA, b"\x01\x01\x00\x01T\x1b\xff\xff\xff\xff\x0f"),
    ] {
        refused(decoders, bytes, DecodeError::Truncated);
    }
}

#[test]
fn a_lying_count_ends_with_the_bytes_that_are_there() {
    for (decoders, head) in [
        (VALUE, &b"\x06\xff\xff\xff\xff\x0f"[..]),
        (VALUE, b"\x07\xff\xff\xff\xff\x0f"),
        (PAIRS, b"\xff\xff\xff\xff\x0f"),
        (CONTEXT, b"\x00\xff\xff\xff\xff\x0f"),
        (CONTEXT, b"\x00\x00\xff\xff\xff\xff\x0f"),
        (OUTCOME, b"\x01\x06\xff\xff\xff\xff\x0f"),
    ] {
        let bytes = [head, &[0; 10_000]].concat();
        refused(decoders, &bytes, DecodeError::Truncated);
    }
}

#[test]
fn a_string_that_is_not_utf8_is_refused_wherever_it_stands() {
    for (decoders, bytes) in [
        (VALUE, &b"\x04\x01\xff"[..]),
        (VALUE, b"\x06\x02\x00\x04\x01\xff"),
        (VALUE, b"\x07\x01\x01\xff\x00"),
        (VALUE, b"\x07\x01\x01k\x04\x01\xff"),
        (VALUE, b"\x06\x01\x07\x02\x01k\x00\x01\xff\x00"),
        (PAIRS, b"\x01\x01\xff\x01b"),
        (PAIRS, b"\x01\x01a\x01\xff"),
        (PAIRS, b"\x02\x01a\x01b\x01\xff\x00"),
        (CONTEXT, b"\x01\xff\x00\x00"),
        (CONTEXT, b"\x01a\x01\x01\xff\x01b\x00"),
        (CONTEXT, b"\x01a\x01\x01a\x01\xff\x00"),
        (CONTEXT, b"\x01a\x00\x01\x01\xff\x01b"),
        (CONTEXT, b"\x01a\x00\x01\x01a\x01\xff"),
        (OUTCOME, b"\x01\x04\x01\xff\x00"),
        (OUTCOME, b"\x00\x00\x01\x01\xff"),
        (FAILURE, b"\x01\x01\xff"),
        (META, b"\x01\x01\xff\x051.0.0\x00\x00"),
        (META, b"\x01\x01a\x01\xff\x00\x00"),
        (META, b"\x01\x01a\x051.0.0\x01\xff\x00"),
        (META, b"\x01\x01a\x051.0.0\x00\x01\xff"),
        (SCHEMA, b"\x01\x01\x01\xff\x00\x00\x00\x00"),
        (SCHEMA, b"\x01\x01\x01e\x01\xff\x00\x00\x00"),
        (SCHEMA, b"\x01\x01\x01e\x00\x00\x01\xff\x00"),
        (SCHEMA, b"\x01\x01\x01e\x00\x1a\x01\x01\xff\x00\x00\x00\x00"),
        (SCHEMA, b"\x01\x01\x01e\x00\x1b\x01\x01\xff\x00\x00\x00"),
        // Cut, overlong, surrogate, past U+10FFFF.
        (VALUE, b"\x04\x01\xc3"),
        (VALUE, b"\x04\x02\xc0\x80"),
        (VALUE, b"\x04\x03\xed\xa0\x80"),
        (VALUE, b"\x04\x04\xf4\x90\x80\x80"),
    ] {
        refused(decoders, bytes, DecodeError::Utf8);
    }
    // Bytes may be anything.
    accepted(VALUE, b"\x05\x02\xff\xc3");
}

#[test]
fn a_bool_or_an_option_that_is_neither_0_nor_1_is_refused() {
    for (decoders, bytes) in [
        (VALUE, &b"\x01\x02"[..]),
        (VALUE, b"\x01\xff"),
        (VALUE, b"\x06\x01\x01\x02"),
        (OUTCOME, b"\x02\x00\x00"),
        (OUTCOME, b"\x01\x01\x02\x00"),
        (OUTCOME, b"\x01\x00\x02"),
        (OUTCOME, b"\x01\x00\xff"),
        (OUTCOME, b"\x00\x00\x02\x01a"),
    ] {
        refused(decoders, bytes, DecodeError::Tag);
    }
}

#[test]
fn a_tag_that_no_value_has_is_refused() {
    // serde reports an unknown tag as an error of the type, not of the format.
    let errors = [DecodeError::Tag, DecodeError::Type];
    for (decoders, bytes) in [
        (VALUE, &b"\x08"[..]),
        (VALUE, b"\x7f"),
        (VALUE, b"\xff\xff\xff\xff\x0f"),
        (VALUE, b"\x86\x02\x00"),
        (VALUE, b"\x06\x01\x08"),
        (VALUE, b"\x07\x01\x01k\x08"),
        (OUTCOME, b"\x01\x08\x00"),
    ] {
        refused_with(decoders, bytes, errors);
    }
    for bytes in [&b"\x01\x01\x00\x00\x1d"[..], b"\x01\x01\x00\x00\x1b\x01\x00\x04"] {
        refused(SCHEMA, bytes, DecodeError::Tag);
    }
}

#[test]
fn a_number_that_runs_on_past_its_width_is_refused() {
    for (decoders, bytes) in [
        // Tags, codes and versions have 32 bits: five bytes, the fifth at most 0x0f.
        (VALUE, &b"\x80\x80\x80\x80\x10"[..]),
        (VALUE, b"\x80\x80\x80\x80\x80\x00"),
        (FAILURE, b"\xff\xff\xff\xff\x10\x00"),
        (FAILURE, b"\x81\x80\x80\x80\x80\x00\x00"),
        (META, b"\x81\x80\x80\x80\x10"),
        (SCHEMA, b"\x81\x80\x80\x80\x10"),
        (SCHEMA, b"\x01\xff\xff\xff\xff\x10"),
        (SCHEMA, b"\x01\x01\x00\x00\x80\x80\x80\x80\x10"),
        // Integers have 64: ten bytes, the tenth at most 0x01.
        (VALUE, b"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (VALUE, b"\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
        // Lengths and counts are past any host's width here.
        (VALUE, b"\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (VALUE, b"\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (VALUE, b"\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (VALUE, b"\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (VALUE, b"\x07\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (PAIRS, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (PAIRS, b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (CONTEXT, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (CONTEXT, b"\x00\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
        (OUTCOME, b"\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        (META, b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
    ] {
        refused(decoders, bytes, DecodeError::Varint);
    }
}

#[test]
fn a_borrowed_count_has_32_bits_on_every_host() {
    for bytes in [&b"\x06\x80\x80\x80\x80\x10"[..], b"\x07\x80\x80\x80\x80\x80\x00"] {
        assert_eq!(Value::decode(bytes), Err(DecodeError::Varint));
        assert_eq!(Pairs::decode(&bytes[1..]), Err(DecodeError::Varint));
    }
}

/// postcard, "Canonicalization": a longer form that fits the width is the same number.
#[test]
fn a_number_in_a_longer_form_within_its_width_is_read() {
    for (long, short) in [
        (&b"\x80\x00"[..], &b"\x00"[..]),
        (b"\x82\x80\x80\x80\x00\x02", b"\x02\x02"),
        (b"\x02\x82\x00", b"\x02\x02"),
        (b"\x04\x81\x00a", b"\x04\x01a"),
        (b"\x06\x81\x80\x80\x80\x00\x00", b"\x06\x01\x00"),
        (b"\x07\x81\x00\x81\x00k\x00", b"\x07\x01\x01k\x00"),
    ] {
        assert_eq!(Value::decode(long), Value::decode(short), "{long:x?}");
        assert_eq!(owned::Value::decode(long), owned::Value::decode(short), "{long:x?}");
        accepted(VALUE, long);
    }
}

#[test]
fn a_longer_message_is_left_where_it_starts() {
    let bytes = b"\x02\x02\x01\x01";
    let (first, rest) = Value::decode_prefix(bytes).unwrap();
    let (second, rest) = owned::Value::decode_prefix(rest).unwrap();
    assert_eq!((first, second, rest), (Value::Int(1), owned::Value::Bool(true), &[][..]));
}
