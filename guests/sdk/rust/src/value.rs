//! Values written straight into the reply, piece by piece.

use crate::{
    Value,
    buffer::{Buffer, Position},
};
use core::fmt;

/// The tags of [`Value`], see its layout table.
pub(crate) mod tag {
    pub(crate) const NULL: u8 = 0;
    pub(crate) const BOOL: u8 = 1;
    pub(crate) const INT: u8 = 2;
    pub(crate) const FLOAT: u8 = 3;
    pub(crate) const STR: u8 = 4;
    pub(crate) const BYTES: u8 = 5;
    pub(crate) const LIST: u8 = 6;
    pub(crate) const MAP: u8 = 7;
}

/// The place of one value in a reply. It holds null until something is put there; what is put last
/// counts.
///
/// ```
/// # ampoule_guest::testing::value(|place: &mut ampoule_guest::Place<'_>| {
/// place.map(|map| {
///     map.put("answer", 42);
///     map.name("steps").list(|steps| {
///         steps.put("think");
///         steps.item().text(|text| text.push_str("say it"));
///     });
/// });
/// # });
/// ```
pub struct Place<'w> {
    buffer: &'w mut Buffer,
    start: Position,
}

impl<'w> Place<'w> {
    pub(crate) fn new(buffer: &'w mut Buffer) -> Self {
        let start = buffer.position();
        buffer.byte(tag::NULL);
        Self { buffer, start }
    }

    /// Puts a value that is complete.
    pub fn put(&mut self, value: impl Put) {
        value.put_into(self);
    }

    /// Puts a string that `write` makes piece by piece.
    pub fn text<R>(&mut self, write: impl FnOnce(&mut TextWriter<'_>) -> R) -> R {
        text(self.begin(tag::STR), write)
    }

    /// Puts a list of the values that `write` puts there.
    pub fn list<R>(&mut self, write: impl FnOnce(&mut ListWriter<'_>) -> R) -> R {
        let start = self.begin(tag::LIST).open_nested();
        let mut list = ListWriter { buffer: self.buffer, count: 0 };
        let result = write(&mut list);
        let count = list.count;
        self.buffer.close_nested(start, count);
        result
    }

    /// Puts a map of the names and values that `write` puts there.
    pub fn map<R>(&mut self, write: impl FnOnce(&mut MapWriter<'_>) -> R) -> R {
        let start = self.begin(tag::MAP).open_nested();
        let mut map = MapWriter { buffer: self.buffer, count: 0 };
        let result = write(&mut map);
        let count = map.count;
        self.buffer.close_nested(start, count);
        result
    }

    /// Takes back what is here, and starts anew.
    fn begin(&mut self, tag: u8) -> &mut Buffer {
        self.buffer.go_back(self.start);
        self.buffer.byte(tag);
        self.buffer
    }
}

/// Takes the values of a list, in order.
pub struct ListWriter<'w> {
    buffer: &'w mut Buffer,
    count: usize,
}

impl ListWriter<'_> {
    /// Adds a value that is complete.
    pub fn put(&mut self, value: impl Put) {
        self.item().put(value);
    }

    /// Adds the place of a value.
    pub fn item(&mut self) -> Place<'_> {
        self.count += 1;
        Place::new(self.buffer)
    }
}

/// Takes the names and values of a map, in order; names may repeat.
pub struct MapWriter<'w> {
    buffer: &'w mut Buffer,
    count: usize,
}

impl MapWriter<'_> {
    /// Adds a name with a value that is complete.
    pub fn put(&mut self, name: &str, value: impl Put) {
        self.name(name).put(value);
    }

    /// Adds a name with the place of its value.
    pub fn name(&mut self, name: &str) -> Place<'_> {
        self.count += 1;
        self.buffer.sized(name.as_bytes());
        Place::new(self.buffer)
    }

    /// Adds a name that `write` makes piece by piece, with the place of its value.
    pub fn name_with(&mut self, write: impl FnOnce(&mut TextWriter<'_>)) -> Place<'_> {
        self.count += 1;
        text(self.buffer, write);
        Place::new(self.buffer)
    }
}

/// Takes a string piece by piece, also from `write!`.
pub struct TextWriter<'w> {
    buffer: &'w mut Buffer,
}

impl TextWriter<'_> {
    /// Adds a string.
    pub fn push_str(&mut self, piece: &str) {
        self.buffer.bytes(piece.as_bytes());
    }

    /// Adds a character.
    pub fn push(&mut self, character: char) {
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii() => self.buffer.byte(byte),
            _ => self.push_str(character.encode_utf8(&mut [0; 4])),
        }
    }
}

impl fmt::Write for TextWriter<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.push_str(piece);
        Ok(())
    }
}

fn text<R>(buffer: &mut Buffer, write: impl FnOnce(&mut TextWriter<'_>) -> R) -> R {
    let start = buffer.open();
    let result = write(&mut TextWriter { buffer });
    let count = buffer.since(start);
    buffer.close(start, count);
    result
}

/// What can be put into a [`Place`]: null as `()`, booleans, integers, floats, strings, bytes, any
/// [`Value`], what is missing as null, and what you implement it for.
///
/// ```
/// use ampoule_guest::{Place, Put};
///
/// struct Point {
///     x: i32,
///     y: i32,
/// }
///
/// impl Put for Point {
///     fn put_into(self, place: &mut Place<'_>) {
///         place.map(|map| {
///             map.put("x", self.x);
///             map.put("y", self.y);
///         });
///     }
/// }
/// ```
pub trait Put {
    /// Puts it there.
    fn put_into(self, place: &mut Place<'_>);
}

impl Put for () {
    fn put_into(self, place: &mut Place<'_>) {
        place.begin(tag::NULL);
    }
}

impl Put for bool {
    fn put_into(self, place: &mut Place<'_>) {
        place.begin(tag::BOOL).byte(u8::from(self));
    }
}

impl Put for i64 {
    fn put_into(self, place: &mut Place<'_>) {
        // Zigzag: the sign moves to the lowest bit, so that small numbers stay short.
        place.begin(tag::INT).varint(((self << 1) ^ (self >> 63)) as u64);
    }
}

macro_rules! put_integers {
    ($($integer:ty)*) => {$(
        impl Put for $integer {
            fn put_into(self, place: &mut Place<'_>) {
                i64::from(self).put_into(place);
            }
        }
    )*};
}

put_integers!(i8 i16 i32 u8 u16 u32);

/// The bits of every NaN that is put.
///
/// Which of its NaNs a processor computes is its own choice, and WebAssembly leaves it that: sign
/// and payload would make replies differ from one machine to the next.
const NAN: u64 = 0x7ff8_0000_0000_0000;

/// Any NaN is put as the canonical one, `0x7ff8_0000_0000_0000`, so that a plugin replies with the
/// same bytes on every processor.
impl Put for f64 {
    fn put_into(self, place: &mut Place<'_>) {
        let bits = if self.is_nan() { NAN } else { self.to_bits() };
        place.begin(tag::FLOAT).bytes(&bits.to_le_bytes());
    }
}

/// Put as an `f64`, so a NaN (canonically `0x7fc0_0000`) becomes the canonical NaN of that.
impl Put for f32 {
    fn put_into(self, place: &mut Place<'_>) {
        f64::from(self).put_into(place);
    }
}

impl Put for &str {
    fn put_into(self, place: &mut Place<'_>) {
        place.begin(tag::STR).sized(self.as_bytes());
    }
}

impl Put for &[u8] {
    fn put_into(self, place: &mut Place<'_>) {
        place.begin(tag::BYTES).sized(self);
    }
}

impl<T: Put> Put for Option<T> {
    fn put_into(self, place: &mut Place<'_>) {
        match self {
            Some(value) => value.put_into(place),
            None => ().put_into(place),
        }
    }
}

impl Put for Value<'_> {
    fn put_into(self, place: &mut Place<'_>) {
        match self {
            Self::Null => ().put_into(place),
            Self::Bool(it) => it.put_into(place),
            Self::Int(it) => it.put_into(place),
            Self::Float(it) => it.put_into(place),
            Self::Str(it) => it.put_into(place),
            Self::Bytes(it) => it.put_into(place),
            Self::List(it) => place.list(|list| it.iter().for_each(|value| list.put(value))),
            Self::Map(it) => {
                place.map(|map| it.iter().for_each(|(name, value)| map.put(name, value)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NAN, Place, Put};
    use crate::{Decode, List, MAX_DEPTH, Map, Value, testing::value};
    use ampoule_abi::{encode, encoded_len};
    use core::fmt::Write as _;
    use std::{format, string::String, vec, vec::Vec};

    fn expected(value: Value<'_>) -> Vec<u8> {
        let mut bytes = vec![0; encoded_len(&value)];
        encode(&value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_value_is_written_as_the_abi_writes_it() {
        let long = "x".repeat(300);
        let items =
            [Value::Null, Value::Int(-1), Value::Str("a"), Value::List(List::from_slice(&[]))];
        let many = [Value::Bool(true); 200];
        let entries = [("a", Value::List(List::from_slice(&items))), ("", Value::Null)];
        for it in [
            Value::Null,
            Value::Bool(false),
            Value::Bool(true),
            Value::Int(0),
            Value::Int(63),
            Value::Int(-65),
            Value::Int(i64::MAX),
            Value::Int(i64::MIN),
            Value::Float(-0.0),
            Value::Float(f64::from_bits(NAN)),
            Value::Float(f64::NEG_INFINITY),
            Value::Float(1.5e300),
            Value::Str(""),
            Value::Str("naïve"),
            Value::Str(&long),
            Value::Bytes(&[]),
            Value::Bytes(long.as_bytes()),
            Value::List(List::from_slice(&items)),
            Value::List(List::from_slice(&many)),
            Value::Map(Map::from_slice(&[])),
            Value::Map(Map::from_slice(&entries)),
        ] {
            assert_eq!(value(|place| place.put(it)), expected(it), "{it:?}");
        }
    }

    #[test]
    fn rust_values_become_the_values_they_are() {
        fn check(put: impl Put, it: Value<'_>) {
            assert_eq!(value(|place| place.put(put)), expected(it), "{it:?}");
        }
        check((), Value::Null);
        check(true, Value::Bool(true));
        check(-1_i8, Value::Int(-1));
        check(u32::MAX, Value::Int(4_294_967_295));
        check(0.5_f32, Value::Float(0.5));
        check("a", Value::Str("a"));
        check(&b"a"[..], Value::Bytes(b"a"));
        check(Some(7), Value::Int(7));
        check(None::<&str>, Value::Null);
    }

    #[test]
    fn every_nan_is_written_as_the_canonical_one() {
        let canonical = expected(Value::Float(f64::from_bits(0x7ff8_0000_0000_0000)));
        for bits in [NAN, 1 << 63 | NAN, NAN | 1, 0x7ff0_0000_0000_0001, u64::MAX] {
            let nan = f64::from_bits(bits);
            assert_eq!(value(|place| place.put(nan)), canonical, "{bits:#x}");
            assert_eq!(value(|place| place.put(Value::Float(nan))), canonical, "{bits:#x}");
        }
        for bits in [0x7fc0_0000, 0xffc0_0000, 0x7fc0_0001, 0x7f80_0001, u32::MAX] {
            let nan = f32::from_bits(bits);
            assert_eq!(value(|place| place.put(nan)), canonical, "{bits:#x}");
        }
    }

    #[test]
    fn lists_and_maps_are_written_piece_by_piece() {
        let written = value(|place| {
            place.map(|map| {
                map.put("n", 1);
                map.name("list").list(|list| {
                    list.put("a");
                    list.item().map(|_| {});
                    // Nothing put there: null.
                    list.item();
                });
                map.name_with(|name| name.push_str("é-ß")).text(|text| {
                    text.push('1');
                    text.push('€');
                    text.push_str("");
                });
            });
        });
        let list = [Value::Str("a"), Value::Map(Map::from_slice(&[])), Value::Null];
        let map = [
            ("n", Value::Int(1)),
            ("list", Value::List(List::from_slice(&list))),
            ("é-ß", Value::Str("1€")),
        ];
        assert_eq!(written, expected(Value::Map(Map::from_slice(&map))));
    }

    #[test]
    fn what_is_put_last_counts() {
        let written = value(|place| {
            place.put(1);
            place.list(|list| {
                let mut item = list.item();
                item.map(|map| map.put("a", "b"));
                item.text(|text| text.push_str("long"));
                item.put(2);
                list.put(3);
            });
        });
        let list = [Value::Int(2), Value::Int(3)];
        assert_eq!(written, expected(Value::List(List::from_slice(&list))));
    }

    #[test]
    fn texts_and_counts_of_any_size_are_written_right() {
        for length in [0, 1, 127, 128, 129, 16_383, 16_384] {
            let long = "x".repeat(length);
            let written = value(|place| place.text(|text| text.push_str(&long)));
            assert_eq!(written, expected(Value::Str(&long)), "{length}");
            let items = vec![Value::Null; length];
            let written = value(|place| place.list(|list| (0..length).for_each(|_| list.put(()))));
            assert_eq!(written, expected(Value::List(List::from_slice(&items))), "{length}");
        }
    }

    fn nest(place: &mut Place<'_>, levels: usize) {
        if levels > 0 {
            place.list(|list| nest(&mut list.item(), levels - 1));
        }
    }

    #[test]
    fn nesting_ends_where_decoding_does() {
        let deepest = value(|place| nest(place, MAX_DEPTH));
        assert!(Value::decode(&deepest).is_ok());
        // Too deep is taken back like anything else.
        let again = value(|place| {
            nest(place, MAX_DEPTH + 1);
            nest(place, MAX_DEPTH);
        });
        assert_eq!(again, deepest);
    }

    #[test]
    #[should_panic(expected = "larger than 64 KiB")]
    fn nesting_that_would_not_decode_never_fits() {
        value(|place| nest(place, MAX_DEPTH + 1));
    }

    #[test]
    fn a_text_takes_what_write_formats() {
        let written =
            value(|place| place.text(|text| write!(text, "{:>5}|{:?}", 1.5, "a").unwrap()));
        let text: String = format!("{:>5}|{:?}", 1.5, "a");
        assert_eq!(written, expected(Value::Str(&text)));
    }
}
