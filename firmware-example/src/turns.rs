//! How long a turn of the main loop takes, beside what its fuel allows. In an emulator where an instruction is a
//! nanosecond, these are instructions.

use crate::{board, console::say, policy};
use ampoule::{Micros, Turn};

/// Instructions that a fuel of the demonstration's plugins costs at most. `docs/porting.md` tells which operators
/// cost more: those on doubles, where the chip has none.
const MOST_PER_FUEL: u64 = 16;
/// What a turn does beside running plugins, at most: a fresh instance or two, starting and answering calls, and
/// telling what has happened.
const BESIDE: Micros = 150;

/// What turns have taken so far.
pub(crate) struct Turns {
    began: Micros,
    longest: Micros,
    fuel_of_longest: u64,
    most_fuel: u64,
    within: bool,
}

impl Turns {
    pub(crate) const fn new() -> Self {
        Self { began: 0, longest: 0, fuel_of_longest: 0, most_fuel: 0, within: true }
    }

    pub(crate) const fn begin(&mut self, now: Micros) {
        self.began = now;
    }

    pub(crate) fn end(&mut self, turn: &Turn) {
        let took = board::now().saturating_sub(self.began);
        self.within &= took <= allowed(turn.fuel);
        self.most_fuel = self.most_fuel.max(turn.fuel);
        if took > self.longest {
            (self.longest, self.fuel_of_longest) = (took, turn.fuel);
        }
    }

    /// Tells, and answers whether every turn was as short as its fuel promises, and its fuel as little as the host's
    /// configuration does.
    pub(crate) fn report(&self) -> bool {
        let most = policy::CONFIG.turn_fuel + policy::CONFIG.slice_fuel;
        let fine = self.within && self.most_fuel <= most;
        say!("each turn as short as its fuel promises: {}", if fine { "yes" } else { "NO" });
        let Self { longest, fuel_of_longest, .. } = self;
        say!(
            "# the longest turn took {longest} us for {fuel_of_longest} fuel, of {} us",
            allowed(most)
        );
        fine
    }
}

const fn allowed(fuel: u64) -> Micros {
    fuel * MOST_PER_FUEL / 1000 + BESIDE
}
