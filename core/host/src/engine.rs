//! The engine: how it is set up, and the translated module.
//!
//! With `instance`, `call`, `service/glue`, `service/parked` and `service/wasi/glue` the only files that name `wasmi`.

use crate::{
    admission::{self, Admitted, Grants, Kind, admit},
    cell::{Seats, carried},
    error::{AdmissionError, LoadError},
    limits::{INITIAL_STACK_BYTES, Limits},
    module_view,
    service::{Bound, Imported, Permits, Services, wasi},
    text::Text,
};
use alloc::{boxed::Box, string::String, vec::Vec};
use ampoule_abi::{export, owned};
use core::mem;
use wasmi::{CompilationMode, Config, Engine, errors::ErrorKind};

/// A translated module with its own engine: dropping it frees the code, which an engine shared by
/// several modules never would.
pub(crate) struct Module {
    /// None once its work was abandoned in a cell.
    inner: Option<wasmi::Module>,
    pub(crate) limits: Limits,
    meta: owned::Meta,
    /// The entries' names; an [`Entry`](crate::Entry) is an index into this.
    entries: Box<[String]>,
    has_init: bool,
    /// The operations that it imports, in their order; the host's own functions aren't among them.
    operations: Box<[Imported]>,
    /// Only if it imports WASI.
    wasi: Option<Box<wasi::Given>>,
    /// Tells modules apart, so that an entry bound on one is not used on another.
    pub(crate) identity: u64,
}

impl Module {
    /// Admits and translates; answers what is granted of each operation, too.
    pub(crate) fn new(
        wasm: &[u8],
        limits: &Limits,
        services: &Services,
        permits: &dyn Permits,
    ) -> Result<(Self, Vec<Bound>), AdmissionError> {
        let admitted = admit(wasm, limits, services, permits, Kind::Plugin)?;
        let inner = translate(&admitted, limits)?;
        Self::of(&admitted, inner, limits, services, permits, Kind::Plugin)
    }

    /// [`Self::new`] on the accounts of a plugin.
    pub(crate) fn seated(
        wasm: &[u8],
        limits: &Limits,
        services: &Services,
        permits: &dyn Permits,
        seats: &Seats,
    ) -> Result<(Self, Vec<Bound>), LoadError> {
        let made = seats.engine.enter(|| {
            let admitted = admit(wasm, limits, services, permits, Kind::Plugin)?;
            let inner = translate(&admitted, limits)?;
            let words = || Self::of(&admitted, inner, limits, services, permits, Kind::Plugin);
            Ok(seats.words.enter(words)??)
        })?;
        made.map_err(carried::<LoadError>)
    }

    /// As [`Self::new`] for a command called `name`, which sees `args`.
    pub(crate) fn command(
        wasm: &[u8],
        limits: &Limits,
        services: &Services,
        permits: &dyn Permits,
        name: &str,
        args: &[&str],
    ) -> Result<(Self, Vec<Bound>), AdmissionError> {
        let kind = Kind::Command { name, args };
        let admitted = admit(wasm, limits, services, permits, kind)?;
        let inner = translate(&admitted, limits)?;
        Self::of(&admitted, inner, limits, services, permits, kind)
    }

    fn of(
        admitted: &Admitted<'_>,
        inner: wasmi::Module,
        limits: &Limits,
        services: &Services,
        permits: &dyn Permits,
        kind: Kind<'_>,
    ) -> Result<(Self, Vec<Bound>), AdmissionError> {
        let Grants { imported, bindings, granted } =
            admission::grants(admitted, services, permits)?;
        let given =
            |bindings| Box::new(wasi::Given::new(bindings, admitted.meta.name, kind.args()));
        let wasi = bindings.map(given);
        let module = Self {
            inner: Some(inner),
            limits: *limits,
            meta: admitted.meta.into(),
            entries: entries(admitted),
            has_init: module_view::exports(&admitted.scan).any(|item| item.name == export::INIT),
            operations: imported.into(),
            wasi,
            identity: identity(admitted.wasm),
        };
        Ok((module, granted))
    }

    /// The engine's part, unless it was lost.
    pub(crate) const fn inner(&self) -> Option<&wasmi::Module> {
        self.inner.as_ref()
    }

    /// Its work was abandoned: what the engine made is left as it is, for the cell to give back.
    pub(crate) fn lose(&mut self) {
        mem::forget(self.inner.take());
    }

    pub(crate) fn meta(&self) -> ampoule_abi::Meta<'_> {
        self.meta.borrow()
    }

    pub(crate) const fn has_init(&self) -> bool {
        self.has_init
    }

    pub(crate) fn operations(&self) -> &[Imported] {
        &self.operations
    }

    pub(crate) fn wasi(&self) -> Option<&wasi::Given> {
        if crate::HAS_WASI { self.wasi.as_deref() } else { None }
    }

    pub(crate) fn entries(&self) -> &[String] {
        &self.entries
    }
}

/// Validates, then translates: the engine's translator may panic on what its validator refuses.
///
/// Neither this nor the two steps are inlined: what one has on the stack is gone before the next begins.
#[inline(never)]
pub(crate) fn translate(
    admitted: &Admitted<'_>,
    limits: &Limits,
) -> Result<wasmi::Module, AdmissionError> {
    let engine = Engine::new(&config(limits));
    validate(&engine, admitted.wasm)?;
    let module = wasmi::Module::new(&engine, admitted.wasm).map_err(refusal)?;
    release_buffers(&engine);
    Ok(module)
}

#[inline(never)]
fn validate(engine: &Engine, wasm: &[u8]) -> Result<(), AdmissionError> {
    wasmi::Module::validate(engine, wasm).map_err(refusal)
}

/// Has the engine let go of its translator's buffers, which it keeps for one more function: some KiB of each
/// plugin. It has no call for that, but a function that isn't valid takes them with it.
fn release_buffers(engine: &Engine) {
    /// One function of the mailbox's type, which every plugin has. Its first operator adds what isn't there,
    /// so that validation, which goes ahead of translation by an operator, ends it.
    const INVALID: &[u8] = b"\0asm\x01\0\0\0\
        \x01\x05\x01\x60\0\x01\x7e\
        \x03\x02\x01\0\
        \x0a\x05\x01\x03\0\x6a\x0b";
    // Refused, and then dropped with the buffers.
    let _ = wasmi::Module::new(engine, INVALID);
}

/// The engine's message stands in its error already; formatting the error would link far more.
fn refusal(error: wasmi::Error) -> AdmissionError {
    match error.kind() {
        ErrorKind::Wasm(error) => AdmissionError::Invalid {
            message: Text::from_guest(error.message().as_bytes()),
            offset: error.offset(),
        },
        _ => AdmissionError::Engine {},
    }
}

fn config(limits: &Limits) -> Config {
    /// The engine counts its value stack in cells, whatever its documentation says.
    const CELL_BYTES: u32 = 8;
    let cells = |bytes: u32| (bytes / CELL_BYTES).max(1) as usize;
    let initial = limits.value_stack_bytes.min(INITIAL_STACK_BYTES);
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .compilation_mode(CompilationMode::Eager)
        // Custom sections are read by admission; the engine would copy them.
        .ignore_custom_sections(true)
        .floats(true)
        .wasm_custom_page_sizes(true)
        .wasm_multi_value(false)
        .wasm_multi_memory(false)
        // For the index of the table in five bytes, as today's linkers write it; the scan knows no
        // operator, table or segment of that proposal.
        .wasm_reference_types(true)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_memory64(false)
        .wasm_wide_arithmetic(false)
        .set_max_recursion_depth(usize::from(limits.recursion_depth))
        // Lowered first: the engine panics when the least exceeds the most.
        .set_min_stack_height(1)
        .set_max_stack_height(cells(limits.value_stack_bytes))
        .set_min_stack_height(cells(initial))
        // One call in flight per instance needs one stack.
        .set_max_cached_stacks(1);
    config
}

fn entries(admitted: &Admitted<'_>) -> Box<[String]> {
    let names = module_view::entries(&admitted.scan).map(String::from);
    names.collect::<Vec<_>>().into()
}

/// FNV-1a, 64 bits, over the module's bytes; never 0. It tells modules apart by accident, not against a
/// forger: whoever forges one gains an entry of the same wasm type in the forged module.
pub(crate) fn identity(wasm: &[u8]) -> u64 {
    let hash = wasm.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}
