//! One loaded plugin: its module, its running instance, and typed calls.

mod instances;
mod started;

pub(crate) use crate::engine::identity as hash;

use crate::{
    call::{self, Dose},
    cell::{HeapUse, Seats, carried},
    engine::Module,
    entry::Entry,
    error::{AdmissionError, BindError, CallError, LoadError, Refusal},
    fault::Fault,
    instance::Instance,
    limits::Limits,
    service::{NothingGranted, Permits, Services, glue::Reach},
    text::{MAX_TEXT_BYTES, Text},
};
use alloc::{boxed::Box, string::String};
use ampoule_abi::{Context, Decode, Meta};
use core::fmt;
use serde::Serialize;

/// A loaded plugin.
///
/// It owns its engine, its translated module and its instance: dropping it gives back every byte.
/// A fault drops the instance; the next call runs on a fresh one, made from the same module and
/// initialized with the same context.
///
/// ```
/// use ampoule::{Context, Limits, Outcome, Pairs, Plugin, Value};
///
/// # let wasm = include_bytes!("../../../guests/prebuilt/json-transformer.wasm");
/// let mut plugin = Plugin::load(wasm, &Limits::WORKSTATION, &Context::default())?;
/// let execute = plugin.bind::<Context, Outcome>("execute")?;
/// let context = Context {
///     request_id: "req-001",
///     headers: Pairs::from_slice(&[("Content-Type", "application/json")]),
///     parameters: Pairs::from_slice(&[("user_name", "ada"), ("format", "camelCase")]),
/// };
/// let outcome = plugin.call(&execute, &context)?;
/// let Value::Map(data) = outcome.data else { panic!("a map") };
/// assert_eq!(data.get("userName"), Some(Value::Str("ada")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Plugin {
    module: Module,
    instance: Option<Instance>,
    /// The module's identity while the instance may be called, else 0. After a reply that couldn't
    /// be read the instance is still there, since replies borrow from it, but goes before the next
    /// call. One comparison with an entry's identity tells both that it belongs here and that there
    /// is an instance for it.
    ready: u64,
    /// The message of `ampoule_init`, kept for fresh instances; empty if there is no such export.
    init_message: Box<[u8]>,
    /// Its grants, which outlive instances, so that a fault doesn't renew a rate.
    reach: Reach,
    usage: Usage,
    /// Last, since they take back what all the others have.
    seats: Seats,
}

/// What a plugin has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Fuel of the last call, or of instantiation and `ampoule_init` if there was none yet. A call that
    /// has to make a fresh instance first may use init's fuel besides, which isn't in it.
    pub fuel: u64,
    /// How often an instance was to be made: once, and again for each call after a fault or a stop.
    pub instances: u32,
}

impl Plugin {
    /// Admits, translates and instantiates a module, and calls its `ampoule_init` with `context`.
    ///
    /// # Errors
    /// [`LoadError::Admission`] names what was found, what is allowed and the cure; nothing ran.
    /// [`LoadError::Init`] if the plugin's `ampoule_init` says no. [`LoadError::Fault`] if it is
    /// ended.
    pub fn load(wasm: &[u8], limits: &Limits, context: &Context<'_>) -> Result<Self, LoadError> {
        Self::load_with(wasm, limits, &NothingGranted, &mut Services::none(), context)
    }

    /// [`Self::load`] for a plugin that may use `services` as far as `permits` grants them.
    ///
    /// # Errors
    /// As for [`Self::load`]; an import that isn't offered or isn't granted is refused by name.
    pub fn load_with(
        wasm: &[u8],
        limits: &Limits,
        permits: &dyn Permits,
        services: &mut Services,
        context: &Context<'_>,
    ) -> Result<Self, LoadError> {
        let mut plugin = Self::admit(wasm, limits, permits, services, &mut HeapUse::default())?;
        plugin.begin(context, services)?;
        Ok(plugin)
    }

    /// Admits and translates; nothing of it runs. If nothing comes of it, `heap` is what it had.
    pub(crate) fn admit(
        wasm: &[u8],
        limits: &Limits,
        permits: &dyn Permits,
        services: &Services,
        heap: &mut HeapUse,
    ) -> Result<Self, LoadError> {
        let seats = Seats::new(services.cell)?;
        let seated = Module::seated(wasm, limits, services, permits, &seats);
        let (module, granted) = seated.inspect_err(|_| *heap = seats.heap())?;
        let plugin = seats.words.enter(|| module.meta().name.into())?;
        Ok(Self {
            module,
            instance: None,
            ready: 0,
            init_message: Box::default(),
            reach: Reach { granted, plugin, ..Reach::default() },
            usage: Usage::default(),
            seats,
        })
    }

    /// Makes its first instance.
    pub(crate) fn begin(
        &mut self,
        context: &Context<'_>,
        services: &mut Services,
    ) -> Result<(), LoadError> {
        self.keep_init_message(context)?;
        Ok(self.revive(services)?)
    }

    /// Tells whether [`Self::load`] would admit a module, without running anything of it.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn check(wasm: &[u8], limits: &Limits) -> Result<(), AdmissionError> {
        Module::new(wasm, limits, &Services::none(), &NothingGranted).map(|_| ())
    }

    /// Who the plugin is.
    #[must_use]
    pub fn meta(&self) -> Meta<'_> {
        self.module.meta()
    }

    /// The names of its entries.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.module.entries().iter().map(String::as_str)
    }

    /// Binds the entry called `name`, to be called with a `Req` and to answer a `Res`.
    ///
    /// # Errors
    /// [`BindError::NoSuchEntry`] lists the names that there are.
    pub fn bind<Req: Serialize + ?Sized, Res>(
        &self,
        name: &str,
    ) -> Result<Entry<Req, Res>, BindError> {
        let index = self.entry_index(name).ok_or_else(|| self.no_such_entry(name))?;
        Ok(Entry::new(index, self.module.identity))
    }

    pub(crate) fn entry_index(&self, name: &str) -> Option<u16> {
        // Shape::CEILING keeps exports far below 2^16.
        self.entries().position(|entry| entry == name).and_then(|index| u16::try_from(index).ok())
    }

    /// The hash of its module's bytes (FNV-1a, 64 bits). It tells versions apart by accident, not against
    /// a forger.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.module.identity
    }

    /// Calls an entry and answers its reply, which borrows from the guest's memory.
    ///
    /// A call that succeeds allocates nothing on the host; if it takes more than one slice of fuel, the
    /// engine boxes the end of each, and frees it.
    ///
    /// # Errors
    /// [`CallError::Refused`]: the request doesn't fit, the entry is another plugin's, or the plugin
    /// said no; the same instance goes on. [`CallError::Fault`]: the guest was ended, and the next
    /// call makes a fresh instance.
    pub fn call<'p, Req: Serialize + ?Sized, Res: Decode<'p>>(
        &'p mut self,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> Result<Res, CallError> {
        self.call_maybe_with(None, entry, request)
    }

    /// [`Self::call`] for a plugin that was loaded with services: they are lent to it for the time of
    /// the call. Give the same ones that it was loaded with: a grant names a service by its place.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub fn call_with<'p, Req: Serialize + ?Sized, Res: Decode<'p>>(
        &'p mut self,
        services: &mut Services,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> Result<Res, CallError> {
        self.call_maybe_with(Some(services), entry, request)
    }

    #[inline]
    fn call_maybe_with<'p, Req: Serialize + ?Sized, Res: Decode<'p>>(
        &'p mut self,
        mut services: Option<&mut Services>,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> Result<Res, CallError> {
        if entry.identity != self.ready {
            self.make_ready(entry.identity, services.as_deref_mut())?;
        }
        let bits = self.exchange(entry.index, request, services)?;
        self.reply(bits)
    }

    /// Drops the instance, without a word to the guest. The next call makes a fresh one, initialized
    /// with the same context.
    pub fn stop(&mut self) {
        self.ready = 0;
        self.instance = None;
    }

    /// Calls `ampoule_destroy`, if there is one, and drops the plugin.
    ///
    /// # Errors
    /// What the guest did wrong on its way out, or why it says that it couldn't clean up. The plugin
    /// is gone in any case.
    pub fn unload(self) -> Result<(), CallError> {
        self.unload_with(&mut Services::none())
    }

    /// [`Self::unload`] for a plugin that was loaded with services.
    ///
    /// # Errors
    /// As for [`Self::unload`].
    pub fn unload_with(mut self, services: &mut Services) -> Result<(), CallError> {
        self.destroy(services)
    }

    /// Calls `ampoule_destroy`, if there is one: the last that the plugin is called for.
    pub(crate) fn destroy(&mut self, services: &mut Services) -> Result<(), CallError> {
        let limits = self.module.limits;
        let Some(instance) = self.instance.as_mut().filter(|_| self.ready != 0) else {
            return Ok(());
        };
        let Some(destroy) = instance.destroy() else { return Ok(()) };
        let dose = Dose { budget: limits.destroy_fuel, slice: limits.slice_fuel };
        let seat = &self.seats.engine;
        let ran = self.reach.lent(services, instance, |instance| {
            instance.on(seat, |instance| call::exchange(instance, destroy, 0, dose))
        });
        match ran {
            Ok(ran) => {
                let bits = ran.result.map_err(carried)?;
                call::read_nothing(instance, bits, limits.message_bytes)
            }
            Err(ended) => Err(self.lose(ended).into()),
        }
    }

    /// What it has used.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// Bytes of linear memory that its instance owns now; memory never shrinks, so this is also the
    /// most that it has owned. 0 after a fault, until the next call.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.live().map_or(0, |instance| instance.memory().len())
    }

    /// The linear memory of its instance, as its last call has left it. Empty after a fault, until the next
    /// call.
    #[must_use]
    pub fn memory(&self) -> &[u8] {
        self.live().map_or(&[], Instance::memory)
    }

    /// The largest message that its mailbox takes, in bytes. 0 after a fault, until the next call.
    #[must_use]
    pub fn mailbox_bytes(&self) -> u32 {
        self.live().map_or(0, Instance::mailbox_bytes)
    }

    fn live(&self) -> Option<&Instance> {
        self.instance.as_ref().filter(|_| self.ready != 0)
    }

    /// Writes the request and crosses over.
    #[inline]
    fn exchange<Req: Serialize + ?Sized>(
        &mut self,
        index: u16,
        request: &Req,
        services: Option<&mut Services>,
    ) -> Result<i64, CallError> {
        let Some(instance) = &mut self.instance else { return Err(no_instance()) };
        let length = call::write(instance, request)?;
        self.cross(index, length, services)
    }

    /// Crosses over; a fault on the way drops the instance.
    #[inline]
    fn cross(
        &mut self,
        index: u16,
        length: i32,
        services: Option<&mut Services>,
    ) -> Result<i64, CallError> {
        let limits = &self.module.limits;
        let dose = Dose { budget: limits.call_fuel, slice: limits.slice_fuel };
        let Some(instance) = &mut self.instance else { return Err(no_instance()) };
        let function = instance.entry(usize::from(index)).ok_or(Refusal::OtherPlugin {})?;
        let seat = &self.seats.engine;
        let ran = match services {
            None if seat.cell.is_none() => call::exchange(instance, function, length, dose),
            services => {
                let ran = self.reach.maybe_lent(services, instance, |instance| {
                    instance.on(seat, |it| call::exchange_apart(it, function, length, dose))
                });
                match ran {
                    Ok(ran) => ran,
                    Err(ended) => return Err(self.lose(ended).into()),
                }
            }
        };
        self.usage.fuel = ran.used;
        ran.result.map_err(|fault| self.of_run(fault))
    }

    #[cold]
    pub(crate) fn no_such_entry(&self, name: &str) -> BindError {
        // Twice what is shown; no heap, since there may be none left.
        let mut has = heapless::String::<{ 2 * MAX_TEXT_BYTES }>::new();
        for entry in self.module.entries() {
            let comma = if has.is_empty() { "" } else { ", " };
            if has.push_str(comma).and_then(|()| has.push_str(entry)).is_err() {
                break;
            }
        }
        let (name, has) = (Text::from_guest(name.as_bytes()), Text::from_guest(has.as_bytes()));
        BindError::NoSuchEntry { name, has }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("meta", &self.meta())
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}

/// Every path makes an instance before it asks for one.
const fn no_instance() -> CallError {
    CallError::Fault(Fault::Engine {})
}
