//! A directory of a thousand plugins.

use crate::support::{SETTLE, manifest, module, told};
use ampoule_std::{Config, Host, WatchOptions, Watcher, monotonic};
use std::{fs, time::Instant};
use tempfile::TempDir;

const PLUGINS: usize = 1_000;

#[test]
fn a_thousand_plugins_cost_no_reading_as_long_as_they_stay_as_they_are() {
    let folder = TempDir::new().unwrap();
    for number in 0..PLUGINS {
        let name = format!("p{number:03}");
        let path = folder.path().join(&name);
        fs::write(path.with_extension("json"), manifest(&name)).unwrap();
        fs::write(path.with_extension("wasm"), module(&name, 1, "")).unwrap();
    }
    let mut host = Box::new(Host::<PLUGINS>::new(Config::WORKSTATION, monotonic));
    let mut watcher = Watcher::new(folder.path(), WatchOptions::default());
    assert!(watcher.poll(&mut host, 0).is_empty());
    let events = watcher.poll(&mut host, SETTLE);
    assert_eq!(told(&events).iter().filter(|it| it.starts_with("loaded")).count(), PLUGINS);

    let (before, start) = (bytes_read(), Instant::now());
    for round in 2..12 {
        assert!(watcher.poll(&mut host, round * SETTLE).is_empty());
    }
    println!("{:.1?} a poll of {PLUGINS} plugins", start.elapsed() / 10);
    let read = bytes_read() - before;
    // To ask for this is to read some, too.
    assert!(read < 1024, "{read} bytes were read");

    fs::write(folder.path().join("p500.wasm"), module("p500", 2, "")).unwrap();
    watcher.poll(&mut host, 12 * SETTLE);
    let events = watcher.poll(&mut host, 13 * SETTLE);
    assert_eq!(told(&events), ["reloaded p500.json"]);
}

/// What this thread has read so far, where the system tells.
fn bytes_read() -> u64 {
    let Ok(text) = fs::read_to_string("/proc/thread-self/io") else { return 0 };
    let line = text.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.map_or(0, |number| number.parse().unwrap())
}
