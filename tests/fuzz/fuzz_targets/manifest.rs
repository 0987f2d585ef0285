//! Any bytes as a manifest and as a policy: read or refused by name, and what is read can be granted.
#![no_main]

use ampoule::{Grant, Manifest, Permits, Policy, PolicyFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    let policy =
        PolicyFile::parse(json).inspect_err(|error| assert!(!error.to_string().is_empty()));
    let manifest =
        Manifest::parse(json).inspect_err(|error| assert!(!error.to_string().is_empty()));
    let Ok(manifest) = manifest else { return };
    let given = policy.as_ref().map(PolicyFile::policy);
    for policy in [Policy::DENY, Policy::WORKSTATION].into_iter().chain(given) {
        let grant = Grant::new(&manifest, &policy);
        let (limits, most) = (grant.limits(), policy.limits);
        assert!(limits.memory_bytes <= most.memory_bytes && limits.call_fuel <= most.call_fuel);
        let permitted = grant.permit("kv", "get").is_some();
        assert!(!permitted || policy.services.iter().next().is_some());
    }
});
