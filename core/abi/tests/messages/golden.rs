//! Golden bytes, written by hand from the layout tables.

use ampoule_abi::{Context, Failure, List, Map, Meta, Outcome, Pairs, Value, schema::Declaration};
use postcard_schema::Schema as _;

/// A message's name in `docs/abi.md`, the message, its bytes.
pub(crate) type Golden<T> = (&'static str, T, &'static [u8]);

pub(crate) const VALUES: &[Golden<Value<'static>>] = &[
    ("Null", Value::Null, b"\x00"),
    ("Bool(false)", Value::Bool(false), b"\x01\x00"),
    ("Bool(true)", Value::Bool(true), b"\x01\x01"),
    ("Int(0)", Value::Int(0), b"\x02\x00"),
    ("Int(-1)", Value::Int(-1), b"\x02\x01"),
    ("Int(1)", Value::Int(1), b"\x02\x02"),
    ("Int(63)", Value::Int(63), b"\x02\x7e"),
    ("Int(-64)", Value::Int(-64), b"\x02\x7f"),
    ("Int(64)", Value::Int(64), b"\x02\x80\x01"),
    ("Int(-65)", Value::Int(-65), b"\x02\x81\x01"),
    ("Int(1000000)", Value::Int(1_000_000), b"\x02\x80\x89\x7a"),
    ("Int(largest)", Value::Int(i64::MAX), b"\x02\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    ("Int(smallest)", Value::Int(i64::MIN), b"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    ("Float(0.0)", Value::Float(0.0), b"\x03\x00\x00\x00\x00\x00\x00\x00\x00"),
    ("Float(-0.0)", Value::Float(-0.0), b"\x03\x00\x00\x00\x00\x00\x00\x00\x80"),
    ("Float(1.5)", Value::Float(1.5), b"\x03\x00\x00\x00\x00\x00\x00\xf8\x3f"),
    ("Float(infinity)", Value::Float(f64::INFINITY), b"\x03\x00\x00\x00\x00\x00\x00\xf0\x7f"),
    (
        "Float(NaN)",
        Value::Float(f64::from_bits(0x7ff8_0000_0000_0000)),
        b"\x03\x00\x00\x00\x00\x00\x00\xf8\x7f",
    ),
    (
        "Float(-NaN, payload 0x2a)",
        Value::Float(f64::from_bits(0xfff8_0000_0000_002a)),
        b"\x03\x2a\x00\x00\x00\x00\x00\xf8\xff",
    ),
    ("Str(\"\")", Value::Str(""), b"\x04\x00"),
    ("Str(\"hello\")", Value::Str("hello"), b"\x04\x05hello"),
    ("Str(\"é\")", Value::Str("é"), b"\x04\x02\xc3\xa9"),
    ("Bytes()", Value::Bytes(&[]), b"\x05\x00"),
    ("Bytes(00 ff)", Value::Bytes(&[0, 0xff]), b"\x05\x02\x00\xff"),
    ("[]", Value::List(List::from_slice(&[])), b"\x06\x00"),
    (
        "[Null, Int(-1), Str(\"a\")]",
        Value::List(List::from_slice(&[Value::Null, Value::Int(-1), Value::Str("a")])),
        b"\x06\x03\x00\x02\x01\x04\x01a",
    ),
    (
        "[[[]], []]",
        Value::List(List::from_slice(&[
            Value::List(List::from_slice(&[Value::List(List::from_slice(&[]))])),
            Value::List(List::from_slice(&[])),
        ])),
        b"\x06\x02\x06\x01\x06\x00\x06\x00",
    ),
    ("{}", Value::Map(Map::from_slice(&[])), b"\x07\x00"),
    (
        "{\"a\": Int(1), \"\": Bool(true)}",
        Value::Map(Map::from_slice(&[("a", Value::Int(1)), ("", Value::Bool(true))])),
        b"\x07\x02\x01a\x02\x02\x00\x01\x01",
    ),
    (
        "{\"a\": Null, \"a\": Int(1)}",
        Value::Map(Map::from_slice(&[("a", Value::Null), ("a", Value::Int(1))])),
        b"\x07\x02\x01a\x00\x01a\x02\x02",
    ),
    (
        "[{\"k\": [{}]}]",
        Value::List(List::from_slice(&[Value::Map(Map::from_slice(&[(
            "k",
            Value::List(List::from_slice(&[Value::Map(Map::from_slice(&[]))])),
        )]))])),
        b"\x06\x01\x07\x01\x01k\x06\x01\x07\x00",
    ),
];

pub(crate) const PAIRS: &[Golden<Pairs<'static>>] = &[
    ("pairs-empty", Pairs::EMPTY, b"\x00"),
    (
        "pairs",
        Pairs::from_slice(&[("format", "camelCase"), ("", "é"), ("format", "")]),
        b"\x03\x06format\x09camelCase\x00\x02\xc3\xa9\x06format\x00",
    ),
];

pub(crate) const CONTEXTS: &[Golden<Context<'static>>] = &[
    (
        "context-empty",
        Context { request_id: "", headers: Pairs::EMPTY, parameters: Pairs::EMPTY },
        b"\x00\x00\x00",
    ),
    (
        "context-id",
        Context { request_id: "req-001", headers: Pairs::EMPTY, parameters: Pairs::EMPTY },
        b"\x07req-001\x00\x00",
    ),
    (
        "context",
        Context {
            request_id: "req-001",
            headers: Pairs::from_slice(&[("Content-Type", "application/json")]),
            parameters: Pairs::from_slice(&[("action", "transform"), ("format", "camelCase")]),
        },
        b"\x07req-001\
          \x01\x0cContent-Type\x10application/json\
          \x02\x06action\x09transform\x06format\x09camelCase",
    ),
];

pub(crate) const OUTCOMES: &[Golden<Outcome<'static>>] = &[
    ("outcome-null", Outcome::success(Value::Null), b"\x01\x00\x00"),
    ("outcome-id", Outcome::success(Value::Str("req-001")), b"\x01\x04\x07req-001\x00"),
    (
        "outcome",
        Outcome::success(Value::Map(Map::from_slice(&[
            ("action", Value::Str("transform")),
            ("_request_id", Value::Str("req-001")),
            ("_processed", Value::Bool(true)),
        ]))),
        b"\x01\
          \x07\x03\
          \x06action\x04\x09transform\
          \x0b_request_id\x04\x07req-001\
          \x0a_processed\x01\x01\
          \x00",
    ),
    ("outcome-error", Outcome::error("no input"), b"\x00\x00\x01\x08no input"),
    (
        "outcome-error-with-data",
        Outcome { success: false, data: Value::Int(-1), error: Some("") },
        b"\x00\x02\x01\x01\x00",
    ),
    (
        "outcome-no-reason",
        Outcome { success: false, data: Value::Null, error: None },
        b"\x00\x00\x00",
    ),
];

pub(crate) const FAILURES: &[Golden<Failure<'static>>] = &[
    ("failure", Failure { code: 1, message: "not a context" }, b"\x01\x0dnot a context"),
    ("failure-plugin", Failure { code: 300, message: "no" }, b"\xac\x02\x02no"),
    ("failure-largest-code", Failure { code: u32::MAX, message: "" }, b"\xff\xff\xff\xff\x0f\x00"),
];

pub(crate) const METAS: &[Golden<Meta<'static>>] = &[(
    "meta",
    Meta { name: "echo", version: "1.0.0", description: "Says the id back", author: "us" },
    b"\x01\x04echo\x051.0.0\x10Says the id back\x02us",
)];

pub(crate) const SCHEMAS: &[Golden<&[Declaration]>] = &[
    ("schema-empty", &[], b"\x01\x00"),
    (
        "schema",
        &[Declaration { name: "execute", request: Context::SCHEMA, reply: Outcome::SCHEMA }],
        b"\x01\x01\
          \x07execute\
          \x07Context\x1a\x03\
          \x0arequest_id\x06String\x10\
          \x07headers\x05Pairs\x19\x06String\x10\x06String\x10\
          \x0aparameters\x05Pairs\x19\x06String\x10\x06String\x10\
          \x07Outcome\x1a\x03\
          \x07success\x04bool\x00\
          \x04data\x05Value\x1c\
          \x05error\x09Option<T>\x12\x06String\x10",
    ),
];

/// Every golden message: its name and its bytes.
pub(crate) fn all() -> Vec<(&'static str, &'static [u8])> {
    fn each<T>(
        goldens: &'static [Golden<T>],
    ) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        goldens.iter().map(|(name, _, bytes)| (*name, *bytes))
    }
    each(VALUES)
        .chain(each(PAIRS))
        .chain(each(CONTEXTS))
        .chain(each(OUTCOMES))
        .chain(each(FAILURES))
        .chain(each(METAS))
        .chain(each(SCHEMAS))
        .collect()
}
