//! The functions as the engine calls them.

use super::{
    calls::{self, Params},
    errno::{Errno, Stop},
    host::{Desk, Host, Memory},
    output,
    table::{self, Declared},
};
use crate::{
    instance::Inside,
    service::glue::{budget, charge, val_type},
};
use wasmi::{Caller, Error, Func, FuncType, Store, TrapCode, Val};

/// Makes the function called `name`, which admission has found in the table.
pub(crate) fn function(store: &mut Store<Inside>, name: &str) -> Func {
    let Some(declared) = table::find(name) else {
        // Of a type that no import has, so that instantiation would fail.
        return Func::wrap(store, |_: f64| {});
    };
    let params = declared.params.iter().map(|ty| val_type(*ty));
    let results = declared.results().iter().map(|ty| val_type(*ty));
    let ty = FuncType::new(params, results);
    Func::new(store, ty, move |guest, params, results| {
        let errno = call(guest, declared, params)?;
        if let Some(result) = results.first_mut() {
            *result = Val::I32(i32::from(errno));
        }
        Ok(())
    })
}

/// Carries out a call, takes its price from the guest, and answers its error number.
fn call(mut guest: Caller<'_, Inside>, declared: &Declared, params: &[Val]) -> Result<u16, Error> {
    let fuel = budget(&guest)?;
    let stopped = match called(&mut guest, declared, params, fuel) {
        Some((used, stopped)) => {
            charge(&mut guest, used)?;
            stopped
        }
        // There is always a memory by the time that code runs.
        None => Err(Errno::NoFunction.into()),
    };
    match stopped {
        Ok(()) => Ok(0),
        Err(Stop::Errno(errno)) => Ok(errno as u16),
        Err(Stop::OutOfFuel) => {
            charge(&mut guest, fuel)?;
            Err(TrapCode::OutOfFuel.into())
        }
        Err(Stop::Exit(code)) => Err(Error::i32_exit(code as i32)),
    }
}

type Stopped = Result<(), Stop>;

/// Answers the fuel that it used, and how it went.
fn called(
    guest: &mut Caller<'_, Inside>,
    declared: &Declared,
    params: &[Val],
    fuel: u64,
) -> Option<(u64, Stopped)> {
    let memory = guest.data().memory()?;
    let message_bytes = guest.data().message_bytes();
    let (bytes, inside) = memory.data_and_store_mut(guest);
    let (state, reach) = inside.wasi()?;
    let desk = Desk { state, reach, message_bytes, fuel };
    let mut host = Host { memory: Memory(bytes), desk };
    let stopped = calls::call(&mut host, declared.function, &plain(params));
    // What can't be paid isn't begun, so that no more than everything is used.
    let used = fuel.saturating_sub(host.desk.fuel);
    Some((if stopped == Err(Stop::OutOfFuel) { 0 } else { used }, stopped))
}

fn plain(params: &[Val]) -> Params {
    let mut plain = Params::default();
    for (place, param) in plain.0.iter_mut().zip(params) {
        *place = match param {
            Val::I32(it) => u64::from(*it as u32),
            Val::I64(it) => *it as u64,
            _ => 0,
        };
    }
    plain
}

/// Hands on what is left of lines that have no end, when the guest is done: it can't pay any more, and it
/// is two lines at most.
pub(crate) fn flush(inside: &mut Inside) {
    let message_bytes = inside.message_bytes();
    if let Some((state, reach)) = inside.wasi() {
        let mut desk = Desk { state, reach, message_bytes, fuel: u64::MAX };
        // Nobody is left to be told.
        let _ = output::flush(&mut desk);
    }
}
