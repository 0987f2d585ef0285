//! What is left of a manifest under a policy: the tighter of the two, whatever is asked.

use crate::{FULL, asking};
use ampoule::{
    Grant, Limits, Manifest, Policy, PolicyFile,
    manifest::{NetHost, NetHostError, PathError, ServiceRule, ServiceRules, Strings},
    policy::Granted,
};
use core::net::IpAddr;

fn policy(json: &str) -> PolicyFile {
    PolicyFile::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn deny_grants_nothing_but_to_compute() {
    let manifest = Manifest::parse(FULL.as_bytes()).unwrap();
    let grant = Grant::new(&manifest, &Policy::DENY);
    assert_eq!(grant.is_granted("gpio", "set"), None);
    assert_eq!(grant.check_path("/data/weather"), Err(PathError::NotGranted {}));
    assert_eq!(grant.check_host("example.com", 443), Err(NetHostError::NotGranted {}));
    assert!(!grant.has_variable("TZ"));
    assert_eq!(grant.paths().count() + grant.hosts().count() + grant.variables().count(), 0);
    let limits = Limits {
        table_elements: 0,
        message_bytes: 1024,
        heap_bytes: 65_536,
        init_fuel: 100_000,
        destroy_fuel: 0,
        value_stack_bytes: 2048,
        recursion_depth: 32,
        ..Limits::MICRO
    };
    assert_eq!(grant.limits(), limits);
}

#[test]
fn a_manifest_that_asks_for_nothing_gets_nothing_from_an_open_policy() {
    for capabilities in [
        "{}",
        r#"{"allowFileSystem":true,"allowNetwork":true,"allowEnv":true}"#,
        r#"{"allowFileSystem":true,"allowedPaths":[],"allowNetwork":true,"allowedHosts":[],
            "allowEnv":true,"allowedEnv":[],"services":[]}"#,
        r#"{"allowedPaths":["/"],"allowedHosts":["example.com"],"allowedEnv":["PATH"],
            "services":[{"service":"log","operations":[]}]}"#,
    ] {
        let manifest = asking(capabilities);
        let grant = Grant::new(&manifest, &Policy::WORKSTATION);
        for path in ["/", ".", "/data", "a"] {
            assert_eq!(grant.check_path(path), Err(PathError::NotGranted {}));
        }
        for host in ["example.com", "localhost", "127.0.0.1", "::1"] {
            assert_eq!(grant.check_host(host, 80), Err(NetHostError::NotGranted {}));
        }
        assert!(!grant.has_variable("PATH") && !grant.has_variable(""));
        assert_eq!(grant.is_granted("log", "write"), None);
        assert_eq!(grant.is_granted("log", "*"), None);
        assert_eq!(grant.is_granted("", ""), None);
    }
}

#[test]
fn limits_are_the_lesser_field_by_field() {
    let mib = 1024 * 1024;
    for (limits, memory_bytes) in [
        (r#""limits":{"memoryBytes":100}"#, 100),
        (r#""limits":{"memoryPages":2}"#, 2 * 65_536),
        (r#""capabilities":{"maxMemoryMB":1}"#, mib),
        (r#""capabilities":{"maxMemoryMB":4095}"#, 16 * mib),
        (r#""limits":{"memoryPages":65535}"#, 16 * mib),
        (r#""limits":{"memoryBytes":4294967295}"#, 16 * mib),
        (r#""capabilities":{"maxMemoryMB":1},"limits":{"memoryPages":2,"memoryBytes":900}"#, 900),
        (r#""capabilities":{"maxMemoryMB":1},"limits":{"memoryPages":2}"#, 2 * 65_536),
        (r#""capabilities":{"maxMemoryMB":1},"limits":{"memoryPages":200}"#, mib),
    ] {
        let json = format!(r#"{{"meta":{{"name":"a","version":"1.0.0"}},{limits}}}"#);
        let manifest = Manifest::parse(json.as_bytes()).unwrap();
        let expected = Limits { memory_bytes, ..Limits::WORKSTATION };
        assert_eq!(Grant::new(&manifest, &Policy::WORKSTATION).limits(), expected, "{limits}");
    }
}

#[test]
fn the_shorter_deadline_holds() {
    let patient = br#"{"meta":{"name":"a","version":"1.0.0"}}"#;
    let hasty = br#"{"meta":{"name":"a","version":"1.0.0"},"timeout":20}"#;
    for (manifest, policy, deadline) in [
        (&patient[..], None, None),
        (patient, Some(5), Some(5)),
        (hasty, None, Some(20_000)),
        (hasty, Some(19_999), Some(19_999)),
        (hasty, Some(20_001), Some(20_000)),
    ] {
        let manifest = Manifest::parse(manifest).unwrap();
        let policy = Policy { deadline_micros: policy, ..Policy::WORKSTATION };
        assert_eq!(Grant::new(&manifest, &policy).deadline_micros(), deadline);
    }
}

#[test]
fn an_operation_needs_both() {
    let manifest = asking(
        r#"{"services":[
            {"service":"gpio","operations":["set","get"],"scope":"led/red","perSecond":10},
            {"service":"gpio","operations":["watch"]},
            {"service":"kv","operations":["get"]}
        ]}"#,
    );
    let granted = |scope, per_second| Some(Granted { scope, per_second });
    for (policy, service, operation, expected) in [
        (r#"{}"#, "gpio", "set", None),
        (r#"[]"#, "gpio", "set", None),
        (
            r#"[{"service":"*","operations":["*"]}]"#,
            "gpio",
            "set",
            granted(Some("led/red"), Some(10)),
        ),
        (r#"[{"service":"*","operations":["*"]}]"#, "gpio", "watch", granted(None, None)),
        (r#"[{"service":"*","operations":["*"]}]"#, "gpio", "toggle", None),
        (r#"[{"service":"*","operations":["*"]}]"#, "GPIO", "set", None),
        (r#"[{"service":"*","operations":["*"]}]"#, "uart", "set", None),
        (r#"[{"service":"*","operations":["*"]}]"#, "*", "*", None),
        (r#"[{"service":"*","operations":[]}]"#, "gpio", "set", None),
        (r#"[{"service":"gpio","operations":["get"]}]"#, "gpio", "set", None),
        (r#"[{"service":"gpio","operations":["get"]}]"#, "kv", "get", None),
        (r#"[{"service":"*","operations":["get"]}]"#, "kv", "get", granted(None, None)),
        (
            r#"[{"service":"gpio","operations":["set"],"perSecond":3}]"#,
            "gpio",
            "set",
            granted(Some("led/red"), Some(3)),
        ),
        (
            r#"[{"service":"gpio","operations":["*"],"perSecond":30}]"#,
            "gpio",
            "set",
            granted(Some("led/red"), Some(10)),
        ),
        (
            r#"[{"service":"gpio","operations":["*"],"scope":"led","perSecond":5}]"#,
            "gpio",
            "watch",
            granted(Some("led"), Some(5)),
        ),
        (
            r#"[{"service":"gpio","operations":["*"],"scope":"led"}]"#,
            "gpio",
            "set",
            granted(Some("led/red"), Some(10)),
        ),
        (
            r#"[{"service":"gpio","operations":["*"],"scope":"led/red/dim"}]"#,
            "gpio",
            "set",
            granted(Some("led/red/dim"), Some(10)),
        ),
        (r#"[{"service":"gpio","operations":["*"],"scope":"le"}]"#, "gpio", "set", None),
        (r#"[{"service":"gpio","operations":["*"],"scope":"led/green"}]"#, "gpio", "set", None),
        (
            r#"[{"service":"gpio","operations":["*"],"scope":"motor"},
                {"service":"gpio","operations":["set"],"scope":"led","perSecond":2},
                {"service":"*","operations":["*"]}]"#,
            "gpio",
            "set",
            granted(Some("led/red"), Some(2)),
        ),
    ] {
        let services = if policy == "{}" { "" } else { &format!(r#""services":{policy}"#) };
        let file = self::policy(&format!(r#"{{"capabilities":{{{services}}}}}"#));
        let policy_of_file = file.policy();
        let grant = Grant::new(&manifest, &policy_of_file);
        assert_eq!(
            grant.is_granted(service, operation),
            expected,
            "{policy} {service}.{operation}"
        );
    }
}

#[test]
fn a_policy_in_code_grants_as_one_in_a_file() {
    const RULE: ServiceRule<'_> = ServiceRule {
        service: "gpio",
        operations: Strings::of(&["set"]),
        scope: Some("led"),
        per_second: Some(2),
    };
    const POLICY: Policy<'_> = Policy {
        services: ServiceRules::of(&[RULE]),
        paths: Strings::of(&["/data"]),
        hosts: Strings::of(&["example.com"]),
        variables: Strings::of(&["TZ"]),
        ..Policy::WORKSTATION
    };
    let file = policy(
        r#"{"capabilities":{
            "allowFileSystem":true,"allowedPaths":["/data"],
            "allowNetwork":true,"allowedHosts":["example.com"],
            "allowEnv":true,"allowedEnv":["TZ"],
            "services":[{"service":"gpio","operations":["set"],"scope":"led","perSecond":2}]
        }}"#,
    );
    let manifest = Manifest::parse(FULL.as_bytes()).unwrap();
    let of_file = file.policy();
    let (code, file) = (Grant::new(&manifest, &POLICY), Grant::new(&manifest, &of_file));
    assert!(code.report().eq(file.report()));
    assert!(code.report().count() > 10);
}

#[test]
fn a_policy_in_code_that_is_wrong_grants_nothing() {
    const WRONG: ServiceRule<'_> = ServiceRule {
        service: "gpio",
        operations: Strings::EVERY,
        scope: Some("led/../.."),
        per_second: None,
    };
    let policy = Policy {
        services: ServiceRules::of(&[WRONG]),
        paths: Strings::of(&["", "/data/..", "/*", "\\"]),
        hosts: Strings::of(&["", "*.com", "127.1"]),
        ..Policy::WORKSTATION
    };
    let manifest = Manifest::parse(FULL.as_bytes()).unwrap();
    let grant = Grant::new(&manifest, &policy);
    assert_eq!((grant.paths().count(), grant.hosts().count()), (0, 0));
    assert_eq!(grant.is_granted("gpio", "set"), None);
    assert_eq!(grant.is_granted("gpio", "toggle"), None);
}

#[test]
fn a_path_needs_both() {
    let manifest = asking(
        r#"{"allowFileSystem":true,"allowedPaths":["/data","/etc/app/","cache","/var/log/a"]}"#,
    );
    for (ceiling, path, granted) in [
        (&["*"][..], "/data/x", true),
        (&["*"], "cache/x", true),
        (&["*"], "/dat", false),
        (&["/"], "/data/x", true),
        (&["/"], "cache/x", false),
        (&["."], "cache/x", true),
        (&["."], "/data/x", false),
        (&["/data"], "/data", true),
        (&["/data/x"], "/data/x/y", true),
        (&["/data/x"], "/data/xy", false),
        (&["/data/x"], "/data", false),
        (&["/etc"], "/etc/app/conf", true),
        (&["/etc"], "/etc/passwd", false),
        (&["/var", "/etc/app"], "/var/log/a", true),
        (&["/var", "/etc/app"], "/etc/app", true),
        (&["/other"], "/data", false),
        (&[], "/data", false),
    ] {
        let policy = Policy { paths: Strings::of(ceiling), ..Policy::DENY };
        let found = Grant::new(&manifest, &policy).check_path(path);
        let error = PathError::NotGranted {};
        assert_eq!(found.map(|path| path.as_str()), if granted { Ok(path) } else { Err(error) });
    }
    let grant = Grant::new(&manifest, &Policy::WORKSTATION);
    assert_eq!(grant.check_path("/data/../etc/passwd"), Err(PathError::Dots {}));
}

#[test]
fn a_host_needs_both() {
    let manifest =
        asking(r#"{"allowNetwork":true,"allowedHosts":["example.com","a.org:443","127.0.0.1"]}"#);
    for (ceiling, host, port, granted) in [
        (&["*"][..], "api.example.com", 80, true),
        (&["*"], "evil.org", 80, false),
        (&["*:443"], "example.com", 443, true),
        (&["*:443"], "example.com", 80, false),
        (&["*:80"], "a.org", 443, false),
        (&["*:80"], "a.org", 80, false),
        (&["api.example.com"], "api.example.com", 80, true),
        (&["api.example.com"], "x.api.example.com", 80, true),
        (&["api.example.com"], "example.com", 80, false),
        (&["example.com:1", "example.com:2"], "example.com", 2, true),
        (&["example.com:1", "example.com:2"], "example.com", 3, false),
        (&["a.org"], "a.org", 443, true),
        (&["a.org"], "a.org", 80, false),
        (&["127.0.0.1"], "127.0.0.1", 80, true),
        (&["127.0.0.1"], "127.0.0.2", 80, false),
        (&["com", "org"], "example.com", 80, false),
        (&[], "example.com", 80, false),
    ] {
        let policy = Policy { hosts: Strings::of(ceiling), ..Policy::DENY };
        let found = Grant::new(&manifest, &policy).check_host(host, port).is_ok();
        assert_eq!(found, granted, "{ceiling:?} {host}:{port}");
    }
    let grant = Grant::new(&manifest, &Policy::WORKSTATION);
    assert_eq!(grant.check_host("127.1", 80), Err(NetHostError::Address {}));
}

#[test]
fn a_names_address_must_be_public_or_granted_itself() {
    let manifest =
        asking(r#"{"allowNetwork":true,"allowedHosts":["example.com","127.0.0.1:80","fd00::1"]}"#);
    let (special, not_granted) = (Err(NetHostError::Special {}), Err(NetHostError::NotGranted {}));
    for (host, address, port, expected) in [
        ("example.com", "8.8.8.8", 80, Ok(())),
        ("example.com", "2606:4700::1111", 80, Ok(())),
        ("example.com", "127.0.0.1", 80, Ok(())),
        ("example.com", "::ffff:127.0.0.1", 80, Ok(())),
        ("example.com", "127.0.0.1", 81, special.clone()),
        ("example.com", "127.0.0.2", 80, special.clone()),
        ("example.com", "10.0.0.1", 80, special.clone()),
        ("example.com", "169.254.169.254", 80, special.clone()),
        ("example.com", "::1", 80, special.clone()),
        ("example.com", "::ffff:10.0.0.1", 80, special.clone()),
        ("example.com", "fd00::1", 80, Ok(())),
        ("example.com", "fd00::2", 80, special.clone()),
        ("127.0.0.1", "127.0.0.1", 80, Ok(())),
        ("127.0.0.1", "127.0.0.1", 81, not_granted.clone()),
        ("127.0.0.1", "8.8.8.8", 80, not_granted.clone()),
        ("evil.org", "8.8.8.8", 80, not_granted.clone()),
        ("localhost", "127.0.0.1", 80, not_granted.clone()),
    ] {
        let grant = Grant::new(&manifest, &Policy::WORKSTATION);
        let (name, ip) = (NetHost::parse(host).unwrap(), address.parse::<IpAddr>().unwrap());
        assert_eq!(grant.check_address(&name, ip, port), expected, "{host} {address}:{port}");
    }
    let closed = Policy { hosts: Strings::of(&["example.com"]), ..Policy::DENY };
    let (name, ip) = (NetHost::Name("example.com"), "127.0.0.1".parse().unwrap());
    assert_eq!(Grant::new(&manifest, &closed).check_address(&name, ip, 80), special);
}

#[test]
fn variables_need_both() {
    let manifest = asking(r#"{"allowEnv":true,"allowedEnv":["TZ","LANG"]}"#);
    for (ceiling, granted) in [
        (&["*"][..], &["TZ", "LANG"][..]),
        (&["LANG", "HOME"], &["LANG"]),
        (&["tz", "TZ2"], &[]),
        (&["TZ", "*"], &["TZ", "LANG"]),
        (&[], &[]),
    ] {
        let policy = Policy { variables: Strings::of(ceiling), ..Policy::DENY };
        let grant = Grant::new(&manifest, &policy);
        assert_eq!(grant.variables().collect::<Vec<_>>(), granted, "{ceiling:?}");
        for name in ["TZ", "LANG", "HOME", "*", ""] {
            assert_eq!(grant.has_variable(name), granted.contains(&name), "{name}");
        }
    }
}

#[test]
fn granted_paths_are_listed_once_and_narrowed() {
    let manifest = asking(r#"{"allowFileSystem":true,"allowedPaths":["/data","cache"]}"#);
    for (ceiling, granted) in [
        (&["*"][..], &["/data", "cache"][..]),
        (&["/", "/data/x"], &["/data"]),
        (&["/data/x", "/data/y", "/etc"], &["/data/x", "/data/y"]),
        (&["."], &["cache"]),
        (&["/data/"], &["/data"]),
    ] {
        let policy = Policy { paths: Strings::of(ceiling), ..Policy::DENY };
        let grant = Grant::new(&manifest, &policy);
        let found: Vec<_> = grant.paths().map(|rule| rule.path().unwrap().as_str()).collect();
        assert_eq!(found, granted, "{ceiling:?}");
    }
}
