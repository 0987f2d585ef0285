//! `ampoule run`: one plugin, one call.

use crate::{
    HEAP,
    args::Run,
    grant::{Offer, check_name, offer_to, open, read},
    manifest::Papers,
    module, output,
    problem::{Problem, Status},
    show::{Grouped, Tree},
    types,
};
use ampoule_std::{
    CommandError, Config, Context, Counters, FileStore, Grant, Host, Inspection, Limits, LoadError,
    Micros, Outcome, Plugin, PluginId, Policy, Source, escaped, inspect_with, monotonic, owned,
    workstation_own_services,
};
use core::{
    fmt::{self, Display, Formatter},
    time::Duration,
};
use serde::Serialize;
use std::{path::Path, thread, time::Instant};

type Result<T> = core::result::Result<T, Problem>;

/// How long nothing is done at most, in microseconds, before the plugin that sleeps is asked again.
const NAP: Micros = 1_000_000;

pub(crate) fn run(args: &Run) -> Result<Status> {
    let request = request(args)?;
    let papers = read(&args.grant)?;
    let given = papers.as_ref().map_or(Policy::WORKSTATION, Papers::policy);
    let granted = papers.as_ref().map(|papers| Grant::new(&papers.manifest, &given).limits());
    // What the command line lowers is lowered for the host as a whole: it has this plugin alone.
    let policy = Policy { limits: args.limits(granted), ..given };
    let grant = papers.as_ref().map(|papers| Grant::new(&papers.manifest, &policy));

    let wasm = module(args.plugin.as_deref().unwrap_or(Path::new("")), &policy.limits)?;
    let inspection = look_at(&wasm, &policy.limits, grant.as_ref())?;
    check_name(papers.as_ref(), &inspection)?;
    callable(&inspection, &args.entry)?;
    let store = open(args.store.as_deref())?;

    let start = Instant::now();
    let config = Config { policy: &policy, idle, cell: Some(&HEAP), ..Config::WORKSTATION };
    let mut host = Host::<1>::new(config, monotonic);
    let id = load(&mut host, &wasm, papers.as_ref().zip(grant.as_ref()), store)?;
    let loading = start.elapsed();
    let entry = host.bind::<Context<'_>, Outcome<'_>>(id, &args.entry)?;

    let start = Instant::now();
    let outcome = host.call(&entry, &request.borrow())?;
    let calling = start.elapsed();
    let status = if outcome.success { Status::Done } else { Status::Failed };
    if args.json {
        output::json(&outcome)?;
    } else {
        output::styled(&Tree(&outcome))?;
    }
    if let Some((plugin, counters)) = host.plugin(id).zip(host.counters(id)) {
        let took = Took { loading, calling };
        tell(args, &Stats::new(plugin, &counters, &inspection, &policy.limits, took))?;
    }
    Ok(unload(&mut host, id).unwrap_or(status))
}

/// Services are offered for the look alone: nothing of the plugin runs.
fn look_at(wasm: &[u8], limits: &Limits, grant: Option<&Grant<'_>>) -> Result<Inspection> {
    let Offer { permits, services } = Offer::new(grant, None);
    Ok(inspect_with(wasm, limits, permits, &services)?)
}

/// The request is the call's; a plugin that needs a context to start says so.
fn load(
    host: &mut Host<'_, 1>,
    wasm: &[u8],
    granted: Option<(&Papers, &Grant<'_>)>,
    store: Option<FileStore>,
) -> Result<PluginId> {
    let mut source = Source::new(wasm);
    if let Some((papers, grant)) = granted {
        offer_to(host, store, |line| output::styled_aside(&line))?;
        source = source.with_manifest(&papers.manifest);
        for service in workstation_own_services(grant) {
            source = source.with_service(service)?;
        }
    }
    Ok(host.load(source)?)
}

/// What the command does while the plugin sleeps: so does it.
fn idle(until: Micros) {
    thread::sleep(Duration::from_micros(until.saturating_sub(monotonic()).min(NAP)));
}

/// The outcome is out already, and stays the only thing there: what goes wrong now is told on stderr
/// and by the exit status.
fn unload(host: &mut Host<'_, 1>, id: PluginId) -> Option<Status> {
    let problem = Problem::from(host.unload(id).err()?);
    output::problem(&problem, false);
    Some(problem.status)
}

fn request(args: &Run) -> Result<owned::Context> {
    Ok(owned::Context {
        request_id: args.request_id.clone(),
        headers: args.headers()?,
        parameters: args.parameters()?,
    })
}

/// Refuses what can't be called from a command line, before anything runs.
pub(crate) fn callable(inspection: &Inspection, name: &str) -> Result<()> {
    inspection.verdict.clone().map_err(LoadError::from)?;
    let entry = inspection.entries.iter().find(|entry| entry.name == name);
    // Without declared types, only the call tells; without such an entry, binding tells.
    let Some(declared) = entry.and_then(|entry| entry.types.as_ref()) else { return Ok(()) };
    if types::of_execute().as_ref() == Some(declared) {
        return Ok(());
    }
    let shown = |declared: &str| escaped(types::short(declared)).to_string();
    let (request, reply) = (shown(&declared.0), shown(&declared.1));
    Err(CommandError::EntryTypes { entry: escaped(name).to_string(), request, reply }.into())
}

/// What a call took.
#[derive(Serialize)]
struct Stats {
    fuel: u64,
    fuel_allowed: u64,
    microseconds: u64,
    load_microseconds: u64,
    memory_bytes: usize,
    heap_bytes: u32,
    heap_most_bytes: u32,
    heap_bound_bytes: u64,
    instances: u32,
    #[serde(skip)]
    took: Took,
}

/// How long it took.
#[derive(Clone, Copy)]
struct Took {
    loading: Duration,
    calling: Duration,
}

impl Stats {
    fn new(
        plugin: &Plugin,
        counters: &Counters,
        inspection: &Inspection,
        limits: &Limits,
        took: Took,
    ) -> Self {
        let usage = plugin.usage();
        Self {
            fuel: usage.fuel,
            fuel_allowed: limits.call_fuel,
            microseconds: micros(took.calling),
            load_microseconds: micros(took.loading),
            memory_bytes: plugin.memory_bytes(),
            heap_bytes: counters.heap_bytes,
            heap_most_bytes: counters.heap_most_bytes,
            heap_bound_bytes: inspection.heap.total(),
            instances: usage.instances,
            took,
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn tell(args: &Run, stats: &Stats) -> Result<()> {
    match (args.json, args.stats) {
        (false, _) => output::styled(stats)?,
        (true, true) => output::json_aside(stats),
        (true, false) => {}
    }
    Ok(())
}

impl Display for Stats {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Took { calling, loading } = self.took;
        let (fuel, allowed) = (Grouped(self.fuel), Grouped(self.fuel_allowed));
        writeln!(f, "\nfuel       {fuel} of {allowed}")?;
        writeln!(f, "time       {calling:.1?}, after {loading:.1?} to load")?;
        writeln!(f, "memory     {} bytes", Grouped(self.memory_bytes as u64))?;
        let [now, most] = [self.heap_bytes, self.heap_most_bytes].map(|it| Grouped(it.into()));
        let bound = Grouped(self.heap_bound_bytes);
        writeln!(f, "heap       {now} bytes, at most {most}; bound {bound}")?;
        if self.instances > 1 {
            writeln!(f, "instances  {}", self.instances)?;
        }
        Ok(())
    }
}
