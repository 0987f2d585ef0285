//! What ends a command early, and with which exit status.

use ampoule_std::{
    AdmissionError, BindError, CallError, CommandError, Diagnosis, FileError, LoadError,
    OfferError, Refusal, SlotError, StoreError, device::DeviceError, serve::ServeError,
    watch::WatchCommandError,
};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Done = 0,
    /// The plugin reports a failure.
    Failed = 1,
    /// The command line or the file is wrong.
    Usage = 2,
    /// The host refuses the plugin, or ended it.
    Refused = 3,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// An error, ready to be shown.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: Status,
    pub(crate) code: &'static str,
    pub(crate) cause: String,
    pub(crate) cure: &'static str,
}

impl Problem {
    pub(crate) fn new(status: Status, error: &dyn Diagnosis) -> Self {
        Self { status, code: error.code(), cause: error.to_string(), cure: error.cure() }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        Self::new(Status::Usage, &error)
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        Self::new(Status::Usage, &error)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::new(Status::Usage, &error)
    }
}

impl From<ServeError> for Problem {
    fn from(error: ServeError) -> Self {
        Self::new(Status::Usage, &error)
    }
}

impl From<WatchCommandError> for Problem {
    fn from(error: WatchCommandError) -> Self {
        Self::new(Status::Usage, &error)
    }
}

impl From<DeviceError> for Problem {
    fn from(error: DeviceError) -> Self {
        Self::new(of_device(&error), &error)
    }
}

/// What the device refuses, or would, is refused; all else is the line's fault, or that of who asks.
const fn of_device(error: &DeviceError) -> Status {
    use ampoule_std::device::{LineError, LinkError};
    match error {
        DeviceError::Failure(_) => Status::Failed,
        DeviceError::Told(_)
        | DeviceError::Admission(_)
        | DeviceError::Link(LinkError::InstallTooLarge { .. })
        | DeviceError::Line(
            LineError::OtherInstall { .. }
            | LineError::Full { .. }
            | LineError::Unknown { .. }
            | LineError::Service { .. }
            | LineError::NoProfile {},
        ) => Status::Refused,
        _ => Status::Usage,
    }
}

impl From<SlotError> for Problem {
    fn from(error: SlotError) -> Self {
        Self::new(Status::Refused, &error)
    }
}

impl From<Refusal> for Problem {
    fn from(error: Refusal) -> Self {
        Self::new(of_refusal(&error), &error)
    }
}

impl From<OfferError> for Problem {
    fn from(error: OfferError) -> Self {
        Self::new(Status::Refused, &error)
    }
}

impl From<BindError> for Problem {
    fn from(error: BindError) -> Self {
        Self::new(Status::Usage, &error)
    }
}

impl From<AdmissionError> for Problem {
    fn from(error: AdmissionError) -> Self {
        Self::new(Status::Refused, &error)
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        let status = match &error {
            LoadError::Init(refusal) => of_refusal(refusal),
            _ => Status::Refused,
        };
        Self::new(status, &error)
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        let status = match &error {
            CallError::Refused(refusal) | CallError::Init(refusal) => of_refusal(refusal),
            _ => Status::Refused,
        };
        Self::new(status, &error)
    }
}

/// A failure is the plugin's own word; every other refusal is the host's.
const fn of_refusal(refusal: &Refusal) -> Status {
    match refusal {
        Refusal::Failure { .. } => Status::Failed,
        _ => Status::Refused,
    }
}
