//! The live table: a snapshot, drawn.

use super::snapshot::{PluginLine, Snapshot, State, Totals};
use crate::live::{self, Live, LiveRow};
use ratatui::{buffer::Buffer, layout::Rect};

const KEYS: &str = "up, down: select   l: lift the breaker   r: roll back   q: end";

/// Draws what there is room for.
pub(super) fn draw(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let live = Live {
        heading: format!("{}   {}", snapshot.dir, Totals::of(&snapshot.plugins)),
        rows: snapshot.plugins.iter().map(row).collect(),
        now: snapshot.now,
        selected: snapshot.selected,
        notes: &snapshot.notes,
        keys: KEYS,
    };
    live::draw(&live, area, buffer);
}

fn row(plugin: &PluginLine) -> LiveRow {
    LiveRow {
        name: plugin.name.clone(),
        version: plugin.version.clone(),
        generation: plugin.generation,
        state: state(plugin.state),
        calls: plugin.counters.calls,
        failures: plugin.failures(),
        fuel: plugin.counters.fuel_total,
        memory_bytes: plugin.memory_bytes as u64,
        breaker: plugin.breaker,
        last: plugin.last.clone(),
    }
}

fn state(state: State) -> String {
    match state {
        State::Idle => "idle".to_owned(),
        State::Busy(calls) => format!("busy {calls}"),
        State::Staged => "staged".to_owned(),
        State::Probation => "probation".to_owned(),
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
