//! The cures of what a device refuses: it sends none.

use ampoule::{
    AdmissionError, BindError, CatalogRow, Fault, ManifestError, OfferError, Refusal, SlotError,
    manifest::{NetHostError, PathError},
};
use ampoule_link::LinkError;

/// What a host on a device may say.
const HOSTS: [&[CatalogRow]; 9] = [
    AdmissionError::CATALOG,
    BindError::CATALOG,
    Refusal::CATALOG,
    Fault::CATALOG,
    SlotError::CATALOG,
    ManifestError::CATALOG,
    OfferError::CATALOG,
    PathError::CATALOG,
    NetHostError::CATALOG,
];

/// A code that is known, and its cure.
pub(super) fn of(code: &str) -> Option<(&'static str, &'static str)> {
    let links = LinkError::CATALOG.iter().map(|row| (row.code, row.cure));
    let hosts = HOSTS.into_iter().flatten().map(|row| (row.code, row.cure));
    links.chain(hosts).find(|(known, _)| *known == code)
}
