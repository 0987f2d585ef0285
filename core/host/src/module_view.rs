//! Walks over the imports, exports and types of a scanned module, without heap.
//!
//! The scan has checked every byte that is read here, so the walks end early rather than fail.

use crate::{
    admission::{reader::Reader, scan::Scan},
    inspect::ValueType,
    service::Form,
};
use ampoule_abi::export;

pub(crate) const I32: u8 = 0x7f;
pub(crate) const I64: u8 = 0x7e;

/// An imported function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImportView<'a> {
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) ty: u32,
}

/// An export.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportView<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: ExportKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportKind {
    /// A function with its index, imports first.
    Function(u32),
    Table,
    Memory,
    Global,
}

pub(crate) fn imports<'a>(scan: &Scan<'a>) -> impl Iterator<Item = ImportView<'a>> + use<'a> {
    items(scan.imports, |section| {
        let service = section.name().ok()?;
        let operation = section.name().ok()?;
        // The scan lets functions through only; inspection may look at what it didn't.
        (section.byte().ok()? == 0).then_some(())?;
        Some(ImportView { service, operation, ty: section.u32().ok()? })
    })
}

pub(crate) fn exports<'a>(scan: &Scan<'a>) -> impl Iterator<Item = ExportView<'a>> + use<'a> {
    items(scan.exports, |section| {
        let name = section.name().ok()?;
        let kind = section.byte().ok()?;
        let index = section.u32().ok()?;
        let kind = match kind {
            0 => ExportKind::Function(index),
            1 => ExportKind::Table,
            2 => ExportKind::Memory,
            _ => ExportKind::Global,
        };
        Some(ExportView { name, kind })
    })
}

/// The names of the functions that a host may call.
pub(crate) fn entries<'a>(scan: &Scan<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    exports(scan)
        .filter(|item| matches!(item.kind, ExportKind::Function(_)))
        .map(|item| item.name)
        .filter(|name| export::is_entry(name))
}

/// The type index of a function, imports first.
pub(crate) fn type_of_function(scan: &Scan<'_>, index: u32) -> Option<u32> {
    match index.checked_sub(scan.signatures.import_count()) {
        None => imports(scan).nth(index as usize).map(|function| function.ty),
        Some(defined) => scan.signatures.type_of_defined(defined),
    }
}

/// The value types of a type's parameters and results.
pub(crate) fn signature<'a>(scan: &Scan<'a>, ty: u32) -> Option<(&'a [u8], &'a [u8])> {
    items(scan.types, |section| {
        section.byte().ok()?;
        let params = section.u32().ok()?;
        let params = section.take(params as usize).ok()?;
        let results = section.u32().ok()?;
        Some((params, section.take(results as usize).ok()?))
    })
    .nth(ty as usize)
}

pub(crate) fn signature_is(scan: &Scan<'_>, ty: u32, params: &[u8], results: &[u8]) -> bool {
    signature(scan, ty) == Some((params, results))
}

/// Whether a type is that of an operation's form.
pub(crate) fn form_is(scan: &Scan<'_>, ty: u32, form: Form) -> bool {
    match form {
        Form::Message => signature_is(scan, ty, &[I32; 4], &[I32]),
        Form::Scalar { params, result } => types_are(scan, ty, params, result.as_slice()),
    }
}

/// Whether a type has these parameters and results.
pub(crate) fn types_are(
    scan: &Scan<'_>,
    ty: u32,
    params: &[ValueType],
    results: &[ValueType],
) -> bool {
    let Some((found_params, found_results)) = signature(scan, ty) else { return false };
    let same = |found: &[u8], declared: &[ValueType]| {
        found.iter().copied().eq(declared.iter().map(|ty| ty.code()))
    };
    same(found_params, params) && same(found_results, results)
}

/// Walks a section that starts with the number of its items.
fn items<'a, T>(
    section: Option<Reader<'a>>,
    mut read: impl FnMut(&mut Reader<'a>) -> Option<T>,
) -> impl Iterator<Item = T> {
    let mut section = section.unwrap_or(Reader::new(&[], ""));
    let mut left = section.u32().unwrap_or(0);
    core::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        read(&mut section)
    })
}
