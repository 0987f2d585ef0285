//! The host's verdict on a guest that misbehaved.

use crate::text::Text;
use ampoule_abi::DecodeError;

errors! {
    /// Why a guest was ended. Its instance is gone; the next call makes a fresh one.
    pub enum Fault {
        OutOfFuel { budget: u64 } = "F01",
            "it used up its fuel of {budget}",
            "look for an endless loop, do less per call, or raise the limit (call_fuel, init_fuel, destroy_fuel)";
        StackExhausted {} = "F02",
            "its calls went too deep for its stack",
            "recurse less, or raise limits.recursion_depth or limits.value_stack_bytes";
        Trap { trap: Trap } = "F03",
            "it trapped: {trap}",
            "debug the plugin with these inputs; `unreachable` is often a panic without a message";
        Panic { message: Text } = "F04",
            "it panicked: {message}",
            "debug the plugin with these inputs";
        ReplyBits { bits: u64 } = "F05",
            "it answered {bits:#018x}, which is no address and length",
            "answer address << 32 | length, each below 2^31 (docs/abi.md), or use an SDK";
        ReplyOutside { address: u32, length: u32, memory: usize } = "F06",
            "its reply of {length} bytes at {address} reaches outside its memory of {memory} bytes",
            "answer a range inside the memory, or use an SDK";
        ReplyTooLarge { length: u32, allowed: u32 } = "F07",
            "its reply has {length} bytes, {allowed} are allowed",
            "answer less, or raise limits.message_bytes";
        ReplyMalformed { error: DecodeError } = "F08",
            "its reply is not the expected message: {error}",
            "bind the entry with the types that it answers (`ampoule inspect` shows them)";
        FailureMalformed { error: DecodeError } = "F09",
            "its failure is not a code and a text: {error}",
            "answer a Failure as docs/abi.md lays it out, or use an SDK";
        Mailbox { address: u64, capacity: u64, memory: usize } = "F10",
            "its mailbox of {capacity} bytes at {address} reaches outside its memory of {memory} bytes",
            "answer a range inside the memory from ampoule_mailbox, or use an SDK";
        OutOfMemory {} = "F11",
            "there was no memory left for it",
            "free memory on the host, or lower what the plugin asks for (`ampoule inspect` tells how much); if it doesn't go on, reload it";
        Engine {} = "F12",
            "the engine ended it for a reason of its own",
            "report the plugin and its inputs: this should not happen";
        Deadline {} = "F13",
            "its time was over",
            "look for an endless loop or a service that doesn't answer, do less per call, or allow more time";
        Exit { code: u32 } = "F14",
            "it exited with code {code}",
            "let the plugin answer instead of calling exit; a program that is to end so is run as a command";
    }
}

/// What the engine stopped a guest for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trap {
    /// It executed `unreachable`.
    Unreachable,
    /// It accessed memory out of bounds.
    MemoryOutOfBounds,
    /// It accessed its table out of bounds.
    TableOutOfBounds,
    /// It called an empty element of its table.
    IndirectCallToNull,
    /// It called an element of its table with another type.
    IndirectCallType,
    /// It divided an integer by zero.
    DivisionByZero,
    /// An integer division overflowed.
    IntegerOverflow,
    /// It converted a float that no integer holds.
    ConversionToInteger,
}

impl core::fmt::Display for Trap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable code was reached",
            Self::MemoryOutOfBounds => "memory access out of bounds",
            Self::TableOutOfBounds => "table access out of bounds",
            Self::IndirectCallToNull => "indirect call to an empty element",
            Self::IndirectCallType => "indirect call with another type",
            Self::DivisionByZero => "integer division by zero",
            Self::IntegerOverflow => "integer overflow",
            Self::ConversionToInteger => "conversion of a float that no integer holds",
        })
    }
}
