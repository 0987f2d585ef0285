//! Where things are, read from the files that say so.

use crate::Result;
use std::{
    env, fs,
    path::{Path, PathBuf, absolute},
};
use toml_edit::{DocumentMut, Item};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.ancestors().nth(2).expect("xtask lies two folders below the root")
}

/// Where `path`, free of links, lies in the workspace.
pub(crate) fn inside(path: &Path) -> Option<&Path> {
    path.strip_prefix(fs::canonicalize(root()).ok()?).ok()
}

/// Where cargo puts what it builds for the workspace at `folder`.
pub(crate) fn target_dir(folder: &Path) -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => Ok(absolute(dir)?),
        None => Ok(folder.join("target")),
    }
}

/// The targets beside the host's own, from `rust-toolchain.toml`.
pub(crate) fn targets() -> Result<Vec<String>> {
    let path = root().join("rust-toolchain.toml");
    targets_in(&read(&path)?).map_err(|why| format!("{}: {why}", path.display()).into())
}

fn targets_in(toolchain_toml: &str) -> Result<Vec<String>> {
    let document: DocumentMut = toolchain_toml.parse()?;
    let targets = document.get("toolchain").and_then(|toolchain| toolchain.get("targets"));
    let targets = targets.and_then(strings).filter(|targets| !targets.is_empty());
    targets.ok_or_else(|| "`toolchain.targets` has to be a list of target names".into())
}

/// Reads a file; the error names it.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// A list of strings, and nothing else.
pub(crate) fn strings(item: &Item) -> Option<Vec<String>> {
    item.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_from_the_toolchain_file() {
        let text = "[toolchain]\nchannel = \"stable\"\ntargets = [\n  \"one\",\n  \"two\",\n]\n";
        assert_eq!(targets_in(text).unwrap(), ["one", "two"]);
    }

    #[test]
    fn a_toolchain_file_without_targets_is_an_error() {
        for text in
            ["", "[toolchain]", "[toolchain]\ntargets = []", "[toolchain]\ntargets = [1]", "["]
        {
            assert!(targets_in(text).is_err(), "{text}");
        }
    }
}
