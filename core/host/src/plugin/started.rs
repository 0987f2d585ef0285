//! Calls that a host runs a slice at a time.

use super::{Plugin, no_instance};
use crate::{
    call::{self, Dose, Started, Step},
    cell::carried,
    error::{CallError, Refusal},
    fault::Fault,
    host::Pace,
    instance::{Instance, MessageFunc},
    service::{Micros, Services},
};
use alloc::vec::Vec;
use ampoule_abi::Decode;
use serde::Serialize;

impl Plugin {
    /// Writes a message for an entry, of which nothing runs yet. A fresh instance is made if one is due.
    pub(crate) fn start(
        &mut self,
        services: &mut Services,
        index: u16,
        message: &[u8],
    ) -> Result<Started, CallError> {
        self.ensure_ready(services)?;
        let Some(instance) = &mut self.instance else { return Err(no_instance()) };
        let length = call::write_encoded(instance, message)?;
        let function = instance.entry(usize::from(index)).ok_or(Refusal::OtherPlugin {})?;
        self.usage.fuel = 0;
        Ok(Started::new(function, length, self.module.limits.call_fuel))
    }

    /// Runs it on for a slice, and answers the fuel that this took. A fault drops the instance.
    pub(crate) fn step(
        &mut self,
        services: &mut Services,
        started: &mut Started,
        slice: u64,
    ) -> (Step, u64) {
        let Some(instance) = &mut self.instance else {
            return (Step::Over(Err(Fault::Engine {})), 0);
        };
        let seat = &self.seats.engine;
        let stepped = self.reach.lent(services, instance, |instance| {
            instance.store.data_mut().parking.open = true;
            let stepped = instance.on(seat, |it| started.step(&mut it.store, slice));
            instance.store.data_mut().parking.open = false;
            stepped
        });
        let (step, used) = stepped.unwrap_or_else(|ended| {
            started.lose();
            (Step::Over(Err(self.lose(ended))), 0)
        });
        self.usage.fuel = self.usage.fuel.saturating_add(used);
        let Step::Over(Err(fault)) = step else { return (step, used) };
        let fault = carried(fault);
        self.stop();
        (Step::Over(Err(fault)), used)
    }

    /// When the service that the guest sleeps in wants to be asked again: the outer `None` if it doesn't
    /// sleep, the inner if that is at every turn.
    pub(crate) fn sleeps_until(&self) -> Option<Option<Micros>> {
        let inside = self.instance.as_ref()?.store.data();
        inside.parking.parked.as_ref().map(|parked| parked.again_at())
    }

    /// Has that service asked again at the next turn.
    pub(crate) fn wake(&mut self) {
        if let Some(instance) = &mut self.instance
            && let Some(parked) = &mut instance.store.data_mut().parking.parked
        {
            parked.wake();
        }
    }

    /// Ends a call that isn't over: its instance goes, and the service that it sleeps in is told.
    pub(crate) fn abandon(&mut self, services: &mut Services) {
        let parked =
            self.instance.as_mut().and_then(|it| it.store.data_mut().parking.parked.take());
        if let Some(parked) = parked {
            self.reach.with(services, |reach| parked.cancel(reach));
        }
        self.stop();
    }

    /// A reply's bytes, for when the guest's memory is needed for something else.
    pub(crate) fn reply_copied(&self, bits: i64) -> Result<Vec<u8>, CallError> {
        let Some(instance) = &self.instance else { return Err(no_instance()) };
        let bytes = call::read_bytes(instance, bits, self.module.limits.message_bytes)?;
        let mut copy = Vec::new();
        let needed = bytes.len();
        copy.try_reserve_exact(needed).map_err(|_| Refusal::NoMemory { needed })?;
        copy.extend_from_slice(bytes);
        Ok(copy)
    }

    /// The reply itself, where it lies. One that can't be read condemns the instance.
    #[inline]
    pub(crate) fn reply<'p, Res: Decode<'p>>(&'p mut self, bits: i64) -> Result<Res, CallError> {
        let Some(instance) = &self.instance else { return Err(no_instance()) };
        let result = call::read(instance, bits, self.module.limits.message_bytes);
        if let Err(CallError::Fault(_)) = result {
            self.ready = 0;
        }
        result
    }

    /// Whether a call of it needs no more than fuel: its operations, if it imports any, don't park, and it
    /// runs in few slices.
    pub(crate) fn is_simple(&self) -> bool {
        !self.reach.granted.iter().any(|bound| bound.parks)
    }

    /// Crosses over with a typed request, in the way of [`Self::call_with`].
    #[inline]
    pub(crate) fn cross_with<Req: Serialize + ?Sized>(
        &mut self,
        services: &mut Services,
        index: u16,
        request: &Req,
    ) -> Result<i64, CallError> {
        self.ensure_ready(services)?;
        let services = if self.reach.granted.is_empty() { None } else { Some(services) };
        self.exchange(index, request, services)
    }

    /// Crosses over and stays until the guest has answered, awake or asleep.
    pub(crate) fn cross_slowly<Req: Serialize + ?Sized>(
        &mut self,
        services: &mut Services,
        index: u16,
        request: &Req,
        pace: &Pace,
    ) -> Result<i64, CallError> {
        self.ensure_ready(services)?;
        let Some(instance) = &mut self.instance else { return Err(no_instance()) };
        let length = call::write(instance, request)?;
        let function = instance.entry(usize::from(index)).ok_or(Refusal::OtherPlugin {})?;
        let mut started = Started::new(function, length, self.module.limits.call_fuel);
        self.usage.fuel = 0;
        loop {
            match self.step(services, &mut started, pace.slice).0 {
                Step::Over(ended) => return Ok(ended?),
                _ if pace.is_over() => break,
                Step::Runs => {}
                Step::Parked => {
                    let until = self.sleeps_until().flatten();
                    (pace.idle)(pace.until(until));
                }
            }
        }
        self.abandon(services);
        Err(Fault::Deadline {}.into())
    }

    /// How often it has used each operation so far, by the service's name. A panic of a service leaves
    /// the numbers with the instance that they were lent to.
    pub(crate) fn uses(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let lent = self.instance.iter().flat_map(|it| &it.store.data().reach.granted);
        self.reach.granted.iter().chain(lent).map(|bound| (bound.service, bound.uses))
    }

    pub(crate) const fn message_bytes(&self) -> usize {
        self.module.limits.message_bytes as usize
    }

    /// Whether it has state to give to its successor.
    pub(crate) fn saves(&self) -> bool {
        self.live().is_some_and(|instance| instance.save().is_some())
    }

    /// Whether it takes over its predecessor's state.
    pub(crate) fn restores(&self) -> bool {
        self.live().is_some_and(|instance| instance.restore().is_some())
    }

    /// Asks for its state, under init's fuel.
    pub(crate) fn save(&mut self, services: &mut Services) -> Result<Vec<u8>, CallError> {
        let bits = self.exchange_state(services, Instance::save, &[])?;
        self.reply_copied(bits)
    }

    /// Hands its predecessor's state to it, under init's fuel.
    pub(crate) fn restore(
        &mut self,
        services: &mut Services,
        state: &[u8],
    ) -> Result<(), CallError> {
        let bits = self.exchange_state(services, Instance::restore, state)?;
        let Some(instance) = &self.instance else { return Err(no_instance()) };
        call::read_nothing(instance, bits, self.module.limits.message_bytes)
    }

    fn exchange_state(
        &mut self,
        services: &mut Services,
        function: impl FnOnce(&Instance) -> Option<MessageFunc>,
        message: &[u8],
    ) -> Result<i64, CallError> {
        let limits = self.module.limits;
        let dose = Dose { budget: limits.init_fuel, slice: limits.slice_fuel };
        let Some(instance) = &mut self.instance else { return Err(no_instance()) };
        let function = function(instance).ok_or_else(no_instance)?;
        let length = call::write_encoded(instance, message)?;
        let (seat, used) = (&self.seats.engine, self.usage.fuel);
        let ran = self.reach.lent(services, instance, |instance| {
            instance.on(seat, |it| call::exchange_apart(it, function, length, dose))
        });
        let ended = self.ended(ran);
        // It isn't a call's.
        self.usage.fuel = used;
        ended
    }

    /// Makes a fresh instance if one is due. If that fails, the call used no fuel of its own.
    #[inline]
    pub(crate) fn ensure_ready(&mut self, services: &mut Services) -> Result<(), CallError> {
        if self.ready != 0 {
            return Ok(());
        }
        self.revive(services).inspect_err(|_| self.usage.fuel = 0)
    }
}
