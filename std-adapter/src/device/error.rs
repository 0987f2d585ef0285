//! What goes wrong with a device, or on the way to it.

use super::cure;
use crate::escaped;
use ampoule::{AdmissionError, Diagnosis, MAX_TEXT_BYTES, Refusal, Text};
use ampoule_link::{LinkError, Problem};
use core::{error::Error, fmt};

ampoule::errors! {
    /// Why something can't be asked of a device, or its answer can't be used.
    pub enum LineError {
        Port { given: String, reason: String } = "E01",
            "\"{given}\" is no port: {reason}",
            "give a serial device such as /dev/ttyACM0 or COM3, or unix: with a path";
        Open { port: String, reason: String } = "E02",
            "{port} can't be opened: {reason}",
            "look at the cable and the name; you may lack the right to use it (on Linux the group dialout), or another program has it";
        Broken { reason: String } = "E03",
            "the line is broken: {reason}",
            "look at the cable and at the device; then `ampoule ps` tells what was done";
        Noise { tries: u8, dropped: u32 } = "E04",
            "{tries} tries were answered by noise: {dropped} pieces that are no frame",
            "give the device's speed with --baud; look for something else that talks on this line, and at the cable";
        Restarted {} = "E05",
            "the device knows nothing of this session: it has restarted, or somebody else talks to it",
            "`ampoule ps` tells what was done; then do it again";
        OtherInstall { sent: u32, total: u32 } = "E06",
            "another install is under way: {sent} of {total} bytes are there",
            "wait until it is over, or end it with --abort";
        NotLoaded { given: String } = "E07",
            "the device has no plugin {given}",
            "`ampoule ps` tells the plugins and their ids; an id is good until its plugin is unloaded";
        Ambiguous { name: String, ids: String } = "E08",
            "several plugins are called {name}: {ids}",
            "give the id";
        Full { slots: u16 } = "E09",
            "all {slots} slots of the device are taken",
            "unload a plugin with `ampoule unload`, or replace one of the same name with --replace";
        Contradiction { what: &'static str } = "E10",
            "the device's answer can't be: {what}",
            "take a command and a firmware of the same release; if they are, report the firmware";
        Unknown { code: String, text: String } = "E11",
            "the device refuses with {code}, which this command doesn't know: {text}",
            "take a command as new as the firmware, or look the code up in the firmware's documentation";
        Service { service: String, operation: String } = "E12",
            "the module imports {service}.{operation}, and the device offers no {service}",
            "remove its use, or take a device that offers it: `ampoule describe` lists what it does";
        OtherReply { entry: String, reason: String } = "E13",
            "the reply of {entry} can't be read: {reason}",
            "an entry that answers no Outcome is called with --module and a message in JSON, or with --hex; give the module that the device runs";
        Random { reason: String } = "E14",
            "there is no random number for a session: {reason}",
            "look at the system's source of random numbers";
        Message { entry: String, reason: String } = "E15",
            "that is no message for {entry}: {reason}",
            "`ampoule inspect` of the module tells what its entries take; write it in JSON";
        NoProfile {} = "E16",
            "the device tells no profile of itself: its firmware is older than that, or leaves it out",
            "give it a firmware that tells its room (docs/porting.md), or write the profile by hand, as those in firmware-example/devices";
        OtherLimits { found: usize, known: usize } = "E17",
            "the device tells {found} limits, this command knows {known}",
            "take a command and a firmware of the same release";
        Profile { reason: String } = "E18",
            "the device tells a profile that can't be: {reason}",
            "correct what the firmware tells of itself: its name, its room, the names of its services";
    }
}

/// Why a device didn't do what it was asked, or nobody knows whether it did.
///
/// Its `Display` is safe to show, whatever the device says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// It wasn't asked, or its answer can't be used.
    Line(LineError),
    /// The link has failed.
    Link(LinkError),
    /// The device refuses. It has done nothing.
    Told(Told),
    /// The device would refuse the module. Nothing was sent.
    Admission(AdmissionError),
    /// The plugin said no to a call.
    Failure(Refusal),
}

/// A refusal of a device with a code that is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    code: &'static str,
    cure: &'static str,
    /// The one number of it that a program wants; 0 if there is none.
    detail: u32,
    text: Text,
}

impl Told {
    /// Whether its code is one of these.
    pub(super) fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code)
    }

    /// The one number that a program wants, as the table in `docs/link.md` tells; else 0.
    #[must_use]
    pub const fn detail(&self) -> u32 {
        self.detail
    }
}

impl DeviceError {
    /// What a device has said of itself, by its code.
    pub(super) fn told(problem: &Problem<'_>) -> Self {
        let text = Text::from_guest(problem.text.as_bytes());
        let Some((code, cure)) = cure::of(problem.code) else {
            let code = escaped(cut(problem.code)).to_string();
            return LineError::Unknown { code, text: text.as_str().to_owned() }.into();
        };
        if code == (LinkError::NoSession {}).code() {
            return LineError::Restarted {}.into();
        }
        Self::Told(Told { code, cure, detail: problem.detail, text })
    }

    pub(super) fn failure(code: u32, message: &str) -> Self {
        let message = Text::from_guest(message.as_bytes());
        Self::Failure(Refusal::Failure { code, message })
    }

    pub(super) fn broken(error: &std::io::Error) -> Self {
        LineError::Broken { reason: error.to_string() }.into()
    }

    pub(super) fn contradiction(what: &'static str) -> Self {
        LineError::Contradiction { what }.into()
    }

    /// Whether the line or the session is over and a new one may do better.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Line(
                LineError::Open { .. }
                    | LineError::Broken { .. }
                    | LineError::Noise { .. }
                    | LineError::Restarted {}
            ) | Self::Link(LinkError::NoAnswer { .. })
        )
    }
}

/// No honest text is longer.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default()
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(error) => write!(f, "{}", escaped(&error.to_string())),
            Self::Link(error) => error.fmt(f),
            Self::Told(told) => told.text.fmt(f),
            Self::Admission(error) => error.fmt(f),
            Self::Failure(refusal) => refusal.fmt(f),
        }
    }
}

impl Error for DeviceError {}

impl Diagnosis for DeviceError {
    fn code(&self) -> &'static str {
        match self {
            Self::Line(error) => error.code(),
            Self::Link(error) => error.code(),
            Self::Told(told) => told.code,
            Self::Admission(error) => error.code(),
            Self::Failure(refusal) => refusal.code(),
        }
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Line(error) => error.cure(),
            Self::Link(error) => error.cure(),
            Self::Told(told) => told.cure,
            Self::Admission(error) => error.cure(),
            Self::Failure(refusal) => refusal.cure(),
        }
    }
}

impl From<LineError> for DeviceError {
    fn from(error: LineError) -> Self {
        Self::Line(error)
    }
}

impl From<LinkError> for DeviceError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

impl From<AdmissionError> for DeviceError {
    fn from(error: AdmissionError) -> Self {
        Self::Admission(error)
    }
}
