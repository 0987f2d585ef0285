//! Many plugins in one host: slots, turns, queues, reload, and a record of each.

mod calls;
mod config;
mod future;
mod ledger;
mod reload;
mod shard;
mod slot;
mod turn;
mod uses;

pub use calls::Call;
pub(crate) use calls::Pace;
pub use config::{Config, Probation, Source};
pub use future::CallFuture;
pub use ledger::MAX_EVENTS;
pub use slot::Versions;
pub use turn::{Turn, Wake};
pub(crate) use uses::Uses;

use crate::{
    breaker::{Breaker, BreakerState},
    cell::{HeapUse, reserve},
    counters::Counters,
    entry::Entry,
    error::{BindError, CallError, LoadError, Refusal, SlotError},
    event::{Event, EventKind},
    id::PluginId,
    plugin::Plugin,
    policy::Policy,
    registry::Registry,
    service::{Micros, NothingGranted, OfferError, Operation, Permits, Service, Services},
    text::Text,
};
use alloc::boxed::Box;
use core::fmt;
use ledger::{Events, Ledger};
use serde::Serialize;
use slot::{BoundEntry, Live, Version};
use uses::add_usage;

/// A host of up to `SLOTS` plugins.
///
/// It owns no thread and no timer: what runs, runs in [`Host::call`] and [`Host::poll`], on the clock
/// that it was made with. A plugin runs one call at a time; others of it wait in line. One that loops,
/// sleeps or faults holds up no other.
///
/// ```
/// use ampoule::{Config, Context, Host, Outcome, Source, Wake};
///
/// # let wasm = include_bytes!("../../../../guests/prebuilt/json-transformer.wasm");
/// # let clock = || 0;
/// let mut host = Host::<4>::new(Config::WORKSTATION, clock);
/// let id = host.load(Source::new(wasm))?;
/// let execute = host.bind::<Context, Outcome>(id, "execute")?;
///
/// // All at once:
/// let outcome = host.call(&execute, &Context::default())?;
/// assert!(outcome.success);
///
/// // Or a slice at each turn of a main loop:
/// let call = host.start(&execute, &Context::default())?;
/// while host.poll(clock()).next == Wake::Now {}
/// let outcome = host.take(&call).expect("it is over")?;
/// assert!(outcome.success);
///
/// host.unload(id)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Host<'p, const SLOTS: usize = 16> {
    config: Config<'p>,
    clock: fn() -> Micros,
    services: Services,
    slots: Registry<Live, SLOTS>,
    /// Those that have something to do, in the order of their turns.
    turns: heapless::Deque<PluginId, SLOTS>,
    events: Events,
}

impl<'p, const SLOTS: usize> Host<'p, SLOTS> {
    /// A host without plugins. `clock` tells microseconds since any moment.
    #[must_use]
    pub const fn new(config: Config<'p>, clock: fn() -> Micros) -> Self {
        Self {
            config,
            clock,
            services: Services::in_cell(clock, config.cell),
            slots: Registry::new(),
            turns: heapless::Deque::new(),
            events: Events::new(),
        }
    }

    /// Offers a service to all plugins that are loaded from now on.
    ///
    /// # Errors
    /// [`OfferError`]; the service is dropped.
    pub fn offer(&mut self, service: Box<dyn Service>) -> Result<(), OfferError> {
        self.services.offer(service)
    }

    /// The ceiling of what its plugins may have.
    #[must_use]
    pub const fn policy(&self) -> &'p Policy<'p> {
        self.config.policy
    }

    /// The services that it offers, each with its operations, in the order in which they were offered. What plugins
    /// may have of them is the policy's affair: [`Policy::may_grant`].
    pub fn services(&self) -> impl Iterator<Item = (&'static str, &'static [Operation])> {
        self.services.iter()
    }

    /// Admits a plugin, instantiates it and calls its `ampoule_init`.
    ///
    /// # Errors
    /// [`LoadError::Slot`]: there is no slot left, or a plugin of that name is loaded; else as for
    /// [`Plugin::load`]. Nothing of it is left.
    pub fn load(&mut self, source: Source<'_>) -> Result<PluginId, LoadError> {
        let id = self.slots.free().ok_or(SlotError::Full { slots: SLOTS })?;
        let place = reserve(self.config.cell, Box::new_uninit)?;
        let fits = |host: &Self, plugin: &Plugin| host.name_is_free(plugin.meta().name);
        let version = self.admit(source, fits, &mut HeapUse::default())?;
        let hash = version.plugin.hash();
        let breaker = Breaker::new(self.config.breaker);
        let (counters, uses) = (Counters::default(), Uses::default());
        let ledger = Ledger { id, breaker, counters, uses };
        self.slots.fill(id, Box::write(place, Live::new(version, ledger)));
        self.note(id, EventKind::Loaded { hash });
        Ok(id)
    }

    /// Admits, and initializes if `fits` has nothing against it. If nothing comes of it, `heap` is what it had.
    fn admit(
        &mut self,
        mut source: Source<'_>,
        fits: impl FnOnce(&Self, &Plugin) -> Result<(), SlotError>,
        heap: &mut HeapUse,
    ) -> Result<Version, LoadError> {
        let mut own = core::mem::take(&mut source.own);
        let policy: &Policy<'_> = self.config.policy;
        let grant = source.grant(policy);
        let limits = grant.as_ref().map_or(policy.limits, |grant| grant.limits());
        let deadline = match &grant {
            Some(grant) => grant.deadline_micros(),
            None => policy.deadline_micros,
        };
        let permits: &dyn Permits = match &grant {
            Some(grant) => grant,
            None => &NothingGranted,
        };
        self.services.swap_own(&mut own);
        let plugin = Plugin::admit(source.wasm, &limits, permits, &self.services, heap);
        let plugin = plugin.and_then(|mut plugin| {
            let fits = fits(self, &plugin).map_err(LoadError::from);
            let begun = fits.and_then(|()| plugin.begin(&source.context, &mut self.services));
            *heap = plugin.heap();
            begun.map(|()| plugin)
        });
        self.services.swap_own(&mut own);
        Ok(Version { plugin: plugin?, own, deadline })
    }

    /// Services know plugins by their names.
    fn name_is_free(&self, name: &str) -> Result<(), SlotError> {
        let taken = self.slots.iter().any(|(_, live)| live.current.plugin.meta().name == name);
        let name = || Text::from_guest(name.as_bytes());
        if taken { Err(SlotError::NameTaken { name: name() }) } else { Ok(()) }
    }

    /// Binds the entry called `name`, to be called with a `Req` and to answer a `Res`. It stays bound over
    /// reloads: a version without it isn't taken.
    ///
    /// # Errors
    /// [`BindError::NoSuchEntry`] lists the names that there are; [`BindError::Stale`] if the plugin
    /// is gone.
    pub fn bind<Req: Serialize + ?Sized, Res>(
        &mut self,
        id: PluginId,
        name: &str,
    ) -> Result<Entry<Req, Res>, BindError> {
        self.bind_as(id, name, true).map(|index| Entry::new(index, id.bits()))
    }

    /// As [`Self::bind`] for a caller that has the name from outside, as from a command: that it was asked for once
    /// keeps no new version away. While a version without it runs, its calls are refused.
    ///
    /// # Errors
    /// As for [`Self::bind`].
    pub fn bind_for_now<Req: Serialize + ?Sized, Res>(
        &mut self,
        id: PluginId,
        name: &str,
    ) -> Result<Entry<Req, Res>, BindError> {
        self.bind_as(id, name, false).map(|index| Entry::new(index, id.bits()))
    }

    /// Answers its place among the bound entries.
    fn bind_as(&mut self, id: PluginId, name: &str, needed: bool) -> Result<u16, BindError> {
        let live = self.slots.get_mut(id).ok_or(BindError::Stale { plugin: id })?;
        let plugin = &live.current.plugin;
        let index = plugin.entry_index(name).ok_or_else(|| plugin.no_such_entry(name))?;
        if let Some(at) = live.entries.iter().position(|bound| &*bound.name == name) {
            if let Some(bound) = live.entries.get_mut(at) {
                bound.needed |= needed;
            }
            return u16::try_from(at).map_err(|_| BindError::NoMemory {});
        }
        // Far more than one version's: of each that there ever was, those that somebody called.
        let at = u16::try_from(live.entries.len()).map_err(|_| BindError::NoMemory {})?;
        reserve(self.config.cell, || live.entries.reserve(1))?;
        let name = reserve(self.config.cell, || name.into())?;
        live.entries.push(BoundEntry { name, index: Some(index), needed });
        Ok(at)
    }

    /// Ends a plugin with all its versions: its call under way is dropped with its instance,
    /// `ampoule_destroy` called on those that are left, and every byte given back.
    /// Calls that weren't answered are gone, and those who ask for them learn that the plugin is.
    ///
    /// # Errors
    /// [`Refusal::Stale`] if it is gone already; otherwise what it did wrong on its way out, or why it
    /// says that it couldn't clean up: it is gone in any case.
    pub fn unload(&mut self, id: PluginId) -> Result<(), CallError> {
        let mut live = self.slots.remove(id).ok_or(Refusal::Stale { plugin: id })?;
        let unanswered = live.unanswered();
        let hash = live.current.plugin.hash();
        if live.running.take().is_some() {
            abandon(&mut self.services, &mut live.current);
        }
        // There are at most `MAX_CALLS`.
        let dropped = unanswered as u8;
        self.unlist(id);
        // Where they are: a version moved to the stack is two kilobytes there.
        let destroyed = self.destroy(&mut live.current);
        if let Some(staged) = live.staged.take() {
            self.farewell(id, staged);
        }
        if let Some(mut previous) = live.previous.take() {
            self.part(id, &mut previous.version);
        }
        drop(live);
        self.note(id, EventKind::Unloaded { hash, dropped });
        destroyed
    }

    fn destroy(&mut self, version: &mut Version) -> Result<(), CallError> {
        self.services.swap_own(&mut version.own);
        let destroyed = version.plugin.destroy(&mut self.services);
        self.services.swap_own(&mut version.own);
        destroyed
    }

    /// The plugin's current version: its meta, its entries, what it uses. `None` if it is gone.
    #[must_use]
    pub fn plugin(&self, id: PluginId) -> Option<&Plugin> {
        self.slots.get(id).map(|live| &live.current.plugin)
    }

    /// Where its versions stand. `None` if it is gone.
    #[must_use]
    pub fn versions(&self, id: PluginId) -> Option<Versions> {
        self.slots.get(id).map(Live::versions)
    }

    /// The loaded plugins, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (PluginId, &Plugin)> {
        self.slots.iter().map(|(id, live)| (id, &live.current.plugin))
    }

    /// What a plugin has done so far: one consistent value, uses of services included, over all versions
    /// that have taken over. [`Self::host_calls`] tells which services. `None` if it is gone.
    #[must_use]
    pub fn counters(&self, id: PluginId) -> Option<Counters> {
        let live = self.slots.get(id)?;
        let mut counters = live.ledger.counters;
        add_usage(&mut counters, &live.current.plugin);
        if let Some(previous) = &live.previous {
            add_usage(&mut counters, &previous.version.plugin);
        }
        counters.record_heap(live.heap());
        Some(counters)
    }

    /// Where its breaker stands. `None` if it is gone.
    #[must_use]
    pub fn breaker(&self, id: PluginId) -> Option<BreakerState> {
        self.slots.get(id).map(|live| live.ledger.breaker.state())
    }

    /// Takes the oldest event that wasn't taken yet. Up to [`MAX_EVENTS`] wait; older ones are lost, and
    /// counted.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.take()
    }

    /// Gives a plugin so many slices a turn, 1 to 16. It starts with 1.
    ///
    /// # Errors
    /// [`Refusal::Stale`] if it is gone.
    pub fn set_priority(&mut self, id: PluginId, slices: u8) -> Result<(), Refusal> {
        self.live(id)?.priority = slices.clamp(1, 16);
        Ok(())
    }

    /// Refuses all calls of a plugin until [`Self::lift`], those that wait in line included. The one under
    /// way goes on.
    ///
    /// # Errors
    /// [`Refusal::Stale`] if it is gone.
    pub fn quarantine(&mut self, id: PluginId) -> Result<(), Refusal> {
        self.live(id)?.ledger.breaker.quarantine();
        self.note(id, EventKind::Quarantined);
        Ok(())
    }

    /// Closes a plugin's breaker whatever its state: an operator's word.
    ///
    /// # Errors
    /// [`Refusal::Stale`] if it is gone.
    pub fn lift(&mut self, id: PluginId) -> Result<(), Refusal> {
        self.live(id)?.ledger.breaker.lift();
        self.note(id, EventKind::Lifted);
        Ok(())
    }

    fn live(&mut self, id: PluginId) -> Result<&mut Live, Refusal> {
        self.slots.get_mut(id).ok_or(Refusal::Stale { plugin: id })
    }

    fn note(&mut self, id: PluginId, what: EventKind) {
        self.events.push(id, (self.clock)(), what);
    }
}

/// Drops a call under way: its service is told, its instance goes.
fn abandon(services: &mut Services, version: &mut Version) {
    services.swap_own(&mut version.own);
    version.plugin.abandon(services);
    services.swap_own(&mut version.own);
}

impl<const SLOTS: usize> fmt::Debug for Host<'_, SLOTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(id, plugin)| (id, plugin.meta().name))).finish()
    }
}
