//! One manifest of a watched directory.

use super::{
    OwnServices,
    event::{WatchError, WatchEvent, WatchKind, WatchRefusal},
    read::{Content, Look, Pair, Tried, Unread, beside, peek},
    runs::Runs,
    stamp::{Listing, Stamp},
};
use crate::{escaped, files::shown};
use ampoule::{CallError, Grant, Host, LoadError, Micros, PluginId, Refusal, Source};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// One poll.
pub(super) struct Round<'r, 'p, const SLOTS: usize> {
    pub(super) dir: &'r Path,
    pub(super) host: &'r mut Host<'p, SLOTS>,
    pub(super) now: Micros,
    pub(super) settle: Micros,
    pub(super) gone_after: Micros,
    pub(super) services: &'r mut OwnServices,
    /// Which file each loaded plugin is from.
    pub(super) holders: &'r mut BTreeMap<String, OsString>,
    pub(super) listing: &'r Listing,
    pub(super) told: &'r mut Vec<WatchEvent>,
    /// Whether a plugin was unloaded, so that there may be room for another.
    pub(super) freed: bool,
}

impl<const SLOTS: usize> Round<'_, '_, SLOTS> {
    fn tell(&mut self, file: &OsStr, plugin: Option<String>, what: WatchKind) {
        self.told.push(WatchEvent { path: self.dir.join(file), plugin, what });
    }

    fn make(&mut self, content: &Content, id: Option<PluginId>) -> Result<PluginId, WatchError> {
        let grant = Grant::new(&content.manifest, self.host.policy());
        let mut source = Source::new(&content.module).with_manifest(&content.manifest);
        for service in (self.services)(&grant) {
            source = source.with_service(service)?;
        }
        match id {
            None => Ok(self.host.load(source)?),
            Some(id) => Ok(self.host.reload(id, source).map(|()| id)?),
        }
    }
}

/// A manifest, and what has become of it.
#[derive(Debug)]
pub(super) struct Watched {
    /// Where its module lies, seen from the directory, by the manifest that had the stamp `peeked`.
    module: PathBuf,
    peeked: Option<Stamp>,
    seen: Option<Look>,
    /// Since when it is as it was seen.
    since: Micros,
    gone_since: Option<Micros>,
    stage: Stage,
    /// The content that was tried last, with whatever success.
    tried: Option<Tried>,
    /// What was told last of a file that can't be read.
    told: Option<WatchError>,
    /// Whether it is the host that had no place for it.
    is_blocked: bool,
    /// Whether it is to be read at once.
    is_urgent: bool,
    /// The plugin's name, by what was read last.
    name: Option<String>,
    runs: Option<Runs>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is read when it has come to rest.
    Settling,
    /// It couldn't be read: that is tried again from time to time.
    Unread,
    /// Nothing is to be done until it changes.
    Done,
}

impl Watched {
    pub(super) fn new(file: &OsStr) -> Self {
        Self {
            module: beside(file),
            peeked: None,
            seen: None,
            since: 0,
            gone_since: None,
            stage: Stage::Settling,
            tried: None,
            told: None,
            is_blocked: false,
            is_urgent: false,
            name: None,
            runs: None,
        }
    }

    pub(super) fn module(&self) -> &Path {
        &self.module
    }

    /// Learns what the host has done since the last poll. A plugin that somebody else has unloaded stays
    /// so until its files change.
    pub(super) fn follow<const SLOTS: usize>(
        &mut self,
        file: &OsStr,
        round: &mut Round<'_, '_, SLOTS>,
    ) {
        let Some(runs) = &mut self.runs else { return };
        let (mut told, name) = (Vec::new(), runs.name.clone());
        let is_there = runs.follow(round.host, &mut |what| told.push(what));
        told.into_iter().for_each(|what| round.tell(file, Some(name.clone()), what));
        if !is_there {
            round.holders.remove(&name);
            round.freed = true;
            self.runs = None;
        }
    }

    /// Looks at the files, and acts if they have come to rest as something new. Answers whether the
    /// manifest is to be watched any longer.
    pub(super) fn look<const SLOTS: usize>(
        &mut self,
        file: &OsStr,
        round: &mut Round<'_, '_, SLOTS>,
    ) -> bool {
        let is_listed = round.listing.manifests.contains(file);
        let manifest = if is_listed { Stamp::at(&round.dir.join(file)) } else { Stamp::Gone };
        // A link to nowhere that never led anywhere is a mistake to be told.
        if manifest == Stamp::Gone && (!is_listed || self.runs.is_some()) {
            return self.miss(file, round) || is_listed;
        }
        self.gone_since = None;
        self.find_module(file, manifest, round.dir);
        let module = Stamp::at(&round.dir.join(&self.module));
        let look = Look { manifest, module };
        if self.rests(look, round.now, round.settle) {
            self.act(file, &look, round);
        }
        true
    }

    /// Tries once more what had no place in the host.
    pub(super) fn unblock(&mut self) {
        if core::mem::take(&mut self.is_blocked) {
            (self.tried, self.stage) = (None, Stage::Settling);
        }
    }

    /// Whether it was for that plugin when it was read last.
    pub(super) fn is_for(&self, plugin: &str) -> bool {
        self.name.as_deref() == Some(plugin)
    }

    /// Has it read at once, whatever has become of it before.
    pub(super) fn urge(&mut self) {
        (self.tried, self.told, self.is_urgent) = (None, None, true);
    }

    /// The manifest is gone. Answers whether it may come back.
    fn miss<const SLOTS: usize>(&mut self, file: &OsStr, round: &mut Round<'_, '_, SLOTS>) -> bool {
        let now = round.now;
        // Clocks may jump back.
        let gone_since = self.gone_since.filter(|since| *since <= now).unwrap_or(now);
        (self.gone_since, self.since) = (Some(gone_since), now);
        if now.saturating_sub(gone_since) < round.gone_after {
            return true;
        }
        if let Some(runs) = core::mem::replace(self, Self::new(file)).runs {
            unload(file, runs, round);
        }
        false
    }

    /// What the manifest says now may be half of it: then the module stays where it was.
    fn find_module(&mut self, file: &OsStr, manifest: Stamp, dir: &Path) {
        if self.peeked != Some(manifest) {
            self.peeked = Some(manifest);
            self.module = peek(dir, file).unwrap_or_else(|| core::mem::take(&mut self.module));
        }
    }

    fn rests(&mut self, look: Look, now: Micros, settle: Micros) -> bool {
        if core::mem::take(&mut self.is_urgent) {
            (self.seen, self.since, self.stage) = (Some(look), now, Stage::Settling);
            return true;
        }
        if self.seen != Some(look) {
            (self.seen, self.since, self.stage) = (Some(look), now, Stage::Settling);
            return false;
        }
        // Clocks may jump back.
        self.since = self.since.min(now);
        self.stage != Stage::Done && now.saturating_sub(self.since) >= settle
    }

    fn act<const SLOTS: usize>(
        &mut self,
        file: &OsStr,
        look: &Look,
        round: &mut Round<'_, '_, SLOTS>,
    ) {
        self.since = round.now;
        let pair = Pair { dir: round.dir, file, module: &self.module, seen: look };
        match pair.read(round.host.policy()) {
            Ok(content) => self.take(file, &content, round),
            Err(unread) => self.do_without(file, *unread, round),
        }
    }

    fn do_without<const SLOTS: usize>(
        &mut self,
        file: &OsStr,
        unread: Unread,
        round: &mut Round<'_, '_, SLOTS>,
    ) {
        let (name, error, is_new) = match unread {
            // The module may lie somewhere else by now.
            Unread::Unsteady => return self.peeked = None,
            Unread::Failed { name, error } => {
                self.stage = Stage::Unread;
                let is_new = self.told.as_ref() != Some(&error);
                self.told = Some(error.clone());
                (name, error, is_new)
            }
            Unread::Wrong { tried, name, error } => {
                self.stage = Stage::Done;
                (name, error, self.is_new(tried))
            }
        };
        if name.is_some() {
            self.name.clone_from(&name);
        }
        if is_new {
            round.tell(file, name, WatchKind::Failed { error });
        }
    }

    /// Whether this content wasn't the last that was tried; it is now.
    fn is_new(&mut self, tried: Tried) -> bool {
        self.told = None;
        self.tried.replace(tried) != Some(tried)
    }

    /// Loads or reloads a version, unless it is what runs or what has failed.
    fn take<const SLOTS: usize>(
        &mut self,
        file: &OsStr,
        content: &Content,
        round: &mut Round<'_, '_, SLOTS>,
    ) {
        let name = content.manifest.meta().name;
        self.name = Some(name.to_owned());
        let holder =
            round.holders.get(name).filter(|holder| self.runs.is_none() && **holder != file);
        if holder.is_some_and(|holder| !round.listing.manifests.contains(holder)) {
            // The file was renamed, or it comes back: until that is clear the plugin goes on.
            return;
        }
        let holder = holder.cloned();
        self.stage = Stage::Done;
        let runs_already = self.runs.as_ref().is_some_and(|runs| runs.wanted() == content.hashes);
        if !self.is_new(content.tried()) || runs_already {
            return;
        }
        let error = match holder {
            Some(other) => Err(name_taken(round.dir, name, file, &other).into()),
            None => self.put(file, content, round),
        };
        if let Err(error) = error {
            self.is_blocked = self.runs.is_none() && wants_room(&error);
            round.tell(file, Some(name.to_owned()), WatchKind::Failed { error });
        }
    }

    fn put<const SLOTS: usize>(
        &mut self,
        file: &OsStr,
        content: &Content,
        round: &mut Round<'_, '_, SLOTS>,
    ) -> Result<(), WatchError> {
        let (name, hashes) = (content.manifest.meta().name.to_owned(), content.hashes);
        let id = round.make(content, self.runs.as_ref().map(|runs| runs.id))?;
        if let Some(runs) = &mut self.runs {
            let mut told = Vec::new();
            runs.reloaded(round.host, hashes, &mut |what| told.push(what));
            told.into_iter().for_each(|what| round.tell(file, Some(name.clone()), what));
            return Ok(());
        }
        self.runs = Runs::new(round.host, id, name.clone(), hashes);
        round.holders.insert(name.clone(), file.to_owned());
        round.tell(file, Some(name), WatchKind::Loaded { id, hashes });
        Ok(())
    }
}

fn unload<const SLOTS: usize>(file: &OsStr, runs: Runs, round: &mut Round<'_, '_, SLOTS>) {
    let (id, hashes) = (runs.id, runs.current());
    round.holders.remove(&runs.name);
    round.freed = true;
    let destroyed = round.host.unload(id);
    round.tell(file, Some(runs.name.clone()), WatchKind::Unloaded { id, hashes });
    match destroyed {
        Ok(()) | Err(CallError::Refused(Refusal::Stale { .. })) => {}
        Err(error) => {
            round.tell(file, Some(runs.name), WatchKind::Failed { error: error.into() });
        }
    }
}

fn name_taken(dir: &Path, name: &str, file: &OsStr, other: &OsStr) -> WatchRefusal {
    let [file, other] = [file, other].map(|file| shown(&dir.join(file)));
    WatchRefusal::NameTaken { name: escaped(name).to_string(), file, other }
}

const fn wants_room(error: &WatchError) -> bool {
    matches!(
        error,
        WatchError::Load(LoadError::Slot(_)) | WatchError::Refused(WatchRefusal::NameTaken { .. })
    )
}
