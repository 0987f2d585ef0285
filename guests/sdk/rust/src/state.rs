//! State that outlives a reload.

use crate::{Decode, Failure, Plugin, failure_code};
use ampoule_abi::DecodeError;
use serde::Serialize;

/// A plugin that hands its state over to the version that replaces it.
///
/// ```
/// use ampoule_guest::*;
///
/// struct Counter {
///     count: u32,
/// }
///
/// impl Plugin for Counter {
///     # const META: Meta<'static> =
///     #     Meta { name: "counter", version: "2.0.0", description: "", author: "" };
///     // …
///     fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
///         Ok(Self { count: 0 })
///     }
/// }
///
/// impl HandOver for Counter {
///     type State = u32;
///
///     fn save(&self) -> u32 {
///         self.count
///     }
///
///     fn restore(&mut self, saved: Saved<'_>) -> Result<(), Failure<'static>> {
///         self.count = match saved.layout() {
///             // Version 1 of this plugin counted in 16 bits.
///             1 => saved.read::<u16>()?.into(),
///             2 => saved.read()?,
///             _ => return Err(saved.unknown()),
///         };
///         Ok(())
///     }
/// }
///
/// # impl Counter {
/// #     fn count(&mut self, _: ()) -> Result<u32, Failure<'static>> { Ok(self.count) }
/// # }
/// export_plugin! {
///     Counter {
///         mailbox: 16,
///         reply: 16,
///         entries: [count],
///         state_layout: 2,
///     }
/// }
/// ```
///
/// The number after `state_layout` says how the state is laid out. Change it whenever
/// [`State`](Self::State) changes.
pub trait HandOver: Plugin {
    /// What is handed over. It has to fit into the reply buffer of the old version and into the mailbox
    /// of the new one, with three bytes for the layout's number.
    type State: Serialize;

    /// Tells the state. The plugin may still be called after this: if the new version is refused, or
    /// goes.
    fn save(&self) -> Self::State;

    /// Takes over a state that this version or another one has saved, after
    /// [`init`](Plugin::init).
    ///
    /// # Errors
    /// A state that it can't take over. The host then goes on with the old version.
    fn restore(&mut self, saved: Saved<'_>) -> Result<(), Failure<'static>>;
}

/// A state that was saved, by another version perhaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved<'a> {
    layout: u16,
    bytes: &'a [u8],
}

impl<'a> Saved<'a> {
    /// The number that the version which saved it gave to its layout.
    #[must_use]
    pub const fn layout(&self) -> u16 {
        self.layout
    }

    /// Reads it as what that version saved.
    ///
    /// # Errors
    /// [`failure_code::BAD_MESSAGE`]: it is something else.
    pub fn read<T: Decode<'a>>(&self) -> Result<T, Failure<'static>> {
        let failure =
            Failure { code: failure_code::BAD_MESSAGE, message: "the state does not decode" };
        T::decode(self.bytes).map_err(|_| failure)
    }

    /// What to answer to a layout that this version doesn't know.
    #[must_use]
    pub const fn unknown(&self) -> Failure<'static> {
        Failure { code: failure_code::BAD_MESSAGE, message: "unknown layout of the state" }
    }
}

impl<'a> Decode<'a> for Saved<'a> {
    fn decode_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), DecodeError> {
        let (layout, bytes) = u16::decode_prefix(bytes)?;
        Ok((Self { layout, bytes }, &[]))
    }
}
