//! Modules by chance: some of everything.

use crate::{
    module::{module, with_meta},
    shapes::{BODIES, Case, ITEMS},
};
use arbitrary::Unstructured;
use wasm_smith::Config;

/// Numbers from a seed: Steele, Lea and Flood's `SplitMix64`.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Always the same from the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.number() % end.max(1) as u64) as usize
    }

    /// As often small as large.
    fn size(&mut self, bits: u32) -> usize {
        let bits = self.below(bits as usize + 1);
        self.below(1 << bits)
    }
}

/// A module of a few kinds of items and bodies, as many of each as chance has it.
#[must_use]
pub fn mixed(seed: u64) -> Case {
    let mut chance = Chance::new(seed);
    let (mut imports, mut items) = (String::new(), String::new());
    for (name, most, fill) in ITEMS {
        if chance.below(5) == 0 {
            let fill = fill(chance.size(8).min(*most));
            if fill.starts_with("(import") || fill.starts_with("(type") {
                // One kind of names, since types and imports are numbered.
                imports = fill;
            } else if !(name.contains("entries") && items.contains("(export")) {
                items += &fill;
            }
        }
    }
    for _ in 0..chance.size(6) {
        let body = body(&mut chance, 7);
        let locals = "i32 i64 ".repeat(chance.size(4));
        items += &format!("(func (param i32) (local {locals}) {body})");
    }
    let body = body(&mut chance, 11);
    Case { name: format!("mixed {seed}"), wasm: module(&(imports + &items), &body) }
}

fn body(chance: &mut Chance, bits: u32) -> String {
    let parts = 1 + chance.below(4);
    let part = |_| {
        let (_, per, fill) = BODIES[chance.below(BODIES.len())];
        fill(chance.size(bits).div_ceil(per))
    };
    (0..parts).map(part).collect()
}

/// A module of a generator that knows all of WebAssembly, held to what admission mostly accepts.
#[must_use]
pub fn smith(seed: u64) -> Option<Case> {
    let mut chance = Chance::new(seed);
    let length = 512 + chance.below(16 * 1024);
    let bytes: Vec<u8> =
        (0..length.div_ceil(8)).flat_map(|_| chance.number().to_le_bytes()).collect();
    let config = if seed.is_multiple_of(2) {
        Config { bulk_memory_enabled: false, ..config() }
    } else {
        Config { max_element_segments: 0, ..config() }
    };
    let module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    Some(Case { name: format!("smith {seed}"), wasm: with_meta(module.to_bytes(), length % 300) })
}

fn config() -> Config {
    let exports = r#"(module
        (memory (export "memory") 1 4)
        (func (export "ampoule_mailbox") (result i64) unreachable)
        (func (export "attack") (param i32) (result i64) unreachable))"#;
    Config {
        exports: Some(wat::parse_str(exports).expect("good text")),
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
        min_funcs: 1,
        max_funcs: 60,
        max_instructions: 2000,
        ..Config::default()
    }
}
