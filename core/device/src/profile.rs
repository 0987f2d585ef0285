//! What a workstation has to know to tell whether plugins fit here.

use crate::firmware::Firmware;
use ampoule::{Host, Limits, Policy};
use ampoule_link::{Batch, LinkError, Operation, Profile, Reply};

/// What a profile takes at most, with its tag.
pub(crate) const PROFILE_BYTES: usize = 1 + Profile::max_bytes(Limits::COUNT);

/// What there is for plugins, and what the policy lets each have.
pub(crate) fn profile<'a, const LIST: usize>(
    list: &'a mut Batch<LIST>,
    policy: &Policy<'_>,
    firmware: &impl Firmware,
) -> Result<Reply<'a>, LinkError> {
    let room = firmware.room().ok_or(LinkError::Unsupported {})?;
    *list = Batch::new();
    // A list has room for them.
    let _ = policy.limits.numbers().iter().all(|number| list.push(number));
    let bits = usize::BITS as u8;
    Ok(Reply::Profile(Profile { bits, wasi: ampoule::HAS_WASI, room, limits: list.items() }))
}

/// What the host offers and its policy may grant, from a place on.
pub(crate) fn operations<'a, const LIST: usize, const SLOTS: usize>(
    list: &'a mut Batch<LIST>,
    from: u16,
    host: &Host<'_, SLOTS>,
) -> Result<Reply<'a>, LinkError> {
    *list = Batch::new();
    let mut left = from;
    for (service, operations) in host.services() {
        for operation in operations {
            let operation = operation.name;
            if !host.policy().may_grant(service, operation) {
                continue;
            }
            if left > 0 {
                left -= 1;
            } else if !list.push(&Operation { service, operation }) {
                return page(list);
            }
        }
    }
    Ok(Reply::Operations(list.items()))
}

/// A list that isn't the end of it. An operation that fits into none would look like the end.
fn page<const LIST: usize>(list: &Batch<LIST>) -> Result<Reply<'_>, LinkError> {
    if list.room() == LIST {
        return Err(LinkError::ReplyTooLarge {});
    }
    Ok(Reply::Operations(list.items()))
}
