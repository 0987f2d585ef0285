//! Serves the plugins of a directory to other programs: HTTP/1.1 (RFC 9112) and JSON.
//!
//! A [`Server`] loads and reloads what the manifests in a directory name, as a
//! [`Watcher`](crate::Watcher) does, and answers requests for them. [`Endpoint::ALL`] are the things that
//! may be asked; `docs/serving.md` tells what each takes and answers.
//!
//! ```no_run
//! use ampoule_std::serve::{ServeOptions, Server, Tell};
//!
//! let mut server = Server::bind("plugins", ServeOptions::default(), Tell::nobody())?;
//! server.stop_on_signals()?;
//! println!("listening on {}", server.address());
//! // Until Ctrl-C or SIGTERM.
//! server.run()?;
//! # Ok::<(), ampoule_std::serve::ServeError>(())
//! ```

mod accept;
mod body;
mod dispatch;
mod endpoint;
mod error;
mod guard;
mod listen;
mod stop;
mod stream;
mod token;

pub use endpoint::Endpoint;
pub use error::{RequestError, ServeError};
pub use listen::Listen;
pub use stop::Stopper;
pub use token::Token;

use crate::{
    services::{LogLine, Published},
    station::{Desk, Ring, Station},
    watch::WatchEvent,
};
use ampoule::{Cell, Micros, PolicyFile, Status};
use core::{fmt, time::Duration};
use listen::Listener;
use std::{path::PathBuf, sync::Arc};
use stop::Signals;
use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
};

/// The variable of the environment that has the token for `ampoule serve`. No plugin gets it from a server,
/// whatever its manifest grants.
pub const TOKEN_VARIABLE: &str = "AMPOULE_TOKEN";

/// How a [`Server`] goes about it. Every number is a bound on what callers can make it hold or wait for.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Where it listens: `127.0.0.1:7117` unless it is set.
    pub listen: Listen,
    /// What callers have to know. Without it only this computer can be listened to.
    pub token: Option<Token>,
    /// The ceiling of what plugins get; the workstation's unless it is set.
    pub policy: Option<Arc<PolicyFile>>,
    /// Where plugins run: none unless it is set, and then their counters tell nothing of the heap. See
    /// [`CountingHeap`](crate::CountingHeap).
    pub cell: Option<&'static dyn Cell>,
    /// How long files have to stay as they are before they are read: as
    /// [`WatchOptions::settle`](crate::WatchOptions::settle).
    pub settle: Micros,
    /// The most bytes of a request's body: 1 MiB unless it is set.
    pub body_bytes: usize,
    /// How long a client may take to send a request's head, and again its body, and how long a
    /// connection may be idle: 10 s.
    pub read_time: Duration,
    /// How long a client may take to take what is sent to it: 30 s without a byte.
    pub write_time: Duration,
    /// How long a request may take, from its head to its answer: 2 min. The stream of events isn't bound.
    pub request_time: Duration,
    /// How long requests under way may go on when the server stops: 5 s.
    pub grace: Duration,
    /// Connections at a time: 256. One in four may be a stream of events.
    pub max_connections: usize,
    /// Calls at a time, waiting ones included: 64. A plugin has
    /// [`MAX_CALLS`](crate::MAX_CALLS) at most.
    pub max_calls: usize,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            token: None,
            policy: None,
            cell: None,
            settle: 500_000,
            body_bytes: 1 << 20,
            read_time: Duration::from_secs(10),
            write_time: Duration::from_secs(30),
            request_time: Duration::from_secs(120),
            grace: Duration::from_secs(5),
            max_connections: 256,
            max_calls: 64,
        }
    }
}

/// Who is told what plugins and the watcher have to say, besides the stream of events. They are called on
/// the thread that runs the plugins, and hold it up.
pub struct Tell {
    /// Takes lines of `log`.
    pub log: Box<dyn FnMut(&LogLine<'_>) + Send>,
    /// Takes publications of `event`.
    pub event: Box<Publisher>,
    /// Takes what the watcher has done or found.
    pub watch: Box<dyn FnMut(&WatchEvent) + Send>,
}

/// Takes a publication, or tells its plugin why not.
pub type Publisher = dyn FnMut(&Published<'_>) -> Result<(), Status> + Send;

impl Tell {
    /// Tells nobody.
    #[must_use]
    pub fn nobody() -> Self {
        Self { log: Box::new(|_| ()), event: Box::new(|_| Ok(())), watch: Box::new(|_| ()) }
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tell").finish_non_exhaustive()
    }
}

/// A server that listens already. What comes before [`Self::run`] waits.
#[derive(Debug)]
pub struct Server {
    dir: PathBuf,
    options: ServeOptions,
    tell: Tell,
    runtime: Runtime,
    listener: Listener,
    address: String,
    stopper: Stopper,
    signals: Option<Signals>,
}

impl Server {
    /// Listens, for the plugins in `dir`, which may come later.
    ///
    /// # Errors
    /// [`ServeError::Exposed`] if other computers could reach it and there is no token;
    /// [`ServeError::Listen`], [`ServeError::SocketInUse`] or [`ServeError::NotSocket`] if the
    /// address can't be had.
    pub fn bind(
        dir: impl Into<PathBuf>,
        options: ServeOptions,
        tell: Tell,
    ) -> Result<Self, ServeError> {
        options.listen.check(options.token.is_some())?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(start)?;
        let guard = runtime.enter();
        let listener = Listener::bind(&options.listen)?;
        drop(guard);
        let address = listener.address();
        let stopper = Stopper::new();
        Ok(Self {
            dir: dir.into(),
            options,
            tell,
            runtime,
            listener,
            address,
            stopper,
            signals: None,
        })
    }

    /// Where it listens: `http://` and an address with the port that it has got, or `unix:` and a path.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Stops it from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Has Ctrl-C and SIGTERM stop it, from now on; until this process ends they do nothing else.
    ///
    /// # Errors
    /// [`ServeError::Start`] if the system doesn't let it.
    pub fn stop_on_signals(&mut self) -> Result<(), ServeError> {
        let _guard = self.runtime.enter();
        self.signals = Some(Signals::take().map_err(start)?);
        Ok(())
    }

    /// Serves until [`Stopper::stop`], or a signal if those are to stop it. Then it takes no more connections, gives the
    /// requests under way [`ServeOptions::grace`], cancels what isn't done by then, and unloads all plugins.
    /// To stop it once more ends the grace.
    ///
    /// # Errors
    /// [`ServeError::Start`] if it may have no thread; [`ServeError::Ended`] if the thread that runs
    /// the plugins has ended by itself.
    pub fn run(self) -> Result<(), ServeError> {
        let Self { dir, options, tell, runtime, listener, stopper, signals, .. } = self;
        let Station { desk, ring, ended, thread } =
            Station::start(dir, &options, tell).map_err(start)?;
        let streams = Semaphore::new((options.max_connections / 4).max(1));
        let checks_host = options.token.is_none() && listener.is_tcp();
        let shared = Arc::new(Shared { desk, ring, options, checks_host, streams, stopper });
        let serving = accept::serve(listener, Arc::clone(&shared), ended, signals);
        let is_over = runtime.block_on(serving);
        shared.desk.stop();
        let joined = thread.join();
        if is_over && joined.is_ok() { Ok(()) } else { Err(ServeError::Ended {}) }
    }
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    desk: Desk,
    ring: Arc<Ring>,
    options: ServeOptions,
    /// Whether browsers could be made to send requests here.
    checks_host: bool,
    /// A place for each stream of events.
    streams: Semaphore,
    stopper: Stopper,
}

fn start(error: std::io::Error) -> ServeError {
    ServeError::Start { reason: error.to_string() }
}
