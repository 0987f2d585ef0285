//! `ampoule watch`: the plugins of a directory, called and shown while they are worked on.

mod args;
mod desk;
mod event;
mod line;
mod metrics;
mod schedule;
mod screen;
mod session;
mod signal;
mod snapshot;
mod table;
mod teller;

pub(crate) use args::{NOTES, Watch};
pub(crate) use screen::{Screen, leave};
pub(crate) use signal::{Key, meaning};
pub(crate) use snapshot::{Notes, Totals};

use crate::{
    HEAP,
    grant::{offer_to, open},
    manifest, output,
    problem::{Problem, Status},
};
use ampoule_std::{Config, Host, Policy, PolicyFile, monotonic, watch::WatchCommandError};
use core::fmt::Display;
use schedule::Schedule;
use session::{Session, Setup};
use signal::Signal;
use std::{
    io::{self, IsTerminal as _},
    sync::mpsc::{self, Receiver, Sender},
};

/// More plugins than anyone works on; a host of so many has some 24 KiB.
const SLOTS: usize = 1024;

pub(crate) fn watch(args: &Watch) -> Result<Status, Problem> {
    let schedule = Schedule::new(args)?;
    let policy = args.policy.as_deref().map(manifest::policy_file).transpose()?;
    let policy = policy.as_ref().map_or(Policy::WORKSTATION, PolicyFile::policy);
    let store = open(args.store.as_deref())?;
    let (signals, received) = mpsc::channel();
    let is_plain = args.plain || args.once || !io::stdout().is_terminal();

    let config = Config { policy: &policy, cell: Some(&HEAP), ..Config::WORKSTATION };
    let mut host = Box::new(Host::<SLOTS>::new(config, monotonic));
    if is_plain {
        offer_to(&mut host, store, |line| output::styled_aside(&line))?;
    } else {
        let signals = signals.clone();
        offer_to(&mut host, store, move |line| {
            // At the end nobody listens any more.
            let _ = signals.send(Signal::Said(line));
        })?;
    }
    let bound = args.metrics.map(|address| metrics::serve(address, &signals)).transpose()?;
    signal::catch_stop(signals.clone()).map_err(|it| system("signals can't be caught", it))?;
    let answered = input(is_plain, &signals)?;
    let screen = if is_plain { None } else { Some(enter(signals)?) };
    let mut session = Session::new(Setup { args, host, schedule, received, answered, screen });
    if let Some(bound) = bound {
        session.note(format!("metrics are at http://{bound}/metrics"));
    }
    session.run()
}

/// Reads the input, unless it is the keyboard of the table.
fn input(
    is_plain: bool,
    signals: &Sender<Signal>,
) -> Result<Option<Receiver<()>>, WatchCommandError> {
    if !is_plain && io::stdin().is_terminal() {
        return Ok(None);
    }
    let answered = signal::read_input(signals.clone());
    answered.map(Some).map_err(|error| system("the input can't be read", error))
}

fn enter(signals: Sender<Signal>) -> Result<Screen, WatchCommandError> {
    let screen = Screen::enter().map_err(|it| system("the terminal can't show a table", it))?;
    signal::read_keys(signals).map_err(|it| system("keys can't be read", it))?;
    Ok(screen)
}

fn system(what: &'static str, error: impl Display) -> WatchCommandError {
    WatchCommandError::System { what, reason: error.to_string() }
}
