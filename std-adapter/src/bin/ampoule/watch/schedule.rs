//! `--every`: calls that come again and again.

use super::{args::Watch, line::Ask};
use crate::args::Pairs;
use ampoule_std::{CommandError, Micros, PluginId, owned};
use std::collections::BTreeMap;

/// When which call is due.
#[derive(Debug)]
pub(super) struct Schedule {
    every: Micros,
    pub(super) entry: String,
    parameters: Pairs,
    /// When the next calls are due; before the first, at once.
    next: Option<Micros>,
    /// Counts the times that it was due.
    pub(super) rounds: u64,
    /// The versions, by their modules' hashes, of which was told that they lack the entry.
    lacking: BTreeMap<PluginId, u64>,
}

impl Schedule {
    pub(super) fn new(args: &Watch) -> Result<Option<Self>, CommandError> {
        let parameters = args.parameters()?;
        Ok(args.every_micros().map(|every| Self {
            every,
            entry: args.entry.clone(),
            parameters,
            next: None,
            rounds: 0,
            lacking: BTreeMap::new(),
        }))
    }

    /// When it is due next.
    pub(super) fn next(&self) -> Micros {
        self.next.unwrap_or(0)
    }

    /// Whether it is due. What was missed isn't made up for.
    pub(super) fn is_due(&mut self, now: Micros) -> bool {
        if now < self.next() {
            return false;
        }
        let after = self.next.map_or(now, |due| due.saturating_add(self.every));
        self.next = Some(if after > now { after } else { now.saturating_add(self.every) });
        self.rounds = self.rounds.saturating_add(1);
        true
    }

    /// The call of a plugin that is due.
    pub(super) fn ask(&self, plugin: &str) -> Ask {
        Ask {
            plugin: plugin.to_owned(),
            entry: self.entry.clone(),
            context: owned::Context {
                request_id: format!("every-{}", self.rounds),
                headers: Pairs::new(),
                parameters: self.parameters.clone(),
            },
            is_line: false,
        }
    }

    /// Whether nobody has told yet that this version lacks the entry.
    pub(super) fn is_news(&mut self, id: PluginId, hash: u64) -> bool {
        self.lacking.retain(|other, _| other.slot() != id.slot() || *other == id);
        self.lacking.insert(id, hash) != Some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use std::collections::BTreeMap;

    #[test]
    fn it_is_due_in_even_steps_and_makes_up_for_nothing() {
        let (entry, parameters) = ("execute".to_owned(), Vec::new());
        let lacking = BTreeMap::new();
        let mut it = Schedule { every: 100, entry, parameters, next: None, rounds: 0, lacking };
        let due: Vec<_> =
            [7, 8, 106, 107, 150, 210, 306, 307, 800, 899, 900].map(|now| it.is_due(now)).into();
        let expected = [true, false, false, true, false, true, false, true, true, false, true];
        assert_eq!(due, expected);
        assert_eq!((it.next(), it.rounds), (1000, 6));
        assert_eq!(it.ask("sum").context.request_id, "every-6");
    }
}
