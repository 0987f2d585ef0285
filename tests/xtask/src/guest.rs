//! The plugins of the workspace, and how each is built.

use crate::{
    Result,
    cross::{self, Cross},
    process, workspace,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
};
use toml_edit::{DocumentMut, Item};

/// What plugins are built for: no proposal that an engine might not know.
pub(crate) const TARGET: &str = "wasm32v1-none";
const PROFILE: &str = "guest";

/// A crate that builds to a plugin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) name: String,
    folder: PathBuf,
}

impl Guest {
    /// Reads the manifest in `folder`; `None` if the crate there isn't a plugin.
    pub(crate) fn at(folder: &Path) -> Result<Option<Self>> {
        let manifest = folder.join("Cargo.toml");
        let name = crate_name(&workspace::read(&manifest)?);
        let name = name.map_err(|why| format!("{}: {why}", manifest.display()))?;
        Ok(name.map(|name| Self { name, folder: folder.to_owned() }))
    }

    /// The workspace that decides on profiles and on where builds go.
    pub(crate) fn root(&self) -> &Path {
        if workspace::inside(&self.folder).is_some() { workspace::root() } else { &self.folder }
    }

    /// Builds the module, of this package alone: together, cargo would give each the features of
    /// all.
    pub(crate) fn build(&self) -> Result<Vec<u8>> {
        let (cross, root) = (Cross::find(TARGET)?, self.root());
        let mut command = cross.cargo_build(root, TARGET)?;
        command.args(["--quiet", "--profile", PROFILE, "--lib", "-p", &self.name]);
        command.args(["--config", &hide_paths(root)]);
        process::run(&mut command)?;
        let file = format!("{}.wasm", self.name.replace('-', "_"));
        let module = cross.target_dir(root)?.join(TARGET).join(PROFILE).join(file);
        fs::read(&module).map_err(|why| format!("{}: {why}", module.display()).into())
    }
}

/// Every guest of the workspace.
pub(crate) fn all() -> Result<Vec<Guest>> {
    let mut guests = Vec::new();
    for entry in fs::read_dir(workspace::root().join("guests"))? {
        let folder = entry?.path();
        if folder.join("Cargo.toml").is_file() {
            guests.extend(Guest::at(&folder)?);
        }
    }
    Ok(guests)
}

/// The package's name, if the crate makes a dynamic library.
fn crate_name(cargo_toml: &str) -> Result<Option<String>> {
    let document: DocumentMut = cargo_toml.parse()?;
    let types = document.get("lib").and_then(|lib| lib.get("crate-type"));
    let types = types.and_then(workspace::strings).unwrap_or_default();
    if !types.iter().any(|kind| kind == "cdylib") {
        return Ok(None);
    }
    let name = document.get("package").and_then(|package| package.get("name"));
    Ok(Some(name.and_then(Item::as_str).ok_or("`package.name` is missing")?.to_owned()))
}

/// Panic messages carry file names: without the folders of one machine they are shorter, and the
/// module is the same wherever it is built.
fn hide_paths(root: &Path) -> String {
    let mut places = vec![(workspace::root().to_owned(), "."), (root.to_owned(), ".")];
    places.dedup();
    places.push((cross::DEBIAN_LIBRARY.into(), "library"));
    places.extend(registries().into_iter().map(|registry| (registry, "crates")));
    let flag =
        |(place, name): &(PathBuf, _)| format!("'--remap-path-prefix={}={name}'", place.display());
    let flags: Vec<_> = places.iter().map(flag).collect();
    format!("target.{TARGET}.rustflags=[{}]", flags.join(","))
}

/// Where cargo keeps the source of foreign crates, a folder for each registry.
fn registries() -> Vec<PathBuf> {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let sources = cargo_home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    sources.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crates_that_make_a_dynamic_library_are_guests() {
        let package = "[package]\nname = \"my-guest\"\n";
        for (rest, expected) in [
            ("[lib]\ncrate-type = [\"cdylib\", \"rlib\"]", Some("my-guest")),
            ("[lib]\ncrate-type = [\"rlib\"]", None),
            ("[lib]", None),
            ("", None),
        ] {
            let name = crate_name(&format!("{package}{rest}")).unwrap();
            assert_eq!(name.as_deref(), expected, "{rest}");
        }
    }
}
