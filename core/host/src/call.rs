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
use wasmi::{Store, TrapCode, TypedResumableCall};

/// How much fuel a call may use, and in what portions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dose {
    pub(crate) budget: u64,
    pub(crate) slice: u64,
}

impl Dose {
    /// What is left of it after `used`.
    pub(crate) const fn after(self, used: u64) -> Self {
        Self { budget: self.budget.saturating_sub(used), ..self }
    }
}

/// How a run ended, and the fuel that it used.
pub(crate) struct Ran<R> {
    pub(crate) result: Result<R, Fault>,
    pub(crate) used: u64,
}

/// Runs anything that charges fuel on `budget`, in one go.
#[inline]
pub(crate) fn charged<T>(
    store: &mut Store<Inside>,
    budget: u64,
    work: impl FnOnce(&mut Store<Inside>) -> Result<T, wasmi::Error>,
) -> Ran<T> {
    set_fuel(store, budget);
    let result = work(store);
    let used = budget.saturating_sub(fuel(store));
    Ran { result: result.map_err(|error| ended(store, &error, budget)), used }
}

/// Crosses over with a message of `length` bytes in the mailbox and answers the packed reply.
#[inline]
pub(crate) fn exchange(
    instance: &mut Instance,
    function: MessageFunc,
    length: i32,
    dose: Dose,
) -> Ran<i64> {
    if dose.budget <= dose.slice {
        // One slice holds the whole budget: what need not go on later is cheaper to start.
        charged(&mut instance.store, dose.budget, |store| function.call(store, length))
    } else {
        in_slices(&mut instance.store, function, length, dose)
    }
}

/// [`exchange`] for all but the plain call of an entry, which alone has the engine's own entry inlined:
/// that is a tenth of the shortest calls.
#[inline(never)]
pub(crate) fn exchange_apart(
    instance: &mut Instance,
    function: MessageFunc,
    length: i32,
    dose: Dose,
) -> Ran<i64> {
    exchange(instance, function, length, dose)
}

/// Runs slice after slice, until the guest returns, faults or has used up its budget.
#[inline(never)]
fn in_slices(
    store: &mut Store<Inside>,
    function: MessageFunc,
    length: i32,
    dose: Dose,
) -> Ran<i64> {
    let Dose { budget, slice } = dose;
    set_slice(store, slice, budget - slice);
    let result = match function.call_resumable(&mut *store, length) {
        Ok(TypedResumableCall::Finished(bits)) => Ok(bits),
        step => go_on(store, step, dose),
    };
    let used = budget.saturating_sub(unused(store));
    store.data_mut().beyond = 0;
    Ran { result, used }
}

/// The rest of a call that its first slice didn't end.
#[cold]
fn go_on(
    store: &mut Store<Inside>,
    mut step: Result<TypedResumableCall<i64>, wasmi::Error>,
    dose: Dose,
) -> Result<i64, Fault> {
    let Dose { budget, slice } = dose;
    loop {
        match step {
            Ok(TypedResumableCall::Finished(bits)) => return Ok(bits),
            Ok(TypedResumableCall::OutOfFuel(call)) => {
                // What the next block costs is charged before it runs: a slice below that would
                // never get past it.
                let required = call.required_fuel();
                let left = unused(store);
                let granted = slice.max(required).min(left);
                if granted < required {
                    return Err(Fault::OutOfFuel { budget });
                }
                set_slice(store, granted, left - granted);
                step = call.resume(&mut *store);
            }
            // A host function's error could be resumed; dropping the call makes it final.
            Ok(TypedResumableCall::HostTrap(call)) => {
                return Err(ended(store, call.host_error(), budget));
            }
            Err(error) => return Err(ended(store, &error, budget)),
        }
    }
}

/// Gives the store the fuel of a slice, and tells host functions what the budget has beyond it.
fn set_slice(store: &mut Store<Inside>, slice: u64, beyond: u64) {
    set_fuel(store, slice);
    store.data_mut().beyond = beyond;
}

/// What is left of the budget, in the slice and beyond it.
fn unused(store: &Store<Inside>) -> u64 {
    fuel(store).saturating_add(store.data().beyond)
}

/// Metering is always on, so neither of these can fail. If one did, the guest would have no fuel.
#[inline]
fn set_fuel(store: &mut Store<Inside>, fuel: u64) {
    let metered = store.set_fuel(fuel);
    debug_assert!(metered.is_ok(), "the engine is set up with metering");
}

#[inline]
fn fuel(store: &Store<Inside>) -> u64 {
    store.get_fuel().unwrap_or(0)
}

/// The verdict on an ended guest: its last words tell more than the trap that they came with.
#[cold]
fn ended(store: &mut Store<Inside>, error: &wasmi::Error, budget: u64) -> Fault {
    match (store.data_mut().take_last_words(), error.as_trap_code()) {
        (Some(message), _) => Fault::Panic { message },
        (None, Some(TrapCode::OutOfFuel)) => Fault::OutOfFuel { budget },
        (None, _) => of_engine(error),
    }
}

/// Writes a request straight into the mailbox and answers its length.
#[inline]
pub(crate) fn write<Req: Serialize + ?Sized>(
    instance: &mut Instance,
    request: &Req,
) -> Result<i32, Refusal> {
    let mailbox = instance.mailbox_mut();
    let capacity = mailbox.len();
    match encode(request, mailbox) {
        // A mailbox is never longer than an i32 tells.
        Ok(written) => Ok(written.len() as i32),
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
    let place = mailbox.get_mut(..needed).ok_or(Refusal::RequestTooLarge { needed, capacity })?;
    place.copy_from_slice(request);
    Ok(needed as i32)
}

/// Reads the reply where it lies.
#[inline]
pub(crate) fn read<'i, Res: Decode<'i>>(
    instance: &'i Instance,
    bits: i64,
    allowed: u32,
) -> Result<Res, CallError> {
    let (failed, bytes) = locate(instance, bits, allowed)?;
    if failed {
        return Err(failure(bytes));
    }
    Res::decode(bytes).map_err(|error| Fault::ReplyMalformed { error }.into())
}

/// Reads a reply of which only success counts.
pub(crate) fn read_nothing(instance: &Instance, bits: i64, allowed: u32) -> Result<(), CallError> {
    match locate(instance, bits, allowed)? {
        (true, bytes) => Err(failure(bytes)),
        (false, _) => Ok(()),
    }
}

/// Finds the bytes that a packed reply points to, and whether they are a failure.
#[inline]
fn locate(instance: &Instance, bits: i64, allowed: u32) -> Result<(bool, &[u8]), Fault> {
    let Some(PackedReply { failed, address, length }) = PackedReply::from_bits(bits) else {
        return Err(Fault::ReplyBits { bits: bits as u64 });
    };
    if length > allowed {
        return Err(Fault::ReplyTooLarge { length, allowed });
    }
    let memory = instance.memory();
    match GuestSlice::new(address, length).of(memory) {
        Some(bytes) => Ok((failed, bytes)),
        None => Err(Fault::ReplyOutside { address, length, memory: memory.len() }),
    }
}

#[cold]
fn failure(bytes: &[u8]) -> CallError {
    match Failure::decode(bytes) {
        Ok(Failure { code, message }) => {
            Refusal::Failure { code, message: Text::from_guest(message.as_bytes()) }.into()
        }
        Err(error) => Fault::FailureMalformed { error }.into(),
    }
}
