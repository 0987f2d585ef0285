//! What changes between a look and a use.

use crate::{Asker, Folder, SECRET, bytes};
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use std::{fs, thread, time::Instant};

/// Runs `swap` in a thread for as long as `body` runs; it has to come round often.
fn while_swapping(swap: impl Fn() + Sync, body: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            let mut rounds = 0;
            while !stop.load(Ordering::Relaxed) || rounds < 2000 {
                swap();
                rounds += 1;
            }
        });
        // Also when `body` fails.
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let stopping = Stop(&stop);
        body();
        drop(stopping);
        swapper.join().unwrap();
    });
}

/// Reads for two seconds, and never sees the secret.
fn read_on(plugin: &mut Asker, path: &str) {
    let (start, mut good, mut refused) = (Instant::now(), 0, 0);
    while start.elapsed() < Duration::from_secs(2) || good == 0 || refused == 0 {
        match plugin.read(path) {
            Ok(content) => {
                assert_eq!(content, b"content");
                good += 1;
            }
            Err(_) => refused += 1,
        }
        if let Ok(told) = plugin.stat(path) {
            assert_eq!(told[1], 7, "the secret's length is {}", SECRET.len());
        }
        assert!(start.elapsed() < Duration::from_secs(15), "{good} good, {refused} refused");
    }
}

#[test]
fn a_file_that_becomes_a_link_never_shows_the_secret() {
    let folder = Folder::new();
    let (file, link, spare) =
        (folder.path("data/file"), folder.path("data/link"), folder.path("data/spare"));
    let swap = || {
        std::os::unix::fs::symlink(folder.path("secret"), &link).unwrap();
        fs::rename(&link, &file).unwrap();
        fs::write(&spare, "content").unwrap();
        fs::rename(&spare, &file).unwrap();
    };
    while_swapping(swap, || read_on(&mut folder.asker(), &folder.text("data/file")));
}

#[test]
fn a_directory_that_becomes_a_link_never_shows_the_secret_and_takes_nothing() {
    let folder = Folder::new();
    fs::write(folder.path("data/sub/file"), "content").unwrap();
    let (sub, aside, link) =
        (folder.path("data/sub"), folder.path("data/aside"), folder.path("data/link"));
    let swap = || {
        fs::rename(&sub, &aside).unwrap();
        std::os::unix::fs::symlink("../outside", &link).unwrap();
        fs::rename(&link, &sub).unwrap();
        fs::remove_file(&sub).unwrap();
        fs::rename(&aside, &sub).unwrap();
    };
    while_swapping(swap, || {
        let mut plugin = folder.asker();
        read_on(&mut plugin, &folder.text("data/sub/file"));
        for _ in 0..200 {
            let _ = plugin.append(&folder.text("data/sub/new"), b"x");
            let _ = plugin.replace(&folder.text("data/sub/other"), b"x");
        }
    });
    folder.check();
}

#[test]
fn a_reader_sees_the_old_content_or_the_new_one() {
    let folder = Folder::new();
    let path = folder.text("data/file");
    let contents = [vec![b'a'; 20_000], vec![b'b'; 30_000]];
    let mut writer = folder.asker();
    writer.replace(&path, &contents[0]).unwrap();
    let read = || {
        let content = fs::read(&path).unwrap();
        assert!(contents.contains(&content), "{} bytes", content.len());
    };
    while_swapping(read, || {
        for at in 0..300 {
            writer.ask("write", &bytes(&(&*path, 0_u8, &contents[at % 2][..]))).unwrap();
        }
    });
}
