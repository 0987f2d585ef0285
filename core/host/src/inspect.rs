//! Everything about a module that can be told without running it.

use crate::{
    admission::{
        MemoryBound, Weights, bound, reader::Reader, scan::Scan, scan::scan_leniently, size,
    },
    engine::Module,
    error::AdmissionError,
    limits::{Limits, Shape},
    module_view::{self, ExportKind},
    service::{NothingGranted, Permits, Services},
};
use alloc::{borrow::ToOwned, string::String, string::ToString, vec::Vec};
use ampoule_abi::{Meta, MetaError, owned, schema};
use core::fmt;

/// What [`inspect`] found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// The module's size in bytes.
    pub module_bytes: usize,
    /// Who the plugin is, or why its meta can't be read; `None` without such a section.
    pub meta: Option<Result<owned::Meta, MetaError>>,
    /// Entries, with their message types where the module declares them.
    pub entries: Vec<EntryInfo>,
    /// All exports.
    pub exports: Vec<Export>,
    /// All imports: the services that the plugin asks for.
    pub imports: Vec<Import>,
    /// Its memory.
    pub memory: Option<MemoryInfo>,
    /// Its table.
    pub table: Option<TableInfo>,
    /// The index of its start function, which a host refuses.
    pub start: Option<u32>,
    /// Functions with a body.
    pub functions: u32,
    /// An upper bound of the memory that it can hold under the given limits, on a machine like this one.
    pub heap: MemoryBound,
    /// What its author should know.
    pub warnings: Vec<Warning>,
    /// Whether a host with the given limits would admit it.
    pub verdict: Result<(), AdmissionError>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryInfo {
    /// The export's name.
    pub name: String,
    /// The message types that it declares, as text: request and reply.
    pub types: Option<(String, String)>,
}

/// An exported thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ExternKind,
}

/// An imported function: an operation of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The service: the wasm module name.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// Its type.
    pub kind: ExternKind,
}

/// What an export or import is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExternKind {
    /// A function with its parameters and results.
    Function {
        /// Types of its parameters.
        params: Vec<ValueType>,
        /// Types of its results.
        results: Vec<ValueType>,
    },
    /// The memory.
    Memory,
    /// The table.
    Table,
    /// A global.
    Global,
}

impl fmt::Display for ExternKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function { params, results } => {
                list(f, "(", params)?;
                list(f, " -> (", results)
            }
            Self::Memory => f.write_str("memory"),
            Self::Table => f.write_str("table"),
            Self::Global => f.write_str("global"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, open: &str, types: &[ValueType]) -> fmt::Result {
    f.write_str(open)?;
    for (at, ty) in types.iter().enumerate() {
        write!(f, "{}{ty}", if at == 0 { "" } else { ", " })?;
    }
    f.write_str(")")
}

/// A value type of WebAssembly 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ValueType {
    I32,
    I64,
    F32,
    F64,
}

impl ValueType {
    /// Its byte in the binary format.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::I32 => 0x7f,
            Self::I64 => 0x7e,
            Self::F32 => 0x7d,
            Self::F64 => 0x7c,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// A linear memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryInfo {
    /// Bytes of a page: 1 or 65,536.
    pub page_bytes: u32,
    /// Bytes that it starts with.
    pub minimum_bytes: u64,
    /// Bytes that it may grow to; `None` for as much as the limit allows.
    pub maximum_bytes: Option<u64>,
}

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// Elements that it starts with.
    pub minimum: u32,
    /// Elements that it declares as its most; it never grows, since no operator that is accepted does that.
    pub maximum: Option<u32>,
}

/// What a plugin's author should know: it works, but costs more than it has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Copies run instruction by instruction.
    NoBulkMemory,
    /// The linked stack is larger than most plugins need.
    LargeStack {
        /// Its size in bytes.
        bytes: u32,
    },
    /// Memory is rounded up to 64 KiB pages.
    WholePages {
        /// What it starts with, in bytes.
        bytes: u64,
    },
    /// Debug sections and names travel with the module.
    NotStripped {
        /// Their size in bytes.
        bytes: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBulkMemory => f.write_str(
                "built without bulk memory: copies are 10 to 33 times slower; add -Ctarget-feature=+bulk-memory",
            ),
            Self::LargeStack { bytes } => write!(
                f,
                "its stack of {bytes} bytes is zeroed for each instance; link with -zstack-size=16384 or less",
            ),
            Self::WholePages { bytes } => write!(
                f,
                "its memory of {bytes} bytes is rounded up to 64 KiB pages; link with --page-size=1",
            ),
            Self::NotStripped { bytes } => {
                write!(f, "{bytes} bytes of it are debug sections and names; strip them")
            }
        }
    }
}

/// Reads everything about a module without running it, and judges it under `limits`.
///
/// ```
/// # let wasm = include_bytes!("../../../guests/prebuilt/json-transformer.wasm");
/// let found = ampoule::inspect(wasm, &ampoule::Limits::WORKSTATION)?;
/// assert_eq!(found.entries[0].name, "execute");
/// assert!(found.verdict.is_ok());
/// # Ok::<(), ampoule::AdmissionError>(())
/// ```
///
/// # Errors
/// [`AdmissionError`] if the bytes are too many or don't start as a module does. All else that a host
/// would refuse is in [`Inspection::verdict`], beside what stands before it.
pub fn inspect(wasm: &[u8], limits: &Limits) -> Result<Inspection, AdmissionError> {
    inspect_with(wasm, limits, &NothingGranted, &Services::none())
}

/// [`inspect`] for a host that offers `services` and grants what `permits` does.
///
/// # Errors
/// As for [`inspect`].
pub fn inspect_with(
    wasm: &[u8],
    limits: &Limits,
    permits: &dyn Permits,
    services: &Services,
) -> Result<Inspection, AdmissionError> {
    size(wasm, limits)?;
    // Inspection shows what admission refuses, so it reads with the loosest limits, and shows what
    // stands before the first thing that it can't read.
    let found = scan_leniently(wasm, &Limits { shape: Shape::CEILING, ..*limits })?;
    Ok(Inspection {
        module_bytes: wasm.len(),
        meta: found.meta.map(|section| Meta::from_section(section).map(owned::Meta::from)),
        entries: entries(&found),
        exports: exports(&found),
        imports: imports(&found),
        memory: memory(&found),
        table: found.table.map(|(minimum, maximum)| TableInfo { minimum, maximum }),
        start: found.start,
        functions: found.counts.functions,
        heap: bound(&found, limits, &Weights::HERE),
        warnings: warnings(&found),
        verdict: Module::new(wasm, limits, services, permits).map(|_| ()),
    })
}

/// The schema is walked once: an entry that it repeats is told once.
fn entries(found: &Scan<'_>) -> Vec<EntryInfo> {
    let untyped = |name: &str| EntryInfo { name: name.to_owned(), types: None };
    let mut entries: Vec<_> = module_view::entries(found).map(untyped).collect();
    let schema = found.schema.and_then(|section| schema::Entries::from_section(section).ok());
    for declared in schema.unwrap_or_default().iter() {
        let entry = entries.iter_mut().find(|entry| entry.name == declared.name);
        if let Some(entry @ EntryInfo { types: None, .. }) = entry {
            entry.types = Some((declared.request.to_string(), declared.reply.to_string()));
        }
    }
    entries
}

fn exports(found: &Scan<'_>) -> Vec<Export> {
    let kind = |kind| match kind {
        ExportKind::Function(index) => {
            function(found, module_view::type_of_function(found, index).unwrap_or(u32::MAX))
        }
        ExportKind::Memory => ExternKind::Memory,
        ExportKind::Table => ExternKind::Table,
        ExportKind::Global => ExternKind::Global,
    };
    module_view::exports(found)
        .map(|item| Export { name: item.name.to_owned(), kind: kind(item.kind) })
        .collect()
}

fn imports(found: &Scan<'_>) -> Vec<Import> {
    module_view::imports(found)
        .map(|item| Import {
            service: item.service.to_owned(),
            operation: item.operation.to_owned(),
            kind: function(found, item.ty),
        })
        .collect()
}

fn function(found: &Scan<'_>, ty: u32) -> ExternKind {
    let (params, results) = module_view::signature(found, ty).unwrap_or_default();
    ExternKind::Function { params: value_types(params), results: value_types(results) }
}

fn value_types(bytes: &[u8]) -> Vec<ValueType> {
    let value_type = |byte: &u8| match byte {
        0x7f => ValueType::I32,
        0x7e => ValueType::I64,
        0x7d => ValueType::F32,
        _ => ValueType::F64,
    };
    bytes.iter().map(value_type).collect()
}

fn memory(found: &Scan<'_>) -> Option<MemoryInfo> {
    found.memory.map(|memory| MemoryInfo {
        page_bytes: memory.page_bytes,
        minimum_bytes: memory.minimum_bytes(),
        maximum_bytes: memory.maximum_bytes(),
    })
}

/// Below this, a debug section or a name section isn't worth a word.
const WORTH_STRIPPING: usize = 1024;
/// A linker's default is 1 MiB (Rust, clang: 64 KiB); few plugins need more than this.
const LARGE_STACK: u32 = 32 * 1024;

fn warnings(found: &Scan<'_>) -> Vec<Warning> {
    let stack = stack_bytes(found).filter(|bytes| *bytes > LARGE_STACK);
    let pages = found.memory.filter(|memory| memory.page_bytes > 1 && memory.minimum > 0);
    let debug = Some(found.debug_bytes).filter(|bytes| *bytes > WORTH_STRIPPING);
    let slow = found.counts.functions > 0 && !found.uses_bulk_memory();
    let all = [
        slow.then_some(Warning::NoBulkMemory),
        stack.map(|bytes| Warning::LargeStack { bytes }),
        pages.map(|memory| Warning::WholePages { bytes: memory.minimum_bytes() }),
        debug.map(|bytes| Warning::NotStripped { bytes }),
    ];
    all.into_iter().flatten().collect()
}

/// The size of the shadow stack, as linkers of the LLVM family lay it out: it lies first in memory,
/// and the first global, mutable and an i32, starts at its top.
fn stack_bytes(found: &Scan<'_>) -> Option<u32> {
    let mut section: Reader<'_> = found.globals?;
    let count = section.u32().ok()?;
    let (ty, mutable) = (section.byte().ok()?, section.byte().ok()?);
    let constant = section.byte().ok()?;
    let top = section.signed(32).ok()?;
    let is_stack = count > 0 && (ty, mutable, constant) == (module_view::I32, 1, 0x41);
    u32::try_from(top).ok().filter(|_| is_stack)
}
