//! Calls: in one go, or started and taken later.

use super::{
    Host, abandon,
    ledger::{Events, Settled},
    slot::{Live, Waiting},
    turn::Wake,
};
use crate::{
    counters::RefusalKind,
    entry::Entry,
    error::{CallError, Refusal},
    fault::Fault,
    id::PluginId,
    service::{Micros, Services},
};
use alloc::{boxed::Box, vec::Vec};
use ampoule_abi::{Decode, encode, encoded_len};
use core::{fmt, marker::PhantomData};
use serde::Serialize;

/// A call that was started, and answers a `Res`.
///
/// It is a name, not a handle: dropping it doesn't cancel the call, and its answer waits until somebody
/// takes it.
pub struct Call<Res> {
    pub(super) plugin: PluginId,
    pub(super) number: u64,
    reply: PhantomData<fn() -> Res>,
}

impl<Res> Call<Res> {
    /// The plugin that it calls.
    #[must_use]
    pub const fn plugin(&self) -> PluginId {
        self.plugin
    }
}

impl<Res> Clone for Call<Res> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Res> Copy for Call<Res> {}

impl<Res> fmt::Debug for Call<Res> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({}, {})", self.plugin, self.number)
    }
}

impl<const SLOTS: usize> Host<'_, SLOTS> {
    /// Calls an entry and answers its reply, which borrows from the guest's memory. Calls of the plugin
    /// that were started before come first.
    ///
    /// It blocks until the plugin has answered: in slices, so that its deadline holds. While the plugin
    /// sleeps, [`Config::idle`](super::Config::idle) is called; other plugins don't run.
    ///
    /// # Errors
    /// [`CallError::Refused`]: nothing is wrong with the plugin, or it said no, or its breaker is open.
    /// [`CallError::Fault`]: the guest was ended, by its deadline too; the next call makes a fresh
    /// instance.
    pub fn call<'h, Req: Serialize + ?Sized, Res: Decode<'h>>(
        &'h mut self,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> Result<Res, CallError> {
        self.call_within(entry, request, Micros::MAX)
    }

    /// [`Self::call`] that may take so many microseconds at most, less if the plugin's own deadline is
    /// shorter. It counts from when the calls that were started before are over, and is looked at between
    /// slices and while the plugin sleeps.
    ///
    /// # Errors
    /// As for [`Self::call`]; [`Fault::Deadline`] when the time is over.
    pub fn call_within<'h, Req: Serialize + ?Sized, Res: Decode<'h>>(
        &'h mut self,
        entry: &Entry<Req, Res>,
        request: &Req,
        micros: Micros,
    ) -> Result<Res, CallError> {
        let id = id_of(entry)?;
        if self.live(id)?.needs_turns() {
            self.clear_way(id)?;
        }
        let Self { config, clock, services, slots, events, .. } = self;
        let live = slots.get_mut(id).ok_or(Refusal::Stale { plugin: id })?;
        let index = live.entry(entry.index)?;
        let asked_at = clock();
        let pass = live.ledger.ask(asked_at)?;
        let allowed = live.current.deadline.map_or(micros, |time| time.min(micros));
        // No clock gets there.
        let deadline = (allowed < Micros::MAX).then(|| asked_at.saturating_add(allowed));
        services.swap_own(&mut live.current.own);
        let plugin = &mut live.current.plugin;
        let bits = if plugin.is_simple() && deadline.is_none() {
            plugin.cross_with(services, index, request)
        } else {
            let pace =
                Pace { slice: config.slice_fuel, deadline, clock: *clock, idle: config.idle };
            plugin.cross_slowly(services, index, request, &pace)
        };
        services.swap_own(&mut live.current.own);
        let (fuel, memory_bytes) = (plugin.usage().fuel, plugin.memory_bytes());
        let result = bits.and_then(|bits| plugin.reply(bits));
        let outcome = result.as_ref().map(|_| ());
        let now = clock();
        let settled = Settled { pass, result: outcome, fuel, asked_at, memory_bytes, now };
        let standing = live.ledger.settle(&settled, events);
        if let Some(previous) = &mut live.previous {
            previous.judge(standing);
        }
        result
    }

    /// Runs what was started before, and what a new version waits for.
    #[cold]
    fn clear_way(&mut self, id: PluginId) -> Result<(), CallError> {
        loop {
            let now = (self.clock)();
            let (_, next) = self.turn_of(id, now, u64::MAX);
            let live = self.live(id)?;
            if !live.is_busy() {
                return Ok(());
            }
            match next {
                Wake::Now if live.current.plugin.sleeps_until().is_some() => {
                    (self.config.idle)(now);
                }
                Wake::Now => {}
                Wake::At(until) => (self.config.idle)(until),
                Wake::Never => return Err(Refusal::Asleep {}.into()),
            }
        }
    }

    /// Starts a call: [`Self::poll`] runs it a slice at a time, [`Self::take`] answers its reply. If the
    /// plugin has others to do, it waits in line.
    ///
    /// # Errors
    /// [`Refusal`]: the plugin is gone, its breaker is open, [`MAX_CALLS`](crate::MAX_CALLS) of it are
    /// waiting or untaken, or the request is too large for any message.
    pub fn start<Req: Serialize + ?Sized, Res>(
        &mut self,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> Result<Call<Res>, Refusal> {
        let id = id_of(entry)?;
        let asked_at = (self.clock)();
        let live = self.slots.get_mut(id).ok_or(Refusal::Stale { plugin: id })?;
        live.entry(entry.index)?;
        let number = live.enqueue(entry.index, request, asked_at)?;
        self.list(id);
        Ok(Call { plugin: id, number, reply: PhantomData })
    }

    /// Takes the reply of a started call, which is given once. `None` while the call isn't over.
    ///
    /// A reply that isn't a `Res` is told here, and has been counted as a success: it was only now that
    /// anyone said what it was to be.
    ///
    /// # Errors
    /// As for [`Self::call`]; [`Refusal::NoSuchCall`] if it was taken or cancelled,
    /// [`Refusal::Stale`] if the plugin is gone and the call with it.
    pub fn take<'h, Res: Decode<'h>>(
        &'h mut self,
        call: &Call<Res>,
    ) -> Option<Result<Res, CallError>> {
        let id = call.plugin;
        let Some(live) = self.slots.get_mut(id) else {
            return Some(Err(Refusal::Stale { plugin: id }.into()));
        };
        let Some(at) = live.done.iter().position(|done| done.number == call.number) else {
            let known = live.is_under_way(call.number);
            return if known { None } else { Some(Err(Refusal::NoSuchCall {}.into())) };
        };
        match live.done.remove(at).result {
            Ok(bytes) => live.taken = bytes,
            Err(Some(error)) => return Some(Err(*error)),
            Err(None) => return Some(Err(Fault::OutOfMemory {}.into())),
        }
        let decoded = Res::decode(&live.taken);
        Some(decoded.map_err(|error| Fault::ReplyMalformed { error }.into()))
    }

    /// Whether a started call is over, so that [`Self::take`] answers something.
    #[must_use]
    pub fn is_over<Res>(&self, call: &Call<Res>) -> bool {
        !self.slots.get(call.plugin).is_some_and(|live| live.is_under_way(call.number))
    }

    /// Cancels a started call. One under way is really stopped, and its instance replaced before the next
    /// call; an answer that wasn't taken is dropped. False if there is no such call.
    pub fn cancel<Res>(&mut self, call: &Call<Res>) -> bool {
        let Some(live) = self.slots.get_mut(call.plugin) else { return false };
        if live.running.as_ref().is_some_and(|running| running.number == call.number) {
            let now = (self.clock)();
            live.end_running(
                &mut self.services,
                Refusal::Cancelled {}.into(),
                now,
                &mut self.events,
            );
        }
        live.forget(call.number)
    }

    /// Has the service that a plugin sleeps in asked again at the next turn: something that it waits for
    /// may have happened.
    ///
    /// # Errors
    /// [`Refusal::Stale`] if the plugin is gone.
    pub fn wake(&mut self, id: PluginId) -> Result<(), Refusal> {
        self.live(id)?.current.plugin.wake();
        Ok(())
    }
}

/// The plugin that an entry was bound on.
fn id_of<Req: ?Sized, Res>(entry: &Entry<Req, Res>) -> Result<PluginId, Refusal> {
    PluginId::from_bits(entry.identity).ok_or(Refusal::OtherPlugin {})
}

/// How a blocking call runs.
pub(crate) struct Pace {
    pub(crate) slice: u64,
    pub(crate) deadline: Option<Micros>,
    pub(crate) clock: fn() -> Micros,
    pub(crate) idle: fn(until: Micros),
}

impl Pace {
    /// How long to do nothing: until the service wants to be asked again, or the time is over.
    pub(crate) fn until(&self, again_at: Option<Micros>) -> Micros {
        let again_at = again_at.unwrap_or_else(|| (self.clock)());
        self.deadline.map_or(again_at, |deadline| deadline.min(again_at))
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| (self.clock)() >= deadline)
    }
}

impl Live {
    fn enqueue<Req: Serialize + ?Sized>(
        &mut self,
        entry: u16,
        request: &Req,
        asked_at: Micros,
    ) -> Result<u64, Refusal> {
        if !self.has_room() {
            self.ledger.counters.record_refusal(RefusalKind::QueueFull);
            return Err(Refusal::QueueFull {});
        }
        let most = self.current.plugin.message_bytes();
        let message = self.make_room().and_then(|()| encoded(request, most)).inspect_err(|_| {
            self.ledger.counters.record_refusal(RefusalKind::Request);
        })?;
        let pass = self.ledger.ask(asked_at)?;
        let number = self.next_call;
        // It doesn't get that far: an old number never names a new call.
        self.next_call = number.wrapping_add(1);
        let deadline = self.current.deadline.map(|time| asked_at.saturating_add(time));
        let waiting = Waiting { number, entry, message, asked_at, deadline, pass };
        self.waiting.push_back(waiting);
        Ok(number)
    }

    fn is_under_way(&self, number: u64) -> bool {
        self.running.as_ref().is_some_and(|running| running.number == number)
            || self.waiting.iter().any(|waiting| waiting.number == number)
    }

    /// Drops a call that isn't under way. False if there is none.
    fn forget(&mut self, number: u64) -> bool {
        if let Some(at) = self.done.iter().position(|done| done.number == number) {
            self.done.remove(at);
            return true;
        }
        let at = self.waiting.iter().position(|waiting| waiting.number == number);
        let Some(waiting) = at.and_then(|at| self.waiting.remove(at)) else { return false };
        self.ledger.breaker.give_back(waiting.pass);
        true
    }

    /// Ends the call under way before it is over.
    pub(super) fn end_running(
        &mut self,
        services: &mut Services,
        error: CallError,
        now: Micros,
        events: &mut Events,
    ) {
        let Some(running) = self.running.take() else { return };
        let memory_bytes = self.current.plugin.memory_bytes();
        abandon(services, &mut self.current);
        self.finish(running.number, running.ended(Err(error), memory_bytes, now), events);
    }
}

/// A request as the guest reads it.
fn encoded<Req: Serialize + ?Sized>(request: &Req, capacity: usize) -> Result<Box<[u8]>, Refusal> {
    let needed = encoded_len(request);
    if needed > capacity {
        return Err(Refusal::RequestTooLarge { needed, capacity });
    }
    let mut message = Vec::new();
    message.try_reserve_exact(needed).map_err(|_| Refusal::NoMemory { needed })?;
    message.resize(needed, 0);
    encode(request, &mut message).map_err(|_| Refusal::RequestType {})?;
    Ok(message.into())
}
