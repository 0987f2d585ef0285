//! The time, for guests.

use super::{number, time};
use crate::{Caller, Micros, Operation, Scalar, Service};
use ampoule_abi::Status;

/// The service `clock`: what time it is.
///
/// ```
/// use ampoule::{Services, services::Clock};
///
/// let mut services = Services::new(|| 0);
/// // A device whose clock was set a second after 1970 began.
/// services.offer(Box::new(Clock::new(|| Some(1_000_000))))?;
/// # Ok::<(), ampoule::OfferError>(())
/// ```
#[derive(Debug, Default)]
pub struct Clock {
    wall: Option<fn() -> Option<u64>>,
    latest: Micros,
}

const NOW: usize = 0;
const MONOTONIC: usize = 1;

// Both read a counter, and so does the host for the caller: with the crossing some 50 times an operator.
const OPERATIONS: &[Operation] = &[number("now_us", 60), number("monotonic_us", 60)];

impl Clock {
    /// A clock that knows the date: `wall` answers microseconds since 1970 in UTC, or `None` as long as
    /// nobody has set it.
    #[must_use]
    pub const fn new(wall: fn() -> Option<u64>) -> Self {
        Self { wall: Some(wall), latest: 0 }
    }

    /// A clock that doesn't know the date.
    #[must_use]
    pub const fn without_date() -> Self {
        Self { wall: None, latest: 0 }
    }

    /// The host's clock may go back, this one stands still until the host's has caught up.
    fn monotonic(&mut self, now: Micros) -> Micros {
        self.latest = self.latest.max(now);
        self.latest
    }
}

impl Service for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn scalar(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        _params: &[Scalar],
    ) -> Result<Scalar, Status> {
        match operation {
            NOW => self.wall.and_then(|wall| wall()).map(time).ok_or(Status::NotFound),
            MONOTONIC => Ok(time(self.monotonic(caller.now))),
            _ => Err(Status::NotFound),
        }
    }
}
