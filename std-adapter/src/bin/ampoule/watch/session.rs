//! One run of `ampoule watch`: its loop.

use super::{
    SLOTS,
    args::Watch,
    desk::Desk,
    event, metrics,
    schedule::Schedule,
    screen::Screen,
    signal::{Key, Signal},
    snapshot::{PluginLine, Snapshot, Totals},
    system,
    teller::Teller,
};
use crate::problem::{Problem, Status};
use ampoule_std::{
    Host, Micros, PluginId, Turn, Wake, WatchOptions, Watcher, escaped, monotonic,
    workstation_own_services,
};
use core::time::Duration;
use std::sync::mpsc::Receiver;

/// How often the directory is looked at, in microseconds.
const LOOK: Micros = 200_000;
/// How often the table is drawn.
const DRAW: Micros = 250_000;

/// What a session starts with.
pub(super) struct Setup<'a> {
    pub(super) args: &'a Watch,
    pub(super) host: Box<Host<'a, SLOTS>>,
    pub(super) schedule: Option<Schedule>,
    pub(super) received: Receiver<Signal>,
    /// Has something for each line that is read and not yet answered.
    pub(super) answered: Option<Receiver<()>>,
    pub(super) screen: Option<Screen>,
}

pub(super) struct Session<'a> {
    args: &'a Watch,
    host: Box<Host<'a, SLOTS>>,
    schedule: Option<Schedule>,
    received: Receiver<Signal>,
    watcher: Watcher,
    settle: Micros,
    desk: Desk,
    teller: Teller,
    selected: Option<PluginId>,
    /// When the first look was.
    began: Micros,
    next_look: Micros,
    next_draw: Micros,
    /// Whether what was there at the start is loaded.
    is_settled: bool,
    input_is_over: bool,
    is_stopped: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(setup: Setup<'a>) -> Self {
        let Setup { args, host, schedule, received, answered, screen } = setup;
        let options = WatchOptions::default().with_services(workstation_own_services);
        let now = monotonic();
        Self {
            args,
            host,
            schedule,
            received,
            settle: options.settle,
            watcher: Watcher::new(&args.dir, options),
            desk: Desk::default(),
            input_is_over: answered.is_none(),
            teller: Teller::new(screen, answered),
            selected: None,
            began: now,
            next_look: now,
            next_draw: now,
            is_settled: false,
            is_stopped: false,
        }
    }

    pub(super) fn note(&mut self, text: String) {
        self.teller.note(None, text);
    }

    /// Goes on until it is stopped, or has done what there was to do once.
    pub(super) fn run(mut self) -> Result<Status, Problem> {
        loop {
            let now = monotonic();
            self.look(now);
            self.follow_schedule(now);
            let next = self.call(now);
            self.follow_host();
            if self.is_over() {
                return self.end();
            }
            self.draw(now)?;
            self.wait(next);
        }
    }

    fn look(&mut self, now: Micros) {
        if now < self.next_look {
            return;
        }
        let events = self.watcher.poll(&mut self.host, now);
        for event in &events {
            self.teller.watched(event);
        }
        let rest = self.began.saturating_add(self.settle);
        self.is_settled |= now >= rest;
        self.next_look = now.saturating_add(LOOK);
        if !self.is_settled {
            self.next_look = self.next_look.min(rest);
        }
    }

    fn follow_schedule(&mut self, now: Micros) {
        let Self { schedule: Some(schedule), host, desk, teller, .. } = self else { return };
        if !self.is_settled || (self.args.once && schedule.rounds > 0) || !schedule.is_due(now) {
            return;
        }
        // The table has it as its title.
        if schedule.rounds > 1 && teller.screen.is_none() {
            let lines = PluginLine::all(host, desk, &teller.notes);
            teller.note(None, Totals::of(&lines).to_string());
        }
        for (id, plugin) in host.iter() {
            let name = plugin.meta().name;
            if !plugin.entries().any(|entry| entry == schedule.entry) {
                if schedule.is_news(id, plugin.hash()) {
                    let entry = escaped(&schedule.entry);
                    teller.note(Some(name), format!("has no entry {entry} to be called"));
                }
            } else if !desk.has_scheduled(name) {
                desk.ask(schedule.ask(name));
            }
        }
    }

    /// Starts calls, gives them a turn, and tells how they have ended.
    fn call(&mut self, now: Micros) -> Wake {
        if self.is_settled {
            self.start();
        }
        let Turn { next, .. } = self.host.poll(now);
        if self.take() { Wake::Now } else { next }
    }

    fn start(&mut self) {
        let Self { desk, host, teller, .. } = self;
        desk.start(host, |ask, problem| teller.answer(ask, Err(problem)));
    }

    fn take(&mut self) -> bool {
        let Self { desk, host, teller, .. } = self;
        desk.take(host, |ask, outcome| teller.answer(ask, outcome))
    }

    fn follow_host(&mut self) {
        while let Some(event) = self.host.next_event() {
            let Some(words) = event::words(&event) else { continue };
            let name = self.host.plugin(event.plugin).map(|plugin| plugin.meta().name);
            self.teller.note(name, words);
        }
    }

    fn is_over(&self) -> bool {
        let teller = &self.teller;
        let is_done = self.args.once
            && self.is_settled
            && self.input_is_over
            && self.desk.is_empty()
            && self.schedule.as_ref().is_none_or(|schedule| schedule.rounds > 0);
        self.is_stopped || teller.is_unheard || teller.broken.is_some() || is_done
    }

    /// Waits until something is to be done, and takes in what has come.
    fn wait(&mut self, next: Wake) {
        let due = self.due(next);
        let now = monotonic();
        if due > now {
            let time = Duration::from_micros(due - now);
            if let Ok(signal) = self.received.recv_timeout(time) {
                self.obey(signal);
            }
        }
        while let Ok(signal) = self.received.try_recv() {
            self.obey(signal);
        }
    }

    /// When something is to be done at the latest.
    fn due(&self, next: Wake) -> Micros {
        let turn = match next {
            Wake::Now => 0,
            Wake::At(time) => time,
            Wake::Never => Micros::MAX,
        };
        let scheduled = self.schedule.as_ref().filter(|_| self.is_settled && !self.args.once);
        let scheduled = scheduled.map_or(Micros::MAX, Schedule::next);
        let draw = self.teller.screen.as_ref().map_or(Micros::MAX, |_| self.next_draw);
        turn.min(scheduled).min(draw).min(self.next_look)
    }

    fn obey(&mut self, signal: Signal) {
        match signal {
            Signal::Line(Ok(ask)) => self.desk.ask(ask),
            Signal::Line(Err(error)) => self.teller.refuse(error),
            Signal::InputEnd(reason) => {
                self.input_is_over = true;
                if let Some(reason) = reason {
                    self.teller.problem(None, &system("the input can't be read", reason).into());
                }
            }
            Signal::Said(line) => self.note(line.trim_end().to_owned()),
            Signal::Scrape(sender) => {
                // Whoever asked may have lost patience.
                let _ = sender.send(metrics::text(&self.lines()));
            }
            Signal::Key(key) => self.press(key),
            Signal::Stop => self.is_stopped = true,
        }
    }

    fn press(&mut self, key: Key) {
        self.next_draw = 0;
        match key {
            Key::Quit => self.is_stopped = true,
            Key::Up => self.select(|at| at.saturating_sub(1)),
            Key::Down => self.select(|at| at.saturating_add(1)),
            Key::Lift => self.operate(|host, id| Ok(host.lift(id)?)),
            Key::RollBack => self.operate(|host, id| Ok(host.roll_back(id)?)),
            Key::Redraw => {}
        }
    }

    /// Selects another plugin, by its place in the table; without one, the first.
    fn select(&mut self, to: impl Fn(usize) -> usize) {
        let lines = self.lines();
        let at = lines.iter().position(|line| Some(line.id) == self.selected).map_or(0, to);
        let line = lines.get(at.min(lines.len().saturating_sub(1)));
        self.selected = line.map(|line| line.id);
    }

    /// Does something with the plugin that is selected.
    fn operate(&mut self, how: impl FnOnce(&mut Host<'_, SLOTS>, PluginId) -> Result<(), Problem>) {
        let Some(id) = self.selected else {
            return self.note("select a plugin first: up, down".to_owned());
        };
        if let Err(problem) = how(&mut self.host, id) {
            let name = self.host.plugin(id).map(|plugin| plugin.meta().name);
            self.teller.problem(name, &problem);
        }
    }

    fn lines(&self) -> Vec<PluginLine> {
        PluginLine::all(&self.host, &self.desk, &self.teller.notes)
    }

    fn draw(&mut self, now: Micros) -> Result<(), Problem> {
        if self.teller.screen.is_none() || now < self.next_draw {
            return Ok(());
        }
        self.next_draw = now.saturating_add(DRAW);
        let plugins = self.lines();
        self.teller.notes.keep(&plugins);
        let snapshot = Snapshot {
            dir: escaped(&self.args.dir.to_string_lossy()).to_string(),
            now,
            selected: plugins.iter().position(|line| Some(line.id) == self.selected),
            plugins,
            notes: self.teller.notes.all(),
        };
        let shown = self.teller.screen.as_mut().map_or(Ok(()), |screen| screen.show(&snapshot));
        Ok(shown.map_err(|error| system("the terminal can't show a table", error))?)
    }

    /// Unloads everything. Calls that aren't over are told that their plugin is gone.
    fn end(mut self) -> Result<Status, Problem> {
        self.teller.screen = None;
        let lines = self.lines();
        for PluginLine { id, name, .. } in &lines {
            let unloaded = self.host.unload(*id);
            self.teller.note(Some(name), "unloaded".to_owned());
            if let Err(error) = unloaded {
                self.teller.problem(Some(name), &error.into());
            }
        }
        self.start();
        self.take();
        while let Ok(signal) = self.received.try_recv() {
            if let Signal::Said(line) = signal {
                self.note(line.trim_end().to_owned());
            }
        }
        self.note(Totals::of(&lines).to_string());
        match self.teller.broken {
            Some(problem) => Err(problem),
            None => Ok(if self.args.once { self.teller.status } else { Status::Done }),
        }
    }
}
