//! Calls under way, and who waits for them.

use super::{answer::Answer, shift::SLOTS};
use crate::{monotonic, serve::RequestError};
use ampoule::{Call, CallError, Host, Outcome};
use tokio::sync::oneshot;

/// Calls of all plugins.
pub(super) struct Calls {
    under_way: Vec<Pending>,
    most: usize,
}

struct Pending {
    call: Call<Outcome<'static>>,
    reply: oneshot::Sender<Answer>,
}

impl Calls {
    pub(super) const fn new(most: usize) -> Self {
        Self { under_way: Vec::new(), most }
    }

    /// Whether there may be one more.
    pub(super) fn room(&self) -> Result<(), Box<Answer>> {
        let is_full = self.under_way.len() >= self.most;
        if is_full { Err(Box::new(RequestError::Busy {}.into())) } else { Ok(()) }
    }

    pub(super) fn add(&mut self, call: Call<Outcome<'static>>, reply: oneshot::Sender<Answer>) {
        self.under_way.push(Pending { call, reply });
    }

    /// Stops the calls that nobody waits for any longer.
    pub(super) fn cancel_abandoned(&mut self, host: &mut Host<'_, SLOTS>) {
        let gone = self.under_way.extract_if(.., |pending| pending.reply.is_closed());
        gone.for_each(|pending| cancel(host, &pending.call));
    }

    pub(super) fn cancel_all(&mut self, host: &mut Host<'_, SLOTS>) {
        for Pending { call, reply } in self.under_way.drain(..) {
            cancel(host, &call);
            // It may have gone.
            let _ = reply.send(RequestError::Stopping {}.into());
        }
    }

    /// Answers those that are over.
    pub(super) fn answer(&mut self, host: &mut Host<'_, SLOTS>) {
        let over: Vec<_> =
            self.under_way.extract_if(.., |pending| host.is_over(&pending.call)).collect();
        for Pending { call, reply } in over {
            // It may have gone.
            let _ = reply.send(take(host, &call));
        }
    }
}

/// A call that is under way when it is cancelled leaves an answer, which is dropped too.
fn cancel(host: &mut Host<'_, SLOTS>, call: &Call<Outcome<'static>>) {
    host.cancel(call);
}

fn take<'h>(host: &'h mut Host<'_, SLOTS>, call: &Call<Outcome<'h>>) -> Answer {
    let error = |error: &CallError| Answer::of_call(error, monotonic());
    match host.take(call) {
        Some(Ok(outcome)) => Answer::outcome(&outcome),
        Some(Err(refused)) => error(&refused),
        None => RequestError::Busy {}.into(),
    }
}
