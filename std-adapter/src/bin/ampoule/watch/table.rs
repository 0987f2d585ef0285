//! The live table: a snapshot, drawn.

use super::snapshot::{PluginLine, Snapshot, State, Totals};
use crate::show::Grouped;
use ampoule_std::{BreakerState, Micros};
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span, Text},
    widgets::{
        Block, Borders, Cell, Paragraph, Row, StatefulWidget, Table, TableState, Widget as _,
    },
};

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const BAD: Style = Style::new().fg(Color::Red);
const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);

const KEYS: &str = "up, down: select   l: lift the breaker   r: roll back   q: end";

/// Lines of notes that the table of plugins leaves, their heading included.
const LEAST_NOTES: u16 = 4;

/// Draws what there is room for.
pub(super) fn draw(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let rows = u16::try_from(snapshot.plugins.len()).unwrap_or(u16::MAX).saturating_add(1);
    let most = area.height.saturating_sub(2 + LEAST_NOTES).max(2);
    let parts = [
        Constraint::Length(1),
        Constraint::Length(rows.min(most)),
        Constraint::Fill(1),
        Constraint::Length(1),
    ];
    let [title, plugins, notes, keys] = Layout::vertical(parts).areas(area);
    let heading = format!("{}   {}", snapshot.dir, Totals::of(&snapshot.plugins));
    Line::styled(heading, BOLD).render(title, buffer);
    draw_plugins(snapshot, plugins, buffer);
    draw_notes(snapshot, notes, buffer);
    Line::from(KEYS).render(keys, buffer);
}

fn draw_plugins(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let longest = snapshot.plugins.iter().map(|plugin| plugin.name.chars().count()).max();
    // Those that are longer are cut: the other columns are worth more.
    let name = u16::try_from(longest.unwrap_or(0).clamp(6, 20)).unwrap_or(20);
    let widths = [name, 8, 3, 9, 7, 8, 8, 8, 11].map(Constraint::Length);
    let widths = widths.into_iter().chain([Constraint::Fill(1)]);
    let rows = snapshot.plugins.iter().map(|plugin| row(plugin, snapshot.now));
    let table = Table::new(rows, widths).header(header()).row_highlight_style(SELECTED);
    let mut state = TableState::new().with_selected(snapshot.selected);
    StatefulWidget::render(table, area, buffer, &mut state);
}

fn header() -> Row<'static> {
    let left = |name: &'static str| Cell::from(name);
    let cells = [
        left("plugin"),
        left("version"),
        right("gen".to_owned()),
        left("state"),
        right("calls".to_owned()),
        right("failures".to_owned()),
        right("fuel".to_owned()),
        right("memory".to_owned()),
        left("breaker"),
        left("last"),
    ];
    Row::new(cells).style(BOLD)
}

fn row(plugin: &PluginLine, now: Micros) -> Row<'_> {
    let failures = plugin.failures();
    let bad = |is_bad: bool| if is_bad { BAD } else { Style::new() };
    Row::new([
        Cell::from(plugin.name.as_str()),
        Cell::from(plugin.version.as_str()),
        right(plugin.generation.to_string()),
        Cell::from(state(plugin.state)),
        right(short(plugin.counters.calls)),
        right(short(failures)).style(bad(failures > 0)),
        right(short(plugin.counters.fuel_total)),
        right(bytes(plugin.memory_bytes as u64)),
        Cell::from(breaker(plugin.breaker, now)).style(bad(plugin.breaker != BreakerState::Closed)),
        Cell::from(plugin.last.as_str()),
    ])
}

fn right(text: String) -> Cell<'static> {
    Cell::from(Text::from(text).right_aligned())
}

fn state(state: State) -> String {
    match state {
        State::Idle => "idle".to_owned(),
        State::Busy(calls) => format!("busy {calls}"),
        State::Staged => "staged".to_owned(),
        State::Probation => "probation".to_owned(),
    }
}

fn breaker(state: BreakerState, now: Micros) -> String {
    match state {
        BreakerState::Closed => "closed".to_owned(),
        BreakerState::Open { until } if until > now => {
            format!("open {} s", (until - now).div_ceil(1_000_000))
        }
        BreakerState::Open { .. } => "open".to_owned(),
        BreakerState::HalfOpen => "half open".to_owned(),
        BreakerState::Quarantined => "quarantined".to_owned(),
    }
}

/// A number in few digits: four of them, or three and a letter.
fn short(number: u64) -> String {
    if number < 10_000 { Grouped(number).to_string() } else { scaled(number, 1000, "kMGTPE", "") }
}

fn bytes(number: u64) -> String {
    if number < 1024 { format!("{number} B") } else { scaled(number, 1024, "KMGTPE", "iB") }
}

fn scaled(number: u64, step: u64, letters: &str, unit: &str) -> String {
    let mut divisor = 1_u64;
    for letter in letters.chars() {
        divisor = divisor.saturating_mul(step);
        if number / divisor < step {
            return format!("{} {letter}{unit}", number / divisor);
        }
    }
    // No u64 has more than the last letter can tell.
    number.to_string()
}

fn draw_notes(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let block = Block::new().borders(Borders::TOP).title(Span::styled("events", BOLD));
    let room = usize::from(block.inner(area).height);
    let first = snapshot.notes.len().saturating_sub(room);
    let lines = snapshot.notes.iter().skip(first).map(|note| Line::from(note.as_str()));
    Paragraph::new(lines.collect::<Vec<_>>()).block(block).render(area, buffer);
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
