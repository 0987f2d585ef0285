//! Uses of a service, many in one guest call: by Ampoule, and by raw wasmi with host functions written
//! out by hand.

use ampoule::{
    Caller, Context, Entry, Form, Granted, Limits, Operation, Permits, Plugin, Scalar, Service,
    Services, ValueType,
};
use ampoule_abi::Status;
use core::hint::black_box;
use std::{env, process::Command};
use wasmi::{Error, Extern, Func, Memory, Module, Store, TrapCode, TypedFunc};

use crate::common::raw_engine;

/// Uses in one turn of a guest's loop: so many that the loop itself hardly counts.
pub(crate) const USES_IN_A_TURN: u32 = 10;

const PAIR: Form =
    Form::Scalar { params: &[ValueType::I32, ValueType::I64], result: Some(ValueType::I64) };
const NUMBER: Form = Form::Scalar { params: &[], result: Some(ValueType::I64) };

/// In fuel; by both sides.
const BASE: u32 = 20;
const BYTE: u32 = 1;

const OPERATIONS: &[Operation] = &[
    Operation { name: "add", form: PAIR, base_fuel: BASE, byte_fuel: 0 },
    Operation { name: "number", form: NUMBER, base_fuel: BASE, byte_fuel: 0 },
    Operation { name: "copy", form: Form::Message, base_fuel: BASE, byte_fuel: BYTE },
];

/// Runs this program under callgrind: answers the instructions, and what it printed.
pub(crate) fn callgrind(arguments: &[&str]) -> (f64, String) {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().expect("this program has a path"))
        .args(arguments)
        .output()
        .expect("valgrind runs: install it with `apt-get install valgrind`");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let collected = text.lines().find_map(|line| line.split("Collected :").nth(1));
    let count = collected.and_then(|count| count.trim().parse().ok());
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    (count.expect("callgrind tells its count"), printed)
}

/// The service that is measured: next to nothing, so that what lies around it shows.
struct Bench;

impl Service for Bench {
    fn name(&self) -> &'static str {
        "bench"
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
        match (operation, params) {
            (0, [Scalar::I32(a), Scalar::I64(b)]) => Ok(Scalar::I64(b.wrapping_add(i64::from(*a)))),
            (1, []) => Ok(Scalar::I64(caller.now as i64)),
            _ => Err(Status::NotFound),
        }
    }

    fn message(
        &mut self,
        _: &Caller<'_>,
        _: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        if let Some(place) = reply.get_mut(..request.len()) {
            place.copy_from_slice(request);
        }
        Ok(request.len())
    }
}

/// Grants everything at any rate.
struct All;

impl Permits for All {
    fn permit(&self, _: &str, _: &str) -> Option<Granted<'_>> {
        Some(Granted { scope: None, per_second: None })
    }
}

/// A guest whose entries repeat what they are named for as often as the mailbox says.
pub(crate) fn looping(imports: &str, rest: &str, entries: &[(&str, &str)]) -> Vec<u8> {
    let entries: String = entries
        .iter()
        .map(|(name, body)| {
            let body = body.repeat(USES_IN_A_TURN as usize);
            format!(
                r#"(func (export "{name}") (param i32) (result i64) (local $left i32)
                    (local.set $left (i32.load (i32.const 0)))
                    (block $done (loop $more
                        (br_if $done (i32.eqz (local.get $left)))
                        {body}
                        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                        (br $more)))
                    (i64.const 0))"#
            )
        })
        .collect();
    let text = format!(
        r#"(module {imports}
            (memory (export "memory") 131072 131072 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 1024))
            {rest}
            {entries}
            (@custom "ampoule.meta" "\01\06looper\051.0.0\00\00"))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn guest() -> Vec<u8> {
    let imports = r#"
        (import "bench" "add" (func $add (param i32 i64) (result i64)))
        (import "bench" "number" (func $number (result i64)))
        (import "bench" "copy" (func $copy (param i32 i32 i32 i32) (result i32)))"#;
    let copy = |bytes: u32| {
        let (request, reply) = ("(i32.const 4096)", "(i32.const 8192)");
        format!("(drop (call $copy {request} (i32.const {bytes}) {reply} (i32.const {bytes})))")
    };
    looping(
        imports,
        "",
        &[
            ("add", "(drop (call $add (i32.const 1) (i64.const 2)))"),
            ("number", "(drop (call $number))"),
            ("copy-64", &copy(64)),
            ("copy-1024", &copy(1024)),
        ],
    )
}

/// A plugin that uses services, through the host.
pub(crate) struct HostedUser {
    services: Services,
    plugin: Plugin,
}

impl HostedUser {
    pub(crate) fn new() -> Self {
        let mut services = Services::new(|| black_box(42));
        services.offer(Box::new(Bench)).expect("it is the only one");
        Self::with(&guest(), &All, services)
    }

    pub(crate) fn with(wasm: &[u8], permits: &dyn Permits, mut services: Services) -> Self {
        let (limits, context) = (Limits::WORKSTATION, Context::default());
        let plugin = Plugin::load_with(wasm, &limits, permits, &mut services, &context);
        Self { plugin: plugin.expect("the guest loads"), services }
    }

    /// So many turns of an entry's loop, in one call. Answers the fuel of all calls so far.
    pub(crate) fn turns(&mut self, entry: &str, turns: u32) -> u64 {
        let entry: Entry<[u8; 4], ()> = self.plugin.bind(entry).expect("it is exported");
        let answer = self.plugin.call_with(&mut self.services, &entry, &turns.to_le_bytes());
        answer.expect("it answers");
        self.plugin.usage().fuel
    }
}

/// What raw host functions reach.
struct Reached {
    memory: Option<Memory>,
    clock: fn() -> i64,
}

type Guest<'a> = wasmi::Caller<'a, Reached>;

/// The same by hand.
pub(crate) struct RawUser {
    store: Store<Reached>,
    memory: Memory,
    instance: wasmi::Instance,
}

impl RawUser {
    /// With host functions that charge fuel for the host's work, or with such as don't.
    pub(crate) fn new(charging: bool) -> Self {
        let module = Module::new(&raw_engine(), guest()).expect("it translates");
        let reached = Reached { memory: None, clock: || black_box(42) };
        let mut store = Store::new(module.engine(), reached);
        store.set_fuel(Limits::WORKSTATION.call_fuel).expect("fuel is on");
        let functions = if charging { charging_functions } else { free_functions };
        let imports = functions(&mut store).map(Extern::Func);
        let instance = wasmi::Instance::new(&mut store, &module, &imports).expect("it fits");
        let memory = instance.get_memory(&store, "memory").expect("it is exported");
        store.data_mut().memory = Some(memory);
        Self { store, memory, instance }
    }

    pub(crate) fn turns(&mut self, entry: &str, turns: u32) {
        let function: TypedFunc<i32, i64> =
            self.instance.get_typed_func(&self.store, entry).expect("it is exported");
        self.memory.data_mut(&mut self.store)[..4].copy_from_slice(&turns.to_le_bytes());
        function.call(&mut self.store, 4).expect("it answers");
    }
}

fn charging_functions(store: &mut Store<Reached>) -> [Func; 3] {
    [
        Func::wrap(&mut *store, |mut guest: Guest<'_>, a: i32, b: i64| -> Result<i64, Error> {
            charge(&mut guest, u64::from(BASE))?;
            Ok(b.wrapping_add(i64::from(a)))
        }),
        Func::wrap(&mut *store, |mut guest: Guest<'_>| -> Result<i64, Error> {
            charge(&mut guest, u64::from(BASE))?;
            Ok((guest.data().clock)())
        }),
        Func::wrap(
            &mut *store,
            |mut guest: Guest<'_>,
             at: i32,
             length: i32,
             to: i32,
             room: i32|
             -> Result<i32, Error> {
                let price = |bytes: i32| u64::from(BYTE) * u64::from(bytes as u32);
                charge(&mut guest, u64::from(BASE) + price(length))?;
                let copied = copy(&mut guest, at, length, to, room);
                if copied > 0 {
                    charge(&mut guest, price(copied))?;
                }
                Ok(copied)
            },
        ),
    ]
}

fn free_functions(store: &mut Store<Reached>) -> [Func; 3] {
    [
        Func::wrap(&mut *store, |a: i32, b: i64| b.wrapping_add(i64::from(a))),
        Func::wrap(&mut *store, |guest: Guest<'_>| (guest.data().clock)()),
        Func::wrap(
            &mut *store,
            |mut guest: Guest<'_>, at: i32, length: i32, to: i32, room: i32| {
                copy(&mut guest, at, length, to, room)
            },
        ),
    ]
}

/// Copies where a request and a reply's place lie in memory and apart: -3 otherwise, as [`Status`] has it.
fn copy(guest: &mut Guest<'_>, at: i32, length: i32, to: i32, room: i32) -> i32 {
    let Some(memory) = guest.data().memory else { return -6 };
    let bytes = memory.data_mut(guest);
    let (at, length) = (at as u32 as usize, length as u32 as usize);
    let (to, room) = (to as u32 as usize, room as u32 as usize);
    let pair = if at < to {
        bytes.split_at_mut_checked(to).map(|(low, high)| (low.get(at..), high.get_mut(..room)))
    } else {
        bytes.split_at_mut_checked(at).map(|(low, high)| (Some(&*high), low.get_mut(to..)))
    };
    let Some((Some(request), Some(reply))) = pair else { return -3 };
    let (Some(request), Some(reply)) = (request.get(..length), reply.get_mut(..room)) else {
        return -3;
    };
    let Some(reply) = reply.get_mut(..length) else { return -2 };
    reply.copy_from_slice(request);
    length as i32
}

fn charge(guest: &mut Guest<'_>, cost: u64) -> Result<(), Error> {
    let left = guest.get_fuel()?.checked_sub(cost).ok_or(TrapCode::OutOfFuel)?;
    guest.set_fuel(left)
}
