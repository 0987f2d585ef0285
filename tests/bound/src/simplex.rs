//! Linear programs: the cheapest `x >= 0` with `rows * x >= needs`.

/// One `coefficients * x >= need`.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) need: f64,
}

/// Numbers below this are taken for 0.
const NOTHING: f64 = 1e-9;

/// Dantzig's simplex on the dual program, `max needs * y` with `transposed rows * y <= costs`, which has
/// `y = 0` to begin with: costs aren't negative. None if no `x` is enough.
pub(crate) fn cheapest(costs: &[f64], rows: &[Row]) -> Option<Vec<f64>> {
    let mut table = Table::new(costs, rows);
    while let Some(column) = table.entering() {
        let row = table.leaving(column)?;
        table.pivot(row, column);
    }
    Some(table.prices(rows.len()))
}

/// A line for each cost, and the goal below; a column for each row, for each slack, and the right side.
struct Table {
    lines: Vec<Vec<f64>>,
    goal: Vec<f64>,
}

impl Table {
    fn new(costs: &[f64], rows: &[Row]) -> Self {
        let line = |at: usize, cost: f64| {
            let slack = (0..costs.len()).map(|other| f64::from(u8::from(other == at)));
            // Costs that differ a little keep the simplex from going round in circles.
            let right = cost * (1.0 + 1e-7 * at as f64) + 1e-7;
            rows.iter().map(|row| row.coefficients[at]).chain(slack).chain([right]).collect()
        };
        let lines = costs.iter().enumerate().map(|(at, cost)| line(at, *cost)).collect();
        let rest = vec![0.0; costs.len() + 1];
        let goal = rows.iter().map(|row| -row.need).chain(rest).collect();
        Self { lines, goal }
    }

    /// The column that improves the goal most.
    fn entering(&self) -> Option<usize> {
        let (_, columns) = self.goal.split_last()?;
        let least = columns.iter().enumerate().min_by(|one, other| one.1.total_cmp(other.1))?;
        Some(least.0).filter(|_| *least.1 < -NOTHING)
    }

    /// The line that bounds it first.
    fn leaving(&self, column: usize) -> Option<usize> {
        let ratio = |line: &Vec<f64>| line[line.len() - 1] / line[column];
        let lines = self.lines.iter().enumerate().filter(|(_, line)| line[column] > NOTHING);
        lines.min_by(|one, other| ratio(one.1).total_cmp(&ratio(other.1))).map(|(at, _)| at)
    }

    fn pivot(&mut self, row: usize, column: usize) {
        let by = self.lines[row][column];
        self.lines[row].iter_mut().for_each(|value| *value /= by);
        let line = self.lines[row].clone();
        let others = self.lines.iter_mut().enumerate().filter(|(at, _)| *at != row);
        for other in others.map(|(_, other)| other).chain([&mut self.goal]) {
            let factor = other[column];
            if factor != 0.0 {
                other.iter_mut().zip(&line).for_each(|(value, by)| *value -= factor * by);
            }
        }
    }

    /// What the slacks are worth is the answer of the primal program.
    fn prices(&self, rows: usize) -> Vec<f64> {
        self.goal[rows..self.goal.len() - 1].iter().map(|price| price.max(0.0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, cheapest};

    fn solved(costs: &[f64], rows: &[(&[f64], f64)]) -> Option<Vec<f64>> {
        let row = |(coefficients, need): &(&[f64], f64)| Row {
            coefficients: coefficients.to_vec(),
            need: *need,
        };
        cheapest(costs, &rows.iter().map(row).collect::<Vec<_>>())
    }

    #[test]
    fn the_cheapest_answer_that_is_enough_is_found() {
        // The diet of textbooks: 0.6 x + y, with 10 x + 4 y >= 20, 5 x + 5 y >= 20, 2 x + 6 y >= 12.
        let rows: &[(&[f64], f64)] =
            &[(&[10.0, 4.0], 20.0), (&[5.0, 5.0], 20.0), (&[2.0, 6.0], 12.0)];
        let found = solved(&[0.6, 1.0], rows).unwrap();
        assert!((found[0] - 3.0).abs() < 1e-4 && (found[1] - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn what_nothing_is_enough_for_has_no_answer() {
        assert_eq!(solved(&[1.0], &[(&[0.0], 1.0)]), None);
        assert_eq!(solved(&[1.0], &[(&[1.0], -1.0)]), Some(vec![0.0]));
    }
}
