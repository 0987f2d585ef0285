//! An in-memory wire between a workstation and a device, with whatever happens on wires.

use crate::{RETRY, Workstation, damage::Damage, device::Device, guests};
use ampoule_abi::encode;
use ampoule_link::{
    Announced, Bytes, EntryCall, LinkError, PluginId, Progress, Reply, Request, SlotInfo, Target,
};

/// A plugin's name in all tests.
pub(crate) const NAME: &str = "teller";

pub(crate) struct Bench {
    pub(crate) client: Workstation,
    pub(crate) device: Device,
    pub(crate) damage: Damage,
    /// What has arrived at the device, and wasn't taken yet.
    at_device: Vec<u8>,
    at_client: Vec<u8>,
    now: u64,
    session: u32,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            client: Workstation::new(1, RETRY),
            device: Device::new(),
            damage: Damage::none(),
            at_device: Vec::new(),
            at_client: Vec::new(),
            now: 0,
            session: 1,
        }
    }

    /// With a plugin of version 1.0.0.
    pub(crate) fn with_plugin() -> (Self, PluginId) {
        let mut bench = Self::new();
        bench.describe().unwrap();
        let plugin = bench.install(Target::New, "1.0.0").unwrap();
        (bench, plugin)
    }

    /// The reply to a request, encoded; it is decoded again where it is looked at.
    pub(crate) fn ask(&mut self, request: &Request<'_>) -> Result<Vec<u8>, LinkError> {
        self.client.send(request, self.now)?;
        loop {
            let moved = self.step();
            if let Some(reply) = self.client.reply() {
                let mut room = [0; 2048];
                return reply.map(|reply| encode(&reply, &mut room).unwrap().to_vec());
            }
            if !moved {
                self.now += 10_000;
                self.client.poll(self.now)?;
            }
        }
    }

    /// Moves a block in each direction. False if there was nothing to move.
    fn step(&mut self) -> bool {
        let block = self.damage.block(self.client.output());
        self.client.sent(block.len());
        let up = self.damage.pass(&block);
        self.at_device.extend(up);
        let before = self.at_device.len();
        self.device.turn(&mut self.at_device);
        let reply = self.damage.block(self.device.unit.output());
        self.device.unit.sent(reply.len());
        let down = self.damage.pass(&reply);
        self.at_client.extend(down);
        let taken = self.client.receive(&self.at_client);
        self.at_client.drain(..taken);
        !block.is_empty() || !reply.is_empty() || before != self.at_device.len()
    }

    /// A new session.
    pub(crate) fn describe(&mut self) -> Result<Vec<u8>, LinkError> {
        self.session += 1;
        self.client.start_session(self.session);
        self.ask(&Request::Describe)
    }

    /// Installs a version, from wherever the device is.
    pub(crate) fn install(&mut self, target: Target, version: &str) -> Result<PluginId, Failed> {
        let (announced, bytes) = package(target, version);
        let mut progress = self.status()?;
        loop {
            let request = announced.next_request(&bytes, progress, 200);
            progress = match reply(&self.ask(&request)?) {
                Reply::Progress(progress) => progress,
                Reply::Loaded { plugin } => return Ok(plugin),
                other => return Err(Failed::Said(format!("{other:?}"))),
            };
        }
    }

    pub(crate) fn status(&mut self) -> Result<Option<Progress>, Failed> {
        match reply(&self.ask(&Request::Status)?) {
            Reply::Progress(progress) => Ok(progress),
            other => Err(Failed::Said(format!("{other:?}"))),
        }
    }

    pub(crate) fn call(&mut self, plugin: PluginId, entry: &str, request: &[u8]) -> Vec<u8> {
        self.ask(&Request::Call(EntryCall { plugin, entry, request: Bytes(request) })).unwrap()
    }

    /// The answer of `who`.
    pub(crate) fn who(&mut self, plugin: PluginId) -> String {
        match reply(&self.call(plugin, "who", b"")) {
            Reply::Answer(bytes) => String::from_utf8(bytes.0.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Looks at the one plugin that there is.
    pub(crate) fn only_slot<R>(&mut self, look: impl FnOnce(SlotInfo<'_>) -> R) -> R {
        let bytes = self.ask(&Request::Slots { from: 0 }).unwrap();
        let Reply::Slots(slots) = reply(&bytes) else { panic!("slots") };
        assert_eq!(slots.iter().count(), 1);
        look(slots.iter().next().unwrap().unwrap())
    }
}

/// Why an install came to nothing.
#[derive(Debug)]
#[allow(dead_code, reason = "shown by tests that fail")]
pub(crate) enum Failed {
    Link(LinkError),
    Said(String),
}

impl From<LinkError> for Failed {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

pub(crate) fn package(target: Target, version: &str) -> (Announced, Vec<u8>) {
    let (manifest, module) = (guests::manifest(NAME), guests::plugin(NAME, version));
    let announced = Announced::new(target, &[&manifest, &module]);
    (announced, [manifest, module].concat())
}

pub(crate) fn reply(bytes: &[u8]) -> Reply<'_> {
    ampoule_abi::Decode::decode(bytes).unwrap()
}

/// The code of a problem.
pub(crate) fn code(bytes: &[u8]) -> &str {
    match reply(bytes) {
        Reply::Problem(problem) => problem.code,
        other => panic!("{other:?} is no problem"),
    }
}
