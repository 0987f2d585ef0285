//! Programs that nobody wrote for this host, run by the `ampoule` command: the prebuilt one always, all
//! of `cargo xtask wasi` where `AMPOULE_WASI_GUESTS` names their folder, but for the one that
//! `AMPOULE_WASI_WITHOUT` names.

use crate::repository;
use ampoule_std::{Limits, inspect};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// What the programs tell when all is granted.
const EVERYTHING: &str = "\
arguments: two --three
TZ: UTC
file: hello
directory: file sub
copy: hello
time: now
random: 16
";

const NOTHING: &str = "\
arguments: two --three
TZ: none
file: none
directory: none
copy: none
time: none
random: none
";

fn prebuilt() -> PathBuf {
    repository("guests/prebuilt/wasi-report.wasm")
}

/// The programs by name.
fn programs() -> Vec<(String, PathBuf)> {
    let mut programs = vec![("prebuilt".to_owned(), prebuilt())];
    let Some(folder) = env::var_os("AMPOULE_WASI_GUESTS").map(PathBuf::from) else {
        return programs;
    };
    let without = env::var("AMPOULE_WASI_WITHOUT").unwrap_or_default();
    for name in ["rust", "go", "zig"].into_iter().filter(|name| *name != without) {
        let module = folder.join(name).with_extension("wasm");
        assert!(module.is_file(), "{}: build it with `cargo xtask wasi`", module.display());
        programs.push((name.to_owned(), module));
    }
    programs
}

struct Ran {
    status: i32,
    out: String,
    err: String,
}

fn ampoule(args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ampoule"));
    command.args(args).env("TZ", "UTC").env("SECRET", "hidden");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

/// A folder with a file, a folder, and a manifest beside it that grants these rules.
fn desk(capabilities: &str) -> (TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("sub")).unwrap();
    fs::write(data.join("file"), "hello").unwrap();
    let manifest = format!(
        r#"{{ "meta": {{ "name": "report", "version": "1.0.0" }}, "capabilities": {{
            "allowFileSystem": true, "allowedPaths": ["{}"], {capabilities} }} }}"#,
        data.display()
    );
    let path = folder.path().join("report.manifest.json");
    fs::write(&path, manifest).unwrap();
    let shown = |path: &Path| path.to_str().unwrap().to_owned();
    let (file, path) = (shown(&data.join("file")), shown(&path));
    (folder, file, path)
}

const ALL: &str = r#"
    "allowEnv": true, "allowedEnv": ["TZ"],
    "services": [
        { "service": "fs", "operations": ["stat", "read", "list", "write"] },
        { "service": "env", "operations": ["get"] },
        { "service": "clock", "operations": ["now_us", "monotonic_us"] },
        { "service": "random", "operations": ["fill"] }
    ]"#;

#[test]
fn a_program_does_what_it_was_granted() {
    for (name, module) in programs() {
        let (_folder, file, manifest) = desk(ALL);
        let module = module.to_str().unwrap();
        let ran =
            ampoule(&["run", "--manifest", &manifest, "--wasi", module, &file, "two", "--three"]);
        assert_eq!(ran.out, EVERYTHING, "{name}: {}", ran.err);
        assert_eq!(ran.err, "not yet asked: time and chance\ndone\n", "{name}");
        assert_eq!(ran.status, 7, "{name}");
        assert_eq!(fs::read_to_string(format!("{file}.copy")).unwrap(), "hello", "{name}");
    }
}

#[test]
fn a_program_that_was_granted_nothing_sees_its_arguments() {
    for (name, module) in programs() {
        let (_folder, file, manifest) = desk(r#""services": []"#);
        let module = module.to_str().unwrap();
        for grant in [&["run", "--manifest", &manifest, "--wasi"][..], &["run", "--wasi"]] {
            let ran = ampoule(&[grant, &[module, &file, "two", "--three"]].concat());
            // Go insists on a clock before anything else, Rust where it is asked for.
            let (expected, status) = match name.as_str() {
                "go" => ("", 2),
                "rust" => (NOTHING.split_once("time").unwrap().0, 3),
                _ => (NOTHING, 7),
            };
            assert_eq!(ran.out, expected, "{name}: {}", ran.err);
            assert_eq!(ran.status, status, "{name}: {}", ran.err);
            assert!(!Path::new(&format!("{file}.copy")).exists(), "{name}");
        }
    }
}

#[test]
fn the_prebuilt_program_fits_a_workstation_and_is_small() {
    let wasm = fs::read(prebuilt()).unwrap();
    assert!(wasm.len() < 100 * 1024);
    let heap = inspect(&wasm, &Limits::WORKSTATION).unwrap().heap;
    assert!(heap.total() < u64::from(Limits::WORKSTATION.heap_bytes), "{heap:?}");
}

#[test]
fn what_cannot_be_run_is_told_with_a_code() {
    let (folder, file, manifest) = desk(ALL);
    let text = folder.path().join("other.wat");
    let path = text.to_str().unwrap();
    let run = |body: &str, args: &[&str]| {
        fs::write(&text, format!(r#"(module (memory (export "memory") 1) {body})"#)).unwrap();
        ampoule(&[&["run"], args, &["--wasi", path, &file]].concat())
    };
    for (body, args, status, code) in [
        ("", &[][..], 3, "A36"),
        (r#"(func (export "_start") unreachable)"#, &[], 3, "F03"),
        (r#"(func (export "_start") (loop (br 0)))"#, &["--fuel", "1000"], 3, "F01"),
        (r#"(func (export "_start") (loop (br 0)))"#, &["--json"], 2, "U01"),
        (r#"(func (export "_start"))"#, &["--manifest", "/nothing"], 2, "I01"),
    ] {
        let ran = run(body, args);
        assert_eq!(ran.status, status, "{body}: {}", ran.err);
        assert!(ran.err.contains(&format!("error[{code}]")), "{body}: {}", ran.err);
    }
    let fine = run(r#"(func (export "_start"))"#, &["--manifest", &manifest]);
    assert_eq!((fine.status, fine.out, fine.err), (0, String::new(), String::new()));
    let exit = |code: &str| {
        let body = format!(r#"(func (export "_start") (call 0 (i32.const {code})))"#);
        fs::write(
            &text,
            format!(
                r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
                (memory (export "memory") 1) {body})"#
            ),
        )
        .unwrap();
        ampoule(&["run", "--wasi", path]).status
    };
    for (code, status) in [("0", 0), ("1", 1), ("125", 125), ("126", 125), ("-1", 125)] {
        assert_eq!(exit(code), status, "{code}");
    }
}
