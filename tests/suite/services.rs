//! What a guest can do to services, and they to it.

use crate::support::with_meta;
use ampoule::{
    CallError, Caller, Context, Diagnosis, Entry, Fault, Form, Granted, Limits, Micros, Operation,
    Permits, Plugin, Scalar, Service, Services, ValueType,
};
use ampoule_abi::Status;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Notes what it was asked.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn taken(&self) -> Vec<String> {
        core::mem::take(&mut self.0.lock().unwrap())
    }
}

const PAIR: Form = Form::Scalar { params: &[ValueType::I32; 2], result: Some(ValueType::I32) };
const FLOATS: Form = Form::Scalar {
    params: &[ValueType::F32, ValueType::F64, ValueType::I64],
    result: Some(ValueType::F64),
};
const NOTHING: Form = Form::Scalar { params: &[], result: None };

const OPERATIONS: &[Operation] = &[
    Operation { name: "add", form: PAIR, base_fuel: 7, byte_fuel: 0 },
    Operation { name: "reverse", form: Form::Message, base_fuel: 50, byte_fuel: 3 },
    Operation { name: "mix", form: FLOATS, base_fuel: 0, byte_fuel: 0 },
    Operation { name: "tick", form: NOTHING, base_fuel: 1, byte_fuel: 0 },
];

impl Service for Notes {
    fn name(&self) -> &'static str {
        "notes"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn scalar(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        params: &[Scalar],
    ) -> Result<Scalar, Status> {
        let Caller { plugin, scope, now, .. } = caller;
        self.0.lock().unwrap().push(format!("{plugin} {scope} {now} {operation} {params:?}"));
        match params {
            [Scalar::I32(a), Scalar::I32(b)] => {
                a.checked_add(*b).map(Scalar::I32).ok_or(Status::Invalid)
            }
            [Scalar::F32(a), Scalar::F64(b), Scalar::I64(c)] => {
                Ok(Scalar::F64(f64::from(*a) + b + *c as f64))
            }
            _ => Ok(Scalar::None),
        }
    }

    fn message(
        &mut self,
        _: &Caller<'_>,
        _: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        self.0.lock().unwrap().push(format!("{request:?}"));
        if request == b"no" {
            return Err(Status::NotFound);
        }
        for (to, from) in reply.iter_mut().zip(request.iter().rev()) {
            *to = *from;
        }
        Ok(request.len())
    }
}

/// Grants everything, or all but one operation, at a rate.
struct Grants {
    except: &'static str,
    per_second: Option<u32>,
}

const ALL: Grants = Grants { except: "", per_second: None };

impl Permits for Grants {
    fn permit(&self, _: &str, operation: &str) -> Option<Granted<'_>> {
        let permit = Granted { scope: Some("desk"), per_second: self.per_second };
        (operation != self.except).then_some(permit)
    }
}

/// Time stands still unless a test moves it; each test has a clock of its own.
fn still() -> Micros {
    42
}

fn offered(clock: fn() -> Micros) -> (Services, Notes) {
    let (mut services, notes) = (Services::new(clock), Notes::default());
    services.offer(Box::new(notes.clone())).unwrap();
    (services, notes)
}

const IMPORTS: &str = r#"
    (import "notes" "add" (func $add (param i32 i32) (result i32)))
    (import "notes" "reverse" (func $reverse (param i32 i32 i32 i32) (result i32)))
    (import "ampoule" "panic" (func $panic (param i32 i32)))
    (import "notes" "mix" (func $mix (param f32 f64 i64) (result f64)))
    (import "notes" "tick" (func $tick))"#;

/// A module whose entry `go` answers the i32 that `body` leaves, as four bytes.
fn module(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {IMPORTS}
            (memory (export "memory") 1024 2048 (pagesize 1))
            (global $left (mut i32) (i32.const 0))
            (data (i32.const 100) "abc")
            (data (i32.const 110) "no")
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func (export "go") (param i32) (result i64)
                (i32.store (i32.const 80) {body})
                (i64.const 0x5000000004)))"#
    );
    with_meta(wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

struct Ran {
    answer: Result<[u8; 4], CallError>,
    fuel: u64,
    noted: Vec<String>,
}

fn run_in(body: &str, limits: &Limits) -> Ran {
    let (mut services, notes) = offered(still);
    let wasm = module(body);
    let mut plugin =
        Plugin::load_with(&wasm, limits, &ALL, &mut services, &Context::default()).unwrap();
    let go: Entry<(), [u8; 4]> = plugin.bind("go").unwrap();
    let answer = plugin.call_with(&mut services, &go, &());
    Ran { answer, fuel: plugin.usage().fuel, noted: notes.taken() }
}

fn run(body: &str) -> i32 {
    i32::from_le_bytes(run_in(body, &Limits::MICRO).answer.unwrap())
}

#[test]
fn plain_numbers_go_there_and_back() {
    let ran = run_in("(call $add (i32.const -5) (i32.const 9))", &Limits::MICRO);
    assert_eq!(ran.answer, Ok([4, 0, 0, 0]));
    assert_eq!(ran.noted, ["test desk 42 0 [I32(-5), I32(9)]"]);
    assert_eq!(run("(call $add (i32.const 0x7fffffff) (i32.const 1))"), Status::Invalid.code());
    let mix = "(call $mix (f32.const 0.5) (f64.const 0.25) (i64.const -3))";
    assert_eq!(run(&format!("(i32.trunc_f64_s (f64.mul {mix} (f64.const 4)))")), -9);
    assert_eq!(run_in("(call $tick) (i32.const 1)", &Limits::MICRO).noted, ["test desk 42 3 []"]);
}

#[test]
fn a_message_is_read_and_answered_in_place() {
    let reverse = |out: &str| format!("(call $reverse (i32.const 100) (i32.const 3) {out})");
    let answer = reverse("(i32.const 200) (i32.const 3)");
    assert_eq!(run(&answer), 3);
    let read = format!("(i32.add (i32.mul {answer} (i32.const 0)) (i32.load8_u (i32.const 200)))");
    assert_eq!(run(&read), i32::from(b'c'));
    assert_eq!(
        run("(call $reverse (i32.const 110) (i32.const 2) (i32.const 200) (i32.const 9))"),
        Status::NotFound.code()
    );
}

#[test]
fn a_reply_that_does_not_fit_tells_its_length() {
    let ask = |capacity: u32| {
        let call = format!(
            "(call $reverse (i32.const 100) (i32.const 3) (i32.const 200) (i32.const {capacity}))"
        );
        (
            run(&call),
            run(&format!("(i32.add (i32.mul {call} (i32.const 0)) (i32.load (i32.const 200)))")),
        )
    };
    assert_eq!(ask(2), (Status::TooSmall.code(), i32::from_le_bytes([b'c', b'b', 0, 0])));
    assert_eq!(ask(0), (Status::TooSmall.code(), 0));
    let long = "(call $reverse (i32.const 100) (i32.const 9) (i32.const 200) (i32.const 4))";
    let needed = format!("(i32.add (i32.mul {long} (i32.const 0)) (i32.load (i32.const 200)))");
    assert_eq!(run(&needed), 9);
}

#[test]
fn no_pointer_and_no_length_gets_a_service_to_see_what_it_should_not() {
    for (request, reply) in [
        ("(i32.const 1024) (i32.const 1)", "(i32.const 0) (i32.const 4)"),
        ("(i32.const 1020) (i32.const 5)", "(i32.const 0) (i32.const 4)"),
        ("(i32.const -1) (i32.const 1)", "(i32.const 0) (i32.const 4)"),
        ("(i32.const 0) (i32.const -1)", "(i32.const 0) (i32.const 4)"),
        ("(i32.const -1) (i32.const -1)", "(i32.const 0) (i32.const 4)"),
        ("(i32.const 1025) (i32.const 0)", "(i32.const 0) (i32.const 4)"),
        ("(i32.const 100) (i32.const 3)", "(i32.const 1024) (i32.const 1)"),
        ("(i32.const 100) (i32.const 3)", "(i32.const 1000) (i32.const -1)"),
        ("(i32.const 100) (i32.const 3)", "(i32.const 1000) (i32.const 25)"),
        ("(i32.const 100) (i32.const 3)", "(i32.const -4) (i32.const 4)"),
        ("(i32.const 100) (i32.const 3)", "(i32.const 100) (i32.const 3)"),
        ("(i32.const 100) (i32.const 3)", "(i32.const 102) (i32.const 3)"),
        ("(i32.const 100) (i32.const 3)", "(i32.const 98) (i32.const 3)"),
        ("(i32.const 100) (i32.const 3)", "(i32.const 0) (i32.const 1024)"),
    ] {
        let ran = run_in(&format!("(call $reverse {request} {reply})"), &Limits::MICRO);
        let answer = ran.answer.map(i32::from_le_bytes);
        assert_eq!(answer, Ok(Status::Invalid.code()), "{request} {reply}");
        assert_eq!(ran.noted, [""; 0], "{request} {reply}");
    }
}

#[test]
fn memory_that_grew_is_memory() {
    let grown = "(call $reverse (i32.const 100) (i32.const 3)
        (i32.add (i32.mul (memory.grow (i32.const 500)) (i32.const 0)) (i32.const 1500)) (i32.const 3))";
    assert_eq!(run(grown), 3);
}

#[test]
fn the_hosts_work_is_charged_in_fuel() {
    let fuel = |body| run_in(body, &Limits::MICRO).fuel;
    let without = fuel("(i32.const 0)");
    let add = fuel("(call $add (i32.const 1) (i32.const 2))");
    assert!((7..12).contains(&(add - without)), "{add} - {without}");
    let message =
        fuel("(call $reverse (i32.const 100) (i32.const 3) (i32.const 200) (i32.const 9))");
    let charged = 50 + 3 * (3 + 3);
    assert!((charged..charged + 7).contains(&(message - without)), "{message} - {without}");
    // A length that lies costs no more than being heard.
    let lie = "(call $reverse (i32.const 0) (i32.const -1) (i32.const 200) (i32.const 9))";
    assert!((50..57).contains(&(fuel(lie) - without)));
}

#[test]
fn a_guest_that_can_not_pay_is_out_of_fuel_before_the_service_works() {
    let body = "(call $reverse (i32.const 100) (i32.const 3) (i32.const 200) (i32.const 9))";
    let whole = run_in(body, &Limits::MICRO).fuel;
    let limits = Limits { call_fuel: whole - 5, ..Limits::MICRO };
    let ran = run_in(body, &limits);
    let fault = Fault::OutOfFuel { budget: limits.call_fuel };
    assert_eq!(ran.answer, Err(CallError::Fault(fault.clone())));
    assert_eq!(ran.noted.len(), 1, "paid for what it read, but not for the reply");
    let limits = Limits { call_fuel: 40, ..Limits::MICRO };
    let ran = run_in(body, &limits);
    assert_eq!(ran.answer, Err(CallError::Fault(Fault::OutOfFuel { budget: 40 })));
    assert_eq!(ran.noted, [""; 0]);
}

/// Ten uses of a service in a loop, each charged.
const LOOP: &str = r#"(block (result i32)
    (global.set $left (i32.const 10))
    (loop $more
        (drop (call $reverse (i32.const 100) (i32.const 3) (i32.const 200) (i32.const 9)))
        (drop (call $add (global.get $left) (i32.const 1)))
        (global.set $left (i32.sub (global.get $left) (i32.const 1)))
        (br_if $more (global.get $left)))
    (i32.const 7))"#;

#[test]
fn slices_change_nothing_that_a_service_sees_or_a_guest_pays() {
    let one_go = run_in(LOOP, &Limits::WORKSTATION);
    let (answer, fuel, noted) = (one_go.answer.unwrap(), one_go.fuel, one_go.noted);
    for slice_fuel in [1, 3, 10, 59, 100, 333, fuel] {
        let ran = run_in(LOOP, &Limits { slice_fuel, ..Limits::MICRO });
        assert_eq!((ran.answer, ran.fuel), (Ok(answer), fuel), "slices of {slice_fuel}");
        assert_eq!(ran.noted, noted, "slices of {slice_fuel}");
    }
    for call_fuel in [1, 49, 50, 200, 400, fuel - 1] {
        let limits = Limits { call_fuel, ..Limits::WORKSTATION };
        let one_go = run_in(LOOP, &limits);
        for slice_fuel in [1, 3, 10, 59, 100, 333] {
            let ran = run_in(LOOP, &Limits { slice_fuel, ..limits });
            assert_eq!(ran.answer, one_go.answer, "{call_fuel} in slices of {slice_fuel}");
            assert_eq!(ran.noted, one_go.noted, "{call_fuel} in slices of {slice_fuel}");
        }
    }
}

fn refused(wasm: &[u8], services: &mut Services, permits: &dyn Permits) -> (&'static str, String) {
    let error = Plugin::load_with(wasm, &Limits::MICRO, permits, services, &Context::default());
    let error = error.unwrap_err();
    (error.code(), error.to_string())
}

#[test]
fn what_is_not_offered_not_granted_or_of_another_type_is_refused_at_load() {
    let wasm = module("(i32.const 0)");
    let (code, error) = refused(&wasm, &mut Services::none(), &ALL);
    assert_eq!(code, "A19");
    assert!(error.contains("notes.add is not offered"), "{error}");
    let (mut services, _) = offered(still);
    let (code, error) = refused(&wasm, &mut services, &Grants { except: "mix", per_second: None });
    assert_eq!(code, "A34");
    assert!(error.contains("notes.mix is not granted"), "{error}");
    for (name, ty) in [
        ("add", "(param i32 i32)"),
        ("add", "(param i32) (result i32)"),
        ("add", "(param i32 i64) (result i32)"),
        ("reverse", "(param i32 i32 i32) (result i32)"),
        ("mix", "(param f64 f32 i64) (result f64)"),
        ("tick", "(result i32)"),
    ] {
        let wasm = with_meta(wat::parse_str(format!(
            r#"(module (import "notes" "{name}" (func {ty})) (memory (export "memory") 64 64 (pagesize 1))
                (func (export "ampoule_mailbox") (result i64) (i64.const 0)))"#
        )).unwrap());
        let (code, error) = refused(&wasm, &mut services, &ALL);
        assert_eq!(code, "A20", "{name} {ty}: {error}");
    }
}

/// Moved by the test of rates alone.
static NOW: AtomicU64 = AtomicU64::new(0);

#[test]
fn a_rate_is_kept_and_a_fault_does_not_renew_it() {
    let (mut services, notes) = offered(|| NOW.load(Ordering::Relaxed));
    let permits = Grants { except: "", per_second: Some(2) };
    let wasm = module(
        "(if (result i32) (i32.lt_s (call $add (i32.const 1) (i32.const 2)) (i32.const 0))
            (then unreachable) (else (i32.const 3)))",
    );
    let mut plugin =
        Plugin::load_with(&wasm, &Limits::MICRO, &permits, &mut services, &Context::default())
            .unwrap();
    let go: Entry<(), [u8; 4]> = plugin.bind("go").unwrap();
    let mut asked = || plugin.call_with(&mut services, &go, &()).is_ok();
    assert_eq!([asked(), asked(), asked(), asked()], [true, true, false, false]);
    NOW.store(500_000, Ordering::Relaxed);
    assert_eq!([asked(), asked()], [true, false]);
    NOW.store(0, Ordering::Relaxed);
    assert!(!asked(), "a clock that goes back gives nothing");
    NOW.store(u64::MAX, Ordering::Relaxed);
    assert_eq!([asked(), asked(), asked()], [true, true, false]);
    assert_eq!(notes.taken().len(), 5);
}

#[test]
fn services_come_back_from_every_end_of_a_call() {
    let (mut services, notes) = offered(still);
    let ends =
        ["(loop (br 0)) (i32.const 0)", "unreachable", "(return (i64.const -1))", "(i32.const 0)"];
    for body in ends {
        let wasm = module(body);
        let context = Context::default();
        let mut plugin =
            Plugin::load_with(&wasm, &Limits::MICRO, &ALL, &mut services, &context).unwrap();
        let go: Entry<(), [u8; 4]> = plugin.bind("go").unwrap();
        for _ in 0..2 {
            let _ = plugin.call_with(&mut services, &go, &());
            assert_eq!(format!("{services:?}"), r#"["notes"]"#, "after {body}");
        }
        plugin.unload_with(&mut services).unwrap();
        assert_eq!(format!("{services:?}"), r#"["notes"]"#, "after unloading {body}");
    }
    assert_eq!(notes.taken(), [""; 0]);
}

#[test]
fn without_its_services_a_plugin_is_granted_nothing() {
    let (mut services, notes) = offered(still);
    let wasm = module("(call $add (i32.const 1) (i32.const 2))");
    let mut plugin =
        Plugin::load_with(&wasm, &Limits::MICRO, &ALL, &mut services, &Context::default()).unwrap();
    let go: Entry<(), [u8; 4]> = plugin.bind("go").unwrap();
    assert_eq!(plugin.call(&go, &()), Ok(Status::NotGranted.code().to_le_bytes()));
    assert_eq!(notes.taken(), [""; 0]);
    assert_eq!(plugin.call_with(&mut services, &go, &()), Ok([3, 0, 0, 0]));
}

#[test]
fn the_life_cycle_reaches_services_too() {
    let (mut services, notes) = offered(still);
    let text = format!(
        r#"(module {IMPORTS}
            (memory (export "memory") 64 64 (pagesize 1))
            (func (export "_initialize") (drop (call $add (i32.const 1) (i32.const 0))))
            (func (export "ampoule_mailbox") (result i64)
                (drop (call $add (i32.const 2) (i32.const 0))) (i64.const 64))
            (func (export "ampoule_init") (param i32) (result i64)
                (drop (call $add (i32.const 3) (i32.const 0))) (i64.const 0))
            (func (export "ampoule_destroy") (param i32) (result i64)
                (drop (call $add (i32.const 4) (i32.const 0))) (i64.const 0)))"#
    );
    let wasm = with_meta(wat::parse_str(text).unwrap());
    let plugin =
        Plugin::load_with(&wasm, &Limits::MICRO, &ALL, &mut services, &Context::default()).unwrap();
    plugin.unload_with(&mut services).unwrap();
    let expected = [1, 2, 3, 4].map(|step| format!("test desk 42 0 [I32({step}), I32(0)]"));
    assert_eq!(notes.taken(), expected);
}

#[test]
fn a_service_that_can_not_be_offered_is_told_why() {
    struct Odd(&'static str, &'static [Operation]);
    impl Service for Odd {
        fn name(&self) -> &'static str {
            self.0
        }
        fn operations(&self) -> &'static [Operation] {
            self.1
        }
    }
    const WIDE: Form = Form::Scalar { params: &[ValueType::I32; 9], result: None };
    const TOO_WIDE: &[Operation] =
        &[Operation { name: "wide", form: WIDE, base_fuel: 0, byte_fuel: 0 }];
    const TWICE: &[Operation] = &[OPERATIONS[0], OPERATIONS[0]];
    let (mut services, _) = offered(still);
    for (name, operations, code) in [
        ("ampoule", OPERATIONS, "S01"),
        ("notes", OPERATIONS, "S02"),
        ("wide", TOO_WIDE, "S04"),
        ("twice", TWICE, "S04"),
    ] {
        let error = services.offer(Box::new(Odd(name, operations))).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    for name in NAMES {
        services.offer(Box::new(Odd(name, OPERATIONS))).unwrap();
    }
    let error = services.offer(Box::new(Odd("last", OPERATIONS))).unwrap_err();
    assert_eq!(error.code(), "S03");
}

const NAMES: [&str; 31] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s",
    "t", "u", "v", "w", "x", "y", "z", "aa", "bb", "cc", "dd", "ee",
];

#[test]
fn an_operation_imported_twice_has_one_rate() {
    let (mut services, _) = offered(still);
    let text = r#"(module
        (import "notes" "add" (func $one (param i32 i32) (result i32)))
        (import "notes" "add" (func $two (param i32 i32) (result i32)))
        (memory (export "memory") 64 64 (pagesize 1))
        (func (export "ampoule_mailbox") (result i64) (i64.const 0))
        (func (export "go") (param i32) (result i64)
            (i32.store8 (i32.const 0) (call $one (i32.const 1) (i32.const 0)))
            (i32.store8 (i32.const 1) (call $two (i32.const 2) (i32.const 0)))
            (i32.store8 (i32.const 2) (call $one (i32.const 3) (i32.const 0)))
            (i32.store8 (i32.const 3) (call $two (i32.const 4) (i32.const 0)))
            (i64.const 4)))"#;
    let wasm = with_meta(wat::parse_str(text).unwrap());
    let permits = Grants { except: "", per_second: Some(3) };
    let context = Context::default();
    let mut plugin =
        Plugin::load_with(&wasm, &Limits::MICRO, &permits, &mut services, &context).unwrap();
    let go: Entry<(), [u8; 4]> = plugin.bind("go").unwrap();
    let busy = Status::Busy.code() as u8;
    assert_eq!(plugin.call_with(&mut services, &go, &()), Ok([1, 2, 3, busy]));
}

/// Grants everything, to one plugin.
struct Only(&'static str);

impl Permits for Only {
    fn permit(&self, _: &str, _: &str) -> Option<Granted<'_>> {
        Some(Granted { scope: None, per_second: None })
    }

    fn plugin(&self) -> Option<&str> {
        Some(self.0)
    }
}

#[test]
fn a_grant_is_for_the_plugin_that_it_names() {
    let (mut services, _) = offered(still);
    let wasm = module("(i32.const 0)");
    let (code, error) = refused(&wasm, &mut services, &Only("other"));
    assert_eq!(code, "A35");
    assert!(error.contains("is for the plugin other, the module is test"), "{error}");
    Plugin::load_with(&wasm, &Limits::MICRO, &Only("test"), &mut services, &Context::default())
        .unwrap();
}

/// Has the place and the operations of [`Notes`], and another name.
struct Secret;

impl Service for Secret {
    fn name(&self) -> &'static str {
        "secret"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn scalar(&mut self, _: &Caller<'_>, _: usize, _: &[Scalar]) -> Result<Scalar, Status> {
        Ok(Scalar::I32(1234))
    }
}

#[test]
fn a_grant_is_for_the_service_that_it_was_given_for() {
    let (mut services, _) = offered(still);
    let wasm = module("(call $add (i32.const 1) (i32.const 2))");
    let mut plugin =
        Plugin::load_with(&wasm, &Limits::MICRO, &ALL, &mut services, &Context::default()).unwrap();
    let go: Entry<(), [u8; 4]> = plugin.bind("go").unwrap();
    let mut others = Services::new(still);
    others.offer(Box::new(Secret)).unwrap();
    let refused = Status::NotGranted.code().to_le_bytes();
    assert_eq!(plugin.call_with(&mut others, &go, &()), Ok(refused));
    assert_eq!(plugin.call_with(&mut services, &go, &()), Ok([3, 0, 0, 0]));
}

#[test]
fn an_instance_that_needs_services_is_not_made_without_them() {
    let (mut services, _) = offered(still);
    let wasm = module("(i32.const 5)");
    let mut plugin =
        Plugin::load_with(&wasm, &Limits::MICRO, &ALL, &mut services, &Context::default()).unwrap();
    let go: Entry<(), [u8; 4]> = plugin.bind("go").unwrap();
    assert_eq!(plugin.call(&go, &()), Ok([5, 0, 0, 0]));
    plugin.stop();
    assert_eq!(plugin.call(&go, &()).unwrap_err().code(), "C05");
    assert_eq!(plugin.call_with(&mut services, &go, &()), Ok([5, 0, 0, 0]));
}
