//! JSON, written as a message.

use ampoule_abi::encode;
use ampoule_std::{escaped, owned};
use postcard_schema::schema::owned::{
    OwnedDataModelType as Shape, OwnedDataModelVariant as Variant, OwnedNamedType as Type,
    OwnedNamedValue, OwnedNamedVariant,
};
use serde::Serialize;
use serde_json::Value;

/// Why it can't be, and where.
type Result<T = ()> = core::result::Result<T, String>;

/// Writes `value` as a message of this type.
pub(in super::super) fn put(ty: &Type, value: &Value) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    any(&mut out, ty, value)?;
    Ok(out)
}

/// Recursion is bounded by the type, which a host has checked.
fn any(out: &mut Vec<u8>, ty: &Type, value: &Value) -> Result {
    match &ty.ty {
        Shape::Bool => plain(out, value.as_bool(), "a bool"),
        Shape::I8 => plain(out, signed::<i8>(value), "an i8"),
        Shape::I16 => plain(out, signed::<i16>(value), "an i16"),
        Shape::I32 => plain(out, signed::<i32>(value), "an i32"),
        Shape::I64 | Shape::Isize => plain(out, value.as_i64(), "an i64"),
        Shape::I128 => plain(out, signed::<i128>(value), "an i64"),
        Shape::U8 => plain(out, unsigned::<u8>(value), "a u8"),
        Shape::U16 => plain(out, unsigned::<u16>(value), "a u16"),
        Shape::U32 => plain(out, unsigned::<u32>(value), "a u32"),
        Shape::U64 | Shape::Usize => plain(out, value.as_u64(), "a u64"),
        Shape::U128 => plain(out, unsigned::<u128>(value), "a u64"),
        Shape::F32 => plain(out, value.as_f64().map(|it| it as f32), "a number"),
        Shape::F64 => plain(out, value.as_f64(), "a number"),
        Shape::Char => plain(out, character(value), "one character"),
        Shape::String => text(out, value.as_str().ok_or("it takes a string")?),
        Shape::ByteArray => bytes(out, list(value, None)?),
        Shape::Option(ty) => option(out, ty, value),
        Shape::Unit | Shape::UnitStruct => value.as_null().ok_or("it takes null".to_owned()),
        Shape::NewtypeStruct(ty) => any(out, ty, value),
        Shape::Seq(ty) => seq(out, ty, list(value, None)?),
        Shape::Tuple(types) | Shape::TupleStruct(types) => tuple(out, types, value),
        Shape::Map { key, val } => map(out, key, val, value),
        Shape::Struct(fields) => structure(out, fields, value),
        Shape::Enum(variants) => variant(out, variants, value),
        Shape::Schema => anything(out, value),
    }
}

/// Any number or character has fewer bytes.
const MOST_BYTES: usize = 32;

fn plain<T: Serialize>(out: &mut Vec<u8>, value: Option<T>, takes: &str) -> Result {
    let value = value.ok_or_else(|| format!("it takes {takes}"))?;
    out.extend_from_slice(written(&value, &mut [0; MOST_BYTES])?);
    Ok(())
}

fn written<'a, T: Serialize>(value: &T, room: &'a mut [u8]) -> Result<&'a [u8]> {
    encode(value, room).map(|bytes| &*bytes).map_err(|error| error.to_string())
}

fn signed<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_i64()?).ok()
}

fn unsigned<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_u64()?).ok()
}

fn character(value: &Value) -> Option<char> {
    let mut characters = value.as_str()?.chars();
    characters.next().filter(|_| characters.next().is_none())
}

fn text(out: &mut Vec<u8>, text: &str) -> Result {
    plain(out, Some(text.len()), "a length")?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn bytes(out: &mut Vec<u8>, values: &[Value]) -> Result {
    plain(out, Some(values.len()), "a length")?;
    for value in values {
        out.push(unsigned(value).ok_or("it takes a list of bytes")?);
    }
    Ok(())
}

fn option(out: &mut Vec<u8>, ty: &Type, value: &Value) -> Result {
    out.push(u8::from(!value.is_null()));
    if value.is_null() { Ok(()) } else { any(out, ty, value) }
}

fn list(value: &Value, length: Option<usize>) -> Result<&[Value]> {
    let values = value.as_array().filter(|it| length.is_none_or(|length| it.len() == length));
    let takes =
        || length.map_or("it takes a list".to_owned(), |it| format!("it takes a list of {it}"));
    values.map(Vec::as_slice).ok_or_else(takes)
}

fn seq(out: &mut Vec<u8>, ty: &Type, values: &[Value]) -> Result {
    plain(out, Some(values.len()), "a length")?;
    let mut places = values.iter().enumerate();
    places.try_for_each(|(at, value)| any(out, ty, value).map_err(in_place(at)))
}

fn tuple(out: &mut Vec<u8>, types: &[Type], value: &Value) -> Result {
    let values = list(value, Some(types.len()))?;
    let mut parts = types.iter().zip(values).enumerate();
    parts.try_for_each(|(at, (ty, value))| any(out, ty, value).map_err(in_place(at)))
}

fn in_place(place: impl core::fmt::Display) -> impl FnOnce(String) -> String {
    move |reason| format!("{place}: {reason}")
}

/// An object, or a list of pairs where names aren't strings.
fn map(out: &mut Vec<u8>, key: &Type, val: &Type, value: &Value) -> Result {
    let pairs: Vec<(Value, &Value)> = match value {
        Value::Object(map) => {
            map.iter().map(|(name, it)| (Value::from(name.as_str()), it)).collect()
        }
        pairs => {
            let pairs = list(pairs, None)?.iter().map(|pair| match list(pair, Some(2))? {
                [name, value] => Ok((name.clone(), value)),
                _ => Err("it takes pairs".to_owned()),
            });
            pairs.collect::<Result<_>>()?
        }
    };
    plain(out, Some(pairs.len()), "a length")?;
    pairs.iter().try_for_each(|(name, value)| {
        any(out, key, name)?;
        any(out, val, value)
    })
}

fn structure(out: &mut Vec<u8>, fields: &[OwnedNamedValue], value: &Value) -> Result {
    let object = value.as_object().ok_or("it takes an object")?;
    if let Some(other) = object.keys().find(|name| fields.iter().all(|it| it.name != **name)) {
        return Err(format!("it takes no \"{}\"", escaped(other)));
    }
    fields.iter().try_for_each(|OwnedNamedValue { name, ty }| {
        let value = object.get(name);
        let value = value.ok_or_else(|| format!("it takes an object with \"{name}\""))?;
        any(out, ty, value).map_err(in_place(name))
    })
}

/// A variant's name, or an object with it as its one name.
fn variant(out: &mut Vec<u8>, variants: &[OwnedNamedVariant], value: &Value) -> Result {
    let given = match value {
        Value::String(name) => Some((name, &Value::Null)),
        Value::Object(object) if object.len() == 1 => object.iter().next(),
        _ => None,
    };
    let found = given.and_then(|(given, value)| {
        let at = variants.iter().position(|variant| variant.name == *given)?;
        Some((at, variants.get(at)?, value))
    });
    let names = || variants.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
    let (at, OwnedNamedVariant { name, ty }, value) =
        found.ok_or_else(|| format!("it takes one of {}", names()))?;
    plain(out, u32::try_from(at).ok(), "a variant")?;
    let put = match ty {
        Variant::UnitVariant => value.as_null().ok_or("it takes nothing".to_owned()),
        Variant::NewtypeVariant(ty) => any(out, ty, value),
        Variant::TupleVariant(types) => tuple(out, types, value),
        Variant::StructVariant(fields) => structure(out, fields, value),
    };
    put.map_err(in_place(name))
}

/// As much as a frame takes, and more.
const MOST_VALUE_BYTES: usize = 64 * 1024;

fn anything(out: &mut Vec<u8>, value: &Value) -> Result {
    let value: owned::Value =
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let mut room = vec![0; MOST_VALUE_BYTES];
    out.extend_from_slice(written(&value, &mut room)?);
    Ok(())
}
