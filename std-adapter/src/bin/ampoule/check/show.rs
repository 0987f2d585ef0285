//! The report for people: a table of parts, bars, and sums.

use super::{Report, plugin::Plugin};
use crate::show::{Grouped, section, style};
use ampoule_std::{MemoryBound, escaped, profile::Sum};
use core::fmt::{self, Display, Formatter};

/// Columns of the longest bar.
const BAR: u64 = 48;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = style::paint(style::HEADING, escaped(&self.profile.name));
        writeln!(f, "{name}, with pointers of {} bits\n", self.profile.bits)?;
        self.parts(f)?;
        self.bars(f)?;
        section(f, "Together", self.fit.sums().iter().map(together))?;
        self.besides(f)?;
        self.plugins.iter().try_for_each(|plugin| refusal(f, plugin))?;
        self.verdict(f)
    }
}

impl Report {
    fn parts(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let head = |name: &str| format!("{name:>11}");
        let names = MemoryBound::default().parts().map(|(name, _)| head(name));
        let [a, b, c, d, e, g, h] = names;
        let [held, loading, most] = ["held", "to load", "most"].map(head);
        let head = ["".to_owned(), a, b, c, d, e, g, h, held, loading, most];
        let rows = self.plugins.iter().filter_map(|plugin| Some(row(&plugin.name, plugin.bound?)));
        section(f, "Heap that each may need, in bytes", core::iter::once(head).chain(rows))
    }

    /// One bar for each plugin that would be loaded, to one scale.
    fn bars(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Sum { needed, free, .. } = self.fit.heap;
        let most = needed.max(free).max(1);
        let bar = |bytes: u64| {
            "█".repeat((u128::from(bytes) * u128::from(BAR)).div_ceil(most.into()) as usize)
        };
        let line = |name: &str, bytes: u64| [name.to_owned(), right(bytes), bar(bytes)];
        let plugins = self.plugins.iter().filter_map(|plugin| Some((plugin, plugin.candidate()?)));
        let plugins = plugins.map(|(plugin, it)| line(&plugin.name, it.bound.held()));
        let rest = [
            line("more to load one", self.fit.loading),
            line("all, with gaps", needed),
            line("free", free),
        ];
        section(f, "Heap of the device, in bytes", plugins.chain(rest))
    }

    fn besides(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rows = [
            ("to reload the largest", self.fit.reload),
            ("messages, if all are there at once", self.fit.messages),
        ];
        let rows = rows.map(|(what, bytes)| [what.to_owned(), right(bytes)]);
        section(f, "Heap besides, in bytes; it is refused where there is none", rows)
    }

    fn verdict(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let short: Vec<String> = self.fit.sums().iter().filter_map(missing).collect();
        let heading = style::paint(style::HEADING, "Verdict");
        let refused = self.plugins.iter().filter(|plugin| plugin.refused.is_some()).count();
        let verdict = match (refused, short.is_empty()) {
            (0, true) => style::paint(style::GOOD, "fits"),
            (0, false) => style::paint(style::BAD, "doesn't fit"),
            (refused, _) => style::paint(style::BAD, format!("{refused} would be refused")),
        };
        let short =
            if short.is_empty() { String::new() } else { format!(": {}", short.join(", ")) };
        writeln!(f, "{heading}\n  {verdict}{short}")
    }
}

fn row(name: &str, bound: MemoryBound) -> [String; 11] {
    let cell = |bytes: u64| format!("{:>11}", Grouped(bytes).to_string());
    let [a, b, c, d, e, g, h] = bound.parts().map(|(_, bytes)| cell(bytes));
    let [held, loading, most] = [bound.held(), bound.loading, bound.total()].map(cell);
    [name.to_owned(), a, b, c, d, e, g, h, held, loading, most]
}

fn right(bytes: u64) -> String {
    format!("{:>9}", Grouped(bytes).to_string())
}

fn together(sum: &Sum) -> [String; 4] {
    let rest = match sum.margin() {
        Some(margin) => format!("{} left", Grouped(margin)),
        None => format!("{} short", Grouped(sum.shortfall())),
    };
    let of = format!("of {:>9}", Grouped(sum.free).to_string());
    [sum.what.to_owned(), right(sum.needed), of, rest]
}

fn missing(sum: &Sum) -> Option<String> {
    (sum.shortfall() > 0).then(|| format!("{} short by {}", sum.what, Grouped(sum.shortfall())))
}

fn refusal(f: &mut Formatter<'_>, plugin: &Plugin) -> fmt::Result {
    let Some(refused) = &plugin.refused else { return Ok(()) };
    let code = style::paint(style::BAD, format!("error[{}]", refused.code));
    writeln!(f, "{}: {code}: {}\n  cure: {}\n", plugin.name, escaped(&refused.cause), refused.cure)
}
