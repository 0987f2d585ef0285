//! Manifests, policies and grants, from outside: what is read, what is refused and where, what the
//! schema says, and what a policy leaves.

mod addresses;
mod docs;
mod errors;
mod generate;
mod grants;
mod net_hosts;
mod parsing;
mod paths;
mod policies;
mod properties;
mod report;
mod schema;
mod table;

use ampoule::Manifest;

/// The reference system's example, as it is.
const REFERENCE: &str = include_str!("reference.json");

/// A manifest that uses every key.
const FULL: &str = include_str!("full.json");

/// A manifest with `capabilities`.
fn asking(capabilities: &str) -> Manifest {
    let json =
        format!(r#"{{"meta":{{"name":"a","version":"1.0.0"}},"capabilities":{capabilities}}}"#);
    Manifest::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}
