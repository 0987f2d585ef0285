//! Both forms of every message encode to the golden bytes and decode from them.

use crate::{
    bytes_of,
    golden::{CONTEXTS, FAILURES, Golden, METAS, OUTCOMES, PAIRS, SCHEMAS, VALUES},
    same,
};
use ampoule_abi::{
    Decode, Meta, Outcome, Pairs, Value, owned,
    schema::{self, Declaration},
};
use core::fmt::Debug;
use serde::Serialize;

/// Both forms of a message encode to `bytes`, and `bytes` decode to both forms.
fn check<B, O>(name: &str, borrowed: B, bytes: &'static [u8])
where
    B: Decode<'static> + Serialize + PartialEq + Debug + Clone,
    O: Decode<'static> + Serialize + PartialEq + Debug + From<B>,
{
    let owned = O::from(borrowed.clone());
    assert_eq!(bytes_of(&borrowed), bytes, "{name}, borrowed");
    assert_eq!(bytes_of(&owned), bytes, "{name}, owned");
    assert_eq!(B::decode(bytes).as_ref(), Ok(&borrowed), "{name}, borrowed");
    assert_eq!(O::decode(bytes).as_ref(), Ok(&owned), "{name}, owned");
    let again = B::decode(bytes).unwrap();
    assert_eq!(bytes_of(&again), bytes, "{name}, decoded and sent on");
}

#[test]
fn values_have_the_documented_bytes() {
    for (name, value, bytes) in VALUES {
        let owned = owned::Value::from(*value);
        assert_eq!(bytes_of(value), *bytes, "{name}, borrowed");
        assert_eq!(bytes_of(&owned), *bytes, "{name}, owned");
        let borrowed_back = Value::decode(bytes).unwrap();
        assert!(same(&borrowed_back.into(), &owned), "{name}, borrowed: {borrowed_back:?}");
        assert_eq!(bytes_of(&borrowed_back), *bytes, "{name}, decoded and sent on");
        let owned_back = owned::Value::decode(bytes).unwrap();
        assert!(same(&owned_back, &owned), "{name}, owned: {owned_back:?}");
    }
}

#[test]
fn an_outcome_is_a_bool_its_value_and_an_optional_reason() {
    for (name, data, bytes) in VALUES {
        let expected = [b"\x01", *bytes, b"\x00"].concat();
        let outcome = Outcome::success(*data);
        assert_eq!(bytes_of(&outcome), expected, "{name}, borrowed");
        assert_eq!(bytes_of(&owned::Outcome::from(outcome)), expected, "{name}, owned");
        let borrowed_back = Outcome::decode(&expected).unwrap();
        let owned_back = owned::Outcome::decode(&expected).unwrap();
        for back in [owned::Outcome::from(borrowed_back), owned_back] {
            assert!(back.success && back.error.is_none(), "{name}: {back:?}");
            assert!(same(&back.data, &owned::Value::from(*data)), "{name}: {back:?}");
        }
    }
}

#[test]
fn outcomes_have_the_documented_bytes() {
    for (name, outcome, bytes) in OUTCOMES {
        check::<_, owned::Outcome>(name, *outcome, bytes);
    }
}

#[test]
fn contexts_have_the_documented_bytes() {
    for (name, context, bytes) in CONTEXTS {
        check::<_, owned::Context>(name, *context, bytes);
    }
}

#[test]
fn failures_have_the_documented_bytes() {
    for (name, failure, bytes) in FAILURES {
        check::<_, owned::Failure>(name, *failure, bytes);
    }
}

#[test]
fn pairs_have_the_documented_bytes() {
    for (name, pairs, bytes) in PAIRS {
        let owned: Vec<(String, String)> =
            pairs.iter().map(|(name, text)| (name.into(), text.into())).collect();
        assert_eq!(bytes_of(pairs), *bytes, "{name}, borrowed");
        assert_eq!(bytes_of(&owned), *bytes, "{name}, owned");
        assert_eq!(Pairs::decode(bytes), Ok(*pairs), "{name}, borrowed");
        assert_eq!(Vec::decode(bytes), Ok(owned), "{name}, owned");
        assert_eq!(bytes_of(&Pairs::decode(bytes).unwrap()), *bytes, "{name}, sent on");
    }
}

#[test]
fn lengths_from_128_bytes_on_take_two_bytes() {
    let long = "x".repeat(300);
    for (length, head) in [
        (127, &b"\x04\x7f"[..]),
        (128, b"\x04\x80\x01"),
        (255, b"\x04\xff\x01"),
        (300, b"\x04\xac\x02"),
    ] {
        let text = &long[..length];
        let expected = [head, text.as_bytes()].concat();
        assert_eq!(bytes_of(&Value::Str(text)), expected);
        assert_eq!(bytes_of(&owned::Value::Str(text.into())), expected);
        assert_eq!(Value::decode(&expected), Ok(Value::Str(text)));
        assert_eq!(owned::Value::decode(&expected), Ok(owned::Value::Str(text.into())));
    }
}

#[test]
fn decoded_lists_maps_and_pairs_read_in_order_and_by_the_first_of_a_name() {
    let Ok(Value::Map(map)) = Value::decode(b"\x07\x02\x01a\x00\x01a\x02\x02") else {
        panic!("a map is a map");
    };
    assert_eq!((map.len(), map.is_empty()), (2, false));
    assert_eq!(map.iter().collect::<Vec<_>>(), [("a", Value::Null), ("a", Value::Int(1))]);
    assert_eq!((map.get("a"), map.get("b")), (Some(Value::Null), None));

    let Ok(Value::List(list)) = Value::decode(b"\x06\x02\x02\x01\x00") else {
        panic!("a list is a list");
    };
    assert_eq!((list.len(), list.is_empty()), (2, false));
    assert_eq!(list.iter().collect::<Vec<_>>(), [Value::Int(-1), Value::Null]);

    let pairs = Pairs::decode(b"\x02\x01a\x01x\x01a\x01y").unwrap();
    assert_eq!((pairs.len(), pairs.is_empty()), (2, false));
    assert_eq!(pairs.into_iter().collect::<Vec<_>>(), [("a", "x"), ("a", "y")]);
    assert_eq!((pairs.get("a"), pairs.get("b")), (Some("x"), None));
}

#[test]
fn messages_are_equal_only_to_themselves() {
    fn check<B: Decode<'static> + PartialEq + Debug>(goldens: &[Golden<B>]) {
        for (at, (_, left, _)) in goldens.iter().enumerate() {
            for (other, (_, _, bytes)) in goldens.iter().enumerate() {
                assert_eq!(*left == B::decode(bytes).unwrap(), at == other, "{left:?}, {bytes:x?}");
            }
        }
    }
    // Floats compare as floats do: NaN differs from itself, and 0.0 is -0.0.
    let values = VALUES.iter().filter(|(_, value, _)| !matches!(value, Value::Float(_)));
    check(&values.copied().collect::<Vec<_>>());
    check(PAIRS);
    check(CONTEXTS);
    check(OUTCOMES);
    check(FAILURES);
}

#[test]
fn meta_sections_have_the_documented_bytes() {
    for (name, meta, bytes) in METAS {
        assert_eq!(Meta::from_section(bytes), Ok(*meta), "{name}");
        assert_eq!(meta.encoded_len(), bytes.len(), "{name}");
        assert_eq!(owned::Meta::from(*meta).borrow(), *meta, "{name}");
    }
    const META: Meta<'_> = METAS[0].1;
    assert_eq!(META.to_bytes::<{ META.encoded_len() }>(), *METAS[0].2);
}

#[test]
fn schema_sections_have_the_documented_bytes() {
    for (name, entries, bytes) in SCHEMAS {
        assert_eq!(schema::encoded_len(entries), bytes.len(), "{name}");
        let read = schema::Entries::from_section(bytes).unwrap();
        let found: Vec<_> = read.iter().map(|entry| entry.name).collect();
        let declared: Vec<_> = entries.iter().map(|entry| entry.name).collect();
        assert_eq!(found, declared, "{name}");
    }
    const EXECUTE: &[Declaration] = SCHEMAS[1].1;
    assert_eq!(schema::to_bytes::<{ schema::encoded_len(EXECUTE) }>(EXECUTE), *SCHEMAS[1].2);
}
