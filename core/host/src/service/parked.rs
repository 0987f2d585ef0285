//! Operations that a guest sleeps in, until their service has the answer.
//!
//! Where a call may be parked, a pending answer ends the guest's run with an error that it can be resumed
//! from, and what was asked stays in its store. It is asked again as it was: the guest's memory can't
//! change while the guest sleeps.

use super::{
    Micros, Scalar,
    glue::{Ended, Guest, Price, Reach, charge, to_val, too_small},
};
use crate::{guest_memory::GuestSlice, inspect::ValueType, instance::Inside};
use alloc::boxed::Box;
use ampoule_abi::Status;
use core::fmt;
use wasmi::{AsContextMut, Memory, Store, Val, errors::HostError};

/// What a guest asks a service.
pub(super) struct Ask {
    /// In its grants.
    pub(super) index: usize,
    pub(super) price: Price,
    pub(super) what: What,
}

pub(super) enum What {
    Message { memory: Memory, request: GuestSlice, reply: GuestSlice },
    Scalar { params: Box<[Scalar]>, result: Option<ValueType> },
}

/// What a guest sleeps in.
pub(crate) struct Parked {
    ask: Ask,
    since: Micros,
    again_at: Option<Micros>,
}

/// Whether a guest may sleep, and what it sleeps in.
#[derive(Default)]
pub(crate) struct Parking {
    /// Someone is there to ask again.
    pub(crate) open: bool,
    pub(crate) parked: Option<Box<Parked>>,
}

/// Ends a run that is resumed later.
#[derive(Debug)]
struct Sleeps;

impl fmt::Display for Sleeps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("asleep")
    }
}

impl HostError for Sleeps {}

impl Ask {
    /// Asks the service behind a message operation. The ranges were checked, and a memory never shrinks.
    /// The error is for the engine.
    #[inline]
    pub(super) fn message(
        &self,
        guest: &mut impl AsContextMut<Data = Inside>,
        since: Option<Micros>,
    ) -> Result<Result<i32, Status>, Ended> {
        let What::Message { memory, request, reply } = self.what else {
            return Ok(Err(Status::Failed));
        };
        let mut guest = guest.as_context_mut();
        let (bytes, inside) = memory.data_and_store_mut(&mut guest);
        let Some((request, out)) = request.beside(reply, bytes) else {
            return Ok(Err(Status::Invalid));
        };
        let written = inside.reach.use_one(self.index, since, |service, caller, operation| {
            service.message(caller, operation, request, out)
        });
        Ok(match written {
            Ok(length) if length <= out.len() => {
                // A reply is no longer than a message, which an i32 tells.
                charge(&mut guest, self.price.bytes(length as u32))?;
                Ok(length as i32)
            }
            Ok(length) => Ok(too_small(length, out)),
            Err(status) => Err(status),
        })
    }

    /// The error that puts the guest to sleep.
    pub(super) fn park(self, guest: &mut Guest<'_>) -> Ended {
        let inside = guest.data_mut();
        let since = inside.reach.services.now();
        let again_at = inside.reach.again_at(self.index, since);
        inside.parking.parked = Some(Box::new(Parked { ask: self, since, again_at }));
        Ended::host(Sleeps)
    }
}

impl Parked {
    /// When to ask again, if that is known.
    pub(crate) const fn again_at(&self) -> Option<Micros> {
        self.again_at
    }

    /// Asks again at the next turn.
    pub(crate) fn wake(&mut self) {
        self.again_at = None;
    }

    /// Asks again. The answer is what the guest's import returns; it is paid for as if it had come at
    /// once.
    pub(crate) fn ask_again(
        &mut self,
        store: &mut Store<Inside>,
    ) -> Result<Option<Option<Val>>, Ended> {
        let Self { ask, since, again_at } = self;
        let first = Some(*since);
        let answer = match &ask.what {
            What::Message { .. } => match ask.message(store, first)? {
                Err(Status::Pending) => None,
                answered => Some(Some(Val::I32(answered.unwrap_or_else(Status::code)))),
            },
            What::Scalar { params, result } => {
                let reach = &mut store.data_mut().reach;
                match reach.use_one(ask.index, first, |service, caller, operation| {
                    service.scalar(caller, operation, params)
                }) {
                    Err(Status::Pending) => None,
                    answered => Some(result.map(|ty| to_val(ty, answered))),
                }
            }
        };
        if answer.is_none() {
            *again_at = store.data_mut().reach.again_at(ask.index, *since);
        }
        Ok(answer)
    }

    /// Tells the service that nobody waits for it any longer.
    pub(crate) fn cancel(&self, reach: &mut Reach) {
        reach.cancel(self.ask.index);
    }
}
