//! What can go wrong on the link itself, with stable codes.

use ampoule_abi::DecodeError;
use core::fmt;

/// One row of the table of errors.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRow {
    /// The stable code.
    pub code: &'static str,
    /// The variant's name.
    pub name: &'static str,
    /// The cause, with the fields' names in braces.
    pub cause: &'static str,
    /// The cure.
    pub cure: &'static str,
}

/// Declares the errors, whose codes, causes and cures are written once.
macro_rules! link_errors {
    ( $(
        $Variant:ident { $( $field:ident: $ty:ty ),* $(,)? } = $code:literal, $cause:literal, $cure:literal;
    )* ) => {
        /// Why the link, or an install over it, refused something. Nothing was done then.
        ///
        /// What a host says no to has the host's codes; these are the link's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum LinkError {
            $(
                #[doc = concat!("`", $code, "`: ", $cause, ".\n\nCure: ", $cure, ".")]
                #[allow(missing_docs)]
                $Variant { $( $field: $ty ),* },
            )*
        }

        impl LinkError {
            /// Every code with its cause and cure, in order.
            pub const CATALOG: &'static [ErrorRow] = &[ $( ErrorRow {
                code: $code,
                name: stringify!($Variant),
                cause: $cause,
                cure: $cure,
            }, )* ];

            /// A code that never changes its meaning, such as `N07`.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $( Self::$Variant { .. } => $code, )* }
            }

            /// One line on what to do about it.
            #[must_use]
            pub const fn cure(&self) -> &'static str {
                match self { $( Self::$Variant { .. } => $cure, )* }
            }
        }

        impl fmt::Display for LinkError {
            #[allow(unused_variables)]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $( Self::$Variant { $( $field ),* } => write!(f, $cause), )* }
            }
        }
    };
}

link_errors! {
    NoSession {} = "N01",
        "the device knows no such session; it may have restarted",
        "describe the device first, and look at its slots before you repeat a request";
    Version { found: u8 } = "N02",
        "the frame is of link version {found}, this end speaks 1",
        "take a command and a firmware that speak the same version";
    BadRequest { error: DecodeError } = "N03",
        "the frame holds no request: {error}",
        "write requests as docs/link.md lays them out";
    Unsupported {} = "N04",
        "this device doesn't do that",
        "look at what the device says of itself, or give it a firmware that does it";
    ReplyTooLarge {} = "N05",
        "the reply doesn't fit into the device's frame",
        "ask for less at once; what was asked has been done";
    NoInstall {} = "N06",
        "no install is under way",
        "begin one; after a commit, look at the slots";
    Offset { found: u32, expected: u32 } = "N07",
        "the chunk starts at {found}, the next one starts at {expected}",
        "go on from there";
    ChunkTooLong { end: u64, total: u32 } = "N08",
        "the chunk reaches to {end}, {total} bytes were announced",
        "announce the length of the manifest and the module together";
    Incomplete { written: u32, total: u32 } = "N09",
        "{written} of {total} bytes are there",
        "send the rest, then commit";
    OtherHash {} = "N10",
        "what was written has another SHA-256 than was announced; the install is gone",
        "install again, and announce the hash of what you send; if it stays so, the storage is faulty";
    InstallTooLarge { found: u32, allowed: u32 } = "N11",
        "the install has {found} bytes, {allowed} are allowed",
        "build the plugin smaller";
    Lengths { manifest: u32, total: u32 } = "N12",
        "a manifest of {manifest} bytes leaves no module in {total}",
        "announce the length of the manifest and the module together";
    OtherInstall {} = "N13",
        "another install is under way",
        "abort it first, or begin as it was begun to go on with it";
    Storage {} = "N14",
        "the device's storage refused it",
        "try again; if it stays so, the storage is worn or faulty";
    Busy {} = "N15",
        "a request is under way",
        "take its reply first, or wait until it has failed";
    RequestTooLarge {} = "N16",
        "the request doesn't fit into a frame",
        "send less at once";
    NoAnswer { tries: u8 } = "N17",
        "there was no answer to {tries} tries; the request may have been done",
        "look at the line and the device, describe it anew, and look at its slots";
    BadReply { error: DecodeError } = "N18",
        "the device's answer is no reply: {error}",
        "take a command and a firmware of the same release";
    SessionOver {} = "N19",
        "the session has no numbers left for requests",
        "start a new session";
}

impl core::error::Error for LinkError {}

impl LinkError {
    /// The one number of it that a program wants: where to go on, or how much is allowed; else 0.
    #[must_use]
    pub const fn detail(&self) -> u32 {
        match self {
            Self::Version { .. } => crate::LINK_VERSION as u32,
            Self::Offset { expected, .. } => *expected,
            Self::ChunkTooLong { total, .. } => *total,
            Self::Incomplete { written, .. } => *written,
            Self::InstallTooLarge { allowed, .. } => *allowed,
            _ => 0,
        }
    }
}
