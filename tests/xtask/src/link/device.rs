//! What a workstation asks of the device, in words of its own.

use super::{
    bench::{Bench, PATIENT},
    damage::Damage,
    guests,
};
use crate::Result;
use ampoule_abi::{Decode, encode};
use ampoule_link::{
    Announced, BreakerState, Bytes, Counters, EntryCall, PluginId, Progress, Reply, Request, Target,
};

/// The plugins that the firmware brings along and that work.
pub(super) const WORKERS: [&str; 3] = ["sensor-filter", "echo", "blink"];
/// The one that the tests deploy.
pub(super) const NAME: &str = "teller";

pub(super) struct Device {
    pub(super) bench: Bench,
    /// Whether the one that hangs may go.
    pub(super) settled: bool,
    /// The most bytes of a chunk.
    pub(super) chunk_bytes: u32,
}

/// A plugin, as the device lists it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    pub(super) plugin: PluginId,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) breaker: BreakerState,
    pub(super) probation: bool,
}

/// A manifest and a module, announced.
pub(super) struct Package {
    pub(super) announced: Announced,
    pub(super) bytes: Vec<u8>,
}

impl Package {
    pub(super) fn of(target: Target, manifest: &[u8], module: &[u8]) -> Self {
        let announced = Announced::new(target, &[manifest, module]);
        Self { announced, bytes: [manifest, module].concat() }
    }

    pub(super) fn teller(target: Target, version: &str) -> Self {
        Self::of(target, &guests::manifest(NAME), &guests::plugin(NAME, version))
    }
}

impl Device {
    pub(super) fn new(bench: Bench) -> Self {
        Self { bench, settled: false, chunk_bytes: 0 }
    }

    /// A whole line, a new session, no install, and only the plugins that work.
    pub(super) fn settle(&mut self) -> Result<()> {
        self.bench.emulator.check()?;
        self.bench.damage = Damage::none();
        self.bench.set_retry(PATIENT);
        self.begin_session()?;
        self.done(&Request::Abort)?;
        for listed in self.list()? {
            if self.settled && !WORKERS.contains(&listed.name.as_str()) {
                self.done(&Request::Unload { plugin: listed.plugin })?;
            }
        }
        Ok(())
    }

    pub(super) fn begin_session(&mut self) -> Result<()> {
        self.bench.new_session();
        self.chunk_bytes = self.bench.ask(&Request::Describe, |reply| match reply {
            Reply::Description(device) => device.most.chunk_bytes,
            _ => 0,
        })?;
        Ok(())
    }

    /// The free heap, when nothing is under way: plugins keep a message or two at times.
    pub(super) fn free(&mut self) -> Result<u32> {
        let mut most = 0;
        for _ in 0..30 {
            let free = self.bench.ask(&Request::Describe, |reply| match reply {
                Reply::Description(device) => Ok(device.free_ram_bytes),
                other => Err(format!("{other:?}")),
            })??;
            most = most.max(free);
        }
        Ok(most)
    }

    /// Asks what is answered with `Done`.
    pub(super) fn done(&mut self, request: &Request<'_>) -> Result<()> {
        self.bench.ask(request, |reply| match reply {
            Reply::Done => Ok(()),
            other => Err(format!("{request:?}: {other:?}")),
        })??;
        Ok(())
    }

    /// The code of the problem that a request comes to.
    pub(super) fn code(&mut self, request: &Request<'_>) -> Result<String> {
        self.bench.ask(request, |reply| match reply {
            Reply::Problem(problem) => problem.code.to_owned(),
            other => format!("{other:?}"),
        })
    }

    /// All plugins, page by page.
    pub(super) fn list(&mut self) -> Result<Vec<Listed>> {
        let mut all: Vec<Listed> = Vec::new();
        loop {
            let from = all.last().map_or(0, |last| last.plugin.slot + 1);
            let page = self.bench.ask(&Request::Slots { from }, page)??;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// The one of that name.
    pub(super) fn find(&mut self, name: &str) -> Result<Listed> {
        let all = self.list()?;
        let found = all.into_iter().find(|listed| listed.name == name);
        found.ok_or_else(|| format!("{name} isn't loaded").into())
    }

    pub(super) fn counters(&mut self, plugin: PluginId) -> Result<Counters> {
        let counters = self.bench.ask(&Request::Counters { plugin }, |reply| match reply {
            Reply::Counters(counters) => Ok(counters),
            other => Err(format!("{other:?}")),
        })??;
        Ok(counters)
    }

    pub(super) fn call(
        &mut self,
        plugin: PluginId,
        entry: &str,
        message: &[u8],
    ) -> Result<Vec<u8>> {
        let call = EntryCall { plugin, entry, request: Bytes(message) };
        let answer = self.bench.ask(&Request::Call(call), |reply| match reply {
            Reply::Answer(bytes) => Ok(bytes.0.to_vec()),
            other => Err(format!("{entry}: {other:?}")),
        })??;
        Ok(answer)
    }

    /// What `teller` says of itself.
    pub(super) fn who(&mut self, plugin: PluginId) -> Result<String> {
        Ok(String::from_utf8(self.call(plugin, "who", b"")?)?)
    }

    /// Calls `echo`, which the firmware has brought along.
    pub(super) fn shift(&mut self, echo: PluginId, x: i32) -> Result<()> {
        let mut room = [0; 16];
        let message = encode(&(x, -x), &mut room).map_err(|error| error.to_string())?.to_vec();
        let answer = self.call(echo, "shift", &message)?;
        let answer = <(i32, i32)>::decode(&answer).map_err(|error| error.to_string())?;
        super::same("shift", answer, (x + 1, 1 - x))
    }

    pub(super) fn status(&mut self) -> Result<Option<Progress>> {
        let progress = self.bench.ask(&Request::Status, progress)??;
        Ok(progress)
    }

    /// Installs from wherever the device is, with something `between` two chunks.
    pub(super) fn install(
        &mut self,
        package: &Package,
        mut between: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<PluginId> {
        let mut so_far = self.status()?;
        loop {
            let Package { announced, bytes } = package;
            let request = announced.next_request(bytes, so_far, self.chunk_bytes);
            if request == Request::Commit {
                return self.commit();
            }
            so_far = self.bench.ask(&request, progress)??;
            between(self)?;
        }
    }

    pub(super) fn commit(&mut self) -> Result<PluginId> {
        let plugin = self.bench.ask(&Request::Commit, |reply| match reply {
            Reply::Loaded { plugin } => Ok(plugin),
            other => Err(format!("{other:?}")),
        })??;
        Ok(plugin)
    }

    pub(super) fn deploy(&mut self, target: Target, version: &str) -> Result<PluginId> {
        self.install(&Package::teller(target, version), |_| Ok(()))
    }
}

fn page(reply: Reply<'_>) -> Result<Vec<Listed>, String> {
    let Reply::Slots(slots) = reply else { return Err(format!("{reply:?}")) };
    let listed = slots.iter().map(|slot| {
        let slot = slot.map_err(|error| error.to_string())?;
        let (name, version) = (slot.name.to_owned(), slot.version.to_owned());
        let (plugin, breaker, probation) = (slot.plugin, slot.breaker, slot.probation);
        Ok(Listed { plugin, name, version, breaker, probation })
    });
    listed.collect()
}

fn progress(reply: Reply<'_>) -> Result<Option<Progress>, String> {
    match reply {
        Reply::Progress(progress) => Ok(progress),
        other => Err(format!("{other:?}")),
    }
}
