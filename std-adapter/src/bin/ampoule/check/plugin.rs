//! A plugin under a device's limits.

use super::stand_in;
use crate::{grant::is_own, manifest::Papers, module, problem::Problem};
use ampoule_abi::import;
use ampoule_std::{
    AdmissionError, Diagnosis, Grant, Granted, Import, Inspection, Limits, MemoryBound, Permits,
    Policy, SlotError, Text, escaped, inspect_with,
    profile::{Candidate, Profile},
};
use std::path::{Path, PathBuf};

/// What is to be told of a plugin.
pub(super) struct Plugin {
    /// As its module names it, or its file.
    pub(super) name: String,
    pub(super) module_bytes: u64,
    /// None if its module can't be read.
    pub(super) bound: Option<MemoryBound>,
    /// Whether a manifest lies beside it.
    pub(super) manifest: bool,
    pub(super) refused: Option<Refused>,
}

/// Why the device wouldn't load it.
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) cause: String,
    pub(super) cure: &'static str,
}

impl<E: Diagnosis> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { code: error.code(), cause: error.to_string(), cure: error.cure() }
    }
}

impl Plugin {
    /// Reads a plugin; `others` are loaded before it.
    pub(super) fn read(path: &Path, profile: &Profile, others: &[Self]) -> Result<Self, Problem> {
        let wasm = module(path, &profile.limits)?;
        let papers = beside(path).map(|path| Papers::read(&path, None)).transpose()?;
        let policy = Policy { limits: profile.limits, ..Policy::WORKSTATION };
        let grant = papers.as_ref().map(|papers| Grant::new(&papers.manifest, &policy));
        let limits = grant.as_ref().map_or(profile.limits, Grant::limits);
        let permits: &dyn Permits = grant.as_ref().map_or(&All, |grant| grant);

        let found = inspected(&wasm, &limits, permits, profile);
        let bound = MemoryBound::of(&wasm, &limits, &profile.weights());
        let name = name(path, found.as_ref().ok());
        let refused = judge(&found, &bound, &limits).or_else(|| {
            let taken = others.iter().any(|other| other.name == name);
            taken.then(|| SlotError::NameTaken { name: Text::from_guest(name.as_bytes()) }.into())
        });
        Ok(Self {
            name,
            module_bytes: wasm.len() as u64,
            bound: bound.ok(),
            manifest: grant.is_some(),
            refused,
        })
    }

    /// What it would need; what is refused needs nothing.
    pub(super) fn candidate(&self) -> Option<Candidate> {
        let bound = self.bound.filter(|_| self.refused.is_none())?;
        Some(Candidate { module_bytes: self.module_bytes, bound })
    }
}

/// The manifest of the same name, where there is one. A link that leads nowhere is one, and can't be read.
fn beside(path: &Path) -> Option<PathBuf> {
    Some(path.with_extension("manifest.json")).filter(|path| path.symlink_metadata().is_ok())
}

/// What its module says of itself, and whether the device's admission has anything against it but its heap.
fn inspected(
    wasm: &[u8],
    limits: &Limits,
    permits: &dyn Permits,
    profile: &Profile,
) -> Result<Inspection, AdmissionError> {
    // This machine's weights aren't the device's.
    let limits = Limits { heap_bytes: u32::MAX, ..*limits };
    let mut first = inspect_with(wasm, &limits, permits, &stand_in::none())?;
    if let Some(import) =
        first.imports.iter().find(|it| !profile.wasi && it.service == import::WASI)
    {
        let [service, operation] =
            [&import.service, &import.operation].map(|name| Text::from_guest(name.as_bytes()));
        first.verdict = Err(AdmissionError::ImportUnknown { service, operation });
        return Ok(first);
    }
    let offered = |import: &&Import| profile.offers(&import.service, &import.operation);
    let offered: Vec<&Import> =
        first.imports.iter().filter(|it| !is_own(it)).filter(offered).collect();
    inspect_with(wasm, &limits, permits, &stand_in::services(&offered))
}

fn judge(
    found: &Result<Inspection, AdmissionError>,
    bound: &Result<MemoryBound, AdmissionError>,
    limits: &Limits,
) -> Option<Refused> {
    let verdict = found.as_ref().map_or_else(|error| Err(error.clone()), |it| it.verdict.clone());
    let heap = || bound.clone().and_then(|bound| bound.check(limits));
    verdict.and_then(|()| heap()).err().map(Refused::from)
}

/// The name in its meta, or else its file's.
fn name(path: &Path, found: Option<&Inspection>) -> String {
    let meta = found.and_then(|found| found.meta.as_ref()?.as_ref().ok());
    let file = || path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    escaped(&meta.map_or_else(file, |meta| meta.name.clone())).to_string()
}

/// Grants everything.
struct All;

impl Permits for All {
    fn permit(&self, _: &str, _: &str) -> Option<Granted<'_>> {
        Some(Granted { scope: None, per_second: None })
    }
}
