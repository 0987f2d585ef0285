//! Messages of declared types, as JSON: for entries that take no Context.
//!
//! JSON is as `serde_json` would write a type of that shape: a struct is an object, a tuple a list, an
//! enum's variant its name, or an object with it as its one name. Bytes are a list of numbers.

mod put;
mod take;

pub(super) use put::put;
pub(super) use take::take;

use ampoule_abi::{Decode as _, schema::Entries, section};
use postcard_schema::schema::owned::OwnedNamedType;

/// What an entry takes and answers.
pub(super) struct Types {
    pub(super) request: OwnedNamedType,
    pub(super) reply: OwnedNamedType,
}

/// An entry's name, and its two types.
type Declared = (String, OwnedNamedType, OwnedNamedType);

/// The types that a module declares for an entry.
pub(super) fn types(wasm: &[u8], entry: &str) -> Option<Types> {
    let section = custom_section(wasm, section::SCHEMA)?;
    // It checks how deep types are nested, which the types themselves don't when they are read.
    Entries::from_section(section).ok()?;
    let (_, declared) = <(u32, Vec<Declared>)>::decode(section).ok()?;
    let (_, request, reply) = declared.into_iter().find(|(name, ..)| name == entry)?;
    Some(Types { request, reply })
}

/// A module's header: its magic bytes and its version.
const HEADER_BYTES: usize = 8;

/// The content of a custom section (core specification 1.0, section 5.5.3).
fn custom_section<'a>(wasm: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = wasm.get(HEADER_BYTES..)?;
    while let Some((id, after)) = rest.split_first() {
        let (content, after) = prefixed(after)?;
        rest = after;
        if *id == 0
            && let Some((found, content)) = prefixed(content)
            && found == name.as_bytes()
        {
            return Some(content);
        }
    }
    None
}

/// Bytes behind their length. LEB128 and postcard write a u32 the same way.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = u32::decode_prefix(bytes).ok()?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests {
    use super::{custom_section, put, take, types};
    use postcard_schema::{
        Schema,
        schema::owned::{OwnedDataModelType as Shape, OwnedNamedType},
    };
    use serde::Serialize;
    use serde_json::{Value, json};

    const FILTER: &[u8] = include_bytes!("../../../../../../guests/prebuilt/sensor-filter.wasm");

    #[derive(Schema, Serialize)]
    #[allow(clippy::struct_excessive_bools)]
    struct Every {
        flag: bool,
        signed: (i8, i16, i32, i64),
        unsigned: (u8, u16, u32, u64),
        real: (f32, f64),
        letter: char,
        text: String,
        maybe: Option<u8>,
        none: Option<u8>,
        nothing: (),
        list: Vec<Option<i16>>,
        kinds: [Kind; 3],
    }

    #[derive(Schema, Serialize)]
    enum Kind {
        Plain,
        One(u16),
        Two(u8, String),
    }

    fn every() -> Every {
        Every {
            flag: true,
            signed: (i8::MIN, i16::MIN, -3, i64::MIN),
            unsigned: (u8::MAX, u16::MAX, 300, u64::MAX),
            real: (0.5, -1e300),
            letter: 'é',
            text: "naïve".to_owned(),
            maybe: Some(7),
            none: None,
            nothing: (),
            list: vec![None, Some(-1)],
            kinds: [Kind::Plain, Kind::One(500), Kind::Two(1, "x".to_owned())],
        }
    }

    #[test]
    fn json_becomes_what_the_type_itself_becomes_and_back() {
        let mut room = [0; 256];
        let expected = ampoule_abi::encode(&every(), &mut room).map(|it| it.to_vec());
        let json = serde_json::to_value(every()).unwrap_or_default();
        let ty = OwnedNamedType::from(Every::SCHEMA);
        assert_eq!(put(&ty, &json).ok(), expected.ok());
        let bytes = put(&ty, &json).unwrap_or_default();
        assert_eq!(take(&ty, &bytes), Ok(json));
        for length in 0..bytes.len() {
            assert!(take(&ty, bytes.get(..length).unwrap_or_default()).is_err(), "{length}");
        }
    }

    #[test]
    fn what_doesnt_fit_the_type_is_told_with_its_place() {
        let ty = OwnedNamedType::from(Every::SCHEMA);
        let good = serde_json::to_value(every()).unwrap_or_default();
        let reason = |place: &str, wrong: Value| {
            let mut json = good.clone();
            if let Some(value) = json.pointer_mut(place) {
                *value = wrong;
            }
            put(&ty, &json).err().unwrap_or_default()
        };
        assert_eq!(reason("/flag", json!(1)), "flag: it takes a bool");
        assert_eq!(reason("/signed/0", json!(128)), "signed: 0: it takes an i8");
        assert_eq!(reason("/unsigned/3", json!(-1)), "unsigned: 3: it takes a u64");
        assert_eq!(reason("/signed", json!([1, 2])), "signed: it takes a list of 4");
        assert_eq!(reason("/letter", json!("ab")), "letter: it takes one character");
        assert_eq!(reason("/list/1", json!("x")), "list: 1: it takes an i16");
        assert_eq!(reason("/kinds/0", json!("Round")), "kinds: 0: it takes one of Plain, One, Two");
        assert_eq!(reason("/kinds/1", json!({"One": 70_000})), "kinds: 1: One: it takes a u16");
        assert_eq!(reason("", json!({"flag": true})), "it takes an object with \"signed\"");
        assert_eq!(reason("", json!([])), "it takes an object");
        assert_eq!(reason("", json!({"other": 1})), "it takes no \"other\"");
    }

    #[test]
    fn a_value_may_be_anything() {
        let ty = OwnedNamedType { name: "Value".to_owned(), ty: Shape::Schema };
        let json = json!({"a": [null, true, -3, 0.5, "x"], "b": {}});
        let bytes = put(&ty, &json).unwrap_or_default();
        assert_eq!(take(&ty, &bytes), Ok(json));
    }

    #[test]
    fn a_list_that_is_longer_than_its_bytes_ends() {
        let of = |ty| OwnedNamedType { name: String::new(), ty };
        let units = of(Shape::Seq(Box::new(of(Shape::Unit))));
        // Two billion of nothing.
        assert!(take(&units, &[0xff, 0xff, 0xff, 0xff, 7]).is_err());
        let deep = (0..200).fold(of(Shape::Unit), |ty, _| of(Shape::Seq(Box::new(ty))));
        assert!(take(&deep, &[1; 300]).is_err());
        assert!(take(&of(Shape::U8), &[1, 2]).is_err(), "what follows is no part of it");
    }

    #[test]
    fn a_modules_types_are_found_by_the_entrys_name() {
        let filter = types(FILTER, "filter").map(|it| (it.request.ty, it.reply.ty));
        assert!(matches!(filter, Some((Shape::Struct(_), Shape::Struct(_)))), "{filter:?}");
        assert!(types(FILTER, "filters").is_none() && types(b"", "filter").is_none());
        for length in 0..FILTER.len() {
            let cut = FILTER.get(..length).unwrap_or_default();
            assert!(custom_section(cut, "no such section").is_none());
        }
    }
}
