//! A serial port: a pseudo-terminal, which the serial crate opens and sets up as any other.

use crate::{
    bench::Bench,
    guests,
    ran::{at, command},
};
use ampoule_std::device::{Address, BAUD, LineError};
use core::time::Duration;
use nix::pty::openpty;
use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::Stdio,
    thread,
    time::Instant,
};
use tempfile::TempDir;

#[test]
fn a_plugin_is_deployed_called_and_listed_over_a_serial_port() {
    let (bench, path) = Bench::terminal();
    let port = path.to_str().unwrap();
    let folder = TempDir::new().unwrap();
    let module = folder.path().join("teller.wasm");
    let manifest = folder.path().join("teller.json");
    std::fs::write(&module, guests::plugin("teller", "1.0.0")).unwrap();
    std::fs::write(&manifest, guests::manifest("teller")).unwrap();
    let deploy = ["deploy", module.to_str().unwrap(), "--manifest", manifest.to_str().unwrap()];
    let ran = at(port, &deploy).done();
    assert!(ran.out.starts_with("loaded teller 1.0.0 as 0.0, hash "), "{ran:?}");
    // 0x03, 0x11, 0x13 and 0x1a are what a terminal that isn't raw would swallow.
    let hex = "03 11 13 1a";
    let ran = at(port, &["call", "teller", "add", "--hex", hex, "--baud", "9600"]).done();
    assert_eq!(ran.out, format!("{hex}\n"));
    let ran = at(port, &["ps", "--baud", "921600"]).done();
    assert!(ran.out.contains("teller"), "{ran:?}");
    assert!(bench.done() > 8);
    assert_eq!(
        Address::parse(port, BAUD),
        Ok::<_, LineError>(Address::Serial { path: path.clone(), baud: BAUD })
    );
}

#[test]
fn a_serial_port_is_one_commands_at_a_time() {
    let (bench, path) = Bench::terminal();
    let port = path.to_str().unwrap();
    let device = bench.open();
    let ran = at(port, &["ps"]).complains(2, "E02");
    assert!(ran.err.contains("another ampoule command has it"), "{ran:?}");
    drop(device);
    at(port, &["ps"]).done();
}

#[test]
fn what_is_no_serial_port_is_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for port in ["/dev/null", "/nowhere/ttyACM0", file.to_str().unwrap()] {
        let ran = at(port, &["ps"]).complains(2, "E02");
        assert!(ran.err.contains(port), "{ran:?}");
    }
    at("", &["ps"]).complains(2, "E01");
    at("unix:", &["ps"]).complains(2, "E01");
    at("/dev/null", &["ps", "--baud", "0"]).complains(2, "E01");
}

/// The command on a terminal of its own, as a person sees it.
#[test]
fn on_a_terminal_there_is_a_live_table_until_q() {
    let (bench, _) = Bench::with_teller();
    let size = nix::pty::Winsize { ws_row: 12, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(&size, None).unwrap();
    let ends = || Stdio::from(pair.slave.try_clone().unwrap());
    let mut child = command(["top", "--port", bench.port(), "--every", "20ms"])
        .stdin(ends())
        .stdout(ends())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut master = File::from(pair.master);
    let mut shown = master.try_clone().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length) = shown.read(&mut bytes) {
            if sender.send(String::from_utf8_lossy(&bytes[..length]).into_owned()).is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    let mut seen = String::new();
    let mut until = |text: &str| {
        while !seen.contains(text) {
            // What was shown last is enough to see why.
            let end = seen.ceil_char_boundary(seen.len().saturating_sub(2000));
            assert!(start.elapsed() < Duration::from_secs(60), "no {text} in {:?}", &seen[end..]);
            seen += &receiver.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    };
    // Only what has changed is drawn, so a word is all that stays together.
    until("teller");
    until("idle");
    // Nobody is selected, and then the one that there is, in reverse.
    master.write_all(b"r").unwrap();
    until("first:");
    master.write_all(b"\x1b[B").unwrap();
    until("\x1b[7m");
    master.write_all(b"r").unwrap();
    until("L06:");
    master.write_all(b"q").unwrap();
    assert_eq!(crate::ran::wait(&mut child), 0);
}

#[test]
fn on_a_terminal_a_bar_shows_how_far_it_is() {
    let bench = Bench::new();
    let folder = TempDir::new().unwrap();
    let module = folder.path().join("hello.wat");
    let hello = include_str!("../../../guests/hello/hello.wat");
    std::fs::write(&module, hello).unwrap();
    let pair = openpty(None, None).unwrap();
    let mut child = command(["deploy", module.to_str().unwrap(), "--port", bench.port()])
        .stderr(Stdio::from(pair.slave.try_clone().unwrap()))
        .spawn()
        .unwrap();
    assert_eq!(crate::ran::wait(&mut child), 0);
    let mut shown = [0; 8192];
    let length = File::from(pair.master).read(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown[..length]).into_owned();
    assert!(shown.contains("hello 1.0.0 goes into a free slot"), "{shown:?}");
    assert!(shown.contains("B of") || shown.contains('\u{2588}'), "{shown:?}");
}
