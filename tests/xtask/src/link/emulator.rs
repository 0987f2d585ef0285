//! QEMU with a socket for the link's serial port.

use crate::{Result, firmware::Board, process};
use core::time::Duration;
use std::{
    env,
    fs::{self, File},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Instant,
};

/// How long QEMU may take to listen.
const START: Duration = Duration::from_secs(30);

/// What of a console is worth showing.
const TAIL_BYTES: usize = 1000;

/// A device that runs until this is dropped.
pub(crate) struct Emulator {
    child: Child,
    folder: PathBuf,
}

impl Emulator {
    /// Boots an image. A reset ends it, so that none goes unseen.
    pub(super) fn boot(board: &Board, image: &Path) -> Result<Self> {
        Self::boot_with(board, image, &[])
    }

    /// [`Self::boot`] with more to say to QEMU.
    pub(crate) fn boot_with(board: &Board, image: &Path, more: &[&str]) -> Result<Self> {
        let folder = env::temp_dir().join(format!("ampoule-link-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut qemu = Command::new(board.qemu);
        qemu.args(board.machine).args(["-nographic", "-monitor", "none", "-no-reboot"]);
        qemu.args(ICOUNT).args(more);
        if !board.shares_port {
            qemu.arg("-serial").arg(format!("file:{}", folder.join("console").display()));
        }
        let socket = folder.join("link");
        qemu.arg("-serial").arg(format!("unix:{},server=on,wait=off", socket.display()));
        qemu.arg("-kernel").arg(image).stdin(Stdio::null());
        qemu.stderr(File::create(folder.join("errors"))?);
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

    /// What the `ampoule` command calls it.
    pub(super) fn port(&self) -> String {
        format!("unix:{}", self.folder.join("link").display())
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
                let (complaint, console) = (self.complaint(), self.console());
                Err(format!("the device is gone: QEMU's {status} {complaint}\n{console}").into())
            }
        }
    }

    /// How it has ended; `None` while it runs.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// What QEMU itself has to say, such as of a processor that has locked up, in a line.
    pub(crate) fn complaint(&self) -> String {
        let text = fs::read_to_string(self.folder.join("errors")).unwrap_or_default();
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// All that it has printed on its console.
    pub(crate) fn printed(&self) -> String {
        let bytes = fs::read(self.folder.join("console")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What it has printed last on its console.
    pub(super) fn console(&self) -> String {
        let bytes = self.printed().into_bytes();
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
