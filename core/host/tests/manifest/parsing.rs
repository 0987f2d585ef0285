//! What a manifest's values become.

use crate::{FULL, REFERENCE, asking};
use ampoule::{Grant, Limits, Manifest, Meta, Policy, manifest::Strings};

fn list(strings: Strings<'_>) -> Vec<&str> {
    strings.iter().collect()
}

#[test]
fn the_references_example_is_accepted_as_it_is() {
    let manifest = Manifest::parse(REFERENCE.as_bytes()).unwrap();
    let meta = Meta {
        name: "json-transformer",
        version: "1.0.0",
        description: "Transform JSON data with custom rules",
        author: "toolsku",
    };
    assert_eq!(manifest.meta(), meta);
    assert_eq!(manifest.wasm_path(), Some("./plugins/json-transformer.wasm"));
    assert_eq!(manifest.deadline_micros(), Some(5_000_000));
    assert_eq!(manifest.services().iter().count(), 0);
    for strings in [manifest.paths(), manifest.hosts(), manifest.variables()] {
        assert!(strings.is_empty());
    }
    let limits = Grant::new(&manifest, &Policy::WORKSTATION).limits();
    assert_eq!(limits, Limits { memory_bytes: 16 * 1024 * 1024, ..Limits::WORKSTATION });
}

#[test]
fn every_key_has_its_value() {
    let manifest = Manifest::parse(FULL.as_bytes()).unwrap();
    let meta = Meta {
        name: "weather-station",
        version: "2.1.0-rc.1+7",
        description: "Liest \"Wetter\", müde 😴, 5 °C",
        author: "A. \"B\" C <c@example.com>",
    };
    assert_eq!(manifest.meta(), meta);
    assert_eq!(manifest.wasm_path(), Some("./plugins/weather.wasm"));
    assert_eq!(manifest.deadline_micros(), Some(1_500_000));
    assert_eq!(list(manifest.paths()), ["/data/weather", "cache"]);
    let hosts = ["example.com:443", "192.0.2.1", "[2001:db8::1]:8080"];
    assert_eq!(list(manifest.hosts()), hosts);
    assert_eq!(list(manifest.variables()), ["TZ", "LANG"]);
    let services: Vec<_> = manifest
        .services()
        .iter()
        .map(|rule| (rule.service, list(rule.operations), rule.scope, rule.per_second))
        .collect();
    assert_eq!(
        services,
        [
            ("gpio", vec!["set", "get"], Some("led/red"), Some(10)),
            ("gpio", vec!["toggle"], None, Some(1)),
            ("clock", vec![], None, None),
        ]
    );
    let limits = Limits {
        memory_bytes: 300_000,
        table_elements: 0,
        message_bytes: 1024,
        heap_bytes: 65_536,
        init_fuel: 100_000,
        destroy_fuel: 0,
        value_stack_bytes: 2048,
        recursion_depth: 32,
        ..Limits::WORKSTATION
    };
    assert_eq!(Grant::new(&manifest, &Policy::WORKSTATION).limits(), limits);
}

#[test]
fn meta_alone_is_a_manifest_that_asks_for_nothing() {
    let manifest = Manifest::parse(br#"{"meta":{"name":"a","version":"1.0.0"}}"#).unwrap();
    assert_eq!(manifest.meta(), Meta { name: "a", version: "1.0.0", description: "", author: "" });
    assert_eq!((manifest.wasm_path(), manifest.deadline_micros()), (None, None));
    assert_eq!(Grant::new(&manifest, &Policy::WORKSTATION).report().count(), 0);
}

#[test]
fn escapes_mean_what_json_says() {
    for (written, read) in [
        (r"plain", "plain"),
        (r#"\"\\\/"#, "\"\\/"),
        (r"\u0041\u00e9\u20AC", "Aé€"),
        (r"\ud83d\ude00\uD83D\uDE00", "😀😀"),
        (r"\\u0041", r"\u0041"),
        ("é😀", "é😀"),
        ("\u{7ff}\u{a0}\u{ffee}", "\u{7ff}\u{a0}\u{ffee}"),
    ] {
        let json = format!(r#"{{"meta":{{"name":"a","version":"1.0.0","author":"{written}"}}}}"#);
        let manifest = Manifest::parse(json.as_bytes()).unwrap();
        assert_eq!(manifest.meta().author, read, "{written}");
    }
    let json = br#"{"\u006deta":{"n\u0061me":"a","version":"1\u002e0.0"}}"#;
    assert_eq!(Manifest::parse(json).unwrap().meta().version, "1.0.0");
}

#[test]
fn a_switch_that_is_off_silences_its_list() {
    for (switch, list) in [
        ("allowFileSystem", r#""allowedPaths":["/data"]"#),
        ("allowNetwork", r#""allowedHosts":["example.com"]"#),
        ("allowEnv", r#""allowedEnv":["HOME"]"#),
    ] {
        for (value, asked) in [("true", 1), ("false", 0)] {
            let manifest = asking(&format!(r#"{{"{switch}":{value},{list}}}"#));
            let lists = [manifest.paths(), manifest.hosts(), manifest.variables()];
            let count: usize = lists.iter().map(|list| list.iter().count()).sum();
            assert_eq!(count, asked, "{switch}: {value}");
        }
        let manifest = asking(&format!("{{{list}}}"));
        assert!(manifest.paths().is_empty() && manifest.hosts().is_empty());
        assert!(manifest.variables().is_empty());
    }
}

#[test]
fn the_fullest_manifest_fits() {
    let operations: Vec<_> = (0..16).map(|n| format!("\"op{n}\"")).collect();
    let services: Vec<_> = (0..16)
        .map(|n| {
            format!(r#"{{"service":"s{n}","operations":[{}],"scope":"x"}}"#, operations.join(","))
        })
        .collect();
    let manifest = asking(&format!(r#"{{"services":[{}]}}"#, services.join(",")));
    let granted = manifest.services().iter().flat_map(|rule| rule.operations.iter()).count();
    assert_eq!(granted, 256);
}

#[test]
fn a_manifest_fits_in_3_kib() {
    println!("Manifest: {} bytes", size_of::<Manifest>());
    println!("ManifestError: {} bytes", size_of::<ampoule::ManifestError>());
    println!("Policy: {} bytes", size_of::<Policy<'_>>());
    assert!(size_of::<Manifest>() <= 3 * 1024);
    assert!(size_of::<ampoule::ManifestError>() <= 128);
}
