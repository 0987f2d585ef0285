//! A plugin's instances: how they are made, lent what they may reach, and lost.

use super::Plugin;
use crate::{
    call::{self, Dose, Ran},
    cell::{Ended, HeapUse, MaybeCell, Seat, carried},
    engine::Module,
    error::{CallError, LoadError, Refusal},
    fault::Fault,
    instance::Instance,
    service::{Services, glue::Reach},
};
use alloc::vec::Vec;
use ampoule_abi::{Context, encode, encoded_len};
use core::mem;

impl Plugin {
    /// A fault drops the instance.
    #[cold]
    pub(super) fn of_run(&mut self, fault: Fault) -> CallError {
        let fault = carried(fault);
        self.stop();
        fault.into()
    }

    /// Takes in how a run ended; a fault drops the instance.
    #[inline]
    pub(super) fn ended(&mut self, ran: Result<Ran<i64>, Ended>) -> Result<i64, CallError> {
        let ran = ran.unwrap_or_else(|ended| Ran { result: Err(self.lose(ended)), used: 0 });
        self.usage.fuel = ran.used;
        ran.result.map_err(|fault| self.of_run(fault))
    }

    /// Its work was abandoned: all that the engine made of it goes, without destructors. What is left
    /// says who it was, and refuses to be called.
    #[cold]
    pub(crate) fn lose(&mut self, ended: Ended) -> Fault {
        self.ready = 0;
        mem::forget(self.instance.take());
        self.module.lose();
        self.seats.engine.clear();
        ended.into()
    }

    /// Whether its engine's part is gone, so that nothing of it ever runs again.
    pub(crate) const fn is_lost(&self) -> bool {
        self.module.inner().is_none()
    }

    /// The cell that it runs in.
    pub(crate) const fn cell(&self) -> MaybeCell {
        self.seats.engine.cell
    }

    /// What it has on the heap, where that is known.
    pub(crate) fn heap(&self) -> HeapUse {
        self.seats.heap()
    }

    pub(super) fn keep_init_message(&mut self, context: &Context<'_>) -> Result<(), LoadError> {
        if !self.module.has_init() {
            return Ok(());
        }
        let needed = encoded_len(context);
        let capacity = self.module.limits.message_bytes as usize;
        if needed > capacity {
            return Err(Refusal::RequestTooLarge { needed, capacity }.into());
        }
        let mut message = Vec::new();
        message.try_reserve_exact(needed).map_err(|_| Refusal::NoMemory { needed })?;
        message.resize(needed, 0);
        encode(context, &mut message).map_err(|_| Refusal::RequestType {})?;
        self.init_message = message.into();
        Ok(())
    }

    #[cold]
    pub(super) fn make_ready(
        &mut self,
        identity: u64,
        services: Option<&mut Services>,
    ) -> Result<(), CallError> {
        if identity != self.module.identity {
            return Err(Refusal::OtherPlugin {}.into());
        }
        match services {
            Some(services) => self.revive(services),
            // Its `ampoule_init` would find nothing granted, and the instance would stay so.
            None if !self.reach.granted.is_empty() => Err(Refusal::NeedsServices {}.into()),
            None => self.revive(&mut Services::none()),
        }
    }

    /// Makes a fresh instance and initializes it.
    pub(super) fn revive(&mut self, services: &mut Services) -> Result<(), CallError> {
        if self.is_lost() {
            return Err(Fault::OutOfMemory {}.into());
        }
        self.stop();
        self.usage.instances = self.usage.instances.saturating_add(1);
        self.usage.fuel = 0;
        let Self { module, init_message: message, reach, usage, seats, .. } = self;
        let instance = reach.with(services, |reach| {
            initialized(module, message, &mut usage.fuel, reach, &seats.engine)
        });
        let instance = match instance {
            Ok(instance) => instance,
            Err(ended) => return Err(self.lose(ended).into()),
        };
        self.instance = Some(instance.map_err(|error| self.of_init(error))?);
        self.ready = self.module.identity;
        Ok(())
    }

    /// The steps of instantiation share one budget, of which each sees only what the ones before it
    /// left; and what `ampoule_init` refuses is not the call's own refusal.
    fn of_init(&self, error: CallError) -> CallError {
        match error {
            CallError::Refused(refusal) => CallError::Init(refusal),
            CallError::Fault(Fault::OutOfFuel { .. }) => {
                Fault::OutOfFuel { budget: self.module.limits.init_fuel }.into()
            }
            error => error,
        }
    }
}

/// The outer error: its work was abandoned, and what the engine made is lost.
fn initialized(
    module: &Module,
    message: &[u8],
    used: &mut u64,
    reach: &mut Reach,
    seat: &Seat,
) -> Result<Result<Instance, CallError>, Ended> {
    let limits = &module.limits;
    let dose = Dose { budget: limits.init_fuel, slice: limits.slice_fuel };
    let mut instance = match Instance::new(module, dose, used, reach, seat)? {
        Ok(instance) => instance,
        Err(fault) => return Ok(Err(fault.into())),
    };
    let Some(init) = instance.init() else { return Ok(Ok(instance)) };
    let length = match call::write_encoded(&mut instance, message) {
        Ok(length) => length,
        Err(refusal) => return Ok(Err(refusal.into())),
    };
    instance.swap_reach(reach);
    let ran = instance.on(seat, |it| call::exchange_apart(it, init, length, dose.after(*used)));
    instance.swap_reach(reach);
    let ran = match ran {
        Ok(ran) => ran,
        Err(ended) => {
            mem::forget(instance);
            return Err(ended);
        }
    };
    *used += ran.used;
    let answered = ran.result.map_err(|fault| CallError::from(carried(fault)));
    let answered =
        answered.and_then(|bits| call::read_nothing(&instance, bits, limits.message_bytes));
    Ok(answered.map(|()| instance))
}

impl Reach {
    /// Has the services while `work` runs.
    pub(super) fn with<T>(
        &mut self,
        services: &mut Services,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        mem::swap(services, &mut self.services);
        let done = work(self);
        mem::swap(services, &mut self.services);
        done
    }

    /// [`Self::lent`], if there is something to lend.
    pub(super) fn maybe_lent<T>(
        &mut self,
        services: Option<&mut Services>,
        instance: &mut Instance,
        work: impl FnOnce(&mut Instance) -> T,
    ) -> T {
        match services {
            Some(services) => self.lent(services, instance, work),
            None => work(instance),
        }
    }

    /// Lends services and grants to an instance while `work` runs it.
    pub(super) fn lent<T>(
        &mut self,
        services: &mut Services,
        instance: &mut Instance,
        work: impl FnOnce(&mut Instance) -> T,
    ) -> T {
        self.with(services, |reach| {
            instance.swap_reach(reach);
            let done = work(instance);
            instance.swap_reach(reach);
            done
        })
    }
}
