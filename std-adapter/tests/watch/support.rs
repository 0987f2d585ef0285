//! A directory, a host, a watcher and a clock that tests move by hand.

use ampoule_std::{
    Config, Diagnosis, Host, Micros, PluginId, WatchOptions, Watcher, monotonic, read_module,
    watch::{WatchEvent, WatchKind},
};
use core::time::Duration;
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};
use tempfile::TempDir;

pub(crate) const SETTLE: Micros = 500_000;
pub(crate) const GONE_AFTER: Micros = 2_000_000;

/// A plugin whose entry `number` answers the major number of its version. `more` is WebAssembly text.
pub(crate) fn module(name: &str, number: u32, more: &str) -> Vec<u8> {
    let version = format!("{number}.0.0");
    let text = |text: &str| format!(r"\{:02x}{text}", text.len());
    let (name, version) = (text(name), text(&version));
    assemble(&format!(
        r#"(module
            (@custom "ampoule.meta" "\01{name}{version}\00\00")
            (memory (export "memory") 1024 1024 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func $answer (param i32) (result i64)
                (i32.store (i32.const 128) (local.get 0)) (i64.const 0x80_0000_0004))
            (func (export "number") (param i32) (result i64) (call $answer (i32.const {number})))
            {more})"#
    ))
}

/// A module from text.
pub(crate) fn assemble(text: &str) -> Vec<u8> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x.wat");
    fs::write(&path, text).unwrap();
    read_module(&path, 1 << 20).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The least manifest.
pub(crate) fn manifest(name: &str) -> String {
    format!(r#"{{ "meta": {{ "name": "{name}", "version": "1.0.0" }} }}"#)
}

pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) host: Host<'static, 8>,
    pub(crate) watcher: Watcher,
    pub(crate) now: Micros,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::of(Config::WORKSTATION, WatchOptions::default())
    }

    pub(crate) fn of(config: Config<'static>, options: WatchOptions) -> Self {
        let folder = TempDir::new().unwrap();
        let dir = folder.path().join("plugins");
        fs::create_dir(&dir).unwrap();
        let (host, watcher) = (Host::new(config, monotonic), Watcher::new(dir, options));
        Self { folder, host, watcher, now: 1_000_000_000 }
    }

    /// With the plugin `sum` of version 1 loaded from `sum.json` and `sum.wasm`.
    pub(crate) fn with_sum() -> (Self, PluginId) {
        let mut bench = Self::new();
        bench.put("sum", 1);
        let events = bench.settled();
        assert_eq!(told(&events), ["loaded sum.json"]);
        let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{events:?}") };
        (bench, id)
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.watcher.dir().join(file)
    }

    pub(crate) fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(file), bytes).unwrap();
    }

    /// Writes both files of a plugin.
    pub(crate) fn put(&self, name: &str, number: u32) {
        self.write(&format!("{name}.wasm"), module(name, number, ""));
        self.write(&format!("{name}.json"), manifest(name));
    }

    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.path(file)).unwrap();
    }

    pub(crate) fn poll(&mut self) -> Vec<WatchEvent> {
        self.watcher.poll(&mut self.host, self.now)
    }

    pub(crate) fn poll_after(&mut self, micros: Micros) -> Vec<WatchEvent> {
        self.now += micros;
        self.poll()
    }

    /// What is told until what changed has been looked at twice.
    pub(crate) fn settled(&mut self) -> Vec<WatchEvent> {
        let mut events = self.poll_after(1);
        events.extend(self.poll_after(SETTLE));
        // While the clock here leaps, the file system's may not have moved on; the next change needs
        // another time.
        thread::sleep(Duration::from_millis(10));
        events
    }

    /// As [`Self::settled`], in short.
    pub(crate) fn tell(&mut self) -> Vec<String> {
        told(&self.settled())
    }

    /// What a plugin answers.
    pub(crate) fn number(&mut self, id: PluginId) -> u32 {
        number(&mut self.host, id)
    }
}

/// Asks a [`module`], whose meta has to say the same.
pub(crate) fn number<const SLOTS: usize>(host: &mut Host<'_, SLOTS>, id: PluginId) -> u32 {
    let entry = host.bind::<[u8; 0], [u8; 4]>(id, "number").unwrap();
    let number = u32::from_le_bytes(host.call(&entry, &[]).unwrap());
    assert_eq!(host.plugin(id).unwrap().meta().version, format!("{number}.0.0"));
    number
}

/// Events, a word and a file each; failures with their code.
pub(crate) fn told(events: &[WatchEvent]) -> Vec<String> {
    events.iter().map(in_short).collect()
}

fn in_short(event: &WatchEvent) -> String {
    let what = match &event.what {
        WatchKind::Loaded { .. } => "loaded",
        WatchKind::Staged { .. } => "staged",
        WatchKind::Reloaded { .. } => "reloaded",
        WatchKind::Reverted { .. } => "reverted",
        WatchKind::Unloaded { .. } => "unloaded",
        WatchKind::Failed { error } => error.code(),
        WatchKind::Ignored { reason } => reason.code(),
        _ => "?",
    };
    let file = event.path.file_name().unwrap_or_default();
    format!("{what} {}", Path::new(file).display())
}

/// No events.
pub(crate) const NOTHING: [&str; 0] = [];
