//! `ampoule logs`: what the plugins of a device say, and what happens to them.

use super::{Result, args::Logs, open};
use crate::{
    output,
    problem::{Problem, Status},
    show::cut,
};
use ampoule_std::{
    Micros,
    device::{Device, DeviceError, Happened, PluginId, Said},
    escaped,
};
use core::fmt::{self, Display, Formatter};
use serde::Serialize;
use std::{collections::BTreeMap, thread};

/// How many are asked for at once; a device answers as many as fit into its frame.
const AT_ONCE: u16 = 64;

/// How often at most, so that a device that never runs out of them doesn't go on for ever.
const ROUNDS: usize = 256;

pub(super) fn logs(args: &Logs) -> Result<Status> {
    let mut device = open(&args.line)?;
    let mut names = Names::default();
    let mut left = device.patience().reopens;
    loop {
        let taken = take(&mut device, &mut names);
        match taken {
            Ok(notes) if !show(args, &notes)? || !args.follow => return Ok(Status::Done),
            Ok(_) => left = device.patience().reopens,
            Err(error) if args.follow && error.is_passing() && left > 0 => {
                left -= 1;
                again(&mut device, &error);
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        thread::sleep(args.every.time);
    }
}

/// Tries a new session; if there is none, the next look tells.
fn again(device: &mut Device, error: &DeviceError) {
    output::styled_aside(&format!("{error}; it goes on with a new session\n"));
    let _ = device.reopen();
}

/// Shows them, and answers whether anybody is there to read more.
fn show(args: &Logs, notes: &[Note]) -> Result<bool> {
    for note in notes {
        let is_heard = if args.json {
            output::json_heard(&Written::from(note))
        } else {
            output::plain_heard(note)
        };
        if !is_heard.map_err(Problem::from)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A log line or an event.
pub(super) struct Note {
    at: Micros,
    /// Whose, by name; an id if nobody knows that, empty for the device itself.
    pub(super) plugin: String,
    what: What,
}

enum What {
    Said { level: &'static str, text: String },
    Happened { kind: &'static str, words: String },
}

/// The names of plugins, also of those that are gone.
#[derive(Default)]
pub(super) struct Names(BTreeMap<(u16, u32), String>);

/// More than any device's; a device that lies is forgotten then.
const MOST_NAMES: usize = 10_000;

impl Names {
    pub(super) fn learn(&mut self, device: &mut Device) -> core::result::Result<(), DeviceError> {
        if self.0.len() > MOST_NAMES {
            self.0.clear();
        }
        let slots = device.slots()?;
        self.0.extend(slots.into_iter().map(|slot| (key(slot.plugin), slot.name)));
        Ok(())
    }

    fn of(&self, plugin: PluginId) -> String {
        self.0.get(&key(plugin)).cloned().unwrap_or_else(|| plugin.to_string())
    }
}

const fn key(plugin: PluginId) -> (u16, u32) {
    (plugin.slot, plugin.generation)
}

/// Takes all that there is, in the order of the device's clock.
pub(super) fn take(
    device: &mut Device,
    names: &mut Names,
) -> core::result::Result<Vec<Note>, DeviceError> {
    names.learn(device)?;
    let mut notes = Vec::new();
    for _ in 0..ROUNDS {
        let (events, lines) = (device.events(AT_ONCE)?, device.lines(AT_ONCE)?);
        if events.is_empty() && lines.is_empty() {
            break;
        }
        notes.extend(events.into_iter().map(|event| Note::happened(event, names)));
        notes.extend(lines.into_iter().map(Note::said));
    }
    // Those of one moment stay in the order in which they were told.
    notes.sort_by_key(|note| note.at);
    Ok(notes)
}

impl Note {
    fn happened(event: Happened, names: &Names) -> Self {
        let Happened { plugin, at, kind, words, .. } = event;
        Self { at, plugin: names.of(plugin), what: What::Happened { kind, words } }
    }

    fn said(line: Said) -> Self {
        let level = line.level_name();
        let Said { plugin, at, text, .. } = line;
        Self { at, plugin, what: What::Said { level, text } }
    }

    /// What it says, safe to show.
    pub(super) fn text(&self) -> String {
        match &self.what {
            What::Said { level, text } => format!("{level}: {}", escaped(text)),
            What::Happened { words, .. } => words.clone(),
        }
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.at / 1_000_000, self.at % 1_000_000);
        let (kind, text) = match &self.what {
            What::Said { level, text } => (*level, escaped(text).to_string()),
            What::Happened { words, .. } => ("event", words.clone()),
        };
        write!(f, "{seconds:>6}.{micros:06} {kind}")?;
        if !self.plugin.is_empty() {
            write!(f, " {}", cut(&self.plugin))?;
        }
        writeln!(f, ": {text}")
    }
}

/// What `--json` prints, a line each.
#[derive(Serialize)]
struct Written<'a> {
    at: Micros,
    plugin: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    text: &'a str,
}

impl<'a> From<&'a Note> for Written<'a> {
    fn from(note: &'a Note) -> Self {
        let (level, event, text) = match &note.what {
            What::Said { level, text } => (Some(*level), None, text),
            What::Happened { kind, words } => (None, Some(*kind), words),
        };
        Self { at: note.at, plugin: &note.plugin, level, event, text }
    }
}
