//! Modules that nobody thought of: generated ones, and bytes by chance.

use super::{
    binary::{HEADER, module, small},
    cuts::{assert_harmless, run},
    judge::check_heap_bound,
};
use crate::support::with_meta;
use allocation_counter::measure;
use ampoule::{Limits, Plugin, inspect};
use arbitrary::Unstructured;
use proptest::{collection::vec, prelude::*, sample::Index};
use wasm_smith::{Config, Module};

/// Valid modules, a seed each.
const MODULES: u64 = 150;

/// Room for what a generator makes, and little fuel.
const LIMITS: Limits = Limits {
    init_fuel: 20_000,
    call_fuel: 20_000,
    destroy_fuel: 20_000,
    slice_fuel: 777,
    memory_bytes: 1 << 20,
    ..Limits::WORKSTATION
};

/// What every plugin exports.
fn exports() -> Vec<u8> {
    let text = r#"(module
        (memory (export "memory") 1 4)
        (func (export "_initialize") unreachable)
        (func (export "ampoule_mailbox") (result i64) unreachable)
        (func (export "attack") (param i32) (result i64) unreachable))"#;
    wat::parse_str(text).expect("good text")
}

/// All that the generator knows, in any shape.
fn unrestricted() -> Config {
    Config { generate_custom_sections: true, custom_page_sizes_enabled: true, ..Config::default() }
}

/// Plugins with a table: its element segments are those of WebAssembly 1.0.
fn with_table() -> Config {
    Config { bulk_memory_enabled: false, ..restricted() }
}

/// Plugins that copy in bulk.
fn with_bulk_memory() -> Config {
    Config { max_element_segments: 0, ..restricted() }
}

/// What admission accepts, mostly.
fn restricted() -> Config {
    Config {
        exports: Some(exports()),
        allow_start_export: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        max_imports: 0,
        // None but the exported one.
        max_memories: 0,
        max_table_elements: 1000,
        memory64_enabled: false,
        multi_value_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        ..Config::default()
    }
}

/// Bytes from a seed: Steele, Lea and Flood's `SplitMix64`.
fn bytes_of(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..length.div_ceil(8)).flat_map(|_| next().to_le_bytes()).collect()
}

fn generate(config: &Config, seed: u64) -> Vec<u8> {
    let bytes = bytes_of(seed, 4096);
    let module = Module::new(config.clone(), &mut Unstructured::new(&bytes));
    with_meta(module.expect("a module from enough bytes").to_bytes())
}

/// Runs modules of a kind and answers how many were admitted.
fn admitted(config: &Config) -> u64 {
    let admit = |seed| u64::from(is_admitted(&generate(config, seed)));
    let admitted = (0..MODULES).map(admit).sum();
    println!("{admitted} of {MODULES} were admitted");
    admitted
}

fn is_admitted(wasm: &[u8]) -> bool {
    let mut admitted = false;
    let heap = measure(|| {
        let _ = inspect(wasm, &LIMITS);
        admitted = Plugin::check(wasm, &LIMITS).is_ok();
        assert_eq!(run(wasm, &LIMITS), admitted);
    });
    assert_eq!((heap.bytes_current, heap.count_current), (0, 0), "{wasm:02x?}");
    assert_eq!(check_heap_bound(wasm, &LIMITS, heap), Ok(()), "{wasm:02x?}");
    admitted
}

#[test]
fn any_valid_module_gets_a_verdict() {
    admitted(&unrestricted());
    admitted(&Config { gc_enabled: false, ..unrestricted() });
}

#[test]
fn generated_plugins_run_and_leave_nothing_behind() {
    for config in [with_table(), with_bulk_memory()] {
        let admitted = admitted(&config);
        assert!(admitted > MODULES / 2, "only {admitted} of {MODULES} were admitted");
    }
}

#[test]
fn invalid_functions_get_a_verdict() {
    admitted(&Config { allow_invalid_funcs: true, ..with_table() });
}

proptest! {
    #[test]
    fn any_bytes_behind_the_header_get_a_verdict(bytes in vec(any::<u8>(), 0..512)) {
        assert_harmless(&[HEADER, &bytes].concat());
    }

    #[test]
    fn any_bytes_in_any_sections_get_a_verdict(
        sections in vec((0_u8..14, vec(any::<u8>(), 0..48)), 0..8),
    ) {
        let sections: Vec<_> = sections.iter().map(|(id, it)| (*id, it.as_slice())).collect();
        assert_harmless(&module(&sections));
    }

    #[test]
    fn a_good_module_with_bytes_changed_gets_a_verdict(
        changes in vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let mut wasm = small();
        for (at, byte) in changes {
            *at.get_mut(&mut wasm) = byte;
        }
        assert_harmless(&wasm);
    }

    #[test]
    fn a_good_module_with_a_part_replaced_gets_a_verdict(
        (from, to) in (any::<Index>(), any::<Index>()),
        bytes in vec(any::<u8>(), 0..24),
    ) {
        let mut wasm = small();
        let (from, to) = (from.index(wasm.len()), to.index(wasm.len()));
        wasm.splice(from.min(to)..from.max(to), bytes);
        assert_harmless(&wasm);
    }
}
