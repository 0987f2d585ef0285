//! A device on a line that does what a test wants.

use crate::{damage::Damage, device::Device as Unit, guests};
use ampoule_link::{Announced, Client, Request};
use ampoule_std::device::{
    Address, BAUD, Device, DeviceError, Package, Patience, PluginId, Retry, Target,
};
use core::time::Duration;
use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    pty::openpty,
    unistd::ttyname,
};
use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    os::{
        fd::OwnedFd,
        unix::net::{UnixListener, UnixStream},
    },
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender, TryRecvError},
    thread::{self, JoinHandle},
};
use tempfile::TempDir;

/// Patient, for a machine that has much to do; a line that is broken is tried again at once.
pub(crate) const PATIENCE: Patience = Patience {
    retry: Retry { wait: 2_000_000, tries: 5 },
    reopens: 5,
    pause: Duration::from_millis(1),
};

type Order = Box<dyn FnOnce(&mut Turning) + Send>;

/// The device in its thread, and what is to become of its line.
pub(crate) struct Turning {
    pub(crate) unit: Box<Unit>,
    /// After so many more requests the line is cut, and the last answer with it.
    cut_after: Option<u32>,
    /// Whether the device loses its power then.
    restarts: bool,
    damage: Option<Damage>,
    /// Requests that were done, restarts or not.
    pub(crate) done: u32,
}

/// A device, gone after its test.
pub(crate) struct Bench {
    port: String,
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
    /// Without anybody at its other end a pseudo-terminal hangs up.
    _slave: Option<OwnedFd>,
}

/// Where the device's lines come from.
enum Lines {
    Socket(UnixListener),
    Terminal(File),
}

impl Bench {
    /// Behind a socket.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("line");
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self::start(Lines::Socket(listener), format!("unix:{}", path.display()), folder, None)
    }

    /// At a serial port: the other end of a pseudo-terminal.
    pub(crate) fn terminal() -> (Self, PathBuf) {
        let pair = openpty(None, None).unwrap();
        let path = ttyname(&pair.slave).unwrap();
        fcntl(&pair.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let lines = Lines::Terminal(File::from(pair.master));
        let port = path.to_str().unwrap().to_owned();
        (Self::start(lines, port, TempDir::new().unwrap(), Some(pair.slave)), path)
    }

    /// With the plugin `teller` of version 1.0.0.
    pub(crate) fn with_teller() -> (Self, PluginId) {
        let bench = Self::new();
        let plugin = bench.open().deploy(&teller(Target::New, "1.0.0"), false, &mut |_| {});
        (bench, plugin.unwrap())
    }

    fn start(lines: Lines, port: String, folder: TempDir, slave: Option<OwnedFd>) -> Self {
        let (orders, ordered) = mpsc::channel();
        let thread = Some(thread::spawn(move || turn(&lines, &ordered)));
        Self { port, orders: Some(orders), thread, _folder: folder, _slave: slave }
    }

    pub(crate) fn port(&self) -> &str {
        &self.port
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(&self.port, BAUD).unwrap()
    }

    pub(crate) fn open(&self) -> Device {
        self.try_open(PATIENCE).unwrap()
    }

    pub(crate) fn try_open(&self, patience: Patience) -> Result<Device, DeviceError> {
        Device::open(self.address(), patience)
    }

    /// Looks at the device, or does something to it, between two requests.
    pub(crate) fn with<R: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Turning) -> R + Send + 'static,
    ) -> R {
        let (sender, receiver) = mpsc::channel();
        let order: Order = Box::new(move |turning| sender.send(look(turning)).unwrap());
        self.orders.as_ref().unwrap().send(order).unwrap();
        receiver.recv().unwrap()
    }

    /// Cuts the line after so many more requests, and loses the answer to the last of them.
    pub(crate) fn cut_after(&self, requests: u32) {
        self.with(move |turning| (turning.cut_after, turning.restarts) = (Some(requests), false));
    }

    /// As [`Self::cut_after`], and the device loses its power.
    pub(crate) fn restart_after(&self, requests: u32) {
        self.with(move |turning| (turning.cut_after, turning.restarts) = (Some(requests), true));
    }

    pub(crate) fn damage(&self, damage: Option<Damage>) {
        self.with(move |turning| turning.damage = damage);
    }

    pub(crate) fn done(&self) -> u32 {
        self.with(|turning| turning.done)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(self.orders.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))), "the device has panicked");
    }
}

/// The device's main loop, until nobody gives orders any more.
fn turn(lines: &Lines, orders: &Receiver<Order>) {
    let unit = Box::new(Unit::new());
    let mut turning = Turning { unit, cut_after: None, restarts: false, damage: None, done: 0 };
    let mut line: Option<UnixStream> = None;
    let mut bytes = Vec::new();
    loop {
        match orders.try_recv() {
            Ok(order) => order(&mut turning),
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {}
        }
        let is_whole = match lines {
            Lines::Terminal(file) => turning.turn(&mut &*file, &mut bytes),
            Lines::Socket(listener) => match &line {
                Some(stream) => turning.turn(&mut &*stream, &mut bytes),
                None => false,
            }
            .then_some(true)
            .or_else(|| {
                line = listener.accept().ok().map(|(stream, _)| stream);
                line.as_ref().map(|stream| {
                    stream.set_nonblocking(true).unwrap();
                    true
                })
            })
            .unwrap_or(false),
        };
        if !is_whole {
            bytes.clear();
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Turning {
    /// Somebody else begins an install.
    pub(crate) fn begins(&mut self, announced: &Announced) {
        let mut other = Client::<1024, 1024>::new(0x0bad, Retry::SERIAL);
        for request in [Request::Describe, Request::Begin(*announced)] {
            other.send(&request, 0).unwrap();
            let mut bytes = other.output().to_vec();
            other.sent(bytes.len());
            while other.reply().is_none() {
                self.unit.turn(&mut bytes);
                other.receive(&self.unit.say());
            }
        }
        assert!(self.unit.unit.install().progress().is_some());
    }

    /// One turn. False if the line is over.
    fn turn(&mut self, line: &mut (impl Read + Write), bytes: &mut Vec<u8>) -> bool {
        let mut read = [0; 512];
        match line.read(&mut read) {
            Ok(0) => return false,
            Ok(length) => {
                let came = &read[..length];
                let came = self.damage.as_mut().map_or(came.to_vec(), |it| it.pass(came));
                bytes.extend(came);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_micros(200));
            }
            Err(_) => return false,
        }
        let before = self.unit.done;
        self.unit.turn(bytes);
        if self.unit.done != before {
            self.done += 1;
            if self.is_cut() {
                return false;
            }
        }
        self.send(line)
    }

    fn is_cut(&mut self) -> bool {
        let Some(left) = &mut self.cut_after else { return false };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return false;
        }
        self.cut_after = None;
        if self.restarts {
            self.unit.restart();
        } else {
            self.unit.unit.sent(usize::MAX);
        }
        true
    }

    fn send(&mut self, line: &mut impl Write) -> bool {
        let output = self.unit.unit.output();
        if output.is_empty() {
            return true;
        }
        let length = output.len();
        let sent = self.damage.as_mut().map_or(output.to_vec(), |it| it.pass(output));
        self.unit.unit.sent(length);
        // A device that was asked to restarts now, and not when it is asked the next thing.
        self.unit.turn(&mut Vec::new());
        // A line that takes no more for now gets the rest later.
        let mut rest = &*sent;
        while !rest.is_empty() {
            match line.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_micros(200));
                }
                Err(_) => return false,
            }
        }
        true
    }
}

/// A version of the plugin `teller`, with its manifest.
pub(crate) fn teller(target: Target, version: &str) -> Package {
    let (manifest, module) = (guests::manifest("teller"), guests::plugin("teller", version));
    Package::new(target, &manifest, &module)
}

/// What `who` answers.
pub(crate) fn who(device: &mut Device, plugin: PluginId) -> String {
    String::from_utf8(device.call(plugin, "who", b"").unwrap()).unwrap()
}
