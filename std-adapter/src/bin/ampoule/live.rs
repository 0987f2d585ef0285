//! A live table of plugins, and what was told of them: plain data, drawn.

use crate::show::{bytes, short};
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

/// All that is shown. Its texts are safe to show.
pub(crate) struct Live<'a> {
    pub(crate) heading: String,
    pub(crate) rows: Vec<LiveRow>,
    /// By which breakers are told how long they stay open.
    pub(crate) now: Micros,
    /// The place of the one that is selected.
    pub(crate) selected: Option<usize>,
    /// The latest notes, the oldest first.
    pub(crate) notes: &'a [String],
    /// What the keys do.
    pub(crate) keys: &'static str,
}

/// A plugin.
pub(crate) struct LiveRow {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) generation: u32,
    pub(crate) state: String,
    pub(crate) calls: u64,
    /// Calls without an outcome.
    pub(crate) failures: u64,
    pub(crate) fuel: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) breaker: BreakerState,
    pub(crate) last: String,
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const BAD: Style = Style::new().fg(Color::Red);
const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Lines of notes that the table of plugins leaves, their heading included.
const LEAST_NOTES: u16 = 4;

/// Draws what there is room for.
pub(crate) fn draw(live: &Live<'_>, area: Rect, buffer: &mut Buffer) {
    let rows = u16::try_from(live.rows.len()).unwrap_or(u16::MAX).saturating_add(1);
    let most = area.height.saturating_sub(2 + LEAST_NOTES).max(2);
    let parts = [
        Constraint::Length(1),
        Constraint::Length(rows.min(most)),
        Constraint::Fill(1),
        Constraint::Length(1),
    ];
    let [title, plugins, notes, keys] = Layout::vertical(parts).areas(area);
    Line::styled(live.heading.as_str(), BOLD).render(title, buffer);
    draw_plugins(live, plugins, buffer);
    draw_notes(live, notes, buffer);
    Line::from(live.keys).render(keys, buffer);
}

fn draw_plugins(live: &Live<'_>, area: Rect, buffer: &mut Buffer) {
    let longest = live.rows.iter().map(|plugin| plugin.name.chars().count()).max();
    // Those that are longer are cut: the other columns are worth more.
    let name = u16::try_from(longest.unwrap_or(0).clamp(6, 20)).unwrap_or(20);
    let widths = [name, 8, 3, 9, 7, 8, 8, 8, 11].map(Constraint::Length);
    let widths = widths.into_iter().chain([Constraint::Fill(1)]);
    let rows = live.rows.iter().map(|plugin| row(plugin, live.now));
    let table = Table::new(rows, widths).header(header()).row_highlight_style(SELECTED);
    let mut state = TableState::new().with_selected(live.selected);
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

fn row(plugin: &LiveRow, now: Micros) -> Row<'_> {
    let bad = |is_bad: bool| if is_bad { BAD } else { Style::new() };
    Row::new([
        Cell::from(plugin.name.as_str()),
        Cell::from(plugin.version.as_str()),
        right(plugin.generation.to_string()),
        Cell::from(plugin.state.as_str()),
        right(short(plugin.calls)),
        right(short(plugin.failures)).style(bad(plugin.failures > 0)),
        right(short(plugin.fuel)),
        right(bytes(plugin.memory_bytes)),
        Cell::from(breaker(plugin.breaker, now)).style(bad(plugin.breaker != BreakerState::Closed)),
        Cell::from(plugin.last.as_str()),
    ])
}

fn right(text: String) -> Cell<'static> {
    Cell::from(Text::from(text).right_aligned())
}

pub(crate) fn breaker(state: BreakerState, now: Micros) -> String {
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

fn draw_notes(live: &Live<'_>, area: Rect, buffer: &mut Buffer) {
    let block = Block::new().borders(Borders::TOP).title(Span::styled("events", BOLD));
    let room = usize::from(block.inner(area).height);
    let first = live.notes.len().saturating_sub(room);
    let lines = live.notes.iter().skip(first).map(|note| Line::from(note.as_str()));
    Paragraph::new(lines.collect::<Vec<_>>()).block(block).render(area, buffer);
}
