use super::*;
use std::vec::Vec;

#[derive(Schema)]
#[allow(dead_code)]
struct Sample<'a> {
    celsius: f32,
    tag: Option<u16>,
    raw: &'a [u8],
    kind: Kind,
    pair: (i8, char),
    unit: (),
}

#[derive(Schema)]
#[allow(dead_code)]
enum Kind {
    Off,
    Slow(u8),
    Both(u32, Wrapped),
    Fast { rpm: u64 },
}

#[derive(Schema)]
#[allow(dead_code)]
struct Wrapped(bool);

const ENTRIES: &[Declaration] = &[
    Declaration { name: "filter", request: Sample::SCHEMA, reply: u64::SCHEMA },
    Declaration { name: "execute", request: Context::SCHEMA, reply: Outcome::SCHEMA },
];
const SECTION: [u8; encoded_len(ENTRIES)] = to_bytes(ENTRIES);

#[test]
fn a_small_section_has_the_documented_bytes() {
    const ONE: &[Declaration] =
        &[Declaration { name: "go", request: u8::SCHEMA, reply: <[bool]>::SCHEMA }];
    let golden = b"\x01\x01\x02go\x02u8\x02\x03[T]\x16\x04bool\x00";
    assert_eq!(to_bytes::<{ encoded_len(ONE) }>(ONE), *golden);
}

#[test]
fn a_type_is_what_postcard_makes_of_its_schema() {
    let types = SECTION.get(2 + 7..).unwrap();
    for ty in [Sample::SCHEMA, u64::SCHEMA] {
        let mut buffer = [0; 512];
        let expected = crate::encode(ty, &mut buffer).unwrap();
        assert!(types.windows(expected.len()).any(|window| window == expected), "{ty:?}");
    }
}

#[test]
fn types_read_like_declarations() {
    let entries = Entries::from_section(&SECTION).unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|it| std::format!("{}: {} -> {}", it.name, it.request, it.reply))
        .collect();
    assert_eq!(
        shown,
        [
            "filter: Sample { celsius: f32, tag: Option<u16>, raw: [u8], \
             kind: Kind = Off | Slow(u8) | Both(u32, Wrapped(bool)) | Fast { rpm: u64 }, \
             pair: (i8, char), unit: () } -> u64",
            "execute: Context { request_id: String, headers: {String: String}, \
             parameters: {String: String} } -> \
             Outcome { success: bool, data: Value, error: Option<String> }",
        ]
    );
}

type Twice<T> = Option<Option<T>>;
type Deepest = Twice<Twice<Twice<Twice<Twice<Twice<Twice<Option<u8>>>>>>>>;

#[test]
fn depth_is_measured_as_it_is_walked() {
    #[derive(Schema)]
    #[allow(dead_code)]
    enum Many {
        Unit,
        New(Twice<u8>),
        Tuple(u8, Twice<Twice<u8>>),
        Struct { a: u8, b: Twice<Twice<Twice<u8>>> },
    }
    #[derive(Schema)]
    #[allow(dead_code)]
    struct Tuple(u8, Twice<u8>, u8);
    #[derive(Schema)]
    struct Nothing;

    const DEEP: &NamedType = Twice::<Twice<u8>>::SCHEMA;
    const KEY: NamedType = NamedType { name: "", ty: &Shape::Map { key: DEEP, val: TEXT } };
    const VALUE: NamedType = NamedType { name: "", ty: &Shape::Map { key: TEXT, val: DEEP } };

    // Each kind of variant as the deepest one.
    #[derive(Schema)]
    #[allow(dead_code)]
    enum New {
        Unit,
        New(Twice<u8>),
    }
    #[derive(Schema)]
    #[allow(dead_code)]
    enum Pair {
        Tuple(u8, Twice<u8>),
        Unit,
    }

    for (ty, expected) in [
        (u8::SCHEMA, 1),
        (<()>::SCHEMA, 1),
        (Value::SCHEMA, 1),
        (Nothing::SCHEMA, 1),
        (Wrapped::SCHEMA, 2),
        (<[Twice<u8>]>::SCHEMA, 4),
        (<(u8, Twice<u8>, u8)>::SCHEMA, 4),
        (Tuple::SCHEMA, 4),
        (&KEY, 6),
        (&VALUE, 6),
        (New::SCHEMA, 4),
        (Pair::SCHEMA, 4),
        (Many::SCHEMA, 8),
        (Kind::SCHEMA, 3),
        (Sample::SCHEMA, 4),
        (Context::SCHEMA, 3),
        (Outcome::SCHEMA, 3),
        (Deepest::SCHEMA, MAX_TYPE_DEPTH),
        (Option::<Deepest>::SCHEMA, MAX_TYPE_DEPTH + 1),
    ] {
        assert_eq!(depth::of(ty), expected, "{ty:?}");
        let mut buffer = [0; 512];
        let bytes = &*crate::encode(ty, &mut buffer).unwrap();
        assert_eq!(walk(bytes, expected, &mut Nowhere), Ok(&[][..]), "{ty:?}");
        let error = walk(bytes, expected - 1, &mut Nowhere).unwrap_err();
        assert_eq!(error, DecodeError::TooDeep, "{ty:?}");
    }
}

#[test]
fn the_deepest_type_is_read_by_the_host() {
    const DEEP: &[Declaration] =
        &[Declaration { name: "go", request: Deepest::SCHEMA, reply: Deepest::SCHEMA }];
    const BYTES: [u8; encoded_len(DEEP)] = to_bytes(DEEP);
    assert_eq!(Entries::from_section(&BYTES).unwrap().len(), 1);
}

#[test]
#[should_panic(expected = "nested deeper")]
fn a_request_that_is_too_deep_is_refused() {
    const DEEP: &[Declaration] =
        &[Declaration { name: "go", request: Option::<Deepest>::SCHEMA, reply: u8::SCHEMA }];
    let _ = to_bytes::<{ encoded_len(DEEP) }>(DEEP);
}

#[test]
#[should_panic(expected = "nested deeper")]
fn a_reply_that_is_too_deep_is_refused() {
    const DEEP: &[Declaration] =
        &[Declaration { name: "go", request: u8::SCHEMA, reply: Option::<Deepest>::SCHEMA }];
    let _ = to_bytes::<{ encoded_len(DEEP) }>(DEEP);
}

#[test]
fn nesting_and_lies_end_in_an_error() {
    let deep = [&b"\x01\x01\x00"[..], &b"\x00\x16".repeat(17), b"\x00\x00\x00\x00"].concat();
    assert_eq!(Entries::from_section(&deep).unwrap_err(), DecodeError::TooDeep);
    for end in 0..SECTION.len() {
        assert!(Entries::from_section(&SECTION[..end]).is_err(), "cut at {end}");
    }
    for (bytes, error) in [
        (&b"\x02\x00"[..], DecodeError::Type),
        (b"\x01\xff\xff\xff\xff\x0f", DecodeError::Truncated),
        (b"\x01\x01\x00\x00\x1d", DecodeError::Tag),
        (b"\x01\x01\x01\x1b\x00\x00\x00\x00", DecodeError::Type),
        (b"\x01\x00!", DecodeError::Trailing { bytes: 1 }),
    ] {
        let found = Entries::from_section(bytes).unwrap_err();
        assert_eq!(found, error, "{found}");
    }
}
