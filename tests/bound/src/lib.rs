//! The bound of a plugin's memory: modules of many shapes, what they take, and weights that fit.

mod board;
mod fit;
mod mixed;
mod module;
mod narrow;
mod shapes;
mod simplex;
mod table;

pub use board::{Line, judge};
pub use bound_measure::{Found, LIMITS};
pub use fit::{Fitted, Given, Sample, fit};
pub use mixed::{Chance, mixed, smith};
pub use module::module;
pub use narrow::{Error, Probe};
pub use shapes::{BODIES, Body, Case, Fill, few, shapes, steep};
pub use table::{NEAR, ratios, report, rewritten};

use allocation_counter::AllocationInfo;
use ampoule::{MemoryBound, Weights};
use bound_measure::Heap;
use std::{fs, io, path::Path};

/// What a module takes on this machine; none if no host loads it.
#[must_use]
pub fn measured(wasm: &[u8]) -> Option<Found> {
    bound_measure::measure(wasm, watch)
}

fn watch(work: &mut dyn FnMut()) -> Heap {
    let AllocationInfo { bytes_current, bytes_max, .. } = allocation_counter::measure(work);
    Heap { held: bytes_current.unsigned_abs(), peak: bytes_max }
}

/// What a host keeps of any plugin, and what any instance takes, on this machine.
#[must_use]
pub fn bookkeeping(wasm: &[u8]) -> Option<[u64; 2]> {
    bound_measure::bookkeeping(wasm, watch)
}

/// What is promised of a module.
#[must_use]
pub fn promised(wasm: &[u8], weights: &Weights) -> Option<Found> {
    let bound = MemoryBound::of(wasm, &LIMITS, weights).ok()?;
    Some(Found { loading: bound.loading, running: bound.held() })
}

/// The prebuilt plugins, in the order of their names; not the programs for WASI, which are none.
///
/// # Errors
/// If a file can't be read.
pub fn guests(folder: impl AsRef<Path>) -> io::Result<Vec<Case>> {
    let paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let is_plugin = |path: &&std::path::PathBuf| {
        path.extension().is_some_and(|it| it == "wasm") && !path.to_string_lossy().contains("wasi-")
    };
    let case = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Case { name, wasm: fs::read(path)? })
    };
    let mut cases = paths.iter().filter(is_plugin).map(case).collect::<io::Result<Vec<_>>>()?;
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

/// A plugin with as little in it as there can be.
#[must_use]
pub fn small() -> Vec<u8> {
    module::smallest("")
}

/// Sizes right behind where vectors with so many elements for each thing double: 1, 13, 3, 11, 5, and a table of hashes.
pub fn sizes() -> impl Iterator<Item = usize> {
    const STEPS: [usize; 6] = [1024, 1261, 1366, 1490, 1639, 1792];
    let mut sizes: Vec<_> =
        (0..14).flat_map(|octave| STEPS.map(|step| (step << octave >> 10) + 1)).collect();
    sizes.dedup();
    sizes.into_iter().filter(|size| *size <= 12_700)
}

/// The modules that are measured: every shape at some sizes in each octave, right behind where vectors double and
/// between, and `by_chance` of both generators each.
pub fn cases(by_chance: u64) -> impl Iterator<Item = Case> {
    const OTHERS: [usize; 7] = [0, 17, 130, 520, 2100, 8400, 12_700];
    let shapes = sizes().flat_map(steep).chain(OTHERS.into_iter().flat_map(shapes)).chain(few());
    shapes.chain((0..by_chance).flat_map(|seed| [Some(mixed(seed)), smith(seed)]).flatten())
}
