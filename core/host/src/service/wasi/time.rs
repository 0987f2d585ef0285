//! Clocks, chance, and waiting.

use super::{
    errno::{Errno, Result, Stop},
    fds::{Access, Kind},
    host::Host,
    needs::Need,
};
use crate::services::MAX_FILL_BYTES;

const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
/// Services count in microseconds.
const RESOLUTION_NANOS: u64 = 1000;

const fn need(clock: u32) -> Option<Need> {
    match clock {
        REALTIME => Some(Need::ClockNow),
        MONOTONIC => Some(Need::ClockMonotonic),
        _ => None,
    }
}

/// Nanoseconds of a clock. A host that doesn't know the date has no such clock.
fn nanos(host: &mut Host<'_>, clock: u32) -> Result<u64> {
    let need = need(clock).ok_or(Errno::Invalid)?;
    let micros = match host.desk.number(need) {
        Err(Stop::Errno(Errno::NoEntry)) => Err(Errno::NotSupported.into()),
        micros => micros,
    }?;
    Ok(u64::try_from(micros).unwrap_or(0).saturating_mul(1000))
}

pub(crate) fn clock_res_get(host: &mut Host<'_>, clock: u32, out: u32) -> Result<()> {
    let need = need(clock).ok_or(Errno::Invalid)?;
    if !host.desk.has(need) {
        return Err(Errno::NotCapable.into());
    }
    host.memory.put_u64(out, RESOLUTION_NANOS)
}

pub(crate) fn clock_time_get(host: &mut Host<'_>, clock: u32, out: u32) -> Result<()> {
    host.memory.check(out, 8)?;
    let nanos = nanos(host, clock)?;
    host.memory.put_u64(out, nanos)
}

pub(crate) fn random_get(host: &mut Host<'_>, address: u32, length: u32) -> Result<()> {
    let Host { memory, desk } = host;
    let out = memory.bytes_mut(address, length)?;
    if !desk.has(Need::RandomFill) {
        return Err(Errno::NotCapable.into());
    }
    let most = (desk.message_bytes as usize).clamp(1, MAX_FILL_BYTES);
    for part in out.chunks_mut(most) {
        // It is at most `MAX_FILL_BYTES`.
        let filled = desk.ask_of(Need::RandomFill, &(part.len() as u16), part)?;
        if filled != part.len() {
            return Err(Errno::Io.into());
        }
    }
    Ok(())
}

/// The most subscriptions of one call.
const MOST_SUBSCRIPTIONS: u32 = 1024;
const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;

/// Tells which of the subscriptions have come to pass. It doesn't wait: if none has, it is not supported.
pub(crate) fn poll(host: &mut Host<'_>, from: u32, to: u32, count: u32, out: u32) -> Result<()> {
    if count == 0 || count > MOST_SUBSCRIPTIONS {
        return Err(Errno::Invalid.into());
    }
    host.memory.check(from, count * SUBSCRIPTION_BYTES)?;
    host.memory.check(to, count * EVENT_BYTES)?;
    host.memory.check(out, 4)?;
    let mut events = 0;
    for at in 0..count {
        host.desk.spend(u64::from(SUBSCRIPTION_BYTES + EVENT_BYTES))?;
        let subscription = host.memory.array(from + at * SUBSCRIPTION_BYTES)?;
        if let Some(event) = event(host, &Subscription::read(&subscription))? {
            host.memory.put(to + events * EVENT_BYTES, &event)?;
            events += 1;
        }
    }
    if events == 0 {
        return Err(Errno::NotSupported.into());
    }
    host.memory.put_u32(out, events)
}

struct Subscription {
    user_data: [u8; 8],
    kind: u8,
    /// The clock or the descriptor.
    subject: u32,
    timeout: u64,
    absolute: bool,
}

impl Subscription {
    fn read(bytes: &[u8; SUBSCRIPTION_BYTES as usize]) -> Self {
        fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
            bytes.get(at..).and_then(|it| it.first_chunk()).copied().unwrap_or([0; N])
        }
        let [kind] = part(bytes, 8);
        Self {
            user_data: part(bytes, 0),
            kind,
            subject: u32::from_le_bytes(part(bytes, 16)),
            timeout: u64::from_le_bytes(part(bytes, 24)),
            absolute: u16::from_le_bytes(part(bytes, 40)) & 1 == 1,
        }
    }
}

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

fn event(host: &mut Host<'_>, asked: &Subscription) -> Result<Option<[u8; EVENT_BYTES as usize]>> {
    let happened = match asked.kind {
        CLOCK => has_come(host, asked),
        FD_READ | FD_WRITE => ready(host, asked).map(|()| true).map_err(Stop::from),
        _ => return Err(Errno::Invalid.into()),
    };
    let error = match happened {
        Ok(false) => return Ok(None),
        Ok(true) => 0,
        Err(Stop::Errno(errno)) => errno as u16,
        Err(stop) => return Err(stop),
    };
    let [low, high] = error.to_le_bytes();
    let mut event = [0; EVENT_BYTES as usize];
    // User data, error, kind; then bytes and flags, which are 0.
    let head = asked.user_data.iter().chain([&low, &high, &asked.kind]);
    event.iter_mut().zip(head).for_each(|(place, byte)| *place = *byte);
    Ok(Some(event))
}

fn has_come(host: &mut Host<'_>, asked: &Subscription) -> Result<bool> {
    if !asked.absolute {
        return Ok(asked.timeout == 0);
    }
    Ok(nanos(host, asked.subject)? >= asked.timeout)
}

/// Files and streams never make a guest wait.
fn ready(host: &Host<'_>, asked: &Subscription) -> core::result::Result<(), Errno> {
    let reading = asked.kind == FD_READ;
    match host.desk.state.fds.get(asked.subject)?.kind {
        Kind::Input if reading => Ok(()),
        Kind::Output(_) if !reading => Ok(()),
        Kind::File(Access { read: true, .. }) if reading => Ok(()),
        Kind::File(Access { write: true, .. }) if !reading => Ok(()),
        _ => Err(Errno::Invalid),
    }
}
