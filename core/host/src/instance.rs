//! A running copy of a module: one store, one memory, the entries resolved.

use crate::{
    call::{self, Meter},
    engine::Module,
    fault::{Fault, Trap},
    guest_memory::GuestSlice,
    text::{MAX_TEXT_BYTES, Text},
};
use alloc::{boxed::Box, vec::Vec};
use ampoule_abi::export;
use wasmi::{
    AsContext, AsContextMut, Caller, Extern, Func, Memory, Store, StoreLimits, StoreLimitsBuilder,
    TrapCode, TypedFunc, errors::ErrorKind,
};

/// What the host keeps beside the guest, in its store.
pub(crate) struct Inside {
    /// What no declaration in the module can get around: growth past it fails in the guest.
    bounds: StoreLimits,
    memory: Option<Memory>,
    last_words: Option<Text>,
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
}

impl Instance {
    /// Instantiates, calls `_initialize` and asks for the mailbox, all under init's fuel; `meter`
    /// has what is left of it for `ampoule_init`.
    pub(crate) fn new(module: &Module, meter: &mut Meter) -> Result<Self, Fault> {
        let mut store = Store::new(module.inner.engine(), Inside::new(module));
        store.limiter(|inside| &mut inside.bounds);
        call::grant(&mut store, meter)?;
        let imports = imports(&mut store, module);
        let inner = wasmi::Instance::new(&mut store, &module.inner, &imports)
            .map_err(|error| of_engine(&error))?;
        let memory = inner.get_memory(&store, export::MEMORY).ok_or(Fault::Engine {})?;
        store.data_mut().memory = Some(memory);
        initialize(&mut store, &inner, meter)?;
        let mailbox = mailbox(&mut store, &inner, memory, module.limits.message_bytes, meter)?;
        let message_func = |name: &str| inner.get_typed_func(&store, name).ok();
        let entries = module.entries().iter().map(|name| message_func(name));
        Ok(Self {
            memory,
            mailbox,
            entries: entries.collect::<Option<Vec<_>>>().ok_or(Fault::Engine {})?.into(),
            init: message_func(export::INIT),
            destroy: message_func(export::DESTROY),
            store,
        })
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

impl Inside {
    fn new(module: &Module) -> Self {
        let bounds = StoreLimitsBuilder::new()
            .memory_size(module.limits.memory_bytes as usize)
            .table_elements(module.limits.table_elements as usize)
            .build();
        Self { bounds, memory: None, last_words: None }
    }

    /// The guest's last words, once.
    pub(crate) fn take_last_words(&mut self) -> Option<Text> {
        self.last_words.take()
    }
}

/// Admission let only `ampoule.panic` through, so that is what every import is.
fn imports(store: &mut Store<Inside>, module: &Module) -> Vec<Extern> {
    module.inner.imports().map(|_| Extern::Func(Func::wrap(&mut *store, panic))).collect()
}

/// Ends the guest's call. That is no [`wasmi::Error`] of the host's: the message waits in the store.
fn panic(mut caller: Caller<'_, Inside>, address: i32, length: i32) -> Result<(), wasmi::Error> {
    // The guest's i32 are addresses: no sign.
    let slice = GuestSlice::new(address as u32, length as u32).cut(MAX_TEXT_BYTES as u32);
    let memory = caller.data().memory;
    let bytes = memory.and_then(|memory| slice.of(memory.data(caller.as_context())));
    let words = bytes
        .map_or_else(|| Text::from_guest(b"(its message is outside its memory)"), Text::from_guest);
    caller.as_context_mut().data_mut().last_words = Some(words);
    Err(TrapCode::UnreachableCodeReached.into())
}

fn initialize(
    store: &mut Store<Inside>,
    inner: &wasmi::Instance,
    meter: &mut Meter,
) -> Result<(), Fault> {
    match inner.get_typed_func::<(), ()>(&*store, export::INITIALIZE) {
        Ok(function) => call::run(store, &function, (), meter),
        // Admission checked the type of every such export: there is none.
        Err(_) => Ok(()),
    }
}

fn mailbox(
    store: &mut Store<Inside>,
    inner: &wasmi::Instance,
    memory: Memory,
    message_bytes: u32,
    meter: &mut Meter,
) -> Result<GuestSlice, Fault> {
    let function = inner
        .get_typed_func::<(), i64>(&*store, export::MAILBOX)
        .map_err(|error| of_engine(&error))?;
    let bits = call::run(store, &function, (), meter)? as u64;
    let (address, capacity) = ((bits >> 32) as u32, bits as u32);
    let memory = memory.data_size(&*store);
    let slice = GuestSlice::new(address, capacity);
    if !slice.is_inside(memory) {
        let (address, capacity) = (u64::from(address), u64::from(capacity));
        return Err(Fault::Mailbox { address, capacity, memory });
    }
    Ok(slice.cut(message_bytes))
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
    use wasmi::errors::{MemoryError, TableError};
    match kind {
        ErrorKind::Memory(MemoryError::OutOfSystemMemory)
        | ErrorKind::Table(TableError::OutOfSystemMemory) => Fault::NoMemoryLeft {},
        _ => Fault::Engine {},
    }
}
