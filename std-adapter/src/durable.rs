//! Values kept in a file.

use crate::{
    Status, escaped,
    services::{Store, Stored},
};
use core::{
    fmt::{self, Display},
    sync::atomic::{AtomicU32, Ordering},
};
use redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadableDatabase as _, ReadableTable as _,
    StorageError, TableDefinition, TableError,
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
    process,
};

ampoule::errors! {
    /// Why a [`FileStore`] couldn't be opened. Whatever the file is, it is left in its place.
    pub enum StoreError {
        NoDirectory { path: String } = "D01",
            "there is no directory for {path}",
            "make the directory; a relative path starts at the current one";
        NotRegular { path: String } = "D02",
            "{path} is a directory, a pipe or a device",
            "give the file of a store, or the path of one to be made";
        Denied { path: String } = "D03",
            "{path} may not be read and written",
            "give your user the right to both, and to make the file in its directory";
        InUse { path: String } = "D04",
            "{path} is open in another process, or once more in this one",
            "end that process, or give each its own file";
        Empty { path: String } = "D05",
            "{path} is empty",
            "restore the file from a copy; remove it to start with no values";
        NotStore { path: String } = "D06",
            "{path} is not a store of values",
            "give the path of a store, or of one to be made";
        Damaged { path: String, reason: String } = "D07",
            "{path} is damaged: {reason}",
            "restore the file from a copy; move it away to start with no values";
        OtherFormat { path: String } = "D08",
            "{path} has the format of another version",
            "open it with the version that made it";
        Io { path: String, reason: String } = "D09",
            "{path} can't be opened: {reason}",
            "look at the disk, and at who else uses the file";
    }
}

/// The values of all plugins, each under [`name_of`] its plugin and its key.
const VALUES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("ampoule.kv.values.1");

/// What a file of `redb` starts with.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// The pages that are held in memory: as many bytes as `Quota::WORKSTATION` gives to four plugins.
const CACHE_BYTES: usize = 4 * 1024 * 1024;

type Values = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// Keeps values in one file, also when the process is killed or the power fails.
///
/// A `set` or `delete` that answered `Ok` is on the disk. One that was interrupted is there as a whole
/// or not at all. The file belongs to one store at a time. Opening it reads and checks all of it.
///
/// How much a plugin may keep is the [`Quota`](crate::services::Quota) of
/// [`Kv`](crate::services::Kv). After an error of the disk all operations answer
/// [`Status::Failed`] until the store is opened again.
///
/// ```
/// use ampoule_std::{FileStore, services::{Kv, Quota, Store}};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("values");
/// let mut store = FileStore::open(&path)?;
/// store.set("lamp", "colour", b"red").unwrap();
/// drop(store);
///
/// let mut store = FileStore::open(&path)?;
/// assert_eq!(store.get("lamp", "colour", &mut []), Ok(Some(3)));
/// let kv = Kv::new(store, Quota::WORKSTATION);
/// # let _ = kv;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FileStore {
    database: Database,
    /// How much each plugin keeps; none keeps nothing.
    stored: BTreeMap<String, Stored>,
}

impl FileStore {
    /// Opens the store in a file, and makes one if there is no file.
    ///
    /// A new store appears under its name only when it is complete. To make one, the file system has to
    /// have hard links.
    ///
    /// # Errors
    /// [`StoreError`]; each variant tells its cause and its cure.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if !path.try_exists().map_err(|error| of_io(path, &error))? {
            create(path)?;
        }
        check_file(path)?;
        let database = builder().open(path).map_err(|error| of_database(path, error))?;
        let stored = measure(path, &database)?;
        Ok(Self { database, stored })
    }

    fn values(&self) -> Result<Values, Status> {
        let transaction = self.database.begin_read().map_err(failed)?;
        transaction.open_table(VALUES).map_err(failed)
    }

    /// Puts a value in place of another, or takes one away, and answers the length of the old one.
    fn replace(&self, name: &[u8], value: Option<&[u8]>) -> Result<Option<usize>, redb::Error> {
        let mut transaction = self.database.begin_write()?;
        // Without it a reader after a power cut trusts a checksum that a guest's bytes could be made for.
        transaction.set_two_phase_commit(true);
        let mut table = transaction.open_table(VALUES)?;
        let old = match value {
            Some(value) => table.insert(name, value)?,
            None => table.remove(name)?,
        };
        let old_bytes = old.map(|old| old.value().len());
        drop(table);
        match (value, old_bytes) {
            (None, None) => transaction.abort()?,
            _ => transaction.commit()?,
        }
        Ok(old_bytes)
    }

    fn count(&mut self, plugin: &str, key: &str, old: Option<usize>, new: Option<usize>) {
        let mut stored = self.stored.remove(plugin).unwrap_or_default();
        if let Some(bytes) = old {
            stored.entries = stored.entries.saturating_sub(1);
            stored.bytes = stored.bytes.saturating_sub(key.len() + bytes);
        }
        if let Some(bytes) = new {
            stored.entries += 1;
            stored.bytes += key.len() + bytes;
        }
        if stored.entries > 0 {
            self.stored.insert(plugin.to_owned(), stored);
        }
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("stored", &self.stored).finish_non_exhaustive()
    }
}

impl Store for FileStore {
    fn get(&mut self, plugin: &str, key: &str, out: &mut [u8]) -> Result<Option<usize>, Status> {
        let name = name_of(plugin, key)?;
        let Some(value) = self.values()?.get(name.as_slice()).map_err(failed)? else {
            return Ok(None);
        };
        let value = value.value();
        if let Some(place) = out.get_mut(..value.len()) {
            place.copy_from_slice(value);
        }
        Ok(Some(value.len()))
    }

    fn set(&mut self, plugin: &str, key: &str, value: &[u8]) -> Result<(), Status> {
        let name = name_of(plugin, key)?;
        let old = self.replace(&name, Some(value)).map_err(of_write)?;
        self.count(plugin, key, old, Some(value.len()));
        Ok(())
    }

    fn delete(&mut self, plugin: &str, key: &str) -> Result<bool, Status> {
        let name = name_of(plugin, key)?;
        let old = self.replace(&name, None).map_err(failed)?;
        self.count(plugin, key, old, None);
        Ok(old.is_some())
    }

    fn keys(
        &mut self,
        plugin: &str,
        prefix: &str,
        visit: &mut dyn FnMut(&str),
    ) -> Result<(), Status> {
        let first = name_of(plugin, prefix)?;
        let values = self.values()?;
        for entry in values.range(first.as_slice()..).map_err(failed)? {
            let (name, _) = entry.map_err(failed)?;
            if !name.value().starts_with(&first) {
                break;
            }
            let (_, key) = parts_of(name.value()).ok_or(Status::Failed)?;
            visit(key);
        }
        Ok(())
    }

    fn stored(&mut self, plugin: &str) -> Result<Stored, Status> {
        Ok(self.stored.get(plugin).copied().unwrap_or_default())
    }
}

/// A plugin and a key in one: the length of the plugin's name keeps the two apart.
fn name_of(plugin: &str, key: &str) -> Result<Vec<u8>, Status> {
    let length = u16::try_from(plugin.len()).map_err(|_| Status::Failed)?;
    Ok([&length.to_be_bytes(), plugin.as_bytes(), key.as_bytes()].concat())
}

/// What [`name_of`] put together.
fn parts_of(name: &[u8]) -> Option<(&str, &str)> {
    let (length, names) = name.split_first_chunk::<2>()?;
    let (plugin, key) = names.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((str::from_utf8(plugin).ok()?, str::from_utf8(key).ok()?))
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder
}

/// Makes an empty store beside its place and gives it its name when it is complete. Another process
/// that does the same at the same time isn't disturbed: the first one's store stays.
fn create(path: &Path) -> Result<(), StoreError> {
    let draft = draft_of(path);
    let made = make(&draft).map_err(|error| of_redb(path, error));
    let made = made.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(of_io(path, &error)),
        _ => Ok(()),
    });
    // What couldn't be made may not be there; a draft that stays behind does no harm.
    let _ = fs::remove_file(&draft);
    made.and_then(|()| sync_directory(path).map_err(|error| of_io(path, &error)))
}

/// A name that no other thread or process uses.
fn draft_of(path: &Path) -> PathBuf {
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}-{number}.new", process::id()));
    draft.into()
}

fn make(draft: &Path) -> Result<(), redb::Error> {
    // A killed process with the same number may have left one.
    match fs::remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => (),
    }
    let database = builder().create(draft)?;
    let transaction = database.begin_write()?;
    transaction.open_table(VALUES)?;
    transaction.commit()?;
    database.close()?;
    Ok(())
}

/// A new name is on the disk only when its directory is.
fn sync_directory(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

/// Refuses what isn't a store before anything can write to it.
fn check_file(path: &Path) -> Result<(), StoreError> {
    // Asked before it is opened: opening a pipe would wait for its other end.
    let found = fs::metadata(path).map_err(|error| of_io(path, &error))?;
    if !found.is_file() {
        return Err(StoreError::NotRegular { path: shown(path) });
    }
    if found.len() == 0 {
        return Err(StoreError::Empty { path: shown(path) });
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| of_io(path, &error))?;
    let mut capped = file.take(MAGIC.len() as u64);
    capped.read_to_end(&mut start).map_err(|error| of_io(path, &error))?;
    if start == MAGIC { Ok(()) } else { Err(StoreError::NotStore { path: shown(path) }) }
}

/// Reads every name once.
fn measure(path: &Path, database: &Database) -> Result<BTreeMap<String, Stored>, StoreError> {
    let transaction = database.begin_read().map_err(|error| of_redb(path, error.into()))?;
    let values = transaction.open_table(VALUES).map_err(|error| of_table(path, error))?;
    let mut stored = BTreeMap::<String, Stored>::new();
    for entry in values.iter().map_err(|error| of_storage(path, error))? {
        let (name, value) = entry.map_err(|error| of_storage(path, error))?;
        let (plugin, key) =
            parts_of(name.value()).ok_or_else(|| damaged(path, "a name is cut short"))?;
        let part = stored.entry(plugin.to_owned()).or_default();
        part.entries += 1;
        part.bytes += key.len() + value.value().len();
    }
    Ok(stored)
}

fn failed<E>(_: E) -> Status {
    Status::Failed
}

fn of_write(error: redb::Error) -> Status {
    match error {
        redb::Error::Io(error) if is_full(&error) => Status::Busy,
        redb::Error::ValueTooLarge(_) => Status::Busy,
        _ => Status::Failed,
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

fn of_table(path: &Path, error: TableError) -> StoreError {
    match error {
        TableError::Storage(error) => of_storage(path, error),
        _ => StoreError::NotStore { path: shown(path) },
    }
}

fn of_database(path: &Path, error: DatabaseError) -> StoreError {
    of_redb(path, error.into())
}

fn of_storage(path: &Path, error: StorageError) -> StoreError {
    of_redb(path, error.into())
}

fn of_redb(path: &Path, error: redb::Error) -> StoreError {
    match error {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
            StoreError::InUse { path: shown(path) }
        }
        redb::Error::UpgradeRequired(_) => StoreError::OtherFormat { path: shown(path) },
        redb::Error::Corrupted(reason) => damaged(path, reason),
        redb::Error::RepairAborted => damaged(path, error),
        redb::Error::Io(error) => of_io(path, &error),
        other => {
            StoreError::Io { path: shown(path), reason: escaped(&other.to_string()).to_string() }
        }
    }
}

fn of_io(path: &Path, error: &io::Error) -> StoreError {
    let reason = || escaped(&error.to_string()).to_string();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            StoreError::NoDirectory { path: shown(path) }
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::Denied { path: shown(path) }
        }
        ErrorKind::UnexpectedEof => damaged(path, "it is cut short"),
        ErrorKind::InvalidData => damaged(path, reason()),
        _ => StoreError::Io { path: shown(path), reason: reason() },
    }
}

fn damaged(path: &Path, reason: impl Display) -> StoreError {
    StoreError::Damaged { path: shown(path), reason: escaped(&reason.to_string()).to_string() }
}

fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy()).to_string()
}

#[cfg(test)]
mod tests {
    use super::{name_of, of_io, of_redb, of_write, parts_of};
    use ampoule::{Diagnosis as _, Status};
    use std::{
        io::{Error, ErrorKind},
        path::Path,
    };

    /// The superuser may do everything, so that a file can't show this wherever tests run.
    #[test]
    fn an_error_of_the_system_has_its_code() {
        for (kind, code) in [
            (ErrorKind::NotFound, "D01"),
            (ErrorKind::PermissionDenied, "D03"),
            (ErrorKind::ReadOnlyFilesystem, "D03"),
            (ErrorKind::UnexpectedEof, "D07"),
            (ErrorKind::TimedOut, "D09"),
        ] {
            assert_eq!(of_io(Path::new("x"), &kind.into()).code(), code);
        }
        assert_eq!(of_redb(Path::new("x"), redb::Error::UpgradeRequired(1)).code(), "D08");
    }

    #[test]
    fn a_full_disk_is_busy() {
        let write = |kind: ErrorKind| of_write(Error::from(kind).into());
        assert_eq!(write(ErrorKind::StorageFull), Status::Busy);
        assert_eq!(write(ErrorKind::TimedOut), Status::Failed);
    }

    #[test]
    fn two_names_are_told_apart_wherever_they_meet() {
        assert_ne!(name_of("ab", "c"), name_of("a", "bc"));
        for (plugin, key) in [("ab", "c"), ("", ""), ("é", "ü/x")] {
            let name = name_of(plugin, key).unwrap_or_default();
            assert_eq!(parts_of(&name), Some((plugin, key)));
        }
        assert_eq!(parts_of(&[0, 3, b'a']), None);
        assert_eq!(parts_of(&[0, 1, 0xff]), None);
        assert_eq!(name_of(&"x".repeat(65_536), "y"), Err(Status::Failed));
    }
}
