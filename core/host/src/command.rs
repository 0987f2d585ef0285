//! The host-facing handle on a program that runs from its start to its end.

use crate::{
    engine::Module,
    error::AdmissionError,
    fault::Fault,
    instance::run_command,
    limits::Limits,
    service::{Permits, Services, glue::Reach},
};
use core::{fmt, mem};

/// A program that was built for WASI preview 1: it exports `memory` and `_start`, and is no plugin.
///
/// It is held to the same limits as a plugin. What its functions of `wasi_snapshot_preview1` can do is
/// what services can that are offered and granted, as `docs/wasi.md` tells: a command that was granted
/// nothing sees its name and its arguments. A host without the feature `wasi` has none of those functions.
///
/// ```
/// use ampoule::{Command, Limits, NothingGranted, Services};
///
/// # let wasm = wat::parse_str(r#"(module
/// #     (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
/// #     (memory (export "memory") 1)
/// #     (func (export "_start") (call $exit (i32.const 7))))"#)?;
/// let mut services = Services::none();
/// let (limits, permits) = (Limits::WORKSTATION, NothingGranted);
/// let mut command = Command::load_with(&wasm, "seven", &limits, &permits, &services, &["-v"])?;
/// assert_eq!(command.run(&mut services), Ok(7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Command {
    module: Module,
    reach: Reach,
    fuel: u64,
}

impl Command {
    /// Admits and translates a program. Its first argument is `name`, which has to be that of the plugin
    /// that `permits` are for, and those that follow are `args`. Nothing of it runs.
    ///
    /// # Errors
    /// [`AdmissionError`] names what was found, what is allowed and the cure.
    pub fn load_with(
        wasm: &[u8],
        name: &str,
        limits: &Limits,
        permits: &dyn Permits,
        services: &Services,
        args: &[&str],
    ) -> Result<Self, AdmissionError> {
        let (module, granted) = Module::command(wasm, limits, services, permits, name, args)?;
        let reach = Reach { granted, plugin: name.into(), ..Reach::default() };
        Ok(Self { module, reach, fuel: 0 })
    }

    /// Runs it on a fresh instance, under `call_fuel`, in one go, and answers its exit code: 0 if it
    /// returns. Give the services that it was loaded with.
    ///
    /// What it wrote of a line is handed on at its end, however it ends.
    ///
    /// # Errors
    /// [`Fault`] if it was ended.
    pub fn run(&mut self, services: &mut Services) -> Result<u32, Fault> {
        mem::swap(services, &mut self.reach.services);
        let ran = run_command(&self.module, self.module.limits.call_fuel, &mut self.reach);
        mem::swap(services, &mut self.reach.services);
        self.fuel = ran.used;
        match ran.result {
            Ok(()) => Ok(0),
            Err(Fault::Exit { code }) => Ok(code),
            // What instantiation had used was taken from the same budget.
            Err(Fault::OutOfFuel { .. }) => {
                Err(Fault::OutOfFuel { budget: self.module.limits.call_fuel })
            }
            Err(fault) => Err(fault),
        }
    }

    /// Fuel that its last run used.
    #[must_use]
    pub const fn fuel(&self) -> u64 {
        self.fuel
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("name", &self.reach.plugin)
            .field("fuel", &self.fuel)
            .finish_non_exhaustive()
    }
}
