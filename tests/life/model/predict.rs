//! The model: what a host says, worked out without one.

use super::breaker::{Breaker, Pass};
use ampoule::{BreakerRules, BreakerState, MAX_CALLS, Micros, Probation, Status};
use std::collections::VecDeque;

pub(super) const DEADLINE: Micros = 10_000;
pub(super) const PROBATION: Probation = Probation { calls: 3, micros: 50_000 };
pub(super) const RULES: BreakerRules =
    BreakerRules { failures: 2, reset: 5_000, reset_most: 8_000, trips: 3 };

/// A reply, or the code of an error.
pub(super) type Answer = Result<i32, &'static str>;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Add(i32),
    Spin(i32),
    Endless,
    Trap,
    Fail,
    Wait,
    Echo,
    Sleep(i32),
}

/// What a new version is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Make {
    /// It hands its state over.
    Good,
    /// It hands its state over, and takes none.
    Refuses,
    /// It doesn't hand over anything.
    Bare,
    /// It traps in its `ampoule_init`.
    TrapsInInit,
    /// It lacks a bound entry.
    WithoutEntry,
}

/// The host's clock, and the service `slow`.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) now: Micros,
    pub(super) answer: Option<Result<i32, Status>>,
    pub(super) again_at: Option<Micros>,
    pub(super) asked: (u32, u32),
    pub(super) cancelled: Vec<&'static str>,
}

impl World {
    /// What a host does while it waits.
    pub(super) fn idle(&mut self, until: Micros) {
        self.now = idle(self.now, until);
    }
}

/// Lets some time pass in any case, so that deadlines come.
pub(super) fn idle(now: Micros, until: Micros) -> Micros {
    until.min(now + 1_000_000).max(now + 1_000)
}

/// A version: what it has counted, and whether it has an instance.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) label: String,
    pub(super) make: Make,
    pub(super) sum: i32,
    pub(super) alive: bool,
}

impl Version {
    pub(super) fn new(label: String, make: Make) -> Self {
        Self { label, make, sum: 0, alive: true }
    }
}

#[derive(Debug)]
pub(super) struct Previous {
    pub(super) version: Version,
    pub(super) until: Micros,
    pub(super) calls_left: u32,
    pub(super) faulty: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) call: usize,
    pub(super) kind: Kind,
    pub(super) deadline: Micros,
    pub(super) pass: Pass,
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) call: usize,
    pub(super) kind: Kind,
    pub(super) deadline: Micros,
    pub(super) pass: Pass,
    /// Since when it sleeps, and when its service is asked again.
    pub(super) asleep: Option<(Micros, Option<Micros>)>,
    pub(super) turns: u32,
}

/// What a plugin's counters should say.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) successes: u64,
    pub(super) failure_replies: u64,
    pub(super) traps: u32,
    pub(super) out_of_fuel: u32,
    pub(super) deadline: u32,
    pub(super) cancelled: u32,
    pub(super) breaker_open: u64,
    pub(super) quarantined: u64,
    pub(super) queue_full: u64,
    pub(super) too_late: u64,
    pub(super) instances: u32,
    pub(super) reloads: u32,
    /// Of `slow` and of the clock.
    pub(super) host_calls: [u64; 2],
}

/// A plugin.
#[derive(Debug)]
pub(super) struct Plugin {
    pub(super) name: &'static str,
    pub(super) current: Version,
    pub(super) staged: Option<Version>,
    pub(super) previous: Option<Previous>,
    pub(super) version: u32,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) running: Option<Running>,
    pub(super) done: Vec<(usize, Answer)>,
    pub(super) breaker: Breaker,
    pub(super) tally: Tally,
    pub(super) events: Vec<String>,
}

impl Plugin {
    pub(super) fn new(name: &'static str, current: Version) -> Self {
        Self {
            name,
            current,
            staged: None,
            previous: None,
            version: 1,
            waiting: VecDeque::new(),
            running: None,
            done: Vec::new(),
            breaker: Breaker::new(),
            tally: Tally { instances: 1, ..Tally::default() },
            events: vec!["Loaded".to_owned()],
        }
    }

    pub(super) const fn breaker(&self) -> BreakerState {
        self.breaker.state
    }

    pub(super) fn is_busy(&self) -> bool {
        self.running.is_some() || !self.waiting.is_empty()
    }

    pub(super) fn needs_turns(&self) -> bool {
        self.is_busy() || self.staged.is_some() || self.previous.is_some()
    }

    pub(super) fn note(&mut self, event: &str) {
        self.events.push(event.to_owned());
    }

    pub(super) fn note_version(&mut self, event: &str) {
        self.events.push(format!("{event} {}", self.version));
    }

    pub(super) fn ask(&mut self, now: Micros) -> Result<Pass, &'static str> {
        self.breaker.ask(now).inspect_err(|code| match *code {
            "C09" => self.tally.quarantined += 1,
            _ => self.tally.breaker_open += 1,
        })
    }

    pub(super) fn start(
        &mut self,
        call: usize,
        kind: Kind,
        now: Micros,
    ) -> Result<(), &'static str> {
        let taken = self.waiting.len() + self.done.len() + usize::from(self.running.is_some());
        if taken == MAX_CALLS {
            self.tally.queue_full += 1;
            return Err("C10");
        }
        let pass = self.ask(now)?;
        self.waiting.push_back(Waiting { call, kind, deadline: now + DEADLINE, pass });
        Ok(())
    }

    pub(super) fn is_under_way(&self, call: usize) -> bool {
        self.running.as_ref().is_some_and(|it| it.call == call)
            || self.waiting.iter().any(|it| it.call == call)
    }

    pub(super) fn take(&mut self, call: usize) -> Option<Answer> {
        if self.is_under_way(call) {
            return None;
        }
        let at = self.done.iter().position(|it| it.0 == call);
        Some(at.map_or(Err("C11"), |at| self.done.remove(at).1))
    }

    pub(super) fn cancel(&mut self, call: usize, world: &mut World) -> bool {
        if let Some(running) = self.running.take_if(|it| it.call == call) {
            self.abandon(&running, world);
            self.tally.calls += 1;
            self.tally.cancelled += 1;
            self.breaker.give_back(running.pass);
            return true;
        }
        if let Some(at) = self.done.iter().position(|it| it.0 == call) {
            let _ = self.done.remove(at);
            return true;
        }
        let Some(at) = self.waiting.iter().position(|it| it.call == call) else { return false };
        let waiting = self.waiting.remove(at).unwrap();
        self.breaker.give_back(waiting.pass);
        true
    }

    pub(super) fn abandon(&mut self, running: &Running, world: &mut World) {
        self.stop();
        if running.asleep.is_some() && matches!(running.kind, Kind::Wait | Kind::Echo) {
            world.cancelled.push(self.name);
        }
    }

    pub(super) fn stop(&mut self) {
        (self.current.alive, self.current.sum) = (false, 0);
    }

    pub(super) fn revive(&mut self) {
        if !self.current.alive {
            self.current.alive = true;
            self.tally.instances += 1;
        }
    }

    pub(super) fn wake(&mut self) {
        if let Some((_, again_at)) = self.running.as_mut().and_then(|it| it.asleep.as_mut()) {
            *again_at = None;
        }
    }

    pub(super) fn quarantine(&mut self) {
        self.breaker.enter(BreakerState::Quarantined);
        self.note("Quarantined");
    }

    pub(super) fn lift(&mut self) {
        self.breaker.lift();
        self.note("Lifted");
    }

    pub(super) fn unload(mut self, world: &mut World) -> Vec<String> {
        let dropped = self.waiting.len() + usize::from(self.running.is_some());
        if let Some(running) = self.running.take() {
            self.abandon(&running, world);
        }
        self.events.push(format!("Unloaded {dropped}"));
        self.events
    }
}
