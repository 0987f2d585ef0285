//! The calls that were asked for and aren't over.

use super::line::Ask;
use crate::problem::Problem;
use ampoule_std::{Call, Context, Host, Outcome, PluginId, escaped, watch::WatchCommandError};
use std::collections::VecDeque;

/// Calls in line, and under way.
#[derive(Default)]
pub(super) struct Desk {
    waiting: VecDeque<Ask>,
    started: Vec<Started>,
}

struct Started {
    ask: Ask,
    call: Call<Outcome<'static>>,
}

/// Why a call isn't started.
enum Unstarted {
    /// Its plugin has another call to do, and the time of this one is to start with itself.
    Busy,
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for Unstarted {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

impl Desk {
    pub(super) fn ask(&mut self, ask: Ask) {
        self.waiting.push_back(ask);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.started.is_empty()
    }

    fn is_under_way(&self, id: PluginId) -> bool {
        self.started.iter().any(|started| started.call.plugin() == id)
    }

    fn asks(&self) -> impl Iterator<Item = &Ask> {
        self.waiting.iter().chain(self.started.iter().map(|started| &started.ask))
    }

    /// How many calls of a plugin aren't over.
    pub(super) fn calls(&self, plugin: &str) -> usize {
        self.asks().filter(|ask| ask.plugin == plugin).count()
    }

    /// Whether the last call that a schedule asked of a plugin isn't over.
    pub(super) fn has_scheduled(&self, plugin: &str) -> bool {
        self.asks().any(|ask| !ask.is_line && ask.plugin == plugin)
    }

    /// Starts what can be started, in the order in which it was asked for: one call of each
    /// plugin. Tells what will never start.
    pub(super) fn start<const SLOTS: usize>(
        &mut self,
        host: &mut Host<'_, SLOTS>,
        mut tell: impl FnMut(&Ask, &Problem),
    ) {
        for ask in core::mem::take(&mut self.waiting) {
            match self.start_one(host, &ask) {
                Ok(call) => self.started.push(Started { ask, call }),
                Err(Unstarted::Busy) => self.waiting.push_back(ask),
                Err(Unstarted::Problem(problem)) => tell(&ask, &problem),
            }
        }
    }

    fn start_one<const SLOTS: usize>(
        &self,
        host: &mut Host<'_, SLOTS>,
        ask: &Ask,
    ) -> Result<Call<Outcome<'static>>, Unstarted> {
        let found = host.iter().find(|(_, plugin)| plugin.meta().name == ask.plugin);
        let Some((id, _)) = found else {
            let name = escaped(&ask.plugin).to_string();
            return Err(WatchCommandError::NotLoaded { name }.into());
        };
        if self.is_under_way(id) {
            return Err(Unstarted::Busy);
        }
        let entry = host.bind::<Context<'_>, Outcome<'static>>(id, &ask.entry)?;
        Ok(host.start(&entry, &ask.context.borrow())?)
    }

    /// Tells what has become of the calls that are over, and answers whether others can start now.
    pub(super) fn take<const SLOTS: usize>(
        &mut self,
        host: &mut Host<'_, SLOTS>,
        mut tell: impl FnMut(&Ask, Result<&Outcome<'_>, &Problem>),
    ) -> bool {
        let started = core::mem::take(&mut self.started);
        let (over, started): (Vec<_>, _) =
            started.into_iter().partition(|it| host.is_over(&it.call));
        self.started = started;
        let has_room = !over.is_empty() && !self.waiting.is_empty();
        for Started { ask, call } in over {
            match host.take::<Outcome<'_>>(&call) {
                Some(Ok(outcome)) => tell(&ask, Ok(&outcome)),
                Some(Err(error)) => tell(&ask, Err(&Problem::from(error))),
                // It is over, and so there is an answer.
                None => {}
            }
        }
        has_room
    }
}
