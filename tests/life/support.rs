//! Guests, a clock and a service whose answers the tests decide.

use ampoule::{
    Caller, Config, Entry, Form, Host, Limits, Manifest, Micros, Operation, PluginId, Policy,
    Scalar, Service, Source, Status, ValueType, manifest::ServiceRules,
};
use ampoule_abi::Meta;
use core::cell::Cell;
use std::sync::{Arc, Mutex};

thread_local! {
    static NOW: Cell<Micros> = const { Cell::new(0) };
}

/// The clock of a test's thread.
pub(crate) fn clock() -> Micros {
    NOW.get()
}

/// Lets time pass, and tells what it is then.
pub(crate) fn pass(micros: Micros) -> Micros {
    NOW.set(NOW.get() + micros);
    NOW.get()
}

/// How often a test does what it does: `usual`, or what an environment variable says.
pub(crate) fn count(variable: &str, usual: u32) -> u32 {
    let said = std::env::var(variable).ok();
    said.map_or(usual, |number| number.parse().expect("a number"))
}

/// Grants every service, within what a small guest needs.
pub(crate) const POLICY: Policy<'_> = Policy {
    limits: Limits { call_fuel: 200_000, init_fuel: 100_000, ..Limits::MICRO },
    services: ServiceRules::EVERY,
    ..Policy::DENY
};

pub(crate) const CONFIG: Config<'_> = Config {
    policy: &POLICY,
    slice_fuel: 1_000,
    turn_fuel: 1_000_000,
    idle: |until| NOW.set(NOW.get().max(until.min(NOW.get() + 1_000_000))),
    ..Config::MICRO
};

/// A host with [`Slow`] and a clock service.
pub(crate) fn host_of<const SLOTS: usize>(config: Config<'_>) -> (Host<'_, SLOTS>, Slow) {
    let (mut host, slow) = (Host::new(config, clock), Slow::default());
    host.offer(Box::new(slow.clone())).unwrap();
    host.offer(Box::new(ampoule::services::Clock::without_date())).unwrap();
    (host, slow)
}

pub(crate) fn host() -> (Host<'static, 8>, Slow) {
    host_of(CONFIG)
}

/// A plugin from text. Its entries: `add` answers the sum of all numbers that it was given so far (an i32
/// each, as four bytes), `spin` loops for so many rounds, `trap` traps, `wait` asks the service
/// `slow` and answers what that says, `sleep` sleeps for so many milliseconds, `fail` fails. With
/// `state` it hands the sum over.
pub(crate) fn counter(name: &str, version: &str, more: &str) -> Vec<u8> {
    named(bare_counter(more), name, version)
}

/// A module with a name and a version.
pub(crate) fn named(bare: Vec<u8>, name: &str, version: &str) -> Vec<u8> {
    with_meta(bare, &Meta { name, version, description: "counts", author: "tests" })
}

/// A [`counter`] that isn't named yet.
pub(crate) fn bare_counter(more: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "slow" "ask" (func $ask (param i32) (result i32)))
            (import "slow" "echo" (func $echo (param i32 i32 i32 i32) (result i32)))
            (import "clock" "sleep_ms" (func $sleep (param i32) (result i32)))
            (memory (export "memory") 1024 1024 (pagesize 1))
            (global $sum (mut i32) (i32.const 0))
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func $answer (param i32) (result i64)
                (i32.store (i32.const 128) (local.get 0)) (i64.const 0x80_0000_0004))
            (func (export "add") (param i32) (result i64)
                (global.set $sum (i32.add (global.get $sum) (i32.load (i32.const 0))))
                (call $answer (global.get $sum)))
            (func (export "spin") (param i32) (result i64) (local $left i32)
                (local.set $left (i32.load (i32.const 0)))
                (loop $again
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if $again (local.get $left)))
                (call $answer (i32.load (i32.const 0))))
            (func (export "trap") (param i32) (result i64) unreachable)
            (func (export "wait") (param i32) (result i64)
                (call $answer (call $ask (i32.load (i32.const 0)))))
            (func (export "echo") (param i32) (result i64)
                (call $answer (call $echo (i32.const 0) (local.get 0) (i32.const 256) (i32.const 64))))
            (func (export "sleep") (param i32) (result i64)
                (call $answer (call $sleep (i32.load (i32.const 0)))))
            (func (export "fail") (param i32) (result i64)
                (i64.store (i32.const 128) (i64.const 0x0021_0107)) (i64.const 0x8000_0080_0000_0003))
            {more})"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Appends a meta section to a module.
pub(crate) fn with_meta(mut wasm: Vec<u8>, meta: &Meta<'_>) -> Vec<u8> {
    let mut content = vec![1];
    for text in [meta.name, meta.version, meta.description, meta.author] {
        content.push(u8::try_from(text.len()).unwrap());
        content.extend_from_slice(text.as_bytes());
    }
    let name = b"ampoule.meta";
    wasm.extend([0, u8::try_from(1 + name.len() + content.len()).unwrap(), name.len() as u8]);
    wasm.extend_from_slice(name);
    wasm.extend(content);
    wasm
}

/// Entries of a [`counter`] that hand over its sum.
pub(crate) const STATE: &str = r#"
    (func (export "ampoule_save") (param i32) (result i64) (call $answer (global.get $sum)))
    (func (export "ampoule_restore") (param i32) (result i64)
        (global.set $sum (i32.load (i32.const 0))) (i64.const 0))"#;

pub(crate) fn manifest(name: &str) -> Manifest {
    let text = format!(
        r#"{{ "meta": {{ "name": "{name}", "version": "1.0.0" }}, "capabilities": {{ "services": [
            {{ "service": "slow", "operations": ["ask", "echo"] }},
            {{ "service": "clock", "operations": ["sleep_ms"] }}
        ] }} }}"#
    );
    Manifest::parse(text.as_bytes()).unwrap()
}

/// Loads a [`counter`] of that name.
pub(crate) fn load<const SLOTS: usize>(host: &mut Host<'_, SLOTS>, name: &str) -> PluginId {
    let wasm = counter(name, "1.0.0", "");
    host.load(Source::new(&wasm).with_manifest(&manifest(name))).unwrap()
}

/// A message of a [`counter`]: an i32 in four bytes.
pub(crate) type Number = [u8; 4];
pub(crate) type NumberEntry = Entry<Number, Number>;

pub(crate) fn entry<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    id: PluginId,
    name: &str,
) -> NumberEntry {
    host.bind(id, name).unwrap()
}

pub(crate) fn number(value: i32) -> Number {
    value.to_le_bytes()
}

pub(crate) fn value(number: Number) -> i32 {
    i32::from_le_bytes(number)
}

/// The service `slow`: answers when the test has given it an answer.
#[derive(Clone, Default)]
pub(crate) struct Slow(pub(crate) Arc<Mutex<SlowState>>);

#[derive(Default)]
pub(crate) struct SlowState {
    /// What it answers next; nothing parks.
    pub(crate) answer: Option<Result<i32, Status>>,
    /// When it wants to be asked again.
    pub(crate) again_at: Option<Micros>,
    /// How often it was asked, first and again.
    pub(crate) asked: (u32, u32),
    /// Who doesn't wait any longer.
    pub(crate) cancelled: Vec<String>,
}

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "ask",
        form: Form::Scalar { params: &[ValueType::I32], result: Some(ValueType::I32) },
        base_fuel: 5,
        byte_fuel: 0,
    },
    Operation { name: "echo", form: Form::Message, base_fuel: 5, byte_fuel: 1 },
];

impl Slow {
    pub(crate) fn answers(&self, answer: Result<i32, Status>) {
        self.0.lock().unwrap().answer = Some(answer);
    }

    fn answer(&self, caller: &Caller<'_>) -> Result<i32, Status> {
        let mut state = self.0.lock().unwrap();
        match caller.since {
            None => state.asked.0 += 1,
            Some(_) => state.asked.1 += 1,
        }
        state.answer.unwrap_or(Err(Status::Pending))
    }
}

impl Service for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn scalar(&mut self, caller: &Caller<'_>, _: usize, _: &[Scalar]) -> Result<Scalar, Status> {
        self.answer(caller).map(Scalar::I32)
    }

    fn message(
        &mut self,
        caller: &Caller<'_>,
        _: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        self.answer(caller)?;
        for (to, from) in reply.iter_mut().zip(request) {
            *to = *from;
        }
        Ok(request.len())
    }

    fn parks(&self, _: usize) -> bool {
        true
    }

    fn again_at(&self, _: &Caller<'_>, _: usize) -> Option<Micros> {
        self.0.lock().unwrap().again_at
    }

    fn cancel(&mut self, plugin: &str) {
        self.0.lock().unwrap().cancelled.push(plugin.to_owned());
    }
}
