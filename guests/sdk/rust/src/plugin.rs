//! What an author implements.

use crate::{
    Context, Failure, Meta, Replied, Reply,
    glue::{AnySize, Declaration},
};

/// A plugin: its life is [`META`](Self::META), [`init`](Self::init), any number of
/// [`execute`](Self::execute)s and typed entries, [`destroy`](Self::destroy).
///
/// The host reads the meta from the module without running it.
/// [`export_plugin!`](crate::export_plugin) makes a module of the rest.
pub trait Plugin: Sized {
    /// Who the plugin is. A field that breaks its rule is an error at compile time.
    const META: Meta<'static>;

    /// Whether [`init`](Self::init) reads its context. If not, it gets an empty one, and the module
    /// has no code to decode it: for the smallest plugins.
    const WANTS_CONTEXT: bool = true;

    /// Makes the plugin: once, before anything else.
    ///
    /// # Errors
    /// Whatever the plugin can't start without. The host then refuses to load it.
    fn init(context: &Context<'_>) -> Result<Self, Failure<'static>>;

    /// Does what `context` asks for, and replies.
    ///
    /// Unless overridden, it replies with an error: that is for plugins that have typed entries
    /// instead and don't list `execute` among them.
    fn execute(&mut self, context: &Context<'_>, reply: Reply<'_>) -> Replied {
        let _ = context;
        reply.error("this plugin has typed entries only")
    }

    /// Ends the plugin: once, after anything else.
    fn destroy(self) {}
}

/// What [`export_plugin!`](crate::export_plugin) adds to a [`Plugin`]; implemented by that macro
/// only.
pub trait Exported: Plugin {
    /// The plugin's running copy with its two buffers.
    type Instance: AnySize<Self>;

    /// The number of its state's layout, if it hands state over.
    const STATE_LAYOUT: u16;

    /// The entries with their message types, as the section `ampoule.schema` tells them.
    const ENTRIES: &'static [Declaration];
}
