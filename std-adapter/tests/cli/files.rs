//! Files that are no module, in every way that a file can be wrong.

use crate::{Folder, META, answering, complains, inspect, plugin, plugin_with_meta, run_args};
use ampoule_std::{Diagnosis, read_module};
use std::{fs, path::Path};

#[test]
fn a_file_that_is_no_module_is_refused_with_its_code() {
    let module = wat(&plugin(""));
    let cut = &module[..module.len() - 5];
    let future = plugin_with_meta(&[&[2][..], &META[1..]].concat(), "");
    let nonsense = plugin_with_meta(b"\x01what is this?", "");
    let bad_version = plugin_with_meta(b"\x01\x04test\x01x\x00\x00", "");
    let service = r#"(module (import "clock" "now_us" (func (result i64))) (memory 1))"#;
    let escape = plugin(r#"(func (export "\1b[2J"))"#);
    let start = plugin("(func $start) (start $start)");
    for (name, content, status, code) in [
        ("empty.wasm", &b""[..], 2, "I06"),
        ("empty.wat", b"", 2, "I06"),
        ("half-a-header.wasm", b"\0asm\x01", 3, "A06"),
        ("cut.wasm", cut, 3, "A06"),
        ("README.md", b"# Ampoule\n\nA plugin host.\n", 3, "A03"),
        ("escapes.wasm", b"\x1b[2J\x1b]0;x\x07", 3, "A03"),
        ("component.wasm", b"\0asm\x0d\0\x01\0", 3, "A04"),
        ("version-2.wasm", b"\0asm\x02\0\0\0", 3, "A05"),
        ("nothing-in-it.wasm", b"\0asm\x01\0\0\0", 3, "A12"),
        ("zeros.wasm", &[0; 1000], 3, "A03"),
        ("source.wat", b"(module\n  (func (i32.cosnt 1)))\n", 2, "I07"),
        ("unclosed.wat", b"(module (func", 2, "I07"),
        ("deep.wat", "(".repeat(100_000).as_bytes(), 2, "I07"),
        ("binary.wat", b"\0asm\x01\0\0\0", 2, "I07"),
        ("latin-1.wat", b"(module ;; na\xefve\n)", 2, "I07"),
        ("future.wat", future.as_bytes(), 3, "A25"),
        ("nonsense.wat", nonsense.as_bytes(), 3, "A26"),
        ("bad-version.wat", bad_version.as_bytes(), 3, "A26"),
        ("service.wat", service.as_bytes(), 3, "A23"),
        ("escape.wat", escape.as_bytes(), 3, "A33"),
        ("start.wat", start.as_bytes(), 3, "A11"),
    ] {
        let folder = Folder::new();
        let path = folder.with(name, content);
        complains(&run_args(&path, &[]), status, code);
        // An inspection refuses the same, but what it tells of a module is no error.
        let inspected = inspect(&path, &["--json"]);
        assert_eq!(inspected.status, status, "{name}");
        let told = inspected.json();
        let told = if status == 3 { &told["verdict"] } else { &told };
        assert_eq!(told["code"], code, "{name}");
    }
}

#[test]
fn a_module_with_any_byte_missing_or_wrong_is_no_panic() {
    let folder = Folder::new();
    let module = wat(&answering("execute", b"\x01\x02\x02\x00", false));
    for at in 0..module.len() {
        let mut wrong = module.clone();
        wrong[at] ^= 0xff;
        for content in [&module[..at], &wrong] {
            let path = folder.with("wrong.wasm", content);
            let (ran, inspected) = (crate::run(&path, &["--json"]), inspect(&path, &["--json"]));
            ran.json();
            inspected.json();
            assert!(inspected.status == 0 || inspected.status == ran.status, "at {at}: {ran:?}");
        }
    }
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let folder = Folder::new();
    complains(&run_args(&folder.path("missing.wasm"), &[]), 2, "I01");
    complains(&run_args(Path::new(""), &[]), 2, "U01");
    complains(&run_args(folder.0.path(), &[]), 2, "I02");
    let file = folder.with("file.wasm", "x");
    complains(&run_args(&file.join("below"), &[]), 2, "I01");
}

#[test]
fn a_path_is_shown_without_what_a_terminal_obeys() {
    let path = Path::new("no\x1b[31m\nsuch.wasm");
    let ran = complains(&run_args(path, &[]), 2, "I01");
    assert!(ran.err.contains(r"there is no file no\u{1b}[31m\nsuch.wasm"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn pipes_devices_and_links_that_lead_nowhere_are_refused_without_waiting() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    let fifo = folder.path("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    complains(&run_args(&fifo, &[]), 2, "I03");
    let to_fifo = folder.path("to-fifo.wasm");
    symlink(&fifo, &to_fifo).unwrap();
    complains(&run_args(&to_fifo, &[]), 2, "I03");
    for device in ["/dev/null", "/dev/zero", "/dev/tty"] {
        complains(&run_args(Path::new(device), &[]), 2, "I03");
    }
    let dangling = folder.path("dangling.wasm");
    symlink(folder.path("nowhere"), &dangling).unwrap();
    complains(&run_args(&dangling, &[]), 2, "I01");
    let circle = folder.path("circle.wasm");
    symlink(&circle, &circle).unwrap();
    complains(&run_args(&circle, &[]), 2, "I08");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_module_is_followed() {
    let folder = Folder::new();
    let module = folder.with("hi.wat", answering("execute", b"\x01\x00\x00", false));
    let link = folder.path("link.wat");
    std::os::unix::fs::symlink(module, &link).unwrap();
    crate::run(&link, &[]).done();
}

#[test]
fn a_huge_file_is_refused_before_it_fills_memory() {
    let folder = Folder::new();
    for name in ["huge.wasm", "huge.wat"] {
        let path = folder.path(name);
        fs::File::create(&path).unwrap().set_len(1_000_000_000).unwrap();
        let ran = complains(&run_args(&path, &[]), 2, "I05");
        assert!(ran.err.contains("1000000000 bytes"), "{ran:?}");
    }
}

#[test]
fn a_module_over_the_limits_is_refused_by_admission() {
    let folder = Folder::new();
    let data = format!(r#"(data "{}")"#, "x".repeat(70_000));
    let path = folder.with("over.wat", plugin(&data));
    complains(&run_args(&path, &["--limits", "micro"]), 3, "A02");
    assert_eq!(inspect(&path, &["--limits", "micro"]).status, 3);
    assert_eq!(inspect(&path, &[]).status, 0);
}

#[test]
fn the_limit_counts_the_bytes_that_are_read() {
    let folder = Folder::new();
    let path = folder.with("ten.wasm", [7; 10]);
    assert_eq!(read_module(&path, 10).unwrap(), [7; 10]);
    for allowed in [0, 9] {
        assert_eq!(read_module(&path, allowed).unwrap_err().code(), "I05");
    }
    assert_eq!(read_module(&path, u32::MAX).unwrap().len(), 10);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_lies_about_its_length_does_not_get_past_the_limit() {
    let path = "/proc/self/maps";
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    assert_eq!(read_module(path, 64).unwrap_err().code(), "I05");
    assert!(read_module(path, 1_000_000).is_ok());
}

#[test]
fn a_text_is_measured_as_the_module_that_it_becomes() {
    let folder = Folder::new();
    let path = folder.with("spaced.wat", format!("(module{})", " ".repeat(100)));
    assert_eq!(read_module(&path, 8).unwrap(), b"\0asm\x01\0\0\0");
    assert_eq!(read_module(&path, 7).unwrap_err().code(), "I05");
    let upper = folder.with("LOUD.WAT", "(module)");
    assert_eq!(read_module(&upper, 8).unwrap().len(), 8);
}

#[test]
fn an_error_in_text_is_shown_with_its_place() {
    let folder = Folder::new();
    for (content, place) in [
        (&b"(module\n  (func (i32.cosnt 1)))"[..], "line 2, column 10"),
        (b"(module\n  (func (call $f)))", "line 2, column 15"),
        (b"(module)\n\n  \xff", "line 3, column 3"),
        (b"(module", "line 1, column 8"),
    ] {
        let path = folder.with("wrong.wat", content);
        let error = read_module(&path, 1000).unwrap_err();
        assert_eq!(error.code(), "I07");
        assert!(error.to_string().contains(place), "{error}");
    }
}

fn wat(text: &str) -> Vec<u8> {
    let folder = Folder::new();
    read_module(folder.with("it.wat", text), 100_000).unwrap()
}
