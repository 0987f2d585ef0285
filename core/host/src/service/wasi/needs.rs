//! The operations that the shim stands on, as far as they are offered and granted.

use crate::{
    inspect::ValueType,
    service::{Form, Imported},
};

/// An operation that the shim can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    LogWrite,
    StdioWrite,
    ClockNow,
    ClockMonotonic,
    RandomFill,
    EnvNames,
    EnvGet,
    FsRoots,
    FsRead,
    FsWrite,
    FsList,
    FsStat,
}

/// Where an operation is found.
pub(crate) struct Wanted {
    pub(crate) need: Need,
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    /// The operations of the same service whose grant, the first that there is, opens this one: what
    /// one may read, one may also know the name of.
    pub(crate) granted_by: &'static [&'static str],
    pub(crate) form: Form,
}

const NUMBER: Form = Form::Scalar { params: &[], result: Some(ValueType::I64) };

const fn wanted(need: Need, service: &'static str, by: &'static [&'static str]) -> Wanted {
    let operation = match need {
        Need::LogWrite | Need::StdioWrite | Need::FsWrite => "write",
        Need::ClockNow => "now_us",
        Need::ClockMonotonic => "monotonic_us",
        Need::RandomFill => "fill",
        Need::EnvNames => "names",
        Need::EnvGet => "get",
        Need::FsRoots => "roots",
        Need::FsRead => "read",
        Need::FsList => "list",
        Need::FsStat => "stat",
    };
    let form = match need {
        Need::ClockNow | Need::ClockMonotonic => NUMBER,
        _ => Form::Message,
    };
    Wanted { need, service, operation, granted_by: by, form }
}

pub(crate) const WANTED: [Wanted; COUNT] = [
    wanted(Need::LogWrite, "log", &["write"]),
    wanted(Need::StdioWrite, "stdio", &["write"]),
    wanted(Need::ClockNow, "clock", &["now_us"]),
    wanted(Need::ClockMonotonic, "clock", &["monotonic_us"]),
    wanted(Need::RandomFill, "random", &["fill"]),
    wanted(Need::EnvNames, "env", &["names", "get"]),
    wanted(Need::EnvGet, "env", &["get"]),
    wanted(Need::FsRoots, "fs", &["roots", "read", "stat", "list", "write"]),
    wanted(Need::FsRead, "fs", &["read"]),
    wanted(Need::FsWrite, "fs", &["write"]),
    wanted(Need::FsList, "fs", &["list"]),
    wanted(Need::FsStat, "fs", &["stat"]),
];

const COUNT: usize = Need::FsStat as usize + 1;

/// Which operations the shim has, and where what is granted of each stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bindings([Option<Imported>; COUNT]);

impl Bindings {
    pub(crate) fn set(&mut self, need: Need, imported: Imported) {
        if let Some(place) = self.0.get_mut(need as usize) {
            *place = Some(imported);
        }
    }

    pub(crate) fn get(&self, need: Need) -> Option<Imported> {
        *self.0.get(need as usize)?
    }

    pub(crate) fn has(&self, need: Need) -> bool {
        self.get(need).is_some()
    }
}
