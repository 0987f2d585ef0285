//! What a policy's file becomes.

use ampoule::{Limits, Policy, PolicyFile};

fn limits(json: &str) -> Limits {
    PolicyFile::parse(json.as_bytes()).unwrap().policy().limits
}

#[test]
fn an_empty_file_grants_nothing_within_the_workstations_limits() {
    let file = PolicyFile::parse(b"{}").unwrap();
    let policy = file.policy();
    assert_eq!(policy.limits, Limits::WORKSTATION);
    assert_eq!(policy.deadline_micros, None);
    assert_eq!(policy.services.iter().count(), 0);
    assert!(policy.paths.is_empty() && policy.hosts.is_empty() && policy.variables.is_empty());
}

#[test]
fn a_file_may_raise_and_lower_limits() {
    let most = Limits::WORKSTATION;
    for (json, expected) in [
        (r#"{"limits":{"memoryBytes":100}}"#, Limits { memory_bytes: 100, ..most }),
        (r#"{"limits":{"memoryPages":1024}}"#, Limits { memory_bytes: 1 << 26, ..most }),
        (r#"{"capabilities":{"maxMemoryMB":64}}"#, Limits { memory_bytes: 1 << 26, ..most }),
        (
            r#"{"limits":{"memoryBytes":7,"memoryPages":9},"capabilities":{"maxMemoryMB":8}}"#,
            Limits { memory_bytes: 7, ..most },
        ),
        (
            r#"{"limits":{"memoryBytes":4000000,"memoryPages":1}}"#,
            Limits { memory_bytes: 65_536, ..most },
        ),
        (
            r#"{"limits":{"moduleBytes":1,"sliceFuel":2,"fuelPerCall":3,"recursionDepth":65535}}"#,
            Limits {
                module_bytes: 1,
                slice_fuel: 2,
                call_fuel: 3,
                recursion_depth: 65_535,
                ..most
            },
        ),
    ] {
        assert_eq!(limits(json), expected, "{json}");
    }
}

#[test]
fn stars_and_repeated_services_are_the_owners() {
    let file = PolicyFile::parse(
        br#"{
            "timeout": 250,
            "capabilities": {
                "allowFileSystem": true, "allowedPaths": ["*"],
                "allowNetwork": true, "allowedHosts": ["*", "*:443", "example.com"],
                "allowEnv": true, "allowedEnv": ["*"],
                "services": [
                    { "service": "*", "operations": ["*"] },
                    { "service": "*", "operations": ["*"], "scope": "a" }
                ]
            }
        }"#,
    )
    .unwrap();
    let policy = file.policy();
    assert_eq!(policy.deadline_micros, Some(250_000));
    assert_eq!(policy.services.iter().count(), 2);
    assert_eq!(policy.hosts.iter().count(), 3);
}

#[test]
fn the_default_policy_is_to_deny() {
    let policy = Policy::default();
    assert_eq!(policy.limits, Limits::MICRO);
    assert!(policy.paths.is_empty() && policy.hosts.is_empty() && policy.variables.is_empty());
    assert_eq!(policy.services.iter().count(), 0);
}
