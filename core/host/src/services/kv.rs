//! Values that guests keep under keys.

use super::{check_name, check_scope, lies_in, message, read};
use crate::{Caller, Operation, Service};
use ampoule_abi::{Status, encode, encoded_len};

/// The longest key.
pub const MAX_KEY_BYTES: usize = 64;

/// The most entries of a plugin, whatever its [`Quota`]: what one `keys` or `set` may have to walk over
/// or to move, at the price below.
pub const MAX_ENTRIES: u32 = 1024;

/// The service `kv`: each plugin has keys of its own, which no other plugin sees.
///
/// The scope of a grant is the key that a plugin may use, with those below it: `conf` holds `conf/rate`.
///
/// ```
/// use ampoule::services::{Kv, MemoryStore, Quota};
///
/// let store = MemoryStore::new(256, 16 * 1024);
/// let kv = Kv::new(store, Quota { entries: 16, ..Quota::MICRO });
/// # let _ = kv;
/// ```
#[derive(Clone, Debug)]
pub struct Kv<S> {
    store: S,
    quota: Quota,
}

/// How much a plugin may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The most entries, at most [`MAX_ENTRIES`].
    pub entries: u32,
    /// The most bytes of all keys and values together.
    pub bytes: u32,
    /// The longest value, in bytes.
    pub value_bytes: u32,
}

impl Quota {
    /// For a microcontroller: 32 entries, 4 KiB of 1 KiB at most each.
    pub const MICRO: Self = Self { entries: 32, bytes: 4 * 1024, value_bytes: 1024 };

    /// For a workstation: 1,024 entries, 1 MiB of 64 KiB at most each.
    pub const WORKSTATION: Self =
        Self { entries: MAX_ENTRIES, bytes: 1024 * 1024, value_bytes: 64 * 1024 };
}

/// How much a plugin keeps, in the units of [`Quota`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Entries.
    pub entries: usize,
    /// Bytes of keys and values.
    pub bytes: usize,
}

/// Where [`Kv`] keeps its values.
///
/// Keys and plugins' names come checked: printable, of bounded length. A pair of both names a value;
/// a store never mixes two plugins' keys up.
pub trait Store: Send {
    /// Copies a value to the start of `out` if it fits, and answers its length either way; `None` if
    /// there is none.
    ///
    /// # Errors
    /// [`Status::Failed`] if it can't be read.
    fn get(&mut self, plugin: &str, key: &str, out: &mut [u8]) -> Result<Option<usize>, Status>;

    /// Keeps a value, in place of the one that was there.
    ///
    /// # Errors
    /// [`Status::Busy`] if there is no room for it, [`Status::Failed`] if it can't be kept; what was
    /// there before is there still.
    fn set(&mut self, plugin: &str, key: &str, value: &[u8]) -> Result<(), Status>;

    /// Forgets a value, and tells whether there was one.
    ///
    /// # Errors
    /// [`Status::Failed`] if it can't be removed; it is there still.
    fn delete(&mut self, plugin: &str, key: &str) -> Result<bool, Status>;

    /// Visits a plugin's keys that start with `prefix`, in the order of their bytes.
    ///
    /// # Errors
    /// [`Status::Failed`] if they can't be read.
    fn keys(
        &mut self,
        plugin: &str,
        prefix: &str,
        visit: &mut dyn FnMut(&str),
    ) -> Result<(), Status>;

    /// How much a plugin keeps.
    ///
    /// # Errors
    /// [`Status::Failed`] if that can't be read.
    fn stored(&mut self, plugin: &str) -> Result<Stored, Status>;
}

const GET: usize = 0;
const SET: usize = 1;
const DELETE: usize = 2;
const KEYS: usize = 3;

const OPERATIONS: &[Operation] = &[
    // Two binary searches are little beside a look at each component of the longest key.
    message("get", 500, 1),
    // May move a table of `MAX_ENTRIES`; the bytes are copied, and written again in a durable store.
    message("set", 1000, 4),
    // May move a table of `MAX_ENTRIES`.
    message("delete", 1000, 1),
    // Compares up to `MAX_ENTRIES` keys with the scope, twice, even where the reply doesn't fit.
    message("keys", 64 * MAX_ENTRIES, 2),
];

impl<S: Store> Kv<S> {
    /// Keeps values in `store`, and of each plugin no more than `quota`.
    pub fn new(store: S, quota: Quota) -> Self {
        Self { store, quota: Quota { entries: quota.entries.min(MAX_ENTRIES), ..quota } }
    }

    fn get(
        &mut self,
        caller: &Caller<'_>,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        let key = own_key(caller, read(request)?)?;
        self.store.get(caller.plugin, key, reply)?.ok_or(Status::NotFound)
    }

    fn set(&mut self, caller: &Caller<'_>, request: &[u8]) -> Result<usize, Status> {
        let (key, value): (&str, &[u8]) = read(request)?;
        let key = own_key(caller, key)?;
        if value.len() > self.quota.value_bytes as usize {
            return Err(Status::Invalid);
        }
        self.check_quota(caller.plugin, key, value)?;
        self.store.set(caller.plugin, key, value)?;
        Ok(0)
    }

    /// What makes a plugin's part no larger always fits, also where the quota has become smaller since.
    fn check_quota(&mut self, plugin: &str, key: &str, value: &[u8]) -> Result<(), Status> {
        let stored = self.store.stored(plugin)?;
        let old = self.store.get(plugin, key, &mut [])?;
        let freed = old.map_or(0, |old_bytes| key.len() + old_bytes);
        let entries = stored.entries + usize::from(old.is_none());
        let bytes = stored.bytes.saturating_sub(freed) + key.len() + value.len();
        let fits = entries <= stored.entries.max(self.quota.entries as usize)
            && bytes <= stored.bytes.max(self.quota.bytes as usize);
        if fits { Ok(()) } else { Err(Status::Busy) }
    }

    fn delete(&mut self, caller: &Caller<'_>, request: &[u8]) -> Result<usize, Status> {
        let key = own_key(caller, read(request)?)?;
        let was_there = self.store.delete(caller.plugin, key)?;
        if was_there { Ok(0) } else { Err(Status::NotFound) }
    }

    /// The reply starts with the number of keys, so they are counted before they are written.
    fn keys(
        &mut self,
        caller: &Caller<'_>,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        let prefix: &str = read(request)?;
        if prefix.len() > MAX_KEY_BYTES {
            return Err(Status::Invalid);
        }
        let (mut count, mut bytes) = (0_u32, 0);
        self.visit(caller, prefix, &mut |key| {
            count += 1;
            bytes += encoded_len(key);
        })?;
        let needed = encoded_len(&count) + bytes;
        if needed > reply.len() {
            return Ok(needed);
        }
        let mut rest = append(reply, &count);
        self.visit(caller, prefix, &mut |key| {
            rest = append(core::mem::take(&mut rest), key);
        })?;
        Ok(needed)
    }

    fn visit(
        &mut self,
        caller: &Caller<'_>,
        prefix: &str,
        each: &mut dyn FnMut(&str),
    ) -> Result<(), Status> {
        self.store.keys(caller.plugin, prefix, &mut |key| {
            if lies_in(caller.scope, key) {
                each(key);
            }
        })
    }
}

impl<S: Store> Service for Kv<S> {
    fn name(&self) -> &'static str {
        "kv"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn message(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        match operation {
            GET => self.get(caller, request, reply),
            SET => self.set(caller, request),
            DELETE => self.delete(caller, request),
            KEYS => self.keys(caller, request, reply),
            _ => Err(Status::NotFound),
        }
    }
}

/// A key that the caller may use.
fn own_key<'a>(caller: &Caller<'_>, key: &'a str) -> Result<&'a str, Status> {
    check_name(key, MAX_KEY_BYTES)?;
    check_scope(caller.scope, key)?;
    Ok(key)
}

/// Writes to the start of `out` and answers the rest: nothing if it doesn't fit.
fn append<'a, T: serde::Serialize + ?Sized>(out: &'a mut [u8], message: &T) -> &'a mut [u8] {
    let written = encode(message, out).map_or(usize::MAX, |bytes| bytes.len());
    out.get_mut(written..).unwrap_or_default()
}
