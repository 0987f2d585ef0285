//! The `Cargo.lock`s of what runs on bare metal beside the workspace's: one version of each crate for all.

use crate::{Result, workspace};
use std::{collections::BTreeSet, path::Path};
use toml_edit::{DocumentMut, Item};

/// Of workspaces of their own.
const OTHERS: [&str; 2] = ["firmware-example/Cargo.lock", "tests/bound/probe/Cargo.lock"];

/// Names and versions of a lock file, but for our own crates.
fn locked(path: &Path) -> Result<BTreeSet<(String, String)>> {
    let document: DocumentMut = workspace::read(path)?.parse()?;
    let packages = document.get("package").and_then(Item::as_array_of_tables);
    let packages = packages.ok_or_else(|| format!("{}: no packages", path.display()))?;
    let text = |package: &toml_edit::Table, key| Some(package.get(key)?.as_str()?.to_owned());
    let foreign = packages.iter().filter(|package| package.contains_key("source"));
    Ok(foreign.filter_map(|one| Some((text(one, "name")?, text(one, "version")?))).collect())
}

/// What cargo takes to be one: versions with the same first number that isn't 0.
fn line(version: &str) -> &str {
    let end = version.find(|character: char| character.is_ascii_digit() && character != '0');
    let end = end.and_then(|at| Some(at + version.get(at..)?.find('.')?));
    version.get(..end.unwrap_or(version.len())).unwrap_or(version)
}

/// Fails where another one has another version of a crate than the workspace, of the same line.
pub(crate) fn compare() -> Result<()> {
    OTHERS.iter().try_for_each(|path| compare_with(path))
}

fn compare_with(path: &str) -> Result<()> {
    let ours = locked(&workspace::root().join("Cargo.lock"))?;
    let theirs = locked(&workspace::root().join(path))?;
    let rivals = |name: &str, version: &str| {
        ours.iter().any(|(other, known)| other == name && line(known) == line(version))
    };
    let odd: Vec<_> =
        theirs.difference(&ours).filter(|(name, version)| rivals(name, version)).collect();
    if odd.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{path} has other versions than Cargo.lock: {odd:?}\n\
         copy Cargo.lock there and build what it is for once"
    )
    .into())
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_workspaces_have_the_same_versions() {
        super::compare().unwrap();
    }

    #[test]
    fn lines_are_cargos() {
        for (version, expected) in
            [("1.2.3", "1"), ("0.9.3", "0.9"), ("0.0.7", "0.0.7"), ("10.0.1", "10")]
        {
            assert_eq!(super::line(version), expected, "{version}");
        }
    }

    #[test]
    fn all_lock_the_engine() {
        for path in super::OTHERS.into_iter().chain(["Cargo.lock"]) {
            let locked = super::locked(&crate::workspace::root().join(path)).unwrap();
            assert!(locked.contains(&("wasmi".into(), "1.1.0".into())), "{path}");
        }
    }
}
