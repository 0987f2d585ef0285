//! What holds for all values and all bytes.

use crate::{bytes_of, golden, same};
use ampoule_abi::{
    Context, Decode, Failure, Meta, Outcome, PackedReply, Pairs, Value, owned, schema,
};
use core::fmt::Debug;
use proptest::{collection::vec, prelude::*, sample::Index};

/// `PROPTEST_CASES` in the environment asks for more.
fn at_least(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(cases), ..config }
}

fn floats() -> impl Strategy<Value = f64> {
    // From bits: every NaN is among them.
    prop_oneof![any::<f64>(), any::<u64>().prop_map(f64::from_bits)]
}

fn values() -> impl Strategy<Value = owned::Value> {
    let leaf = prop_oneof![
        Just(owned::Value::Null),
        any::<bool>().prop_map(owned::Value::Bool),
        any::<i64>().prop_map(owned::Value::Int),
        (-70_i64..70).prop_map(owned::Value::Int),
        floats().prop_map(owned::Value::Float),
        any::<String>().prop_map(owned::Value::Str),
        vec(any::<u8>(), 0..200).prop_map(owned::Value::Bytes),
    ];
    nested(leaf)
}

/// Values that JSON has a form of its own for.
fn json_values() -> impl Strategy<Value = owned::Value> {
    let leaf = prop_oneof![
        Just(owned::Value::Null),
        any::<bool>().prop_map(owned::Value::Bool),
        any::<i64>().prop_map(owned::Value::Int),
        // Integers and halves are exact in any decimal form.
        any::<i32>().prop_map(|it| owned::Value::Float(f64::from(it) / 2.0)),
        any::<String>().prop_map(owned::Value::Str),
    ];
    nested(leaf)
}

fn nested(
    leaf: impl Strategy<Value = owned::Value> + 'static,
) -> impl Strategy<Value = owned::Value> {
    leaf.prop_recursive(8, 64, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(owned::Value::List),
            vec((any::<String>(), inner), 0..6).prop_map(owned::Value::Map),
        ]
    })
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((any::<String>(), any::<String>()), 0..6)
}

fn contexts() -> impl Strategy<Value = owned::Context> {
    (any::<String>(), pairs(), pairs()).prop_map(|(request_id, headers, parameters)| {
        owned::Context { request_id, headers, parameters }
    })
}

fn outcomes() -> impl Strategy<Value = owned::Outcome> {
    (any::<bool>(), values(), any::<Option<String>>())
        .prop_map(|(success, data, error)| owned::Outcome { success, data, error })
}

/// Bytes that look like messages often enough to get far into a decoder.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![6 => 0_u8..9, 1 => 9_u8..32, 1 => b'a'..=b'z', 1 => any::<u8>(), 1 => Just(0xff)];
    vec(byte, 0..64)
}

/// Good messages of every kind.
fn good_bytes() -> impl Strategy<Value = Vec<u8>> {
    let goldens: Vec<Vec<u8>> = golden::all().into_iter().map(|(_, it)| it.to_vec()).collect();
    prop_oneof![
        values().prop_map(|it| bytes_of(&it)),
        contexts().prop_map(|it| bytes_of(&it)),
        outcomes().prop_map(|it| bytes_of(&it)),
        proptest::sample::select(goldens),
    ]
}

#[derive(Clone, Debug)]
enum Mutation {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    Repeat(Index),
}

fn mutations() -> impl Strategy<Value = Mutation> {
    let byte = || prop_oneof![any::<u8>(), 0_u8..9];
    prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, it)| Mutation::Set(at, it)),
        (any::<Index>(), byte()).prop_map(|(at, it)| Mutation::Insert(at, it)),
        any::<Index>().prop_map(Mutation::Remove),
        any::<Index>().prop_map(Mutation::Cut),
        any::<Index>().prop_map(Mutation::Repeat),
    ]
}

impl Mutation {
    fn apply(self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Set(at, it) => *at.get_mut(bytes.as_mut_slice()) = it,
            Self::Insert(at, it) => bytes.insert(at.index(bytes.len()), it),
            Self::Remove(at) => drop(bytes.remove(at.index(bytes.len()))),
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Repeat(at) => bytes.extend_from_within(at.index(bytes.len())..),
        }
    }
}

fn mutated_bytes() -> impl Strategy<Value = Vec<u8>> {
    (good_bytes(), vec(mutations(), 1..4)).prop_map(|(mut bytes, mutations)| {
        for mutation in mutations {
            mutation.apply(&mut bytes);
        }
        bytes
    })
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..256), likely_bytes(), mutated_bytes()]
}

/// Borrowed and owned agree on `bytes`: the same message with the same rest, or none.
fn agree<'a, B, O>(bytes: &'a [u8], same: impl Fn(&O, &O) -> bool) -> Result<(), TestCaseError>
where
    B: Decode<'a>,
    O: Decode<'a> + From<B> + Debug + serde::Serialize,
{
    match (B::decode_prefix(bytes), O::decode_prefix(bytes)) {
        (Ok((borrowed, rest)), Ok((owned, owned_rest))) => {
            let borrowed = O::from(borrowed);
            prop_assert!(same(&borrowed, &owned), "{borrowed:?} is not {owned:?}");
            prop_assert_eq!(rest, owned_rest);
        }
        (Err(_), Err(_)) => {}
        // Where a length may have 64 bits, serde reads a count of more than five bytes. A borrowed
        // count has 32 bits everywhere. No encoder writes such a count.
        (Err(_), Ok((owned, rest))) => {
            prop_assert!(bytes_of(&owned).len() < bytes.len() - rest.len(), "only {owned:?}");
        }
        (Ok((borrowed, _)), Err(error)) => {
            prop_assert!(false, "only {:?}: {error}", O::from(borrowed));
        }
    }
    Ok(())
}

/// Uses all that a decoder answers: walks it, shows it, sends it on.
fn use_up<'a, T: Decode<'a> + Debug + serde::Serialize>(bytes: &'a [u8]) {
    if let Ok((message, rest)) = T::decode_prefix(bytes) {
        assert!(bytes.ends_with(rest));
        let _ = (format!("{message:?}"), serde_json::to_string(&message));
        // What was read is what is sent on, but for numbers that weren't in their shortest form.
        let again = bytes_of(&message);
        assert!(again.len() <= bytes.len() - rest.len());
    }
    let _ = T::decode(bytes);
}

fn use_up_sections(bytes: &[u8]) {
    if let Ok(meta) = Meta::from_section(bytes) {
        assert_eq!(meta.check(), Ok(()));
        assert!(meta.encoded_len() <= bytes.len());
    }
    if let Ok(entries) = schema::Entries::from_section(bytes) {
        for entry in entries.iter() {
            let shown = format!("{}: {} -> {}", entry.name, entry.request, entry.reply);
            assert!(shown.len() >= entry.name.len());
        }
    }
}

proptest! {
    #![proptest_config(at_least(1000))]

    #[test]
    fn every_value_round_trips_through_both_forms(value in values()) {
        let bytes = bytes_of(&value);
        prop_assert_eq!(&bytes, &bytes_of(&value.borrow()));
        let borrowed = Value::decode(&bytes).unwrap();
        prop_assert!(same(&borrowed.into(), &value), "borrowed: {borrowed:?}");
        prop_assert_eq!(&bytes, &bytes_of(&borrowed));
        let owned = owned::Value::decode(&bytes).unwrap();
        prop_assert!(same(&owned, &value), "owned: {owned:?}");
    }

    #[test]
    fn every_context_round_trips_through_both_forms(context in contexts()) {
        let bytes = bytes_of(&context);
        let borrowed = Context::decode(&bytes).unwrap();
        prop_assert_eq!(borrowed, context.borrow());
        prop_assert_eq!(&bytes, &bytes_of(&borrowed));
        prop_assert_eq!(owned::Context::decode(&bytes).unwrap(), context);
    }

    #[test]
    fn every_outcome_round_trips_through_both_forms(outcome in outcomes()) {
        let bytes = bytes_of(&outcome);
        let borrowed = Outcome::decode(&bytes).unwrap();
        prop_assert_eq!(&bytes, &bytes_of(&borrowed));
        for back in [owned::Outcome::from(borrowed), owned::Outcome::decode(&bytes).unwrap()] {
            prop_assert_eq!((back.success, &back.error), (outcome.success, &outcome.error));
            prop_assert!(same(&back.data, &outcome.data), "{back:?}");
        }
    }

    #[test]
    fn every_value_that_json_has_round_trips_through_it(value in json_values()) {
        let json = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(&json, &serde_json::to_string(&value.borrow()).unwrap());
        prop_assert!(same(&serde_json::from_str(&json).unwrap(), &value), "{json}");
    }

    #[test]
    fn every_context_round_trips_through_json(context in contexts()) {
        let json = serde_json::to_string(&context).unwrap();
        prop_assert_eq!(serde_json::from_str::<owned::Context>(&json).unwrap(), context);
    }

    #[test]
    fn every_reply_that_fits_31_bits_round_trips(failed: bool, address: u32, length: u32) {
        let fits = address >> 31 == 0 && length >> 31 == 0;
        let reply = PackedReply { failed, address, length };
        prop_assert_eq!(reply.to_bits().is_some(), fits);
        let cut = PackedReply { address: address >> 1, length: length >> 1, ..reply };
        prop_assert_eq!(cut.to_bits().and_then(PackedReply::from_bits), Some(cut));
    }

    #[test]
    fn every_number_is_a_reply_or_has_bit_31_set(bits: i64) {
        let found = PackedReply::from_bits(bits);
        prop_assert_eq!(found.is_some(), bits & (1 << 31) == 0);
        prop_assert!(found.is_none_or(|reply| reply.to_bits() == Some(bits)));
    }
}

proptest! {
    #![proptest_config(at_least(4000))]

    #[test]
    fn both_forms_agree_on_any_bytes(bytes in any_bytes()) {
        agree::<Value<'_>, owned::Value>(&bytes, same)?;
        agree::<Context<'_>, owned::Context>(&bytes, PartialEq::eq)?;
        agree::<Failure<'_>, owned::Failure>(&bytes, PartialEq::eq)?;
        agree::<Outcome<'_>, owned::Outcome>(&bytes, |left, right| {
            (left.success, &left.error) == (right.success, &right.error)
                && same(&left.data, &right.data)
        })?;
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in any_bytes()) {
        use_up::<Value<'_>>(&bytes);
        use_up::<Context<'_>>(&bytes);
        use_up::<Outcome<'_>>(&bytes);
        use_up::<Pairs<'_>>(&bytes);
        use_up::<Failure<'_>>(&bytes);
        use_up::<owned::Value>(&bytes);
        use_up::<owned::Context>(&bytes);
        use_up::<owned::Outcome>(&bytes);
        use_up::<owned::Failure>(&bytes);
        use_up_sections(&bytes);
    }

    #[test]
    fn no_section_makes_its_reader_panic(bytes in likely_bytes(), mutation in mutations()) {
        // Past the version and the count, where more of the bytes are read.
        use_up_sections(&[b"\x01", &bytes[..]].concat());
        use_up_sections(&[b"\x01\x01\x00", &bytes[..]].concat());
        for (_, _, section) in golden::SCHEMAS {
            let mut section = section.to_vec();
            mutation.clone().apply(&mut section);
            use_up_sections(&section);
        }
        let mut section = golden::METAS[0].2.to_vec();
        mutation.apply(&mut section);
        use_up_sections(&section);
    }
}
