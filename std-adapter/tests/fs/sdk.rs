//! The SDK's functions for plugins, on the service itself.

use crate::Folder;
use ampoule_abi::Status;
use ampoule_guest::{
    services::fs::{self, Kind, Mode},
    testing::offer,
};
use std::time::UNIX_EPOCH;

/// A folder whose `data` the plugins of this thread are granted.
fn offered() -> Folder {
    let folder = Folder::new();
    let mut asker = folder.asker();
    offer("fs", move |operation, request| asker.ask(operation, request));
    folder
}

#[test]
fn a_plugin_reads_what_it_writes() {
    let folder = offered();
    let (path, mut place) = (folder.text("data/new"), [0; 32]);
    assert_eq!(fs::read(&path, 0, &mut place), Err(Status::NotFound));
    fs::write(&path, Mode::Append, b"a line").unwrap();
    fs::write(&path, Mode::Append, b", and more").unwrap();
    assert_eq!(fs::read(&path, 0, &mut place), Ok(&b"a line, and more"[..]));
    assert_eq!(fs::read(&path, 8, &mut place[..3]), Ok(&b"and"[..]));
    assert_eq!(fs::read(&path, 300, &mut place), Ok(&b""[..]));
    fs::write(&path, Mode::Replace, b"").unwrap();
    assert_eq!(fs::read(&path, 0, &mut place), Ok(&b""[..]));
    let page = [7; 4000];
    fs::write_within::<5000>(&path, Mode::Replace, &page).unwrap();
    assert_eq!(fs::read(&path, 0, &mut [0; 5000]), Ok(&page[..]));
    folder.check();
}

#[test]
fn a_plugin_learns_what_is_there() {
    let folder = offered();
    folder.link("file", "data/link");
    folder.fifo("data/pipe");
    let mut place = [0; 64];
    let entries = fs::list(&folder.text("data"), &mut place).unwrap();
    assert!(entries.eq([
        ("file", Kind::File),
        ("link", Kind::Link),
        ("pipe", Kind::Other),
        ("sub", Kind::Directory),
    ]));
    for (name, kind, bytes) in [
        ("data/file", Kind::File, Some(7)),
        ("data/link", Kind::File, Some(7)),
        ("data/sub", Kind::Directory, None),
    ] {
        let stat = fs::stat(&folder.text(name)).unwrap();
        let changed = folder.path(name).metadata().unwrap().modified().unwrap();
        let changed = changed.duration_since(UNIX_EPOCH).unwrap().as_micros();
        assert_eq!((stat.kind, u128::try_from(stat.changed_us)), (kind, Ok(changed)), "{name}");
        assert!(bytes.is_none_or(|bytes| stat.bytes == bytes), "{name}: {stat:?}");
    }
}

#[test]
fn a_plugin_is_refused_what_is_not_granted() {
    let folder = offered();
    let (secret, mut place) = (folder.text("secret"), [0; 32]);
    let refused = Status::NotGranted;
    assert_eq!(fs::read(&secret, 0, &mut place), Err(refused));
    assert_eq!(fs::write(&secret, Mode::Append, b"x"), Err(refused));
    assert_eq!(fs::stat(&secret), Err(refused));
    assert!(matches!(fs::list(&folder.text("outside"), &mut place), Err(Status::NotGranted)));
    assert_eq!(fs::stat(&folder.text("data/../secret")), Err(Status::Invalid));
    assert!(matches!(fs::list(&folder.text("data"), &mut place[..3]), Err(Status::TooSmall)));
    folder.check();
}
