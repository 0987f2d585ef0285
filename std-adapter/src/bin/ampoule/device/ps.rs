//! `ampoule ps`: the plugins of a device.

use super::{Result, args::Look, open};
use crate::{
    live, output,
    problem::Status,
    show::{bytes, cut, short, style},
};
use ampoule_std::{
    BreakerState as Breaker, Micros,
    device::{BreakerState, Counters, Device, DeviceError, Hash, Slot},
};
use comfy_table::{CellAlignment, Table, presets};
use core::fmt::{self, Display, Formatter};
use serde::Serialize;

pub(super) fn ps(args: &Look) -> Result<Status> {
    let mut device = open(&args.line)?;
    let plugins = Seen::all(&mut device)?;
    if args.json {
        let plugins = plugins.iter().map(Row::from).collect();
        output::json(&Listed { success: true, plugins })?;
    } else {
        output::styled(&Listing(&plugins))?;
    }
    Ok(Status::Done)
}

/// A plugin of a device, and what it has done.
pub(super) struct Seen {
    pub(super) slot: Slot,
    pub(super) counters: Counters,
}

impl Seen {
    /// All plugins of a device, but those that go while they are looked at.
    pub(super) fn all(device: &mut Device) -> core::result::Result<Vec<Self>, DeviceError> {
        let mut plugins = Vec::new();
        for slot in device.slots()? {
            match device.counters(slot.plugin) {
                Ok(counters) => plugins.push(Self { slot, counters }),
                Err(DeviceError::Told(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(plugins)
    }

    /// Calls without an outcome.
    pub(super) const fn failures(&self) -> u64 {
        self.counters.failures.saturating_add(self.counters.failure_replies)
    }

    pub(super) const fn state(&self) -> &'static str {
        if self.slot.probation { "probation" } else { "idle" }
    }

    /// The breaker as a host here has it. One of a kind that this command doesn't know takes no calls
    /// either.
    pub(super) const fn breaker(&self) -> Breaker {
        match self.slot.breaker {
            BreakerState::Closed => Breaker::Closed,
            BreakerState::Open { until } => Breaker::Open { until },
            BreakerState::HalfOpen => Breaker::HalfOpen,
            _ => Breaker::Quarantined,
        }
    }
}

/// Nobody here knows the device's clock, and so how long a breaker stays open.
pub(super) const NO_CLOCK: Micros = Micros::MAX;

/// The plugins, a row each.
pub(super) struct Listing<'a>(pub(super) &'a [Seen]);

const NAMES: [&str; 11] = [
    "id", "plugin", "version", "hash", "state", "calls", "failures", "fuel", "memory", "heap",
    "breaker",
];

/// Those of numbers.
const RIGHT: core::ops::Range<usize> = 5..10;

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "no plugins");
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(NAMES).add_rows(self.0.iter().map(row));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
            if RIGHT.contains(&column.index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let text = table.trim_fmt();
        let (header, rows) = text.split_once('\n').unwrap_or((&text, ""));
        writeln!(f, "{}\n{rows}", style::paint(style::HEADING, header))
    }
}

fn row(seen: &Seen) -> [String; 11] {
    let Seen { slot, counters } = seen;
    [
        slot.plugin.to_string(),
        cut(&slot.name),
        cut(&slot.version),
        Hash(slot.hash).to_string(),
        seen.state().to_owned(),
        short(counters.calls),
        short(seen.failures()),
        short(counters.fuel_total),
        bytes(counters.memory_most_bytes.into()),
        bytes(counters.heap_bytes.into()),
        live::breaker(seen.breaker(), NO_CLOCK),
    ]
}

/// What `--json` prints.
#[derive(Serialize)]
struct Listed<'a> {
    success: bool,
    plugins: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    plugin: String,
    name: &'a str,
    version: &'a str,
    hash: String,
    breaker: &'static str,
    /// On the device's clock, in microseconds.
    open_until: Option<Micros>,
    probation: bool,
    counters: &'a Counters,
}

impl<'a> From<&'a Seen> for Row<'a> {
    fn from(seen: &'a Seen) -> Self {
        let Seen { slot, counters } = seen;
        let (breaker, open_until) = match slot.breaker {
            BreakerState::Closed => ("closed", None),
            BreakerState::Open { until } => ("open", Some(until)),
            BreakerState::HalfOpen => ("half_open", None),
            BreakerState::Quarantined => ("quarantined", None),
            _ => ("unknown", None),
        };
        Self {
            plugin: slot.plugin.to_string(),
            name: &slot.name,
            version: &slot.version,
            hash: Hash(slot.hash).to_string(),
            breaker,
            open_until,
            probation: slot.probation,
            counters,
        }
    }
}
