//! What each request comes to.

use crate::{
    backlog::Backlog,
    firmware::{Firmware, Store},
    load::{find, load},
    profile::{operations, profile},
    raw::{Raw, RawReply},
    told::{breaker, counters, event, name_of, told},
};
use ampoule::{Call, Event, Host};
use ampoule_link::{
    Batch, Description, EntryCall, EventKind, Install, LinkError, Maxima, PluginId, Reply, Request,
    SlotInfo, Told,
};

/// The ABI of the plugins that the host takes.
const ABI: u16 = 1;

/// What a device works on, beside its host.
pub(crate) struct Work<S, const LIST: usize, const EVENTS: usize> {
    pub(crate) install: Install<S>,
    pub(crate) events: Backlog<EVENTS>,
    /// The call that a request has started.
    pub(crate) call: Option<Call<RawReply<'static>>>,
    /// A reset was asked for.
    pub(crate) reset: bool,
    list: Batch<LIST>,
}

/// The answer to a request; `None` if it comes later.
pub(crate) type Answer<'a> = Result<Option<Reply<'a>>, Told>;

impl<S: Store, const LIST: usize, const EVENTS: usize> Work<S, LIST, EVENTS> {
    pub(crate) const fn new(store: S) -> Self {
        Self {
            install: Install::new(store),
            events: Backlog::new(),
            call: None,
            reset: false,
            list: Batch::new(),
        }
    }

    /// Does what is asked.
    pub(crate) fn handle<'a, const SLOTS: usize>(
        &'a mut self,
        request: &Request<'_>,
        host: &mut Host<'_, SLOTS>,
        firmware: &'a mut impl Firmware,
        chunk_bytes: u32,
    ) -> Answer<'a> {
        if let Some(reply) = self.install.handle(request) {
            return reply.map(Some).map_err(Told::from);
        }
        let reply = match *request {
            Request::Describe => self.describe(host, firmware, chunk_bytes),
            Request::Profile => profile(&mut self.list, host.policy(), firmware)?,
            Request::Operations { from } => operations(&mut self.list, from, host)?,
            Request::Slots { from } => self.slots(from, host),
            Request::Counters { plugin } => counted(host, plugin)?,
            Request::Events { most } => self.events(most, host),
            Request::Lines { most } => self.lines(most, firmware),
            Request::Commit => self.commit(host, firmware)?,
            Request::Call(call) => return self.start(&call, host).map(|()| None),
            Request::RollBack { plugin } => rolled_back(host, plugin)?,
            Request::Unload { plugin } => unloaded(host, plugin)?,
            Request::Lift { plugin } => {
                let id = find(host, plugin)?;
                host.lift(id).map_err(|error| told(&error))?;
                Reply::Done
            }
            Request::Reset => {
                self.reset = true;
                Reply::Done
            }
            _ => return Err(LinkError::Unsupported {}.into()),
        };
        Ok(Some(reply))
    }

    #[inline(never)]
    fn describe<'a, const SLOTS: usize>(
        &'a mut self,
        host: &Host<'_, SLOTS>,
        firmware: &'a impl Firmware,
        chunk_bytes: u32,
    ) -> Reply<'a> {
        let (about, limits) = (firmware.about(), &host.policy().limits);
        let most = Maxima {
            chunk_bytes,
            install_bytes: self.install.sink().capacity_bytes(),
            module_bytes: limits.module_bytes,
            memory_bytes: limits.memory_bytes,
            heap_bytes: limits.heap_bytes,
            message_bytes: limits.message_bytes,
        };
        self.list = Batch::new();
        // Names that don't fit are left out; operations are told page by page.
        let _ = host.services().all(|(name, _)| self.list.push(&name));
        Reply::Description(Description {
            abi: ABI,
            name: about.name,
            firmware: about.firmware,
            slots: narrow(SLOTS),
            free_slots: narrow(SLOTS.saturating_sub(host.iter().count())),
            ram_bytes: wide(about.ram_bytes),
            free_ram_bytes: wide(about.free_ram_bytes),
            most,
            services: self.list.items(),
        })
    }

    #[inline(never)]
    fn slots<const SLOTS: usize>(&mut self, from: u16, host: &Host<'_, SLOTS>) -> Reply<'_> {
        self.list = Batch::new();
        for (id, plugin) in host.iter().filter(|(id, _)| id.slot() >= from) {
            let meta = plugin.meta();
            let info = SlotInfo {
                plugin: name_of(id),
                name: meta.name,
                version: meta.version,
                hash: plugin.hash(),
                breaker: host.breaker(id).map(breaker).unwrap_or_default(),
                probation: host.versions(id).is_some_and(|versions| versions.previous.is_some()),
            };
            if !self.list.push(&info) {
                break;
            }
        }
        Reply::Slots(self.list.items())
    }

    /// Those that the firmware has taken and noted come first.
    #[inline(never)]
    fn events<const SLOTS: usize>(&mut self, most: u16, host: &mut Host<'_, SLOTS>) -> Reply<'_> {
        self.list = Batch::new();
        let lost = self.events.take_lost();
        if lost > 0 {
            let what = EventKind::Lost { events: lost };
            let _ =
                self.list.push(&ampoule_link::Event { plugin: PluginId::default(), at: 0, what });
        }
        let (list, mut left) = (&mut self.list, most);
        self.events.pass_on(most, &mut |event| {
            left = left.saturating_sub(1);
            list.push(&Raw(event))
        });
        while left > 0 && self.list.room() >= ampoule_link::Event::MAX_BYTES {
            let Some(next) = host.next_event() else { break };
            // One of its maximum fits.
            let _ = self.list.push(&event(&next));
            left -= 1;
        }
        Reply::Events(self.list.items())
    }

    #[inline(never)]
    fn lines(&mut self, most: u16, firmware: &mut impl Firmware) -> Reply<'_> {
        self.list = Batch::new();
        let list = &mut self.list;
        // One that fits into no list keeps no others waiting.
        firmware.lines(most, &mut |line| list.push(&Raw(line)) || list.room() == LIST);
        Reply::Lines(self.list.items())
    }

    fn commit<const SLOTS: usize>(
        &mut self,
        host: &mut Host<'_, SLOTS>,
        firmware: &impl Firmware,
    ) -> Result<Reply<'static>, Told> {
        let loaded =
            self.install.commit(|store, announced| load(host, store, announced, firmware))?;
        loaded.map(|plugin| Reply::Loaded { plugin })
    }

    #[inline(never)]
    fn start<const SLOTS: usize>(
        &mut self,
        call: &EntryCall<'_>,
        host: &mut Host<'_, SLOTS>,
    ) -> Result<(), Told> {
        let id = find(host, call.plugin)?;
        let entry = host.bind_for_now::<Raw<'_>, RawReply<'static>>(id, call.entry);
        let entry = entry.map_err(|error| told(&error))?;
        let call = host.start(&entry, &Raw(call.request.0)).map_err(|error| told(&error))?;
        self.call = Some(call);
        Ok(())
    }

    /// Keeps an event that the firmware has taken from the host.
    pub(crate) fn note(&mut self, taken: &Event) {
        self.events.push(&event(taken));
    }
}

// By themselves: what each of these, and of those above, has on the stack would lie there in all requests if it stood in
// `handle`, and loading needs much of its own.

#[inline(never)]
fn counted<const SLOTS: usize>(
    host: &Host<'_, SLOTS>,
    plugin: PluginId,
) -> Result<Reply<'static>, Told> {
    let id = find(host, plugin)?;
    Ok(Reply::Counters(counters(&host.counters(id).unwrap_or_default())))
}

#[inline(never)]
fn rolled_back<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    plugin: PluginId,
) -> Result<Reply<'static>, Told> {
    let id = find(host, plugin)?;
    host.roll_back(id).map(|()| Reply::Done).map_err(|error| told(&error))
}

#[inline(never)]
fn unloaded<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    plugin: PluginId,
) -> Result<Reply<'static>, Told> {
    let id = find(host, plugin)?;
    host.unload(id).map(|()| Reply::Done).map_err(|error| told(&error))
}

/// There are no more slots than a u16 counts.
fn narrow(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn wide(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
