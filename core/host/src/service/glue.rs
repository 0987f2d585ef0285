//! Between the engine and the services: pointers are checked, rates and fuel are kept, and only then
//! does a service see bytes.

use super::{
    Bound, Caller, Form, Imported, MAX_SCALARS, Micros, Operation, Scalar, Service, Services,
    parked::{Ask, What},
    wasi,
};
use crate::{
    cell::outside,
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
    let inner = module.inner().into_iter();
    let functions = inner.flat_map(wasmi::Module::imports).map(|import| {
        if crate::HAS_WASI && import.module() == import::WASI {
            return wasi::glue::function(store, import.name());
        }
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
    let Operation { form, base_fuel, byte_fuel, .. } = operation;
    let price = Price { base_fuel, byte_fuel };
    match form {
        Form::Message => Func::wrap(
            store,
            move |guest: Guest<'_>, at: i32, length: i32, reply_at: i32, capacity: i32| {
                // The guest's i32 are addresses and lengths: no sign.
                let request = GuestSlice::new(at as u32, length as u32);
                let reply = GuestSlice::new(reply_at as u32, capacity as u32);
                message(guest, index, price, request, reply)
            },
        ),
        Form::Scalar { params, result } => typed(store, index, price, params, result)
            .unwrap_or_else(|| by_values(store, index, price, params, result)),
    }
}

/// What an operation costs the guest.
#[derive(Clone, Copy)]
pub(super) struct Price {
    base_fuel: u32,
    byte_fuel: u32,
}

impl Price {
    const fn base(self) -> u64 {
        self.base_fuel as u64
    }

    pub(super) const fn bytes(self, bytes: u32) -> u64 {
        self.byte_fuel as u64 * bytes as u64
    }
}

/// A use of a message operation. The guest pays for being heard and for the bytes that the service is
/// to read, then for those that it wrote; ranges that are wrong cost no more than being heard.
fn message(
    mut guest: Guest<'_>,
    index: usize,
    price: Price,
    request: GuestSlice,
    reply: GuestSlice,
) -> Result<i32, Ended> {
    let inside = guest.data();
    let (memory, most) = (inside.memory(), inside.message_bytes());
    let size = memory.map_or(0, |memory| memory.data_size(&guest));
    let whole_reply = reply;
    let reply = reply.cut(most);
    let fine = whole_reply.is_inside(size)
        && request.length() <= most
        && request.is_inside(size)
        && request.is_apart(reply);
    let bytes_read = if fine { request.length() } else { 0 };
    charge(&mut guest, price.base() + price.bytes(bytes_read))?;
    let (Some(memory), true) = (memory, fine) else { return Ok(Status::Invalid.code()) };
    let ask = Ask { index, price, what: What::Message { memory, request, reply } };
    match ask.message(&mut guest, None)? {
        Err(Status::Pending) if guest.data().parking.open => Err(ask.park(&mut guest)),
        answered => Ok(answered.unwrap_or_else(Status::code)),
    }
}

/// Tells the guest how long its buffer has to be, if there is room to tell it.
pub(super) fn too_small(needed: usize, out: &mut [u8]) -> i32 {
    let needed = u32::try_from(needed).unwrap_or(u32::MAX);
    if let Some(place) = out.first_chunk_mut() {
        *place = needed.to_le_bytes();
    }
    Status::TooSmall.code()
}

/// Makes a function of one of the types that most operations have. The engine passes their numbers as
/// they are; for any type it would allocate a list of them at each use.
fn typed(
    store: &mut Store<Inside>,
    index: usize,
    price: Price,
    params: &[ValueType],
    result: Option<ValueType>,
) -> Option<Func> {
    use ValueType::{F32, I32, I64};
    macro_rules! one_of {
        ($([$($ty:ident $name:ident: $param:ty),*] -> $of:ident $result:ty;)+) => {
            match (params, result) {
                $(([$($ty),*], Some($of)) => Func::wrap(
                    store,
                    move |guest: Guest<'_>, $($name: $param),*| -> Result<$result, Ended> {
                        scalar(guest, index, price, &[$($name.scalar()),*], result).map(Number::of)
                    },
                ),)+
                _ => return None,
            }
        };
    }
    Some(one_of! {
        [] -> I32 i32;
        [] -> I64 i64;
        [] -> F32 f32;
        [I32 a: i32] -> I32 i32;
        [I32 a: i32] -> I64 i64;
        [I32 a: i32] -> F32 f32;
        [I32 a: i32, I32 b: i32] -> I32 i32;
        [I32 a: i32, I64 b: i64] -> I64 i64;
        [I32 a: i32, F32 b: f32] -> I32 i32;
    })
}

/// Makes a function of any type.
fn by_values(
    store: &mut Store<Inside>,
    index: usize,
    price: Price,
    params: &[ValueType],
    result: Option<ValueType>,
) -> Func {
    let types = params.iter().map(|ty| val_type(*ty));
    let ty = FuncType::new(types, result.map(val_type));
    Func::new(store, ty, move |guest, params, results| {
        let mut scalars = [Scalar::None; MAX_SCALARS];
        for (scalar, param) in scalars.iter_mut().zip(params) {
            *scalar = from_val(param);
        }
        let scalars = scalars.get(..params.len()).unwrap_or_default();
        let found = scalar(guest, index, price, scalars, result)?;
        if let (Some(place), Some(ty)) = (results.first_mut(), result) {
            *place = to_val(ty, found);
        }
        Ok(())
    })
}

/// A use of a scalar operation.
fn scalar(
    mut guest: Guest<'_>,
    index: usize,
    price: Price,
    scalars: &[Scalar],
    result: Option<ValueType>,
) -> Result<Answer, Ended> {
    charge(&mut guest, price.base())?;
    let inside = guest.data_mut();
    let answered = inside.reach.use_one(index, None, |service, caller, operation| {
        service.scalar(caller, operation, scalars)
    });
    if answered == Err(Status::Pending) && inside.parking.open {
        let what = What::Scalar { params: scalars.into(), result };
        return Err(Ask { index, price, what }.park(&mut guest));
    }
    Ok(answered)
}

impl Reach {
    /// Finds the service behind an import, if its rate allows one more use. What is asked again after
    /// `since` is no other use.
    pub(crate) fn use_one<T>(
        &mut self,
        index: usize,
        since: Option<Micros>,
        work: impl FnOnce(&mut dyn Service, &Caller<'_>, usize) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let (now, cell) = (self.services.now(), self.services.cell);
        let (service, granted, plugin) = self.find(index).ok_or(Status::NotGranted)?;
        if since.is_none() {
            granted.uses = granted.uses.saturating_add(1);
            if granted.bucket.as_mut().is_some_and(|bucket| !bucket.take(now)) {
                return Err(Status::Busy);
            }
        }
        let caller = Caller { plugin, scope: &granted.scope, now, since };
        outside(cell, || work(service, &caller, usize::from(granted.place.operation)))
    }

    /// When the service behind an import that answered pending wants to be asked again.
    pub(super) fn again_at(&mut self, index: usize, since: Micros) -> Option<Micros> {
        let (now, cell) = (self.services.now(), self.services.cell);
        let (service, granted, plugin) = self.find(index)?;
        let caller = Caller { plugin, scope: &granted.scope, now, since: Some(since) };
        outside(cell, || service.again_at(&caller, usize::from(granted.place.operation)))
    }

    /// Tells it that nobody waits for it.
    pub(super) fn cancel(&mut self, index: usize) {
        let cell = self.services.cell;
        if let Some((service, _, plugin)) = self.find(index) {
            outside(cell, || service.cancel(plugin));
        }
    }

    /// The service behind an import. It isn't there, or another one is, if the plugin is called with
    /// other services than it was loaded with: its grants aren't for them.
    fn find(&mut self, index: usize) -> Option<(&mut dyn Service, &mut Bound, &str)> {
        let granted = self.granted.get_mut(index)?;
        let service = self.services.at(granted.place)?;
        is_same(service.name(), granted.service).then_some((service, granted, &self.plugin))
    }
}

/// Compares names; those that stand at one place, as nearly all do, without reading them.
fn is_same(name: &'static str, other: &'static str) -> bool {
    core::ptr::eq(name, other) || name == other
}

/// What a guest can pay: the rest of its slice, and what the call's budget has beyond it.
pub(crate) fn budget(guest: &Guest<'_>) -> Result<u64, Ended> {
    Ok(guest.get_fuel()?.saturating_add(guest.data().beyond))
}

/// Takes fuel for the host's work: from the slice, then from what the call's budget still has beyond
/// it, so that where a slice ends changes nothing.
pub(crate) fn charge(guest: &mut impl AsContextMut<Data = Inside>, cost: u64) -> Result<(), Ended> {
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

pub(crate) const fn val_type(ty: ValueType) -> ValType {
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

pub(super) fn to_val(ty: ValueType, found: Answer) -> Val {
    match ty {
        ValueType::I32 => Val::I32(Number::of(found)),
        ValueType::I64 => Val::I64(Number::of(found)),
        ValueType::F32 => Val::F32(f32::of(found).into()),
        ValueType::F64 => Val::F64(f64::of(found).into()),
    }
}

/// What a service answers to a scalar operation.
pub(super) type Answer = Result<Scalar, Status>;

/// A number as wasm has it.
trait Number {
    fn scalar(self) -> Scalar;

    /// The result as the guest declared it. A refusal is its number, or NaN; so is a result of another
    /// type than the service itself declared.
    fn of(found: Answer) -> Self;
}

macro_rules! numbers {
    ($($ty:ty: $variant:ident, $refused:expr;)+) => {$(
        impl Number for $ty {
            fn scalar(self) -> Scalar {
                Scalar::$variant(self)
            }

            fn of(found: Answer) -> Self {
                match found {
                    Ok(Scalar::$variant(number)) => number,
                    found => $refused(found.err().unwrap_or(Status::Failed)),
                }
            }
        }
    )+};
}

numbers! {
    i32: I32, |status: Status| status.code();
    i64: I64, |status: Status| i64::from(status.code());
    f32: F32, |_| f32::NAN;
    f64: F64, |_| f64::NAN;
}
