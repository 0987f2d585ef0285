//! Versions that come and go while eight threads call.

use crate::support::{module, number};
use ampoule_std::{
    Config, Entry, Host, PluginId, WatchOptions, Watcher, monotonic, watch::WatchKind,
};
use core::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst},
    time::Duration,
};
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    sync::Mutex,
    thread,
};
use tempfile::TempDir;

const VERSIONS: u32 = 500;
const CALLERS: usize = 8;

/// Every tenth version can't be loaded.
const fn is_broken(version: u32) -> bool {
    version.is_multiple_of(10)
}

struct Scene {
    stage: Mutex<(Host<'static, 4>, Watcher)>,
    /// The version that answered last.
    served: AtomicU32,
    failed: AtomicU32,
    reloaded: AtomicU32,
    calls: AtomicU64,
    is_over: AtomicBool,
}

#[test]
fn no_call_fails_or_sees_half_a_version_while_versions_come_and_go() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path();
    let options =
        WatchOptions { settle: 10_000, gone_after: 600_000_000, ..WatchOptions::default() };
    let (host, watcher) = (Host::new(Config::WORKSTATION, monotonic), Watcher::new(dir, options));
    let scene = Scene {
        stage: Mutex::new((host, watcher)),
        served: AtomicU32::new(0),
        failed: AtomicU32::new(0),
        reloaded: AtomicU32::new(0),
        calls: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
    };
    write(dir, 1, &mut Dice(1));
    let id = scene.first();
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| Over(&scene.is_over).guard(|| scene.call_on(id)));
        }
        scope.spawn(|| Over(&scene.is_over).guard(|| scene.write_on(dir)));
    });
    let (reloaded, calls) = (scene.reloaded.load(SeqCst), scene.calls.load(SeqCst));
    println!("{calls} calls over {reloaded} reloads, {} refused", scene.failed.load(SeqCst));
    assert_eq!(scene.served.load(SeqCst), VERSIONS + 1);
    assert!(reloaded >= VERSIONS / 10);
    assert!(scene.failed.load(SeqCst) >= VERSIONS / 10);
}

/// Ends all threads when one of them panics, or is done.
struct Over<'a>(&'a AtomicBool);

impl Over<'_> {
    fn guard(self, work: impl FnOnce()) {
        work();
    }
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

impl Scene {
    /// Waits for the first version.
    fn first(&self) -> PluginId {
        loop {
            let (host, watcher) = &mut *self.stage.lock().unwrap();
            match watcher.poll(host, monotonic()).first().map(|event| &event.what) {
                None => {}
                Some(WatchKind::Loaded { id, .. }) => return *id,
                Some(other) => panic!("{other}"),
            }
        }
    }

    /// Calls until it is over, and polls now and then.
    fn call_on(&self, id: PluginId) {
        let entry: Entry<[u8; 0], [u8; 4]> =
            self.stage.lock().unwrap().0.bind(id, "number").unwrap();
        let mut last = 0;
        while !self.is_over.load(SeqCst) {
            let (host, watcher) = &mut *self.stage.lock().unwrap();
            if self.calls.fetch_add(1, SeqCst).is_multiple_of(16) {
                self.poll(host, watcher);
            }
            let answer = u32::from_le_bytes(host.call(&entry, &[]).unwrap());
            assert_eq!(number(host, id), answer, "one version has answered, another one is there");
            assert!(!is_broken(answer), "{answer}");
            assert!(answer >= last, "{answer} after {last}");
            last = answer;
            self.served.store(answer, SeqCst);
        }
    }

    fn poll(&self, host: &mut Host<'static, 4>, watcher: &mut Watcher) {
        for event in watcher.poll(host, monotonic()) {
            match event.what {
                WatchKind::Reloaded { .. } => self.reloaded.fetch_add(1, SeqCst),
                WatchKind::Failed { .. } => self.failed.fetch_add(1, SeqCst),
                _ => panic!("{event}"),
            };
        }
    }

    fn write_on(&self, dir: &Path) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for version in 2..=VERSIONS + 1 {
            let failed = self.failed.load(SeqCst);
            write(dir, version, &mut dice);
            if is_broken(version) {
                self.wait(|| self.failed.load(SeqCst) > failed);
            } else if version % 10 == 1 {
                self.wait(|| self.served.load(SeqCst) == version);
            } else {
                // Some settle, some are replaced before.
                thread::sleep(Duration::from_micros(dice.roll(25_000)));
            }
        }
    }

    fn wait(&self, until: impl Fn() -> bool) {
        while !until() && !self.is_over.load(SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Pseudo-random numbers (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Writes both files of a version, in one of the ways in which programs do that.
fn write(dir: &Path, version: u32, dice: &mut Dice) {
    let (manifest, module) = content(version, dice);
    for (file, bytes) in [("sum.wasm", module), ("sum.json", manifest)] {
        put(&dir.join(file), &bytes, dice);
    }
}

fn content(version: u32, dice: &mut Dice) -> (Vec<u8>, Vec<u8>) {
    let manifest = |name| {
        let text = format!(r#"{{ "meta": {{ "name": "{name}", "version": "{version}.0.0" }} }}"#);
        text.into_bytes()
    };
    let (whole, plain) = (manifest("sum"), module("sum", version, ""));
    if !is_broken(version) {
        return (whole, plain);
    }
    let traps = r#"(func (export "ampoule_init") (param i32) (result i64) unreachable)"#;
    // With a manifest that is still the one before, a whole module would be a version by itself.
    let before = module("sum", version - 1, "");
    match dice.roll(6) {
        0 => (whole, plain[..plain.len() / 2].to_vec()),
        1 => (whole, module("sum", version, traps)),
        2 => (whole, module("other", version, "")),
        3 => (manifest("other"), before),
        4 => (whole[..whole.len() / 2].to_vec(), before),
        _ => (whole, Vec::new()),
    }
}

fn put(path: &Path, bytes: &[u8], dice: &mut Dice) {
    let (start, end) = bytes.split_at(bytes.len() / 2);
    let beside = |name: &str| path.with_extension(name);
    match dice.roll(5) {
        0 => fs::write(path, bytes).unwrap(),
        1 => {
            fs::write(beside("tmp"), bytes).unwrap();
            fs::rename(beside("tmp"), path).unwrap();
        }
        2 => {
            let _ = fs::remove_file(path);
            thread::sleep(Duration::from_micros(dice.roll(3_000)));
            fs::write(path, bytes).unwrap();
        }
        3 => {
            let _ = fs::rename(path, beside("bak~"));
            fs::write(beside("swp"), "swap").unwrap();
            fs::write(path, bytes).unwrap();
        }
        _ => {
            fs::write(path, start).unwrap();
            thread::sleep(Duration::from_micros(dice.roll(3_000)));
            OpenOptions::new().append(true).open(path).unwrap().write_all(end).unwrap();
        }
    }
}
