//! Guests, messages, slices and sleep from the input, compared as `tests/life/invariance` does.
#![no_main]

#[allow(dead_code)]
#[path = "../../life/invariance/mod.rs"]
mod invariance;
#[allow(dead_code)]
#[path = "../../life/support.rs"]
mod support;

use invariance::{Random, Sums, batch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (words, rest) = bytes.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let seed = rest.first().map_or(0, |byte| u64::from(*byte));
    batch(Random::new(words, seed), "the input", &mut Sums::default());
});
