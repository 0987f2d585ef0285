//! `ampoule inspect`: everything about a module, in tables.

use crate::{
    args::Inspect,
    grant::{Offer, Right, check_name, is_own, read},
    json,
    manifest::{Papers, with_header},
    module, output,
    problem::{Problem, Status},
    show::{Grouped, section, style},
    types,
};
use ampoule_std::{
    AdmissionError, Diagnosis, EntryInfo, ExternKind, Grant, Import, Inspection, MemoryInfo,
    TableInfo, escaped, inspect_with,
};
use core::fmt::{self, Display, Formatter};

pub(crate) fn inspect(args: &Inspect) -> Result<Status, Problem> {
    let papers = read(&args.grant)?;
    let policy = papers.as_ref().map(Papers::policy);
    let grant = papers.as_ref().zip(policy.as_ref());
    let grant = grant.map(|(papers, policy)| Grant::new(&papers.manifest, policy));
    let limits = args.limits(grant.map(|grant| grant.limits()));
    let Offer { permits, services } = Offer::new(grant.as_ref(), None);

    let wasm = module(&args.plugin, &limits)?;
    let inspected = inspect_with(&wasm, &limits, permits, &services);
    if let Ok(found) = &inspected {
        check_name(papers.as_ref(), found)?;
    }
    let report = Report { bytes: wasm.len(), inspected: inspected.as_ref(), grant: grant.as_ref() };
    if args.json {
        output::json(&json::Report::new(report.bytes, report.inspected, report.grant))?;
    } else {
        output::styled(&report)?;
    }
    Ok(if report.refusal().is_some() { Status::Refused } else { Status::Done })
}

/// A module's size, and what was found in it or why it can't be read.
struct Report<'a> {
    bytes: usize,
    inspected: Result<&'a Inspection, &'a AdmissionError>,
    /// What is granted, where a manifest was given.
    grant: Option<&'a Grant<'a>>,
}

impl<'a> Report<'a> {
    fn refusal(&self) -> Option<&'a AdmissionError> {
        self.inspected.map_or_else(Some, |found| found.verdict.as_ref().err())
    }
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Ok(found) = self.inspected {
            meta(f, found)?;
            section(f, "Module", parts(self.bytes, found))?;
            section(f, "Entries", found.entries.iter().map(entry))?;
            services(f, found, self.grant)?;
            section(f, "Exports", found.exports.iter().map(|it| export(&it.name, &it.kind)))?;
            section(f, "Heap, at most", heap(found))?;
            let warnings = found.warnings.iter().map(|it| [it.to_string()]);
            if !found.warnings.is_empty() {
                section(f, "Warnings", warnings)?;
            }
        } else {
            section(f, "Module", [["size".to_owned(), bytes(self.bytes as u64)]])?;
        }
        verdict(f, self.refusal())
    }
}

fn meta(f: &mut Formatter<'_>, found: &Inspection) -> fmt::Result {
    match &found.meta {
        Some(Ok(meta)) => {
            let name = style::paint(style::HEADING, escaped(&meta.name));
            writeln!(f, "{name} {}", escaped(&meta.version))?;
            for line in [&meta.description, &meta.author] {
                if !line.is_empty() {
                    writeln!(f, "  {}", escaped(line))?;
                }
            }
            writeln!(f)
        }
        Some(Err(error)) => writeln!(f, "no meta: {error}\n"),
        None => writeln!(f, "no meta\n"),
    }
}

fn parts(size: usize, found: &Inspection) -> [[String; 2]; 5] {
    let none = || "none".to_owned();
    let start = found.start.map_or_else(none, |index| format!("function {index}"));
    [
        ("size", bytes(size as u64)),
        ("functions", Grouped(found.functions.into()).to_string()),
        ("start function", start),
        ("memory", found.memory.map_or_else(none, memory)),
        ("table", found.table.map_or_else(none, table)),
    ]
    .map(|(name, text)| [name.to_owned(), text])
}

fn bytes(count: u64) -> String {
    format!("{} bytes", Grouped(count))
}

fn memory(memory: MemoryInfo) -> String {
    let MemoryInfo { page_bytes, minimum_bytes, maximum_bytes } = memory;
    let pages = match page_bytes {
        1 => "of 1 byte".to_owned(),
        bytes => format!("of {} bytes", Grouped(bytes.into())),
    };
    let minimum = Grouped(minimum_bytes);
    let growth = match maximum_bytes {
        Some(maximum) if maximum == minimum_bytes => "fixed".to_owned(),
        Some(maximum) => format!("may grow to {}", Grouped(maximum)),
        None => "may grow as far as the limit".to_owned(),
    };
    format!("{minimum} bytes, {growth}, in pages {pages}")
}

fn table(table: TableInfo) -> String {
    let TableInfo { minimum, maximum } = table;
    let growth = match maximum {
        Some(maximum) if maximum == minimum => "fixed".to_owned(),
        Some(maximum) => format!("may grow to {}", Grouped(maximum.into())),
        None => "may grow as far as the limit".to_owned(),
    };
    format!("{} elements, {growth}", Grouped(minimum.into()))
}

fn entry(entry: &EntryInfo) -> [String; 2] {
    let types = match &entry.types {
        Some((request, reply)) => {
            format!("{} -> {}", escaped(types::short(request)), escaped(types::short(reply)))
        }
        None => "types not declared".to_owned(),
    };
    [escaped(&entry.name).to_string(), types]
}

fn services(f: &mut Formatter<'_>, found: &Inspection, grant: Option<&Grant<'_>>) -> fmt::Result {
    let heading = "Services asked for";
    let Some(grant) = grant else {
        return section(f, heading, found.imports.iter().map(service));
    };
    let names = ["operation", "type", "offered", "granted"];
    let rows = found.imports.iter().map(|import| judged(import, grant));
    section(f, heading, with_header(names, rows))
}

/// An import under a grant.
fn judged(import: &Import, grant: &Grant<'_>) -> [String; 4] {
    let right = Right::new(import, grant);
    let offered = if right.offered { "yes" } else { "no" };
    let granted = match right.granted {
        _ if is_own(import) => "needs no grant".to_owned(),
        Some(granted) => format!("yes{}", escaped(&granted.to_string())),
        None => "no".to_owned(),
    };
    let name = format!("{}.{}", escaped(&import.service), escaped(&import.operation));
    [name, import.kind.to_string(), offered.to_owned(), granted]
}

fn service(import: &Import) -> [String; 3] {
    let grant = if is_own(import) { "needs no grant" } else { "needs a grant" };
    let name = format!("{}.{}", escaped(&import.service), escaped(&import.operation));
    [name, import.kind.to_string(), grant.to_owned()]
}

fn export(name: &str, kind: &ExternKind) -> [String; 2] {
    [escaped(name).to_string(), kind.to_string()]
}

fn heap(found: &Inspection) -> impl Iterator<Item = [String; 2]> {
    // Wide enough for a limit, which has 32 bits.
    let right = |count: u64| format!("{:>13} bytes", Grouped(count).to_string());
    let row = move |(name, count): (&str, u64)| [name.to_owned(), right(count)];
    let heap = &found.heap;
    let sums = [("held", heap.held()), ("to load", heap.loading), ("most", heap.total())];
    heap.parts().into_iter().chain(sums).map(row)
}

fn verdict(f: &mut Formatter<'_>, refusal: Option<&AdmissionError>) -> fmt::Result {
    let heading = style::paint(style::HEADING, "Verdict");
    let Some(error) = refusal else {
        return writeln!(f, "{heading}\n  {}", style::paint(style::GOOD, "would be loaded"));
    };
    let verdict = style::paint(style::BAD, "would be refused");
    writeln!(
        f,
        "{heading}\n  {verdict}: error[{}]: {}",
        error.code(),
        escaped(&error.to_string())
    )?;
    writeln!(f, "  cure: {}", error.cure())
}
