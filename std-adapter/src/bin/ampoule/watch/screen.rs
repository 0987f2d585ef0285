//! The terminal, while the table is on it.

use super::{snapshot::Snapshot, table};
use ratatui::{DefaultTerminal, buffer::Buffer, layout::Rect};
use std::io;

/// A terminal that shows the table, and is as it was before when this is dropped.
pub(crate) struct Screen(DefaultTerminal);

impl Screen {
    pub(crate) fn enter() -> io::Result<Self> {
        ratatui::try_init().map(Self).inspect_err(|_| leave())
    }

    pub(super) fn show(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.draw(|area, buffer| table::draw(snapshot, area, buffer))
    }

    pub(crate) fn draw(&mut self, how: impl FnOnce(Rect, &mut Buffer)) -> io::Result<()> {
        self.0.draw(|frame| how(frame.area(), frame.buffer_mut())).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back. It may be called where there is nothing to give back.
pub(crate) fn leave() {
    // There is no one left to tell.
    if ratatui::crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        let _ = ratatui::try_restore();
    }
}
