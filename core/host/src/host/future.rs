//! Calls to be awaited.

use super::{Call, Host};
use crate::{
    entry::Entry,
    error::{CallError, Refusal},
};
use ampoule_abi::Decode;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use serde::Serialize;

/// A call that runs a turn of its host each time it is polled; made by [`Host::call_async`].
///
/// It needs no executor of its own, and no timer: after each turn it asks to be polled again. Dropping
/// it cancels the call.
#[must_use = "nothing runs until it is awaited"]
pub struct CallFuture<'h, 'p, Res, const SLOTS: usize> {
    /// Gone when the call is over.
    host: Option<&'h mut Host<'p, SLOTS>>,
    call: Result<Call<Res>, Refusal>,
}

impl<'p, const SLOTS: usize> Host<'p, SLOTS> {
    /// Calls an entry, to be awaited: other started calls get their turns meanwhile, and the executor
    /// its own.
    ///
    /// # Errors
    /// As for [`Self::start`] and [`Self::take`].
    pub fn call_async<'h, Req: Serialize + ?Sized, Res: Decode<'h>>(
        &'h mut self,
        entry: &Entry<Req, Res>,
        request: &Req,
    ) -> CallFuture<'h, 'p, Res, SLOTS> {
        let call = self.start(entry, request);
        CallFuture { host: Some(self), call }
    }
}

impl<'h, Res: Decode<'h>, const SLOTS: usize> Future for CallFuture<'h, '_, Res, SLOTS> {
    type Output = Result<Res, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let call = match &self.call {
            Ok(call) => *call,
            Err(refusal) => return Poll::Ready(Err(refusal.clone().into())),
        };
        let Some(host) = self.host.take() else {
            return Poll::Ready(Err(Refusal::NoSuchCall {}.into()));
        };
        if !host.is_over(&call) {
            host.poll((host.clock)());
        }
        if !host.is_over(&call) {
            self.host = Some(host);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let answer = host.take(&call);
        Poll::Ready(answer.unwrap_or(Err(Refusal::NoSuchCall {}.into())))
    }
}

impl<Res, const SLOTS: usize> Drop for CallFuture<'_, '_, Res, SLOTS> {
    fn drop(&mut self) {
        if let (Some(host), Ok(call)) = (&mut self.host, &self.call) {
            host.cancel(call);
        }
    }
}

impl<Res, const SLOTS: usize> fmt::Debug for CallFuture<'_, '_, Res, SLOTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").field("call", &self.call).finish_non_exhaustive()
    }
}
