//! Never comes back: what a host has to be able to end.
#![cfg_attr(target_arch = "wasm32", no_std)]

use ampoule_guest::{Context, Failure, Meta, Plugin, export_plugin};

/// The plugin; it remembers nothing.
pub struct Spin;

impl Plugin for Spin {
    const META: Meta<'static> = Meta {
        name: "endless",
        version: "1.0.0",
        description: "Never comes back",
        author: "Ampoule",
    };

    const WANTS_CONTEXT: bool = false;

    fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
        Ok(Self)
    }
}

impl Spin {
    /// Turns round and round.
    ///
    /// # Errors
    /// None: it doesn't answer.
    pub fn spin(&mut self, (): ()) -> Result<(), Failure<'static>> {
        loop {
            core::hint::spin_loop();
        }
    }
}

export_plugin! {
    Spin {
        mailbox: 16,
        reply: 16,
        entries: [spin],
    }
}
