//! What a Cortex-M4 measured, beside what the probe did on this machine's own engine.

use bound_measure::Found;
use core::fmt::Write as _;

/// A module, as the probe measured it and as a machine of 32 bits promises it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which module.
    pub name: String,
    /// What it took, and what was promised; none if no host loads it.
    pub found: Option<[Found; 2]>,
}

impl Line {
    /// The name, behind what the board would print for it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = match &self.found {
            Some([found, bound]) => {
                let four = [found.loading, found.running, bound.loading, bound.running];
                four.map(|bytes| bytes.to_string()).join(" ")
            }
            None => "refused".to_owned(),
        };
        let _ = write!(text, "\t{}", self.name);
        text
    }
}

/// By how much of a percent the board's heap may be other than the probe's: a few alignments.
const ALIKE_PERCENT: u64 = 2;

/// Compares what the board printed with what was expected, and tells how near the bound is.
///
/// # Errors
/// What is wrong, for a person to read.
pub fn judge(expected: &str, printed: &str) -> Result<String, String> {
    let (lines, stack) = printed.trim_end().rsplit_once("stack ").ok_or("the board didn't end")?;
    let [lines, expected] = [lines, expected].map(|it| it.lines().collect::<Vec<_>>());
    if lines.len() != expected.len() {
        return Err(format!("{} lines for {} modules", lines.len(), expected.len()));
    }
    let mut ratios = Vec::new();
    for (line, expected) in lines.iter().zip(&expected) {
        let (expected, name) = expected.split_once('\t').unwrap_or((expected, ""));
        ratios.extend(module(line, expected).map_err(|why| format!("{name}: {why}"))?);
    }
    let stack = numbers(stack).filter(|it| it.len() == 2).ok_or("no stack was told")?;
    if stack[0] > stack[1] {
        return Err(format!("{} bytes of stack, {} are promised", stack[0], stack[1]));
    }
    ratios.sort_by(f64::total_cmp);
    let at = |at: usize| ratios.get(at).copied().unwrap_or_default();
    Ok(format!(
        "{} modules loaded; promised by measured: {:.2} to {:.2}, median {:.2}; stack {} of {}",
        ratios.len(),
        at(0),
        at(ratios.len().saturating_sub(1)),
        at(ratios.len() / 2),
        stack[0],
        stack[1],
    ))
}

/// How near the bound of one module is; none if neither loads it.
fn module(printed: &str, expected: &str) -> Result<Option<f64>, String> {
    if printed == expected && printed == "refused" {
        return Ok(None);
    }
    let both = numbers(printed).zip(numbers(expected));
    let Some((board, probe)) = both.and_then(|(one, other)| Some((four(&one)?, four(&other)?)))
    else {
        return Err(format!("the board says {printed}, the probe {expected}"));
    };
    let [[found, bound], [p_found, p_bound]] = [board, probe];
    if found.loading > bound.loading || found.running > bound.running {
        return Err(format!("{found:?} is above {bound:?}"));
    }
    if bound != p_bound {
        return Err(format!("the board promises {bound:?}, this machine {p_bound:?} for it"));
    }
    let alike = |one: u64, other: u64| one.abs_diff(other) * 100 <= other * ALIKE_PERCENT;
    if !alike(found.loading, p_found.loading) || !alike(found.running, p_found.running) {
        return Err(format!("{found:?}, the probe has {p_found:?}"));
    }
    Ok(Some(bound.peak() as f64 / found.peak().max(1) as f64))
}

fn numbers(line: &str) -> Option<Vec<u64>> {
    line.split_whitespace().map(|word| word.parse().ok()).collect()
}

/// What was found, and what is promised.
fn four(numbers: &[u64]) -> Option<[Found; 2]> {
    let [loading, running, most_loading, most_running] = numbers.try_into().ok()?;
    let bound = Found { loading: most_loading, running: most_running };
    Some([Found { loading, running }, bound])
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_board_that_holds_more_or_counts_otherwise_is_noticed() {
        let expected = "100 200 300 400\tone\nrefused\ttwo\n";
        for (printed, good) in [
            ("100 200 300 400\nrefused\nstack 10 20\n", true),
            ("101 202 300 400\nrefused\nstack 10 20\n", true),
            ("100 206 300 400\nrefused\nstack 10 20\n", false),
            ("301 200 300 400\nrefused\nstack 10 20\n", false),
            ("100 200 300 401\nrefused\nstack 10 20\n", false),
            ("100 200 300 400\n1 1 1 1\nstack 10 20\n", false),
            ("100 200 300 400\nrefused\nstack 21 20\n", false),
            ("100 200 300 400\nstack 10 20\n", false),
            ("100 200 300 400\nrefused\n", false),
            ("panicked\nrefused\nstack 10 20\n", false),
        ] {
            assert_eq!(judge(expected, printed).is_ok(), good, "{printed}");
        }
    }
}
