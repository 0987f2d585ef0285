//! Any bytes as a message: what decodes encodes to bytes that decode to the same.
#![no_main]

use ampoule_abi::{Context, Decode, Failure, Meta, Outcome, Value, encode, encoded_len};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;

fn encoded(message: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![0; encoded_len(message)];
    let length = encode(message, &mut bytes).expect("its length was asked for").len();
    assert_eq!(length, bytes.len());
    bytes
}

/// Bytes are compared: a number that is none isn't itself.
macro_rules! there_and_back {
    ($bytes:expr, $($Message:ty),*) => { $(
        if let Ok(message) = <$Message>::decode($bytes) {
            let once = encoded(&message);
            let again = <$Message>::decode(&once).expect("it was encoded");
            assert_eq!(encoded(&again), once);
        }
    )* };
}

fuzz_target!(|bytes: &[u8]| {
    there_and_back!(bytes, Context<'_>, Outcome<'_>, Failure<'_>, Value<'_>);
    there_and_back!(bytes, &str, &[u8], (u64, f32), Option<i16>);
    // Refused or read; it is never written by a host.
    let _ = Meta::from_section(bytes);
});
