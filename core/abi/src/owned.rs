//! Owned forms of the messages, for sides that have a heap.

use crate::{List, MAX_DEPTH, Map, Pairs};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor},
};

/// [`crate::Meta`], owned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Meta {
    pub name: String,
    pub version: String,
    pub description: String,
    pub author: String,
}

impl Meta {
    /// The borrowed form.
    #[must_use]
    pub fn borrow(&self) -> crate::Meta<'_> {
        crate::Meta {
            name: &self.name,
            version: &self.version,
            description: &self.description,
            author: &self.author,
        }
    }
}

impl From<crate::Meta<'_>> for Meta {
    fn from(meta: crate::Meta<'_>) -> Self {
        Self {
            name: meta.name.to_owned(),
            version: meta.version.to_owned(),
            description: meta.description.to_owned(),
            author: meta.author.to_owned(),
        }
    }
}

/// [`crate::Context`], owned.
#[derive(Clone, Debug, PartialEq, Eq, Default, Deserialize)]
#[allow(missing_docs)]
pub struct Context {
    pub request_id: String,
    #[serde(deserialize_with = "pairs")]
    pub headers: Vec<(String, String)>,
    #[serde(deserialize_with = "pairs")]
    pub parameters: Vec<(String, String)>,
}

impl Context {
    /// The borrowed form.
    #[must_use]
    pub fn borrow(&self) -> crate::Context<'_> {
        crate::Context {
            request_id: &self.request_id,
            headers: Pairs::from_owned(&self.headers),
            parameters: Pairs::from_owned(&self.parameters),
        }
    }
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.borrow().serialize(serializer)
    }
}

impl From<crate::Context<'_>> for Context {
    fn from(context: crate::Context<'_>) -> Self {
        let owned = |pairs: Pairs<'_>| {
            pairs.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
        };
        Self {
            request_id: context.request_id.to_owned(),
            headers: owned(context.headers),
            parameters: owned(context.parameters),
        }
    }
}

/// Reads pairs as [`Pairs`] writes them: in formats for people as a map, in order.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_map(NamesAndTexts)
    } else {
        Vec::deserialize(deserializer)
    }
}

struct NamesAndTexts;

impl<'de> Visitor<'de> for NamesAndTexts {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names and texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

/// [`crate::Outcome`], owned.
#[derive(Clone, Debug, PartialEq, Default, Deserialize)]
#[allow(missing_docs)]
pub struct Outcome {
    pub success: bool,
    pub data: Value,
    #[serde(default)]
    pub error: Option<String>,
}

impl Outcome {
    /// The borrowed form.
    #[must_use]
    pub fn borrow(&self) -> crate::Outcome<'_> {
        crate::Outcome {
            success: self.success,
            data: self.data.borrow(),
            error: self.error.as_deref(),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.borrow().serialize(serializer)
    }
}

impl From<crate::Outcome<'_>> for Outcome {
    fn from(outcome: crate::Outcome<'_>) -> Self {
        Self {
            success: outcome.success,
            data: outcome.data.into(),
            error: outcome.error.map(ToOwned::to_owned),
        }
    }
}

/// [`crate::Failure`], owned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Failure {
    pub code: u32,
    pub message: String,
}

impl Failure {
    /// The borrowed form.
    #[must_use]
    pub fn borrow(&self) -> crate::Failure<'_> {
        crate::Failure { code: self.code, message: &self.message }
    }
}

impl From<crate::Failure<'_>> for Failure {
    fn from(failure: crate::Failure<'_>) -> Self {
        Self { code: failure.code, message: failure.message.to_owned() }
    }
}

/// [`crate::Value`], owned. It reads from formats for people (JSON) too, as they write it.
#[derive(Clone, Debug, PartialEq, Default)]
#[allow(missing_docs)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    /// The borrowed form.
    #[must_use]
    pub fn borrow(&self) -> crate::Value<'_> {
        match self {
            Self::Null => crate::Value::Null,
            Self::Bool(it) => crate::Value::Bool(*it),
            Self::Int(it) => crate::Value::Int(*it),
            Self::Float(it) => crate::Value::Float(*it),
            Self::Str(it) => crate::Value::Str(it),
            Self::Bytes(it) => crate::Value::Bytes(it),
            Self::List(it) => crate::Value::List(List::from_owned(it)),
            Self::Map(it) => crate::Value::Map(Map::from_owned(it)),
        }
    }
}

impl From<crate::Value<'_>> for Value {
    /// Recursion is bounded: a decoded value is nested at most [`MAX_DEPTH`] deep.
    fn from(value: crate::Value<'_>) -> Self {
        match value {
            crate::Value::Null => Self::Null,
            crate::Value::Bool(it) => Self::Bool(it),
            crate::Value::Int(it) => Self::Int(it),
            crate::Value::Float(it) => Self::Float(it),
            crate::Value::Str(it) => Self::Str(it.to_owned()),
            crate::Value::Bytes(it) => Self::Bytes(it.to_owned()),
            crate::Value::List(it) => Self::List(it.iter().map(Self::from).collect()),
            crate::Value::Map(it) => {
                Self::Map(it.iter().map(|(name, it)| (name.to_owned(), it.into())).collect())
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.borrow().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Nested { left: MAX_DEPTH }.deserialize(deserializer)
    }
}

/// Reads a value that may hold `left` more levels of lists and maps.
#[derive(Clone, Copy)]
struct Nested {
    left: usize,
}

impl Nested {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { left })
    }
}

#[derive(Deserialize)]
#[serde(variant_identifier)]
enum Tag {
    Null,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    List,
    Map,
}

const TAGS: &[&str] = &["Null", "Bool", "Int", "Float", "Str", "Bytes", "List", "Map"];

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(self)
        } else {
            deserializer.deserialize_enum("Value", TAGS, self)
        }
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (tag, body) = data.variant::<Tag>()?;
        match tag {
            Tag::Null => body.unit_variant().map(|()| Value::Null),
            Tag::Bool => body.newtype_variant().map(Value::Bool),
            Tag::Int => body.newtype_variant().map(Value::Int),
            Tag::Float => body.newtype_variant().map(Value::Float),
            Tag::Str => body.newtype_variant().map(Value::Str),
            Tag::Bytes => body.newtype_variant::<&[u8]>().map(|it| Value::Bytes(it.to_owned())),
            Tag::List => body.newtype_variant_seed(Items(self.inner()?)).map(Value::List),
            Tag::Map => body.newtype_variant_seed(Entries(self.inner()?)).map(Value::Map),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, it: bool) -> Result<Value, E> {
        Ok(Value::Bool(it))
    }

    fn visit_i64<E: de::Error>(self, it: i64) -> Result<Value, E> {
        Ok(Value::Int(it))
    }

    fn visit_u64<E: de::Error>(self, it: u64) -> Result<Value, E> {
        // Past the range of `Int` a float keeps the size, as it does in JavaScript.
        Ok(i64::try_from(it).map_or(Value::Float(it as f64), Value::Int))
    }

    fn visit_f64<E: de::Error>(self, it: f64) -> Result<Value, E> {
        Ok(Value::Float(it))
    }

    fn visit_str<E: de::Error>(self, it: &str) -> Result<Value, E> {
        Ok(Value::Str(it.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
        Items(self.inner()?).visit_seq(seq).map(Value::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        Entries(self.inner()?).visit_map(map).map(Value::Map)
    }
}

struct Items(Nested);

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Value>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Value>, A::Error> {
        // No room is made by the declared length: it may lie.
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.0)? {
            items.push(item);
        }
        Ok(items)
    }
}

struct Entries(Nested);

impl<'de> DeserializeSeed<'de> for Entries {
    type Value = Vec<(String, Value)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key()? {
            entries.push((name, map.next_value_seed(self.0)?));
        }
        Ok(entries)
    }
}
