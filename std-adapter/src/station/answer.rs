//! Answers: a status, and JSON.

use crate::{json::write_json, serve::RequestError};
use ampoule::{BindError, CallError, Diagnosis, Fault, Micros, Outcome, Refusal, SlotError};
use serde::Serialize;

/// What is answered to a request, as HTTP says it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Seconds until it makes sense to try again.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// Stands for the outcome that an error leaves no room for, as in `ampoule run --json`.
#[derive(Serialize)]
struct Failed<'a> {
    success: bool,
    data: (),
    error: &'a str,
    code: &'static str,
    cure: &'static str,
}

/// An error among other things.
#[derive(Debug, Serialize)]
pub(crate) struct Trouble {
    pub(crate) error: String,
    pub(crate) code: &'static str,
    pub(crate) cure: &'static str,
}

impl Trouble {
    pub(crate) fn new(error: &dyn Diagnosis) -> Self {
        Self { error: error.to_string(), code: error.code(), cure: error.cure() }
    }
}

impl Answer {
    /// `value` with a status.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        let mut body = Vec::new();
        match write_json(&mut body, value) {
            Ok(()) => Self { status, retry_after: None, body },
            Err(error) => RequestError::Unwritable { reason: error.to_string() }.into(),
        }
    }

    /// An outcome; one that tells a failure is none of the server's successes.
    pub(crate) fn outcome(outcome: &Outcome<'_>) -> Self {
        Self::json(if outcome.success { 200 } else { 422 }, outcome)
    }

    pub(crate) fn failed(status: u16, error: &dyn Diagnosis) -> Self {
        let cause = error.to_string();
        let (code, cure) = (error.code(), error.cure());
        let failed = Failed { success: false, data: (), error: &cause, code, cure };
        let mut body = Vec::new();
        // A Vec takes everything, and this has no more than texts.
        let _ = write_json(&mut body, &failed);
        Self { status, retry_after: None, body }
    }

    /// A call without an outcome. `now` is the host's clock.
    pub(crate) fn of_call(error: &CallError, now: Micros) -> Self {
        let retry_after = retry_after(error, now);
        Self { retry_after, ..Self::failed(of_call(error), error) }
    }
}

impl From<RequestError> for Answer {
    fn from(error: RequestError) -> Self {
        let status = of_request(&error);
        let retry_after = (status == 503).then_some(1);
        Self { retry_after, ..Self::failed(status, &error) }
    }
}

impl From<BindError> for Answer {
    fn from(error: BindError) -> Self {
        Self::failed(404, &error)
    }
}

impl From<SlotError> for Answer {
    fn from(error: SlotError) -> Self {
        let status = if matches!(error, SlotError::Stale { .. }) { 404 } else { 409 };
        Self::failed(status, &error)
    }
}

fn of_request(error: &RequestError) -> u16 {
    match error {
        RequestError::Token {} => 401,
        RequestError::Host {} | RequestError::Page {} => 403,
        RequestError::NoEndpoint { .. } | RequestError::NoPlugin { .. } => 404,
        RequestError::Method { .. } => 405,
        RequestError::BodyTooSlow { .. } => 408,
        RequestError::BodyTooLarge { .. } => 413,
        RequestError::Path {} | RequestError::BodyCut {} | RequestError::Body { .. } => 400,
        RequestError::Busy {} | RequestError::Stopping {} => 503,
        RequestError::Time { .. } => 504,
        RequestError::Unwritable { .. } => 502,
    }
}

/// A guest that was ended is to its caller what a broken server behind a gateway is.
fn of_call(error: &CallError) -> u16 {
    match error {
        CallError::Refused(refusal) => of_refusal(refusal),
        CallError::Fault(Fault::Deadline {}) => 504,
        _ => 502,
    }
}

fn of_refusal(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::Failure { .. } => 422,
        Refusal::RequestTooLarge { .. } => 413,
        Refusal::BreakerOpen { .. }
        | Refusal::Probing {}
        | Refusal::Quarantined {}
        | Refusal::QueueFull {}
        | Refusal::NoMemory { .. }
        | Refusal::Cancelled {} => 503,
        Refusal::TooLate {} => 504,
        Refusal::Stale { .. } | Refusal::NoSuchCall {} => 410,
        _ => 500,
    }
}

/// A quarantine has no end of its own.
fn retry_after(error: &CallError, now: Micros) -> Option<u64> {
    match error {
        CallError::Refused(Refusal::BreakerOpen { until }) => {
            Some(until.saturating_sub(now).div_ceil(1_000_000).max(1))
        }
        CallError::Refused(
            Refusal::Probing {} | Refusal::QueueFull {} | Refusal::NoMemory { .. },
        ) => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use ampoule::{CallError, Fault, Refusal, Text};

    #[test]
    fn each_end_of_a_call_has_its_status() {
        let failure = Refusal::Failure { code: 7, message: Text::from_guest(b"no") };
        let cases: [(CallError, u16, Option<u64>); 9] = [
            (failure.into(), 422, None),
            (Refusal::RequestTooLarge { needed: 9, capacity: 8 }.into(), 413, None),
            (Refusal::BreakerOpen { until: 5_000_001 }.into(), 503, Some(5)),
            (Refusal::BreakerOpen { until: 0 }.into(), 503, Some(1)),
            (Refusal::Quarantined {}.into(), 503, None),
            (Refusal::QueueFull {}.into(), 503, Some(1)),
            (Fault::Deadline {}.into(), 504, None),
            (Fault::StackExhausted {}.into(), 502, None),
            (CallError::Init(Refusal::Quarantined {}), 502, None),
        ];
        for (error, status, retry_after) in cases {
            let answer = Answer::of_call(&error, 1_000_000);
            assert_eq!((answer.status, answer.retry_after), (status, retry_after), "{error:?}");
        }
    }
}
