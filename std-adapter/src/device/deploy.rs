//! A plugin on its way to a device, over a line that may break.

use super::{
    Device, OTHER_REPLY, Result,
    error::{DeviceError, LineError},
    record::Hash,
    wire::CHUNK_BYTES,
};
use ampoule_link::{Announced, Chunk, PluginId, Progress, Reply, Request, Target};

/// A manifest and a module, to be deployed.
#[derive(Clone, Debug)]
pub struct Package {
    /// The manifest and the module, one behind the other.
    bytes: Vec<u8>,
    announced: Announced,
    hash: Hash,
}

impl Package {
    /// Puts together a manifest, which may be empty, and a module.
    #[must_use]
    pub fn new(target: Target, manifest: &[u8], module: &[u8]) -> Self {
        Self {
            bytes: [manifest, module].concat(),
            announced: Announced::new(target, &[manifest, module]),
            hash: Hash::of(module),
        }
    }

    /// What is told of it before it is sent.
    #[must_use]
    pub const fn announced(&self) -> &Announced {
        &self.announced
    }

    /// What the host will call its module.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }
}

/// What happens while a package is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// The install is begun, or goes on from an earlier one, with so many bytes there.
    Begun {
        /// Bytes that are there.
        at: u32,
    },
    /// So many bytes are there.
    Sent {
        /// Bytes that are there.
        at: u32,
    },
    /// All are there, and the device is asked to load them.
    Committed,
    /// The line or the session is over, and a new one begins.
    Broken(&'a DeviceError),
}

/// Where a deployment is.
struct Course<'a> {
    package: &'a Package,
    /// Ends another install that is under way.
    aborts: bool,
    before: Before,
    /// Whether the device was asked to load it, so that it may have done it.
    is_committed: bool,
    /// The most bytes that were there.
    most: Option<u32>,
    step: &'a mut dyn FnMut(Step<'_>),
}

/// What was loaded before: by that one sees what a commit has done whose answer was lost.
struct Before {
    plugins: Vec<PluginId>,
    reloads: u32,
}

impl Device {
    /// Sends a package and has it loaded, or reloaded in place of the plugin that is its target. Answers
    /// what the plugin is called by from now on.
    ///
    /// If the line breaks or the device restarts, the line is opened again, and the install goes on from
    /// where the device is. Each try has to get further than the one before, or it is one of
    /// [`Patience::reopens`](super::Patience).
    ///
    /// `aborts` ends another install that is under way. `step` is told what happens.
    ///
    /// # Errors
    /// [`DeviceError::Told`] if the host refuses the plugin; [`LineError::OtherInstall`] if another install
    /// is under way; those of the line if it stays broken: the same deployment goes on from there later.
    pub fn deploy(
        &mut self,
        package: &Package,
        aborts: bool,
        step: &mut dyn FnMut(Step<'_>),
    ) -> Result<PluginId> {
        let before = self.before(package)?;
        let mut course = Course { package, aborts, before, is_committed: false, most: None, step };
        let mut left = self.patience().reopens;
        let mut is_open = true;
        loop {
            let reached = course.most;
            let tried = if is_open { Ok(()) } else { self.reopen() };
            let tried = tried.and_then(|()| self.install(&mut course));
            let error = match tried {
                Err(error) if error.is_passing() => error,
                tried => return tried,
            };
            left = if course.most > reached { self.patience().reopens } else { left };
            left = match left.checked_sub(1) {
                Some(left) => left,
                None => return Err(error),
            };
            (course.step)(Step::Broken(&error));
            is_open = false;
        }
    }

    /// Goes on from where the device is.
    fn install(&mut self, course: &mut Course<'_>) -> Result<PluginId> {
        let Package { bytes, announced, .. } = course.package;
        let mut progress = self.status(course)?;
        if progress.is_none()
            && course.is_committed
            && let Some(plugin) = self.loaded(course)?
        {
            return Ok(plugin);
        }
        let most = self.about().most.chunk_bytes.clamp(1, CHUNK_BYTES);
        loop {
            progress = match announced.next_request(bytes, progress, most) {
                Request::Commit => return self.commit(course),
                Request::Chunk(chunk) => Some(self.chunk(course, &chunk)?),
                _ => Some(self.begin(course)?),
            };
        }
    }

    /// How far the package's install is.
    fn status(&mut self, course: &Course<'_>) -> Result<Option<Progress>> {
        let progress = self.wire.ask(&Request::Status, |reply| match reply {
            Reply::Progress(progress) => Ok(progress),
            _ => Err(OTHER_REPLY()),
        })?;
        let announced = course.package.announced();
        match progress {
            Some(it) if it.announced != *announced && course.aborts => {
                self.done(&Request::Abort).map(|()| None)
            }
            Some(it) if it.announced != *announced => {
                let (sent, total) = (it.next_offset, it.announced.total_bytes);
                Err(LineError::OtherInstall { sent, total }.into())
            }
            Some(it) if it.next_offset > announced.total_bytes => Err(NOT_SO_FAR()),
            progress => Ok(progress),
        }
    }

    fn begin(&mut self, course: &mut Course<'_>) -> Result<Progress> {
        let announced = course.package.announced();
        let progress = self.progress(&Request::Begin(*announced), course.package)?;
        (course.step)(Step::Begun { at: progress.next_offset });
        Ok(progress)
    }

    /// Each chunk gets the install further by its length, or it would go on for ever.
    fn chunk(&mut self, course: &mut Course<'_>, chunk: &Chunk<'_>) -> Result<Progress> {
        let progress = self.progress(&Request::Chunk(*chunk), course.package)?;
        let length = u32::try_from(chunk.bytes.0.len()).unwrap_or(u32::MAX);
        if Some(progress.next_offset) != chunk.offset.checked_add(length) {
            return Err(NOT_SO_FAR());
        }
        course.most = course.most.max(Some(progress.next_offset));
        (course.step)(Step::Sent { at: progress.next_offset });
        Ok(progress)
    }

    /// The progress of this very package.
    fn progress(&mut self, request: &Request<'_>, package: &Package) -> Result<Progress> {
        let progress = self.wire.ask(request, |reply| match reply {
            Reply::Progress(progress) => Ok(progress),
            _ => Err(OTHER_REPLY()),
        })?;
        let announced = package.announced();
        let same = progress.filter(|progress| progress.announced == *announced);
        same.filter(|it| it.next_offset <= announced.total_bytes).ok_or_else(NOT_SO_FAR)
    }

    fn commit(&mut self, course: &mut Course<'_>) -> Result<PluginId> {
        course.is_committed = true;
        (course.step)(Step::Committed);
        self.wire.ask(&Request::Commit, |reply| match reply {
            Reply::Loaded { plugin } => Ok(plugin),
            _ => Err(OTHER_REPLY()),
        })
    }

    fn before(&mut self, package: &Package) -> Result<Before> {
        let plugins = self.slots()?.into_iter().map(|slot| slot.plugin).collect();
        let reloads = match package.announced().target {
            Target::New => 0,
            Target::Plugin(plugin) => self.counters(plugin)?.reloads,
        };
        Ok(Before { plugins, reloads })
    }

    /// The plugin, if the commit whose answer was lost has loaded it. If it hasn't, it may be done again.
    fn loaded(&mut self, course: &Course<'_>) -> Result<Option<PluginId>> {
        let Course { package, before, .. } = course;
        let hash = package.hash().0;
        let slots = self.slots()?;
        match package.announced().target {
            Target::New => {
                let is_new = |plugin| !before.plugins.contains(&plugin);
                let found = slots.iter().find(|slot| slot.hash == hash && is_new(slot.plugin));
                Ok(found.map(|slot| slot.plugin))
            }
            Target::Plugin(plugin) => {
                if !slots.iter().any(|slot| slot.plugin == plugin && slot.hash == hash) {
                    return Ok(None);
                }
                let reloads = self.counters(plugin)?.reloads;
                Ok((reloads > before.reloads).then_some(plugin))
            }
        }
    }
}

const NOT_SO_FAR: fn() -> DeviceError =
    || DeviceError::contradiction("an install that is elsewhere than it can be");
