//! WASI preview 1: every function by hand, and programs that compilers made.

mod cases;
mod fds;
mod functions;
mod lies;
mod programs;

use ampoule_std::{
    AdmissionError, Command, Fault, Grant, Limits, Manifest, Micros, Policy, Services,
    fs::Fs,
    read_module,
    services::{Clock, Env, Log, LogLine, Random},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

const PAGE: &str = include_str!("../../../docs/wasi.md");

/// A folder with a module, and one with files.
struct Desk {
    folder: TempDir,
    lines: Arc<Mutex<Vec<String>>>,
    /// Lines that the log takes in a second, in bytes.
    log_bytes: u32,
}

fn still() -> Micros {
    42
}

/// What is granted, as the rules of a manifest.
const ALL: &str = r#"
    { "service": "fs", "operations": ["read", "write", "list", "stat"] },
    { "service": "env", "operations": ["get"], "scope": "TZ" },
    { "service": "clock", "operations": ["now_us", "monotonic_us"] },
    { "service": "random", "operations": ["fill"] },
    { "service": "log", "operations": ["write"] }"#;

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("sub")).unwrap();
        fs::write(data.join("x"), "hello").unwrap();
        Self { folder, lines: Arc::default(), log_bytes: 1 << 20 }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn lines(&self) -> Vec<String> {
        core::mem::take(&mut self.lines.lock().unwrap())
    }

    /// Turns a text into a module.
    fn module(&self, text: &str) -> Vec<u8> {
        let path = self.folder.path().join("module.wat");
        fs::write(&path, text).unwrap();
        read_module(&path, 1 << 20).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// Runs a command under a manifest with these rules.
    fn run_module(&self, wasm: &[u8], limits: &Limits, rules: &str) -> Result<u32, Fault> {
        let data = self.data();
        let manifest = format!(
            r#"{{ "meta": {{ "name": "test", "version": "1.0.0" }}, "capabilities": {{
                "allowFileSystem": true, "allowedPaths": ["{}"], "services": [{rules}] }} }}"#,
            data.display()
        );
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let grant = Grant::new(&manifest, &Policy::WORKSTATION);
        let mut services = self.services(&grant);
        let load = |args| Command::load_with(wasm, "test", limits, &grant, &services, args);
        let mut command = load(&["one", "two"]).unwrap_or_else(|error| panic!("{error}"));
        command.run(&mut services)
    }

    fn services(&self, grant: &Grant<'_>) -> Services {
        let lines = self.lines.clone();
        let log = Log::new(self.log_bytes, move |line: &LogLine<'_>| {
            lines.lock().unwrap().push(format!("{}: {}", line.level, line.text));
        });
        let mut services = Services::new(still);
        services.offer(Box::new(log)).unwrap();
        services.offer(Box::new(Clock::new(|| Some(1_000_000)))).unwrap();
        services.offer(Box::new(Random::seeded(0))).unwrap();
        services.offer(Box::new(Env::new([("TZ", "UTC"), ("SECRET", "x")]))).unwrap();
        services.offer(Box::new(Fs::of_grant(grant))).unwrap();
        services
    }

    /// Runs a command whose `_start` does `body` and exits with the i32 that it leaves.
    fn run(&self, body: &str, rules: &str) -> Result<u32, Fault> {
        let wasm = self.module(&program(body));
        self.run_module(&wasm, &Limits::WORKSTATION, rules)
    }
}

/// The table of the page: names with parameters, and whether there is a result.
fn table() -> Vec<(String, Vec<String>, bool)> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `") && line.contains("` | ("));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let (params, result) = cells[2].split_once(')').unwrap();
        let params = params.trim_start_matches('(').split_whitespace().map(str::to_owned);
        (cells[1].trim_matches('`').to_owned(), params.collect(), !result.is_empty())
    };
    rows.map(row).collect()
}

/// A command that imports every function under its name, with two pages of memory.
fn program(body: &str) -> String {
    let mut imports = String::new();
    for (name, params, result) in table() {
        let params = params.join(" ");
        let result = if result { "(result i32)" } else { "" };
        imports += &format!(
            r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} (param {params}) {result}))"#
        );
    }
    format!(
        r#"(module {imports}
            (memory (export "memory") 2)
            ;; What several calls need: a buffer list of one with 64 bytes at 1024, and paths.
            (data (i32.const 0) "\00\04\00\00\40\00\00\00")
            (data (i32.const 16) "x") (data (i32.const 24) "new") (data (i32.const 32) "sub")
            (data (i32.const 40) "../x") (data (i32.const 48) "nothing") (data (i32.const 56) "\ff")
            (data (i32.const 64) "/x") (data (i32.const 72) "sub/../x")
            ;; Opens the path at $at for what $rights say, and answers the descriptor or traps.
            (func $open (param $at i32) (param $length i32) (param $flags i32) (param $rights i64)
                    (result i32)
                (if (call $path_open (i32.const 3) (i32.const 0) (local.get $at)
                        (local.get $length) (local.get $flags) (local.get $rights) (i64.const 0)
                        (i32.const 0) (i32.const 512))
                    (then unreachable))
                (i32.load (i32.const 512)))
            ;; Traps unless a call succeeded.
            (func $ok (param i32) (if (local.get 0) (then unreachable)))
            (func (export "_start") (call $proc_exit {body})))"#
    )
}

/// Limits with a message of so many bytes.
fn messages_of(message_bytes: u32) -> Limits {
    Limits { message_bytes, ..Limits::WORKSTATION }
}

fn admitted(wasm: &[u8], name: &str) -> Result<(), AdmissionError> {
    let (limits, none) = (Limits::WORKSTATION, ampoule_std::NothingGranted);
    Command::load_with(wasm, name, &limits, &none, &Services::none(), &[]).map(|_| ())
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
