//! Weights that are enough for all that was measured, and as little above it as can be.

use crate::simplex::{Row, cheapest};
use ampoule::{ITEMS, MemoryBound, Weight, Weights, counted};
use bound_measure::{Found, LIMITS};

/// A module, what it took, and how much its fit matters.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What to call it.
    pub name: String,
    counts: [u64; ITEMS],
    /// What no weight changes: it is there when the module is loaded.
    fixed: u64,
    /// What it took.
    pub found: Found,
    /// 1 for a module that was made up.
    pub matters: f64,
}

/// What a weight has above the most that was measured.
const RESERVE: f64 = 1.06;

/// No item that isn't given weighs more.
const MOST: f64 = 800.0;

/// What weighs as much as is given when the plugin is loaded, and isn't there before.
pub type Given = (&'static str, u16);

impl Sample {
    /// Of a module that was measured under [`LIMITS`].
    #[must_use]
    pub fn new(name: &str, wasm: &[u8], found: Found, matters: f64) -> Option<Self> {
        let nothing = Weights { items: [Weight::default(); ITEMS], ..Weights::BITS_64 };
        let counts = counted(wasm, &LIMITS).ok()?;
        let fixed = MemoryBound::of(wasm, &LIMITS, &nothing).ok()?.held();
        Some(Self { name: name.to_owned(), counts, fixed, found, matters })
    }

    /// What weights promise of it.
    #[must_use]
    pub fn promised(&self, items: &Fitted) -> Found {
        let sum = |bytes: fn(&Weight) -> u16| -> u64 {
            self.counts.iter().zip(items).map(|(n, it)| n * u64::from(bytes(it))).sum()
        };
        Found { loading: sum(|it| it.loading), running: self.fixed + sum(|it| it.held) }
    }

    /// What is needed for `bytes`, with so many of them there in any case.
    fn row(&self, bytes: u64, fixed: u64) -> Row {
        let scale = 1.0 / bytes.max(1) as f64;
        let coefficients = self.counts.iter().map(|count| *count as f64 * scale).collect();
        Row { coefficients, need: RESERVE - fixed as f64 * scale }
    }
}

/// A weight for each item.
pub type Fitted = [Weight; ITEMS];

/// Fits weights; `given` ones stay what they are. None if there are none that are enough.
///
/// The two phases have weights of their own, so that neither pays for what only the other one takes.
#[must_use]
pub fn fit(samples: &[Sample], given: &[Given]) -> Option<Fitted> {
    let loading = |sample: &Sample| sample.row(sample.found.loading, 0);
    let running = |sample: &Sample| sample.row(sample.found.running, sample.fixed);
    let absent: Vec<Given> = given.iter().map(|(name, _)| (*name, 0)).collect();
    let loading = phase(samples, loading, &absent)?;
    let running = phase(samples, running, given)?;
    Some(core::array::from_fn(|at| Weight { held: running[at], loading: loading[at] }))
}

/// The weights of one phase.
fn phase(
    samples: &[Sample],
    row: impl Fn(&Sample) -> Row,
    given: &[Given],
) -> Option<[u16; ITEMS]> {
    let mut costs = [1e-6; ITEMS];
    let mut rows = Vec::new();
    for sample in samples {
        let mut row = row(sample);
        for (sum, coefficient) in costs.iter_mut().zip(&row.coefficients) {
            *sum += sample.matters * coefficient;
        }
        take_out(&mut row, given);
        rows.push(row);
    }
    // All but the first item, which stands for the engine: without this, what nearly every module has one of would
    // stand for all of it.
    rows.extend((1..ITEMS).map(at_most));
    let found = cheapest(&costs, &rows)?;
    let mut weights = core::array::from_fn(|at| found[at].ceil() as u16);
    for (name, bytes) in given {
        weights[place(name)?] = *bytes;
    }
    Some(weights)
}

fn at_most(at: usize) -> Row {
    let coefficients = (0..ITEMS).map(|other| if other == at { -1.0 } else { 0.0 }).collect();
    Row { coefficients, need: -MOST }
}

/// What a given weight covers needs no other.
fn take_out(row: &mut Row, given: &[Given]) {
    for (name, bytes) in given {
        let Some(at) = place(name) else { continue };
        row.need -= row.coefficients[at] * f64::from(*bytes);
        row.coefficients[at] = 0.0;
    }
}

fn place(name: &str) -> Option<usize> {
    Weights::NAMES.iter().position(|known| *known == name)
}
