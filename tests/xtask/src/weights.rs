//! `cargo xtask weights` and `cargo xtask bound`: measure what plugins take, and hold the bound to it.

use crate::{Result, cross::Cross, firmware, locks, process, workspace};
use std::{fs, path::PathBuf, process::Command};

const PROBE: &str = "tests/bound/probe";
const GUESTS: &str = "guests/prebuilt";
const TABLE: &str = "core/host/src/admission/weights.rs";
/// ARM's MPS2 with the image AN386: a Cortex-M4 with megabytes.
const BOARD: [&str; 2] = ["-M", "mps2-an386"];
const BOARD_TARGET: &str = "thumbv7em-none-eabihf";

/// Fits the weights anew and writes them, or with `check` only tells whether they are enough.
pub(crate) fn run(check: bool) -> Result<()> {
    let probe = probe()?;
    let mut command = measuring();
    let probe = [if check { "check".as_ref() } else { "fit".as_ref() }, probe.as_path()];
    command.args(probe).arg(GUESTS);
    if !check {
        command.arg(TABLE);
    }
    process::run(&mut command)
}

/// Has a Cortex-M4 measure a sample, and compares.
pub(crate) fn on_board() -> Result<()> {
    let probe = probe()?;
    let image = built(BOARD_TARGET, &["--bin", "board", "--features", "board"])?.join("board");
    let folder = workspace::target_dir(workspace::root())?.join("bound");
    fs::create_dir_all(&folder)?;
    process::run(measuring().arg("sample").arg(probe).arg(GUESTS).arg(&folder))?;
    print!("{}", firmware::boot_in(&folder, &BOARD, &image)?);
    process::run(measuring().arg("judge").arg(folder))
}

/// The probe as a module.
fn probe() -> Result<PathBuf> {
    Ok(built(crate::guest::TARGET, &["--lib"])?.join("bound_probe.wasm"))
}

/// Where what was built for `target` lies.
fn built(target: &str, what: &[&str]) -> Result<PathBuf> {
    locks::compare()?;
    let (folder, cross) = (workspace::root().join(PROBE), Cross::find(target)?);
    let mut command = cross.cargo_build(&folder, target)?;
    process::run(command.args(["--quiet", "--release", "--locked"]).args(what))?;
    Ok(cross.target_dir(&folder)?.join(target).join("release"))
}

/// The program that measures, with what it is asked still to come. It is built for speed, but not as slowly
/// as what is shipped.
fn measuring() -> Command {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root());
    cargo.args(["run", "--quiet", "--release", "--locked", "-p", "ampoule-bound", "--"]);
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_there() {
        for path in [PROBE, GUESTS, TABLE] {
            assert!(workspace::root().join(path).exists(), "{path}");
        }
        assert!(workspace::targets().unwrap().iter().any(|target| target == BOARD_TARGET));
    }
}
