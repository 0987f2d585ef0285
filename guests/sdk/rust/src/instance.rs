//! The running copy of a plugin, and what the host can ask of it.

use crate::{
    Answer, Context, Decode, HandOver, Plugin, Reply,
    buffer::Buffer,
    reply::{BAD_MESSAGE, NOT_INITIALIZED, RawReply, pack},
};
use core::cell::RefCell;

/// A plugin with its buffers: all the memory that it needs besides its stack.
pub struct Instance<P, const MAILBOX: usize, const REPLY: usize> {
    parts: RefCell<Parts<P, MAILBOX, REPLY>>,
}

struct Parts<P, const MAILBOX: usize, const REPLY: usize> {
    plugin: Option<P>,
    mailbox: [u8; MAILBOX],
    reply: Buffer<[u8; REPLY]>,
}

// SAFETY: a wasm32 guest of ABI 1 has one thread: nothing is ever seen from two.
#[cfg(target_arch = "wasm32")]
unsafe impl<P, const MAILBOX: usize, const REPLY: usize> Sync for Instance<P, MAILBOX, REPLY> {}

impl<P: Plugin, const MAILBOX: usize, const REPLY: usize> Instance<P, MAILBOX, REPLY> {
    /// A plugin that has not started.
    #[must_use]
    pub const fn new() -> Self {
        let parts = Parts { plugin: None, mailbox: [0; MAILBOX], reply: Buffer::new() };
        Self { parts: RefCell::new(parts) }
    }

    /// Where the host puts messages.
    #[must_use]
    pub fn mailbox(&self) -> i64 {
        // SAFETY: nothing is read; the pointer is to this instance, and so is the new one.
        let mailbox = unsafe { &raw mut (*self.parts.as_ptr()).mailbox };
        // Exposed, and mutable: the host writes there by the number alone. From a mere `addr` the
        // compiler could conclude that nobody does.
        pack(false, mailbox.expose_provenance(), MAILBOX)
    }

    /// Serves the host: `length` bytes lie in the mailbox.
    ///
    /// The host never calls into a call, so the instance is free; were it not, the call would fail.
    pub fn serve(&self, length: i32, run: impl FnOnce(Call<'_, P>) -> RawReply<'_>) -> i64 {
        let Ok(mut parts) = self.parts.try_borrow_mut() else {
            return NOT_INITIALIZED.to_bits();
        };
        run(parts.call(length as usize)).to_bits()
    }
}

/// An [`Instance`] whatever its sizes; by default the plugin has not started.
pub trait AnySize<P>: Default {
    /// Where the host puts messages.
    fn mailbox_mut(&mut self) -> &mut [u8];
    /// Starts a call: `length` bytes lie in the mailbox.
    fn call(&mut self, length: usize) -> Call<'_, P>;
}

impl<P: Plugin, const MAILBOX: usize, const REPLY: usize> Default for Instance<P, MAILBOX, REPLY> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Plugin, const MAILBOX: usize, const REPLY: usize> AnySize<P>
    for Instance<P, MAILBOX, REPLY>
{
    fn mailbox_mut(&mut self) -> &mut [u8] {
        &mut self.parts.get_mut().mailbox
    }

    fn call(&mut self, length: usize) -> Call<'_, P> {
        self.parts.get_mut().call(length)
    }
}

impl<P: Plugin, const MAILBOX: usize, const REPLY: usize> Parts<P, MAILBOX, REPLY> {
    fn call(&mut self, length: usize) -> Call<'_, P> {
        let message = self.mailbox.get(..length);
        Call { plugin: &mut self.plugin, message, reply: &mut self.reply }
    }
}

/// One call from the host.
pub struct Call<'a, P> {
    plugin: &'a mut Option<P>,
    /// Nothing if the host told a length beyond the mailbox.
    message: Option<&'a [u8]>,
    reply: &'a mut Buffer,
}

impl<'a, P: Plugin> Call<'a, P> {
    /// `ampoule_init`: makes the plugin.
    #[must_use]
    pub fn init(self) -> RawReply<'a> {
        let message = if P::WANTS_CONTEXT { read(self.message) } else { Some(Context::default()) };
        let Some(context) = message else { return BAD_MESSAGE };
        match P::init(&context) {
            Ok(plugin) => {
                *self.plugin = Some(plugin);
                RawReply::EMPTY
            }
            Err(failure) => Reply::new(self.reply).raw_failure(failure),
        }
    }

    /// `ampoule_destroy`: ends the plugin.
    #[must_use]
    pub fn destroy(self) -> RawReply<'a> {
        if let Some(plugin) = self.plugin.take() {
            plugin.destroy();
        }
        RawReply::EMPTY
    }

    /// `ampoule_save`: tells the state, with the number of its layout before it.
    #[must_use]
    pub fn save(self, layout: u16) -> RawReply<'a>
    where
        P: HandOver,
    {
        let Some(plugin) = self.plugin else { return NOT_INITIALIZED };
        Reply::new(self.reply).message(&(layout, plugin.save()))
    }

    /// `ampoule_restore`: takes over a state.
    #[must_use]
    pub fn restore(self) -> RawReply<'a>
    where
        P: HandOver,
    {
        let Some(plugin) = self.plugin else { return NOT_INITIALIZED };
        let Some(saved) = read(self.message) else { return BAD_MESSAGE };
        match plugin.restore(saved) {
            Ok(()) => RawReply::EMPTY,
            Err(failure) => Reply::new(self.reply).raw_failure(failure),
        }
    }

    /// `execute`.
    #[must_use]
    pub fn execute(self) -> RawReply<'a> {
        let Some(plugin) = self.plugin else { return NOT_INITIALIZED };
        let Some(context) = read(self.message) else { return BAD_MESSAGE };
        plugin.execute(&context, Reply::new(self.reply)).locate(self.reply)
    }

    /// A typed entry.
    #[must_use]
    pub fn entry<Request: Decode<'a>, A: Answer<'a>>(
        self,
        entry: impl FnOnce(&'a mut P, Request) -> A,
    ) -> RawReply<'a> {
        let Some(plugin) = self.plugin else { return NOT_INITIALIZED };
        let Some(request) = read(self.message) else { return BAD_MESSAGE };
        entry(plugin, request).answer(Reply::new(self.reply))
    }
}

fn read<'a, T: Decode<'a>>(message: Option<&'a [u8]>) -> Option<T> {
    T::decode(message?).ok()
}
