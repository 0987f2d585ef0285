//! The call path: fuel in slices, one crossing, the reply read where it lies.

use crate::{
    error::{CallError, Refusal},
    fault::Fault,
    guest_memory::GuestSlice,
    instance::{Inside, Instance, MessageFunc, of_engine},
    text::Text,
};
use ampoule_abi::{Decode, EncodeError, Failure, PackedReply, encode, encoded_len};
use core::mem;
use serde::Serialize;
use wasmi::{
    Store, TrapCode, TypedResumableCall, TypedResumableCallHostTrap, TypedResumableCallOutOfFuel,
};

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
    let mut started = Started::new(function, length, dose.budget);
    let mut used = 0_u64;
    loop {
        let (step, more) = started.step(store, dose.slice);
        used = used.saturating_add(more);
        if let Step::Over(result) = step {
            return Ran { result, used };
        }
    }
}

/// A call that runs a slice at a time, and sleeps where its services aren't ready yet.
pub(crate) struct Started {
    next: Next,
    budget: u64,
}

/// How it goes on.
enum Next {
    Start { function: MessageFunc, length: i32 },
    Run(TypedResumableCallOutOfFuel<i64>),
    Wake(TypedResumableCallHostTrap<i64>),
    Over,
}

/// Where a call stands after a slice.
pub(crate) enum Step {
    /// It has returned, or is gone.
    Over(Result<i64, Fault>),
    /// It wants more fuel.
    Runs,
    /// It sleeps.
    Parked,
}

impl Started {
    /// A call with a message of `length` bytes in the mailbox, of which nothing has run yet.
    pub(crate) const fn new(function: MessageFunc, length: i32, budget: u64) -> Self {
        Self { next: Next::Start { function, length }, budget }
    }

    /// Its work was abandoned: what the engine has of it can't be dropped.
    #[cold]
    pub(crate) fn lose(&mut self) {
        mem::forget(mem::replace(&mut self.next, Next::Over));
    }

    /// Runs it on for a slice. Answers the fuel that this took, too: more than the slice where a block
    /// or an operation costs more.
    pub(crate) fn step(&mut self, store: &mut Store<Inside>, slice: u64) -> (Step, u64) {
        let before = if let Next::Start { .. } = self.next { self.budget } else { unused(store) };
        let step = self.advance(store, slice);
        let used = before.saturating_sub(unused(store));
        if let Step::Over(_) = step {
            set_slice(store, 0, 0);
        }
        (step, used)
    }

    #[inline]
    fn advance(&mut self, store: &mut Store<Inside>, slice: u64) -> Step {
        if let Next::Start { function, length } = self.next {
            let slice = slice.min(self.budget);
            set_slice(store, slice, self.budget - slice);
            self.next = Next::Over;
            return match function.call_resumable(&mut *store, length) {
                // Most calls end in their first slice: nothing of it is kept anywhere.
                Ok(TypedResumableCall::Finished(bits)) => Step::Over(Ok(bits)),
                ran => self.after(store, ran),
            };
        }
        self.go_on(store, slice)
    }

    /// A further slice.
    #[cold]
    fn go_on(&mut self, store: &mut Store<Inside>, slice: u64) -> Step {
        let ran = match mem::replace(&mut self.next, Next::Over) {
            Next::Run(call) => {
                if !enlarge(store, slice, call.required_fuel()) {
                    return Step::Over(Err(Fault::OutOfFuel { budget: self.budget }));
                }
                call.resume(&mut *store)
            }
            Next::Wake(call) => return self.wake(store, slice, call),
            Next::Start { .. } | Next::Over => return Step::Over(Err(Fault::Engine {})),
        };
        self.after(store, ran)
    }

    /// Asks the service again that a sleeping guest waits for, and wakes it if there is an answer.
    fn wake(
        &mut self,
        store: &mut Store<Inside>,
        slice: u64,
        call: TypedResumableCallHostTrap<i64>,
    ) -> Step {
        let Some(mut parked) = store.data_mut().parking.parked.take() else {
            return Step::Over(Err(Fault::Engine {}));
        };
        enlarge(store, slice, 0);
        let ran = match parked.ask_again(store) {
            Ok(Some(answer)) => call.resume(&mut *store, answer.as_slice()),
            Ok(None) => {
                store.data_mut().parking.parked = Some(parked);
                self.next = Next::Wake(call);
                return Step::Parked;
            }
            Err(error) => Err(error),
        };
        self.after(store, ran)
    }

    #[cold]
    fn after(
        &mut self,
        store: &mut Store<Inside>,
        ran: Result<TypedResumableCall<i64>, wasmi::Error>,
    ) -> Step {
        match ran {
            Ok(TypedResumableCall::Finished(bits)) => Step::Over(Ok(bits)),
            Ok(TypedResumableCall::OutOfFuel(call)) => {
                self.next = Next::Run(call);
                Step::Runs
            }
            Ok(TypedResumableCall::HostTrap(call)) if store.data().parking.parked.is_some() => {
                self.next = Next::Wake(call);
                Step::Parked
            }
            Ok(TypedResumableCall::HostTrap(call)) => {
                Step::Over(Err(ended(store, call.host_error(), self.budget)))
            }
            Err(error) => Step::Over(Err(ended(store, &error, self.budget))),
        }
    }
}

/// Moves fuel from beyond the slice into it, until it has `slice` or what the next block costs. False if
/// there isn't as much.
fn enlarge(store: &mut Store<Inside>, slice: u64, required: u64) -> bool {
    let left = unused(store);
    let granted = slice.max(required).min(left);
    set_slice(store, granted, left - granted);
    granted >= required
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
    let bytes = read_bytes(instance, bits, allowed)?;
    Res::decode(bytes).map_err(|error| Fault::ReplyMalformed { error }.into())
}

/// The reply's bytes where they lie.
#[inline]
pub(crate) fn read_bytes(instance: &Instance, bits: i64, allowed: u32) -> Result<&[u8], CallError> {
    match locate(instance, bits, allowed)? {
        (true, bytes) => Err(failure(bytes)),
        (false, bytes) => Ok(bytes),
    }
}

/// Reads a reply of which only success counts.
pub(crate) fn read_nothing(instance: &Instance, bits: i64, allowed: u32) -> Result<(), CallError> {
    read_bytes(instance, bits, allowed).map(|_| ())
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
