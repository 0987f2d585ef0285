//! `cargo xtask nostd`: proves that the device's crates need no `std`.

use crate::{Result, cross::Cross, process, workspace};
use std::time::Instant;

/// What runs on a device: package and features.
const BUILDS: [(&str, &str); 7] = [
    ("ampoule-abi", ""),
    ("ampoule-abi", "alloc"),
    ("ampoule-link", ""),
    ("ampoule", ""),
    ("ampoule-cell", ""),
    ("ampoule-device", ""),
    ("same-api", ""),
];

/// Builds every crate of a device for every target of a device, one at a time: together, cargo would
/// give each the features of all.
pub(crate) fn run() -> Result<()> {
    let mut failed = 0;
    let targets = workspace::targets()?;
    for target in targets.iter().filter(|target| is_device(target)) {
        let cross = Cross::find(target)?;
        println!("{target}, with {}", cross.name());
        for (package, features) in BUILDS {
            failed += usize::from(!report(&cross, target, package, features)?);
        }
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} builds failed").into()) }
}

/// Plugins are built by `cargo xtask guests`.
fn is_device(target: &str) -> bool {
    !target.starts_with("wasm")
}

fn report(cross: &Cross, target: &str, package: &str, features: &str) -> Result<bool> {
    let start = Instant::now();
    let mut command = cross.cargo_build(workspace::root(), target)?;
    command.args(["--quiet", "--release", "--lib", "-p", package]);
    if !features.is_empty() {
        command.args(["--features", features]);
    }
    let outcome = process::run(&mut command);
    let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
    let seconds = start.elapsed().as_secs_f64();
    println!("  {verdict:6} {package:14} {features:6} {seconds:6.1} s");
    if let Err(error) = &outcome {
        println!("  {error}");
    }
    Ok(outcome.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toolchain_file_names_devices_and_one_plugin_target() {
        let targets = workspace::targets().unwrap();
        let plugins: Vec<_> = targets.iter().filter(|target| !is_device(target)).collect();
        assert_eq!(plugins, [crate::guest::TARGET]);
        assert!(targets.len() > 1);
    }
}
