//! Telling how good weights are, and writing them down.

use crate::fit::{Fitted, Sample};
use ampoule::Weights;
use bound_measure::Found;

/// The most that a real plugin's bound may be of what it takes.
pub const NEAR: f64 = 2.5;

/// What is promised by what was measured: at all, for loading, and from then on.
#[must_use]
pub fn ratios(bound: &Found, found: &Found) -> [f64; 3] {
    let ratio = |of: fn(&Found) -> u64| of(bound) as f64 / of(found).max(1) as f64;
    [ratio(Found::peak), ratio(|it| it.loading), ratio(|it| it.running)]
}

/// Prints how far weights are above what was measured, and answers whether they are enough for each phase, and
/// near for real plugins.
pub fn report(title: &str, samples: &[Sample], items: &Fitted) -> bool {
    println!("\n{title}: {} modules; what is promised by what was measured", samples.len());
    let of = |sample| (ratios(&Sample::promised(sample, items), &sample.found), sample);
    let mut all: Vec<_> = samples.iter().map(of).collect();
    println!("  {:20} {:>6} {:>7} {:>7}", "", "at all", "loading", "running");
    let is_real = |it: &&([f64; 3], &Sample)| it.1.matters > 1.0;
    for ([most, loading, running], Sample { name, found, .. }) in all.iter().filter(is_real) {
        let Found { loading: first, running: then } = found;
        println!("  {name:20} {most:6.2} {loading:7.2} {running:7.2}  of {first} and {then} bytes");
    }
    let near = all.iter().filter(is_real).all(|it| it.0[0] <= NEAR);
    for (at, phase) in ["at all", "loading", "running"].into_iter().enumerate() {
        all.sort_by(|one, other| one.0[at].total_cmp(&other.0[at]));
        spread(phase, all.iter().map(|it| (it.0[at], it.1.name.as_str())));
    }
    near && all.iter().all(|it| it.0.iter().all(|ratio| *ratio >= 1.0))
}

/// Prints the ends and the middle of what is sorted.
fn spread<'a>(what: &str, sorted: impl ExactSizeIterator<Item = (f64, &'a str)> + Clone) {
    let last = sorted.len().saturating_sub(1);
    let ends = [0, last / 2, last].map(|at| sorted.clone().nth(at).unwrap_or_default());
    let [(least, tight), (median, _), (most, loose)] = ends;
    println!("  {what}: {least:.2} ({tight}) to {most:.2} ({loose}), median {median:.2}");
}

/// The marks in `weights.rs` between which the numbers stand.
const MARKS: [&str; 2] = ["// weights: begin\n", "// weights: end\n"];

/// The table's file with other weights, for 32 and for 64 bits.
///
/// # Errors
/// If it isn't such a file.
pub fn rewritten(file: &str, fitted: [Fitted; 2]) -> Result<String, String> {
    let [begin, end] = MARKS;
    let (before, rest) = file.split_once(begin).ok_or("no mark where the weights begin")?;
    let (rows, after) = rest.split_once(end).ok_or("no mark where the weights end")?;
    let rows: Vec<_> = rows.lines().filter(|row| row.contains('[')).collect();
    if rows.len() != Weights::NAMES.len() {
        return Err(format!("{} rows for {} items", rows.len(), Weights::NAMES.len()));
    }
    let row = |(at, row): (usize, &&str)| {
        let head = row.split_once('[').map_or("", |(head, _)| head);
        let pair = |fitted: &Fitted| format!("[{}, {}]", fitted[at].held, fitted[at].loading);
        format!("{head}{}, {};\n", pair(&fitted[0]), pair(&fitted[1]))
    };
    let rows: String = rows.iter().enumerate().map(row).collect();
    Ok(format!("{before}{begin}{rows}    {end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::rewritten;
    use ampoule::Weights;

    const FILE: &str = include_str!("../../../core/host/src/admission/weights.rs");

    #[test]
    fn what_stands_in_the_file_is_what_is_compiled() {
        let items = [Weights::BITS_32.items, Weights::BITS_64.items];
        assert_eq!(rewritten(FILE, items).unwrap(), FILE);
        let mut others = items;
        others[0][3].held += 1;
        assert_ne!(rewritten(FILE, others).unwrap(), FILE);
        assert!(rewritten("", items).is_err());
    }
}
