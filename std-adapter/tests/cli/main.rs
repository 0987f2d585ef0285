//! The `ampoule` command, driven as a person or a script drives it.

mod check;
mod files;
mod good;
mod guests;
mod host;
mod manifest;
mod services;
mod usage;
// Signals end it.
#[cfg(unix)]
mod watch;

use core::time::Duration;
use serde_json::Value;
use std::{
    ffi::OsStr,
    io::{BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};
use tempfile::TempDir;

/// Where `ampoule` has done its work many times over, and a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a run of the command ended.
#[derive(Debug)]
struct Ran {
    status: i32,
    out: String,
    err: String,
}

/// Runs the command to its end.
fn ampoule<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Ran {
    let mut child = command(args).stdout(Stdio::piped()).spawn().unwrap();
    let out = reader(child.stdout.take().unwrap());
    let err = reader(child.stderr.take().unwrap());
    let status = wait(&mut child);
    Ran { status, out: out.join().unwrap(), err: err.join().unwrap() }
}

fn command<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ampoule"));
    command.args(args).stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

fn wait(child: &mut Child) -> i32 {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().expect("ended by itself");
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn reader(pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        BufReader::new(pipe).read_to_string(&mut text).expect("UTF-8");
        text
    })
}

impl Ran {
    /// What every run keeps: no panic, and nothing that a terminal would obey.
    fn clean(self) -> Self {
        for text in [&self.out, &self.err] {
            assert!(!text.contains("panicked at"), "{self:?}");
            assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{self:?}");
        }
        self
    }

    /// It went well, and said nothing besides.
    fn done(self) -> Self {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{self:?}");
        self.clean()
    }

    /// It says why it didn't do it, with a code and a cure.
    fn complains(self, status: i32, code: &str) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.err.starts_with(&format!("error[{code}]: ")), "{self:?}");
        assert!(self.err.lines().nth(1).unwrap().starts_with("  cure: "), "{self:?}");
        assert_eq!(self.err.lines().count(), 2, "{self:?}");
        self.clean()
    }

    /// The one JSON object on stdout.
    fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        let value: Value = serde_json::from_str(&self.out).unwrap();
        assert!(value.is_object(), "{self:?}");
        value
    }
}

/// Runs the command on a plugin, for people and for programs, and checks that both are told the same.
fn complains(args: &[&OsStr], status: i32, code: &str) -> Ran {
    let ran = ampoule(args).complains(status, code);
    assert_eq!(ran.out, "", "{ran:?}");
    let with_json = [args, &[OsStr::new("--json")]].concat();
    let for_programs = ampoule(with_json).complains(status, code);
    assert_eq!(for_programs.err, ran.err);
    let told = for_programs.json();
    assert_eq!((&told["success"], &told["data"]), (&Value::Bool(false), &Value::Null));
    assert_eq!(told["code"], code);
    assert!(!told["error"].as_str().unwrap().is_empty());
    assert!(!told["cure"].as_str().unwrap().is_empty());
    ran
}

/// Files of a test, gone after it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn with(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// `ampoule run PLUGIN ARGS…`
fn run(plugin: &Path, args: &[&str]) -> Ran {
    ampoule(run_args(plugin, args)).clean()
}

fn run_args<'a>(plugin: &'a Path, args: &'a [&'a str]) -> Vec<&'a OsStr> {
    let start = [OsStr::new("run"), plugin.as_os_str()];
    start.into_iter().chain(args.iter().map(OsStr::new)).collect()
}

/// `ampoule inspect PLUGIN ARGS…`
fn inspect(plugin: &Path, args: &[&str]) -> Ran {
    let start = [OsStr::new("inspect"), plugin.as_os_str()];
    ampoule(start.into_iter().chain(args.iter().map(OsStr::new))).clean()
}

/// The content of `ampoule.meta` for ABI 1, name `test`.
const META: &[u8] = b"\x01\x04test\x051.2.3\x0amade here!\x02us";

/// A plugin's text, with a memory of 1,024 bytes, a mailbox of 256 in their middle, and `META`.
fn plugin(body: &str) -> String {
    plugin_with_meta(META, body)
}

fn plugin_with_meta(meta: &[u8], body: &str) -> String {
    format!(
        r#"(module
            (@custom "ampoule.meta" "{}")
            (import "ampoule" "panic" (func $panic (param i32 i32)))
            (memory (export "memory") 1024 1024 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 0x200_0000_0100))
            {body})"#,
        in_text(meta)
    )
}

/// A plugin whose `function` answers `reply`, as a Failure if `failed`.
fn answering(function: &str, reply: &[u8], failed: bool) -> String {
    let bits = reply.len() as u64 | u64::from(failed) << 63;
    plugin(&format!(
        r#"(data (i32.const 0) "{}")
           (func (export "{function}") (param i32) (result i64) (i64.const {bits}))"#,
        in_text(reply)
    ))
}

/// Bytes as a string of WebAssembly text.
fn in_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
