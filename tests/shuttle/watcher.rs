//! A directory that is watched while threads call, others replace files, and a pool follows what the
//! watcher tells. Files are real; who goes on when is the scheduler's to say.
//!
//! The host and its watcher stand behind one lock, as in `ampoule serve`. Threads change places where they
//! lock, between two operations on files, between a version's reading and its loading, and where a guest
//! asks a service, in its `ampoule_init` and in its calls.

use crate::{
    Sleep, Sleeping, Yielding, acquire, check,
    life::{CONFIG, Number, Slow, clock, named, number, pass, value},
};
use ampoule::{Entry, Host, Manifest, OfferError, Pool, PoolSource, Probation, Service, Source};
use ampoule_std::{
    WatchOptions, Watcher,
    watch::{Sha256, WatchKind},
};
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use shuttle::{
    rand::{Rng as _, thread_rng},
    sync::{Arc, Mutex, MutexGuard},
    thread,
};
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use tempfile::TempDir;

/// Orders of threads that each scheduler tries.
const ROUNDS: usize = 1_000;
/// The version that is there in the end. The first one is there from the start.
const LAST: usize = 4;
/// By the clock that the threads share, which a poll moves on by half of it.
const SETTLE: u64 = 10_000;

/// The module of a version, which answers its number after some slices of fuel, and asks its service on the
/// way. No two have the same length: the system's clock for files is slower than these threads.
fn module(name: &str, version: usize, init: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "slow" "ask" (func $ask (param i32) (result i32)))
            (memory (export "memory") 1024 1024 (pagesize 1))
            (data (i32.const 256) "{padding}")
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func $spin (local $left i32)
                (local.set $left (i32.const 200))
                (loop $again
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if $again (local.get $left))))
            (func (export "ampoule_init") (param i32) (result i64)
                (drop (call $ask (i32.const 0))) {init} (i64.const 0))
            (func (export "number") (param i32) (result i64)
                call $spin (drop (call $ask (i32.const 0))) call $spin
                (i32.store (i32.const 128) (i32.const {version})) (i64.const 0x80_0000_0004)))"#,
        padding = "x".repeat(version)
    );
    named(wat::parse_str(&text).unwrap(), name, &format!("{version}.0.0"))
}

fn manifest(name: &str, version: usize) -> String {
    format!(
        r#"{{ "meta": {{ "name": "{name}", "version": "{version}.0.0" }}, "capabilities": {{
            "services": [{{ "service": "slow", "operations": ["ask"] }}] }} }}{}"#,
        " ".repeat(version)
    )
}

/// The whole version's module, then ways in which a version can be broken.
static MODULES: LazyLock<Vec<[Vec<u8>; 4]>> = LazyLock::new(|| {
    let of = |version| {
        let whole = module("sum", version, "");
        let half = whole[..whole.len() / 2].to_vec();
        [whole, half, module("sum", version, "unreachable"), module("other", version, "")]
    };
    (0..=LAST).map(of).collect()
});

fn yielding() -> Box<dyn Service> {
    Box::new(Yielding(Slow::default()))
}

/// A service of each version's own, which answers after others had their turn.
fn options() -> WatchOptions {
    let options = WatchOptions { settle: SETTLE, gone_after: u64::MAX, ..WatchOptions::default() };
    options.with_services(|_| {
        thread::yield_now();
        vec![yielding()]
    })
}

/// What a pool is loaded from.
struct Files {
    wasm: Vec<u8>,
    manifest: Manifest,
}

impl Files {
    fn new(wasm: Vec<u8>) -> Self {
        Self { wasm, manifest: Manifest::parse(manifest("sum", 1).as_bytes()).unwrap() }
    }
}

impl<'p> PoolSource<'p> for Files {
    fn source<'s>(&'s self, _: usize) -> Result<Source<'s>, OfferError>
    where
        'p: 's,
    {
        Source::new(&self.wasm).with_manifest(&self.manifest).with_service(yielding())
    }
}

/// What has to come up in some of the orders, or they say nothing.
#[derive(Clone, Copy)]
enum Seen {
    StagedUnderACall,
    Refused,
    ReplacedMeanwhile,
    ServedMidway,
}

static SEEN: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];

fn note(what: Seen) {
    SEEN[what as usize].fetch_add(1, Relaxed);
}

type Stage = (Host<'static, 1>, Watcher);

struct Scene {
    dir: PathBuf,
    stage: Mutex<Stage>,
    number: Entry<Number, Number>,
    pool: Sleeping<2>,
    of_pool: Entry<Number, Number>,
}

impl Scene {
    /// With the first version loaded.
    fn new(dir: &Path) -> Self {
        write(dir, "sum.wasm", &MODULES[1][0]);
        write(dir, "sum.json", manifest("sum", 1).as_bytes());
        let probation = Probation { calls: 2, micros: u64::MAX };
        let config = ampoule::Config { probation, ..CONFIG };
        let (mut host, mut watcher) = (Host::new(config, clock), Watcher::new(dir, options()));
        assert!(watcher.poll(&mut host, pass(1)).is_empty());
        let told = watcher.poll(&mut host, pass(SETTLE));
        let [WatchKind::Loaded { id, .. }] = told.iter().map(|it| &it.what).collect::<Vec<_>>()[..]
        else {
            panic!("{told:?}")
        };
        let number = host.bind(*id, "number").unwrap();
        let files = Files::new(MODULES[1][0].clone());
        let pool =
            Pool::load_waiting(config, clock, |_, _| Ok(()), files, Sleep::default()).unwrap();
        let of_pool = pool.bind("number").unwrap();
        Self { dir: dir.to_owned(), stage: Mutex::new((host, watcher)), number, pool, of_pool }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap()
    }

    /// Polls, and has the pool follow.
    fn poll(&self) {
        let told = {
            let (host, watcher) = &mut *self.stage();
            watcher.poll(host, pass(SETTLE / 2))
        };
        for event in told {
            match event.what {
                WatchKind::Reloaded { to, .. } => self.follow(to.module),
                WatchKind::Staged { .. } => note(Seen::StagedUnderACall),
                // Half of a version, or a broken one.
                WatchKind::Failed { .. } => note(Seen::Refused),
                _ => panic!("{event}"),
            }
        }
    }

    /// The file may be another by now: then another event comes.
    fn follow(&self, hash: Sha256) {
        let wasm = fs::read(self.dir.join("sum.wasm")).unwrap_or_default();
        if Sha256::of(&wasm) == hash {
            self.pool.reload(Files::new(wasm)).unwrap();
        } else {
            note(Seen::ReplacedMeanwhile);
        }
    }

    /// Calls once at a time, a slice a turn, as a server does.
    fn call(&self, last: usize) -> usize {
        let started = self.stage().0.start(&self.number, &number(0));
        let call = started.expect("a reload is nobody's concern");
        loop {
            let (host, _) = &mut *self.stage();
            host.poll(clock());
            if let Some(answer) = host.take(&call) {
                let answer = answer.map(value).expect("a reload is nobody's concern");
                return is_good(answer, last);
            }
        }
    }

    fn call_pool(&self) {
        let mut lease = acquire(&self.pool);
        let answer = lease.call(&self.of_pool, &number(0)).map(value);
        let answer = is_good(answer.expect("a reload is nobody's concern"), 1);
        let version = lease.plugin().map(|plugin| plugin.meta().version.to_owned());
        assert_eq!(version, Some(format!("{answer}.0.0")), "what answers is what is there");
    }
}

/// Versions don't go back, and the broken one never answers.
fn is_good(answer: i32, last: usize) -> usize {
    let answer = usize::try_from(answer).unwrap();
    assert!(answer >= last && answer != BROKEN, "{answer} after {last}");
    if answer == BROKEN - 1 {
        note(Seen::ServedMidway);
    }
    answer
}

/// The version that is broken, in one way or another.
const BROKEN: usize = 3;

/// Replaces both files of each version, in one of the ways in which programs do that.
fn write_all(dir: &Path) {
    for version in 2..=LAST {
        let way = if version == BROKEN { thread_rng().gen_range(1..6) } else { 0 };
        let whole = manifest("sum", version);
        let (module, manifest) = match way {
            // With a manifest that is wrong, a whole module would be a version by itself.
            4 => (&MODULES[version - 1][0], manifest("other", version)),
            5 => (&MODULES[version - 1][0], whole[..whole.len() / 2].to_owned()),
            way => (&MODULES[version][way], whole),
        };
        write(dir, "sum.wasm", module);
        thread::yield_now();
        write(dir, "sum.json", manifest.as_bytes());
        thread::yield_now();
    }
}

fn write(dir: &Path, file: &str, bytes: &[u8]) {
    let (path, (start, end)) = (dir.join(file), bytes.split_at(bytes.len() / 2));
    let beside = path.with_extension("new");
    match thread_rng().gen_range(0..3) {
        0 => {
            fs::write(&beside, bytes).unwrap();
            thread::yield_now();
            fs::rename(&beside, &path).unwrap();
        }
        1 => {
            fs::write(&path, start).unwrap();
            thread::yield_now();
            OpenOptions::new().append(true).open(&path).unwrap().write_all(end).unwrap();
        }
        _ => {
            let _ = fs::remove_file(&path);
            thread::yield_now();
            fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn calls_of_a_host_and_a_pool_go_on_while_a_watched_directory_changes() {
    check(ROUNDS, || {
        let folder = TempDir::new().unwrap();
        let scene = Arc::new(Scene::new(folder.path()));
        let start = |work: fn(&Scene)| {
            let scene = Arc::clone(&scene);
            thread::spawn(move || work(&scene))
        };
        let callers: fn(&Scene) = |scene| {
            (0..3).fold(1, |last, _| scene.call(last));
        };
        let threads = [
            start(callers),
            start(callers),
            start(|scene| (0..3).for_each(|_| scene.call_pool())),
            start(|scene| (0..12).for_each(|_| scene.poll())),
            start(|scene| write_all(&scene.dir)),
        ];
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        converged(&scene);
    });
    let seen = SEEN.each_ref().map(|count| count.load(Relaxed));
    println!("{seen:?}");
    assert!(!seen.contains(&0), "{seen:?}");
}

/// All that was written comes to rest: the last version is what runs, in the host and in the pool.
fn converged(scene: &Scene) {
    (0..4).for_each(|_| scene.poll());
    assert_eq!(scene.call(LAST), LAST);
    let last = MODULES[LAST][0].clone();
    assert_eq!(fs::read(scene.dir.join("sum.wasm")).unwrap(), last);
    let shards = crate::versions(&scene.pool);
    assert_eq!(shards, [const { "4.0.0" }; 2]);
    let (host, _) = &*scene.stage();
    let (id, plugin) = host.iter().next().unwrap();
    assert_eq!(plugin.meta().version, "4.0.0");
    let counters = host.counters(id).unwrap();
    assert_eq!((counters.calls, counters.successes), (7, 7));
    let uses: Vec<_> = host.host_calls(id).collect();
    // One for each call and for the start of each version.
    assert!(matches!(uses[..], [("slow", of)] if of >= 8 && of == counters.host_calls), "{uses:?}");
}
