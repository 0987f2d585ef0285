//! The error numbers of WASI preview 1.

use ampoule_abi::Status;

/// Why a function did nothing: its number is what the guest gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Errno {
    Again = 6,
    BadFd = 8,
    Exists = 20,
    Fault = 21,
    IllegalBytes = 25,
    Invalid = 28,
    Io = 29,
    IsDirectory = 31,
    TooManyFiles = 33,
    NameTooLong = 37,
    NoEntry = 44,
    NoMemory = 48,
    NoSpace = 51,
    NoFunction = 52,
    NotDirectory = 54,
    NotSocket = 57,
    NotSupported = 58,
    Overflow = 61,
    NoSeek = 70,
    NotCapable = 76,
}

impl From<Status> for Errno {
    fn from(status: Status) -> Self {
        match status {
            Status::NotGranted => Self::NotCapable,
            Status::TooSmall => Self::Overflow,
            Status::Invalid => Self::Invalid,
            Status::Busy => Self::Again,
            Status::NotFound => Self::NoEntry,
            _ => Self::Io,
        }
    }
}

/// Why a call doesn't simply succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It did nothing; the guest goes on.
    Errno(Errno),
    /// The guest can't pay for it.
    OutOfFuel,
    /// The guest is done.
    Exit(u32),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

pub(crate) type Result<T> = core::result::Result<T, Stop>;
