//! The report that a person reads before a plugin is loaded.

use crate::{FULL, REFERENCE, asking};
use ampoule::{
    Grant, Manifest, Policy, PolicyFile,
    manifest::Strings,
    policy::{Row, Verdict},
};

fn line(row: &Row<'_>) -> String {
    let granted = row.granted.map_or("nothing".to_owned(), |granted| granted.to_string());
    format!("{} | {} | {granted} | {}", row.key, row.asked, row.verdict)
}

fn lines(manifest: &Manifest, policy: &Policy<'_>) -> Vec<String> {
    Grant::new(manifest, policy).report().map(|row| line(&row)).collect()
}

#[test]
fn the_references_example_asks_for_memory_and_time() {
    let manifest = Manifest::parse(REFERENCE.as_bytes()).unwrap();
    assert_eq!(
        lines(&manifest, &Policy::WORKSTATION),
        [
            "capabilities.maxMemoryMB | 33554432 bytes | 16777216 bytes | cut by the policy",
            "timeout | 5000000 microseconds | 5000000 microseconds | granted",
        ]
    );
}

#[test]
fn every_thing_asked_for_has_a_row() {
    let manifest = Manifest::parse(FULL.as_bytes()).unwrap();
    let file = PolicyFile::parse(
        br#"{
            "capabilities": {
                "allowFileSystem": true, "allowedPaths": ["/data/weather/today", "/data/weather/old"],
                "allowNetwork": true, "allowedHosts": ["api.example.com", "192.0.2.1:80"],
                "allowEnv": true, "allowedEnv": ["TZ"],
                "services": [{ "service": "gpio", "operations": ["set"], "perSecond": 4 }]
            },
            "timeout": 1000,
            "limits": { "memoryBytes": 200000, "heapBytes": 1000000 }
        }"#,
    )
    .unwrap();
    assert_eq!(
        lines(&manifest, &file.policy()),
        [
            "capabilities.allowedPaths | /data/weather | /data/weather/today | cut by the policy",
            "capabilities.allowedPaths | /data/weather | /data/weather/old | cut by the policy",
            "capabilities.allowedPaths | cache | nothing | refused by the policy",
            "capabilities.allowedHosts | example.com:443 | api.example.com:443 | cut by the policy",
            "capabilities.allowedHosts | 192.0.2.1 | 192.0.2.1:80 | cut by the policy",
            "capabilities.allowedHosts | [2001:db8::1]:8080 | nothing | refused by the policy",
            "capabilities.allowedEnv | TZ | TZ | granted",
            "capabilities.allowedEnv | LANG | nothing | refused by the policy",
            "capabilities.services | gpio.set in led/red, 10 a second | gpio.set in led/red, 4 a second | cut by the policy",
            "capabilities.services | gpio.get in led/red, 10 a second | nothing | refused by the policy",
            "capabilities.services | gpio.toggle, 1 a second | nothing | refused by the policy",
            "capabilities.services | clock | nothing | names nothing",
            "capabilities.maxMemoryMB | 2097152 bytes | 200000 bytes | cut by the policy",
            "limits.memoryPages | 524288 bytes | 200000 bytes | cut by the policy",
            "limits.memoryBytes | 300000 bytes | 200000 bytes | cut by the policy",
            "limits.tableElements | 0 elements | 0 elements | granted",
            "limits.messageBytes | 1024 bytes | 1024 bytes | granted",
            "limits.heapBytes | 65536 bytes | 65536 bytes | granted",
            "limits.initFuel | 100000 fuel | 100000 fuel | granted",
            "limits.fuelPerCall | 9007199254740991 fuel | 2000000000 fuel | cut by the policy",
            "limits.destroyFuel | 0 fuel | 0 fuel | granted",
            "limits.valueStackBytes | 2048 bytes | 2048 bytes | granted",
            "limits.recursionDepth | 32 functions | 32 functions | granted",
            "timeout | 1500000 microseconds | 1000000 microseconds | cut by the policy",
        ]
    );
}

#[test]
fn what_grants_nothing_by_itself_is_told() {
    for (capabilities, expected) in [
        (r#"{"allowEnv":true}"#, "capabilities.allowEnv | true | nothing | names nothing"),
        (
            r#"{"allowNetwork":true,"allowedHosts":[]}"#,
            "capabilities.allowNetwork | true | nothing | names nothing",
        ),
        (
            r#"{"allowFileSystem":true}"#,
            "capabilities.allowFileSystem | true | nothing | names nothing",
        ),
        (
            r#"{"allowFileSystem":false,"allowedPaths":["/data"]}"#,
            "capabilities.allowedPaths | /data | nothing | switched off in the manifest",
        ),
        (
            r#"{"allowedHosts":["EXAMPLE.com."]}"#,
            "capabilities.allowedHosts | EXAMPLE.com | nothing | switched off in the manifest",
        ),
        (
            r#"{"allowedEnv":["HOME"]}"#,
            "capabilities.allowedEnv | HOME | nothing | switched off in the manifest",
        ),
    ] {
        assert_eq!(lines(&asking(capabilities), &Policy::WORKSTATION), [expected]);
    }
}

#[test]
fn what_is_granted_whole_is_one_row() {
    let manifest = asking(r#"{"allowNetwork":true,"allowedHosts":["a.example.com"]}"#);
    let hosts = Strings::of(&["b.a.example.com", "example.com", "*:443"]);
    let policy = Policy { hosts, ..Policy::DENY };
    let rows: Vec<_> = Grant::new(&manifest, &policy).report().collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].verdict, Verdict::Granted);
}
