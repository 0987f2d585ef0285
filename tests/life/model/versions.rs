//! The model's changes of versions.

use super::predict::{Make, PROBATION, Plugin, Previous, Version};
use ampoule::Micros;

impl Plugin {
    pub(super) fn change(&mut self, now: Micros) {
        if self.running.is_some() {
            return;
        }
        self.prove(now);
        if self.staged.is_some() {
            let _ = self.swap(now);
        }
    }

    fn prove(&mut self, now: Micros) {
        match &self.previous {
            Some(previous) if previous.faulty => self.revert(),
            Some(previous) if previous.calls_left == 0 || now >= previous.until => {
                self.previous = None;
                self.note_version("Committed");
            }
            _ => {}
        }
    }

    fn revert(&mut self) {
        let Some(previous) = self.previous.take() else { return };
        self.current = previous.version;
        self.take_over("Reverted");
    }

    fn take_over(&mut self, event: &str) {
        self.version += 1;
        self.tally.reloads += 1;
        self.breaker.lift();
        self.note_version(event);
    }

    fn swap(&mut self, now: Micros) -> Result<(), &'static str> {
        let Some(mut staged) = self.staged.take() else { return Ok(()) };
        let saves = self.current.alive && self.current.make != Make::Bare;
        match staged.make {
            Make::Refuses if saves => {
                self.note("Refused");
                return Err("C04");
            }
            Make::Good if saves => staged.sum = self.current.sum,
            _ => {}
        }
        let old = core::mem::replace(&mut self.current, staged);
        let version = self.previous.take().map_or(old, |previous| previous.version);
        let until = now + PROBATION.micros;
        let calls_left = PROBATION.calls;
        self.previous = Some(Previous { version, until, calls_left, faulty: false });
        self.tally.instances += 1;
        self.take_over("Swapped");
        Ok(())
    }

    pub(super) fn reload(&mut self, new: Version, now: Micros) -> Result<(), &'static str> {
        let idle = self.running.is_none();
        if idle {
            self.prove(now);
        }
        let refused = match new.make {
            Make::TrapsInInit => Some("F03"),
            Make::WithoutEntry => Some("L05"),
            _ => None,
        };
        if let Some(code) = refused {
            self.note("Refused");
            return Err(code);
        }
        self.staged = Some(new);
        self.note("Staged");
        if idle { self.swap(now) } else { Ok(()) }
    }

    pub(super) fn roll_back(&mut self) -> Result<(), &'static str> {
        if self.previous.is_none() {
            return Err("L06");
        }
        if self.running.is_some() {
            return Err("L07");
        }
        self.revert();
        Ok(())
    }
}
