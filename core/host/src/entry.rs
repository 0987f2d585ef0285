//! An entry, bound.

use core::{fmt, marker::PhantomData};

/// An entry of a plugin with the messages that it takes and answers.
///
/// It may be kept with `'static` messages and used with any:
///
/// ```
/// use ampoule::{CallError, Context, Entry, Outcome, Plugin};
///
/// struct Transformer {
///     plugin: Plugin,
///     execute: Entry<Context<'static>, Outcome<'static>>,
/// }
///
/// impl Transformer {
///     fn ask<'t>(&'t mut self, request: &Context<'_>) -> Result<Outcome<'t>, CallError> {
///         self.plugin.call(&self.execute, request)
///     }
/// }
/// ```
///
/// Bound once by [`Plugin::bind`](crate::Plugin::bind), and good for the plugin's whole life, faults included.
pub struct Entry<Req: ?Sized, Res> {
    pub(crate) index: u16,
    /// The module's, see [`Plugin::bind`](crate::Plugin::bind).
    pub(crate) identity: u64,
    request: PhantomData<fn() -> PhantomData<Req>>,
    reply: PhantomData<fn() -> Res>,
}

impl<Req: ?Sized, Res> Entry<Req, Res> {
    pub(crate) const fn new(index: u16, identity: u64) -> Self {
        Self { index, identity, request: PhantomData, reply: PhantomData }
    }
}

impl<Req: ?Sized, Res> Clone for Entry<Req, Res> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Req: ?Sized, Res> Copy for Entry<Req, Res> {}

impl<Req: ?Sized, Res> fmt::Debug for Entry<Req, Res> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("index", &self.index).finish_non_exhaustive()
    }
}
