//! A host with a thread of its own, asked over a bounded channel.
//!
//! A [`Host`] is one value with one owner: the thread. Whoever wants something of it hands in a question at
//! the [`Desk`] and waits for the answer; what is full or has ended answers at once.

mod answer;
mod calls;
mod ring;
mod shift;
mod view;

pub(crate) use answer::Answer;
pub(crate) use ring::{Read, Ring};

use crate::{
    WatchOptions, Watcher, monotonic, offer_shared,
    serve::{RequestError, ServeOptions, TOKEN_VARIABLE, Tell},
    services::Env,
    watch::WatchEvent,
    workstation_own_services,
};
use ampoule::{Cell, Config, Grant, Host, Policy, PolicyFile, Service, owned};
use calls::Calls;
use core::sync::atomic::{AtomicBool, Ordering};
use shift::Shift;
use std::{
    collections::BTreeMap,
    env, io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
};
use tokio::sync::oneshot;

/// How many questions wait until the thread takes them.
const MAX_WAITING: usize = 64;

/// How often the directory is looked at, at least: no change is seen later than that.
const LOOK_EVERY: u64 = 200_000;

/// Is told what the watcher tells.
type Told = dyn FnMut(&WatchEvent) + Send;

/// What the thread may be asked.
pub(crate) enum Ask {
    Alive,
    List,
    Show(String),
    Call { name: String, entry: String, context: owned::Context },
    Reload(String),
    Unload(String),
    RollBack(String),
    Quarantine(String),
    Lift(String),
}

enum Message {
    Ask(Box<Ask>, oneshot::Sender<Answer>),
    /// Something has changed: look.
    Nudge,
}

/// Where questions are handed in.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    messages: SyncSender<Message>,
    stop: Arc<AtomicBool>,
}

/// Wakes the thread when it is dropped, so that it sees who has gone.
struct Nudge<'a>(&'a Desk);

impl Drop for Nudge<'_> {
    fn drop(&mut self) {
        self.0.nudge();
    }
}

impl Desk {
    /// Asks, and waits for the answer. If this future is dropped, a call that it has started is cancelled.
    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        // It goes last, when the receiver is gone.
        let nudge = Nudge(self);
        let (reply, answer) = oneshot::channel();
        match self.messages.try_send(Message::Ask(Box::new(ask), reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return done(nudge, RequestError::Busy {}.into()),
            Err(TrySendError::Disconnected(_)) => {
                return done(nudge, RequestError::Stopping {}.into());
            }
        }
        let answer = answer.await;
        done(nudge, answer.unwrap_or_else(|_| RequestError::Stopping {}.into()))
    }

    /// Has the thread end.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.nudge();
    }

    /// If there is no room the thread is awake anyway, and will look.
    fn nudge(&self) {
        let _ = self.messages.try_send(Message::Nudge);
    }
}

/// With an answer there is nothing to wake anybody for.
fn done(nudge: Nudge<'_>, answer: Answer) -> Answer {
    core::mem::forget(nudge);
    answer
}

/// The thread.
pub(crate) struct Station {
    pub(crate) desk: Desk,
    pub(crate) ring: Arc<Ring>,
    /// Resolves when the thread has ended, whatever the reason.
    pub(crate) ended: oneshot::Receiver<()>,
    pub(crate) thread: JoinHandle<()>,
}

impl Station {
    /// Starts a thread that runs the plugins in `dir`.
    pub(crate) fn start(dir: PathBuf, options: &ServeOptions, tell: Tell) -> io::Result<Self> {
        let (messages, receiver) = mpsc::sync_channel(MAX_WAITING);
        let (alive, ended) = oneshot::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let ring = Arc::new(Ring::new(random()?));
        let work = Work {
            dir,
            policy: options.policy.clone(),
            cell: options.cell,
            settle: options.settle,
            max_calls: options.max_calls,
            tell,
            ring: Arc::clone(&ring),
            stop: Arc::clone(&stop),
        };
        let thread =
            thread::Builder::new().name("ampoule-station".to_owned()).spawn(move || {
                let _alive: oneshot::Sender<()> = alive;
                work.run(&receiver);
            })?;
        Ok(Self { desk: Desk { messages, stop }, ring, ended, thread })
    }
}

/// What the thread is given.
struct Work {
    dir: PathBuf,
    policy: Option<Arc<PolicyFile>>,
    cell: Option<&'static dyn Cell>,
    settle: u64,
    max_calls: usize,
    tell: Tell,
    ring: Arc<Ring>,
    stop: Arc<AtomicBool>,
}

impl Work {
    fn run(self, messages: &Receiver<Message>) {
        let Self { dir, policy, cell, settle, max_calls, tell, ring, stop } = self;
        let policy = policy.as_deref().map_or(Policy::WORKSTATION, PolicyFile::policy);
        let mut host =
            Host::new(Config { policy: &policy, cell, ..Config::WORKSTATION }, monotonic);
        let Tell { log, event, watch } = tell;
        // A new host has none of them: none is refused. If one were, a plugin that imports it would be.
        let offered = offer_shared(&mut host, log, event);
        debug_assert_eq!(offered, Ok(()));
        let options = WatchOptions { settle, ..WatchOptions::default() };
        let shift = Shift {
            host,
            watcher: Watcher::new(dir, options.with_services(own_services)),
            calls: Calls::new(max_calls),
            ring,
            told: watch,
            names: BTreeMap::new(),
            look_every: settle.div_ceil(2).clamp(1_000, LOOK_EVERY),
            next_look: 0,
        };
        shift.run(messages, &stop);
    }
}

/// The workstation's, but for the variable with the server's secret: no manifest gets that.
fn own_services(grant: &Grant<'_>) -> Vec<Box<dyn Service>> {
    let mut own = workstation_own_services(grant);
    own.retain(|service| service.name() != "env");
    let others = grant.variables().filter(|name| !name.eq_ignore_ascii_case(TOKEN_VARIABLE));
    let value = |name: &str| Some((name.to_owned(), env::var(name).ok()?));
    own.push(Box::new(Env::new(others.filter_map(value))));
    own
}

/// A number that nobody can guess, and that tells what has it from others.
pub(crate) fn random() -> io::Result<u32> {
    getrandom::u32().map_err(|error| io::Error::other(error.to_string()))
}
