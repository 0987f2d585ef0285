//! The end of a server, asked for in two steps.

use std::{io, sync::Arc};
#[cfg(unix)]
use tokio::signal::unix;
use tokio::sync::watch;

/// Stops a [`Server`](super::Server).
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<u8>>);

impl Stopper {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Has it take no more requests; the second time, not wait for those under way either.
    pub fn stop(&self) {
        self.0.send_modify(|times| *times = times.saturating_add(1));
    }

    /// Waits until it was stopped so many times.
    pub(super) async fn stopped(&self, at_least: u8) {
        // The sender is here: there is no error.
        let _ = self.0.subscribe().wait_for(|times| *times >= at_least).await;
    }
}

/// What the system sends to end a program.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Signals([unix::Signal; 2]);

#[cfg(unix)]
impl Signals {
    /// From now on they end nothing by themselves.
    pub(super) fn take() -> io::Result<Self> {
        let kinds = [unix::SignalKind::terminate(), unix::SignalKind::interrupt()];
        let [term, interrupt] = kinds.map(unix::signal);
        Ok(Self([term?, interrupt?]))
    }

    async fn next(&mut self) -> io::Result<()> {
        let [term, interrupt] = &mut self.0;
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
}

/// What the system sends to end a program.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn take() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

/// Stops at each signal, if there are any.
pub(super) async fn follow(signals: Option<Signals>, stopper: Stopper) {
    let Some(mut signals) = signals else { return };
    while signals.next().await.is_ok() {
        stopper.stop();
    }
}
