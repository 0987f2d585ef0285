//! `ampoule top`: the plugins of a device, live.

use super::{
    Result,
    args::Top,
    logs::{self, Names},
    open,
    ps::{Listing, NO_CLOCK, Seen},
};
use crate::{
    live::{self, Live, LiveRow},
    output,
    problem::{Problem, Status},
    show::{Grouped, cut},
    watch::{Key, Notes, Screen, Totals, leave, meaning},
};
use ampoule_std::{
    CommandError,
    device::{About, Device, DeviceError, PluginId},
    escaped,
};
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use ratatui::crossterm::event;
use std::{
    io::{self, IsTerminal as _},
    process,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
};

const KEYS: &str = "up, down: select   l: lift the breaker   r: roll back   q: end";

pub(super) fn top(args: &Top) -> Result<Status> {
    let mut device = open(&args.line)?;
    if !io::stdout().is_terminal() {
        output::styled(&Listing(&Seen::all(&mut device)?))?;
        return Ok(Status::Done);
    }
    let (signals, received) = mpsc::channel();
    let (orders, ordered) = mpsc::channel();
    let mut desk = Desk::new(&device, orders);
    look(device, args.every.time, signals.clone(), ordered).map_err(broken)?;
    catch_stop(signals.clone())?;
    let mut screen = Screen::enter().map_err(broken)?;
    read_keys(signals).map_err(broken)?;
    let end = desk.run(&mut screen, &received);
    drop(screen);
    end.map(|()| Status::Done)
}

fn broken(error: io::Error) -> Problem {
    CommandError::Output { reason: error.to_string() }.into()
}

/// What wakes the table up.
enum Signal {
    Key(Key),
    Seen(Vec<Seen>, About),
    Note {
        plugin: Option<String>,
        text: String,
    },
    /// The device is lost.
    Lost(DeviceError),
    Stop,
}

/// What is to be done to a plugin.
enum Order {
    Lift(PluginId),
    RollBack(PluginId),
}

fn read_keys(signals: Sender<Signal>) -> io::Result<()> {
    let read = move || {
        while let Ok(event) = event::read() {
            if let Some(key) = meaning(&event)
                && signals.send(Signal::Key(key)).is_err()
            {
                return;
            }
        }
        // Without a terminal there is nobody to show anything.
        let _ = signals.send(Signal::Stop);
    };
    thread::Builder::new().name("keys".to_owned()).spawn(read).map(drop)
}

/// Has a signal end the command in good order, and the second one at once: a device may take its time.
fn catch_stop(signals: Sender<Signal>) -> Result<()> {
    let told = AtomicBool::new(false);
    let caught = ctrlc::set_handler(move || {
        if told.swap(true, Ordering::Relaxed) || signals.send(Signal::Stop).is_err() {
            leave();
            process::exit(130);
        }
    });
    caught.map_err(|error| CommandError::Output { reason: error.to_string() }.into())
}

/// Looks at the device again and again, in a thread of its own: it may be slow, and keys aren't.
fn look(
    mut device: Device,
    every: Duration,
    signals: Sender<Signal>,
    orders: Receiver<Order>,
) -> io::Result<()> {
    let look = move || {
        let mut names = Names::default();
        let mut left = device.patience().reopens;
        loop {
            match look_once(&mut device, &mut names, &signals) {
                Ok(()) => left = device.patience().reopens,
                Err(error) if error.is_passing() && left > 0 => {
                    left -= 1;
                    let _ = signals.send(Signal::Note { plugin: None, text: error.to_string() });
                    let _ = device.reopen();
                    continue;
                }
                Err(error) => {
                    let _ = signals.send(Signal::Lost(error));
                    return;
                }
            }
            match orders.recv_timeout(every) {
                Ok(order) => obey(&mut device, &order, &signals),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    };
    thread::Builder::new().name("device".to_owned()).spawn(look).map(drop)
}

fn look_once(
    device: &mut Device,
    names: &mut Names,
    signals: &Sender<Signal>,
) -> core::result::Result<(), DeviceError> {
    for note in logs::take(device, names)? {
        let (text, plugin) = (note.text(), note.plugin);
        let _ = signals.send(Signal::Note { plugin: Some(plugin), text });
    }
    device.describe()?;
    let seen = Seen::all(device)?;
    let _ = signals.send(Signal::Seen(seen, device.about().clone()));
    Ok(())
}

fn obey(device: &mut Device, order: &Order, signals: &Sender<Signal>) {
    let done = match *order {
        Order::Lift(plugin) => device.lift(plugin),
        Order::RollBack(plugin) => device.roll_back(plugin),
    };
    if let Err(error) = done {
        let Problem { code, cause, cure, .. } = error.into();
        let text = format!("{code}: {}; {cure}", escaped(&cause));
        let _ = signals.send(Signal::Note { plugin: None, text });
    }
}

/// What is shown, and who is selected.
struct Desk {
    about: About,
    port: String,
    seen: Vec<Seen>,
    selected: Option<PluginId>,
    notes: Notes,
    orders: Sender<Order>,
}

impl Desk {
    fn new(device: &Device, orders: Sender<Order>) -> Self {
        Self {
            about: device.about().clone(),
            port: device.address().to_string(),
            seen: Vec::new(),
            selected: None,
            notes: Notes::default(),
            orders,
        }
    }

    fn run(&mut self, screen: &mut Screen, received: &Receiver<Signal>) -> Result<()> {
        loop {
            let notes = self.notes.all();
            let live = self.live(&notes);
            screen.draw(|area, buffer| live::draw(&live, area, buffer)).map_err(broken)?;
            let Ok(signal) = received.recv() else { return Ok(()) };
            // A flood of notes is drawn once.
            for signal in [signal].into_iter().chain(received.try_iter()) {
                match signal {
                    Signal::Key(Key::Quit) | Signal::Stop => return Ok(()),
                    Signal::Key(key) => self.press(key),
                    Signal::Seen(seen, about) => (self.seen, self.about) = (seen, about),
                    Signal::Note { plugin, text } => self.note(plugin, text),
                    Signal::Lost(error) => return Err(error.into()),
                }
            }
        }
    }

    fn note(&mut self, plugin: Option<String>, text: String) {
        match plugin.filter(|plugin| !plugin.is_empty()) {
            Some(plugin) => {
                let plugin = cut(&plugin);
                self.notes.add(format!("{plugin}: {text}"));
                if self.seen.iter().any(|seen| cut(&seen.slot.name) == plugin) {
                    self.notes.last.insert(plugin, text);
                }
            }
            None => self.notes.add(text),
        }
    }

    fn press(&mut self, key: Key) {
        match key {
            Key::Up => self.select(|at| at.saturating_sub(1)),
            Key::Down => self.select(|at| at.saturating_add(1)),
            Key::Lift => self.order(Order::Lift),
            Key::RollBack => self.order(Order::RollBack),
            Key::Quit | Key::Redraw => {}
        }
    }

    fn place(&self) -> Option<usize> {
        self.seen.iter().position(|seen| Some(seen.slot.plugin) == self.selected)
    }

    /// Selects another plugin, by its place in the table; without one, the first.
    fn select(&mut self, to: impl Fn(usize) -> usize) {
        let at = self.place().map_or(0, to).min(self.seen.len().saturating_sub(1));
        self.selected = self.seen.get(at).map(|seen| seen.slot.plugin);
    }

    fn order(&mut self, what: fn(PluginId) -> Order) {
        match self.selected {
            // The one who does it has ended only if the device is lost.
            Some(plugin) => drop(self.orders.send(what(plugin))),
            None => self.notes.add("select a plugin first: up, down".to_owned()),
        }
    }

    fn live<'a>(&self, notes: &'a [String]) -> Live<'a> {
        Live {
            heading: self.heading(),
            rows: self.seen.iter().map(|seen| self.row(seen)).collect(),
            now: NO_CLOCK,
            selected: self.place(),
            notes,
            keys: KEYS,
        }
    }

    fn heading(&self) -> String {
        let totals = self.seen.iter().fold(Totals::default(), |sum, seen| Totals {
            plugins: sum.plugins + 1,
            calls: sum.calls.saturating_add(seen.counters.calls),
            failures: sum.failures.saturating_add(seen.failures()),
            fuel: sum.fuel.saturating_add(seen.counters.fuel_total),
        });
        let free = Grouped(self.about.free_ram_bytes.into());
        let (name, port) = (cut(&self.about.name), escaped(&self.port));
        format!("{name} at {port}   {totals}, RAM free: {free}")
    }

    fn row(&self, seen: &Seen) -> LiveRow {
        let name = cut(&seen.slot.name);
        LiveRow {
            version: cut(&seen.slot.version),
            generation: seen.slot.plugin.generation,
            state: seen.state().to_owned(),
            calls: seen.counters.calls,
            failures: seen.failures(),
            fuel: seen.counters.fuel_total,
            memory_bytes: seen.counters.memory_most_bytes.into(),
            breaker: seen.breaker(),
            last: self.notes.last.get(&name).cloned().unwrap_or_default(),
            name,
        }
    }
}
