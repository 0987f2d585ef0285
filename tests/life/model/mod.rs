//! Operations in any order: what the host says is what a simple model predicts, and in the end it holds
//! not a byte.

mod breaker;
mod compare;
mod ops;
mod predict;
mod turns;
mod versions;

use crate::support::{
    CONFIG, Number, NumberEntry, STATE, Slow, SlowState, bare_counter, clock, host_of, manifest,
    named, number, pass, value,
};
use allocation_counter::measure;
use ampoule::{Call, Config, Diagnosis, Host, Limits, Manifest, PluginId, Policy, Source, Wake};
use ops::{Op, op};
use predict::{DEADLINE, Kind, Make, PROBATION, Plugin, RULES, Version, World};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::sync::LazyLock;

/// Sequences of operations. `AMPOULE_MODEL` sets another number.
const SEQUENCES: u32 = 3_000;
/// How many operations each has.
const OPERATIONS: core::ops::RangeInclusive<usize> = 5..=50;

const NAMES: [&str; 3] = ["one", "two", "three"];

const POLICY: Policy<'_> = Policy {
    limits: Limits { call_fuel: 5_000, ..crate::support::POLICY.limits },
    deadline_micros: Some(DEADLINE),
    ..crate::support::POLICY
};

fn config() -> Config<'static> {
    let idle = |until| {
        pass(predict::idle(clock(), until) - clock());
    };
    Config { policy: &POLICY, breaker: RULES, probation: PROBATION, idle, ..CONFIG }
}

/// A module of each [`Make`], unnamed.
static MODULES: LazyLock<[Vec<u8>; 5]> = LazyLock::new(|| {
    let refuses = r#"
        (func (export "ampoule_save") (param i32) (result i64) (call $answer (global.get $sum)))
        (func (export "ampoule_restore") (param i32) (result i64)
            (i64.store (i32.const 128) (i64.const 0x0021_0107)) (i64.const 0x8000_0080_0000_0003))"#;
    let traps = r#"(func (export "ampoule_init") (param i32) (result i64) unreachable)"#;
    let other = r#"(module (memory (export "memory") 1)
        (func (export "ampoule_mailbox") (result i64) i64.const 64)
        (func (export "other") (param i32) (result i64) (i64.const 0)))"#;
    let other = wat::parse_str(other).unwrap();
    [bare_counter(STATE), bare_counter(refuses), bare_counter(""), bare_counter(traps), other]
});

static MANIFESTS: LazyLock<[Manifest; 3]> = LazyLock::new(|| NAMES.map(manifest));

fn module(name: &str, label: &str, make: Make) -> Vec<u8> {
    named(MODULES[make as usize].clone(), name, label)
}

/// The entries of a plugin, by [`Kind`].
struct Entries([NumberEntry; 7]);

impl Entries {
    fn of(host: &mut Host<'_, 3>, id: PluginId) -> Self {
        let names = ["add", "spin", "trap", "fail", "wait", "echo", "sleep"];
        Self(names.map(|name| host.bind(id, name).unwrap()))
    }

    fn get(&self, kind: Kind) -> (&NumberEntry, Number) {
        let (at, argument) = match kind {
            Kind::Add(argument) => (0, argument),
            Kind::Spin(rounds) => (1, rounds),
            Kind::Endless => (1, 0),
            Kind::Trap => (2, 0),
            Kind::Fail => (3, 0),
            Kind::Wait => (4, 0),
            Kind::Echo => (5, 0),
            Kind::Sleep(millis) => (6, millis),
        };
        (&self.0[at], number(argument))
    }
}

/// A plugin that was loaded at some time: in the host, and in the model while it is there.
struct Pair {
    id: PluginId,
    entries: Entries,
    model: Option<Plugin>,
}

struct Both<'h> {
    host: &'h mut Host<'static, 3>,
    slow: &'h Slow,
    world: World,
    pairs: Vec<Pair>,
    /// The last that was loaded of each name.
    named: [Option<usize>; 3],
    calls: Vec<(usize, Call<Number>)>,
    labels: u32,
}

fn code<T>(result: Result<T, impl Diagnosis>) -> Result<T, &'static str> {
    result.map_err(|error| error.code())
}

impl Both<'_> {
    /// A plugin by name, be it that it is gone. None if there never was one.
    fn pair(&mut self, at: usize) -> Option<&mut Pair> {
        self.named[at].and_then(|it| self.pairs.get_mut(it))
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("{}.0.0", self.labels)
    }

    fn load(&mut self, at: usize) {
        let loaded = self.pairs.iter().filter(|it| it.model.is_some()).count();
        let taken = self.pair(at).is_some_and(|it| it.model.is_some());
        let label = self.label();
        let wasm = module(NAMES[at], &label, Make::Good);
        let id = code(self.host.load(Source::new(&wasm).with_manifest(&MANIFESTS[at])));
        let refused = match (loaded, taken) {
            (3, _) => Some("L01"),
            (_, true) => Some("L02"),
            _ => None,
        };
        if let Some(code) = refused {
            assert_eq!(id, Err(code));
            return;
        }
        let id = id.unwrap();
        let entries = Entries::of(self.host, id);
        let model = Some(Plugin::new(NAMES[at], Version::new(label, Make::Good)));
        self.named[at] = Some(self.pairs.len());
        self.pairs.push(Pair { id, entries, model });
    }

    fn start(&mut self, at: usize, kind: Kind) {
        let Some(pair) = self.named[at] else { return };
        let Pair { entries, model, .. } = &mut self.pairs[pair];
        let (entry, argument) = entries.get(kind);
        let found = self.host.start(entry, &argument);
        let number = self.calls.len();
        let expected =
            model.as_mut().map_or(Err("C06"), |it| it.start(number, kind, self.world.now));
        assert_eq!(code(found.as_ref().map(|_| ()).map_err(Clone::clone)), expected);
        self.calls.extend(found.ok().map(|call| (pair, call)));
    }

    fn call(&mut self, at: usize, kind: Kind) {
        let Some(pair) = self.named[at] else { return };
        let Pair { entries, model, .. } = &mut self.pairs[pair];
        let (entry, argument) = entries.get(kind);
        let found = code(self.host.call(entry, &argument)).map(value);
        let expected = model.as_mut().map_or(Err("C06"), |it| it.call(kind, &mut self.world));
        assert_eq!(found, expected);
    }

    fn poll(&mut self) {
        let turn = self.host.poll(clock());
        let Self { host, world, pairs, calls, .. } = self;
        let mut next = Wake::Never;
        for model in pairs.iter_mut().filter_map(|it| it.model.as_mut()) {
            next = next.min(model.turn(world, |call| host.is_over(&calls[call].1)));
        }
        assert_eq!(turn.next, next);
    }

    fn take(&mut self, call: usize) {
        let (pair, handle) = self.calls[call];
        let model = &mut self.pairs[pair].model;
        let expected = model.as_mut().map_or(Some(Err("C06")), |model| model.take(call));
        assert_eq!(self.host.take(&handle).map(|it| code(it).map(value)), expected);
    }

    fn cancel(&mut self, call: usize) {
        let (pair, handle) = self.calls[call];
        let model = self.pairs[pair].model.as_mut();
        let expected = model.is_some_and(|model| model.cancel(call, &mut self.world));
        assert_eq!(self.host.cancel(&handle), expected);
    }

    fn reload(&mut self, at: usize, make: Make) {
        let label = self.label();
        let Some(pair) = self.named[at] else { return };
        let Pair { id, model, .. } = &mut self.pairs[pair];
        let wasm = module(NAMES[at], &label, make);
        let mut source = Source::new(&wasm).with_manifest(&MANIFESTS[at]);
        if make == Make::Bare {
            // The same service, as one of its own.
            source = source.with_service(Box::new(self.slow.clone())).unwrap();
        }
        let found = self.host.reload(*id, source);
        let new = Version::new(label, make);
        let expected = model.as_mut().map_or(Err("L03"), |it| it.reload(new, self.world.now));
        assert_eq!(code(found), expected);
    }

    fn unload(&mut self, at: usize) {
        let Some(pair) = self.named[at] else { return };
        let Pair { id, model, .. } = &mut self.pairs[pair];
        let found = code(self.host.unload(*id));
        let Some(model) = model.take() else {
            assert_eq!(found, Err("C06"));
            return;
        };
        assert_eq!(found, Ok(()));
        let id = *id;
        let events = model.unload(&mut self.world);
        assert_eq!(self.events().remove(&id).unwrap_or_default(), events);
    }

    fn apply(&mut self, op: &Op) {
        // Mostly the calls that were started of late.
        let last = |index: &Index| {
            let count = self.calls.len();
            let of = if index.index(4) == 0 { count } else { count.min(4) };
            (count > 0).then(|| count - 1 - index.index(of))
        };
        match op {
            Op::Load(at) => self.load(*at),
            Op::Start(at, kind) => self.start(*at, *kind),
            Op::Call(at, kind) => self.call(*at, *kind),
            Op::Poll => self.poll(),
            Op::Pass(micros) => self.world.now = pass(*micros),
            Op::Answer(answer) => {
                self.world.answer = *answer;
                self.slow.0.lock().unwrap().answer = *answer;
            }
            Op::Again(again_at) => {
                self.world.again_at = *again_at;
                self.slow.0.lock().unwrap().again_at = *again_at;
            }
            Op::Cancel(index) => {
                if let Some(call) = last(index) {
                    self.cancel(call);
                }
            }
            Op::Take(index) => {
                if let Some(call) = last(index) {
                    self.take(call);
                }
            }
            Op::Reload(at, make) => self.reload(*at, *make),
            Op::Unload(at) => self.unload(*at),
            Op::Trip(at) => {
                for _ in 0..RULES.failures {
                    self.call(*at, Kind::Trap);
                }
                self.world.now = pass(RULES.reset_most);
            }
            Op::Wake(at) => {
                self.both(*at, "C06", |host, id| code(host.wake(id)), always(Plugin::wake));
            }
            Op::RollBack(at) => {
                self.both(*at, "L03", |host, id| code(host.roll_back(id)), Plugin::roll_back);
            }
            Op::Quarantine(at) => {
                let quarantine = always(Plugin::quarantine);
                self.both(*at, "C06", |host, id| code(host.quarantine(id)), quarantine);
            }
            Op::Lift(at) => {
                self.both(*at, "C06", |host, id| code(host.lift(id)), always(Plugin::lift));
            }
            Op::Priority(at, slices) => {
                let set = |host: &mut Host<'_, 3>, id| code(host.set_priority(id, *slices));
                self.both(*at, "C06", set, always(|_| ()));
            }
        }
    }

    fn both(
        &mut self,
        at: usize,
        gone: &'static str,
        host: impl FnOnce(&mut Host<'_, 3>, PluginId) -> Result<(), &'static str>,
        model: impl FnOnce(&mut Plugin) -> Result<(), &'static str>,
    ) {
        let Some(pair) = self.named[at] else { return };
        let pair = &mut self.pairs[pair];
        assert_eq!(host(self.host, pair.id), pair.model.as_mut().map_or(Err(gone), model));
    }
}

/// What is never refused while the plugin is there.
fn always(work: impl FnOnce(&mut Plugin)) -> impl FnOnce(&mut Plugin) -> Result<(), &'static str> {
    |model| {
        work(model);
        Ok(())
    }
}

fn run(ops: &[Op]) {
    LazyLock::force(&MODULES);
    LazyLock::force(&MANIFESTS);
    let (mut host, slow) = host_of::<3>(config());
    let heap = measure(|| {
        let world = World { now: clock(), ..World::default() };
        let (host, slow) = (&mut host, &slow);
        let (pairs, calls) = (Vec::new(), Vec::new());
        let mut both = Both { host, slow, world, pairs, named: [None; 3], calls, labels: 0 };
        for op in ops {
            both.apply(op);
            both.compare();
        }
        for at in 0..3 {
            both.unload(at);
        }
        both.compare();
        *slow.0.lock().unwrap() = SlowState::default();
    });
    assert_eq!((heap.bytes_current, heap.count_current), (0, 0), "all is given back");
}

#[test]
fn a_host_does_what_the_model_predicts() {
    let cases = crate::support::count("AMPOULE_MODEL", SEQUENCES);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(ops in vec(op(), OPERATIONS))| {
        run(&[&[Op::Load(0), Op::Load(1)], &ops[..]].concat());
    });
}
