//! Calls in many slices and in one, and new versions beside old ones: by the same host.

use crate::common::{mirror, modules, prebuilt, transform_context};
use ampoule::{Config, Context, Decode, Entry, Host, Limits, Outcome, Plugin, PluginId, Source};
use core::hint::black_box;
use serde::Serialize;

/// What a call of [`LONG`] uses, give or take some rounds.
const LONG_FUEL: u64 = 1_000_000;

/// More than any call here uses.
const ONE_SLICE: u64 = 10_000_000;

/// A loop of so many rounds as its message says.
const LONG: &str = r#"(module
    (memory (export "memory") 1024 1024 (pagesize 1))
    (func (export "ampoule_mailbox") (result i64) (i64.const 64))
    (func (export "run") (param i32) (result i64) (local $left i32) (local $sum i32)
        (local.set $left (i32.load (i32.const 0)))
        (loop $more
            (local.set $sum
                (i32.add
                    (i32.mul (local.get $sum) (i32.const 31))
                    (i32.load8_u offset=64 (i32.and (local.get $left) (i32.const 255)))))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $more (local.get $left)))
        (i32.store (i32.const 512) (local.get $sum))
        (i64.const 0))
    (@custom "ampoule.meta" "\01\04long\051.0.0\00\00"))"#;

/// The message of [`LONG`].
type Rounds = [u8; 4];

struct Alone {
    host: Box<Host<'static, 1>>,
    id: PluginId,
}

impl Alone {
    fn new(wasm: &[u8], slice_fuel: u64) -> Self {
        let config = Config { slice_fuel, turn_fuel: u64::MAX, ..Config::WORKSTATION };
        let mut host = Box::new(Host::new(config, || black_box(42)));
        let id = host.load(Source::new(wasm)).expect("it loads");
        Self { host, id }
    }

    /// Starts, polls until it is over, and takes.
    fn polled<'h, Req: Serialize, Res: Decode<'h>>(
        &'h mut self,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> Res {
        let call = self.host.start(entry, request).expect("it waits");
        while !self.host.is_over(&call) {
            self.host.poll(black_box(42));
        }
        self.host.take(&call).expect("it is over").expect("it answers")
    }

    fn reload(&mut self, wasm: &[u8]) {
        self.host.reload(self.id, Source::new(wasm)).expect("it loads");
    }
}

/// One side of a row whose name starts with `slices`: in slices of so much fuel, or in one.
pub(crate) fn slices(side: &str, case: &str, turns: u32) {
    let slice_fuel = match case.rsplit('-').next() {
        _ if side != "ampoule" => ONE_SLICE,
        Some("1k") => 1_000,
        _ => 10_000,
    };
    if case.contains("loop") {
        return long(slice_fuel, turns);
    }
    let mut alone = Alone::new(&prebuilt("json-transformer"), slice_fuel);
    let execute: Entry<Context<'_>, Outcome<'_>> =
        alone.host.bind(alone.id, "execute").expect("it is exported");
    let context = transform_context();
    for _ in 0..turns {
        let outcome = if side != "ampoule" && case.contains("call") {
            alone.host.call(&execute, &context).expect("it answers")
        } else {
            alone.polled(&execute, &context)
        };
        assert!(black_box(outcome).success);
    }
}

fn long(slice_fuel: u64, turns: u32) {
    let mut alone = Alone::new(&wat::parse_str(LONG).expect("it is a module"), slice_fuel);
    let run: Entry<Rounds, ()> = alone.host.bind(alone.id, "run").expect("it is exported");
    let fuel = |alone: &Alone| alone.host.plugin(alone.id).expect("it is loaded").usage().fuel;
    let some: u32 = 1_000;
    alone.host.call(&run, &some.to_le_bytes()).expect("it answers");
    let rounds = (LONG_FUEL * u64::from(some) / fuel(&alone)) as u32;
    for _ in 0..turns {
        alone.polled(&run, &rounds.to_le_bytes());
        assert!(fuel(&alone).abs_diff(LONG_FUEL) < LONG_FUEL / 50);
    }
}

/// One side of a row whose name starts with `reload` or `roll-back`.
pub(crate) fn versions(side: &str, case: &str, turns: u32) {
    let (_, wasm) = modules().into_iter().find(|(name, _)| case.ends_with(name)).expect("a module");
    if side != "ampoule" && case.starts_with("reload") {
        for _ in 0..turns {
            let plugin = Plugin::load(&wasm, &Limits::WORKSTATION, &Context::default());
            black_box(plugin.expect("it loads"));
        }
        return;
    }
    // The name is what both have in common.
    let mut alone = Alone::new(&mirror(), ONE_SLICE);
    for _ in 0..turns {
        alone.reload(&wasm);
        if side == "ampoule" && case.starts_with("roll-back") {
            alone.host.roll_back(alone.id).expect("there is a version before");
        }
    }
}
