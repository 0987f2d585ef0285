//! How much heap a plugin takes: loaded by a host, with every entry bound and called.
//!
//! The same code runs on a workstation and, in `tests/bound/probe`, with pointers of 32 bits.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod anything;
mod phases;

use alloc::{format, string::String, vec::Vec};
use ampoule::{
    Config, Context, ExternKind, Host, Import, Inspection, Limits, Manifest, Plugin, Policy, Shape,
    Source, inspect,
};
use anything::Anything;
use core::hint::black_box;
use phases::{Phases, Then};

/// What every module is measured under: shapes as large as any host may allow, and stacks so small that
/// they don't hide the rest.
pub const LIMITS: Limits = Limits {
    module_bytes: u32::MAX,
    heap_bytes: u32::MAX,
    memory_bytes: 1 << 20,
    message_bytes: 1024,
    value_stack_bytes: 4096,
    recursion_depth: 48,
    init_fuel: 100_000,
    call_fuel: 100_000,
    destroy_fuel: 10_000,
    slice_fuel: 10_000,
    shape: Shape::CEILING,
    ..Limits::WORKSTATION
};

/// Bytes of heap that some work takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// What is in use at the end.
    pub held: u64,
    /// The most that was ever in use.
    pub peak: u64,
}

/// Bytes of heap that a plugin takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The most while it is loaded, until the engine has let go of its buffers.
    pub loading: u64,
    /// The most from then on.
    pub running: u64,
}

impl Found {
    /// The most that was ever in use.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.loading.max(self.running)
    }
}

/// Loads a plugin, then binds and calls all its entries, as `watch` watches; none if no host loads it.
///
/// `watch` runs what it is given and tells what that took.
pub fn measure(wasm: &[u8], watch: impl Fn(&mut dyn FnMut()) -> Heap) -> Option<Found> {
    let found = inspect(wasm, &LIMITS).ok()?;
    let manifest = manifest(&found)?;
    let names: Vec<String> = found.entries.iter().map(|entry| entry.name.clone()).collect();
    let run = |then, entries| run(wasm, &manifest, &found.imports, entries, then, &watch);
    let loading = run(Then::Stop, &[])?.peak;
    let ballast = loading as usize;
    let put = watch(&mut || drop(black_box(Vec::<u8>::with_capacity(ballast)))).peak;
    let running = run(Then::Load(ballast), &names)?.peak.saturating_sub(put);
    Some(Found { loading, running })
}

/// None if it wasn't admitted.
fn run(
    wasm: &[u8],
    manifest: &Manifest,
    imports: &[Import],
    entries: &[String],
    then: Then,
    watch: impl Fn(&mut dyn FnMut()) -> Heap,
) -> Option<Heap> {
    let policy = Policy { limits: LIMITS, ..Policy::WORKSTATION };
    let phases = Phases::new(then);
    let config = Config { policy: &policy, cell: Some(phases), ..Config::WORKSTATION };
    let mut host = Host::<1>::new(config, || 0);
    for service in Anything::of(imports) {
        host.offer(service).ok()?;
    }
    let heap = watch(&mut || {
        use_all(&mut host, wasm, manifest, entries);
        phases.unload();
    });
    phases.is_loaded().then_some(heap)
}

/// One that faults at its start has been loaded too.
fn use_all(host: &mut Host<'_, 1>, wasm: &[u8], manifest: &Manifest, entries: &[String]) {
    let Ok(id) = host.load(Source::new(wasm).with_manifest(manifest)) else { return };
    for name in entries {
        let Ok(entry) = host.bind::<(), ()>(id, name) else { continue };
        // What it answers, and whether it may, is none of our business.
        let _ = host.call(&entry, &());
        let _ = host.lift(id);
    }
}

/// What a host keeps of any plugin, and what any instance takes: bytes of a small module's.
pub fn bookkeeping(wasm: &[u8], watch: impl Fn(&mut dyn FnMut()) -> Heap) -> Option<[u64; 2]> {
    let mut plugin = None;
    let loaded = watch(&mut || plugin = Plugin::load(wasm, &LIMITS, &Context::default()).ok());
    let mut running = plugin?;
    let stopped = watch(&mut || running.stop());
    drop(running);
    let found = inspect(wasm, &LIMITS).ok()?;
    let in_host = run(wasm, &manifest(&found)?, &found.imports, &[], Then::Load(0), watch)?;
    // Heap that is given back counts as what was held before.
    Some([in_host.held.saturating_sub(loaded.held), stopped.held])
}

/// As long as one may be: the host keeps it for each operation.
const SCOPE: &str = "sixty-four/bytes/of-a-scope/that-no-service-here-has-ever-heard-";

/// A manifest that asks for all that the module imports, as narrowly as it can.
fn manifest(found: &Inspection) -> Option<Manifest> {
    let meta = found.meta.as_ref()?.as_ref().ok()?;
    let mut rows = String::new();
    for (service, operations) in by_service(&found.imports) {
        let names: Vec<_> = operations.iter().map(|it| format!("{:?}", it.operation)).collect();
        let comma = if rows.is_empty() { "" } else { "," };
        let names = names.join(",");
        rows += &format!(
            r#"{comma}{{"service":{service:?},"operations":[{names}],"scope":"{SCOPE}"}}"#
        );
    }
    let json = format!(
        r#"{{"meta":{{"name":{:?},"version":"1.0.0"}},"capabilities":{{"services":[{rows}]}}}}"#,
        meta.name
    );
    Manifest::parse(json.as_bytes()).ok()
}

/// The imports of each service, each operation once; the host's own function is none.
fn by_service(imports: &[Import]) -> Vec<(&str, Vec<&Import>)> {
    let mut services: Vec<(&str, Vec<&Import>)> = Vec::new();
    for import in imports.iter().filter(|import| import.service != "ampoule") {
        let known = services.iter().position(|(name, _)| *name == import.service);
        let at = known.unwrap_or(services.len());
        if known.is_none() {
            services.push((&import.service, Vec::new()));
        }
        let operations = &mut services[at].1;
        if operations.iter().all(|it| it.operation != import.operation) {
            operations.push(import);
        }
    }
    services
}

/// Parameters and results of an imported function.
fn types(import: &Import) -> Option<(&[ampoule::ValueType], &[ampoule::ValueType])> {
    match &import.kind {
        ExternKind::Function { params, results } => Some((params, results)),
        _ => None,
    }
}
