//! An install: chunks in order, into storage, and nothing that isn't whole comes out.

use crate::{
    error::LinkError,
    items::Bytes,
    message::{Announced, Chunk, Hash, Progress, Reply, Request, Target},
};
use sha2::{Digest as _, Sha256};

/// Where a device keeps what is installed: flash, or RAM.
///
/// It is asked in order: [`Self::begin`], writes one behind the other, [`Self::read`], and
/// [`Self::discard`] at the end of each install, also of one that went well. A device that can't do
/// what it is asked answers [`LinkError::Storage`].
pub trait Sink {
    /// The most bytes of an install.
    fn capacity_bytes(&self) -> u32;

    /// Makes room, such as by erasing flash. What is in use must not be touched.
    ///
    /// # Errors
    /// [`LinkError`]: the install isn't begun.
    fn begin(&mut self, announced: &Announced) -> Result<(), LinkError>;

    /// Writes at an offset, which is where the write before ended. After an error the same bytes may come
    /// again.
    ///
    /// # Errors
    /// [`LinkError`]: the chunk isn't counted.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), LinkError>;

    /// Shows the first `total_bytes` that are really there, in order and in parts of any size: what the
    /// hash is checked over, so read them back.
    ///
    /// # Errors
    /// [`LinkError`]: the install can't be committed, and goes on.
    fn read(&self, total_bytes: u32, show: &mut dyn FnMut(&[u8])) -> Result<(), LinkError>;

    /// The install is over. What was written may be overwritten, unless whoever loaded it keeps it.
    fn discard(&mut self);
}

/// A device that keeps its storage elsewhere, such as in a static, lends it.
impl<S: Sink> Sink for &mut S {
    fn capacity_bytes(&self) -> u32 {
        S::capacity_bytes(self)
    }

    fn begin(&mut self, announced: &Announced) -> Result<(), LinkError> {
        S::begin(self, announced)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), LinkError> {
        S::write(self, offset, bytes)
    }

    fn read(&self, total_bytes: u32, show: &mut dyn FnMut(&[u8])) -> Result<(), LinkError> {
        S::read(self, total_bytes, show)
    }

    fn discard(&mut self) {
        S::discard(self);
    }
}

/// One install at a time, into a [`Sink`].
///
/// It outlives sessions: whoever begins an install as it was begun before goes on with it.
///
/// ```
/// use ampoule_link::{Announced, Bytes, Chunk, Install, LinkError, RamSink, Target};
///
/// let mut install = Install::new(RamSink::<64>::new());
/// let announced = Announced::new(Target::New, &[b"{}", b"\0asm"]);
/// install.begin(&announced)?;
/// install.chunk(&Chunk { offset: 0, bytes: Bytes(b"{}\0") })?;
/// let early = install.commit(|_, _| ());
/// assert_eq!(early, Err(LinkError::Incomplete { written: 3, total: 6 }));
///
/// install.chunk(&Chunk { offset: 3, bytes: Bytes(b"asm") })?;
/// let module = install.commit(|ram, announced| ram.parts(announced).1.to_vec())?;
/// assert_eq!(module, b"\0asm");
/// # Ok::<(), LinkError>(())
/// ```
#[derive(Debug)]
pub struct Install<S> {
    sink: S,
    progress: Option<Progress>,
}

impl<S: Sink> Install<S> {
    /// None is under way.
    pub const fn new(sink: S) -> Self {
        Self { sink, progress: None }
    }

    /// Goes on with one that was under way before the device restarted, from a record that the device
    /// kept of it. A record that can't be true is dropped, and none is under way.
    pub fn resumed(sink: S, progress: Progress) -> Self {
        let true_one = check(&progress.announced, sink.capacity_bytes()).is_ok()
            && progress.next_offset <= progress.announced.total_bytes;
        Self { sink, progress: true_one.then_some(progress) }
    }

    /// Where it writes to.
    pub const fn sink(&self) -> &S {
        &self.sink
    }

    /// How far it is; `None` if none is under way.
    pub const fn progress(&self) -> Option<Progress> {
        self.progress
    }

    /// Begins an install, or goes on with the one that was begun so.
    ///
    /// # Errors
    /// [`LinkError::OtherInstall`] if another one is under way, [`LinkError::Lengths`] and
    /// [`LinkError::InstallTooLarge`] if it can't be, or what the sink says.
    pub fn begin(&mut self, announced: &Announced) -> Result<Progress, LinkError> {
        if let Some(progress) = self.progress {
            let same = progress.announced == *announced;
            return if same { Ok(progress) } else { Err(LinkError::OtherInstall {}) };
        }
        check(announced, self.sink.capacity_bytes())?;
        self.sink.begin(announced)?;
        let progress = Progress { announced: *announced, next_offset: 0 };
        self.progress = Some(progress);
        Ok(progress)
    }

    /// Writes a chunk.
    ///
    /// # Errors
    /// [`LinkError::NoInstall`], [`LinkError::Offset`] if it isn't the next one,
    /// [`LinkError::ChunkTooLong`], or what the sink says. Nothing of it counts.
    pub fn chunk(&mut self, chunk: &Chunk<'_>) -> Result<Progress, LinkError> {
        let progress = self.progress.as_mut().ok_or(LinkError::NoInstall {})?;
        let (found, expected) = (chunk.offset, progress.next_offset);
        if found != expected {
            return Err(LinkError::Offset { found, expected });
        }
        let total = progress.announced.total_bytes;
        let end = u64::from(found).saturating_add(chunk.bytes.0.len() as u64);
        let next = u32::try_from(end).ok().filter(|end| *end <= total);
        let next = next.ok_or(LinkError::ChunkTooLong { end, total })?;
        self.sink.write(found, chunk.bytes.0)?;
        progress.next_offset = next;
        Ok(*progress)
    }

    /// Ends the install without loading anything; nothing happens if there is none.
    pub fn abort(&mut self) {
        if self.progress.take().is_some() {
            self.sink.discard();
        }
    }

    /// Checks that all of it is there and has the hash that was announced, and only then has it loaded. The
    /// install is over then, whatever `load` answers.
    ///
    /// # Errors
    /// [`LinkError::NoInstall`]; [`LinkError::Incomplete`] and what the sink says: the install goes on;
    /// [`LinkError::OtherHash`]: it is gone.
    pub fn commit<R>(
        &mut self,
        load: impl FnOnce(&mut S, &Announced) -> R,
    ) -> Result<R, LinkError> {
        let Progress { announced, next_offset: written } =
            self.progress.ok_or(LinkError::NoInstall {})?;
        let total = announced.total_bytes;
        if written != total {
            return Err(LinkError::Incomplete { written, total });
        }
        if self.hash(total)? != announced.sha256 {
            self.abort();
            return Err(LinkError::OtherHash {});
        }
        self.progress = None;
        let loaded = load(&mut self.sink, &announced);
        self.sink.discard();
        Ok(loaded)
    }

    /// The hash of what the sink shows. Another length makes another hash.
    fn hash(&self, total_bytes: u32) -> Result<Hash, LinkError> {
        let mut hash = Sha256::new();
        self.sink.read(total_bytes, &mut |bytes| hash.update(bytes))?;
        Ok(hash.finalize().into())
    }

    /// Does what a request asks of an install, short of [`Self::commit`]; `None` if it asks something else.
    pub fn handle(&mut self, request: &Request<'_>) -> Option<Result<Reply<'static>, LinkError>> {
        let progress = match request {
            Request::Begin(announced) => self.begin(announced),
            Request::Chunk(chunk) => self.chunk(chunk),
            Request::Status => return Some(Ok(Reply::Progress(self.progress))),
            Request::Abort => {
                self.abort();
                return Some(Ok(Reply::Done));
            }
            _ => return None,
        };
        Some(progress.map(|progress| Reply::Progress(Some(progress))))
    }
}

fn check(announced: &Announced, allowed: u32) -> Result<(), LinkError> {
    let Announced { total_bytes: total, manifest_bytes: manifest, .. } = *announced;
    if manifest >= total {
        return Err(LinkError::Lengths { manifest, total });
    }
    if total > allowed {
        return Err(LinkError::InstallTooLarge { found: total, allowed });
    }
    Ok(())
}

impl Announced {
    /// Announces a manifest, which may be empty, and a module. Of more than 4 GiB the lengths are wrong,
    /// and no device takes that much.
    #[must_use]
    pub fn new(target: Target, [manifest, module]: &[&[u8]; 2]) -> Self {
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let sha256 = Sha256::new().chain_update(manifest).chain_update(module).finalize();
        Self {
            target,
            total_bytes: length(manifest.len().saturating_add(module.len())),
            manifest_bytes: length(manifest.len()),
            sha256: sha256.into(),
        }
    }

    /// What to ask next of a device that is so far: to begin this install, to take the next chunk of up to
    /// `most` bytes, or to commit. `bytes` are the manifest and the module, one behind the other.
    ///
    /// ```
    /// use ampoule_link::{Announced, Bytes, Chunk, Progress, Request, Target};
    ///
    /// let announced = Announced::new(Target::New, &[b"{}", b"\0asm"]);
    /// let at = |next_offset| Some(Progress { announced, next_offset });
    /// let ask = |progress| announced.next_request(b"{}\0asm", progress, 4);
    /// assert_eq!(ask(None), Request::Begin(announced));
    /// assert_eq!(ask(at(2)), Request::Chunk(Chunk { offset: 2, bytes: Bytes(b"\0asm") }));
    /// assert_eq!(ask(at(6)), Request::Commit);
    /// ```
    #[must_use]
    pub fn next_request<'a>(
        &self,
        bytes: &'a [u8],
        progress: Option<Progress>,
        most: u32,
    ) -> Request<'a> {
        let Some(progress) = progress.filter(|progress| progress.announced == *self) else {
            return Request::Begin(*self);
        };
        let offset = progress.next_offset;
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let bytes = rest.get(..most as usize).unwrap_or(rest);
        if bytes.is_empty() {
            return Request::Commit;
        }
        Request::Chunk(Chunk { offset, bytes: Bytes(bytes) })
    }
}
