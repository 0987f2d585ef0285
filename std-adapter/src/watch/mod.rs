//! Loads and reloads the plugins of a directory while they are worked on.
//!
//! A [`Watcher`] looks at a directory whenever it is told to. It has no thread and no timer: time is an
//! argument, and what it has done comes back as [`WatchEvent`]s.
//!
//! ```
//! use ampoule_std::{Config, Context, Host, Outcome, WatchOptions, Watcher, monotonic, watch::WatchKind};
//! use std::fs;
//!
//! # let folder = tempfile::tempdir()?;
//! # let dir = folder.path();
//! # let module = |reply: &str| format!(r#"(module
//! #     (@custom "ampoule.meta" "\01\05hello\051.0.0\00\00")
//! #     (memory (export "memory") 1024 1024 (pagesize 1))
//! #     (data (i32.const 0) "\01\04\02{reply}\00")
//! #     (func (export "ampoule_mailbox") (result i64) (i64.const 0x200_0000_0100))
//! #     (func (export "execute") (param i32) (result i64) (i64.const 6)))"#);
//! # let (first, second) = (module("hi"), module("ho"));
//! fs::write(dir.join("hello.wat"), first)?;
//! fs::write(dir.join("hello.json"), r#"{
//!     "meta": { "name": "hello", "version": "1.0.0" }, "wasmPath": "./hello.wat"
//! }"#)?;
//!
//! let mut host = Host::<4>::new(Config::WORKSTATION, monotonic);
//! let mut watcher = Watcher::new(dir, WatchOptions::default());
//!
//! // Nothing is read until it has been as it is for a while; here the time is made up.
//! assert!(watcher.poll(&mut host, 0).is_empty());
//! let events = watcher.poll(&mut host, 500_000);
//! let WatchKind::Loaded { id, .. } = events[0].what else { panic!("{}", events[0]) };
//! let execute = host.bind::<Context, Outcome>(id, "execute")?;
//!
//! fs::write(dir.join("hello.new"), second)?;
//! fs::rename(dir.join("hello.new"), dir.join("hello.wat"))?;
//! watcher.poll(&mut host, 600_000);
//! let events = watcher.poll(&mut host, 1_100_000);
//! assert!(matches!(events[0].what, WatchKind::Reloaded { version: 2, .. }));
//! // What was bound stays bound.
//! let outcome = host.call(&execute, &Context::default())?;
//! assert_eq!(serde_json::to_string(&outcome)?, r#"{"success":true,"data":"ho"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `docs/watching.md` says what counts as a change, how long things take, and what happens to versions
//! that fail.

mod command;
mod event;
mod read;
mod runs;
mod stamp;
mod watched;

pub use command::WatchCommandError;
pub use event::{Hashes, Sha256, WatchError, WatchEvent, WatchKind, WatchRefusal};
pub use stamp::MAX_WATCHED;

use crate::FileError;
use ampoule::{Grant, Host, Micros, Service};
use core::fmt;
use stamp::Listing;
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
};
use watched::{Round, Watched};

/// Makes a plugin's own services.
pub type OwnServices = dyn FnMut(&Grant<'_>) -> Vec<Box<dyn Service>> + Send;

/// How a [`Watcher`] goes about it.
///
/// ```
/// use ampoule_std::{WatchOptions, workstation_own_services};
///
/// let options = WatchOptions { settle: 100_000, ..WatchOptions::default() }
///     .with_services(workstation_own_services);
/// ```
pub struct WatchOptions {
    /// How long files have to stay as they are before they are read, in microseconds: 500 ms unless it is
    /// set.
    pub settle: Micros,
    /// How long a manifest has to be gone before its plugin is unloaded, in microseconds: 2 s unless it is
    /// set.
    pub gone_after: Micros,
    /// Makes each version of each plugin services of its own, for its grant: its manifest cut by the
    /// host's policy. None, unless it is set: then it has those that the host offers to all.
    pub services: Box<OwnServices>,
}

impl WatchOptions {
    /// Sets [`Self::services`].
    #[must_use]
    pub fn with_services(
        self,
        services: impl FnMut(&Grant<'_>) -> Vec<Box<dyn Service>> + Send + 'static,
    ) -> Self {
        Self { services: Box::new(services), ..self }
    }
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { settle: 500_000, gone_after: 2_000_000, services: Box::new(|_| Vec::new()) }
    }
}

impl fmt::Debug for WatchOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settle, gone_after, .. } = self;
        f.debug_struct("WatchOptions")
            .field("settle", settle)
            .field("gone_after", gone_after)
            .finish_non_exhaustive()
    }
}

/// Keeps the plugins of a host as the manifests of a directory say.
///
/// It unloads what it has loaded, and nothing else. When it is dropped its plugins stay.
#[derive(Debug)]
pub struct Watcher {
    dir: PathBuf,
    options: WatchOptions,
    watched: BTreeMap<OsString, Watched>,
    /// Which file each loaded plugin is from.
    holders: BTreeMap<String, OsString>,
    /// Modules that no manifest names.
    strays: BTreeMap<OsString, Stray>,
    /// What was told last of the directory, if it can't be listed.
    lost: Option<WatchError>,
}

#[derive(Debug)]
struct Stray {
    since: Micros,
    is_told: bool,
}

impl Watcher {
    /// Watches the manifests in `dir`: the files there, not those below it, whose names end in `.json`
    /// and don't start with a dot. A relative path starts at the current directory, at each poll.
    ///
    /// The directory may come later.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, options: WatchOptions) -> Self {
        Self {
            dir: dir.into(),
            options,
            watched: BTreeMap::new(),
            holders: BTreeMap::new(),
            strays: BTreeMap::new(),
            lost: None,
        }
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Has the files of a plugin read by the next poll, without waiting until they have come to rest: an
    /// operator's word. What has failed is tried once more, what somebody has unloaded is loaded again; of
    /// what runs already nothing comes. False if no manifest is known for a plugin of that name.
    pub fn read_again(&mut self, plugin: &str) -> bool {
        let mut named = self.watched.values_mut().filter(|it| it.is_for(plugin)).peekable();
        let is_known = named.peek().is_some();
        named.for_each(Watched::urge);
        is_known
    }

    /// Looks at the directory, and loads, reloads and unloads what has come to rest.
    ///
    /// Give it the same host each time, and the time by a clock that isn't set: `now` may start anywhere.
    /// If it goes back, waiting starts over. Poll as often as changes are to be noticed; a poll without a
    /// change lists the directory, asks the system for two files' data for each manifest, and reads
    /// nothing.
    pub fn poll<const SLOTS: usize>(
        &mut self,
        host: &mut Host<'_, SLOTS>,
        now: Micros,
    ) -> Vec<WatchEvent> {
        let mut told = Vec::new();
        let listing = Listing::of(&self.dir);
        let listing = self.judge(listing, &mut told);
        self.go_round(host, now, listing.as_ref(), &mut told);
        if let Some(listing) = &listing {
            self.tell_strays(listing, now, &mut told);
        }
        told
    }

    /// Tells once why there is no listing. A directory that isn't there is an empty one; of another that
    /// can't be listed nobody knows what is in it.
    fn judge(
        &mut self,
        listing: Result<Listing, WatchError>,
        told: &mut Vec<WatchEvent>,
    ) -> Option<Listing> {
        let error = match listing {
            Ok(listing) => {
                self.lost = None;
                return Some(listing);
            }
            Err(error) => error,
        };
        let is_gone = matches!(error, WatchError::File(FileError::NotFound { .. }));
        if self.lost.as_ref() != Some(&error) {
            self.lost = Some(error.clone());
            let what = WatchKind::Failed { error };
            told.push(WatchEvent { path: self.dir.clone(), plugin: None, what });
        }
        is_gone.then(Listing::default)
    }

    fn go_round<const SLOTS: usize>(
        &mut self,
        host: &mut Host<'_, SLOTS>,
        now: Micros,
        listing: Option<&Listing>,
        told: &mut Vec<WatchEvent>,
    ) {
        let Self { dir, options, watched, holders, .. } = self;
        let WatchOptions { settle, gone_after, services } = options;
        let (settle, gone_after) = (*settle, *gone_after);
        let nothing = Listing::default();
        let files = listing.unwrap_or(&nothing);
        for file in &files.manifests {
            if !watched.contains_key(file) {
                watched.insert(file.clone(), Watched::new(file));
            }
        }
        let mut round = Round {
            dir,
            host,
            now,
            settle,
            gone_after,
            services,
            holders,
            listing: files,
            told,
            freed: false,
        };
        watched.iter_mut().for_each(|(file, it)| it.follow(file, &mut round));
        if listing.is_some() {
            watched.retain(|file, it| it.look(file, &mut round));
        }
        if round.freed {
            watched.values_mut().for_each(Watched::unblock);
        }
    }

    fn tell_strays(&mut self, listing: &Listing, now: Micros, told: &mut Vec<WatchEvent>) {
        let Self { dir, options, watched, strays, .. } = self;
        let named: BTreeSet<_> = watched.values().map(Watched::module).collect();
        let is_stray = |file: &OsString| !named.contains(Path::new(file));
        strays.retain(|file, _| listing.modules.contains(file) && is_stray(file));
        for file in listing.modules.iter().filter(|file| is_stray(file)) {
            let stray = Stray { since: now, is_told: false };
            let stray = strays.entry(file.clone()).or_insert(stray);
            stray.since = stray.since.min(now);
            let rests = now.saturating_sub(stray.since) >= options.settle && now > stray.since;
            if rests && !core::mem::replace(&mut stray.is_told, true) {
                told.push(no_manifest(dir, file));
            }
        }
    }
}

fn no_manifest(dir: &Path, file: &OsString) -> WatchEvent {
    let path = dir.join(file);
    let reason = WatchRefusal::NoManifest { file: crate::files::shown(&path) };
    WatchEvent { path, plugin: None, what: WatchKind::Ignored { reason } }
}
