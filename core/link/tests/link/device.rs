//! A device: a host of plugins behind a server, as firmware would have it.

use ampoule::{
    Config, Host, Limits, Micros, Policy,
    manifest::ServiceRules,
    services::{Log, LogLine},
};
use ampoule_device::{About, Backlog, Device as Served, Firmware};
use ampoule_link::{Announced, Line, RamSink, Room, Told};
use std::sync::{Arc, Mutex};

const POLICY: Policy<'_> = Policy {
    limits: Limits { call_fuel: 200_000, init_fuel: 100_000, ..Limits::MICRO },
    services: ServiceRules::EVERY,
    ..Policy::DENY
};

const CONFIG: Config<'_> = Config { policy: &POLICY, ..Config::MICRO };

const SLOTS: usize = 4;
const INSTALL_BYTES: usize = 4096;
const NOW: Micros = 7;

type Lines = Arc<Mutex<Backlog<4096>>>;

/// What the firmware of this device knows.
pub(crate) struct Board {
    said: Lines,
    /// Whether there is no heap left.
    pub(crate) full: bool,
    /// What its profile tells of memory; none, and it tells no profile.
    pub(crate) room: Option<Room>,
}

/// That of a small device, with the stack that a host of 64 bits wants.
pub(crate) const ROOM: Room =
    Room { heap_bytes: 60_000, overhead_percent: 5, stack_bytes: 262_144, flash_bytes: 262_144 };

impl Board {
    /// A line of the device's own.
    pub(crate) fn say(&self, text: &str) {
        self.said.lock().unwrap().push(&Line { plugin: "", level: 2, at: NOW, text });
    }
}

impl Firmware for Board {
    fn about(&self) -> About<'_> {
        About { name: "bench", firmware: "0.1.0", ram_bytes: 65_536, free_ram_bytes: 32_768 }
    }

    fn room(&self) -> Option<Room> {
        self.room
    }

    fn lines(&mut self, most: u16, put: &mut dyn FnMut(&[u8]) -> bool) {
        self.said.lock().unwrap().pass_on(most, put);
    }

    fn has_room(&self, _announced: &Announced) -> Result<(), Told> {
        if self.full {
            return Err(Told::new("A30", 9, &"there is no heap"));
        }
        Ok(())
    }
}

pub(crate) struct Device {
    pub(crate) unit: Served<RamSink<INSTALL_BYTES>, 1024, 1024, 800, 512>,
    pub(crate) host: Host<'static, SLOTS>,
    pub(crate) board: Board,
    pub(crate) restarts: u32,
    /// How often something was really done, repetitions left out.
    pub(crate) done: u32,
}

impl Device {
    pub(crate) fn new() -> Self {
        let said = Lines::default();
        let mut host = Host::new(CONFIG, || NOW);
        host.offer(Box::new(log(&said))).unwrap();
        let unit = Served::new(RamSink::new());
        Self {
            unit,
            host,
            board: Board { said, full: false, room: Some(ROOM) },
            restarts: 0,
            done: 0,
        }
    }

    /// One turn of the main loop. True if it has done something.
    pub(crate) fn one_turn(&mut self) -> bool {
        self.host.poll(NOW);
        self.unit.turn(&mut self.host, &mut self.board)
    }

    /// Turns until it has done what it is asked: takes what it can of `bytes`.
    pub(crate) fn turn(&mut self, bytes: &mut Vec<u8>) {
        let taken = self.unit.receive(bytes);
        bytes.drain(..taken);
        if self.one_turn() {
            self.done += 1;
        }
        while self.unit.is_calling() {
            self.one_turn();
        }
        if self.unit.is_reset_due() {
            self.restart();
        }
    }

    /// Says what it has to say.
    pub(crate) fn say(&mut self) -> Vec<u8> {
        let bytes = self.unit.output().to_vec();
        self.unit.sent(bytes.len());
        bytes
    }

    /// As after a loss of power.
    pub(crate) fn restart(&mut self) {
        *self = Self { restarts: self.restarts + 1, ..Self::new() };
    }
}

fn log(said: &Lines) -> Log {
    let said = Arc::clone(said);
    Log::new(4096, move |line: &LogLine<'_>| {
        let LogLine { plugin, level, text, now: at } = *line;
        said.lock().unwrap().push(&Line { plugin, level: level as u8, at, text });
    })
}
