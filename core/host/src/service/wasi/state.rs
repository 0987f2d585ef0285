//! What an instance of a module that imports WASI has besides others.

use super::{
    fds::{self, Fds},
    lines::Line,
    needs::{Bindings, Need},
};
use crate::{HAS_WASI, admission::scan::Scan, limits::Limits, module_view};
use alloc::{boxed::Box, vec::Vec};
use ampoule_abi::import;

/// The longest path, in bytes, of a directory and what lies below it together.
pub(crate) const MAX_PATH_BYTES: usize = 512;
/// The most bytes that a call asks of a service, or hands to one, beside the guest's memory.
pub(crate) const MAX_PASSED_BYTES: u32 = 256 * 1024;

/// What a module has by its grants, and what the host gave it.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) bindings: Bindings,
    /// The first is its name; each has a zero behind it.
    pub(crate) args: Box<[u8]>,
}

/// What one instance has done with it.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) bindings: Bindings,
    pub(crate) args: Box<[u8]>,
    pub(crate) fds: Fds,
    /// Whether the granted directories are among [`Self::fds`].
    pub(crate) preopened: bool,
    pub(crate) lines: [Line; 2],
}

impl Given {
    pub(crate) fn new(bindings: Bindings, name: &str, args: &[&str]) -> Self {
        let all = core::iter::once(name).chain(args.iter().copied());
        let packed = all.flat_map(|arg| arg.bytes().chain([0]));
        Self { bindings, args: packed.collect::<Vec<_>>().into() }
    }
}

impl State {
    pub(crate) fn new(given: &Given) -> Self {
        let Given { bindings, args } = given;
        let heard = bindings.has(Need::StdioWrite) || bindings.has(Need::LogWrite);
        Self {
            bindings: *bindings,
            args: args.clone(),
            fds: Fds::new(heard),
            preopened: false,
            lines: Default::default(),
        }
    }
}

/// Whether a module imports any function of WASI.
pub(crate) fn is_imported(scan: &Scan<'_>) -> bool {
    HAS_WASI && module_view::imports(scan).any(|function| function.service == import::WASI)
}

/// An upper bound of the heap that the shim holds for an instance. What the host gives as arguments
/// isn't in it.
pub(crate) fn heap_bytes(scan: &Scan<'_>, limits: &Limits) -> u64 {
    const STATE: u64 = 4 * 1024;
    const DESCRIPTOR: u64 = MAX_PATH_BYTES as u64 + 64;
    if !is_imported(scan) {
        return 0;
    }
    let opens = module_view::imports(scan)
        .any(|it| (it.service, it.operation) == (import::WASI, "path_open"));
    let descriptors = if opens { fds::MOST as u64 * DESCRIPTOR } else { 0 };
    // The names of variables, the value of one, and all of them together.
    STATE + descriptors + 3 * u64::from(limits.message_bytes.min(MAX_PASSED_BYTES))
}
