//! The service `fs`: what a plugin gets of files, and what it can't.
#![cfg(unix)]

mod command;
mod good;
mod hostile;
mod race;
mod sdk;

use ampoule_abi::{Status, encode, encoded_len};
use ampoule_std::{Caller, Grant, Manifest, Policy, Service, fs::Fs};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

type Reply = Result<Vec<u8>, Status>;

const INVALID: Reply = Err(Status::Invalid);
const BUSY: Reply = Err(Status::Busy);
const NOT_FOUND: Reply = Err(Status::NotFound);
const NOT_GRANTED: Reply = Err(Status::NotGranted);

/// What no plugin may ever see; it lies beside what is granted.
const SECRET: &[u8] = b"SECRET SECRET SECRET";

fn done() -> Reply {
    Ok(Vec::new())
}

fn bytes<T: Serialize + ?Sized>(message: &T) -> Vec<u8> {
    let mut out = vec![0; encoded_len(message)];
    encode(message, &mut out).unwrap();
    out
}

/// `data`, of which a plugin is granted all, with `data/file` that holds "content"; beside it `secret`,
/// and `database/file` and `outside/file`, which hold the secret too.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        for dir in ["data", "data/sub", "database", "outside"] {
            fs::create_dir(folder.path(dir)).unwrap();
        }
        fs::write(folder.path("data/file"), "content").unwrap();
        for file in ["secret", "database/file", "outside/file"] {
            fs::write(folder.path(file), SECRET).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).into_os_string().into_string().unwrap()
    }

    fn link(&self, to: impl AsRef<Path>, name: &str) {
        std::os::unix::fs::symlink(to, self.path(name)).unwrap();
    }

    fn fifo(&self, name: &str) {
        assert!(Command::new("mkfifo").arg(self.path(name)).status().unwrap().success());
    }

    fn asker(&self) -> Asker {
        Asker::of(&[&self.text("data")])
    }

    /// Nothing outside of `data` has changed.
    fn check(&self) {
        for file in ["secret", "database/file", "outside/file"] {
            assert_eq!(fs::read(self.path(file)).unwrap(), SECRET, "{file}");
        }
        let count = |dir| fs::read_dir(self.path(dir)).unwrap().count();
        assert_eq!((count(""), count("database"), count("outside")), (4, 1, 1));
    }
}

/// A plugin's view of the service.
struct Asker {
    fs: Fs,
    scope: String,
}

impl Asker {
    fn of(paths: &[&str]) -> Self {
        let manifest = serde_json::json!({
            "meta": { "name": "test", "version": "1.0.0" },
            "capabilities": { "allowFileSystem": true, "allowedPaths": paths }
        });
        let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
        let fs = Fs::of_grant(&Grant::new(&manifest, &Policy::WORKSTATION));
        Self { fs, scope: String::new() }
    }

    fn scoped(self, scope: String) -> Self {
        Self { scope, ..self }
    }

    /// What doesn't fit is its length as text.
    fn ask_in(&mut self, capacity: usize, operation: &str, request: &[u8]) -> Reply {
        let at = self.fs.operations().iter().position(|it| it.name == operation).unwrap();
        let caller = Caller::new("test", &self.scope, 0);
        let mut reply = vec![0xee; capacity];
        let length = self.fs.message(&caller, at, request, &mut reply)?;
        match reply.get(..length) {
            Some(reply) => Ok(reply.to_vec()),
            None => Ok(format!("needs {length}").into_bytes()),
        }
    }

    fn ask(&mut self, operation: &str, request: &[u8]) -> Reply {
        self.ask_in(64 * 1024, operation, request)
    }

    fn read(&mut self, path: &str) -> Reply {
        self.ask("read", &bytes(&(path, 0_u64, 65_536_u32)))
    }

    fn replace(&mut self, path: &str, content: &[u8]) -> Reply {
        self.ask("write", &bytes(&(path, 0_u8, content)))
    }

    fn append(&mut self, path: &str, content: &[u8]) -> Reply {
        self.ask("write", &bytes(&(path, 1_u8, content)))
    }

    fn list(&mut self, path: &str) -> Reply {
        self.ask("list", &bytes(path))
    }

    fn stat(&mut self, path: &str) -> Reply {
        self.ask("stat", &bytes(path))
    }
}
