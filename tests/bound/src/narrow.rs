//! The same measurements with pointers of 32 bits: the probe is a WebAssembly module, whose layouts are
//! those of a Cortex-M, and runs on this machine's own engine.

use bound_measure::Found;
use wasmi::{Engine, Instance, Linker, Memory, Module, Store, TypedFunc, WasmParams};

/// What went wrong with the probe itself.
pub type Error = wasmi::Error;

/// A probe, with a heap of its own.
#[derive(Debug)]
pub struct Probe {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Probe {
    /// Starts a probe: the module that `cargo xtask weights` builds.
    ///
    /// # Errors
    /// If it isn't one.
    pub fn new(wasm: &[u8]) -> Result<Self, Error> {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, wasm)?;
        let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
        let memory = instance.get_memory(&store, "memory");
        let memory = memory.ok_or_else(|| Error::new("the probe has no memory"))?;
        let mut probe = Self { store, instance, memory };
        probe.call::<(), ()>("begin", ())?;
        Ok(probe)
    }

    /// Takes a module that the others are about.
    ///
    /// # Errors
    /// If the probe ends, as without memory for it.
    pub fn take(&mut self, wasm: &[u8]) -> Result<(), Error> {
        let length = u32::try_from(wasm.len()).map_err(|_| Error::new("too long"))?;
        let place: u32 = self.call("place", length)?;
        self.memory.write(&mut self.store, place as usize, wasm)?;
        Ok(())
    }

    /// What the module takes; none if no host loads it.
    ///
    /// # Errors
    /// If the probe ends, as without memory for it.
    pub fn measured(&mut self) -> Result<Option<Found>, Error> {
        let found = self.halves("measure")?;
        Ok(found.map(|[loading, running]| Found { loading, running }))
    }

    /// What a host keeps of any plugin, and what any instance takes.
    ///
    /// # Errors
    /// If the probe ends.
    pub fn bookkeeping(&mut self) -> Result<Option<[u64; 2]>, Error> {
        self.halves("bookkeeping")
    }

    /// The bound that such a machine computes by itself.
    ///
    /// # Errors
    /// If the probe ends.
    pub fn promised(&mut self) -> Result<Option<Found>, Error> {
        let bound = self.halves("bound")?;
        Ok(bound.map(|[loading, running]| Found { loading, running }))
    }

    fn halves(&mut self, name: &str) -> Result<Option<[u64; 2]>, Error> {
        let both: u64 = self.call(name, ())?;
        Ok((both != u64::MAX).then_some([both >> 32, both & u64::from(u32::MAX)]))
    }

    fn call<P: WasmParams, R: wasmi::WasmResults>(
        &mut self,
        name: &str,
        params: P,
    ) -> Result<R, Error> {
        let function: TypedFunc<P, R> = self.instance.get_typed_func(&self.store, name)?;
        function.call(&mut self.store, params)
    }
}
