//! `cargo xtask asan`: the host's tests under LLVM's `AddressSanitizer` and its leak detector. The host has
//! no unsafe code; the engine and some other crates below it have.

use crate::{Result, cross, process, workspace};
use std::{env, fs, path::Path, process::Command};

/// Test programs that load, call, reload and unload, the last one on an allocator of our own.
const PROGRAMS: [&str; 4] = ["life", "suite", "pool", "counting"];

/// How often tests by chance try: a third to a fifth of what they do without the sanitizer. All others do what
/// they always do, and none is left out.
const COUNTS: [(&str, &str); 3] =
    [("AMPOULE_MODEL", "1000"), ("AMPOULE_INVARIANCE", "1500"), ("AMPOULE_SOAK", "2000")];

/// Where the tests spend their time: unoptimized and sanitized, the largest of the hostile modules take minutes
/// to be written as text, read and translated. The rest is built as usual, which is faster to build.
const OPTIMIZED: [&str; 14] = [
    "allocation-counter",
    "ampoule",
    "ampoule-abi",
    "ampoule-tests",
    "hashbrown",
    "proptest",
    "wasm-encoder",
    "wasm-smith",
    "wasmi",
    "wasmi_collections",
    "wasmi_core",
    "wasmi_ir",
    "wasmparser",
    "wast",
];

/// Builds the tests and what they use with the sanitizer, and runs them. It takes some minutes, most of them
/// to build.
pub(crate) fn run() -> Result<()> {
    let host = cross::host()?;
    if !has_runtime(&cross::sysroot()?, &host) {
        return Err(missing(&host).into());
    }
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).args(["test", "-p", "ampoule-tests"]);
    cargo.args(PROGRAMS.iter().flat_map(|program| ["--test", program]));
    // With a target named, build scripts and macros do without.
    cargo.args(["--target", &host]);
    cargo.arg("--target-dir").arg(workspace::target_dir(workspace::root())?.join("asan"));
    cargo.args(
        OPTIMIZED.map(|package| format!("--config=profile.dev.package.{package}.opt-level=1")),
    );
    process::run(sanitized(&mut cargo))
}

/// `-Z` is for nightly compilers, unless the first variable says otherwise.
fn sanitized(cargo: &mut Command) -> &mut Command {
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only").env("CARGO_INCREMENTAL", "0");
    // One test asks for more than there can be, and is to be refused.
    let options = "detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1";
    cargo.env("ASAN_OPTIONS", options);
    cargo.envs(COUNTS.into_iter().filter(|(name, _)| env::var_os(name).is_none()))
}

/// rustup's core library for Linux and macOS comes with it, `librustc-stable_rt.asan.a` or so.
fn has_runtime(sysroot: &Path, host: &str) -> bool {
    let entries = fs::read_dir(sysroot.join("lib/rustlib").join(host).join("lib"));
    let mut names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.any(|name| name.to_string_lossy().contains("_rt.asan"))
}

fn missing(host: &str) -> String {
    format!(
        "the toolchain in use has no AddressSanitizer for {host}\n\
         install one that has it, which rustup's has for x86-64 and 64-bit ARM on Linux and macOS:\n    \
         rustup toolchain install stable --profile minimal && rustup run stable cargo xtask asan"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_without_it_names_the_cure() {
        assert!(!has_runtime(Path::new("/nowhere"), "pdp11-none"));
        assert!(missing("pdp11-none").contains("rustup toolchain install"));
    }
}
