//! Paths that try to get out, and what is no file.

use crate::{Asker, Folder, INVALID, NOT_FOUND, NOT_GRANTED, Reply, SECRET, bytes};
use ampoule_abi::Status;
use std::os::unix::net::UnixListener;

/// A folder full of traps.
fn trapped() -> (Folder, UnixListener) {
    let folder = Folder::new();
    folder.link(folder.path("secret"), "data/absolute");
    folder.link("../secret", "data/relative");
    folder.link(folder.path("outside"), "data/dir");
    folder.link("..", "data/up");
    folder.link("/", "data/root");
    folder.link("sub/../../secret", "data/devious");
    folder.link("relative", "data/twice");
    folder.link("loop", "data/loop");
    folder.link("pong", "data/ping");
    folder.link("ping", "data/pong");
    folder.link("../outside/new", "data/dangling");
    folder.link("/dev/zero", "data/zero");
    folder.link("/proc/self/root", "data/magic");
    folder.fifo("data/pipe");
    let socket = UnixListener::bind(folder.path("data/socket")).unwrap();
    (folder, socket)
}

#[test]
fn no_path_leads_out() {
    let (folder, _socket) = trapped();
    let mut plugin = folder.asker();
    let base = folder.text("");
    let base = base.trim_end_matches('/');
    let long = format!("/data/{}", "x".repeat(1024 - base.len() - 6));
    let table: &[(&str, Reply)] = &[
        ("/data/../secret", INVALID),
        ("/data/..", INVALID),
        ("/data/sub/../../secret", INVALID),
        ("/data/.. /secret", INVALID),
        ("/data/.../secret", INVALID),
        ("/data/./../secret", INVALID),
        ("/secret", NOT_GRANTED),
        ("/database", NOT_GRANTED),
        ("/database/file", NOT_GRANTED),
        ("/data base", NOT_GRANTED),
        ("/Data/file", NOT_GRANTED),
        ("/DATA/file", NOT_GRANTED),
        ("", NOT_GRANTED),
        ("/data/absolute", NOT_GRANTED),
        ("/data/relative", NOT_GRANTED),
        ("/data/relative/", NOT_GRANTED),
        ("/data/devious", NOT_GRANTED),
        ("/data/twice", NOT_GRANTED),
        ("/data/dir", NOT_GRANTED),
        ("/data/dir/file", NOT_GRANTED),
        ("/data/up/secret", NOT_GRANTED),
        ("/data/up/data/file", NOT_GRANTED),
        ("/data/root/etc/passwd", NOT_GRANTED),
        ("/data/magic/etc/passwd", NOT_GRANTED),
        ("/data/zero", NOT_GRANTED),
        ("/data/dangling", NOT_GRANTED),
        ("/data/loop", NOT_GRANTED),
        ("/data/ping", NOT_GRANTED),
        ("/data/loop/x", NOT_GRANTED),
        ("/data/file\0", INVALID),
        ("/data/\0/../secret", INVALID),
        ("/data/sub\\..\\..\\secret", INVALID),
        ("/data\\file", INVALID),
        ("/data/\u{202e}elif", INVALID),
        ("/data/fi\nle", INVALID),
        ("/data/ﬁle", NOT_FOUND),
        ("/data/％2e％2e/secret", NOT_FOUND),
        ("/data/%2e%2e/secret", NOT_FOUND),
        ("/data/․․/secret", NOT_FOUND),
        ("/data/~", NOT_FOUND),
        ("/data/file/x", NOT_FOUND),
        ("/data/file/./x", NOT_FOUND),
        (&long, INVALID),
        ("/data/pipe", INVALID),
        ("/data/socket", INVALID),
        ("/data/sub", INVALID),
        ("/data", INVALID),
    ];
    for (path, told) in table {
        let path = format!("{base}{path}");
        assert_eq!(plugin.read(&path), *told, "read {path:?}");
        refuses_to_write(&mut plugin, &path, told);
    }
    folder.check();
}

/// Writing what isn't there makes it; all else is refused as reading is, or because of a link.
fn refuses_to_write(plugin: &mut Asker, path: &str, told: &Reply) {
    let parent_is_there = path.ends_with("/data/ﬁle") || path.ends_with("/data/~");
    if parent_is_there {
        return;
    }
    assert_eq!(plugin.append(path, b"x"), *told, "append {path:?}");
    let replaced = plugin.replace(path, b"x");
    assert!(replaced == *told || replaced == INVALID, "replace {path:?}: {replaced:?}");
    let of_out = [NOT_GRANTED, NOT_FOUND, INVALID];
    if *told == NOT_GRANTED {
        assert_eq!(plugin.list(path), *told, "list {path:?}");
        assert_eq!(plugin.stat(path), *told, "stat {path:?}");
    } else if !path.ends_with("/data") && !path.ends_with("/sub") {
        assert!(of_out.contains(&plugin.list(path)), "list {path:?}");
    }
}

#[test]
fn other_spellings_of_outside_are_refused() {
    let folder = Folder::new();
    let mut plugin = folder.asker();
    for (path, told) in [
        ("", INVALID),
        (".", NOT_GRANTED),
        ("/", NOT_GRANTED),
        ("//", INVALID),
        ("/etc/passwd", NOT_GRANTED),
        ("//etc/passwd", INVALID),
        ("C:/x", INVALID),
        ("file", NOT_GRANTED),
        ("~/x", NOT_GRANTED),
        (&"x".repeat(1025), INVALID),
        (&"x".repeat(100_000), INVALID),
    ] {
        for reply in [plugin.read(path), plugin.append(path, b"x"), plugin.replace(path, b"x")] {
            assert_eq!(reply, told, "{path:?}");
        }
        assert_eq!((plugin.list(path), plugin.stat(path)), (told.clone(), told));
    }
    // Slashes that mean nothing.
    for path in ["data/file/", "data//file", "data/./file", "data/file/."] {
        assert_eq!(plugin.read(&folder.text(path)), Ok(b"content".to_vec()), "{path}");
    }
}

#[test]
fn devices_are_refused_though_they_are_granted() {
    let mut plugin = Asker::of(&["/dev", "/dev/null"]);
    for path in ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty"] {
        for reply in [plugin.read(path), plugin.append(path, b"x"), plugin.replace(path, b"x")] {
            assert_eq!(reply, INVALID, "{path}");
        }
    }
}

#[test]
fn requests_that_are_cut_or_too_long_are_invalid() {
    let folder = Folder::new();
    let (mut plugin, path) = (folder.asker(), folder.text("data/file"));
    for (operation, request) in [
        ("read", bytes(&(&*path, 0_u64, 9_u32))),
        ("write", bytes(&(&*path, 1_u8, &b"x"[..]))),
        ("list", bytes(&*folder.text("data"))),
        ("stat", bytes(&*path)),
    ] {
        for length in 0..request.len() {
            assert_eq!(plugin.ask(operation, &request[..length]), INVALID, "{operation}");
        }
        assert_eq!(plugin.ask(operation, &[&request[..], &[0]].concat()), INVALID, "{operation}");
    }
    assert_eq!(plugin.read(&path), Ok(b"content".to_vec()));
}

#[test]
fn a_granted_path_that_is_not_there_is_not_found() {
    let folder = Folder::new();
    let mut plugin = Asker::of(&[&folder.text("none/below")]);
    for path in ["none/below", "none/below/x"] {
        assert_eq!(plugin.read(&folder.text(path)), NOT_FOUND);
        assert_eq!(plugin.append(&folder.text(path), b"x"), NOT_FOUND);
    }
    assert_eq!(plugin.read(&folder.text("none")), Err(Status::NotGranted));
    assert_eq!(SECRET, std::fs::read(folder.path("secret")).unwrap());
}

#[test]
fn the_held_directory_counts_and_not_its_name() {
    let folder = Folder::new();
    let mut plugin = folder.asker();
    std::fs::rename(folder.path("data"), folder.path("moved")).unwrap();
    folder.link("outside", "data");
    assert_eq!(plugin.read(&folder.text("data/file")), Ok(b"content".to_vec()));
}
