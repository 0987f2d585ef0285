//! Scalar operations of every type: numbers cross over as they are, whichever way the host takes.

use crate::support::with_meta;
use ampoule::{
    Caller, Context, Entry, Form, Granted, Limits, Operation, Permits, Plugin, Scalar, Service,
    Services, ValueType,
};
use ampoule_abi::Status;
use std::sync::Mutex;

const TYPES: [ValueType; 4] = [ValueType::I32, ValueType::I64, ValueType::F32, ValueType::F64];

/// A number of a type: as text, as a service sees it, and its bits.
const fn number(ty: ValueType) -> (&'static str, Scalar, u64) {
    match ty {
        ValueType::I32 => ("(i32.const -7)", Scalar::I32(-7), 0xffff_fff9),
        ValueType::I64 => {
            ("(i64.const -8000000000)", Scalar::I64(-8_000_000_000), { -8_000_000_000_i64 as u64 })
        }
        ValueType::F32 => ("(f32.const 0.5)", Scalar::F32(0.5), 0x3f00_0000),
        ValueType::F64 => ("(f64.const -0.25)", Scalar::F64(-0.25), 0xbfd0_0000_0000_0000),
    }
}

/// What a guest sees where a service refuses.
fn refusal(ty: ValueType, status: Status) -> u64 {
    match ty {
        ValueType::I32 => u64::from(status.code() as u32),
        ValueType::I64 => i64::from(status.code()) as u64,
        ValueType::F32 => u64::from(f32::NAN.to_bits()),
        ValueType::F64 => f64::NAN.to_bits(),
    }
}

/// Answers the same, whatever it is asked with the right numbers.
struct Same {
    operations: &'static [Operation],
    answer: Result<Scalar, Status>,
}

impl Service for Same {
    fn name(&self) -> &'static str {
        "same"
    }

    fn operations(&self) -> &'static [Operation] {
        self.operations
    }

    fn scalar(&mut self, _: &Caller<'_>, at: usize, found: &[Scalar]) -> Result<Scalar, Status> {
        let Form::Scalar { params, .. } = self.operations[at].form else { unreachable!() };
        let wanted: Vec<_> = params.iter().map(|ty| number(*ty).1).collect();
        assert_eq!(found, wanted);
        self.answer
    }
}

struct All;

impl Permits for All {
    fn permit(&self, _: &str, _: &str) -> Option<Granted<'_>> {
        Some(Granted { scope: None, per_second: None })
    }
}

fn word(ty: ValueType) -> &'static str {
    match ty {
        ValueType::I32 => "i32",
        ValueType::I64 => "i64",
        ValueType::F32 => "f32",
        ValueType::F64 => "f64",
    }
}

/// A guest that asks once and answers the result's bits; 1 where there is none.
fn guest(params: &[ValueType], result: Option<ValueType>) -> Vec<u8> {
    let types: String = params.iter().map(|ty| format!("(param {})", word(*ty))).collect();
    let numbers: String = params.iter().map(|ty| number(*ty).0).collect();
    let call = format!("(call $ask {numbers})");
    let (of, body) = match result {
        None => (String::new(), format!("{call} (i64.store (i32.const 80) (i64.const 1))")),
        Some(ty) => {
            let word = word(ty);
            (format!("(result {word})"), format!("({word}.store (i32.const 80) {call})"))
        }
    };
    with_meta(
        wat::parse_str(format!(
            r#"(module (import "same" "ask" (func $ask {types} {of}))
                (memory (export "memory") 128 128 (pagesize 1))
                (func (export "ampoule_mailbox") (result i64) (i64.const 64))
                (func (export "go") (param i32) (result i64) {body} (i64.const 0x5000000008)))"#
        ))
        .unwrap(),
    )
}

/// What is leaked on purpose, so that a leak detector finds no other.
static KEPT: Mutex<Vec<&'static [Operation]>> = Mutex::new(Vec::new());

fn told(
    params: &'static [ValueType],
    result: Option<ValueType>,
    answer: Result<Scalar, Status>,
) -> u64 {
    let form = Form::Scalar { params, result };
    let operations: &'static [Operation] =
        Box::leak(Box::new([Operation { name: "ask", form, base_fuel: 3, byte_fuel: 0 }]));
    KEPT.lock().unwrap().push(operations);
    let mut services = Services::new(|| 0);
    services.offer(Box::new(Same { operations, answer })).unwrap();
    let (wasm, context) = (guest(params, result), Context::default());
    let mut plugin =
        Plugin::load_with(&wasm, &Limits::MICRO, &All, &mut services, &context).unwrap();
    let go: Entry<(), [u8; 8]> = plugin.bind("go").unwrap();
    u64::from_le_bytes(plugin.call_with(&mut services, &go, &()).unwrap())
}

#[test]
fn numbers_of_every_type_go_there_and_back() {
    let one = TYPES.map(|a| vec![a]);
    let two = TYPES.iter().flat_map(|a| TYPES.map(|b| vec![*a, b]));
    let more = [vec![], vec![ValueType::I32; 3], vec![ValueType::F64; 8]];
    for params in one.into_iter().chain(two).chain(more) {
        let params: &'static [ValueType] = params.leak();
        assert_eq!(told(params, None, Ok(Scalar::None)), 1, "{params:?}");
        for ty in TYPES {
            let (_, answer, bits) = number(ty);
            assert_eq!(told(params, Some(ty), Ok(answer)), bits, "{params:?} -> {ty:?}");
            let busy = told(params, Some(ty), Err(Status::Busy));
            assert_eq!(busy, refusal(ty, Status::Busy), "{params:?} -> {ty:?}");
            let of_no_type = told(params, Some(ty), Ok(Scalar::None));
            assert_eq!(of_no_type, refusal(ty, Status::Failed), "{params:?} -> {ty:?}");
        }
    }
}
