//! Which compiler builds for a target that isn't this machine.

use crate::{Result, process, workspace};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Debian's own compiler stands here even where rustup's comes first on PATH.
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// The source of the core library in Debian's package.
pub(crate) const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library";

/// A way to build for one target.
#[derive(Debug)]
pub(crate) enum Cross {
    /// The toolchain in use has the target's core library.
    Rustup,
    /// Debian's compiler builds the core library from source on the way; Debian has no linker for
    /// bare targets, the toolchain in use has.
    Debian {
        /// The folder of `rust-lld`.
        linker: PathBuf,
    },
}

impl Cross {
    /// Finds out how this machine can build for `target`.
    pub(crate) fn find(target: &str) -> Result<Self> {
        let sysroot = sysroot()?;
        if has_core(&sysroot, target) {
            return Ok(Self::Rustup);
        }
        let linker = sysroot.join("lib/rustlib").join(host()?).join("bin");
        if debian_knows(target) && linker.join("rust-lld").is_file() {
            return Ok(Self::Debian { linker });
        }
        Err(format!("nothing here builds for {target}: run `cargo xtask setup`").into())
    }

    /// Starts a `cargo build` for `target` of the workspace at `folder`.
    pub(crate) fn cargo_build(&self, folder: &Path, target: &str) -> Result<Command> {
        let mut command = match self {
            Self::Rustup => {
                let mut cargo = process::cargo();
                cargo.arg("build");
                cargo
            }
            Self::Debian { linker } => debian_build(linker)?,
        };
        command.current_dir(folder).args(["--target", target]);
        command.arg("--target-dir").arg(self.target_dir(folder)?);
        Ok(command)
    }

    /// Where the builds go: the two compilers would throw away each other's work in one folder.
    pub(crate) fn target_dir(&self, folder: &Path) -> Result<PathBuf> {
        let dir = workspace::target_dir(folder)?;
        Ok(match self {
            Self::Rustup => dir,
            Self::Debian { .. } => dir.join("cross"),
        })
    }

    /// What to call it before a person.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Rustup => "the toolchain in use",
            Self::Debian { .. } => "Debian's compiler",
        }
    }
}

fn debian_build(linker: &Path) -> Result<Command> {
    let mut cargo = Command::new(DEBIAN_CARGO);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_another_toolchains) {
            cargo.env_remove(name);
        }
    }
    // `-Z` is for nightly compilers, unless this variable says otherwise.
    cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
    cargo.env("PATH", path_behind(linker)?);
    cargo.args(["build", "-Zbuild-std=core,alloc"]);
    Ok(cargo)
}

/// Tells whether a variable was set by the cargo or the rustup that runs us, for a compiler that
/// isn't Debian's.
fn is_another_toolchains(variable: &str) -> bool {
    const NAMES: [&str; 5] =
        ["CARGO", "LD_LIBRARY_PATH", "RUSTC", "RUSTDOC", "RUST_RECURSION_COUNT"];
    const PREFIXES: [&str; 4] = ["CARGO_BIN_", "CARGO_MANIFEST_", "CARGO_PKG_", "RUSTUP_"];
    NAMES.contains(&variable) || PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
}

fn path_behind(first: &Path) -> Result<std::ffi::OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(core::iter::once(first.to_owned()).chain(env::split_paths(&path)))?)
}

fn has_core(sysroot: &Path, target: &str) -> bool {
    let Ok(entries) = fs::read_dir(sysroot.join("lib/rustlib").join(target).join("lib")) else {
        return false;
    };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

fn debian_knows(target: &str) -> bool {
    let known = process::output(Command::new(DEBIAN_RUSTC).args(["--print", "target-list"]));
    Path::new(DEBIAN_CARGO).is_file()
        && Path::new(DEBIAN_LIBRARY).is_dir()
        && known.is_ok_and(|known| known.lines().any(|line| line == target))
}

pub(crate) fn sysroot() -> Result<PathBuf> {
    Ok(process::output(Command::new("rustc").args(["--print", "sysroot"]))?.into())
}

pub(crate) fn host() -> Result<String> {
    let version = process::output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_compiler_sees_no_trace_of_another() {
        for (variable, leaks) in [
            ("CARGO", true),
            ("RUSTC", true),
            ("RUSTUP_TOOLCHAIN", true),
            ("RUSTUP_HOME", true),
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("LD_LIBRARY_PATH", true),
            ("CARGO_HOME", false),
            ("CARGO_TARGET_DIR", false),
            ("CARGO_TERM_COLOR", false),
            ("RUSTFLAGS", false),
            ("PATH", false),
        ] {
            assert_eq!(is_another_toolchains(variable), leaks, "{variable}");
        }
    }

    #[test]
    fn the_linkers_folder_comes_first() {
        let path = path_behind(Path::new("/linker")).unwrap();
        assert_eq!(env::split_paths(&path).next(), Some("/linker".into()));
    }

    #[test]
    fn a_target_that_no_compiler_knows_names_the_cure() {
        let error = Cross::find("pdp11-none").unwrap_err();
        assert!(error.to_string().contains("`cargo xtask setup`"), "{error}");
    }
}
