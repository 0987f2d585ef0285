//! QEMU with a socket for the link's serial port.

use crate::{Result, firmware::Board, process};
use core::time::Duration;
use std::{
    env, fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

/// How long QEMU may take to listen.
const START: Duration = Duration::from_secs(30);

/// What of a console is worth showing.
const TAIL_BYTES: usize = 1000;

/// A device that runs until this is dropped.
pub(super) struct Emulator {
    child: Child,
    folder: PathBuf,
}

impl Emulator {
    /// Boots an image. A reset ends it, so that none goes unseen.
    pub(super) fn boot(board: &Board, image: &Path) -> Result<Self> {
        let folder = env::temp_dir().join(format!("ampoule-link-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut qemu = Command::new(board.qemu);
        qemu.args(board.machine).args(["-nographic", "-monitor", "none", "-no-reboot"]);
        qemu.args(ICOUNT);
        if !board.shares_port {
            qemu.arg("-serial").arg(format!("file:{}", folder.join("console").display()));
        }
        let socket = folder.join("link");
        qemu.arg("-serial").arg(format!("unix:{},server=on,wait=off", socket.display()));
        qemu.arg("-kernel").arg(image).stdin(Stdio::null());
        let child = qemu.spawn().map_err(|why| format!("`{}`: {why}", process::line(&qemu)))?;
        let mut emulator = Self { child, folder };
        emulator.wait_for(&socket)?;
        Ok(emulator)
    }

    fn wait_for(&mut self, socket: &Path) -> Result<()> {
        let start = Instant::now();
        while !socket.exists() {
            self.check()?;
            if start.elapsed() > START {
                return Err("QEMU doesn't listen".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Plugs a cable in. There is one at a time.
    pub(super) fn plug(&self) -> Result<UnixStream> {
        let stream = UnixStream::connect(self.folder.join("link"))?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }

    /// Whether it still runs: a reset would have ended it.
    pub(super) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                Err(format!("the device is gone: QEMU's {status}\n{}", self.console()).into())
            }
        }
    }

    /// What it has printed last on its console.
    pub(super) fn console(&self) -> String {
        let bytes = fs::read(self.folder.join("console")).unwrap_or_default();
        let tail = bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or_default();
        String::from_utf8_lossy(tail).into_owned()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may be gone already, and its folder with a folder above.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// QEMU's clock. An instruction is a nanosecond, and a device that sleeps is asked on at once: no other program on
/// this machine makes it late, and its watchdog never sees how slow the machine is.
const ICOUNT: [&str; 2] = ["-icount", "shift=0,sleep=off"];
