//! A message, read as JSON.

use ampoule_abi::{Decode, MAX_DEPTH};
use ampoule_std::Value as AnyValue;
use postcard_schema::schema::owned::{
    OwnedDataModelType as Shape, OwnedDataModelVariant as Variant, OwnedNamedType as Type,
    OwnedNamedValue, OwnedNamedVariant,
};
use serde::Serialize;
use serde_json::{Map, Value};

type Result<T = Value> = core::result::Result<T, String>;

/// Reads all of a message of this type.
pub(in super::super) fn take(ty: &Type, bytes: &[u8]) -> Result {
    let mut message = Message { rest: bytes, left: MOST_PARTS };
    let value = message.any(ty, MAX_DEPTH)?;
    match message.rest.len() {
        0 => Ok(value),
        more => Err(format!("{more} bytes follow it")),
    }
}

/// More parts than a frame has bytes: a list of nothings may be long.
const MOST_PARTS: u32 = 64 * 1024;

struct Message<'a> {
    rest: &'a [u8],
    /// How many parts more there may be.
    left: u32,
}

impl<'a> Message<'a> {
    fn any(&mut self, ty: &Type, depth: usize) -> Result {
        let depth = depth.checked_sub(1).ok_or("it is nested too deep")?;
        self.left = self.left.checked_sub(1).ok_or("it has too many parts")?;
        match &ty.ty {
            Shape::Bool => self.plain::<bool>(),
            Shape::I8 => self.plain::<i8>(),
            Shape::I16 => self.plain::<i16>(),
            Shape::I32 => self.plain::<i32>(),
            Shape::I64 | Shape::Isize => self.plain::<i64>(),
            Shape::I128 => self.large::<i128>(),
            Shape::U8 => self.plain::<u8>(),
            Shape::U16 => self.plain::<u16>(),
            Shape::U32 => self.plain::<u32>(),
            Shape::U64 | Shape::Usize => self.plain::<u64>(),
            Shape::U128 => self.large::<u128>(),
            Shape::F32 => self.plain::<f32>(),
            Shape::F64 => self.plain::<f64>(),
            Shape::Char => self.plain::<char>(),
            Shape::String => self.plain::<&str>(),
            Shape::ByteArray => self.plain::<&[u8]>(),
            Shape::Option(ty) => {
                if self.read::<bool>()? {
                    self.any(ty, depth)
                } else {
                    Ok(Value::Null)
                }
            }
            Shape::Unit | Shape::UnitStruct => Ok(Value::Null),
            Shape::NewtypeStruct(ty) => self.any(ty, depth),
            Shape::Seq(ty) => (0..self.read::<u32>()?).map(|_| self.any(ty, depth)).collect(),
            Shape::Tuple(types) | Shape::TupleStruct(types) => self.tuple(types, depth),
            Shape::Map { key, val } => self.map(key, val, depth),
            Shape::Struct(fields) => self.structure(fields, depth),
            Shape::Enum(variants) => self.variant(variants, depth),
            Shape::Schema => self.plain::<AnyValue<'a>>(),
        }
    }

    fn read<T: Decode<'a>>(&mut self) -> Result<T> {
        let (value, rest) = T::decode_prefix(self.rest).map_err(|error| error.to_string())?;
        self.rest = rest;
        Ok(value)
    }

    fn plain<T: Decode<'a> + Serialize>(&mut self) -> Result {
        serde_json::to_value(self.read::<T>()?).map_err(|error| error.to_string())
    }

    /// JSON's numbers here have 64 bits.
    fn large<T: Decode<'a> + ToString>(&mut self) -> Result {
        self.read::<T>().map(|number| Value::String(number.to_string()))
    }

    fn tuple(&mut self, types: &[Type], depth: usize) -> Result {
        types.iter().map(|ty| self.any(ty, depth)).collect()
    }

    /// An object where names are strings, or else a list of pairs.
    fn map(&mut self, key: &Type, val: &Type, depth: usize) -> Result {
        let mut pairs = Vec::new();
        for _ in 0..self.read::<u32>()? {
            pairs.push((self.any(key, depth)?, self.any(val, depth)?));
        }
        if matches!(key.ty, Shape::String) {
            let named =
                |(name, value): (Value, Value)| (name.as_str().unwrap_or("").to_owned(), value);
            return Ok(Value::Object(pairs.into_iter().map(named).collect()));
        }
        Ok(pairs.into_iter().map(|(name, value)| Value::Array(vec![name, value])).collect())
    }

    fn structure(&mut self, fields: &[OwnedNamedValue], depth: usize) -> Result {
        let fields =
            fields.iter().map(|field| Ok((field.name.clone(), self.any(&field.ty, depth)?)));
        fields.collect::<Result<Map<_, _>>>().map(Value::Object)
    }

    fn variant(&mut self, variants: &[OwnedNamedVariant], depth: usize) -> Result {
        let number = self.read::<u32>()?;
        let found = usize::try_from(number).ok().and_then(|number| variants.get(number));
        let OwnedNamedVariant { name, ty } = found.ok_or("it has a variant that isn't declared")?;
        let value = match ty {
            Variant::UnitVariant => return Ok(Value::String(name.clone())),
            Variant::NewtypeVariant(ty) => self.any(ty, depth)?,
            Variant::TupleVariant(types) => self.tuple(types, depth)?,
            Variant::StructVariant(fields) => self.structure(fields, depth)?,
        };
        Ok(Value::Object([(name.clone(), value)].into_iter().collect()))
    }
}
