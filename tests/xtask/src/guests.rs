//! `cargo xtask guests`: rebuilds the plugins of the workspace and tests what was built.

use crate::{
    Result,
    guest::{self, Guest},
    process, workspace,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Modules by name.
type Modules = BTreeMap<String, Vec<u8>>;

/// Builds every guest, replaces the prebuilt modules unless `check` is given, runs the tests on
/// the fresh ones.
pub(crate) fn run(check: bool) -> Result<()> {
    let prebuilt_folder = workspace::root().join("guests/prebuilt");
    let prebuilt = read_modules(&prebuilt_folder)?;
    let fresh = build_all()?;
    print(&fresh, &prebuilt);
    if !check {
        write_modules(&fresh, &prebuilt_folder)?;
    }
    let folder = output_folder(workspace::root())?;
    if folder.exists() {
        // A test mustn't pass on what an earlier run left.
        fs::remove_dir_all(&folder)?;
    }
    write_modules(&prebuilt, &folder)?;
    write_modules(&fresh, &folder)?;
    test(&folder)
}

/// Builds the guest in `folder`, be it in the workspace or not, and prints where the module is.
pub(crate) fn build_at(folder: &Path) -> Result<()> {
    let folder = fs::canonicalize(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let guest = Guest::at(&folder)?;
    let guest =
        guest.ok_or("no guest here: a crate with `cdylib` in its `crate-type`, or a text")?;
    let modules = Modules::from([(guest.name.clone(), guest.build()?)]);
    let folder = output_folder(guest.root())?;
    write_modules(&modules, &folder)?;
    for (name, module) in &modules {
        println!("{}: {} bytes", folder.join(file(name)).display(), module.len());
    }
    Ok(())
}

fn build_all() -> Result<Modules> {
    let guests = guest::all()?;
    guests.into_iter().map(|guest| Ok((guest.name.clone(), guest.build()?))).collect()
}

fn output_folder(root: &Path) -> Result<PathBuf> {
    Ok(workspace::target_dir(root)?.join("guests"))
}

fn file(name: &str) -> String {
    format!("{name}.wasm")
}

fn read_modules(folder: &Path) -> Result<Modules> {
    let mut modules = Modules::new();
    for entry in fs::read_dir(folder).map_err(|why| format!("{}: {why}", folder.display()))? {
        let path = entry?.path();
        if let (Some(name), Some("wasm")) = (text(path.file_stem()), text(path.extension())) {
            modules.insert(name.to_owned(), fs::read(&path)?);
        }
    }
    Ok(modules)
}

fn text(part: Option<&std::ffi::OsStr>) -> Option<&str> {
    part.and_then(|part| part.to_str())
}

fn write_modules(modules: &Modules, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for (name, module) in modules {
        fs::write(folder.join(file(name)), module)?;
    }
    Ok(())
}

fn print(fresh: &Modules, prebuilt: &Modules) {
    for (name, module) in fresh {
        println!("{name}: {} bytes, {}", module.len(), compare(module, prebuilt.get(name)));
    }
    for name in prebuilt.keys().filter(|name| !fresh.contains_key(*name)) {
        println!("{name}: stays as prebuilt, nothing in `guests` is its source");
    }
}

fn compare(fresh: &[u8], prebuilt: Option<&Vec<u8>>) -> String {
    match prebuilt {
        Some(prebuilt) if prebuilt == fresh => "as prebuilt".into(),
        Some(prebuilt) => format!("prebuilt {}", prebuilt.len()),
        None => "not prebuilt yet".into(),
    }
}

/// The tests take their modules from the folder that this variable names.
fn test(fresh: &Path) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).env("AMPOULE_GUESTS", fresh);
    process::run(cargo.args(["test", "-p", "ampoule-tests"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_module_is_compared_with_the_prebuilt_one() {
        for (prebuilt, expected) in [
            (Some(vec![1, 2]), "as prebuilt"),
            (Some(vec![1, 2, 3]), "prebuilt 3"),
            (None, "not prebuilt yet"),
        ] {
            assert_eq!(compare(&[1, 2], prebuilt.as_ref()), expected);
        }
    }
}
