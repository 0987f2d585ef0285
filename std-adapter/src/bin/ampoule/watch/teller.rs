//! What is told, and where: lines on stderr and answers on stdout, or notes for the table.

use super::{
    line::{Answer, Ask},
    screen::Screen,
    snapshot::Notes,
};
use crate::{
    output,
    problem::{Problem, Status},
};
use ampoule_std::{
    Outcome, escaped,
    watch::{WatchCommandError, WatchError, WatchEvent, WatchKind},
    write_json,
};
use std::sync::mpsc::Receiver;

/// Tells what happens, where it is to be told.
pub(super) struct Teller {
    pub(super) screen: Option<Screen>,
    pub(super) notes: Notes,
    /// Has something for each line that is read and not yet answered.
    answered: Option<Receiver<()>>,
    /// The worst that has happened.
    pub(super) status: Status,
    /// Whether the reader of stdout has left.
    pub(super) is_unheard: bool,
    /// Why stdout takes nothing more.
    pub(super) broken: Option<Problem>,
}

impl Teller {
    pub(super) fn new(screen: Option<Screen>, answered: Option<Receiver<()>>) -> Self {
        Self {
            screen,
            notes: Notes::default(),
            answered,
            status: Status::Done,
            is_unheard: false,
            broken: None,
        }
    }

    /// Tells a line. What is in it is safe to show, but for the name.
    pub(super) fn note(&mut self, plugin: Option<&str>, text: String) {
        let Some(plugin) = plugin else { return self.line(text) };
        self.line(format!("{}: {text}", escaped(plugin)));
        self.remember(plugin, text);
    }

    /// What the table shows beside a plugin.
    fn remember(&mut self, plugin: &str, text: String) {
        if self.screen.is_some() {
            self.notes.last.insert(escaped(plugin).to_string(), text);
        }
    }

    fn line(&mut self, line: String) {
        match self.screen {
            Some(_) => self.notes.add(line),
            None => output::styled_aside(&format!("{line}\n")),
        }
    }

    pub(super) fn watched(&mut self, event: &WatchEvent) {
        if let Some(plugin) = &event.plugin {
            self.remember(plugin, event.what.to_string());
        }
        if let WatchKind::Failed { error } = &event.what {
            self.status = self.status.max(match error {
                WatchError::File(_) => Status::Usage,
                _ => Status::Refused,
            });
        }
        self.line(event.to_string());
    }

    pub(super) fn problem(&mut self, plugin: Option<&str>, problem: &Problem) {
        self.status = self.status.max(problem.status);
        let Problem { code, cause, cure, .. } = problem;
        self.note(plugin, format!("{code}: {}; {cure}", escaped(cause)));
    }

    /// Answers a call.
    pub(super) fn answer(&mut self, ask: &Ask, end: Result<&Outcome<'_>, &Problem>) {
        self.status = self.status.max(match end {
            Ok(outcome) if outcome.success => Status::Done,
            Ok(_) => Status::Failed,
            Err(problem) => problem.status,
        });
        let answer = match end {
            Ok(outcome) => Answer::outcome(ask, outcome),
            Err(problem) => Answer::problem(Some(ask), problem),
        };
        self.print(Some(ask), &answer);
        if ask.is_line {
            self.make_room();
        }
    }

    /// Answers a line that is no call.
    pub(super) fn refuse(&mut self, error: WatchCommandError) {
        let problem = Problem::from(error);
        self.status = self.status.max(problem.status);
        self.print(None, &Answer::problem(None, &problem));
        self.make_room();
    }

    /// Lets another line be read.
    fn make_room(&self) {
        let _ = self.answered.as_ref().map(Receiver::try_recv);
    }

    fn print(&mut self, ask: Option<&Ask>, answer: &Answer<'_>) {
        if self.screen.is_some() {
            return self.show(ask, answer);
        }
        match output::json_heard(answer) {
            Ok(is_heard) => self.is_unheard |= !is_heard,
            Err(error) => self.broken = Some(error.into()),
        }
    }

    /// Those of a schedule would leave no room for anything else among the events.
    fn show(&mut self, ask: Option<&Ask>, answer: &Answer<'_>) {
        let mut text = Vec::new();
        if write_json(&mut text, answer).is_err() {
            return;
        }
        // Nobody's screen is wider.
        let text: String = String::from_utf8_lossy(&text).chars().take(500).collect();
        match ask {
            Some(ask) if !ask.is_line => {
                self.remember(&ask.plugin, text);
            }
            _ => self.note(ask.map(|ask| ask.plugin.as_str()), text),
        }
    }
}
