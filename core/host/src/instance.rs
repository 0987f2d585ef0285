//! A running copy of a module: one store, one memory, the entries resolved.

use crate::{
    call::{self, Dose, Ran},
    cell::{Ended, Seat, carried},
    engine::Module,
    fault::{Fault, Trap},
    guest_memory::GuestSlice,
    service::{
        glue::{self, Reach},
        parked::Parking,
        wasi,
    },
    text::{MAX_TEXT_BYTES, Text},
};
use alloc::{boxed::Box, vec::Vec};
use ampoule_abi::export;
use core::mem;
use wasmi::{
    AsContext, AsContextMut, Caller, Memory, Store, StoreLimits, StoreLimitsBuilder, TrapCode,
    TypedFunc, errors::ErrorKind,
};

/// What the host keeps beside the guest, in its store.
pub(crate) struct Inside {
    /// What no declaration in the module can get around: growth past it fails in the guest.
    bounds: StoreLimits,
    memory: Option<Memory>,
    message_bytes: u32,
    last_words: Option<Text>,
    /// What services and grants it has while it runs.
    pub(crate) reach: Reach,
    /// What the call's budget still has beyond the slice that it runs on.
    pub(crate) beyond: u64,
    pub(crate) parking: Parking,
    /// Only for a module that imports WASI.
    wasi: Option<Box<wasi::State>>,
}

/// A function that takes a message: every entry, and most of the life cycle.
pub(crate) type MessageFunc = TypedFunc<i32, i64>;

/// A running copy of a module.
pub(crate) struct Instance {
    pub(crate) store: Store<Inside>,
    memory: Memory,
    mailbox: GuestSlice,
    /// In the order of [`Module::entries`].
    entries: Box<[MessageFunc]>,
    init: Option<MessageFunc>,
    destroy: Option<MessageFunc>,
    save: Option<MessageFunc>,
    restore: Option<MessageFunc>,
}

impl Instance {
    /// Instantiates, calls `_initialize` and asks for the mailbox, all under init's fuel; `used` is
    /// what that took. The outer error: its work was abandoned.
    pub(crate) fn new(
        module: &Module,
        dose: Dose,
        used: &mut u64,
        reach: &mut Reach,
        seat: &Seat,
    ) -> Result<Result<Self, Fault>, Ended> {
        let mut store = match seat.enter(|| store(module))? {
            Ok(store) => store,
            Err(fault) => return Ok(Err(carried(fault))),
        };
        // Lent, and taken back before the store can go.
        mem::swap(reach, &mut store.data_mut().reach);
        let made = seat.enter(|| {
            let started = start(&mut store, module, dose, used)?;
            Parts::find(&store, module, started)
        });
        mem::swap(reach, &mut store.data_mut().reach);
        match made {
            Ok(parts) => Ok(parts.map(|parts| parts.with(store)).map_err(carried)),
            Err(ended) => {
                mem::forget(store);
                Err(ended)
            }
        }
    }

    /// Runs what needs it on a seat. If that is abandoned, the instance can't be used or dropped any
    /// more, but what it was lent can be taken back.
    #[inline]
    pub(crate) fn on<T>(
        &mut self,
        seat: &Seat,
        work: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, Ended> {
        seat.enter(|| work(self))
    }

    /// Lends what the guest may reach while it runs, or takes it back.
    pub(crate) fn swap_reach(&mut self, reach: &mut Reach) {
        mem::swap(reach, &mut self.store.data_mut().reach);
    }

    pub(crate) fn entry(&self, index: usize) -> Option<MessageFunc> {
        self.entries.get(index).copied()
    }

    pub(crate) const fn init(&self) -> Option<MessageFunc> {
        self.init
    }

    pub(crate) const fn destroy(&self) -> Option<MessageFunc> {
        self.destroy
    }

    pub(crate) const fn save(&self) -> Option<MessageFunc> {
        self.save
    }

    pub(crate) const fn restore(&self) -> Option<MessageFunc> {
        self.restore
    }

    pub(crate) fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }

    pub(crate) const fn mailbox_bytes(&self) -> u32 {
        self.mailbox.length()
    }

    /// The guest's buffer for incoming messages. A memory never shrinks, so the range that was
    /// checked at the start holds for ever.
    pub(crate) fn mailbox_mut(&mut self) -> &mut [u8] {
        self.mailbox.of_mut(self.memory.data_mut(&mut self.store)).unwrap_or_default()
    }
}

/// An instance but for its store.
struct Parts {
    memory: Memory,
    mailbox: GuestSlice,
    entries: Box<[MessageFunc]>,
    init: Option<MessageFunc>,
    destroy: Option<MessageFunc>,
    save: Option<MessageFunc>,
    restore: Option<MessageFunc>,
}

impl Parts {
    fn find(
        store: &Store<Inside>,
        module: &Module,
        (inner, memory, mailbox): (wasmi::Instance, Memory, GuestSlice),
    ) -> Result<Self, Fault> {
        let message_func = |name: &str| inner.get_typed_func(store, name).ok();
        let entries = module.entries().iter().map(|name| message_func(name));
        Ok(Self {
            memory,
            mailbox: mailbox.cut(store.data().message_bytes),
            entries: entries.collect::<Option<Vec<_>>>().ok_or(Fault::Engine {})?.into(),
            init: message_func(export::INIT),
            destroy: message_func(export::DESTROY),
            save: message_func(export::SAVE),
            restore: message_func(export::RESTORE),
        })
    }

    fn with(self, store: Store<Inside>) -> Instance {
        let Self { memory, mailbox, entries, init, destroy, save, restore } = self;
        Instance { store, memory, mailbox, entries, init, destroy, save, restore }
    }
}

impl Inside {
    fn new(module: &Module) -> Self {
        let bounds = StoreLimitsBuilder::new()
            .memory_size(module.limits.memory_bytes as usize)
            .table_elements(module.limits.table_elements as usize)
            .build();
        // A length crosses over as an i32, and so does a reply's.
        let message_bytes = module.limits.message_bytes.min(i32::MAX as u32);
        let reach = Reach::default();
        let parking = Parking::default();
        let wasi = module.wasi().map(|given| Box::new(wasi::State::new(given)));
        Self {
            bounds,
            memory: None,
            message_bytes,
            last_words: None,
            reach,
            beyond: 0,
            parking,
            wasi,
        }
    }

    /// What the functions of WASI work on.
    pub(crate) fn wasi(&mut self) -> Option<(&mut wasi::State, &mut Reach)> {
        let state = if crate::HAS_WASI { self.wasi.as_deref_mut() } else { None };
        Some((state?, &mut self.reach))
    }

    pub(crate) const fn memory(&self) -> Option<Memory> {
        self.memory
    }

    pub(crate) const fn message_bytes(&self) -> u32 {
        self.message_bytes
    }

    /// The guest's last words, once.
    pub(crate) fn take_last_words(&mut self) -> Option<Text> {
        self.last_words.take()
    }
}

/// Ends the guest's call. That is no [`wasmi::Error`] of the host's: the message waits in the store.
pub(crate) fn panic(
    mut caller: Caller<'_, Inside>,
    address: i32,
    length: i32,
) -> Result<(), wasmi::Error> {
    // The guest's i32 are addresses: no sign.
    let slice = GuestSlice::new(address as u32, length as u32).cut(MAX_TEXT_BYTES as u32);
    let memory = caller.data().memory;
    let bytes = memory.and_then(|memory| slice.of(memory.data(caller.as_context())));
    let words = bytes
        .map_or_else(|| Text::from_guest(b"(its message is outside its memory)"), Text::from_guest);
    caller.as_context_mut().data_mut().last_words = Some(words);
    Err(TrapCode::UnreachableCodeReached.into())
}

fn store(module: &Module) -> Result<Store<Inside>, Fault> {
    let inner = module.inner().ok_or(Fault::OutOfMemory {})?;
    let mut store = Store::new(inner.engine(), Inside::new(module));
    store.limiter(|inside| &mut inside.bounds);
    Ok(store)
}

/// Runs a command from its instantiation to its end, in one go, and drops what it was.
pub(crate) fn run_command(module: &Module, budget: u64, reach: &mut Reach) -> Ran<()> {
    let dose = Dose { budget, slice: budget };
    let mut used = 0;
    let mut store = match store(module) {
        Ok(store) => store,
        Err(fault) => return Ran { result: Err(fault), used },
    };
    mem::swap(reach, &mut store.data_mut().reach);
    let result = instantiate(&mut store, module, dose, &mut used).and_then(|(inner, _)| {
        let start = inner.get_typed_func::<(), ()>(&store, export::START);
        charge(&mut store, dose, &mut used, |store| start?.call(store, ()))
    });
    wasi::glue::flush(store.data_mut());
    mem::swap(reach, &mut store.data_mut().reach);
    Ran { result, used }
}

fn start(
    store: &mut Store<Inside>,
    module: &Module,
    dose: Dose,
    used: &mut u64,
) -> Result<(wasmi::Instance, Memory, GuestSlice), Fault> {
    let (inner, memory) = instantiate(store, module, dose, used)?;
    if let Ok(initialize) = inner.get_typed_func::<(), ()>(&*store, export::INITIALIZE) {
        charge(store, dose, used, |store| initialize.call(store, ()))?;
    }
    let mailbox = inner.get_typed_func::<(), i64>(&*store, export::MAILBOX);
    let mailbox = charge(store, dose, used, |store| mailbox?.call(store, ()))?;
    let mailbox = mailbox_slice(mailbox, memory.data_size(&*store))?;
    Ok((inner, memory, mailbox))
}

fn instantiate(
    store: &mut Store<Inside>,
    module: &Module,
    dose: Dose,
    used: &mut u64,
) -> Result<(wasmi::Instance, Memory), Fault> {
    let imports = glue::imports(store, module);
    let translated = module.inner().ok_or(Fault::OutOfMemory {})?;
    let inner =
        charge(store, dose, used, |store| wasmi::Instance::new(store, translated, &imports))?;
    let memory = inner.get_memory(&*store, export::MEMORY).ok_or(Fault::Engine {})?;
    store.data_mut().memory = Some(memory);
    Ok((inner, memory))
}

/// Charges one step of instantiation to what is left of init's fuel.
fn charge<T>(
    store: &mut Store<Inside>,
    dose: Dose,
    used: &mut u64,
    work: impl FnOnce(&mut Store<Inside>) -> Result<T, wasmi::Error>,
) -> Result<T, Fault> {
    let ran = call::charged(store, dose.after(*used).budget, work);
    *used += ran.used;
    ran.result
}

fn mailbox_slice(bits: i64, memory: usize) -> Result<GuestSlice, Fault> {
    let bits = bits as u64;
    let (address, capacity) = ((bits >> 32) as u32, bits as u32);
    let slice = GuestSlice::new(address, capacity);
    if slice.is_inside(memory) {
        return Ok(slice);
    }
    let (address, capacity) = (u64::from(address), u64::from(capacity));
    Err(Fault::Mailbox { address, capacity, memory })
}

/// The verdict on what the engine stopped a guest for.
pub(crate) fn of_engine(error: &wasmi::Error) -> Fault {
    let trap = match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => Trap::Unreachable,
        Some(TrapCode::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
        Some(TrapCode::TableOutOfBounds) => Trap::TableOutOfBounds,
        Some(TrapCode::IndirectCallToNull) => Trap::IndirectCallToNull,
        Some(TrapCode::BadSignature) => Trap::IndirectCallType,
        Some(TrapCode::IntegerDivisionByZero) => Trap::DivisionByZero,
        Some(TrapCode::IntegerOverflow) => Trap::IntegerOverflow,
        Some(TrapCode::BadConversionToInteger) => Trap::ConversionToInteger,
        Some(TrapCode::StackOverflow) => return Fault::StackExhausted {},
        Some(TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited) => return Fault::Engine {},
        None => return without_trap(error.kind()),
    };
    Fault::Trap { trap }
}

fn without_trap(kind: &ErrorKind) -> Fault {
    use wasmi::errors::{InstantiationError, MemoryError, TableError};
    match kind {
        ErrorKind::Instantiation(
            InstantiationError::FailedToInstantiateMemory(MemoryError::OutOfSystemMemory)
            | InstantiationError::FailedToInstantiateTable(TableError::OutOfSystemMemory),
        ) => Fault::OutOfMemory {},
        // Its bits are the guest's own u32.
        ErrorKind::I32ExitStatus(code) => Fault::Exit { code: *code as u32 },
        _ => Fault::Engine {},
    }
}
