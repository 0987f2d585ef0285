//! A workstation at the device's line, with whatever happens on wires.

use super::{damage::Damage, emulator::Emulator};
use crate::{Result, firmware::Board};
use ampoule_abi::{Decode as _, encode};
use ampoule_link::{Client, LinkError, Micros, Reply, Request, Retry};
use core::time::Duration;
use std::{
    io::{ErrorKind, Read as _, Write as _},
    os::unix::net::UnixStream,
    thread,
    time::Instant,
};

/// The longest reply, encoded again.
const ROOM: usize = 2048;

pub(super) struct Bench {
    pub(super) emulator: Emulator,
    /// The board's name.
    pub(super) board: &'static str,
    /// By what the long checks are divided.
    pub(super) part: u32,
    client: Client<1024, 1024>,
    wire: UnixStream,
    pub(super) damage: Damage,
    start: Instant,
    session: u32,
    /// What has arrived and wasn't taken yet.
    arrived: Vec<u8>,
    /// Bytes in both directions.
    pub(super) carried: u64,
}

impl Bench {
    pub(super) fn new(emulator: Emulator, board: &Board, session: u32) -> Result<Self> {
        let wire = emulator.plug()?;
        Ok(Self {
            emulator,
            board: board.name,
            part: if board.is_main() { 1 } else { 10 },
            client: Client::new(session, PATIENT),
            wire,
            damage: Damage::none(),
            start: Instant::now(),
            session,
            arrived: Vec::new(),
            carried: 0,
        })
    }

    fn now(&self) -> Micros {
        self.start.elapsed().as_micros() as Micros
    }

    /// Pulls the cable, plugs it in again, and begins a session.
    pub(super) fn replug(&mut self) -> Result<()> {
        self.lend(|_| ())
    }

    /// Pulls the cable, has somebody else use the port meanwhile, and plugs it in again.
    pub(super) fn lend<R>(&mut self, used: impl FnOnce(&str) -> R) -> Result<R> {
        self.wire.shutdown(std::net::Shutdown::Both)?;
        self.arrived.clear();
        let result = used(&self.emulator.port());
        self.wire = self.emulator.plug()?;
        self.new_session();
        Ok(result)
    }

    /// Sends half of a request, and pulls the cable.
    pub(super) fn pull_amid(&mut self, request: &Request<'_>) -> Result<()> {
        self.client.send(request, self.now()).map_err(|error| error.to_string())?;
        let frame = self.client.output().to_vec();
        self.send(frame.get(..frame.len() / 2).unwrap_or_default());
        self.replug()
    }

    /// The next request begins a session.
    pub(super) fn new_session(&mut self) {
        self.session = self.session.wrapping_add(1);
        self.client.start_session(self.session);
    }

    pub(super) fn set_retry(&mut self, retry: Retry) {
        self.client.set_retry(retry);
    }

    /// Asks, and has `read` look at the reply.
    pub(super) fn ask<R>(
        &mut self,
        request: &Request<'_>,
        read: impl FnOnce(Reply<'_>) -> R,
    ) -> Result<R> {
        let bytes = self.exchange(request).map_err(|error| format!("{}: {error}", error.code()))?;
        Ok(read(Reply::decode(&bytes).map_err(|error| error.to_string())?))
    }

    /// Asks, and answers the reply, encoded.
    pub(super) fn exchange(&mut self, request: &Request<'_>) -> Result<Vec<u8>, LinkError> {
        self.client.send(request, self.now())?;
        loop {
            let moved = self.step();
            if let Some(reply) = self.client.reply() {
                let mut room = [0; ROOM];
                return reply.map(|reply| encode(&reply, &mut room).unwrap_or_default().to_vec());
            }
            self.client.poll(self.now())?;
            if !moved {
                // Whoever is gone may have said something before.
                if self.emulator.check().is_err() && !self.step() {
                    return Err(LinkError::NoAnswer { tries: 1 });
                }
                thread::sleep(Duration::from_micros(50));
            }
        }
    }

    /// Moves what there is to move. A cable that is pulled carries nothing.
    fn step(&mut self) -> bool {
        let block = self.damage.block(self.client.output());
        self.client.sent(block.len());
        let out = self.damage.pass(&block);
        self.send(&out);
        let mut room = [0; 512];
        // Nothing is there, or the cable is pulled.
        let read = self.wire.read(&mut room).unwrap_or_default();
        self.carried += read as u64;
        if let Some(block) = room.get(..read).filter(|block| !block.is_empty()) {
            let block = self.damage.pass(block);
            self.arrived.extend(block);
        }
        let taken = self.client.receive(&self.arrived);
        self.arrived.drain(..taken);
        !block.is_empty() || read > 0
    }

    fn send(&mut self, mut bytes: &[u8]) {
        self.carried += bytes.len() as u64;
        while !bytes.is_empty() {
            match self.wire.write(bytes) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_micros(50));
                }
                Err(_) => return,
            }
        }
    }
}

/// Waits for long: on a machine that has much to do, QEMU is slow.
pub(super) const PATIENT: Retry = Retry { wait: 2_000_000, tries: 5 };
