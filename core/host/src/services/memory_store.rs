//! Values kept in RAM.

use super::{Store, Stored};
use alloc::{string::String, vec::Vec};
use ampoule_abi::Status;

/// Keeps values in RAM until the host ends.
///
/// What it allocates is bounded by the most entries that it ever held: the bytes of keys and values, and for
/// each entry and each plugin at most some 150 bytes (75 where pointers have 32 bits), but at least room for
/// four of each, for its tables double and don't shrink. If there is no memory for a value it isn't kept,
/// and nothing else changes.
#[derive(Debug)]
pub struct MemoryStore {
    /// In the order of their names; none is empty.
    shelves: Vec<Shelf>,
    /// Of all shelves.
    stored: Stored,
    most: Stored,
}

/// What one plugin keeps.
#[derive(Debug)]
struct Shelf {
    plugin: String,
    /// In the order of their keys.
    entries: Vec<Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    key: String,
    value: Vec<u8>,
}

impl MemoryStore {
    /// An empty store for `entries` and `bytes` of keys and values, all plugins together.
    #[must_use]
    pub const fn new(entries: usize, bytes: usize) -> Self {
        let (none, most) = (Stored { entries: 0, bytes: 0 }, Stored { entries, bytes });
        Self { shelves: Vec::new(), stored: none, most }
    }

    fn place(&self, plugin: &str) -> Result<usize, usize> {
        self.shelves.binary_search_by(|shelf| shelf.plugin.as_str().cmp(plugin))
    }

    fn shelf(&self, plugin: &str) -> Option<&Shelf> {
        self.shelves.get(self.place(plugin).ok()?)
    }

    fn replace(&mut self, plugin: &str, key: &str, value: Vec<u8>) -> Option<()> {
        let shelf = self.place(plugin).ok()?;
        let shelf = self.shelves.get_mut(shelf)?;
        let entry = shelf.place(key).ok()?;
        let entry = shelf.entries.get_mut(entry)?;
        for bytes in [&mut shelf.bytes, &mut self.stored.bytes] {
            *bytes = bytes.saturating_sub(entry.value.len()) + value.len();
        }
        entry.value = value;
        Some(())
    }

    /// Allocates all that it needs before it changes anything.
    fn insert(&mut self, plugin: &str, key: &str, value: Vec<u8>) -> Result<(), Status> {
        let bytes = key.len() + value.len();
        let entry = Entry { key: owned(key)?, value };
        match self.place(plugin) {
            Ok(at) => {
                let shelf = self.shelves.get_mut(at).ok_or(Status::Failed)?;
                shelf.insert(entry)?;
            }
            Err(at) => {
                let mut shelf = Shelf { plugin: owned(plugin)?, entries: Vec::new(), bytes: 0 };
                shelf.insert(entry)?;
                self.shelves.try_reserve(1).map_err(|_| Status::Failed)?;
                self.shelves.insert(at, shelf);
            }
        }
        self.stored.entries += 1;
        self.stored.bytes += bytes;
        Ok(())
    }
}

impl Store for MemoryStore {
    fn get(&mut self, plugin: &str, key: &str, out: &mut [u8]) -> Result<Option<usize>, Status> {
        let Some(entry) = self.shelf(plugin).and_then(|shelf| shelf.entry(key)) else {
            return Ok(None);
        };
        if let Some(place) = out.get_mut(..entry.value.len()) {
            place.copy_from_slice(&entry.value);
        }
        Ok(Some(entry.value.len()))
    }

    fn set(&mut self, plugin: &str, key: &str, value: &[u8]) -> Result<(), Status> {
        let old = self.get(plugin, key, &mut [])?;
        let freed = old.map_or(0, |old_bytes| key.len() + old_bytes);
        let entries = self.stored.entries + usize::from(old.is_none());
        let bytes = self.stored.bytes.saturating_sub(freed) + key.len() + value.len();
        if entries > self.most.entries || bytes > self.most.bytes {
            return Err(Status::Busy);
        }
        let value = copied(value)?;
        if old.is_some() {
            self.replace(plugin, key, value).ok_or(Status::Failed)
        } else {
            self.insert(plugin, key, value)
        }
    }

    fn delete(&mut self, plugin: &str, key: &str) -> Result<bool, Status> {
        let Ok(at) = self.place(plugin) else { return Ok(false) };
        let Some(shelf) = self.shelves.get_mut(at) else { return Ok(false) };
        let Ok(entry) = shelf.place(key) else { return Ok(false) };
        let entry = shelf.entries.remove(entry);
        let bytes = entry.key.len() + entry.value.len();
        shelf.bytes = shelf.bytes.saturating_sub(bytes);
        self.stored.entries = self.stored.entries.saturating_sub(1);
        self.stored.bytes = self.stored.bytes.saturating_sub(bytes);
        if shelf.entries.is_empty() {
            self.shelves.remove(at);
        }
        Ok(true)
    }

    fn keys(
        &mut self,
        plugin: &str,
        prefix: &str,
        visit: &mut dyn FnMut(&str),
    ) -> Result<(), Status> {
        if let Some(shelf) = self.shelf(plugin) {
            shelf.starting_with(prefix).for_each(visit);
        }
        Ok(())
    }

    fn stored(&mut self, plugin: &str) -> Result<Stored, Status> {
        let stored = |shelf: &Shelf| Stored { entries: shelf.entries.len(), bytes: shelf.bytes };
        Ok(self.shelf(plugin).map(stored).unwrap_or_default())
    }
}

impl Shelf {
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.key.as_str().cmp(key))
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(self.place(key).ok()?)
    }

    fn insert(&mut self, entry: Entry) -> Result<(), Status> {
        let Err(at) = self.place(&entry.key) else { return Err(Status::Failed) };
        self.entries.try_reserve(1).map_err(|_| Status::Failed)?;
        self.bytes += entry.key.len() + entry.value.len();
        self.entries.insert(at, entry);
        Ok(())
    }

    /// Keys that start alike stand together.
    fn starting_with(&self, prefix: &str) -> impl Iterator<Item = &str> {
        let first = self.place(prefix).unwrap_or_else(|at| at);
        let keys = self.entries.iter().skip(first).map(|entry| entry.key.as_str());
        keys.take_while(move |key| key.starts_with(prefix))
    }
}

fn copied(bytes: &[u8]) -> Result<Vec<u8>, Status> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(|_| Status::Failed)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

fn owned(text: &str) -> Result<String, Status> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(|_| Status::Failed)?;
    copy.push_str(text);
    Ok(copy)
}
