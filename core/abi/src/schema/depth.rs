//! How deep types are nested, as [`walk`] counts it: a type without parts is 1 deep. Works at
//! compile time.

use super::{NamedType, NamedValue, Shape, Variant};

pub(super) const fn of(ty: &NamedType) -> usize {
    1 + match ty.ty {
        Shape::Option(part) | Shape::NewtypeStruct(part) | Shape::Seq(part) => of(part),
        Shape::Tuple(parts) | Shape::TupleStruct(parts) => types(parts),
        Shape::Map { key, val } => max(of(key), of(val)),
        Shape::Struct(parts) => fields(parts),
        Shape::Enum(variants) => {
            let mut deepest = 0;
            let mut at = 0;
            while at < variants.len() {
                deepest = max(deepest, variant(variants[at].ty));
                at += 1;
            }
            deepest
        }
        _ => 0,
    }
}

const fn variant(of_kind: &Variant) -> usize {
    match of_kind {
        Variant::UnitVariant => 0,
        Variant::NewtypeVariant(part) => of(part),
        Variant::TupleVariant(parts) => types(parts),
        Variant::StructVariant(parts) => fields(parts),
    }
}

const fn types(parts: &[&NamedType]) -> usize {
    let mut deepest = 0;
    let mut at = 0;
    while at < parts.len() {
        deepest = max(deepest, of(parts[at]));
        at += 1;
    }
    deepest
}

const fn fields(parts: &[&NamedValue]) -> usize {
    let mut deepest = 0;
    let mut at = 0;
    while at < parts.len() {
        deepest = max(deepest, of(parts[at].ty));
        at += 1;
    }
    deepest
}

/// [`Ord::max`], at compile time.
const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}
