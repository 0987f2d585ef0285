//! What holds for every text.

use crate::{FULL, REFERENCE, schema::Validator};
use ampoule::{
    Grant, Manifest, ManifestError, Policy, PolicyFile,
    manifest::{KeyKind, NetHost, NetHostError, NetHostRule, PathRule, PlainPath, TextRule},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// Strings that some rule takes, and some that none does.
fn text() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "",
        "*",
        "*:443",
        ".",
        "..",
        "/",
        "//",
        "/data",
        "/data/../x",
        "C:/x",
        "a\\b",
        "a/b",
        "a b",
        "example.com",
        "EXAMPLE.com.",
        "a..b",
        "-a",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "::1",
        "[::1]:80",
        "::ffff:1.2.3.4",
        "2001:DB8::1",
        "bücher.de",
        "a:80",
        "a:0",
        "1.0.0",
        "1.0",
        "1.0.0-rc.1",
        "PATH",
        "1A",
        "log",
        "wasi_snapshot_preview1",
        "a\nb",
        "a\u{0}",
        "\u{202e}",
        "😀",
        "\"\\",
    ]);
    prop_oneof![
        4 => odd.prop_map(str::to_owned),
        2 => "[a-z0-9._:/-]{0,12}",
        1 => "\\PC{0,8}",
        1 => (1_usize..300).prop_map(|length| "a".repeat(length)),
        1 => (1_usize..300).prop_map(|length| "é".repeat(length)),
    ]
}

/// A string that keeps `rule`.
fn right_text(rule: TextRule) -> BoxedStrategy<String> {
    match rule {
        TextRule::PluginName | TextRule::Name(_) => "[a-z0-9][A-Za-z0-9._-]{0,12}".boxed(),
        TextRule::Version => {
            "(0|[1-9][0-9]{0,3})\\.0\\.[1-9](-[a-z]{1,4}\\.[1-9])?(\\+[0-9a-z]{1,3})?".boxed()
        }
        TextRule::Line(_) => "[ -~é€😀]{0,20}".boxed(),
        TextRule::File => "[ -~é]{1,20}".boxed(),
        TextRule::Scope | TextRule::Path(_) => "/?[a-z]{1,5}(/[a-zé]{1,4}){0,3}/?".boxed(),
        TextRule::Host(_) => prop_oneof![
            "([a-zA-Z][a-z0-9]{0,5}\\.){0,3}[a-z]{2,4}\\.?(:[1-9][0-9]{0,3})?",
            "(1?[1-9]?[0-9]\\.){3}[1-9](:80)?",
            "\\[2001:db8::[1-9a-f]\\](:80)?",
        ]
        .boxed(),
        TextRule::Variable(_) => "[A-Z_][A-Z0-9_]{0,9}".boxed(),
        _ => panic!("{rule:?} is new here"),
    }
}

/// Anything.
fn other() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Whole numbers written with a fraction are the parser's alone.
        (0_u32..100).prop_map(|number| json!(f64::from(number) + 0.5)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|pairs| Value::from(Map::from_iter(pairs))),
        ]
    })
}

/// A value for a key: mostly a right one.
fn value(kind: KeyKind) -> BoxedStrategy<Value> {
    let right = match kind {
        KeyKind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        KeyKind::Number { min, max } => {
            let edges = select(vec![min, max, min.saturating_sub(1), max + 1]);
            prop_oneof![3 => min..=max, 1 => edges].prop_map(Value::from).boxed()
        }
        KeyKind::Text(rule) => {
            prop_oneof![12 => right_text(rule), 1 => text()].prop_map(Value::from).boxed()
        }
        KeyKind::Texts { rule, max_items } => {
            let item = prop_oneof![20 => right_text(rule), 1 => text()];
            let few = vec(item.clone(), 0..4);
            let many = vec(item, 0..max_items + 2);
            prop_oneof![6 => few, 1 => many].prop_map(Value::from).boxed()
        }
        KeyKind::Object(keys) => object(keys),
        KeyKind::Objects { keys, max_items } => {
            let few = vec(object(keys), 0..3);
            let many = vec(object(keys), 0..max_items + 2);
            prop_oneof![6 => few, 1 => many].prop_map(Value::from).boxed()
        }
        _ => panic!("{kind:?} is new here"),
    };
    prop_oneof![30 => right, 1 => other()].boxed()
}

fn object(keys: &'static [ampoule::manifest::Key]) -> BoxedStrategy<Value> {
    let members: Vec<_> = keys
        .iter()
        .map(|key| {
            let often = if key.required { 0.97 } else { 0.5 };
            option::weighted(often, value(key.kind())).prop_map(|value| Some((key.name, value?)))
        })
        .collect();
    let stray = option::weighted(0.03, (text(), other()));
    (members, stray)
        .prop_map(|(members, stray)| {
            let members = members.into_iter().flatten();
            let members = members.map(|(name, value)| (name.to_owned(), value));
            Value::Object(members.chain(stray).collect())
        })
        .boxed()
}

/// A right manifest's text with some of it changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0_u8..4, any::<u8>());
    (select(vec![FULL, REFERENCE]), vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut bytes = text.as_bytes().to_vec();
        for (index, kind, byte) in changes {
            let at = index.index(bytes.len());
            let likely = b"{}[],:\"\\0-.e1 tnu\n"[usize::from(byte) % 18];
            match kind {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, likely),
                2 => bytes[at] = likely,
                _ => bytes[at] = byte,
            }
        }
        bytes
    })
}

/// Whether the schema can't see why the parser refused it: what `docs/manifest.md` lists.
fn is_parsers_alone(error: &ManifestError, value: &Value) -> bool {
    match error {
        ManifestError::TooMuchText { .. } | ManifestError::Repeated { .. } => true,
        ManifestError::TooLarge { .. } => true,
        // Bytes are not characters.
        ManifestError::TooLong { .. } => !value.to_string().is_ascii(),
        ManifestError::Host { key, error, .. } => {
            let index = key.as_str().strip_prefix("capabilities.allowedHosts[");
            let index: usize = index.unwrap().trim_end_matches(']').parse().unwrap();
            let host = value["capabilities"]["allowedHosts"][index].as_str().unwrap();
            let v6 = host.matches(':').count() > 1;
            v6 && matches!(error, NetHostError::Address {} | NetHostError::Mapped {})
        }
        _ => false,
    }
}

fn judge_alike(schema: &Validator, value: &Value, result: Result<(), ManifestError>) {
    match (schema.accepts(value), result) {
        (true, Ok(())) | (false, Err(_)) => (),
        (true, Err(error)) => {
            assert!(is_parsers_alone(&error, value), "schema alone: {value}: {error}");
        }
        (false, Ok(())) => panic!("parser alone: {value}"),
    }
}

/// Everything that can be asked of a manifest.
fn use_all(manifest: &Manifest, policy: &Policy<'_>) {
    let grant = Grant::new(manifest, policy);
    let (limits, most) = (grant.limits(), policy.limits);
    assert!(limits.memory_bytes <= most.memory_bytes && limits.call_fuel <= most.call_fuel);
    for row in grant.report() {
        assert!(!row.asked.to_string().is_empty());
    }
    for rule in manifest.services().iter() {
        for operation in rule.operations.iter() {
            assert!(grant.is_granted(rule.service, operation).is_some());
        }
    }
    assert_eq!(grant.paths().count(), manifest.paths().iter().count());
    assert_eq!(grant.hosts().count(), manifest.hosts().iter().count());
    assert_eq!(grant.variables().count(), manifest.variables().iter().count());
    assert_eq!(manifest.meta().check(), Ok(()));
    assert_eq!(Grant::new(manifest, &Policy::DENY).paths().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn generated_manifests_are_judged_alike(value in object(Manifest::KEYS)) {
        let schema = Validator::manifest();
        let result = Manifest::parse(value.to_string().as_bytes());
        if let Ok(manifest) = &result {
            use_all(manifest, &Policy::WORKSTATION);
        }
        judge_alike(schema, &value, result.map(|_| ()));
    }

    #[test]
    fn generated_policies_are_judged_alike(value in object(PolicyFile::KEYS)) {
        let schema = Validator::policy();
        let result = PolicyFile::parse(value.to_string().as_bytes());
        judge_alike(schema, &value, result.map(|_| ()));
    }

    #[test]
    fn damaged_manifests_never_pass_where_the_schema_refuses(bytes in damaged()) {
        if let Ok(manifest) = Manifest::parse(&bytes) {
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert!(Validator::manifest().accepts(&value));
            prop_assert_eq!(manifest.meta().name, value["meta"]["name"].as_str().unwrap());
            use_all(&manifest, &Policy::WORKSTATION);
        }
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(Manifest::parse(&bytes).is_err());
        let _ = PolicyFile::parse(&bytes);
    }

    #[test]
    fn any_text_is_judged_without_a_panic(text in "[{}\\[\\]\",:\\\\u0-9a-f \n-]{0,60}") {
        let _ = Manifest::parse(text.as_bytes());
        if PolicyFile::parse(text.as_bytes()).is_ok() {
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert!(Validator::policy().accepts(&value));
        }
    }

    #[test]
    fn printed_in_any_way_it_is_the_same_manifest(value in object(Manifest::KEYS)) {
        let dense = Manifest::parse(value.to_string().as_bytes());
        let wide = Manifest::parse(serde_json::to_string_pretty(&value).unwrap().as_bytes());
        let escaped: String = value.to_string().encode_utf16().map(|unit| match unit {
            0..0x80 => char::from(unit as u8).to_string(),
            _ => format!("\\u{unit:04X}"),
        }).collect();
        let escaped = Manifest::parse(escaped.as_bytes());
        prop_assert_eq!(dense.as_ref().ok(), escaped.as_ref().ok());
        if !matches!(wide, Err(ManifestError::TooLarge { .. })) {
            prop_assert_eq!(dense.ok(), wide.ok());
        }
    }

    #[test]
    fn a_path_is_granted_by_components(grant in "[./ab]{1,6}", path in "[./ab]{1,8}") {
        let (Ok(rule), Ok(path)) = (PathRule::parse(&grant), PlainPath::parse(&path)) else {
            return Ok(());
        };
        let plain = |text: &str| {
            let parts: Vec<_> = text.split('/').filter(|part| !["", "."].contains(part)).collect();
            (text.starts_with('/'), parts.iter().map(|part| format!("{part}/")).collect::<String>())
        };
        let (expected, found) = (plain(&grant), plain(path.as_str()));
        let granted = expected.0 == found.0 && found.1.starts_with(&expected.1);
        prop_assert_eq!(rule.allows(&path), granted);
    }

    #[test]
    fn a_host_is_granted_by_labels(grant in "[ab.]{1,6}", host in "[abAB.]{1,8}") {
        let (Ok(rule), Ok(host)) = (NetHostRule::parse(&grant), NetHost::parse(&host)) else {
            return Ok(());
        };
        let labels = |text: &str| {
            let name = text.trim_end_matches('.').to_lowercase();
            name.rsplit('.').map(str::to_owned).collect::<Vec<_>>()
        };
        let (expected, found) = (labels(&grant), labels(&host.to_string()));
        let granted = found == expected || (expected.len() > 1 && found.starts_with(&expected));
        prop_assert_eq!(rule.allows(&host, 80), granted);
    }

    #[test]
    fn any_host_and_path_are_judged_without_a_panic(text in "\\PC{0,40}") {
        let _ = (NetHost::parse(&text), NetHostRule::parse(&text), NetHostRule::parse_ceiling(&text));
        let _ = (PlainPath::parse(&text), PathRule::parse(&text), PathRule::parse_ceiling(&text));
    }
}
