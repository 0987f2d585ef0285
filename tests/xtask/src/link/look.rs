//! Looking at the demonstration's plugins.

use super::{
    device::{Device, WORKERS},
    same, so,
};
use crate::Result;
use ampoule_link::{BreakerState, EventKind, Reply, Request};

/// As often as a person would look again.
const LOOKS: usize = 3_000;

pub(super) fn describes(device: &mut Device) -> Result<()> {
    let board = device.bench.board;
    device.bench.ask(&Request::Describe, |reply| {
        let Reply::Description(told) = reply else { return Err(format!("{reply:?}").into()) };
        let services: Vec<_> = told.services.iter().flatten().collect();
        so(board, told.name.to_lowercase() == board)?;
        same("ABI and slots", (told.abi, told.slots, told.free_slots), (1, 6, 2))?;
        same("services", services, vec!["log", "clock", "random", "kv", "gpio"])?;
        let most = told.most;
        so(format!("{most:?}"), most.chunk_bytes > 400 && most.install_bytes >= most.module_bytes)?;
        let (free, all) = (told.free_ram_bytes, told.ram_bytes);
        so(format!("{free} of {all} bytes are free"), free > 10_000 && free < all)
    })?
}

pub(super) fn lists(device: &mut Device) -> Result<()> {
    let mut looks = 0..LOOKS;
    let all = loop {
        let all = device.list()?;
        if all.iter().any(|one| one.breaker == BreakerState::Quarantined) || looks.next().is_none()
        {
            break all;
        }
    };
    let names: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.breaker)).collect();
    let expected = ["sensor-filter", "echo", "blink"].map(|name| (name, BreakerState::Closed));
    let quarantined = [("endless", BreakerState::Quarantined)];
    same("plugins", names, [&expected[..], &quarantined[..]].concat())?;
    for (at, one) in all.iter().enumerate() {
        let from = one.plugin.slot + 1;
        let rest = device.bench.ask(&Request::Slots { from }, |reply| match reply {
            Reply::Slots(slots) => slots.iter().count(),
            _ => usize::MAX,
        })?;
        same("the rest", rest, all.len() - at - 1)?;
    }
    Ok(())
}

pub(super) fn counts(device: &mut Device) -> Result<()> {
    for name in WORKERS {
        let plugin = device.find(name)?.plugin;
        let before = device.counters(plugin)?;
        let grown = |device: &mut Device| Ok(device.counters(plugin)?.calls > before.calls);
        so(format!("{name} is called"), eventually(device, grown)?)?;
        so(format!("{name}: {before:?}"), before.fuel_total > 0 && before.instances == 1)?;
        same(name, (before.failures, before.refusals), (0, 0))?;
    }
    let endless = device.find("endless")?.plugin;
    let counters = device.counters(endless)?;
    same("endless: calls, failures", (counters.calls, counters.failures), (4, 4))
}

fn eventually(device: &mut Device, seen: impl Fn(&mut Device) -> Result<bool>) -> Result<bool> {
    for _ in 0..LOOKS {
        if seen(device)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn events(device: &mut Device) -> Result<()> {
    let mut all = Vec::new();
    loop {
        let page = device.events(3)?;
        so("a page has what was asked for", page.len() <= 3)?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    let loaded = all.iter().filter(|event| event.starts_with("Loaded")).count();
    let count = |what: &str| all.iter().filter(|event| *event == what).count();
    same(format!("{all:?}"), (loaded, count("Faulted F01"), count("Quarantined")), (4, 4, 1))?;
    same("and none of them again", device.events(99)?.len(), 0)
}

impl Device {
    /// The oldest events, in words.
    pub(super) fn events(&mut self, most: u16) -> Result<Vec<String>> {
        let words = |what: EventKind<'_>| match what {
            EventKind::Faulted { code } => format!("Faulted {code}"),
            other => format!("{other:?}"),
        };
        let events = self.bench.ask(&Request::Events { most }, |reply| match reply {
            Reply::Events(events) => {
                Ok(events.iter().flatten().map(|event| words(event.what)).collect())
            }
            other => Err(format!("{other:?}")),
        })??;
        Ok(events)
    }

    /// The oldest log lines, with their plugins.
    pub(super) fn lines(&mut self, most: u16) -> Result<Vec<(String, String)>> {
        let lines = self.bench.ask(&Request::Lines { most }, |reply| match reply {
            Reply::Lines(lines) => {
                let words = |line: ampoule_link::Line<'_>| (line.plugin.into(), line.text.into());
                Ok(lines.iter().flatten().map(words).collect())
            }
            other => Err(format!("{other:?}")),
        })??;
        Ok(lines)
    }
}

pub(super) fn lines(device: &mut Device) -> Result<()> {
    let spike = ("sensor-filter".to_owned(), "spike dropped".to_owned());
    let first = device.lines(1)?;
    same("the oldest", first, vec![spike.clone()])?;
    so("another comes", eventually(device, |device| Ok(device.lines(9)?.contains(&spike)))?)
}

pub(super) fn unloads_the_endless(device: &mut Device) -> Result<()> {
    let (endless, before) = (device.find("endless")?.plugin, device.free()?);
    device.done(&Request::Lift { plugin: endless })?;
    device.done(&Request::Unload { plugin: endless })?;
    same("it is gone", device.code(&Request::Counters { plugin: endless })?.as_str(), "L03")?;
    let freed = device.free()? - before;
    so(format!("{freed} bytes are free again"), freed > 6_000)?;
    device.settled = true;
    Ok(())
}

pub(super) fn all_well(device: &mut Device) -> Result<()> {
    for name in WORKERS {
        let plugin = device.find(name)?.plugin;
        let counters = device.counters(plugin)?;
        println!("       {name}: {} calls", counters.calls);
        same(name, (counters.failures, counters.refusals, counters.instances), (0, 0, 1))?;
    }
    Ok(())
}
