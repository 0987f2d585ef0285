//! Writers that work at compile time. Each takes the position, writes what fits, and answers the
//! position after it, so that an empty `out` measures.

use super::{Declaration, LAYOUT_VERSION, NamedType, NamedValue, Shape, Variant};

pub(crate) const fn byte(out: &mut [u8], at: usize, byte: u8) -> usize {
    if at < out.len() {
        out[at] = byte;
    }
    at + 1
}

pub(crate) const fn varint(out: &mut [u8], mut at: usize, mut value: usize) -> usize {
    while value >= 0x80 {
        at = byte(out, at, value as u8 | 0x80);
        value >>= 7;
    }
    byte(out, at, value as u8)
}

pub(crate) const fn text(out: &mut [u8], at: usize, text: &str) -> usize {
    let mut at = varint(out, at, text.len());
    let mut from = 0;
    while from < text.len() {
        at = byte(out, at, text.as_bytes()[from]);
        from += 1;
    }
    at
}

pub(crate) const fn section(out: &mut [u8], entries: &[Declaration]) -> usize {
    let mut at = varint(out, 0, LAYOUT_VERSION as usize);
    at = varint(out, at, entries.len());
    let mut from = 0;
    while from < entries.len() {
        at = text(out, at, entries[from].name);
        at = named_type(out, at, entries[from].request);
        at = named_type(out, at, entries[from].reply);
        from += 1;
    }
    at
}

const fn named_type(out: &mut [u8], at: usize, ty: &NamedType) -> usize {
    let at = text(out, at, ty.name);
    match ty.ty {
        Shape::Bool => byte(out, at, 0),
        Shape::I8 => byte(out, at, 1),
        Shape::U8 => byte(out, at, 2),
        Shape::I16 => byte(out, at, 3),
        Shape::I32 => byte(out, at, 4),
        Shape::I64 => byte(out, at, 5),
        Shape::I128 => byte(out, at, 6),
        Shape::U16 => byte(out, at, 7),
        Shape::U32 => byte(out, at, 8),
        Shape::U64 => byte(out, at, 9),
        Shape::U128 => byte(out, at, 10),
        Shape::Usize => byte(out, at, 11),
        Shape::Isize => byte(out, at, 12),
        Shape::F32 => byte(out, at, 13),
        Shape::F64 => byte(out, at, 14),
        Shape::Char => byte(out, at, 15),
        Shape::String => byte(out, at, 16),
        Shape::ByteArray => byte(out, at, 17),
        Shape::Option(of) => inner(out, at, 18, of),
        Shape::Unit => byte(out, at, 19),
        Shape::UnitStruct => byte(out, at, 20),
        Shape::NewtypeStruct(of) => inner(out, at, 21, of),
        Shape::Seq(of) => inner(out, at, 22, of),
        Shape::Tuple(of) => types(out, at, 23, of),
        Shape::TupleStruct(of) => types(out, at, 24, of),
        Shape::Map { key, val } => {
            let at = inner(out, at, 25, key);
            named_type(out, at, val)
        }
        Shape::Struct(of) => fields(out, at, 26, of),
        Shape::Enum(of) => {
            let at = byte(out, at, 27);
            let mut at = varint(out, at, of.len());
            let mut from = 0;
            while from < of.len() {
                at = text(out, at, of[from].name);
                at = variant(out, at, of[from].ty);
                from += 1;
            }
            at
        }
        Shape::Schema => byte(out, at, 28),
    }
}

const fn inner(out: &mut [u8], at: usize, shape: u8, of: &NamedType) -> usize {
    let at = byte(out, at, shape);
    named_type(out, at, of)
}

const fn variant(out: &mut [u8], at: usize, of: &Variant) -> usize {
    match of {
        Variant::UnitVariant => byte(out, at, 0),
        Variant::NewtypeVariant(of) => inner(out, at, 1, of),
        Variant::TupleVariant(of) => types(out, at, 2, of),
        Variant::StructVariant(of) => fields(out, at, 3, of),
    }
}

const fn types(out: &mut [u8], at: usize, shape: u8, of: &[&NamedType]) -> usize {
    let at = byte(out, at, shape);
    let mut at = varint(out, at, of.len());
    let mut from = 0;
    while from < of.len() {
        at = named_type(out, at, of[from]);
        from += 1;
    }
    at
}

const fn fields(out: &mut [u8], at: usize, shape: u8, of: &[&NamedValue]) -> usize {
    let at = byte(out, at, shape);
    let mut at = varint(out, at, of.len());
    let mut from = 0;
    while from < of.len() {
        at = text(out, at, of[from].name);
        at = named_type(out, at, of[from].ty);
        from += 1;
    }
    at
}
