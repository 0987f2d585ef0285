//! Command lines that are wrong, and outputs that are.

use crate::{Folder, ampoule, answering, command, complains, run_args};
use std::{ffi::OsStr, process::Stdio};

#[test]
fn a_wrong_command_line_is_told_with_a_code_and_a_cure() {
    let folder = Folder::new();
    let path = folder.with("hi.wat", answering("execute", b"\x01\x00\x00", false));
    for (args, code) in [
        (&["--param", "novalue"][..], "U02"),
        (&["--param", ""], "U02"),
        (&["--param", "=text"], "U02"),
        (&["--header", "x\u{1b}[1m"], "U02"),
        (&["--param", "a=1", "--param", "a=2"], "U03"),
        (&["--header", "a=1", "--header", "a=1"], "U03"),
        (&["--parm", "a=1"], "U01"),
        (&["--param"], "U01"),
        (&["--fuel", "-1"], "U01"),
        (&["--fuel", "much"], "U01"),
        (&["--memory", "4294967296"], "U01"),
        (&["--limits", "huge"], "U01"),
        (&["one-too-many"], "U01"),
        (&["--\u{1b}[1m"], "U01"),
    ] {
        complains(&run_args(&path, args), 2, code);
    }
    complains(&[OsStr::new("run")], 2, "U01");
    complains(&[OsStr::new("fly")], 2, "U01");
    ampoule(["run", "x.wasm", "--stats"]).complains(2, "U01");
    ampoule(["completions", "tcl"]).complains(2, "U01");
}

#[test]
fn the_command_line_is_looked_at_before_the_file() {
    complains(&run_args("missing.wasm".as_ref(), &["--param", "novalue"]), 2, "U02");
}

#[cfg(unix)]
#[test]
fn words_that_are_not_utf_8_are_no_panic() {
    use std::os::unix::ffi::OsStrExt as _;
    let odd = OsStr::from_bytes(b"\xff\xfe.wasm");
    complains(&[OsStr::new("run"), odd], 2, "I01");
    complains(&[OsStr::new("run"), OsStr::new("x"), OsStr::new("--param"), odd], 2, "U01");
    complains(&[odd], 2, "U01");
}

#[test]
fn without_a_command_there_is_help_and_a_failure() {
    let ran = ampoule([""; 0]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("Usage: ampoule"), "{ran:?}");
}

#[test]
fn help_tells_examples_and_exit_statuses() {
    for args in [&["--help"][..], &["help", "run"], &["run", "--help"], &["inspect", "-h"]] {
        let ran = ampoule(args).done();
        assert!(ran.out.contains("Examples:") && ran.out.contains("Exit status:"), "{ran:?}");
    }
    let version = ampoule(["--version"]).done();
    assert_eq!(version.out, concat!("ampoule ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn shells_get_a_completion_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = ampoule(["completions", shell]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("request-id") && ran.out.len() > 1000, "{shell}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new();
    let path = folder.with("hi.wat", answering("execute", b"\x01\x00\x00", false));
    let path = path.to_str().unwrap();
    for args in [
        &["run", path][..],
        &["run", path, "--json"],
        &["inspect", path],
        &["inspect", path, "--json"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = command(args).stdout(writer).output().unwrap();
        assert_eq!(ran.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_nothing_is_an_error() {
    let folder = Folder::new();
    let path = folder.with("hi.wat", answering("execute", b"\x01\x00\x00", false));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = command(run_args(&path, &[])).stdout(Stdio::from(full)).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(ran.stderr.starts_with(b"error[U05]: "));
}
