//! The model's turns and calls.

use super::{
    breaker::Pass,
    predict::{Answer, DEADLINE, Kind, Plugin, Running, Waiting, World},
};
use ampoule::{Micros, Status, Wake};

/// The most turns that any call of a test takes.
const MOST_TURNS: u32 = 9;

impl Plugin {
    /// A turn. `is_over` tells of a call that needs several slices whether it is over.
    pub(super) fn turn(&mut self, world: &mut World, is_over: impl Fn(usize) -> bool) -> Wake {
        self.change(world.now);
        self.begin(world.now);
        self.run(world, is_over);
        self.change(world.now);
        if self.needs_turns() { self.wants(world.now) } else { Wake::Never }
    }

    fn wants(&self, now: Micros) -> Wake {
        match (&self.running, &self.previous) {
            (Some(Running { asleep: Some((_, Some(at))), deadline, .. }), _) if *at > now => {
                Wake::At(*at.min(deadline))
            }
            (None, Some(previous)) if self.waiting.is_empty() => Wake::At(previous.until),
            _ => Wake::Now,
        }
    }

    fn begin(&mut self, now: Micros) {
        while self.running.is_none()
            && self.staged.is_none()
            && !self.previous.as_ref().is_some_and(|it| it.faulty)
        {
            let Some(Waiting { call, kind, deadline, mut pass }) = self.waiting.pop_front() else {
                return;
            };
            if self.breaker.is_late(pass) {
                match self.ask(now) {
                    Ok(new) => pass = new,
                    Err(code) => {
                        self.done.push((call, Err(code)));
                        continue;
                    }
                }
            }
            if now >= deadline {
                self.breaker.give_back(pass);
                self.tally.too_late += 1;
                self.done.push((call, Err("C14")));
                continue;
            }
            self.revive();
            self.running = Some(Running { call, kind, deadline, pass, asleep: None, turns: 0 });
        }
    }

    fn run(&mut self, world: &mut World, is_over: impl Fn(usize) -> bool) {
        let Some(mut running) = self.running.take() else { return };
        if world.now >= running.deadline {
            self.abandon(&running, world);
            let answer = self.settle(Err("F13"), running.pass, world.now);
            self.done.push((running.call, answer));
            return;
        }
        if matches!(running.asleep, Some((_, Some(at))) if at > world.now) {
            self.running = Some(running);
            return;
        }
        running.turns += 1;
        assert!(running.turns <= MOST_TURNS || running.asleep.is_some(), "{running:?}");
        let over = is_over(running.call);
        match self.step(&mut running, world, over) {
            Some(answer) => {
                let answer = self.settle(answer, running.pass, world.now);
                self.done.push((running.call, answer));
            }
            None => self.running = Some(running),
        }
    }

    /// What a slice brings.
    fn step(&mut self, running: &mut Running, world: &mut World, over: bool) -> Option<Answer> {
        match running.kind {
            Kind::Add(number) => {
                self.current.sum = self.current.sum.wrapping_add(number);
                Some(Ok(self.current.sum))
            }
            Kind::Spin(rounds) => over.then_some(Ok(rounds)),
            Kind::Endless => over.then_some(Err("F01")),
            Kind::Trap => Some(Err("F03")),
            Kind::Fail => Some(Err("C04")),
            Kind::Wait | Kind::Echo => {
                if running.asleep.is_none() {
                    world.asked.0 += 1;
                    self.tally.host_calls[0] += 1;
                } else {
                    world.asked.1 += 1;
                }
                let since = running.asleep.map_or(world.now, |it| it.0);
                let echo = running.kind == Kind::Echo;
                let answer = world.answer.map(|answer| match answer {
                    Ok(_) if echo => Ok(4),
                    answer => Ok(answer.unwrap_or_else(Status::code)),
                });
                running.asleep = answer.is_none().then_some((since, world.again_at));
                answer
            }
            Kind::Sleep(millis) => {
                self.tally.host_calls[1] += u64::from(running.asleep.is_none());
                let since = running.asleep.map_or(world.now, |it| it.0);
                let until = since + 1_000 * Micros::from(millis.unsigned_abs());
                running.asleep = Some((since, Some(until)));
                (world.now >= until).then_some(Ok(0))
            }
        }
    }

    fn settle(&mut self, answer: Answer, pass: Pass, now: Micros) -> Answer {
        let tally = &mut self.tally;
        tally.calls += 1;
        let fault = match answer {
            Ok(_) => {
                tally.successes += 1;
                false
            }
            Err("C04") => {
                tally.failure_replies += 1;
                false
            }
            Err(code) => {
                let number = match code {
                    "F01" => &mut tally.out_of_fuel,
                    "F03" => &mut tally.traps,
                    "F13" => &mut tally.deadline,
                    _ => unreachable!(),
                };
                *number += 1;
                true
            }
        };
        if fault {
            self.stop();
            self.note("Faulted");
        }
        if let Some(event) = self.breaker.settle(pass, !fault, now) {
            self.note(event);
        }
        if let Some(previous) = &mut self.previous {
            previous.faulty |= fault;
            previous.calls_left = previous.calls_left.saturating_sub(u32::from(!fault));
        }
        answer
    }

    /// A blocking call.
    pub(super) fn call(&mut self, kind: Kind, world: &mut World) -> Answer {
        if self.needs_turns() {
            loop {
                let wants = self.turn(world, |_| true);
                match wants {
                    _ if !self.is_busy() => break,
                    Wake::At(until) => world.idle(until),
                    Wake::Now if self.running.as_ref().is_some_and(|it| it.asleep.is_some()) => {
                        world.idle(world.now);
                    }
                    _ => {}
                }
            }
        }
        let pass = self.ask(world.now)?;
        let deadline = world.now + DEADLINE;
        self.revive();
        let mut running =
            Running { call: usize::MAX, kind, deadline, pass, asleep: None, turns: 0 };
        let answer = loop {
            if let Some(answer) = self.step(&mut running, world, true) {
                break answer;
            }
            if world.now >= deadline {
                self.abandon(&running, world);
                break Err("F13");
            }
            let until = running.asleep.and_then(|it| it.1).unwrap_or(world.now);
            world.idle(until.min(deadline));
        };
        self.settle(answer, pass, world.now)
    }
}
