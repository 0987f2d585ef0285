//! Any bytes as a module: they are refused or loaded, and `inspect` says the same.
#![no_main]

use ampoule::{Context, Diagnosis, Limits, LoadError, Plugin, inspect};
use libfuzzer_sys::fuzz_target;

/// A guest that is loaded has little to run: what is tried is what lies before that.
const LIMITS: Limits = Limits { init_fuel: 10_000, destroy_fuel: 10_000, ..Limits::MICRO };

fuzz_target!(|wasm: &[u8]| {
    let inspected = inspect(wasm, &LIMITS);
    let verdict = inspected.and_then(|found| found.verdict).err();
    match Plugin::load(wasm, &LIMITS, &Context::default()) {
        Err(LoadError::Admission(refused)) => {
            assert!(!refused.to_string().is_empty() && !refused.cure().is_empty());
            assert_eq!(verdict, Some(refused));
        }
        Ok(_) | Err(_) => assert_eq!(verdict, None),
    }
});
