//! What a device would refuse, told before anything is sent.

use super::{Result, error::LineError, record::About};
use crate::workstation_services;
use ampoule::{
    AdmissionError, Grant, Import, Inspection, Limits, Manifest, MemoryBound, NothingGranted,
    Policy, Services, Text, Weights, inspect_with,
};
use ampoule_abi::import;
use ampoule_link::{LinkError, Maxima};

/// Judges a module as a device with these maxima would, and answers what is in it.
///
/// What only the device knows (its policy, the types of services that are its own, how much of its
/// RAM is free) is left to it: what passes here may still be refused there, and what is refused here would be
/// refused there.
///
/// # Errors
/// [`LinkError::InstallTooLarge`], [`LineError::Service`] if the device doesn't offer what the module imports,
/// and [`AdmissionError`].
pub fn admit(
    about: &About,
    manifest: Option<(&Manifest, usize)>,
    wasm: &[u8],
) -> Result<Inspection> {
    fits(about, manifest.map_or(0, |(_, bytes)| bytes), wasm)?;
    let policy = Policy { limits: limits(&about.most), ..Policy::WORKSTATION };
    let grant = manifest.map(|(manifest, _)| Grant::new(manifest, &policy));
    let found = match &grant {
        Some(grant) => {
            let services = workstation_services(grant, |_| {}, |_| Ok(()));
            inspect_with(wasm, &grant.limits(), grant, &services)?
        }
        None => inspect_with(wasm, &policy.limits, &NothingGranted, &Services::none())?,
    };
    match &found.verdict {
        // Types and operations are the device's own.
        Ok(()) | Err(AdmissionError::ImportUnknown { .. } | AdmissionError::ImportType { .. }) => {}
        Err(error) => return Err(error.clone().into()),
    }
    found.imports.iter().try_for_each(|import| offered(about, import, grant.is_some()))?;
    let limits = grant.map_or(policy.limits, |grant| grant.limits());
    heap(wasm, &Limits { heap_bytes: limits.heap_bytes.min(about.most.heap_bytes), ..limits })?;
    Ok(found)
}

fn fits(about: &About, manifest_bytes: usize, wasm: &[u8]) -> Result<()> {
    let total = manifest_bytes.saturating_add(wasm.len());
    let (found, allowed) = (u32::try_from(total).unwrap_or(u32::MAX), about.most.install_bytes);
    if found > allowed { Err(LinkError::InstallTooLarge { found, allowed }.into()) } else { Ok(()) }
}

/// What the device doesn't tell is as large as on a workstation, so that nothing is refused here which
/// it would take; its stacks, which count for the heap, may be small.
fn limits(most: &Maxima) -> Limits {
    Limits {
        module_bytes: most.module_bytes,
        memory_bytes: most.memory_bytes,
        // A workstation's own bound is for longer pointers: [`heap`] has the device's.
        heap_bytes: u32::MAX,
        message_bytes: most.message_bytes,
        value_stack_bytes: 0,
        recursion_depth: 0,
        ..Limits::WORKSTATION
    }
}

fn offered(about: &About, it: &Import, is_granted: bool) -> Result<()> {
    if [import::MODULE, import::WASI].contains(&it.service.as_str()) {
        return Ok(());
    }
    if !about.services.contains(&it.service) {
        let (service, operation) = (it.service.clone(), it.operation.clone());
        return Err(LineError::Service { service, operation }.into());
    }
    if !is_granted {
        let [service, operation] =
            [&it.service, &it.operation].map(|name| Text::from_guest(name.as_bytes()));
        return Err(AdmissionError::NotGranted { service, operation }.into());
    }
    Ok(())
}

/// A device's pointers are taken to be short: with longer ones it takes more, and says so itself.
fn heap(wasm: &[u8], limits: &Limits) -> Result<()> {
    Ok(MemoryBound::of(wasm, limits, &Weights::BITS_32)?.check(limits)?)
}
