//! `ampoule run`: one plugin, one call.

use crate::{
    args::Run,
    grant::{Offer, check_name, read},
    manifest::Papers,
    module, output,
    problem::{Problem, Status},
    show::{Grouped, Tree},
    types,
};
use ampoule_std::{
    CommandError, Context, Grant, Inspection, Limits, LoadError, Outcome, Plugin, Services,
    escaped, inspect_with, owned,
};
use core::{
    fmt::{self, Display, Formatter},
    time::Duration,
};
use serde::Serialize;
use std::{path::Path, time::Instant};

type Result<T> = core::result::Result<T, Problem>;

pub(crate) fn run(args: &Run) -> Result<Status> {
    let request = request(args)?;
    let papers = read(&args.grant)?;
    let policy = papers.as_ref().map(Papers::policy);
    let grant = papers.as_ref().zip(policy.as_ref());
    let grant = grant.map(|(papers, policy)| Grant::new(&papers.manifest, policy));
    let limits = args.limits(grant.map(|grant| grant.limits()));
    let Offer { permits, mut services } = Offer::new(grant.as_ref());

    let wasm = module(args.plugin.as_deref().unwrap_or(Path::new("")), &limits)?;
    let inspection = inspect_with(&wasm, &limits, permits, &services)?;
    check_name(papers.as_ref(), &inspection)?;
    callable(&inspection, &args.entry)?;

    let start = Instant::now();
    // The request is the call's; a plugin that needs a context to start says so.
    let mut plugin =
        Plugin::load_with(&wasm, &limits, permits, &mut services, &Context::default())?;
    let loading = start.elapsed();
    let entry = plugin.bind::<Context<'_>, Outcome<'_>>(&args.entry)?;

    let start = Instant::now();
    let outcome = plugin.call_with(&mut services, &entry, &request.borrow())?;
    let calling = start.elapsed();
    let status = if outcome.success { Status::Done } else { Status::Failed };
    if args.json {
        output::json(&outcome)?;
    } else {
        output::styled(&Tree(&outcome))?;
    }
    tell(args, &Stats::new(&plugin, &inspection, &limits, loading, calling))?;
    Ok(unload(plugin, &mut services).unwrap_or(status))
}

/// The outcome is out already, and stays the only thing there: what goes wrong now is told on stderr
/// and by the exit status.
fn unload(plugin: Plugin, services: &mut Services) -> Option<Status> {
    let problem = Problem::from(plugin.unload_with(services).err()?);
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
fn callable(inspection: &Inspection, name: &str) -> Result<()> {
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
    heap_bound_bytes: u64,
    instances: u32,
    #[serde(skip)]
    calling: Duration,
    #[serde(skip)]
    loading: Duration,
}

impl Stats {
    fn new(
        plugin: &Plugin,
        inspection: &Inspection,
        limits: &Limits,
        loading: Duration,
        calling: Duration,
    ) -> Self {
        let usage = plugin.usage();
        Self {
            fuel: usage.fuel,
            fuel_allowed: limits.call_fuel,
            microseconds: micros(calling),
            load_microseconds: micros(loading),
            memory_bytes: plugin.memory_bytes(),
            heap_bound_bytes: inspection.heap.total(),
            instances: usage.instances,
            calling,
            loading,
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
        let Self { calling, loading, .. } = self;
        let (fuel, allowed) = (Grouped(self.fuel), Grouped(self.fuel_allowed));
        writeln!(f, "\nfuel       {fuel} of {allowed}")?;
        writeln!(f, "time       {calling:.1?}, after {loading:.1?} to load")?;
        writeln!(f, "memory     {} bytes", Grouped(self.memory_bytes as u64))?;
        writeln!(f, "heap       at most {} bytes", Grouped(self.heap_bound_bytes))?;
        if self.instances > 1 {
            writeln!(f, "instances  {}", self.instances)?;
        }
        Ok(())
    }
}
