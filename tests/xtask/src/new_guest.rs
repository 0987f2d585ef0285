//! `cargo xtask new-guest`: a plugin to start from, one that works.

use crate::{Result, workspace};
use std::{
    fs,
    path::{MAIN_SEPARATOR, Path, PathBuf},
};
use toml_edit::{Array, DocumentMut, Item};

/// The longest name that a plugin's meta can hold, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// What Rust itself means something by: no names for a crate.
const TAKEN: [&str; 50] = [
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue",
    "core", "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
    "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "static", "std", "struct", "super", "test", "trait", "true",
    "try", "type", "unsafe", "use", "where",
];

/// A file's place in the new folder, and its text with `{{placeholders}}`.
type Template = (&'static str, &'static str);

const EVERYWHERE: [Template; 2] = [
    ("build.rs", include_str!("../template/build.rs")),
    ("src/lib.rs", include_str!("../template/src/lib.rs")),
];
const IN_WORKSPACE: [Template; 2] = [
    ("Cargo.toml", include_str!("../template/in-workspace/Cargo.toml")),
    ("README.md", include_str!("../template/in-workspace/README.md")),
];
const ALONE: [Template; 5] = [
    (".cargo/config.toml", include_str!("../template/alone/cargo-config.toml")),
    (".gitignore", "/target\n"),
    ("Cargo.toml", include_str!("../template/alone/Cargo.toml")),
    ("README.md", include_str!("../template/alone/README.md")),
    ("rust-toolchain.toml", include_str!("../template/alone/rust-toolchain.toml")),
];

/// Makes the folder `name` in `parent`, by default among the guests of the workspace.
pub(crate) fn run(name: &str, parent: Option<&Path>) -> Result<()> {
    check_name(name)?;
    let folder = place(name, parent)?;
    if folder.exists() {
        return Err(format!("{} exists already: choose another name", folder.display()).into());
    }
    match workspace::inside(&folder) {
        Some(inside) => make_in_workspace(name, &slashes(inside)?)?,
        None => make_alone(name, &folder)?,
    }
    println!("{}: see its README.md for how to build it", folder.display());
    Ok(())
}

fn make_in_workspace(name: &str, inside: &str) -> Result<()> {
    let root = workspace::root();
    if is_locked(name, &workspace::read(&root.join("Cargo.lock"))?)? {
        return Err(
            format!("the workspace uses another crate `{name}`: choose another name").into()
        );
    }
    let manifest = root.join("Cargo.toml");
    let members = with_member(&workspace::read(&manifest)?, inside)?;
    let values = [("name", name), ("folder", inside)];
    write(&root.join(inside), EVERYWHERE.iter().chain(&IN_WORKSPACE), &values)?;
    Ok(fs::write(manifest, members)?)
}

/// Far from the workspace's manifest, the crate needs a copy of what stands there.
fn make_alone(name: &str, folder: &Path) -> Result<()> {
    let root = workspace::root();
    let crate_name = name.replace('-', "_");
    let manifest: DocumentMut = workspace::read(&root.join("Cargo.toml"))?.parse()?;
    let config: DocumentMut = workspace::read(&root.join(".cargo/config.toml"))?.parse()?;
    let values = [
        ("name", name),
        ("crate", &crate_name),
        ("root", &slashes(root)?),
        ("edition", &value(&manifest, &["workspace", "package", "edition"])?),
        ("postcard-schema", &value(&manifest, &["workspace", "dependencies", "postcard-schema"])?),
        ("serde", &value(&manifest, &["workspace", "dependencies", "serde"])?),
        ("profiles", &table(&manifest, "profile")?),
        ("targets", &table(&config, "target")?),
    ];
    write(folder, EVERYWHERE.iter().chain(&ALONE), &values)
}

/// The text of the value at `path`, comment and all.
fn value(document: &DocumentMut, path: &[&str]) -> Result<String> {
    let found = path.iter().try_fold(document.as_item(), |item, key| item.get(key));
    let found = found.and_then(Item::as_value).map(ToString::to_string);
    let found = found.ok_or_else(|| format!("the workspace has no `{}`", path.join(".")))?;
    Ok(found.trim().to_owned())
}

/// The text of a table and of those in it, comments and all.
fn table(document: &DocumentMut, key: &str) -> Result<String> {
    let found = document.get(key).ok_or_else(|| format!("the workspace has no `{key}`"))?;
    let mut alone = DocumentMut::new();
    alone.insert(key, found.clone());
    Ok(alone.to_string().trim().to_owned())
}

/// A path as manifests have it.
fn slashes(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| format!("{} isn't UTF-8", path.display()))?;
    Ok(text.replace(MAIN_SEPARATOR, "/"))
}

/// A name has to do for a plugin's meta, for a crate and for a file.
fn check_name(name: &str) -> Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let goes_on = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !starts_well || !name.chars().all(goes_on) || name.len() > MAX_NAME_BYTES {
        return Err(format!(
            "`{name}` is no name for a guest: take a lower-case letter, then lower-case letters, \
             digits and `-`, at most {MAX_NAME_BYTES} in all"
        )
        .into());
    }
    if TAKEN.contains(&name) {
        return Err(format!("`{name}` means something in Rust: choose another name").into());
    }
    Ok(())
}

/// The new folder's path, free of links and so comparable.
fn place(name: &str, parent: Option<&Path>) -> Result<PathBuf> {
    let parent = parent.map_or_else(|| workspace::root().join("guests"), Path::to_owned);
    let made = fs::create_dir_all(&parent).and_then(|()| fs::canonicalize(&parent));
    Ok(made.map_err(|why| format!("{}: {why}", parent.display()))?.join(name))
}

/// `cargo build -p NAME` has to mean one crate.
fn is_locked(name: &str, cargo_lock: &str) -> Result<bool> {
    let document: DocumentMut = cargo_lock.parse()?;
    let packages = document.get("package").and_then(Item::as_array_of_tables);
    let mut names = packages.into_iter().flatten().filter_map(|package| package.get("name"));
    Ok(names.any(|found| found.as_str() == Some(name)))
}

fn with_member(cargo_toml: &str, folder: &str) -> Result<String> {
    let mut document: DocumentMut = cargo_toml.parse()?;
    let members = document.get_mut("workspace").and_then(|workspace| workspace.get_mut("members"));
    let members = members.and_then(Item::as_array_mut);
    let members = members.ok_or("the workspace's Cargo.toml lacks `workspace.members`")?;
    let all_of_parent = folder.rsplit_once('/').map(|(parent, _)| format!("{parent}/*"));
    if !members.iter().any(|member| member.as_str() == all_of_parent.as_deref()) {
        add(members, folder);
    }
    Ok(document.to_string())
}

/// One a line stays one a line.
fn add(members: &mut Array, folder: &str) {
    let neighbour = members.iter().last().map(|neighbour| neighbour.decor().clone());
    members.push(folder);
    let prefix = neighbour.as_ref().and_then(|decor| decor.prefix()?.as_str());
    if let (Some(prefix), Some(added)) = (prefix, members.iter_mut().last())
        && prefix.contains('\n')
    {
        added.decor_mut().set_prefix(prefix);
    }
}

fn write<'a>(
    folder: &Path,
    templates: impl Iterator<Item = &'a Template>,
    values: &[(&str, &str)],
) -> Result<()> {
    for (path, template) in templates {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(&path, fill(template, values)?)?;
    }
    Ok(())
}

fn fill(template: &str, values: &[(&str, &str)]) -> Result<String> {
    let mut parts = template.split("{{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (key, rest) = part.split_once("}}").ok_or("a `{{` in a template lacks its `}}`")?;
        let value = values.iter().find(|(name, _)| *name == key);
        text += value.ok_or_else(|| format!("a template asks for an unknown `{key}`"))?.1;
        text += rest;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ampoule_abi::Meta;

    #[test]
    fn a_guests_name_does_for_its_meta_too() {
        let longest = "a".repeat(MAX_NAME_BYTES);
        for name in ["a", "demo", "json-transformer", "a1-2", &longest] {
            assert!(check_name(name).is_ok(), "{name}");
            let meta = Meta { name, version: "0.1.0", description: "", author: "" };
            assert_eq!(meta.check(), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_is_no_crates_name_is_refused() {
        let too_long = "a".repeat(MAX_NAME_BYTES + 1);
        for name in
            ["", "-a", "1a", "A", "aB", "a_b", "a.b", "a/b", "..", "ä", "match", "std", &too_long]
        {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_member_is_added_in_its_neighbours_manner() {
        for (before, after) in [
            (r#"["a"]"#, r#"["a", "guests/x"]"#),
            ("[\n    \"a\",\n    \"b\",\n]", "[\n    \"a\",\n    \"b\",\n    \"guests/x\",\n]"),
            (r#"["a", "guests/*"]"#, r#"["a", "guests/*"]"#),
        ] {
            let toml = |members| format!("# kept\n[workspace]\nmembers = {members}\n");
            assert_eq!(with_member(&toml(before), "guests/x").unwrap(), toml(after));
        }
    }

    #[test]
    fn a_crate_of_the_lock_file_is_known() {
        let lock = "version = 4\n[[package]]\nname = \"serde\"\n[[package]]\nname = \"spin\"\n";
        assert!(is_locked("spin", lock).unwrap());
        assert!(!is_locked("spinner", lock).unwrap());
    }

    #[test]
    fn placeholders_are_filled_and_none_is_forgotten() {
        let values = [("name", "demo"), ("root", "/r")];
        assert_eq!(
            fill("{{name}}, {{root}}/{{name}}; { }", &values).unwrap(),
            "demo, /r/demo; { }"
        );
        for template in ["{{other}}", "{{name"] {
            assert!(fill(template, &values).is_err(), "{template}");
        }
    }

    #[test]
    fn what_a_manifest_says_is_copied_with_its_comments() {
        let text = "[a]\nb = { c = \"1\" } # why\n\n# How.\n[profile.guest]\nd = 1\n";
        let document: DocumentMut = text.parse().unwrap();
        assert_eq!(value(&document, &["a", "b"]).unwrap(), "{ c = \"1\" } # why");
        assert_eq!(table(&document, "profile").unwrap(), "# How.\n[profile.guest]\nd = 1");
        assert!(value(&document, &["a", "x"]).is_err());
        assert!(table(&document, "x").is_err());
    }
}
