//! Weights that are enough for all that was measured, and as little above it as can be.

use crate::simplex::{Row, cheapest};
use ampoule::{ITEMS, MemoryBound, Weight, Weights, counted};
use bound_measure::{Heap, LIMITS};

/// A module, what it took, and how much its fit matters.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What to call it.
    pub name: String,
    counts: [u64; ITEMS],
    /// What no weight changes.
    fixed: u64,
    /// What it took.
    pub heap: Heap,
    /// 1 for a module that was made up.
    pub matters: f64,
}

/// What a weight has above the most that was measured.
const RESERVE: f64 = 1.06;

/// No item that isn't given weighs more.
const MOST: f64 = 800.0;

/// Weights that are given: their place, and what they are.
pub type Given = (&'static str, Weight);

impl Sample {
    /// Of a module that was measured under [`LIMITS`].
    #[must_use]
    pub fn new(name: &str, wasm: &[u8], heap: Heap, matters: f64) -> Option<Self> {
        let nothing = Weights { items: [Weight::default(); ITEMS], ..Weights::BITS_64 };
        let counts = counted(wasm, &LIMITS).ok()?;
        let fixed = MemoryBound::of(wasm, &LIMITS, &nothing).ok()?.total();
        Some(Self { name: name.to_owned(), counts, fixed, heap, matters })
    }

    /// What weights promise of it.
    #[must_use]
    pub fn promised(&self, items: &Fitted) -> Heap {
        let sum = |bytes: fn(&Weight) -> u16| -> u64 {
            self.counts.iter().zip(items).map(|(n, it)| n * u64::from(bytes(it))).sum()
        };
        let held = self.fixed + sum(|it| it.held);
        Heap { held, peak: held + sum(|it| it.loading) }
    }

    /// What the given weights promise of it.
    #[must_use]
    pub fn promised_of(&self, given: &[Given]) -> Heap {
        let mut items = [Weight::default(); ITEMS];
        for (name, weight) in given {
            if let Some(at) = place(name) {
                items[at] = *weight;
            }
        }
        self.promised(&items)
    }

    /// Two rows: what stays, and the most. The weights of what stays come first.
    fn rows(&self) -> [Row; 2] {
        let row = |bytes: u64, loading: bool| {
            let scale = 1.0 / bytes.max(1) as f64;
            let counts = self.counts.iter().map(|count| *count as f64 * scale);
            let rest = counts.clone().map(|count| if loading { count } else { 0.0 });
            let need = RESERVE - self.fixed as f64 * scale;
            Row { coefficients: counts.chain(rest).collect(), need }
        };
        [row(self.heap.held, false), row(self.heap.peak, true)]
    }
}

/// A weight for each item.
pub type Fitted = [Weight; ITEMS];

/// Fits weights; `given` ones stay what they are. None if there are none that are enough.
#[must_use]
pub fn fit(samples: &[Sample], given: &[Given]) -> Option<Fitted> {
    let mut costs = vec![1e-6; 2 * ITEMS];
    let mut rows = Vec::new();
    for sample in samples {
        for mut row in sample.rows() {
            for (sum, coefficient) in costs.iter_mut().zip(&row.coefficients) {
                *sum += sample.matters * coefficient;
            }
            take_out(&mut row, given);
            rows.push(row);
        }
    }
    rows.extend((0..2 * ITEMS).filter(|at| at % ITEMS != 0).map(at_most));
    let found = cheapest(&costs, &rows)?;
    let bytes = |at: usize| found[at].ceil() as u16;
    let weight = |at| Weight { held: bytes(at), loading: bytes(ITEMS + at) };
    let mut items = core::array::from_fn(weight);
    for (name, weight) in given {
        items[place(name)?] = *weight;
    }
    Some(items)
}

/// All but the first item, which stands for the engine: without this, what nearly every module has one of would stand for all of the engine.
fn at_most(at: usize) -> Row {
    let coefficients = (0..2 * ITEMS).map(|other| if other == at { -1.0 } else { 0.0 }).collect();
    Row { coefficients, need: -MOST }
}

/// What a given weight covers needs no other.
fn take_out(row: &mut Row, given: &[Given]) {
    for (name, weight) in given {
        let Some(at) = place(name) else { continue };
        for (at, bytes) in [(at, weight.held), (ITEMS + at, weight.loading)] {
            row.need -= row.coefficients[at] * f64::from(bytes);
            row.coefficients[at] = 0.0;
        }
    }
}

fn place(name: &str) -> Option<usize> {
    Weights::NAMES.iter().position(|known| *known == name)
}
