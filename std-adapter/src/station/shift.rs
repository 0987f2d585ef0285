//! The thread that owns the host: requests, turns, and looks at the directory.

use super::{
    Ask, Message, Told,
    answer::Answer,
    calls::Calls,
    ring::Ring,
    view::{Happened, Summary, Whole},
};
use crate::{
    Watcher, monotonic,
    serve::RequestError,
    watch::{WatchEvent, WatchKind},
};
use ampoule::{Context, Diagnosis, Host, Micros, Outcome, PluginId, Refusal, Turn, Wake};
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
};
use tokio::sync::oneshot;

/// How many plugins a station has room for.
pub(crate) const SLOTS: usize = 64;

/// How long to rest when plugins want a turn that had nothing to do, such as one that has used more than
/// its share.
const NAP: Micros = 1_000;

/// How many messages are taken between two turns.
const MAX_TAKEN: usize = 64;

pub(super) struct Shift<'p> {
    pub(super) host: Host<'p, SLOTS>,
    pub(super) watcher: Watcher,
    pub(super) calls: Calls,
    pub(super) ring: Arc<Ring>,
    pub(super) told: Box<Told>,
    /// Names of those that were loaded, for events that come after their end.
    pub(super) names: BTreeMap<(u16, u32), String>,
    pub(super) look_every: Micros,
    pub(super) next_look: Micros,
}

impl Shift<'_> {
    /// Works until `stop`, and unloads all.
    pub(super) fn run(mut self, messages: &Receiver<Message>, stop: &AtomicBool) {
        let mut wait = Duration::ZERO;
        while self.take(messages, wait) && !stop.load(Ordering::Acquire) {
            wait = self.turn();
        }
        self.close();
    }

    /// Waits for messages, and does what they ask. False if there can't be any more.
    fn take(&mut self, messages: &Receiver<Message>, wait: Duration) -> bool {
        let first = if wait.is_zero() {
            messages.try_recv()
        } else {
            messages.recv_timeout(wait).map_err(|error| match error {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            })
        };
        let mut next = first;
        for _ in 0..MAX_TAKEN {
            match next {
                Ok(Message::Ask(ask, reply)) => self.carry_out(*ask, reply),
                Ok(Message::Nudge) => {}
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
            next = messages.try_recv();
        }
        // One was taken that isn't done.
        if let Ok(Message::Ask(ask, reply)) = next {
            self.carry_out(*ask, reply);
        }
        true
    }

    /// One turn of everything. Answers how long there is nothing to do.
    fn turn(&mut self) -> Duration {
        self.calls.cancel_abandoned(&mut self.host);
        let turn = self.host.poll(monotonic());
        self.calls.answer(&mut self.host);
        self.note_events();
        let now = monotonic();
        if now >= self.next_look {
            self.next_look = now.saturating_add(self.look_every);
            if !self.look().is_empty() {
                return Duration::ZERO;
            }
        }
        self.rest(turn)
    }

    fn rest(&self, turn: Turn) -> Duration {
        let now = monotonic();
        let due = match turn.next {
            Wake::Now if turn.fuel > 0 => return Duration::ZERO,
            Wake::Now => now.saturating_add(NAP),
            Wake::At(time) => time,
            Wake::Never => Micros::MAX,
        };
        Duration::from_micros(due.min(self.next_look).saturating_sub(now))
    }

    /// Looks at the directory.
    fn look(&mut self) -> Vec<WatchEvent> {
        let events = self.watcher.poll(&mut self.host, monotonic());
        self.note_events();
        let now = monotonic();
        for event in &events {
            let happened = Happened::of_watch(event, now);
            self.ring.push(&happened.name(), &happened);
            (self.told)(event);
        }
        events
    }

    fn note_events(&mut self) {
        while let Some(event) = self.host.next_event() {
            for (id, plugin) in self.host.iter() {
                let name = || plugin.meta().name.to_owned();
                self.names.entry(key(id)).or_insert_with(name);
            }
            let name = self.names.get(&key(event.plugin)).map(String::as_str);
            let happened = Happened::of_host(&event, name);
            self.ring.push(&happened.name(), &happened);
            if matches!(event.what, ampoule::EventKind::Unloaded { .. }) {
                self.names.remove(&key(event.plugin));
            }
        }
    }

    fn carry_out(&mut self, ask: Ask, reply: oneshot::Sender<Answer>) {
        // Whoever has gone wants nothing any more.
        if reply.is_closed() {
            return;
        }
        if let Ask::Call { name, entry, context } = ask {
            return self.call(&name, &entry, &context.borrow(), reply);
        }
        // That nobody waits for it any longer is no reason not to have done it.
        let _ = reply.send(self.answer(ask).unwrap_or_else(|refused| *refused));
    }

    fn call(
        &mut self,
        name: &str,
        entry: &str,
        context: &Context<'_>,
        reply: oneshot::Sender<Answer>,
    ) {
        let call = self.calls.room().and_then(|()| {
            let id = self.find(name)?;
            let entry = self.host.bind::<Context<'_>, Outcome<'_>>(id, entry);
            let entry = entry.map_err(Answer::from)?;
            let refused = |refusal: Refusal| Answer::of_call(&refusal.into(), monotonic());
            Ok(self.host.start(&entry, context).map_err(refused)?)
        });
        match call {
            Ok(call) => self.calls.add(call, reply),
            Err(answer) => drop(reply.send(*answer)),
        }
    }

    fn answer(&mut self, ask: Ask) -> Result<Answer, Box<Answer>> {
        let now = monotonic();
        Ok(match ask {
            Ask::Alive => Answer::json(200, &Alive { status: "ok" }),
            Ask::List => {
                let of = |(id, _)| Summary::new(&self.host, id, now);
                Answer::json(200, &List { plugins: self.host.iter().filter_map(of).collect() })
            }
            Ask::Show(name) => self.show(&name)?,
            Ask::Quarantine(name) => {
                let id = self.find(&name)?;
                self.host.quarantine(id).map_err(|error| refused(error, now))?;
                self.show(&name)?
            }
            Ask::Lift(name) => {
                let id = self.find(&name)?;
                self.host.lift(id).map_err(|error| refused(error, now))?;
                self.show(&name)?
            }
            Ask::RollBack(name) => {
                let id = self.find(&name)?;
                self.host.roll_back(id).map_err(Answer::from)?;
                self.show(&name)?
            }
            Ask::Unload(name) => self.unload(&name)?,
            Ask::Reload(name) => self.reload(name)?,
            // It is made elsewhere.
            Ask::Call { .. } => RequestError::Busy {}.into(),
        })
    }

    fn find(&self, name: &str) -> Result<PluginId, Box<Answer>> {
        let mut named = self.host.iter().filter(|(_, plugin)| plugin.meta().name == name);
        named.next().map(|(id, _)| id).ok_or_else(|| no_plugin(name))
    }

    fn show(&self, name: &str) -> Result<Answer, Box<Answer>> {
        let whole = Whole::new(&self.host, self.find(name)?, monotonic());
        whole.map(|whole| Answer::json(200, &whole)).ok_or_else(|| no_plugin(name))
    }

    fn unload(&mut self, name: &str) -> Result<Answer, Box<Answer>> {
        let id = self.find(name)?;
        let destroyed = self.host.unload(id).err();
        let destroyed = destroyed.as_ref().map(|error| super::answer::Trouble::new(error));
        Ok(Answer::json(200, &Unloaded { name, id: id.to_string(), unloaded: true, destroyed }))
    }

    /// Reads a plugin's files now.
    fn reload(&mut self, name: String) -> Result<Answer, Box<Answer>> {
        if !self.watcher.read_again(&name) {
            return Err(no_plugin(&name));
        }
        let mut events = self.look();
        events.retain(|event| event.plugin.as_ref() == Some(&name));
        let failed = events.iter().find_map(|event| match &event.what {
            WatchKind::Failed { error } => Some(error as &dyn Diagnosis),
            WatchKind::Ignored { reason } => Some(reason),
            _ => None,
        });
        if let Some(error) = failed {
            return Err(Answer::failed(409, error).into());
        }
        let waits = events.iter().any(|event| matches!(event.what, WatchKind::Staged { .. }));
        let now = monotonic();
        let events = events.iter().map(|event| Happened::of_watch(event, now)).collect();
        Ok(Answer::json(if waits { 202 } else { 200 }, &Reloaded { events }))
    }

    /// Cancels what is under way, and unloads all.
    fn close(mut self) {
        self.calls.cancel_all(&mut self.host);
        let ids: Vec<_> = self.host.iter().map(|(id, _)| id).collect();
        for id in ids {
            // What it has to say against that changes nothing.
            let _ = self.host.unload(id);
            self.note_events();
        }
    }
}

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct List<'a> {
    plugins: Vec<Summary<'a>>,
}

#[derive(Serialize)]
struct Reloaded<'a> {
    events: Vec<Happened<'a>>,
}

#[derive(Serialize)]
struct Unloaded<'a> {
    name: &'a str,
    id: String,
    unloaded: bool,
    /// What the plugin had to say against its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    destroyed: Option<super::answer::Trouble>,
}

fn no_plugin(name: &str) -> Box<Answer> {
    Box::new(RequestError::NoPlugin { name: crate::escaped(name).to_string() }.into())
}

fn refused(refusal: Refusal, now: Micros) -> Box<Answer> {
    Box::new(Answer::of_call(&refusal.into(), now))
}

const fn key(id: PluginId) -> (u16, u32) {
    (id.slot(), id.generation())
}
