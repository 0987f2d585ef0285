//! `docs/errors.md` is made from the tables that the errors themselves are made from.

use crate::support::repository;
use ampoule::{
    AdmissionError, BindError, CatalogRow, Fault, ManifestError, OfferError, Refusal, SlotError,
    manifest::{NetHostError, PathError},
};
use ampoule_std::{
    CommandError, FileError, StoreError,
    device::LineError,
    profile::ProfileError,
    serve::{RequestError, ServeError},
    watch::{WatchCommandError, WatchRefusal},
};
use core::fmt::Write;
use std::{collections::BTreeSet, fs};

const FAMILIES: [(&str, &str, &[CatalogRow]); 18] = [
    ("U", "Usage of the command", CommandError::CATALOG),
    ("I", "Files, on a workstation: nothing was loaded", FileError::CATALOG),
    ("D", "Stores of values, on a workstation", StoreError::CATALOG),
    ("W", "Watched directories, on a workstation", WatchRefusal::CATALOG),
    ("V", "The command `ampoule watch`", WatchCommandError::CATALOG),
    ("T", "Serving plugins: the server didn't start, or ended", ServeError::CATALOG),
    ("R", "Requests that a server refuses", RequestError::CATALOG),
    ("E", "Devices, and the lines to them", LineError::CATALOG),
    ("Q", "Profiles of devices, on a workstation", ProfileError::CATALOG),
    ("M", "Manifests and policies", ManifestError::CATALOG),
    ("P", "Paths in a grant, and those that a plugin asks for", PathError::CATALOG),
    ("H", "Network hosts in a grant, and those that a plugin asks for", NetHostError::CATALOG),
    ("S", "Offering a service", OfferError::CATALOG),
    ("A", "Admission: the module was refused, and nothing of it ran", AdmissionError::CATALOG),
    ("B", "Binding an entry", BindError::CATALOG),
    ("L", "Slots of a host, and what changes in them", SlotError::CATALOG),
    (
        "C",
        "Calls that weren't made, or that the plugin declined: the plugin goes on",
        Refusal::CATALOG,
    ),
    ("F", "Faults: the guest was ended, and the next call makes a fresh instance", Fault::CATALOG),
];

const INTRODUCTION: &str = "\
# Errors

Every error has a code that never changes its meaning, a cause and a cure. The `ampoule` command prints
all three; in code they are `Diagnosis::code`, `Display` and `Diagnosis::cure`. Words in braces stand
for what was found and what is allowed.

This page is made from the sources: `AMPOULE_BLESS=1 cargo test -p ampoule-tests catalog` writes it.
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (letter, title, rows) in FAMILIES {
        write!(
            page,
            "\n## {letter}: {title}\n\n| code | name | cause | cure |\n|---|---|---|---|\n"
        )
        .unwrap();
        for CatalogRow { code, name, cause, cure } in rows {
            let cause = cause
                .replace("\\\"", "\"")
                .replace('|', "\\|")
                .replace(":#04x", "")
                .replace(":#018x", "");
            let cure = cure.replace('|', "\\|");
            writeln!(page, "| `{code}` | `{name}` | {cause} | {cure} |").unwrap();
        }
    }
    page
}

#[test]
fn the_page_of_errors_is_what_the_sources_say() {
    let path = repository("docs/errors.md");
    if std::env::var_os("AMPOULE_BLESS").is_some() {
        fs::write(&path, page()).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, page(), "run `AMPOULE_BLESS=1 cargo test -p ampoule-tests catalog`");
}

#[test]
fn every_code_is_its_familys_next_number() {
    let mut names = BTreeSet::new();
    for (letter, _, rows) in FAMILIES {
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(row.code, format!("{letter}{:02}", at + 1), "{}", row.name);
            assert!(!row.cause.is_empty() && !row.cure.is_empty(), "{}", row.code);
            assert!(!row.cause.ends_with('.') && !row.cure.ends_with('.'), "{}", row.code);
            names.insert(row.name);
        }
    }
    assert!(names.len() > 50);
}
