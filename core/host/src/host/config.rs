//! What a host is made with, and what it loads.

use crate::{
    breaker::BreakerRules,
    cell::Cell,
    manifest::Manifest,
    policy::{Grant, Policy},
    service::{Micros, OfferError, Service, Services},
};
use alloc::boxed::Box;
use ampoule_abi::Context;

/// How a host treats its plugins.
///
/// ```
/// use ampoule::{Config, Policy};
///
/// const POLICY: Policy<'_> = Policy::WORKSTATION;
/// let config = Config { policy: &POLICY, slice_fuel: 50_000, ..Config::WORKSTATION };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config<'p> {
    /// The ceiling of what any plugin may have, limits included.
    pub policy: &'p Policy<'p>,
    /// Fuel of one slice at priority 1. The time that one takes is what another plugin waits for it.
    pub slice_fuel: u64,
    /// Fuel of one turn of [`Host::poll`](super::Host::poll), over all plugins: what bounds the time
    /// until the main loop goes on.
    pub turn_fuel: u64,
    /// When a plugin that fails isn't called for a while.
    pub breaker: BreakerRules,
    /// How long a new version has to prove itself.
    pub probation: Probation,
    /// What a blocking call does while its plugin sleeps, until that time at most ([`Micros::MAX`] for as
    /// long as nothing happens). It may return early.
    pub idle: fn(until: Micros),
    /// Where plugins run and what they allocate from; none to run them as they are.
    pub cell: Option<&'static dyn Cell>,
}

/// When a new version is there to stay: whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probation {
    /// After so many calls without a fault; 0 commits at once, when it has taken over the state.
    pub calls: u32,
    /// After so long without a fault, in microseconds.
    pub micros: Micros,
}

impl Config<'static> {
    /// For a microcontroller: grants nothing until `policy` is another.
    pub const MICRO: Self = Self {
        policy: &Policy::DENY,
        // Below a millisecond on a Cortex-M4 at 168 MHz, and 23 where a guest means harm: see `Limits::MICRO`.
        slice_fuel: 10_000,
        // Some ten milliseconds there.
        turn_fuel: 100_000,
        breaker: BreakerRules::MICRO,
        probation: Probation { calls: 100, micros: 60_000_000 },
        idle: |_| core::hint::spin_loop(),
        cell: None,
    };

    /// For a workstation or a server.
    pub const WORKSTATION: Self = Self {
        policy: &Policy::WORKSTATION,
        // Some hundred microseconds.
        slice_fuel: 100_000,
        turn_fuel: 10_000_000,
        breaker: BreakerRules::WORKSTATION,
        probation: Probation { calls: 100, micros: 60_000_000 },
        idle: |_| core::hint::spin_loop(),
        cell: None,
    };
}

/// What a plugin is loaded from.
///
/// Without a manifest it is granted nothing, and has the policy's limits.
#[derive(Debug)]
pub struct Source<'a> {
    pub(crate) wasm: &'a [u8],
    pub(super) manifest: Option<&'a Manifest>,
    pub(super) context: Context<'a>,
    pub(super) own: Services,
}

impl<'a> Source<'a> {
    /// A module.
    #[must_use]
    pub fn new(wasm: &'a [u8]) -> Self {
        Self { wasm, manifest: None, context: Context::default(), own: Services::none() }
    }

    /// Grants what the manifest asks for and the host's policy gives.
    #[must_use]
    pub fn with_manifest(self, manifest: &'a Manifest) -> Self {
        Self { manifest: Some(manifest), ..self }
    }

    /// Initializes the plugin with this context, now and after each fault.
    #[must_use]
    pub fn with_context(self, context: Context<'a>) -> Self {
        Self { context, ..self }
    }

    /// Offers a service to this plugin alone, such as one that was made for its grant. It goes before a
    /// service of the same name that the host offers to all, and it goes with the plugin.
    ///
    /// # Errors
    /// [`OfferError`]; the source is dropped.
    pub fn with_service(mut self, service: Box<dyn Service>) -> Result<Self, OfferError> {
        self.own.offer(service)?;
        Ok(self)
    }

    pub(super) fn grant<'g>(&'g self, policy: &'g Policy<'g>) -> Option<Grant<'g>> {
        self.manifest.map(|manifest| Grant::new(manifest, policy))
    }
}
