//! Telling how good weights are, and writing them down.

use crate::fit::{Fitted, Sample};
use ampoule::Weights;

/// Prints how far weights are above what was measured, and answers whether they are enough.
pub fn report(title: &str, samples: &[Sample], items: &Fitted) -> bool {
    println!(
        "\n{title}: {} modules; what is promised by what was measured, peak and held",
        samples.len()
    );
    let ratio = |promised: u64, found: u64| promised as f64 / found.max(1) as f64;
    let mut ratios: Vec<_> = samples
        .iter()
        .map(|sample| {
            let promised = sample.promised(items);
            let held = ratio(promised.held, sample.heap.held);
            (ratio(promised.peak, sample.heap.peak), held, sample)
        })
        .collect();
    for (peak, held, sample) in ratios.iter().filter(|it| it.2.matters > 1.0) {
        println!("  {:20} {peak:6.2} {held:6.2}  of {} bytes", sample.name, sample.heap.peak);
    }
    let least_held = ratios.iter().map(|it| it.1).fold(f64::MAX, f64::min);
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (name, at) in [("least", 0), ("median", ratios.len() / 2), ("most", ratios.len() - 1)] {
        let (peak, _, sample) = ratios[at];
        println!("  {name:20} {peak:6.2}         {}", sample.name);
    }
    println!("  least of held               {least_held:6.2}");
    let first = ratios.first().map_or(0.0, |it| it.0);
    first >= 1.0 && least_held >= 1.0
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
