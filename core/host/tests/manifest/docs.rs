//! `docs/manifest.md` is complete, and what it says is so.

use crate::REFERENCE;
use ampoule::{
    Diagnosis, Manifest, PolicyFile,
    manifest::{Key, KeyKind, NetHost, NetHostRule, PathRule, PlainPath},
};

pub(crate) const PAGE: &str = include_str!("../../../../docs/manifest.md");

/// The rows of the page's tables: their cells, without backticks around them.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    PAGE.lines().filter(|line| line.starts_with("| ")).map(|line| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().trim_matches('`')).collect()
    })
}

/// The tables' row for a key.
fn row(path: &str) -> Vec<&'static str> {
    let found: Vec<_> = rows().filter(|row| row[0] == path && row.len() == 5).collect();
    assert_eq!(found.len(), 1, "rows for {path}");
    found[0].clone()
}

/// What the page says that a key means.
pub(crate) fn meaning(path: &str) -> &'static str {
    row(path)[4]
}

/// The section under a heading.
fn section(heading: &str) -> &'static str {
    let start = PAGE.find(&format!("\n## {heading}\n")).unwrap() + 4;
    let rest = &PAGE[start..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let starts = PAGE.match_indices(&fence).map(|(at, fence)| at + fence.len());
    starts.map(|start| &PAGE[start..][..PAGE[start..].find("```").unwrap()]).collect()
}

/// Every key with its path, where `[]` is any item.
fn paths(keys: &'static [Key], prefix: &str) -> Vec<(String, &'static Key)> {
    let mut all = Vec::new();
    for key in keys {
        let path = format!("{prefix}{}", key.name);
        all.push((path.clone(), key));
        match key.kind() {
            KeyKind::Object(keys) => all.extend(paths(keys, &format!("{path}."))),
            KeyKind::Objects { keys, .. } => all.extend(paths(keys, &format!("{path}[]."))),
            _ => (),
        }
    }
    all
}

/// What the columns "type" and "bound" have to say.
fn type_and_bound(kind: KeyKind) -> (&'static str, String) {
    match kind {
        KeyKind::Flag => ("true or false", String::new()),
        KeyKind::Number { min, max } => ("whole number", format!("{min} to {max}")),
        KeyKind::Text(rule) => ("text", format!("up to {} bytes", rule.max_bytes())),
        KeyKind::Texts { rule, max_items } => {
            ("list of text", format!("up to {max_items} of {} bytes", rule.max_bytes()))
        }
        KeyKind::Object(_) => ("object", String::new()),
        KeyKind::Objects { max_items, .. } => ("list of objects", format!("up to {max_items}")),
        other => panic!("{other:?} is new here"),
    }
}

#[test]
fn every_key_is_described_with_its_type_and_bound() {
    let keys = [paths(Manifest::KEYS, ""), paths(PolicyFile::KEYS, "")].concat();
    for (path, key) in &keys {
        let row = row(path);
        assert_eq!((row[1], row[3].to_owned()), type_and_bound(key.kind()), "{path}");
        assert_eq!(row[2] == "required", key.required, "{path}");
    }
    let described = rows().filter(|row| row.len() == 5 && row[0] != "key").count();
    assert_eq!(described, paths(Manifest::KEYS, "").len() + 2);
}

#[test]
fn its_examples_are_right() {
    let manifests = blocks("json");
    assert_eq!(manifests.len(), 4);
    for json in &manifests {
        Manifest::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    }
    let reference = Manifest::parse(REFERENCE.as_bytes());
    assert!(manifests.iter().any(|json| Manifest::parse(json.as_bytes()) == reference));
    let policies = blocks("json policy");
    assert_eq!(policies.len(), 1);
    for json in policies {
        PolicyFile::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    }
}

fn verdict<E: Diagnosis>(granted: Result<bool, E>) -> String {
    match granted {
        Ok(true) => "granted".to_owned(),
        Ok(false) => "not granted".to_owned(),
        Err(error) => format!("refused: `{}", error.code()),
    }
}

#[test]
fn its_tables_of_paths_and_network_hosts_are_so() {
    let (paths, hosts) = (section("Paths"), section("Network hosts"));
    let (mut path_rows, mut host_rows) = (0, 0);
    for row in rows() {
        match row[..] {
            [grant, asked, said] if paths.contains(&format!("| `{asked}` | {said}")) => {
                let rule = PathRule::parse(grant).unwrap();
                let found = PlainPath::parse(asked).map(|path| rule.allows(&path));
                assert_eq!(verdict(found), said, "{grant} {asked}");
                path_rows += 1;
            }
            [grant, asked, port, said] if port.parse::<u16>().is_ok() => {
                assert!(hosts.contains(&format!("| `{grant}` | `{asked}` |")));
                let (rule, port) = (NetHostRule::parse(grant).unwrap(), port.parse().unwrap());
                let found = NetHost::parse(asked).map(|host| rule.allows(&host, port));
                assert_eq!(verdict(found), said, "{grant} {asked}:{port}");
                host_rows += 1;
            }
            _ => (),
        }
    }
    assert_eq!((path_rows, host_rows), (15, 21));
}
