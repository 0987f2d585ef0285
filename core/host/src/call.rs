//! The call path: fuel in slices, one crossing, the reply read where it lies.

use crate::{
    error::{CallError, Refusal},
    fault::Fault,
    guest_memory::GuestSlice,
    instance::{Inside, Instance, MessageFunc, of_engine},
    text::Text,
};
use ampoule_abi::{Decode, EncodeError, Failure, PackedReply, encode, encoded_len};
use serde::Serialize;
use wasmi::{Store, TypedFunc, TypedResumableCall, WasmParams, WasmResults};

/// A budget of fuel, given out in slices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    budget: u64,
    slice: u64,
    /// What has been given to the store so far, used or not.
    granted: u64,
    used: u64,
}

impl Meter {
    pub(crate) const fn new(budget: u64, slice: u64) -> Self {
        Self { budget, slice, granted: 0, used: 0 }
    }

    /// Fuel used so far.
    pub(crate) const fn used(&self) -> u64 {
        self.used
    }

    /// The store's fuel for the next slice, when `left` of the last is unused and the guest's next
    /// block costs `required`. `None` if the budget doesn't hold that.
    fn next(&mut self, left: u64, required: u64) -> Option<u64> {
        let ahead = self.budget - self.granted;
        let more = self.slice.max(required).saturating_sub(left).min(ahead);
        let fuel = left + more;
        self.granted += more;
        (fuel >= required).then_some(fuel)
    }

    fn note(&mut self, left: u64) {
        self.used = self.granted.saturating_sub(left);
    }

    const fn out_of_fuel(&self) -> Fault {
        Fault::OutOfFuel { budget: self.budget }
    }
}

/// Puts the meter's next slice into the store.
pub(crate) fn grant(store: &mut Store<Inside>, meter: &mut Meter) -> Result<(), Fault> {
    let left = meter.granted - meter.used;
    refuel(store, meter, left, 0)
}

fn refuel(
    store: &mut Store<Inside>,
    meter: &mut Meter,
    left: u64,
    required: u64,
) -> Result<(), Fault> {
    let fuel = meter.next(left, required).ok_or_else(|| meter.out_of_fuel())?;
    store.set_fuel(fuel).map_err(|error| of_engine(&error))
}

/// Runs a guest function, slice after slice, until it returns, faults or has used up the budget.
pub(crate) fn run<P: WasmParams, R: WasmResults>(
    store: &mut Store<Inside>,
    function: &TypedFunc<P, R>,
    params: P,
    meter: &mut Meter,
) -> Result<R, Fault> {
    grant(store, meter)?;
    let mut step = function.call_resumable(&mut *store, params);
    loop {
        let left = store.get_fuel().map_err(|error| of_engine(&error))?;
        meter.note(left);
        match step {
            Ok(TypedResumableCall::Finished(results)) => return Ok(results),
            Ok(TypedResumableCall::OutOfFuel(call)) => {
                refuel(store, meter, left, call.required_fuel())?;
                step = call.resume(&mut *store);
            }
            // A host function's error could be resumed; dropping the call makes it final.
            Ok(TypedResumableCall::HostTrap(call)) => return Err(ended(store, call.host_error())),
            Err(error) => return Err(ended(store, &error)),
        }
    }
}

/// The verdict on an ended guest: its last words tell more than the trap that they came with.
fn ended(store: &mut Store<Inside>, error: &wasmi::Error) -> Fault {
    match store.data_mut().take_last_words() {
        Some(message) => Fault::Panic { message },
        None => of_engine(error),
    }
}

/// Where a reply lies, checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    failed: bool,
    slice: GuestSlice,
}

/// Crosses over with a message of `length` bytes in the mailbox, and answers where the reply lies.
pub(crate) fn exchange(
    instance: &mut Instance,
    function: MessageFunc,
    length: i32,
    message_bytes: u32,
    meter: &mut Meter,
) -> Result<Reply, Fault> {
    let bits = run(&mut instance.store, &function, length, meter)?;
    check_reply(bits, instance.memory().len(), message_bytes)
}

/// Writes a request straight into the mailbox and answers its length.
pub(crate) fn write<Req: Serialize + ?Sized>(
    instance: &mut Instance,
    request: &Req,
) -> Result<i32, Refusal> {
    let mailbox = instance.mailbox_mut();
    let capacity = mailbox.len();
    match encode(request, mailbox) {
        Ok(written) => message_length(written.len(), capacity),
        Err(EncodeError::Full) => {
            Err(Refusal::RequestTooLarge { needed: encoded_len(request), capacity })
        }
        Err(_) => Err(Refusal::RequestType {}),
    }
}

/// Writes a request that is encoded already.
pub(crate) fn write_encoded(instance: &mut Instance, request: &[u8]) -> Result<i32, Refusal> {
    let mailbox = instance.mailbox_mut();
    let (needed, capacity) = (request.len(), mailbox.len());
    match mailbox.get_mut(..needed) {
        Some(place) => place.copy_from_slice(request),
        None => return Err(Refusal::RequestTooLarge { needed, capacity }),
    }
    message_length(needed, capacity)
}

/// The mailbox was cut to a limit of 32 bits; a length of the ABI has 31.
fn message_length(needed: usize, capacity: usize) -> Result<i32, Refusal> {
    i32::try_from(needed).map_err(|_| Refusal::RequestTooLarge { needed, capacity })
}

fn check_reply(bits: i64, memory: usize, allowed: u32) -> Result<Reply, Fault> {
    let reply = PackedReply::from_bits(bits).ok_or(Fault::ReplyBits { bits: bits as u64 })?;
    let PackedReply { failed, address, length } = reply;
    if length > allowed {
        return Err(Fault::ReplyTooLarge { length, allowed });
    }
    let slice = GuestSlice::new(address, length);
    if !slice.is_inside(memory) {
        return Err(Fault::ReplyOutside { address, length, memory });
    }
    Ok(Reply { failed, slice })
}

/// Reads the reply where it lies.
pub(crate) fn read<'i, Res: Decode<'i>>(
    instance: &'i Instance,
    reply: Reply,
) -> Result<Res, CallError> {
    let bytes = reply.slice.of(instance.memory()).ok_or(Fault::Engine {})?;
    if reply.failed {
        return Err(failure(bytes)?.into());
    }
    Ok(Res::decode(bytes).map_err(|error| Fault::ReplyMalformed { error })?)
}

fn failure(bytes: &[u8]) -> Result<Refusal, Fault> {
    let Failure { code, message } =
        Failure::decode(bytes).map_err(|error| Fault::FailureMalformed { error })?;
    Ok(Refusal::Failure { code, message: Text::from_guest(message.as_bytes()) })
}

/// Reads a reply of which only success counts.
pub(crate) fn read_nothing(instance: &Instance, reply: Reply) -> Result<(), CallError> {
    if reply.failed { read::<()>(instance, reply) } else { Ok(()) }
}
