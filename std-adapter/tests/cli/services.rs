//! `--manifest` and `--policy`: plugins that use services.

use crate::{Folder, Ran, ampoule, command, complains, in_text, plugin, run_args};
use serde_json::{Value as Json, json};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// A plugin that imports message operations, asks the last one with `request`, and answers success if
/// its answer is `expected`, else traps. Others are asked before, and have to answer 0.
pub(crate) fn asking(
    before: &[(&str, &[u8])],
    operation: &str,
    request: &[u8],
    expected: i32,
) -> String {
    let mut imports = String::new();
    let mut data = String::new();
    let mut body = String::new();
    let asked = before.iter().map(|(operation, request)| (*operation, *request, 0));
    for (at, (operation, request, expected)) in
        asked.chain([(operation, request, expected)]).enumerate()
    {
        let (service, name) = operation.split_once('.').unwrap();
        let place = 32 + at * 100;
        let length = request.len();
        imports += &format!(
            r#"(import "{service}" "{name}" (func $f{at} (param i32 i32 i32 i32) (result i32)))"#
        );
        data += &format!(r#"(data (i32.const {place}) "{}")"#, in_text(request));
        body += &format!(
            "(if (i32.ne
                (call $f{at} (i32.const {place}) (i32.const {length})
                    (i32.const 900) (i32.const 100))
                (i32.const {expected})) (then unreachable))"
        );
    }
    plugin_importing(&imports, &data, &body)
}

/// A plugin whose `execute` does `body` and answers success.
pub(crate) fn plugin_importing(imports: &str, rest: &str, body: &str) -> String {
    // Imports stand before all else.
    plugin(&format!(
        r#"{rest}
           (data (i32.const 0) "\01\00\00")
           (func (export "execute") (param i32) (result i64) {body} (i64.const 3))"#
    ))
    .replacen("(memory ", &format!("{imports}(memory "), 1)
}

/// A manifest of the plugin `test` that asks for these operations, each `service.operation`.
pub(crate) fn manifest(operations: &[&str]) -> String {
    let rules: Vec<_> = operations.iter().map(|it| rule(it, json!({}))).collect();
    manifest_of("test", json!({ "services": rules }))
}

pub(crate) fn rule(operation: &str, more: Json) -> Json {
    let (service, operation) = operation.split_once('.').unwrap();
    let mut rule = json!({ "service": service, "operations": [operation] });
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

pub(crate) fn manifest_of(name: &str, capabilities: Json) -> String {
    let meta = json!({ "name": name, "version": "1.0.0" });
    json!({ "meta": meta, "capabilities": capabilities }).to_string()
}

const LOG_HI: &[u8] = b"\x02\x02hi";
/// The import of `log.write`, and a use of it that writes [`line`].
const LOG: &str = r#"(import "log" "write" (func $write (param i32 i32 i32 i32) (result i32)))"#;
const LOG_WRITE: &str = "(call $write (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 0))";

/// [`LOG_HI`] where [`LOG_WRITE`] looks for it.
fn line() -> String {
    format!(r#"(data (i32.const 32) "{}")"#, in_text(LOG_HI))
}

pub(crate) const KV_SET: &[u8] = b"\x03led\x02\x01\xff";
pub(crate) const KV_GET: &[u8] = b"\x03led";

/// The files of a test.
pub(crate) struct Case {
    pub(crate) folder: Folder,
    plugin: PathBuf,
    manifest: PathBuf,
}

impl Case {
    pub(crate) fn new(plugin: &str, manifest: &str) -> Self {
        let folder = Folder::new();
        let (plugin, manifest) = (folder.with("p.wat", plugin), folder.with("m.json", manifest));
        Self { folder, plugin, manifest }
    }

    pub(crate) fn args<'a>(&'a self, command: &'a str, more: &'a [&'a str]) -> Vec<&'a OsStr> {
        let start = [OsStr::new(command), self.plugin.as_os_str()];
        let manifest = [OsStr::new("--manifest"), self.manifest.as_os_str()];
        let more = more.iter().map(OsStr::new);
        start.into_iter().chain(manifest).chain(more).collect()
    }

    pub(crate) fn run(&self, more: &[&str]) -> Ran {
        ampoule(self.args("run", more)).clean()
    }

    /// It is told the same by `run` for people and programs, and it is `inspect`'s verdict.
    fn refused(&self, policy: Option<&Path>, code: &str) {
        let policy: Vec<_> =
            policy.iter().flat_map(|it| ["--policy", it.to_str().unwrap()]).collect();
        complains(&self.args("run", &policy), 3, code);
        let told = ampoule([self.args("inspect", &policy), vec![OsStr::new("--json")]].concat());
        assert_eq!((told.status, &told.json()["verdict"]["code"]), (3, &json!(code)));
    }
}

#[test]
fn a_granted_line_goes_to_stderr_and_the_outcome_to_stdout() {
    let case = Case::new(&asking(&[], "log.write", LOG_HI, 0), &manifest(&["log.write"]));
    let ran = case.run(&[]);
    assert_eq!((ran.status, ran.err.as_str()), (0, "info test: hi\n"), "{ran:?}");
    assert!(ran.out.starts_with("success\n"), "{ran:?}");
    let ran = case.run(&["--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, "info test: hi\n"), "{ran:?}");
    assert_eq!(ran.json(), json!({ "success": true, "data": null }));
    let ran = case.run(&["--json", "--stats"]);
    assert_eq!(ran.err.lines().count(), 2, "{ran:?}");
    ran.json();
}

#[test]
fn what_a_terminal_obeys_does_not_get_through_a_line_or_an_event() {
    let text = "\u{1b}[2J\u{9b}31m\nerror[U01]: \u{202e}";
    let request = [&[0, text.len() as u8], text.as_bytes()].concat();
    let event = b"\x04door\x03\x1b[m";
    let guest = asking(&[("log.write", &request)], "event.publish", event, 0);
    let case = Case::new(&guest, &manifest(&["log.write", "event.publish"]));
    let ran = case.run(&["--json"]);
    assert_eq!(
        (ran.status, ran.err.as_str()),
        (
            0,
            "error test: \u{fffd}[2J\u{fffd}31m\u{fffd}error[U01]: \u{fffd}\n\
             event test: door: 3 bytes: 1b 5b 6d\n"
        ),
        "{ran:?}"
    );
    ran.json();
}

#[test]
fn lines_are_there_before_what_ends_the_guest() {
    let body = format!("(drop {LOG_WRITE}) unreachable");
    let case = Case::new(&plugin_importing(LOG, &line(), &body), &manifest(&["log.write"]));
    let ran = case.run(&["--json"]);
    assert_eq!(ran.status, 3, "{ran:?}");
    assert!(ran.err.starts_with("info test: hi\nerror["), "{ran:?}");
    assert_eq!(ran.json()["success"], false);
}

#[test]
fn services_serve_while_a_plugin_starts_and_ends() {
    let write = format!("(drop {LOG_WRITE})");
    let rest = format!(
        r#"{}
           (func (export "ampoule_init") (param i32) (result i64) {write} (i64.const 0))
           (func (export "ampoule_destroy") (param i32) (result i64) {write} (i64.const 0))"#,
        line()
    );
    let case = Case::new(&plugin_importing(LOG, &rest, &write), &manifest(&["log.write"]));
    let ran = case.run(&[]);
    assert_eq!((ran.status, ran.err), (0, "info test: hi\n".repeat(3)));
}

#[test]
fn the_clock_tells_the_time() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let imports = r#"(import "clock" "now_us" (func $now (result i64)))
        (import "clock" "monotonic_us" (func $monotonic (result i64)))"#;
    let hour = 3_600_000_000;
    // Not before this test, not an hour after it; and the other clock doesn't go back.
    let body = format!(
        "(local $t i64)
         (if (i64.lt_s (call $now) (i64.const {now})) (then unreachable))
         (if (i64.gt_s (call $now) (i64.const {})) (then unreachable))
         (local.set $t (call $monotonic))
         (if (i64.lt_s (local.get $t) (i64.const 0)) (then unreachable))
         (if (i64.gt_s (local.get $t) (call $monotonic)) (then unreachable))",
        now + hour
    );
    let guest = plugin_importing(imports, "", &body);
    Case::new(&guest, &manifest(&["clock.now_us", "clock.monotonic_us"])).run(&[]).done();
    Case::new(&guest, &manifest(&["clock.now_us"])).refused(None, "A34");
}

#[test]
fn random_numbers_differ() {
    let imports = r#"(import "random" "u64" (func $number (result i64)))"#;
    let body = "(if (i64.eq (call $number) (call $number)) (then unreachable))";
    let guest = plugin_importing(imports, "", body);
    Case::new(&guest, &manifest(&["random.u64"])).run(&[]).done();
}

#[test]
fn values_are_kept_until_the_command_ends() {
    let both = manifest(&["kv.set", "kv.get"]);
    let case = Case::new(&asking(&[("kv.set", KV_SET)], "kv.get", KV_GET, 2), &both);
    case.run(&[]).done();
    // NotFound
    Case::new(&asking(&[], "kv.get", KV_GET, -5), &both).run(&[]).done();
}

#[test]
fn a_scope_and_a_rate_hold() {
    let rules = [rule("kv.set", json!({ "scope": "door" }))];
    let scoped = manifest_of("test", json!({ "services": rules }));
    // NotGranted
    Case::new(&asking(&[], "kv.set", KV_SET, -1), &scoped).run(&[]).done();
    let rules = [rule("log.write", json!({ "perSecond": 1 }))];
    let slow = manifest_of("test", json!({ "services": rules }));
    let (imports, data, write) = (LOG, &line(), LOG_WRITE);
    // Busy
    let twice = format!("(drop {write}) (if (i32.ne {write} (i32.const -4)) (then unreachable))");
    let ran = Case::new(&plugin_importing(imports, data, &twice), &slow).run(&[]);
    assert_eq!((ran.status, ran.err.as_str()), (0, "info test: hi\n"), "{ran:?}");
}

/// Runs a plugin that asks for the variable `AMPOULE_TEST`, which has the value `UTC`.
fn asks_for_variable(capabilities: Json, policy: Option<&str>, expected: i32) {
    let guest = asking(&[], "env.get", b"\x0cAMPOULE_TEST", expected);
    let case = Case::new(&guest, &manifest_of("test", capabilities));
    let policy = policy.map(|policy| case.folder.with("policy.json", policy));
    let policy: Vec<_> =
        policy.iter().flat_map(|path| ["--policy", path.to_str().unwrap()]).collect();
    let ran = command(case.args("run", &policy)).env("AMPOULE_TEST", "UTC").output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
}

#[test]
fn only_the_variables_that_the_grant_names_are_seen() {
    let rules = [rule("env.get", json!({}))];
    let scoped = [rule("env.get", json!({ "scope": "HOME" }))];
    let named = json!({ "services": rules, "allowEnv": true, "allowedEnv": ["AMPOULE_TEST"] });
    let other = json!({ "services": rules, "allowEnv": true, "allowedEnv": ["HOME"] });
    let off = json!({ "services": rules, "allowedEnv": ["AMPOULE_TEST"] });
    let outside =
        json!({ "services": scoped, "allowEnv": true, "allowedEnv": ["AMPOULE_TEST", "HOME"] });
    let (found, not_found, not_granted) = (4, -5, -1);
    asks_for_variable(named.clone(), None, found);
    asks_for_variable(json!({ "services": rules }), None, not_found);
    asks_for_variable(other, None, not_found);
    asks_for_variable(off, None, not_found);
    asks_for_variable(outside, None, not_granted);
    let policy = r#"{ "capabilities": { "services": [{ "service": "*", "operations": ["*"] }],
        "allowEnv": true, "allowedEnv": ["HOME"] } }"#;
    asks_for_variable(named.clone(), Some(policy), not_found);
    asks_for_variable(named, Some(&policy.replace("HOME", "*")), found);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_is_left_out() {
    use std::os::unix::ffi::OsStrExt as _;
    let named = json!({
        "services": [rule("env.get", json!({}))],
        "allowEnv": true,
        "allowedEnv": ["AMPOULE_TEST"],
    });
    // NotFound
    let guest = asking(&[], "env.get", b"\x0cAMPOULE_TEST", -5);
    let case = Case::new(&guest, &manifest_of("test", named));
    let odd = OsStr::from_bytes(b"na\xefve");
    let ran = command(case.args("run", &[])).env("AMPOULE_TEST", odd).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
}

#[test]
fn an_import_that_is_not_granted_is_refused() {
    let guest = asking(&[], "kv.set", KV_SET, 0);
    Case::new(&guest, &manifest(&["kv.get"])).refused(None, "A34");
    Case::new(&guest, &manifest(&[])).refused(None, "A34");
}

#[test]
fn a_policy_takes_away() {
    let case = Case::new(&asking(&[], "log.write", LOG_HI, 0), &manifest(&["log.write"]));
    let nothing = case.folder.with("nothing.json", "{}");
    case.refused(Some(&nothing), "A34");
    let everything =
        r#"{ "capabilities": { "services": [{ "service": "*", "operations": ["*"] }] } }"#;
    let everything = case.folder.with("everything.json", everything);
    let ran = case.run(&["--policy", everything.to_str().unwrap()]);
    assert_eq!((ran.status, ran.err.as_str()), (0, "info test: hi\n"));
}

#[test]
fn what_nobody_offers_stays_refused_whatever_the_manifest_says() {
    let gpio = asking(&[], "gpio.set", b"", 0);
    Case::new(&gpio, &manifest(&["gpio.set"])).refused(None, "A19");
    let log = asking(&[], "log.shout", LOG_HI, 0);
    Case::new(&log, &manifest(&["log.shout"])).refused(None, "A19");
}

#[test]
fn without_a_manifest_nothing_is_offered() {
    let folder = Folder::new();
    let path = folder.with("p.wat", asking(&[], "log.write", LOG_HI, 0));
    complains(&run_args(&path, &[]), 3, "A19");
    let help = ampoule(["run", "--help"]).done();
    for told in ["(A19)", "lost at the end", "wasmPath is ignored", "  fs  ", "  net  ", "(F13)"] {
        assert!(help.out.contains(told), "{help:?}");
    }
}

#[test]
fn the_manifest_of_another_plugin_is_refused() {
    let other = manifest_of("weather", json!({}));
    let case = Case::new(&asking(&[], "log.write", LOG_HI, 0), &other);
    for command in ["run", "inspect"] {
        let ran = complains(&case.args(command, &[]), 3, "U06");
        assert!(ran.err.contains("for the plugin weather, the module is test\n"), "{ran:?}");
    }
}

#[test]
fn wrong_files_are_told_as_by_manifest_check() {
    let case = Case::new(&asking(&[], "log.write", LOG_HI, 0), &manifest(&["log.write"]));
    let missing = case.folder.path("missing.json");
    let wrong = case.folder.with("wrong.json", "{");
    for command in ["run", "inspect"] {
        for (file, status, code) in
            [(&*missing, 2, "I01"), (&wrong, 3, "M03"), (case.folder.0.path(), 2, "I02")]
        {
            let plugin = [OsStr::new(command), case.plugin.as_os_str()];
            let manifest = [OsStr::new("--manifest"), file.as_os_str()];
            complains(&[plugin, manifest].concat(), status, code);
            complains(&case.args(command, &["--policy", file.to_str().unwrap()]), status, code);
        }
        let alone = [command, case.plugin.to_str().unwrap(), "--policy", "x.json"];
        complains(&alone.map(OsStr::new), 2, "U01");
    }
}

#[test]
fn the_tighter_limit_holds() {
    let document = |fuel: u64| {
        let meta = json!({ "name": "test", "version": "1.0.0" });
        let capabilities = json!({ "services": [rule("log.write", json!({}))] });
        json!({ "meta": meta, "capabilities": capabilities, "limits": { "fuelPerCall": fuel } })
            .to_string()
    };
    let guest = asking(&[], "log.write", LOG_HI, 0);
    let allowed = |fuel: u64, more: &[&str]| {
        let ran = Case::new(&guest, &document(fuel)).run(&[&["--json", "--stats"], more].concat());
        assert_eq!(ran.status, 0, "{ran:?}");
        let stats: Json = serde_json::from_str(ran.err.lines().last().unwrap()).unwrap();
        stats["fuel_allowed"].as_u64().unwrap()
    };
    assert_eq!(allowed(5_000_000, &[]), 5_000_000);
    assert_eq!(allowed(5_000_000, &["--fuel", "9000000"]), 5_000_000);
    assert_eq!(allowed(5_000_000, &["--fuel", "70000"]), 70_000);
    assert_eq!(allowed(5_000_000, &["--limits", "micro"]), 1_000_000);
    assert_eq!(allowed(70_000, &["--limits", "micro"]), 70_000);
    assert_eq!(allowed(5_000_000, &["--limits", "micro", "--fuel", "2000000"]), 2_000_000);
    let ran = Case::new(&guest, &document(100)).run(&[]);
    assert_eq!(ran.status, 3, "{ran:?}");
    let ran = Case::new(&guest, &document(70_000)).run(&["--memory", "1000"]);
    assert!(ran.status == 3 && ran.err.contains("1000 are allowed"), "{ran:?}");
}

#[test]
fn inspect_tells_what_is_offered_and_granted() {
    let guest = asking(&[("log.write", LOG_HI), ("kv.set", KV_SET)], "gpio.set", b"", 0);
    let rules = [
        rule("log.write", json!({ "perSecond": 10 })),
        rule("gpio.set", json!({ "scope": "led", "perSecond": 2 })),
    ];
    let case = Case::new(&guest, &manifest_of("test", json!({ "services": rules })));
    let ran = ampoule(case.args("inspect", &[])).clean();
    let rows: Vec<Vec<&str>> = ran
        .out
        .lines()
        .skip_while(|line| *line != "Services asked for")
        .skip(1)
        .take(5)
        .map(|line| line.split("  ").map(str::trim).filter(|it| !it.is_empty()).collect())
        .collect();
    let message = "(i32, i32, i32, i32) -> (i32)";
    assert_eq!(
        rows,
        [
            ["operation", "type", "offered", "granted"],
            ["ampoule.panic", "(i32, i32) -> ()", "yes", "needs no grant"],
            ["log.write", message, "yes", "yes, 10 a second"],
            ["kv.set", message, "yes", "no"],
            ["gpio.set", message, "no", "yes in led, 2 a second"],
        ],
        "{ran:?}"
    );
    assert_eq!(ran.status, 3);
    assert!(ran.out.contains("would be refused: error[A34]"), "{ran:?}");

    let told = ampoule(case.args("inspect", &["--json"])).json();
    let judged = |at: usize| {
        let service = &told["services"][at];
        ["offered", "granted", "scope", "per_second"].map(|key| service[key].clone())
    };
    assert_eq!(judged(0), [json!(true), json!(true), Json::Null, Json::Null]);
    assert_eq!(judged(1), [json!(true), json!(true), Json::Null, json!(10)]);
    assert_eq!(judged(2), [json!(true), json!(false), Json::Null, Json::Null]);
    assert_eq!(judged(3), [json!(false), json!(true), json!("led"), json!(2)]);
}

#[test]
fn inspect_would_load_what_is_granted() {
    let case = Case::new(&asking(&[], "log.write", LOG_HI, 0), &manifest(&["log.write"]));
    let ran = ampoule(case.args("inspect", &[])).done();
    assert!(ran.out.contains("would be loaded"), "{ran:?}");
}
