//! JSON for programs: errors and inspections.

use crate::{
    grant::{Right, is_own},
    problem::Problem,
};
use ampoule_std::{
    AdmissionError, Diagnosis, EntryInfo, Export, ExternKind, Grant, Import, Inspection,
    MemoryBound, MemoryInfo, TableInfo, Warning, owned,
};
use serde::{Serialize, Serializer};

/// Stands for the outcome that an error leaves no room for.
#[derive(Serialize)]
pub(crate) struct Failed<'a> {
    success: bool,
    data: (),
    error: &'a str,
    code: &'static str,
    cure: &'static str,
}

impl<'a> From<&'a Problem> for Failed<'a> {
    fn from(problem: &'a Problem) -> Self {
        let Problem { cause, code, cure, .. } = problem;
        Self { success: false, data: (), error: cause, code, cure }
    }
}

/// An inspection, as `ampoule inspect --json` prints it.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    module_bytes: usize,
    #[serde(flatten)]
    found: Option<Found<'a>>,
    verdict: Verdict,
}

/// What only a module that can be read has.
#[derive(Serialize)]
struct Found<'a> {
    meta: Option<&'a owned::Meta>,
    meta_error: Option<String>,
    functions: u32,
    start: Option<u32>,
    memory: Option<Memory>,
    table: Option<Table>,
    entries: Vec<Entry<'a>>,
    services: Vec<Service<'a>>,
    exports: Vec<Exported<'a>>,
    heap: Heap,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Memory {
    page_bytes: u32,
    minimum_bytes: u64,
    maximum_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Table {
    minimum: u32,
    maximum: Option<u32>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    request: Option<&'a str>,
    reply: Option<&'a str>,
}

#[derive(Serialize)]
struct Service<'a> {
    service: &'a str,
    operation: &'a str,
    #[serde(flatten)]
    kind: Kind,
    #[serde(flatten)]
    judged: Option<Judged<'a>>,
}

/// What a grant says of a service's operation.
#[derive(Serialize)]
struct Judged<'a> {
    offered: bool,
    granted: bool,
    scope: Option<&'a str>,
    per_second: Option<u32>,
}

#[derive(Serialize)]
struct Exported<'a> {
    name: &'a str,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Serialize)]
struct Kind {
    kind: &'static str,
    #[serde(flatten)]
    signature: Option<Signature>,
}

#[derive(Serialize)]
struct Signature {
    params: Vec<String>,
    results: Vec<String>,
}

/// A bound, as every command tells it.
pub(crate) struct Heap(pub(crate) MemoryBound);

#[derive(Serialize)]
struct Verdict {
    admitted: bool,
    #[serde(flatten)]
    refused: Option<Refused>,
}

#[derive(Serialize)]
struct Refused {
    error: String,
    code: &'static str,
    cure: &'static str,
}

impl<'a> Report<'a> {
    /// The report on a module, from its inspection or the reason why it can't be read.
    pub(crate) fn new(
        bytes: usize,
        inspected: Result<&'a Inspection, &AdmissionError>,
        grant: Option<&'a Grant<'a>>,
    ) -> Self {
        let refusal = inspected.map_or_else(Some, |found| found.verdict.as_ref().err());
        Self {
            module_bytes: bytes,
            found: inspected.ok().map(|found| Found::new(found, grant)),
            verdict: Verdict { admitted: refusal.is_none(), refused: refusal.map(Refused::from) },
        }
    }
}

impl<'a> Found<'a> {
    fn new(it: &'a Inspection, grant: Option<&'a Grant<'a>>) -> Self {
        Self {
            meta: it.meta.as_ref().and_then(|meta| meta.as_ref().ok()),
            meta_error: it.meta.as_ref().and_then(|meta| meta.as_ref().err()).map(text),
            functions: it.functions,
            start: it.start,
            memory: it.memory.map(Memory::from),
            table: it.table.map(|TableInfo { minimum, maximum }| Table { minimum, maximum }),
            entries: it.entries.iter().map(Entry::from).collect(),
            services: it.imports.iter().map(|import| Service::new(import, grant)).collect(),
            exports: it.exports.iter().map(Exported::from).collect(),
            heap: Heap(it.heap),
            warnings: it.warnings.iter().map(Warning::to_string).collect(),
        }
    }
}

fn text(it: &impl ToString) -> String {
    it.to_string()
}

impl From<MemoryInfo> for Memory {
    fn from(it: MemoryInfo) -> Self {
        let MemoryInfo { page_bytes, minimum_bytes, maximum_bytes } = it;
        Self { page_bytes, minimum_bytes, maximum_bytes }
    }
}

impl<'a> From<&'a EntryInfo> for Entry<'a> {
    fn from(it: &'a EntryInfo) -> Self {
        let (request, reply) = it.types.as_ref().map(|(a, b)| (a.as_str(), b.as_str())).unzip();
        Self { name: &it.name, request, reply }
    }
}

impl<'a> Service<'a> {
    fn new(it: &'a Import, grant: Option<&'a Grant<'a>>) -> Self {
        Self {
            service: &it.service,
            operation: &it.operation,
            kind: Kind::from(&it.kind),
            judged: grant.map(|grant| Judged::new(it, Right::new(it, grant))),
        }
    }
}

impl<'a> Judged<'a> {
    /// The host's own functions need no grant: they are as good as granted.
    fn new(import: &Import, right: Right<'a>) -> Self {
        let Right { offered, granted } = right;
        Self {
            offered,
            granted: granted.is_some() || is_own(import),
            scope: granted.and_then(|granted| granted.scope),
            per_second: granted.and_then(|granted| granted.per_second),
        }
    }
}

impl<'a> From<&'a Export> for Exported<'a> {
    fn from(it: &'a Export) -> Self {
        Self { name: &it.name, kind: Kind::from(&it.kind) }
    }
}

impl From<&ExternKind> for Kind {
    fn from(it: &ExternKind) -> Self {
        let kind = match it {
            ExternKind::Function { .. } => "function",
            ExternKind::Memory => "memory",
            ExternKind::Table => "table",
            ExternKind::Global => "global",
            _ => "unknown",
        };
        let signature = match it {
            ExternKind::Function { params, results } => Some(Signature {
                params: params.iter().map(text).collect(),
                results: results.iter().map(text).collect(),
            }),
            _ => None,
        };
        Self { kind, signature }
    }
}

/// Each part of what is held, what loading takes, and the larger of their sum and that:
/// `{"code":…,…,"loading":…,"total":…}`
impl Serialize for Heap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sums = [("loading", self.0.loading), ("total", self.0.total())];
        serializer.collect_map(self.0.parts().into_iter().chain(sums))
    }
}

impl From<&AdmissionError> for Refused {
    fn from(error: &AdmissionError) -> Self {
        Self { error: error.to_string(), code: error.code(), cure: error.cure() }
    }
}
