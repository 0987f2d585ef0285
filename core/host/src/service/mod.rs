//! What a host offers to its plugins: services, which have operations.
//!
//! A guest imports an operation as a function: the wasm module is the service, the function's name the
//! operation. So the import list is the request for rights, and admission refuses what isn't offered
//! or isn't granted. What an operation costs the host is charged to the guest in fuel.

mod bucket;
pub(crate) mod glue;
pub mod offer;
pub(crate) mod parked;
pub(crate) mod wasi;

pub use crate::limits::Micros;

use crate::{
    cell::MaybeCell,
    inspect::ValueType,
    limits::MAX_SERVICES,
    policy::{Grant, Granted},
};
use alloc::{boxed::Box, vec::Vec};
use ampoule_abi::{Status, import};
use bucket::Bucket;
use core::mem;

/// What a host offers.
///
/// A service sees its operations by their index in [`Service::operations`]. It can't reach the host or
/// the guest from inside: it gets bytes and answers bytes, and what it refuses doesn't end the guest.
pub trait Service: Send {
    /// The name that guests import: the wasm module's name.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn operations(&self) -> &'static [Operation];

    /// Carries out a [`Form::Scalar`] operation. `params` have the types that the operation declares,
    /// and so must the result have.
    ///
    /// # Errors
    /// A [`Status`] refuses. The guest gets its number where the result is an i32 or an i64, NaN where
    /// it is a float. [`Status::Pending`] parks the call, see [`Service::parks`].
    fn scalar(
        &mut self,
        _caller: &Caller<'_>,
        _operation: usize,
        _params: &[Scalar],
    ) -> Result<Scalar, Status> {
        Err(Status::NotFound)
    }

    /// Carries out a [`Form::Message`] operation: reads `request`, writes the start of `reply`, and
    /// answers how many bytes of it. More than `reply` has means that it doesn't fit: the guest then
    /// learns how many it needs.
    ///
    /// # Errors
    /// A [`Status`] refuses; the guest gets its number. [`Status::Pending`] parks the call, see
    /// [`Service::parks`].
    fn message(
        &mut self,
        _caller: &Caller<'_>,
        _operation: usize,
        _request: &[u8],
        _reply: &mut [u8],
    ) -> Result<usize, Status> {
        Err(Status::NotFound)
    }

    /// Whether this operation may answer [`Status::Pending`]: the answer isn't there yet. A
    /// [`Host`](crate::Host) then parks the call, runs others, and asks the same again until there is
    /// another answer. A plugin has one call under way at a time, so it waits for one operation at most.
    ///
    /// Where a call can't be parked (in `ampoule_init` and `ampoule_destroy`, in a
    /// [`Plugin`](crate::Plugin) without a host), the guest gets the number of `Pending`.
    fn parks(&self, _operation: usize) -> bool {
        false
    }

    /// When to ask again after [`Status::Pending`], by the host's clock. `None` asks on every turn;
    /// [`Micros::MAX`] waits for [`Host::wake`](crate::Host::wake), which asks at once in any case.
    fn again_at(&self, _caller: &Caller<'_>, _operation: usize) -> Option<Micros> {
        None
    }

    /// A plugin that waits for this service doesn't any longer: its call was cancelled, ran out of time,
    /// or went with its plugin.
    fn cancel(&mut self, _plugin: &str) {}
}

/// Who asks a service, and under what grant.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The plugin's name, from its meta.
    pub plugin: &'a str,
    /// The part of the service that is granted. Empty for all. What it means is the service's own, but
    /// policies narrow scopes as paths: one that lies below another must mean less than that.
    pub scope: &'a str,
    /// The host's clock.
    pub now: Micros,
    /// When the operation was first asked for, if it is asked for again after [`Status::Pending`].
    pub since: Option<Micros>,
}

impl<'a> Caller<'a> {
    /// Who asks for the first time.
    #[must_use]
    pub const fn new(plugin: &'a str, scope: &'a str, now: Micros) -> Self {
        Self { plugin, scope, now, since: None }
    }
}

/// One thing that a service can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The name that guests import.
    pub name: &'static str,
    /// How it takes and answers.
    pub form: Form,
    /// Fuel for each use.
    pub base_fuel: u32,
    /// Fuel for each byte of request and reply.
    pub byte_fuel: u32,
}

/// How an operation takes and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Plain numbers.
    Scalar {
        /// Types of the parameters, at most [`MAX_SCALARS`].
        params: &'static [ValueType],
        /// Type of the result.
        result: Option<ValueType>,
    },
    /// `(request address, request length, reply address, reply capacity) -> i32`: the length written,
    /// or a negative [`Status`].
    Message,
}

pub use ampoule_abi::service::MAX_SCALARS;

/// A number of a scalar operation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Scalar {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    /// The result of an operation that has none.
    None,
}

/// Who may do what.
pub trait Permits {
    /// How far an operation is granted; `None` if it isn't.
    fn permit(&self, service: &str, operation: &str) -> Option<Granted<'_>>;

    /// The only plugin that this is granted to, by its name: services tell plugins apart by that, so
    /// that a module must not name itself as another. `None` if any plugin may have it.
    fn plugin(&self) -> Option<&str> {
        None
    }
}

impl Permits for Grant<'_> {
    fn permit(&self, service: &str, operation: &str) -> Option<Granted<'_>> {
        self.is_granted(service, operation)
    }

    fn plugin(&self) -> Option<&str> {
        Some(self.plugin_name())
    }
}

/// Grants nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingGranted;

impl Permits for NothingGranted {
    fn permit(&self, _service: &str, _operation: &str) -> Option<Granted<'_>> {
        None
    }
}

errors! {
    /// Why a service can't be offered.
    pub enum OfferError {
        Reserved { name: &'static str } = "S01",
            "the name {name} is the host's own",
            "give the service another name";
        Twice { name: &'static str } = "S02",
            "a service called {name} is offered already",
            "offer each service once";
        TooMany { allowed: usize } = "S03",
            "there are {allowed} services already",
            "offer fewer, larger ones";
        Operations { name: &'static str } = "S04",
            "the service {name} declares too many operations or parameters, or an operation twice",
            "keep to 32 operations of 8 parameters each, with different names";
    }
}

/// The services that a host offers, in the order in which they were offered.
pub struct Services {
    offered: Vec<Box<dyn Service>>,
    /// Those of the plugin that runs now, which no other one has.
    own: Vec<Box<dyn Service>>,
    clock: fn() -> Micros,
    /// Where plugins run; services themselves run outside of it.
    pub(crate) cell: MaybeCell,
}

impl Services {
    /// The most services of a host, and the most operations of a service.
    pub const MOST: usize = MAX_SERVICES;

    /// No services yet. `clock` is what rates are measured by and what services see as "now".
    #[must_use]
    pub const fn new(clock: fn() -> Micros) -> Self {
        Self::in_cell(clock, None)
    }

    /// [`Self::new`] for plugins that run in a cell.
    pub(crate) const fn in_cell(clock: fn() -> Micros, cell: MaybeCell) -> Self {
        Self { offered: Vec::new(), own: Vec::new(), clock, cell }
    }

    /// None, and none to come.
    #[must_use]
    pub const fn none() -> Self {
        Self::new(|| 0)
    }

    /// Offers a service to plugins that are loaded from now on.
    ///
    /// # Errors
    /// [`OfferError`]; the service is dropped.
    pub fn offer(&mut self, service: Box<dyn Service>) -> Result<(), OfferError> {
        let name = service.name();
        if [import::MODULE, import::WASI].contains(&name) {
            return Err(OfferError::Reserved { name });
        }
        if self.offered.iter().any(|other| other.name() == name) {
            return Err(OfferError::Twice { name });
        }
        if self.offered.len() >= Self::MOST {
            return Err(OfferError::TooMany { allowed: Self::MOST });
        }
        if !well_declared(service.operations()) {
            return Err(OfferError::Operations { name });
        }
        self.offered.push(service);
        Ok(())
    }

    /// Those that are offered to all, with their operations.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &'static [Operation])> {
        self.offered.iter().map(|service| (service.name(), service.operations()))
    }

    pub(crate) fn find(&self, service: &str, operation: &str) -> Option<Found> {
        let own = self.own.iter().enumerate().map(|(at, it)| (at + Self::MOST, it));
        let shared = self.offered.iter().enumerate();
        let (at, service) = own.chain(shared).find(|(_, offered)| offered.name() == service)?;
        let operations = service.operations();
        let index = operations.iter().position(|declared| declared.name == operation)?;
        // All counts are at most `MOST`.
        Some(Found {
            place: Place { service: at as u8, operation: index as u8 },
            service: service.name(),
            operation: operations.get(index)?,
            parks: service.parks(index),
        })
    }

    fn at(&mut self, place: Place) -> Option<&mut dyn Service> {
        let at = usize::from(place.service);
        let service = match at.checked_sub(Self::MOST) {
            Some(own) => self.own.get_mut(own),
            None => self.offered.get_mut(at),
        };
        Some(service?.as_mut())
    }

    /// Gives the plugin that is to run its own services, or takes them away from it.
    pub(crate) fn swap_own(&mut self, own: &mut Self) {
        mem::swap(&mut self.own, &mut own.offered);
    }

    pub(crate) fn now(&self) -> Micros {
        (self.clock)()
    }
}

impl Default for Services {
    /// [`Services::none`].
    fn default() -> Self {
        Self::none()
    }
}

impl core::fmt::Debug for Services {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.offered.iter().map(|service| service.name())).finish()
    }
}

fn well_declared(operations: &[Operation]) -> bool {
    let narrow = |operation: &Operation| match operation.form {
        Form::Scalar { params, .. } => params.len() <= MAX_SCALARS,
        Form::Message => true,
    };
    let twice = operations.iter().enumerate().any(|(at, operation)| {
        operations.iter().take(at).any(|other| other.name == operation.name)
    });
    operations.len() <= Services::MOST && operations.iter().all(narrow) && !twice
}

/// Where an operation stands in [`Services`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    service: u8,
    operation: u8,
}

/// An operation that is offered.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) place: Place,
    /// The service's own name.
    service: &'static str,
    pub(crate) operation: &'static Operation,
    parks: bool,
}

/// An import of an operation, and where what is granted of it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Imported {
    pub(crate) grant: usize,
    pub(crate) operation: Operation,
}

/// What a plugin may do with an operation, through however many imports.
pub(crate) struct Bound {
    pub(crate) place: Place,
    /// The service that stood at that place when the plugin was loaded.
    pub(crate) service: &'static str,
    scope: Box<str>,
    bucket: Option<Bucket>,
    /// Whether the operation may answer [`Status::Pending`].
    pub(crate) parks: bool,
    /// How often it was used: refused and parked uses count once.
    pub(crate) uses: u64,
}

impl Bound {
    pub(crate) fn new(found: Found, granted: Granted<'_>) -> Self {
        Self {
            place: found.place,
            service: found.service,
            scope: granted.scope.unwrap_or_default().into(),
            bucket: granted.per_second.map(Bucket::new),
            parks: found.parks,
            uses: 0,
        }
    }
}
