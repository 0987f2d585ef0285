//! A device: a host of plugins behind a server, as firmware would have it.

use crate::Unit;
use ampoule::{
    BreakerState, CallError, Config, Decode, DecodeError, Diagnosis, Event, EventKind, Host,
    Limits, Manifest, Micros, PluginId, Policy, Refusal, Source,
    manifest::ServiceRules,
    services::{Log, LogLine},
};
use ampoule_link::{
    Announced, Batch, Bytes, Counters, Description, EntryCall, Install, Line, LinkError, Maxima,
    PluginId as Name, RamSink, Reply, Request, SlotInfo, Target, Told,
};
use serde::{Serialize, Serializer, ser::SerializeTuple};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

const POLICY: Policy<'_> = Policy {
    limits: Limits { call_fuel: 200_000, init_fuel: 100_000, ..Limits::MICRO },
    services: ServiceRules::EVERY,
    ..Policy::DENY
};

const CONFIG: Config<'_> = Config { policy: &POLICY, ..Config::MICRO };

const SLOTS: usize = 4;
const INSTALL_BYTES: usize = 4096;

type Said = Arc<Mutex<VecDeque<(String, u8, Micros, String)>>>;

/// What a handler works on.
pub(crate) struct Inner {
    pub(crate) host: Host<'static, SLOTS>,
    pub(crate) install: Install<RamSink<INSTALL_BYTES>>,
    said: Said,
    batch: Batch<800>,
    message: String,
    services: Batch<16>,
    reset: bool,
    /// How often something was really done, repetitions left out.
    pub(crate) done: u32,
}

pub(crate) struct Device {
    pub(crate) server: Unit,
    pub(crate) inner: Inner,
    pub(crate) restarts: u32,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self { server: Unit::new(), inner: Inner::new(), restarts: 0 }
    }

    /// One turn of the main loop: takes what it can of `bytes`, and does what it is asked.
    pub(crate) fn turn(&mut self, bytes: &mut Vec<u8>) {
        let taken = self.server.receive(bytes);
        bytes.drain(..taken);
        if let Some(request) = self.server.poll() {
            self.inner.done += 1;
            match self.inner.handle(&request) {
                Ok(reply) => self.server.answer(&reply),
                Err(told) => self.server.answer(&Reply::Problem(told.problem())),
            }
        }
        if self.inner.reset && self.server.output().is_empty() {
            self.restart();
        }
    }

    /// As after a loss of power.
    pub(crate) fn restart(&mut self) {
        *self = Self { restarts: self.restarts + 1, ..Self::new() };
    }
}

impl Inner {
    fn new() -> Self {
        let said = Said::default();
        let mut host = Host::new(CONFIG, || 7);
        let sink = Arc::clone(&said);
        let log = Log::new(4096, move |line: &LogLine<'_>| {
            let entry = (line.plugin.into(), line.level as u8, line.now, line.text.into());
            sink.lock().unwrap().push_back(entry);
        });
        host.offer(Box::new(log)).unwrap();
        let mut services = Batch::new();
        assert!(services.push(&"log"));
        Self {
            host,
            install: Install::new(RamSink::new()),
            said,
            batch: Batch::new(),
            message: String::new(),
            services,
            reset: false,
            done: 0,
        }
    }

    fn handle(&mut self, request: &Request<'_>) -> Result<Reply<'_>, Told> {
        if let Some(reply) = self.install.handle(request) {
            return reply.map_err(Told::from);
        }
        match *request {
            Request::Describe => Ok(Reply::Description(self.describe())),
            Request::Slots { from } => Ok(self.slots(from)),
            Request::Counters { plugin } => self.counters(plugin),
            Request::Events { most } => Ok(self.events(most)),
            Request::Lines { most } => Ok(self.lines(most)),
            Request::Commit => self.commit(),
            Request::Call(call) => self.call(&call),
            Request::RollBack { plugin } => {
                let id = self.id(plugin)?;
                self.host.roll_back(id).map_err(told).map(|()| Reply::Done)
            }
            Request::Unload { plugin } => {
                let id = self.id(plugin)?;
                self.host.unload(id).map_err(told).map(|()| Reply::Done)
            }
            Request::Lift { plugin } => {
                let id = self.id(plugin)?;
                self.host.lift(id).map_err(told).map(|()| Reply::Done)
            }
            Request::Reset => {
                self.reset = true;
                Ok(Reply::Done)
            }
            _ => Err(LinkError::Unsupported {}.into()),
        }
    }

    fn describe(&self) -> Description<'_> {
        Description {
            abi: 1,
            name: "bench",
            firmware: "0.1.0",
            slots: SLOTS as u16,
            free_slots: (SLOTS - self.host.iter().count()) as u16,
            ram_bytes: 65_536,
            free_ram_bytes: 32_768,
            most: Maxima {
                chunk_bytes: Unit::CHUNK_BYTES,
                install_bytes: INSTALL_BYTES as u32,
                module_bytes: POLICY.limits.module_bytes,
                memory_bytes: POLICY.limits.memory_bytes,
                heap_bytes: POLICY.limits.heap_bytes,
                message_bytes: POLICY.limits.message_bytes,
            },
            services: self.services.items(),
        }
    }

    fn slots(&mut self, from: u16) -> Reply<'_> {
        self.batch = Batch::new();
        for (id, plugin) in self.host.iter().filter(|(id, _)| id.slot() >= from) {
            let meta = plugin.meta();
            let info = SlotInfo {
                plugin: name_of(id),
                name: meta.name,
                version: meta.version,
                hash: plugin.hash(),
                breaker: breaker(self.host.breaker(id).unwrap()),
                probation: self.host.versions(id).unwrap().previous.is_some(),
            };
            if !self.batch.push(&info) {
                break;
            }
        }
        Reply::Slots(self.batch.items())
    }

    fn counters(&self, plugin: Name) -> Result<Reply<'_>, Told> {
        let counters = self.host.counters(self.id(plugin)?).unwrap();
        Ok(Reply::Counters(Counters {
            calls: counters.calls,
            successes: counters.successes,
            failure_replies: counters.failure_replies,
            failures: counters.failures.total(),
            refusals: counters.refusals.total(),
            fuel_total: counters.fuel_total,
            fuel_most: counters.fuel_most,
            duration_total: counters.duration_total,
            duration_most: counters.duration_most,
            memory_most_bytes: counters.memory_most_bytes,
            instances: counters.instances,
            reloads: counters.reloads,
        }))
    }

    fn events(&mut self, most: u16) -> Reply<'_> {
        self.batch = Batch::new();
        for _ in 0..most {
            if self.batch.room() < ampoule_link::Event::MAX_BYTES {
                break;
            }
            let Some(event) = self.host.next_event() else { break };
            assert!(self.batch.push(&told_event(&event)), "an event of its maximum fits");
        }
        Reply::Events(self.batch.items())
    }

    fn lines(&mut self, most: u16) -> Reply<'_> {
        self.batch = Batch::new();
        let mut said = self.said.lock().unwrap();
        for _ in 0..most {
            let Some((plugin, level, at, text)) = said.front() else { break };
            if !self.batch.push(&Line { plugin, level: *level, at: *at, text }) {
                break;
            }
            said.pop_front();
        }
        Reply::Lines(self.batch.items())
    }

    fn commit(&mut self) -> Result<Reply<'_>, Told> {
        let host = &mut self.host;
        let loaded = self.install.commit(|ram, announced| load(host, ram, announced));
        loaded.map_err(Told::from)?.map(|plugin| Reply::Loaded { plugin })
    }

    fn call(&mut self, call: &EntryCall<'_>) -> Result<Reply<'_>, Told> {
        let id = self.id(call.plugin)?;
        let entry = self.host.bind::<Raw<'_>, RawReply<'_>>(id, call.entry).map_err(told)?;
        match self.host.call(&entry, &Raw(call.request.0)) {
            Ok(reply) => Ok(Reply::Answer(Bytes(reply.0))),
            Err(CallError::Refused(Refusal::Failure { code, message })) => {
                self.message = message.to_string();
                Ok(Reply::Failure { code, message: &self.message })
            }
            Err(error) => Err(told(error)),
        }
    }

    fn id(&self, plugin: Name) -> Result<PluginId, Told> {
        let mut ids = self.host.iter().map(|(id, _)| id);
        let stale = || Told::new("L03", 0, &format_args!("the plugin {plugin} isn't loaded"));
        ids.find(|id| name_of(*id) == plugin).ok_or_else(stale)
    }
}

fn load(
    host: &mut Host<'static, SLOTS>,
    ram: &RamSink<INSTALL_BYTES>,
    announced: &Announced,
) -> Result<Name, Told> {
    let (manifest, wasm) = ram.parts(announced);
    let manifest = if manifest.is_empty() { None } else { Some(Manifest::parse(manifest)) };
    let manifest = manifest.transpose().map_err(told)?;
    let source = Source::new(wasm);
    let source = match &manifest {
        Some(manifest) => source.with_manifest(manifest),
        None => source,
    };
    let Target::Plugin(plugin) = announced.target else {
        return host.load(source).map(name_of).map_err(told);
    };
    let id = host.iter().map(|(id, _)| id).find(|id| name_of(*id) == plugin);
    let id = id.ok_or_else(|| Told::new("L03", 0, &"it isn't loaded any longer"))?;
    host.reload(id, source).map_err(told)?;
    Ok(plugin)
}

fn told(error: impl Diagnosis) -> Told {
    Told::new(error.code(), 0, &error)
}

fn name_of(id: PluginId) -> Name {
    Name { slot: id.slot(), generation: id.generation() }
}

fn breaker(state: BreakerState) -> ampoule_link::BreakerState {
    match state {
        BreakerState::Closed => ampoule_link::BreakerState::Closed,
        BreakerState::Open { until } => ampoule_link::BreakerState::Open { until },
        BreakerState::HalfOpen => ampoule_link::BreakerState::HalfOpen,
        BreakerState::Quarantined => ampoule_link::BreakerState::Quarantined,
    }
}

fn told_event(event: &Event) -> ampoule_link::Event<'static> {
    use ampoule_link::EventKind as Told;
    let what = match event.what {
        EventKind::Loaded { hash } => Told::Loaded { hash },
        EventKind::Staged { hash } => Told::Staged { hash },
        EventKind::Refused { hash, code } => Told::Refused { hash, code },
        EventKind::Swapped { from, to, version } => Told::Swapped { from, to, version },
        EventKind::Committed { hash, version } => Told::Committed { hash, version },
        EventKind::Reverted { from, to, version, code } => {
            Told::Reverted { from, to, version, code }
        }
        EventKind::Faulted { code } => Told::Faulted { code },
        EventKind::DestroyFailed { code } => Told::DestroyFailed { code },
        EventKind::Tripped { until } => Told::Tripped { until },
        EventKind::Closed => Told::Closed,
        EventKind::Quarantined => Told::Quarantined,
        EventKind::Lifted => Told::Lifted,
        EventKind::Unloaded { hash, dropped } => Told::Unloaded { hash, dropped },
        EventKind::Lost { events } => Told::Lost { events },
        _ => Told::Other,
    };
    ampoule_link::Event { plugin: name_of(event.plugin), at: event.at, what }
}

/// A message that is encoded already.
struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| bytes.serialize_element(byte))?;
        bytes.end()
    }
}

/// A reply that stays encoded.
struct RawReply<'a>(&'a [u8]);

impl<'a> Decode<'a> for RawReply<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        Ok((Self(bytes), &[]))
    }
}
