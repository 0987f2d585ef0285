//! The terminal, while the table is on it.

use super::{snapshot::Snapshot, table};
use ratatui::DefaultTerminal;
use std::io;

/// A terminal that shows the table, and is as it was before when this is dropped.
pub(super) struct Screen(DefaultTerminal);

impl Screen {
    pub(super) fn enter() -> io::Result<Self> {
        ratatui::try_init().map(Self).inspect_err(|_| leave())
    }

    pub(super) fn show(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let draw = |frame: &mut ratatui::Frame<'_>| {
            table::draw(snapshot, frame.area(), frame.buffer_mut());
        };
        self.0.draw(draw).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back. It may be called where there is nothing to give back.
pub(super) fn leave() {
    // There is no one left to tell.
    if ratatui::crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        let _ = ratatui::try_restore();
    }
}
