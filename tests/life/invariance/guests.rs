//! Guests by chance, and what they are called with.

use super::slow::Random;
use crate::support::{STATE, bare_counter, named};
use ampoule::{Context, Pairs};
use ampoule_abi::{Decode, DecodeError, encode, encoded_len};
use arbitrary::Unstructured;
use serde::{Serialize, Serializer, ser::SerializeTuple};
use std::sync::LazyLock;
use wasm_encoder::{CodeSection, RawSection};
use wasm_smith::Module;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// A message as it is.
pub(super) struct Raw(pub(super) Vec<u8>);

impl Raw {
    fn of(message: &impl Serialize) -> Self {
        let mut bytes = vec![0; encoded_len(message)];
        encode(message, &mut bytes).unwrap();
        Self(bytes)
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for byte in &self.0 {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }
}

impl<'a> Decode<'a> for Raw {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        Ok((Self(bytes.to_vec()), &[]))
    }
}

/// A guest, and what it is called with.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) wasm: Vec<u8>,
    pub(super) calls: Vec<(&'static str, Raw)>,
}

/// What every generated guest exports. Its mailbox is at 0 with no room, and `go` calls `attack`.
static EXPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = r#"(module
        (memory (export "memory") 1 4)
        (func (export "ampoule_mailbox") (result i64) unreachable)
        (func (export "attack") (param i32) (result i64) unreachable)
        (func (export "go") (param i32) (result i64) unreachable))"#;
    wat::parse_str(text).unwrap()
});

static IMPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = r#"(module
        (import "slow" "ask" (func (param i32) (result i32)))
        (import "slow" "echo" (func (param i32 i32 i32 i32) (result i32))))"#;
    wat::parse_str(text).unwrap()
});

fn generate(random: &mut Random) -> Vec<u8> {
    let config = wasm_smith::Config {
        exports: Some(EXPORTS.clone()),
        available_imports: Some(IMPORTS.clone()),
        min_imports: 0,
        max_imports: 4,
        allow_start_export: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        max_memories: 0,
        max_table_elements: 1000,
        memory64_enabled: false,
        multi_value_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        bulk_memory_enabled: false,
        disallow_traps: random.below(3) > 0,
        max_funcs: 12,
        max_instructions: 60,
        ..wasm_smith::Config::default()
    };
    let bytes: Vec<u8> = (0..512).flat_map(|_| random.next().to_le_bytes()).collect();
    let module = Module::new(config, &mut Unstructured::new(&bytes)).unwrap().to_bytes();
    callable(&module)
}

/// Replaces the bodies of `ampoule_mailbox` and `go`, which chance would make useless.
fn callable(wasm: &[u8]) -> Vec<u8> {
    let mut out = wasm_encoder::Module::new();
    let (mut next, mut exports, mut code, mut left) = (0, Vec::new(), CodeSection::new(), 0);
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.unwrap();
        match &payload {
            Payload::ImportSection(imports) => {
                let functions = imports.clone().into_iter().map(Result::unwrap);
                next += functions.filter(|it| matches!(it.ty, TypeRef::Func(_))).count() as u32;
            }
            Payload::ExportSection(found) => {
                let functions = found.clone().into_iter().map(Result::unwrap);
                let functions = functions.filter(|it| it.kind == ExternalKind::Func);
                exports = functions.map(|it| (it.name, it.index)).collect();
            }
            Payload::CodeSectionStart { count, .. } => {
                left = *count;
                continue;
            }
            Payload::CodeSectionEntry(body) => {
                let name = exports.iter().find(|it| it.1 == next).map(|it| it.0);
                let attack = exports.iter().find(|it| it.0 == "attack").unwrap().1;
                match name {
                    // i64.const 0
                    Some("ampoule_mailbox") => code.raw(&[0, 0x42, 0, 0x0b]),
                    // local.get 0, call, drop, i64.const 0; far below 128 functions
                    Some("go") => code.raw(&[0, 0x20, 0, 0x10, attack as u8, 0x1a, 0x42, 0, 0x0b]),
                    _ => code.raw(body.as_bytes()),
                };
                next += 1;
                left -= 1;
                if left == 0 {
                    out.section(&code);
                }
                continue;
            }
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            out.section(&RawSection { id, data: &wasm[range] });
        }
    }
    out.finish()
}

static COUNTER: LazyLock<Vec<u8>> = LazyLock::new(|| bare_counter(STATE));
const PREBUILT: [&[u8]; 3] = [
    include_bytes!("../../../guests/prebuilt/echo.wasm"),
    include_bytes!("../../../guests/prebuilt/json-transformer.wasm"),
    include_bytes!("../../../guests/prebuilt/sensor-filter.wasm"),
];

fn counter_calls(random: &mut Random) -> Vec<(&'static str, Raw)> {
    let entries = ["add", "wait", "echo", "spin", "fail", "trap"];
    let call = |_| {
        let (entry, number) = (entries[random.below(6) as usize], random.below(3_000) as i32);
        (entry, Raw::of(&number.to_le_bytes()))
    };
    (0..6).map(call).collect()
}

pub(super) fn case(at: usize, random: &mut Random) -> Case {
    let name = format!("guest-{at}");
    // A prebuilt one keeps its name, of which a host has one.
    let kind = random.below(8);
    if kind == 0 && at < 3 {
        let wasm = PREBUILT[at].to_vec();
        let byte = random.next() as u8;
        let text = format!("{{\"some_value\":{byte},\"a_b\":[1,{{\"c_d\":2}}]}}");
        let parameters = [("format", "camelCase"), ("some_value", &*text)];
        let context = Context {
            request_id: "r",
            parameters: Pairs::from_slice(&parameters),
            ..Context::default()
        };
        let calls = match at {
            0 => vec![("echo", Raw::of(&&[byte; 40][..])), ("echo", Raw(vec![9, byte]))],
            1 => vec![("execute", Raw::of(&context)), ("execute", Raw(vec![byte; 7]))],
            _ => vec![
                ("configure", Raw::of(&(0.5_f32, 2.0_f32))),
                ("filter", Raw::of(&(7_u64, f32::from(byte)))),
            ],
        };
        let name = ["echo", "json-transformer", "sensor-filter"][at].to_owned();
        return Case { name, wasm, calls };
    }
    if kind < 3 {
        let calls = counter_calls(random);
        return Case { wasm: named(COUNTER.clone(), &name, "1.0.0"), name, calls };
    }
    let calls = ["go", "attack", "go"].map(|entry| (entry, Raw(Vec::new()))).into();
    Case { wasm: named(generate(random), &name, "1.0.0"), name, calls }
}
