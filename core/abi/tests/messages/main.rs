//! The messages of ABI 1, from outside: their bytes, hostile bytes, what holds for all bytes, and
//! `docs/abi.md`.

mod doc;
mod forms;
mod golden;
mod hostile;
mod json;
mod nesting;
mod properties;

use ampoule_abi::{encode, encoded_len, owned::Value};
use serde::Serialize;

/// The bytes of `message`.
fn bytes_of<T: Serialize + ?Sized>(message: &T) -> Vec<u8> {
    let mut out = vec![0; encoded_len(message)];
    let written = encode(message, &mut out).unwrap().len();
    assert_eq!(written, out.len());
    out
}

/// Tells whether two values are the same to the bit: NaN is what it is, and 0.0 isn't -0.0.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            let pair = |((a, left), (b, right)): (&(String, Value), &(String, Value))| {
                a == b && same(left, right)
            };
            left.len() == right.len() && left.iter().zip(right).all(pair)
        }
        _ => left == right,
    }
}
