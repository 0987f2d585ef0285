//! Between the engine and the services: pointers are checked, rates and fuel are kept, and only then
//! does a service see bytes.

use super::{
    Bound, Caller, Form, Imported, MAX_SCALARS, Micros, Operation, Scalar, Service, Services,
    parked::{Ask, What},
};
use crate::{
    engine::Module,
    guest_memory::GuestSlice,
    inspect::ValueType,
    instance::{Inside, panic},
};
use alloc::{boxed::Box, vec::Vec};
use ampoule_abi::{Status, import};
use wasmi::{AsContextMut, Extern, Func, FuncType, Store, TrapCode, Val, ValType};

pub(super) type Guest<'a> = wasmi::Caller<'a, Inside>;
pub(super) type Ended = wasmi::Error;

/// What a guest reaches while it runs: lent to its store for the time of a call.
#[derive(Default)]
pub(crate) struct Reach {
    pub(crate) services: Services,
    /// One for each operation that it imports.
    pub(crate) granted: Vec<Bound>,
    /// The plugin's name, for services.
    pub(crate) plugin: Box<str>,
}

/// Makes the functions that a module imports, in its order.
pub(crate) fn imports(store: &mut Store<Inside>, module: &Module) -> Vec<Extern> {
    let mut operations = module.operations().iter();
    let functions = module.inner.imports().map(|import| {
        let own = import.module() == import::MODULE;
        // Admission found an operation for each import that isn't the host's own, in this order.
        match operations.next_if_not(own) {
            Some(Imported { grant, operation }) => function(store, *grant, *operation),
            None => Func::wrap(&mut *store, panic),
        }
    });
    functions.map(Extern::Func).collect()
}

/// [`Iterator::next`], but where `skip` says not.
trait NextIfNot: Iterator {
    fn next_if_not(&mut self, skip: bool) -> Option<Self::Item> {
        if skip { None } else { self.next() }
    }
}

impl<I: Iterator> NextIfNot for I {}

fn function(store: &mut Store<Inside>, index: usize, operation: Operation) -> Func {
    match operation.form {
        Form::Message => Func::wrap(
            store,
            move |guest: Guest<'_>, at: i32, length: i32, reply_at: i32, capacity: i32| {
                // The guest's i32 are addresses and lengths: no sign.
                let request = GuestSlice::new(at as u32, length as u32);
                let reply = GuestSlice::new(reply_at as u32, capacity as u32);
                message(guest, index, operation, request, reply)
            },
        ),
        Form::Scalar { params, result } => {
            let params = params.iter().map(|ty| val_type(*ty));
            let results = result.iter().map(|ty| val_type(*ty));
            Func::new(store, FuncType::new(params, results), move |guest, params, results| {
                scalar(guest, index, operation, params, results)
            })
        }
    }
}

/// A use of a message operation. The guest pays for being heard, then for the bytes that the service
/// is to read, then for those that it wrote; ranges that are wrong cost no more than the first.
fn message(
    mut guest: Guest<'_>,
    index: usize,
    operation: Operation,
    request: GuestSlice,
    reply: GuestSlice,
) -> Result<i32, Ended> {
    charge(&mut guest, u64::from(operation.base_fuel))?;
    let most = guest.data().message_bytes();
    let Some(memory) = guest.data().memory() else { return Ok(Status::Failed.code()) };
    let whole = memory.data_mut(&mut guest);
    let inside = reply.is_inside(whole.len());
    let reply = reply.cut(most);
    if !inside || request.length() > most || request.beside(reply, whole).is_none() {
        return Ok(Status::Invalid.code());
    }
    charge(&mut guest, bytes_cost(operation, request.length()))?;
    let ask = Ask { index, operation, what: What::Message { request, reply } };
    match ask.message(&mut guest, request, reply, None)? {
        Err(Status::Pending) if guest.data().parking.open => Err(ask.park(&mut guest)),
        answered => Ok(code(answered)),
    }
}

/// What the guest gets of an answer.
pub(super) fn code(answered: Result<i32, Status>) -> i32 {
    answered.unwrap_or_else(Status::code)
}

/// Tells the guest how long its buffer has to be, if there is room to tell it.
pub(super) fn too_small(needed: usize, out: &mut [u8]) -> i32 {
    let needed = u32::try_from(needed).unwrap_or(u32::MAX);
    if let Some(place) = out.first_chunk_mut() {
        *place = needed.to_le_bytes();
    }
    Status::TooSmall.code()
}

fn scalar(
    mut guest: Guest<'_>,
    index: usize,
    operation: Operation,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), Ended> {
    charge(&mut guest, u64::from(operation.base_fuel))?;
    let mut scalars = [Scalar::None; MAX_SCALARS];
    for (scalar, param) in scalars.iter_mut().zip(params) {
        *scalar = from_val(param);
    }
    let scalars = scalars.get(..params.len()).unwrap_or_default();
    let answered = guest.data_mut().reach.use_one(index, None, |service, caller, operation| {
        service.scalar(caller, operation, scalars)
    });
    if answered == Err(Status::Pending) && guest.data().parking.open {
        let ask = Ask { index, operation, what: What::Scalar { params: scalars.into() } };
        return Err(ask.park(&mut guest));
    }
    if let (Some(result), Form::Scalar { result: Some(ty), .. }) =
        (results.first_mut(), operation.form)
    {
        *result = to_val(ty, answered);
    }
    Ok(())
}

impl Reach {
    /// Finds the service behind an import, if its rate allows one more use. What is asked again after
    /// `since` is no other use.
    pub(super) fn use_one<T>(
        &mut self,
        index: usize,
        since: Option<Micros>,
        work: impl FnOnce(&mut dyn Service, &Caller<'_>, usize) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let now = self.services.now();
        let (service, granted, plugin) = self.find(index).ok_or(Status::NotGranted)?;
        if since.is_none() {
            granted.uses = granted.uses.saturating_add(1);
            if granted.bucket.as_mut().is_some_and(|bucket| !bucket.take(now)) {
                return Err(Status::Busy);
            }
        }
        let caller = Caller { plugin, scope: &granted.scope, now, since };
        work(service, &caller, usize::from(granted.place.operation))
    }

    /// When the service behind an import that answered pending wants to be asked again.
    pub(super) fn again_at(&mut self, index: usize, since: Micros) -> Option<Micros> {
        let now = self.services.now();
        let (service, granted, plugin) = self.find(index)?;
        let caller = Caller { plugin, scope: &granted.scope, now, since: Some(since) };
        service.again_at(&caller, usize::from(granted.place.operation))
    }

    /// Tells it that nobody waits for it.
    pub(super) fn cancel(&mut self, index: usize) {
        if let Some((service, _, plugin)) = self.find(index) {
            service.cancel(plugin);
        }
    }

    /// The service behind an import. It isn't there, or another one is, if the plugin is called with
    /// other services than it was loaded with: its grants aren't for them.
    fn find(&mut self, index: usize) -> Option<(&mut dyn Service, &mut Bound, &str)> {
        let granted = self.granted.get_mut(index)?;
        let service = self.services.at(granted.place)?;
        (service.name() == granted.service).then_some((service, granted, &self.plugin))
    }
}

pub(super) fn bytes_cost(operation: Operation, bytes: u32) -> u64 {
    u64::from(operation.byte_fuel) * u64::from(bytes)
}

/// Takes fuel for the host's work: from the slice, then from what the call's budget still has beyond
/// it, so that where a slice ends changes nothing.
pub(super) fn charge(guest: &mut impl AsContextMut<Data = Inside>, cost: u64) -> Result<(), Ended> {
    let mut guest = guest.as_context_mut();
    let left = guest.get_fuel()?;
    if let Some(rest) = left.checked_sub(cost) {
        return guest.set_fuel(rest);
    }
    guest.set_fuel(0)?;
    let beyond = &mut guest.data_mut().beyond;
    match beyond.checked_sub(cost - left) {
        Some(rest) => {
            *beyond = rest;
            Ok(())
        }
        None => {
            *beyond = 0;
            Err(TrapCode::OutOfFuel.into())
        }
    }
}

const fn val_type(ty: ValueType) -> ValType {
    match ty {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
        ValueType::F32 => ValType::F32,
        ValueType::F64 => ValType::F64,
    }
}

fn from_val(val: &Val) -> Scalar {
    match val {
        Val::I32(it) => Scalar::I32(*it),
        Val::I64(it) => Scalar::I64(*it),
        Val::F32(it) => Scalar::F32(it.to_float()),
        Val::F64(it) => Scalar::F64(it.to_float()),
        _ => Scalar::None,
    }
}

/// The result as the guest declared it. A refusal is its number, or NaN; so is a result of another
/// type than the service itself declared.
pub(super) fn to_val(ty: ValueType, found: Result<Scalar, Status>) -> Val {
    let refused = found.err().unwrap_or(Status::Failed).code();
    match (ty, found) {
        (ValueType::I32, Ok(Scalar::I32(it))) => Val::I32(it),
        (ValueType::I64, Ok(Scalar::I64(it))) => Val::I64(it),
        (ValueType::F32, Ok(Scalar::F32(it))) => Val::F32(it.into()),
        (ValueType::F64, Ok(Scalar::F64(it))) => Val::F64(it.into()),
        (ValueType::I32, _) => Val::I32(refused),
        (ValueType::I64, _) => Val::I64(i64::from(refused)),
        (ValueType::F32, _) => Val::F32(f32::NAN.into()),
        (ValueType::F64, _) => Val::F64(f64::NAN.into()),
    }
}
