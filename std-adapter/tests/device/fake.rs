//! A device that answers as a test wants, whatever it is asked.

use ampoule_link::{Description, Maxima, Reply, Request, Server};
use ampoule_std::device::{Address, BAUD};
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    sync::Arc,
    thread::{self, JoinHandle},
};
use tempfile::TempDir;

/// As large as the workstation's own.
type Unit = Server<16384, 16384>;

/// What it answers to a request, through a function that takes the reply.
pub(crate) type Answer = dyn FnMut(&Request<'_>, &mut dyn FnMut(&Reply<'_>)) + Send;

pub(crate) struct Fake {
    folder: TempDir,
    stops: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// One that speaks the link.
    pub(crate) fn answering(
        mut answer: impl FnMut(&Request<'_>, &mut dyn FnMut(&Reply<'_>)) + Send + 'static,
    ) -> Self {
        Self::start(move |stream, stops| speak(stream, stops, &mut answer))
    }

    /// One that describes itself well, and answers all else as it is told.
    pub(crate) fn described(
        mut answer: impl FnMut(&Request<'_>, &mut dyn FnMut(&Reply<'_>)) + Send + 'static,
    ) -> Self {
        Self::answering(move |request, reply| match request {
            Request::Describe => reply(&Reply::Description(description())),
            request => answer(request, reply),
        })
    }

    /// One that sends these bytes again and again, and hears nothing.
    pub(crate) fn sending(bytes: Vec<u8>) -> Self {
        Self::start(move |stream, stops| {
            while !stops.load(Ordering::Relaxed) {
                match stream.write(&bytes) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        thread::sleep(Duration::from_millis(1));
                    }
                    Err(_) => return,
                }
                thread::sleep(Duration::from_micros(100));
            }
        })
    }

    /// One that listens and says nothing.
    pub(crate) fn silent() -> Self {
        Self::sending(Vec::new())
    }

    fn start(mut serve: impl FnMut(&mut UnixStream, &AtomicBool) + Send + 'static) -> Self {
        let folder = TempDir::new().unwrap();
        let listener = UnixListener::bind(folder.path().join("line")).unwrap();
        listener.set_nonblocking(true).unwrap();
        let stops = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stops);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((mut stream, _)) => {
                        stream.set_nonblocking(true).unwrap();
                        serve(&mut stream, &stopped);
                    }
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        Self { folder, stops, thread: Some(thread) }
    }

    pub(crate) fn port(&self) -> String {
        format!("unix:{}", self.folder.path().join("line").display())
    }

    pub(crate) fn address(&self) -> Address {
        Address::parse(&self.port(), BAUD).unwrap()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stops.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))), "the device has panicked");
    }
}

/// What a device says of itself that takes what a small one does.
pub(crate) fn description() -> Description<'static> {
    Description {
        abi: 1,
        name: "fake",
        firmware: "0.0.1",
        slots: 4,
        free_slots: 4,
        ram_bytes: 65_536,
        free_ram_bytes: 65_536,
        most: Maxima {
            chunk_bytes: 100,
            install_bytes: 65_536,
            module_bytes: 65_536,
            memory_bytes: 65_536,
            heap_bytes: 98_304,
            message_bytes: 4096,
        },
        ..Description::default()
    }
}

fn speak(stream: &mut UnixStream, stops: &AtomicBool, answer: &mut Answer) {
    let mut unit = Box::new(Unit::new());
    let mut bytes = Vec::new();
    while !stops.load(Ordering::Relaxed) {
        let mut read = [0; 1024];
        match stream.read(&mut read) {
            Ok(0) => return,
            Ok(length) => bytes.extend_from_slice(&read[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_micros(100));
            }
            Err(_) => return,
        }
        let taken = unit.receive(&bytes);
        bytes.drain(..taken);
        let mut frame = Vec::new();
        if let Some(request) = unit.poll() {
            // The reply is encoded while the request is still there.
            answer(&request, &mut |reply| {
                frame.resize(32 * 1024, 0);
                let length = ampoule_abi::encode(reply, &mut frame).unwrap().len();
                frame.truncate(length);
            });
        }
        if !frame.is_empty() {
            let reply = ampoule_abi::Decode::decode(&frame).unwrap();
            unit.answer(&reply);
        }
        match stream.write(unit.output()) {
            Ok(sent) => unit.sent(sent),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
