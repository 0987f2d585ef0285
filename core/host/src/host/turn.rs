//! Turns: every started call gets its share of fuel, and none more than that.

use super::{
    Host,
    ledger::{Events, Settled},
    slot::{Done, Live, Running, Waiting},
};
use crate::{
    breaker::Pass,
    call::{Started, Step},
    cell::reserve,
    error::{CallError, Refusal},
    fault::Fault,
    id::PluginId,
    service::{Micros, Services},
};
use alloc::boxed::Box;
use core::mem;

/// What one turn of [`Host::poll`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// Fuel that plugins have used.
    pub fuel: u64,
    /// When the next turn has something to do.
    pub next: Wake,
}

/// When something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// Now.
    Now,
    /// Then, by the host's clock, unless something is started, woken or cancelled before.
    At(Micros),
    /// When something is started, woken or cancelled.
    Never,
}

impl Wake {
    fn at(time: Option<Micros>) -> Self {
        time.filter(|time| *time < Micros::MAX).map_or(Self::Never, Self::At)
    }
}

/// How a call has ended.
pub(super) struct Over {
    result: Result<Box<[u8]>, CallError>,
    pass: Pass,
    fuel: u64,
    asked_at: Micros,
    memory_bytes: usize,
    now: Micros,
}

impl<const SLOTS: usize> Host<'_, SLOTS> {
    /// Gives every plugin that has something to do its turn: a slice of fuel for each of its priority, less
    /// what it has used beyond that before. One turn costs [`Config::turn_fuel`](super::Config::turn_fuel)
    /// and one slice at most; those that didn't get all of theirs are the first on the next. What making a
    /// fresh instance costs, and taking over state, is bounded by the limits of the plugin, and comes on
    /// top.
    ///
    /// `now` is the host's clock. Deadlines are looked at here.
    pub fn poll(&mut self, now: Micros) -> Turn {
        let (mut fuel, mut next) = (0_u64, Wake::Never);
        for _ in 0..self.turns.len() {
            let left = self.config.turn_fuel.max(1).saturating_sub(fuel);
            if left == 0 {
                return Turn { fuel, next: Wake::Now };
            }
            let Some(id) = self.turns.pop_front() else { break };
            let (used, wake) = self.turn_of(id, now, left);
            fuel = fuel.saturating_add(used);
            if let Some(live) = self.slots.get_mut(id) {
                live.listed = live.needs_turns();
                if live.listed && live.cut {
                    // One that stood there left its place.
                    let _ = self.turns.push_front(id);
                    return Turn { fuel, next: Wake::Now };
                }
                if live.listed {
                    next = next.min(wake);
                    let _ = self.turns.push_back(id);
                }
            }
        }
        Turn { fuel, next }
    }

    /// Takes a plugin that is gone from among those that get turns: another one may need its place.
    pub(super) fn unlist(&mut self, id: PluginId) {
        for _ in 0..self.turns.len() {
            if let Some(other) = self.turns.pop_front().filter(|other| *other != id) {
                // One that stood there left its place.
                let _ = self.turns.push_back(other);
            }
        }
    }

    /// Puts a plugin among those that get turns.
    pub(super) fn list(&mut self, id: PluginId) {
        if let Some(live) = self.slots.get_mut(id)
            && !live.listed
            && self.turns.push_back(id).is_ok()
        {
            live.listed = true;
            (live.credit, live.cut) = (0, false);
        }
    }

    /// One plugin's turn: the fuel that it took, and when it wants the next.
    pub(super) fn turn_of(&mut self, id: PluginId, now: Micros, left: u64) -> (u64, Wake) {
        self.change_versions(id, now);
        // With none, nothing would ever get on.
        let share = self.config.slice_fuel.max(1);
        let Self { services, slots, events, .. } = self;
        let Some(live) = slots.get_mut(id) else { return (0, Wake::Never) };
        live.begin(services, now, events);
        let used = live.run(services, share, left, now, events);
        self.change_versions(id, now);
        let wake = self.slots.get(id).map_or(Wake::Never, |live| live.wants(now));
        (used, wake)
    }
}

impl Live {
    /// Puts the next waiting call under way, if there is none.
    fn begin(&mut self, services: &mut Services, now: Micros, events: &mut Events) {
        while self.may_begin() {
            let Some(mut waiting) = self.waiting.pop_front() else { return };
            match self.ledger.renew(waiting.pass, now) {
                Ok(pass) => waiting.pass = pass,
                Err(refusal) => {
                    self.keep(waiting.number, Err(refusal.into()));
                    continue;
                }
            }
            if let Err((over, number)) = self.begin_one(services, waiting, now) {
                self.finish(number, over, events);
            }
        }
    }

    fn begin_one(
        &mut self,
        services: &mut Services,
        waiting: Waiting,
        now: Micros,
    ) -> Result<(), (Over, u64)> {
        let Waiting { number, entry, message, asked_at, deadline, pass } = waiting;
        let started = if deadline.is_some_and(|deadline| now >= deadline) {
            Err(Refusal::TooLate {}.into())
        } else {
            self.start(services, entry, &message)
        };
        match started {
            Ok(started) => {
                let running = Running { number, started, asked_at, deadline, pass, used: 0 };
                self.running = Some(running);
                Ok(())
            }
            Err(error) => {
                let memory_bytes = self.current.plugin.memory_bytes();
                let result = Err(error);
                Err((Over { result, pass, fuel: 0, asked_at, memory_bytes, now }, number))
            }
        }
    }

    fn start(
        &mut self,
        services: &mut Services,
        entry: u16,
        message: &[u8],
    ) -> Result<Started, CallError> {
        let index = self.entry(entry)?;
        let Self { current, .. } = self;
        services.swap_own(&mut current.own);
        let started = current.plugin.start(services, index, message);
        services.swap_own(&mut current.own);
        started
    }

    /// Runs the call under way on the plugin's share of fuel. Answers what it took.
    fn run(
        &mut self,
        services: &mut Services,
        share: u64,
        left: u64,
        now: Micros,
        events: &mut Events,
    ) -> u64 {
        let goes_on = mem::take(&mut self.cut);
        let Some(running) = &self.running else { return 0 };
        if running.deadline.is_some_and(|deadline| now >= deadline) {
            self.end_running(services, Fault::Deadline {}.into(), now, events);
            return 0;
        }
        if self.sleeps(now) {
            return 0;
        }
        let Some(slice) = self.slice(share, left, goes_on) else { return 0 };
        let Self { current, running, .. } = self;
        let Some(running) = running else { return 0 };
        services.swap_own(&mut current.own);
        let (step, used) = current.plugin.step(services, &mut running.started, slice);
        services.swap_own(&mut current.own);
        running.used = running.used.saturating_add(used);
        self.credit = self.credit.saturating_sub(i64::try_from(used).unwrap_or(i64::MAX));
        self.cut &= self.credit > 0 && matches!(step, Step::Runs);
        if let Step::Over(ended) = step {
            self.land(ended, now, events);
        }
        used
    }

    /// The fuel that it may use now; none if it has used more than its share before. A turn that was cut
    /// goes on with what it had left.
    fn slice(&mut self, share: u64, left: u64, goes_on: bool) -> Option<u64> {
        let share = share.saturating_mul(u64::from(self.priority));
        let share = i64::try_from(share).unwrap_or(i64::MAX);
        if !goes_on {
            // What it didn't use it doesn't keep.
            self.credit = self.credit.saturating_add(share).min(share);
        }
        let credit = u64::try_from(self.credit).ok().filter(|credit| *credit > 0)?;
        self.cut = credit > left;
        Some(credit.min(left))
    }

    fn sleeps(&self, now: Micros) -> bool {
        self.current.plugin.sleeps_until().is_some_and(|at| at.is_some_and(|at| at > now))
    }

    /// The call under way is over.
    fn land(&mut self, ended: Result<i64, Fault>, now: Micros, events: &mut Events) {
        let Some(running) = self.running.take() else { return };
        let result = ended.map_err(CallError::from).and_then(|bits| self.copied(bits));
        if let Err(CallError::Fault(_)) = result {
            self.current.plugin.stop();
        }
        let memory_bytes = self.current.plugin.memory_bytes();
        self.finish(running.number, running.ended(result, memory_bytes, now), events);
    }

    /// A reply, copied: the next call may overwrite it.
    fn copied(&self, bits: i64) -> Result<Box<[u8]>, CallError> {
        Ok(self.current.plugin.reply_copied(bits)?.into())
    }

    /// Settles a call, and keeps its answer.
    pub(super) fn finish(&mut self, number: u64, over: Over, events: &mut Events) {
        let Over { result, pass, fuel, asked_at, memory_bytes, now } = over;
        let outcome = result.as_ref().map(|_| ());
        let settled = Settled { pass, result: outcome, fuel, asked_at, memory_bytes, now };
        let standing = self.ledger.settle(&settled, events);
        if let Some(previous) = &mut self.previous {
            previous.judge(standing);
        }
        self.keep(number, result);
    }

    /// Keeps an answer until it is taken.
    fn keep(&mut self, number: u64, result: Result<Box<[u8]>, CallError>) {
        let result = result.map_err(|error| {
            let place = reserve(self.current.plugin.cell(), Box::new_uninit).ok();
            place.map(|place| Box::write(place, error))
        });
        // There is room: it was made when the call was started.
        self.done.push(Done { number, result });
    }

    /// When it wants the next turn.
    fn wants(&self, now: Micros) -> Wake {
        let Some(running) = &self.running else {
            let probation = Wake::at(self.previous.as_ref().map(|previous| previous.until));
            return if self.is_busy() { Wake::Now } else { probation };
        };
        // Versions change when it is over.
        let deadline = Wake::at(running.deadline);
        match self.current.plugin.sleeps_until() {
            Some(Some(at)) if at > now => Wake::at(Some(at)).min(deadline),
            _ => Wake::Now,
        }
    }
}

impl Running {
    pub(super) fn ended(
        &self,
        result: Result<Box<[u8]>, CallError>,
        memory_bytes: usize,
        now: Micros,
    ) -> Over {
        let Self { pass, used, asked_at, .. } = *self;
        Over { result, pass, fuel: used, asked_at, memory_bytes, now }
    }
}
