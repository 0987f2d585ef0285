//! Every check before an instance exists, in the order that lets nothing costly see what a cheaper
//! check refuses.

mod body;
mod bound;
mod operator;
pub(crate) mod reader;
pub(crate) mod scan;
mod sections;
mod signatures;
mod weights;

use crate::{
    error::AdmissionError,
    limits::Limits,
    module_view::{self, ExportKind, ImportView},
    policy::Granted,
    service::{
        Bound, Found, Imported, Permits, Services,
        wasi::{self, Bindings},
    },
};
use alloc::vec::Vec;
use ampoule_abi::{DecodeError, Meta, MetaError, export, import, schema};
use scan::Scan;

pub(crate) use bound::bound;
pub use bound::{MemoryBound, counted};
pub use weights::{ITEMS, Weight, Weights};

type Result<T> = core::result::Result<T, AdmissionError>;

/// A module that may be given to the engine.
pub(crate) struct Admitted<'a> {
    pub(crate) wasm: &'a [u8],
    pub(crate) scan: Scan<'a>,
    pub(crate) meta: Meta<'a>,
}

/// What a module is admitted as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'a> {
    /// It says itself who it is, and what it can be called for.
    Plugin,
    /// A program that runs from its start to its end. Its name is the host's to give.
    Command { name: &'a str, args: &'a [&'a str] },
}

impl<'a> Kind<'a> {
    pub(crate) const fn args(self) -> &'a [&'a str] {
        match self {
            Self::Plugin => &[],
            Self::Command { args, .. } => args,
        }
    }
}

/// Checks all that can be checked without the engine. Allocates nothing but the names in an error.
///
/// Not inlined: what the scan has on the stack is gone before the engine begins.
#[inline(never)]
pub(crate) fn admit<'a>(
    wasm: &'a [u8],
    limits: &Limits,
    services: &Services,
    permits: &dyn Permits,
    kind: Kind<'a>,
) -> Result<Admitted<'a>> {
    size(wasm, limits)?;
    let scan = scan::scan(wasm, limits)?;
    no_start(&scan)?;
    own_memory(&scan, limits)?;
    own_table(&scan, limits)?;
    let meta = meta(&scan, kind)?;
    for_this_plugin(&meta, permits)?;
    imports(&scan, services, permits)?;
    exports(&scan, kind)?;
    declared_entries(&scan, limits)?;
    bound(&scan, limits, &Weights::HERE).check(limits)?;
    Ok(Admitted { wasm, scan, meta })
}

pub(crate) fn size(wasm: &[u8], limits: &Limits) -> Result<()> {
    let (found, allowed) = (wasm.len(), limits.module_bytes);
    if found as u64 > u64::from(allowed) {
        return Err(AdmissionError::TooLarge { found, allowed });
    }
    Ok(())
}

/// A start function would run inside instantiation, out of reach of everything that bounds a call.
fn no_start(scan: &Scan<'_>) -> Result<()> {
    if scan.start.is_some() { Err(AdmissionError::StartFunction {}) } else { Ok(()) }
}

fn own_memory(scan: &Scan<'_>, limits: &Limits) -> Result<()> {
    let memory = scan.memory.ok_or(AdmissionError::NoMemory {})?;
    let allowed = limits.memory_bytes;
    let found = memory.minimum_bytes();
    if found > u64::from(allowed) {
        return Err(AdmissionError::MemoryTooLarge { found, allowed });
    }
    match memory.maximum_bytes() {
        Some(found) if found > u64::from(allowed) => {
            Err(AdmissionError::MemoryMaximum { found, allowed })
        }
        _ => Ok(()),
    }
}

fn own_table(scan: &Scan<'_>, limits: &Limits) -> Result<()> {
    let allowed = limits.table_elements;
    match scan.table {
        Some((minimum, _)) if minimum > allowed => {
            Err(AdmissionError::TableTooLarge { found: u64::from(minimum), allowed })
        }
        _ => Ok(()),
    }
}

fn meta<'a>(scan: &Scan<'a>, kind: Kind<'a>) -> Result<Meta<'a>> {
    if let Kind::Command { name, .. } = kind {
        let meta = Meta { name, version: "0.0.0", description: "", author: "" };
        return meta.check().map_err(|error| AdmissionError::CommandName { error }).map(|()| meta);
    }
    let section = scan.meta.ok_or(AdmissionError::NoMeta {})?;
    Meta::from_section(section).map_err(|error| match error {
        MetaError::Abi { found } => AdmissionError::AbiVersion { found },
        error => AdmissionError::BadMeta { error },
    })
}

/// What is granted to one plugin isn't for a module that calls itself otherwise.
fn for_this_plugin(meta: &Meta<'_>, permits: &dyn Permits) -> Result<()> {
    match permits.plugin() {
        Some(granted) if granted != meta.name => Err(AdmissionError::OtherPlugin {
            granted: scan::shown(granted),
            module: scan::shown(meta.name),
        }),
        _ => Ok(()),
    }
}

/// Every import is offered, granted, and has the type that it is offered with.
fn imports(scan: &Scan<'_>, services: &Services, permits: &dyn Permits) -> Result<()> {
    module_view::imports(scan).try_for_each(|function| import(scan, function, services, permits))
}

fn import(
    scan: &Scan<'_>,
    function: ImportView<'_>,
    services: &Services,
    permits: &dyn Permits,
) -> Result<()> {
    let ImportView { service, operation, ty } = function;
    let names = || (scan::shown(service), scan::shown(operation));
    let right = match services.find(service, operation) {
        _ if (service, operation) == (import::MODULE, import::PANIC) => {
            module_view::signature_is(scan, ty, &[module_view::I32; 2], &[])
        }
        _ if crate::HAS_WASI
            && service == import::WASI
            && let Some(declared) = wasi::table::find(operation) =>
        {
            module_view::types_are(scan, ty, declared.params, declared.results())
        }
        None => {
            let (service, operation) = names();
            return Err(AdmissionError::ImportUnknown { service, operation });
        }
        Some(_) if permits.permit(service, operation).is_none() => {
            let (service, operation) = names();
            return Err(AdmissionError::NotGranted { service, operation });
        }
        Some(found) => module_view::form_is(scan, ty, found.operation.form),
    };
    if right {
        return Ok(());
    }
    let (service, operation) = names();
    Err(AdmissionError::ImportType { service, operation })
}

/// What an admitted module may do.
pub(crate) struct Grants {
    /// The operations that it imports, each with the place in `granted` of what it may do.
    pub(crate) imported: Vec<Imported>,
    /// The operations that the functions of WASI stand on, if it imports any.
    pub(crate) bindings: Option<Bindings>,
    /// Imports of the same operation share a grant, or each would have the whole rate.
    pub(crate) granted: Vec<Bound>,
}

pub(crate) fn grants(
    admitted: &Admitted<'_>,
    services: &Services,
    permits: &dyn Permits,
) -> Result<Grants> {
    let (mut imported, mut granted) = (Vec::new(), Vec::new());
    for ImportView { service, operation: name, .. } in module_view::imports(&admitted.scan) {
        if [import::MODULE, import::WASI].contains(&service) {
            continue;
        }
        let found = services.find(service, name).zip(permits.permit(service, name));
        // Admission asked both already; whoever grants may have changed its mind.
        let (found, permitted) = found.ok_or_else(|| {
            let (service, operation) = (scan::shown(service), scan::shown(name));
            AdmissionError::NotGranted { service, operation }
        })?;
        imported.push(bind(&mut granted, found, permitted));
    }
    let bindings =
        wasi::is_imported(&admitted.scan).then(|| bindings(&mut granted, services, permits));
    Ok(Grants { imported, bindings, granted })
}

/// Finds the place of an operation among the grants, or makes it.
fn bind(granted: &mut Vec<Bound>, found: Found, permitted: Granted<'_>) -> Imported {
    let known = granted.iter().position(|bound| bound.place == found.place);
    let grant = known.unwrap_or(granted.len());
    if known.is_none() {
        granted.push(Bound::new(found, permitted));
    }
    Imported { grant, operation: *found.operation }
}

/// The operations that WASI can use, as far as they are offered, as it knows them, and granted.
fn bindings(granted: &mut Vec<Bound>, services: &Services, permits: &dyn Permits) -> Bindings {
    let mut bindings = Bindings::default();
    for wanted in &wasi::WANTED {
        let found = services.find(wanted.service, wanted.operation);
        let found = found.filter(|found| found.operation.form == wanted.form);
        let mut permitted = wanted.granted_by.iter().map(|by| permits.permit(wanted.service, by));
        if let (Some(found), Some(permitted)) = (found, permitted.find_map(|it| it)) {
            bindings.set(wanted.need, bind(granted, found, permitted));
        }
    }
    bindings
}

/// The memory and what is called first are exported, and every function that the host may call has its
/// type.
fn exports(scan: &Scan<'_>, kind: Kind<'_>) -> Result<()> {
    match kind {
        Kind::Plugin => plugin_exports(scan),
        Kind::Command { .. } => command_exports(scan),
    }
}

fn command_exports(scan: &Scan<'_>) -> Result<()> {
    let mut exports = module_view::exports(scan);
    if !exports.any(|item| item.kind == ExportKind::Memory && item.name == export::MEMORY) {
        return Err(AdmissionError::MemoryNotExported {});
    }
    let start = module_view::exports(scan).find_map(|item| match item.kind {
        ExportKind::Function(index) if item.name == export::START => Some(index),
        _ => None,
    });
    let ty = module_view::type_of_function(scan, start.ok_or(AdmissionError::NoStart {})?);
    let right = module_view::signature_is(scan, ty.unwrap_or(u32::MAX), &[], &[]);
    if right { Ok(()) } else { Err(AdmissionError::StartType {}) }
}

fn plugin_exports(scan: &Scan<'_>) -> Result<()> {
    let (mut memory, mut mailbox) = (false, false);
    for item in module_view::exports(scan) {
        match item.kind {
            ExportKind::Memory if item.name == export::MEMORY => memory = true,
            ExportKind::Function(index) => {
                mailbox |= item.name == export::MAILBOX;
                function_export(scan, item.name, index)?;
            }
            _ => {}
        }
    }
    match (memory, mailbox) {
        (false, _) => Err(AdmissionError::MemoryNotExported {}),
        (_, false) => Err(AdmissionError::NoMailbox {}),
        _ => Ok(()),
    }
}

fn function_export(scan: &Scan<'_>, name: &str, index: u32) -> Result<()> {
    use module_view::{I32, I64};
    let ty = module_view::type_of_function(scan, index).unwrap_or(u32::MAX);
    let right = match name {
        export::MAILBOX => module_view::signature_is(scan, ty, &[], &[I64]),
        export::INITIALIZE => module_view::signature_is(scan, ty, &[], &[]),
        export::INIT | export::DESTROY | export::SAVE | export::RESTORE => {
            module_view::signature_is(scan, ty, &[I32], &[I64])
        }
        _ => !export::is_entry(name) || module_view::signature_is(scan, ty, &[I32], &[I64]),
    };
    if right { Ok(()) } else { Err(AdmissionError::ExportType { name: scan::shown(name) }) }
}

/// The schema section, where there is one, is well-formed and speaks of this module's entries.
fn declared_entries(scan: &Scan<'_>, limits: &Limits) -> Result<()> {
    let Some(section) = scan.schema else { return Ok(()) };
    let bad = |error: DecodeError| AdmissionError::BadSchema { error };
    let entries = schema::Entries::from_section(section).map_err(bad)?;
    scan::bounded("entries in the schema", entries.len(), limits.shape.capped().exports)?;
    for entry in entries.iter() {
        let exported = module_view::entries(scan).any(|name| name == entry.name);
        if !exported {
            return Err(AdmissionError::SchemaEntry { name: scan::shown(entry.name) });
        }
    }
    Ok(())
}
