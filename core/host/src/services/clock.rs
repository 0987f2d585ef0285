//! The time, for guests.

use super::{number, time};
use crate::{Caller, Form, Micros, Operation, Scalar, Service, ValueType};
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
    /// When the sleep ends that was asked for last.
    wakes_at: Micros,
}

const NOW: usize = 0;
const MONOTONIC: usize = 1;
const SLEEP: usize = 2;

// Both read a counter, and so does the host for the caller: with the crossing some 50 times an operator.
const OPERATIONS: &[Operation] = &[number("now_us", 60), number("monotonic_us", 60), SLEEP_MS];

/// Puts the call on a waiting list, and takes it off again.
const SLEEP_MS: Operation = Operation {
    name: "sleep_ms",
    form: Form::Scalar { params: &[ValueType::I32], result: Some(ValueType::I32) },
    base_fuel: 1000,
    byte_fuel: 0,
};

impl Clock {
    /// A clock that knows the date: `wall` answers microseconds since 1970 in UTC, or `None` as long as
    /// nobody has set it.
    #[must_use]
    pub const fn new(wall: fn() -> Option<u64>) -> Self {
        Self { wall: Some(wall), latest: 0, wakes_at: 0 }
    }

    /// A clock that doesn't know the date.
    #[must_use]
    pub const fn without_date() -> Self {
        Self { wall: None, latest: 0, wakes_at: 0 }
    }

    /// The host's clock may go back, this one stands still until the host's has caught up.
    fn monotonic(&mut self, now: Micros) -> Micros {
        self.latest = self.latest.max(now);
        self.latest
    }
}

impl Clock {
    /// Asked at first and then again until the time is over. A clock that goes back makes it longer.
    fn sleep(&mut self, caller: &Caller<'_>, params: &[Scalar]) -> Result<Scalar, Status> {
        let &[Scalar::I32(ms)] = params else { return Err(Status::Invalid) };
        let ms = Micros::try_from(ms).map_err(|_| Status::Invalid)?;
        let began = caller.since.unwrap_or(caller.now);
        self.wakes_at = began.saturating_add(ms * 1000);
        if caller.now >= self.wakes_at { Ok(Scalar::I32(0)) } else { Err(Status::Pending) }
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
        params: &[Scalar],
    ) -> Result<Scalar, Status> {
        match operation {
            SLEEP => self.sleep(caller, params),
            NOW => self.wall.and_then(|wall| wall()).map(time).ok_or(Status::NotFound),
            MONOTONIC => Ok(time(self.monotonic(caller.now))),
            _ => Err(Status::NotFound),
        }
    }

    fn parks(&self, operation: usize) -> bool {
        operation == SLEEP
    }

    fn again_at(&self, _caller: &Caller<'_>, _operation: usize) -> Option<Micros> {
        Some(self.wakes_at)
    }
}
