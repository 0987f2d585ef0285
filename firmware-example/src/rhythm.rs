//! Calls of a plugin at regular times.

use crate::board;
use ampoule::{Call, CallError, Decode, Entry, Host, Micros, Refusal};

/// An entry that is called at regular times, each call started when the one before is over.
pub(crate) struct Rhythm<Req, Res> {
    entry: Entry<Req, Res>,
    call: Option<Call<Res>>,
    /// When the next call is to start, or the one under way was to.
    due: Micros,
    every: Micros,
    /// The longest from when a call was due to its answer.
    slowest: Micros,
}

impl<Req: serde::Serialize, Res> Rhythm<Req, Res> {
    pub(crate) fn new(entry: Entry<Req, Res>, every: Micros) -> Self {
        Self { entry, call: None, due: board::now() + every, every, slowest: 0 }
    }

    /// Starts the call that is due, if one is.
    pub(crate) fn start<const SLOTS: usize>(
        &mut self,
        host: &mut Host<'_, SLOTS>,
        now: Micros,
        request: impl FnOnce() -> Req,
    ) -> Result<(), Refusal> {
        if self.call.is_some() || now < self.due {
            return Ok(());
        }
        match host.start(&self.entry, &request()) {
            Ok(call) => self.call = Some(call),
            Err(refusal) => {
                self.due += self.every;
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Takes the answer, if there is one.
    pub(crate) fn take<'h, const SLOTS: usize>(
        &mut self,
        host: &'h mut Host<'_, SLOTS>,
    ) -> Option<Result<Res, CallError>>
    where
        Res: Decode<'h>,
    {
        let answer = host.take(self.call.as_ref()?)?;
        self.call = None;
        self.slowest = self.slowest.max(board::now().saturating_sub(self.due));
        self.due += self.every;
        Some(answer)
    }

    /// Changes the time to the next call.
    pub(crate) fn next_after(&mut self, every: Micros) {
        self.due = self.due - self.every + every;
        self.every = every;
    }

    /// When the next call is to start; never while one is under way.
    pub(crate) fn due(&self) -> Micros {
        if self.call.is_some() { Micros::MAX } else { self.due }
    }

    pub(crate) fn slowest(&self) -> Micros {
        self.slowest
    }
}
