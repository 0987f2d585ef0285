//! Files that are no store, or no longer one: refused, and left as they are.

use crate::{Model, Numbers, contents};
use ampoule_std::{Diagnosis as _, FileStore, services::Store as _};
use std::{fs, path::Path};
use tempfile::tempdir;

const PLUGINS: [&str; 2] = ["me", "other"];

fn refused(path: &Path) -> &'static str {
    FileStore::open(path).unwrap_err().code()
}

/// Refuses these bytes, with its code, and leaves them as they are.
fn refused_bytes(path: &Path, bytes: &[u8]) -> &'static str {
    fs::write(path, bytes).unwrap();
    let code = refused(path);
    assert!(fs::read(path).unwrap() == bytes, "{code}: the file was changed");
    code
}

/// A store's bytes, and what is in it.
fn filled(path: &Path) -> (Vec<u8>, Model) {
    let mut store = FileStore::open(path).unwrap();
    let mut numbers = Numbers(3);
    for number in 0..20 {
        let plugin = PLUGINS[number % 2];
        store.set(plugin, &format!("k{number}"), &numbers.bytes(900)).unwrap();
    }
    let model = contents(&mut store, &PLUGINS);
    drop(store);
    (fs::read(path).unwrap(), model)
}

#[test]
fn what_is_no_store_is_refused_with_its_code() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    assert_eq!(refused(&folder.path().join("none/values")), "D01");
    assert_eq!(refused(folder.path()), "D02");
    assert_eq!(refused_bytes(&path, b""), "D05");
    assert_eq!(refused_bytes(&path, b"x"), "D06");
    assert_eq!(refused_bytes(&path, &Numbers(1).bytes(100_000)), "D06");
    assert_eq!(refused_bytes(&path, b"redb\x1a\x0a\xa9\x0d\x0a"), "D07");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_device_is_refused_and_a_link_to_a_store_is_followed() {
    let folder = tempdir().unwrap();
    let (path, link) = (folder.path().join("values"), folder.path().join("link"));
    assert_eq!(refused(Path::new("/dev/null")), "D02");
    filled(&path);
    std::os::unix::fs::symlink(&path, &link).unwrap();
    FileStore::open(&link).unwrap();
}

#[test]
fn a_file_of_another_program_is_no_store() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    drop(redb::Database::create(&path).unwrap());
    assert_eq!(refused(&path), "D06");
}

#[test]
fn a_store_that_is_cut_off_is_damaged_and_stays_as_it_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    let (bytes, _) = filled(&path);
    let part = bytes.len() / 30;
    let lengths = (1..30).map(|parts| parts * part).chain([9, 64, 512, 4096]);
    for length in lengths {
        assert_eq!(refused_bytes(&path, &bytes[..length]), "D07", "{length} of {}", bytes.len());
    }
}

#[test]
fn a_changed_byte_never_changes_a_value() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    let (bytes, model) = filled(&path);
    let mut numbers = Numbers(5);
    let mut damaged = 0;
    for round in 0..400 {
        let mut bytes = bytes.clone();
        // The head of the file decides most, so that half of the changes are there.
        let end = if round % 2 == 0 { 512 } else { bytes.len() };
        let at = numbers.below(end as u64) as usize;
        bytes[at] ^= 1 << numbers.below(8);
        fs::write(&path, &bytes).unwrap();
        match FileStore::open(&path) {
            Ok(mut store) => assert!(contents(&mut store, &PLUGINS) == model, "byte {at}"),
            Err(error) => {
                assert!(["D06", "D07", "D08"].contains(&error.code()), "byte {at}: {error}");
                assert!(fs::read(&path).unwrap() == bytes, "byte {at}: the file was changed");
                damaged += 1;
            }
        }
    }
    assert!(damaged > 20, "only {damaged} were found damaged");
}

#[test]
fn a_store_that_is_open_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    let mut store = FileStore::open(&path).unwrap();
    assert_eq!(refused(&path), "D04");
    assert_eq!(store.set("me", "k", b"v"), Ok(()));
    drop(store);
    let mut store = FileStore::open(&path).unwrap();
    assert_eq!(store.get("me", "k", &mut []), Ok(Some(1)));
}
