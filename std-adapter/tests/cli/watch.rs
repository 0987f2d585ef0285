//! `ampoule watch`: plugins that come, change, fail and go while they are called.

use crate::{
    Folder, PATIENCE, Ran, ampoule, answering, command,
    services::{KV_GET, KV_SET, asking, manifest, plugin_importing, rule},
    wait,
};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Read, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

/// A plugin called `test` whose outcome is `success` with a small number.
fn telling(number: u8) -> String {
    answering("execute", &[1, 2, number * 2, 0], false)
}

/// The manifest of a plugin called `name` of this kind, whose module is `name.wat`.
fn named(name: &str, capabilities: Value, timeout: Option<u32>) -> String {
    let mut manifest = json!({
        "meta": { "name": name, "version": "1.0.0" },
        "wasmPath": format!("./{name}.wat"),
        "capabilities": capabilities,
    });
    if let Some(timeout) = timeout {
        manifest["timeout"] = json!(timeout);
    }
    manifest.to_string()
}

/// Renames `test`, so that there may be several.
fn renamed(text: &str, name: &str) -> String {
    assert_eq!(name.len(), 4);
    let name: String = name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    text.replacen(r"\74\65\73\74", &name, 1)
}

/// A folder with one plugin, `test`.
fn folder(text: &str, capabilities: Value) -> Folder {
    let folder = Folder::new();
    folder.with("test.json", named("test", capabilities, None));
    folder.with("test.wat", text);
    folder
}

/// Replaces a file in one step, as an installer does.
fn replace(folder: &Folder, name: &str, content: &str) {
    let new = folder.with("new", content);
    fs::rename(new, folder.path(name)).unwrap();
}

/// `ampoule watch FOLDER --once`, with these lines as its input.
fn once(folder: &Folder, input: &str, more: &[&str]) -> Ran {
    let mut watching = Watching::start(folder, &[&["--once"], more].concat());
    watching.say(input);
    watching.end()
}

/// The lines of stdout.
fn answers(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A child that doesn't outlive a test that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The command at work.
struct Watching {
    child: Running,
    input: Option<ChildStdin>,
    out: Lines,
    err: Lines,
}

/// The lines of a stream, as they come.
struct Lines {
    come: Receiver<String>,
    seen: String,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, come) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(stream).lines().all(|line| sender.send(line.unwrap()).is_ok())
        });
        Self { come, seen: String::new() }
    }

    fn next(&mut self) -> String {
        let line = self.come.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{}", self.seen));
        self.seen += &format!("{line}\n");
        line
    }

    /// The next line that has this in it; others are passed over.
    fn with(&mut self, part: &str) -> String {
        loop {
            let line = self.next();
            if line.contains(part) {
                return line;
            }
        }
    }

    fn all(mut self) -> String {
        self.come.iter().for_each(|line| self.seen += &format!("{line}\n"));
        self.seen
    }
}

impl Watching {
    fn start(folder: &Folder, more: &[&str]) -> Self {
        let start = [OsStr::new("watch"), folder.0.path().as_os_str()];
        let args = start.into_iter().chain(more.iter().map(OsStr::new));
        let mut child = command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let out = Lines::of(child.stdout.take().unwrap());
        let err = Lines::of(child.stderr.take().unwrap());
        Self { child: Running(child), input, out, err }
    }

    fn say(&mut self, lines: &str) {
        self.input.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// Calls `test`, and answers what it says.
    fn call(&mut self) -> Value {
        self.say("{\"plugin\":\"test\"}\n");
        serde_json::from_str(&self.out.next()).unwrap()
    }

    fn interrupt(&self, signal: &str) {
        let pid = self.child.0.id().to_string();
        let sent = std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends its input, and waits for its end.
    fn end(mut self) -> Ran {
        self.input = None;
        let status = wait(&mut self.child.0);
        Ran { status, out: self.out.all(), err: self.err.all() }.clean()
    }
}

#[test]
fn once_loads_calls_answers_and_unloads() {
    let folder = folder(&telling(7), json!({}));
    let ran =
        once(&folder, "{\"plugin\":\"test\"}\n{\"plugin\":\"test\",\"request_id\":\"x\"}", &[]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let expected =
        |id: &str| json!({"success": true, "data": 7, "plugin": "test", "request_id": id});
    assert_eq!(answers(&ran), [expected("line-1"), expected("x")]);
    let told: Vec<_> = ran.err.lines().collect();
    let [loaded, unloaded, summary] = told[..] else { panic!("{ran:?}") };
    assert!(loaded.contains("test.json: test: loaded "), "{ran:?}");
    assert_eq!(unloaded, "test: unloaded");
    assert!(summary.starts_with("plugins: 1, calls: 2, failures: 0, fuel: "), "{ran:?}");
}

#[test]
fn parameters_reach_the_plugin_as_run_sends_them() {
    // Answers the request as bytes.
    let mirror = crate::plugin(
        r#"(func (export "other") (param $len i32) (result i64)
          (i32.store8 (i32.const 0) (i32.const 1))
          (i32.store8 (i32.const 1) (i32.const 5))
          (i32.store8 (i32.const 2) (local.get $len))
          (memory.copy (i32.const 3) (i32.const 0x200) (local.get $len))
          (i32.store8 (i32.add (i32.const 3) (local.get $len)) (i32.const 0))
          (i64.extend_i32_u (i32.add (i32.const 4) (local.get $len))))"#,
    );
    let folder = folder(&mirror, json!({}));
    let line = json!({"plugin": "test", "entry": "other", "request_id": "7",
        "parameters": {"b": "1=2", "a": ""}, "headers": {"h": "x y"}});
    // serde_json sorts the names of an object.
    let ran = once(&folder, &line.to_string(), &[]);
    let expected = b"\x017\x01\x01h\x03x y\x02\x01a\x00\x01b\x031=2";
    assert_eq!(answers(&ran)[0]["data"], json!(expected), "{ran:?}");
}

#[test]
fn a_bad_line_is_answered_and_costs_no_other() {
    let folder = folder(&telling(1), json!({}));
    let bad = "\n{\"plugin\":\"te\\u001b[2Jst\"}\nnonsense \u{1b}[2J\n{\"plugin\":\"test\",\"entry\":\"fly\"}\n\
        {\"plugin\":\"test\",\"parameters\":{\"n\":1}}\n{\"plugin\":\"test\"}\n";
    let ran = once(&folder, bad, &[]);
    assert_eq!(ran.status, 2, "{ran:?}");
    let mut told = answers(&ran);
    assert!(told.iter().all(|it| it["cure"].is_string() || it["success"] == true), "{told:?}");
    told.sort_by_key(|it| it["code"].to_string());
    let codes: Vec<_> = told.iter().map(|it| it["code"].as_str().unwrap_or("good")).collect();
    assert_eq!(codes, ["B01", "V01", "V01", "V03", "good"], "{told:?}");
    let places: Vec<_> = told.iter().map(|it| it["request_id"].clone()).collect();
    assert_eq!(
        places,
        [json!("line-4"), Value::Null, Value::Null, json!("line-2"), json!("line-6")]
    );
    assert_eq!(told[3]["error"], "there is no plugin called te\\u{1b}[2Jst");
}

#[test]
fn once_ends_with_the_worst_that_has_happened() {
    let call = "{\"plugin\":\"test\"}\n";
    for (text, status) in [
        (telling(1), 0),
        // The outcome says that it failed; the plugin declines; it traps; it is refused; it can't be read.
        (answering("execute", b"\x00\x00\x00", false), 1),
        (answering("execute", b"\x09\x02no", true), 1),
        (crate::plugin(r#"(func (export "execute") (param i32) (result i64) unreachable)"#), 3),
        ("(module)".to_owned(), 3),
        ("(modul".to_owned(), 2),
    ] {
        let ran = once(&folder(&text, json!({})), call, &[]);
        assert_eq!(ran.status, status, "{text}: {ran:?}");
        assert_eq!(answers(&ran).len(), 1, "{ran:?}");
    }
    let ran = once(&folder(&telling(1), json!({})), "", &[]);
    assert_eq!((ran.status, ran.out.as_str()), (0, ""), "{ran:?}");
    let nowhere = Folder::new();
    fs::remove_dir(nowhere.0.path()).unwrap();
    let ran = once(&nowhere, "", &[]);
    assert!(ran.status == 2 && ran.err.contains("I01: "), "{ran:?}");
}

#[test]
fn many_calls_are_made_in_the_order_of_their_lines() {
    let folder = folder(&telling(1), json!({}));
    let input = "{\"plugin\":\"test\"}\n".repeat(200);
    let ran = once(&folder, &input, &[]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let ids: Vec<_> = answers(&ran).iter().map(|it| it["request_id"].clone()).collect();
    let expected: Vec<_> = (1..=200).map(|line| json!(format!("line-{line}"))).collect();
    assert_eq!(ids, expected);
}

#[test]
fn a_new_version_takes_over_and_a_broken_one_does_not() {
    let folder = folder(&telling(1), json!({}));
    let mut watching = Watching::start(&folder, &[]);
    watching.err.with("test: loaded");
    assert_eq!(watching.call()["data"], 1);
    replace(&folder, "test.wat", &telling(2));
    watching.err.with("test: reloaded, from ");
    assert_eq!(watching.call()["data"], 2);
    replace(&folder, "test.wat", "(module)");
    let failed = watching.err.with("test: A");
    assert!(failed.contains("test.json: test: A"), "{failed}");
    assert_eq!(watching.call()["data"], 2);
    // It has lost the entry that was called.
    replace(&folder, "test.wat", &answering("other", b"\x01\x00\x00", false));
    watching.err.with("L05");
    assert_eq!(watching.call()["data"], 2);
    replace(&folder, "test.wat", &telling(3));
    watching.err.with("test: reloaded, from ");
    assert_eq!(watching.call()["data"], 3);
    fs::remove_file(folder.path("test.json")).unwrap();
    watching.err.with("test: unloaded");
    assert_eq!(watching.call()["code"], "V03");
    // The end of the input is not the end of the watch.
    watching.input = None;
    folder.with("test.json", named("test", json!({}), None));
    watching.err.with("test: loaded");
    watching.interrupt("-INT");
    assert_eq!(watching.end().status, 0);
}

#[test]
fn what_ends_the_command_unloads_all_and_answers_what_was_asked() {
    let write = "(drop (call $write (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 0)))";
    let imports = r#"(import "log" "write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "clock" "sleep_ms" (func $sleep (param i32) (result i32)))"#;
    let rest = format!(
        r#"(data (i32.const 32) "\02\02hi")
           (func (export "ampoule_destroy") (param i32) (result i64) {write} (i64.const 0))"#
    );
    let sleeps = plugin_importing(imports, &rest, "(drop (call $sleep (i32.const 3600000)))");
    let services =
        json!({ "services": [rule("log.write", json!({})), rule("clock.sleep_ms", json!({}))] });
    for signal in ["-INT", "-TERM"] {
        let folder = folder(&sleeps, services.clone());
        folder.with("calm.json", named("calm", services.clone(), None));
        let calm = plugin_importing(imports, &rest, "");
        folder.with("calm.wat", renamed(&calm, "calm"));
        let mut watching = Watching::start(&folder, &[]);
        watching.say("{\"plugin\":\"test\"}\n{\"plugin\":\"calm\"}\n");
        // The one that sleeps holds up no other.
        let calm: Value = serde_json::from_str(&watching.out.next()).unwrap();
        assert_eq!((&calm["plugin"], &calm["success"]), (&json!("calm"), &json!(true)));
        watching.interrupt(signal);
        let ran = watching.end();
        assert_eq!(ran.status, 0, "{ran:?}");
        let last = answers(&ran).pop().unwrap();
        assert_eq!((&last["plugin"], &last["code"]), (&json!("test"), &json!("C06")), "{ran:?}");
        for line in ["info calm: hi", "calm: unloaded", "test: unloaded"] {
            assert!(ran.err.lines().any(|it| it == line), "{line}: {ran:?}");
        }
    }
}

#[test]
fn deadlines_hold_and_too_many_faults_open_the_breaker() {
    let loops = crate::plugin(
        r#"(func (export "execute") (param i32) (result i64) (loop $a (br $a)) (i64.const 0))"#,
    );
    let folder = folder(&loops, json!({}));
    folder.with("test.json", named("test", json!({}), Some(20)));
    let ran = once(&folder, &"{\"plugin\":\"test\"}\n".repeat(6), &[]);
    assert_eq!(ran.status, 3, "{ran:?}");
    assert!(ran.err.contains("test: a call was ended: F13\n"), "{ran:?}");
    assert!(ran.err.contains("test: too many failures: no calls for 1 s\n"), "{ran:?}");
    // Each had its own time; then no more are made.
    let codes: Vec<_> = answers(&ran).iter().map(|it| it["code"].clone()).collect();
    assert_eq!(codes, ["F13", "F13", "F13", "F13", "F13", "C07"], "{ran:?}");
}

#[test]
fn a_schedule_calls_each_plugin_that_has_the_entry() {
    let folder = folder(&telling(5), json!({}));
    folder.with("none.json", named("none", json!({}), None));
    folder.with("none.wat", renamed(&answering("other", b"\x01\x00\x00", false), "none"));
    let ran = once(&folder, "", &["--every", "10ms"]);
    assert_eq!((ran.status, answers(&ran).len()), (0, 1), "{ran:?}");
    let mut watching = Watching::start(&folder, &["--every", "50ms", "--param", "a=1"]);
    watching.input = None;
    for round in 1..=4 {
        let answer: Value = serde_json::from_str(&watching.out.next()).unwrap();
        assert_eq!(
            answer,
            json!({"success": true, "data": 5, "plugin": "test",
                "request_id": format!("every-{round}")})
        );
    }
    watching.err.with("plugins: 2, calls: 3, ");
    watching.interrupt("-INT");
    let ran = watching.end();
    let told = ran.err.matches("none: has no entry execute to be called").count();
    assert_eq!((ran.status, told), (0, 1), "{ran:?}");
}

/// What a server says to a request, head and body.
fn asked(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_tell_what_each_plugin_has_done() {
    let before = [
        ("kv.set", KV_SET),
        ("kv.set", b"\x03red\x01\x00".as_slice()),
        ("log.write", b"\x02\x02hi"),
    ];
    // It is offered none: the reply is the byte that says so.
    let guest = asking(&before, "env.names", b"", 1);
    let folder = folder(
        &guest,
        json!({ "services": [
        rule("kv.set", json!({})), rule("env.names", json!({})), rule("log.write", json!({}))
    ] }),
    );
    let mut watching = Watching::start(&folder, &["--metrics", "127.0.0.1:0"]);
    let told = watching.err.with("metrics are at http://");
    let address =
        told.split("http://").nth(1).unwrap().strip_suffix("/metrics").unwrap().to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    watching.err.with("test: loaded");
    for _ in 0..2 {
        assert_eq!(watching.call()["success"], true);
    }
    let page = asked(&address, "GET /metrics");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(page.contains("Content-Type: text/plain; version=0.0.4"), "{page}");
    for line in [
        "ampoule_plugins 1",
        "# TYPE ampoule_calls_total counter",
        r#"ampoule_calls_total{plugin="test"} 2"#,
        r#"ampoule_successes_total{plugin="test"} 2"#,
        r#"ampoule_failures_total{kind="trap",plugin="test"} 0"#,
        r#"ampoule_refusals_total{kind="breaker_open",plugin="test"} 0"#,
        r#"ampoule_memory_high_water_bytes{plugin="test"} 1024"#,
        r#"ampoule_instances_total{plugin="test"} 1"#,
        r#"ampoule_reloads_total{plugin="test"} 0"#,
        r#"ampoule_breaker_state{plugin="test",state="closed"} 1"#,
        r#"ampoule_breaker_state{plugin="test",state="open"} 0"#,
        r#"ampoule_host_calls_total{plugin="test",service="log"} 2"#,
        r#"ampoule_host_calls_total{plugin="test",service="kv"} 4"#,
        r#"ampoule_host_calls_total{plugin="test",service="env"} 2"#,
        "# TYPE ampoule_call_duration_seconds histogram",
        r#"ampoule_call_duration_seconds_count{plugin="test"} 2"#,
        r#"ampoule_call_duration_seconds_bucket{plugin="test",le="+Inf"} 2"#,
    ] {
        let pair = |line: &str| {
            // Labels may come in any order.
            let mut parts: Vec<_> = line.split(['{', ',', '}']).map(str::to_owned).collect();
            parts.sort();
            parts
        };
        assert!(page.lines().any(|it| pair(it) == pair(line)), "{line} in\n{page}");
    }
    let [now, most] = ["ampoule_heap_bytes", "ampoule_heap_high_water_bytes"].map(|name| {
        let line =
            page.lines().find_map(|it| it.strip_prefix(&format!("{name}{{plugin=\"test\"}} ")));
        line.unwrap_or_else(|| panic!("{name} in\n{page}")).parse::<u64>().unwrap()
    });
    assert!(1_000 < now && now <= most, "{page}");
    assert!(asked(&address, "GET /").starts_with("HTTP/1.1 404 "));
    assert!(asked(&address, "DELETE /metrics").starts_with("HTTP/1.1 405 "));
    // One that asks for nothing holds up no other.
    let silent = TcpStream::connect(&address).unwrap();
    assert!(asked(&address, "HEAD /metrics").starts_with("HTTP/1.1 200 "));
    drop(silent);
    watching.interrupt("-INT");
    assert_eq!(watching.end().status, 0);
}

#[test]
fn a_store_keeps_values_for_the_next_watch_and_the_next_run() {
    let both = json!({ "services": [rule("kv.set", json!({})), rule("kv.get", json!({}))] });
    let sets = folder(&asking(&[("kv.set", KV_SET)], "kv.get", KV_GET, 2), both.clone());
    let gets = folder(&asking(&[], "kv.get", KV_GET, 2), both);
    let elsewhere = Folder::new();
    let store = elsewhere.path("values");
    let store = store.to_str().unwrap();
    for folder in [&sets, &gets] {
        let ran = once(folder, "{\"plugin\":\"test\"}\n", &["--store", store]);
        assert_eq!(ran.status, 0, "{ran:?}");
    }
    let manifest = elsewhere.with("m.json", manifest(&["kv.get"]));
    let plugin = gets.path("test.wat");
    let args = ["run", plugin.to_str().unwrap(), "--store", store, "--manifest"];
    let args = args.map(OsStr::new).into_iter().chain([manifest.as_os_str()]);
    ampoule(args).done();
}

#[test]
fn a_policy_cuts_every_manifest() {
    let folder = folder(
        &asking(&[], "log.write", b"\x02\x02hi", 0),
        json!({ "services": [rule("log.write", json!({}))] }),
    );
    let ran = once(&folder, "", &[]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let elsewhere = Folder::new();
    let nothing = elsewhere.with("policy", "{}");
    let ran = once(&folder, "", &["--policy", nothing.to_str().unwrap()]);
    assert!(ran.status == 3 && ran.err.contains("test: A34: "), "{ran:?}");
}

#[test]
fn what_can_not_begin_is_told() {
    let folder = Folder::new();
    let dir = folder.0.path().to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, status, code) in [
        (&["--metrics", &taken][..], 2, "V04"),
        (&["--metrics", "localhost:80"], 2, "U01"),
        (&["--every", "5"], 2, "U01"),
        (&["--every", "0s"], 2, "U01"),
        (&["--param", "a=1"], 2, "U01"),
        (&["--entry", "x"], 2, "U01"),
        (&["--every", "1s", "--param", "a"], 2, "U02"),
        (&["--every", "1s", "--param", "a=1", "--param", "a=2"], 2, "U03"),
        (&["--store", dir], 2, "D02"),
        (&["--policy", "none.json"], 2, "I01"),
        (&["--policy", dir], 2, "I02"),
    ] {
        let ran = ampoule([&["watch", dir, "--once"], args].concat()).complains(status, code);
        assert_eq!(ran.out, "", "{ran:?}");
    }
    let help = ampoule(["watch", "--help"]).done();
    assert!(help.out.contains("Examples:") && help.out.contains("Exit status:"), "{help:?}");
}

#[test]
fn when_the_reader_leaves_the_watch_ends() {
    let folder = folder(&telling(1), json!({}));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let args = ["watch", folder.0.path().to_str().unwrap(), "--every", "10ms"];
    let mut child = command(args).stdout(writer).spawn().unwrap();
    assert_eq!(wait(&mut child), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_nothing_is_an_error() {
    let folder = folder(&telling(1), json!({}));
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let args = ["watch", folder.0.path().to_str().unwrap(), "--every", "10ms"];
    let ran = command(args).stdout(full).output().unwrap();
    let told = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.code() == Some(2) && told.contains("error[U05]: "), "{told}");
}
