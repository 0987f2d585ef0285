//! How a service refuses.

/// What a message operation answers instead of a length when the host says no.
///
/// The guest goes on; what the number means is fixed for ABI 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Status {
    /// The manifest or the device's policy doesn't grant this.
    NotGranted = -1,
    /// The output buffer is too small; the needed length is at its start if 4 bytes fit.
    TooSmall = -2,
    /// The request can't be understood, or a pointer or length is wrong.
    Invalid = -3,
    /// Not now: a rate or a quota is used up.
    Busy = -4,
    /// The thing asked for isn't there.
    NotFound = -5,
    /// The service tried and failed.
    Failed = -6,
    /// The answer isn't there yet. Where the host can park the call, the guest sleeps instead and never
    /// sees this; elsewhere (`ampoule_init`, `ampoule_destroy`) it has to ask again later.
    Pending = -7,
}

impl Status {
    /// Every status, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::NotGranted,
        Self::TooSmall,
        Self::Invalid,
        Self::Busy,
        Self::NotFound,
        Self::Failed,
        Self::Pending,
    ];

    /// The number on the wire, always negative.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// Reads a number from the wire; `None` for numbers of a later ABI.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn every_status_survives_the_wire_and_unknown_numbers_do_not() {
        for (at, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(status.code(), -1 - i32::try_from(at).unwrap());
            assert_eq!(Status::from_code(status.code()), Some(status));
        }
        for unknown in [0, 1, -8, i32::MIN] {
            assert_eq!(Status::from_code(unknown), None);
        }
    }
}
