//! The latest events, for any number of readers, none of which is waited for.

use axum::body::Bytes;
use core::fmt::Write as _;
use serde::Serialize;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// How many events are kept.
pub(crate) const MAX_KEPT: usize = 1024;

/// How many events a reader gets at a time.
const MAX_READ: usize = 64;

/// Events as they go over the wire: `text/event-stream` of the HTML standard, section 9.2.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Tells the events of this server's run from those of another.
    run: u32,
    kept: Mutex<Kept>,
    /// The number of the next event.
    next: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    /// The number of the oldest.
    first: u64,
    events: VecDeque<Box<str>>,
}

impl Kept {
    fn next(&self) -> u64 {
        self.first.saturating_add(self.events.len() as u64)
    }
}

/// What there is for a reader.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Nothing,
    /// What it wanted to read next is gone.
    Lost,
    Some {
        text: Bytes,
        next: u64,
    },
}

impl Ring {
    pub(crate) fn new(run: u32) -> Self {
        let kept = Mutex::new(Kept { first: 1, events: VecDeque::new() });
        Self { run, kept, next: watch::Sender::new(1) }
    }

    /// Adds an event; the oldest goes if there is no room.
    pub(crate) fn push(&self, what: &str, data: &impl Serialize) {
        let mut json = Vec::new();
        if crate::json::write_json(&mut json, data).is_err() {
            return;
        }
        let json = String::from_utf8_lossy(&json);
        let mut kept = self.lock();
        let number = kept.next();
        let mut text = String::with_capacity(json.len() + 64);
        // A String takes everything.
        let _ = write!(text, "id: {:08x}-{number}\nevent: {what}\ndata: {json}\n\n", self.run);
        if kept.events.len() >= MAX_KEPT {
            kept.events.pop_front();
            kept.first = kept.first.saturating_add(1);
        }
        kept.events.push_back(text.into());
        let next = kept.next();
        drop(kept);
        self.next.send_replace(next);
    }

    /// Where a reader begins that had the event `last` as its last, and how many it has missed for good.
    /// Without one it begins with the next event; with one that isn't this run's, with the oldest.
    pub(crate) fn begin(&self, last: Option<&str>) -> (u64, u64) {
        let kept = self.lock();
        let Some(last) = last else { return (kept.next(), 0) };
        let wanted = self.after(last).filter(|wanted| *wanted <= kept.next()).unwrap_or(1);
        let begin = wanted.max(kept.first);
        (begin, begin.saturating_sub(wanted))
    }

    fn after(&self, last: &str) -> Option<u64> {
        let (run, number) = last.split_once('-')?;
        let run = u32::from_str_radix(run, 16).ok()?;
        let number: u64 = number.parse().ok()?;
        (run == self.run).then_some(number.saturating_add(1))
    }

    /// The events from the number `from` on, as many as a reader gets at a time.
    pub(crate) fn read(&self, from: u64) -> Read {
        let kept = self.lock();
        let Some(skipped) = from.checked_sub(kept.first) else { return Read::Lost };
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let mut events = kept.events.iter().skip(skipped).take(MAX_READ).peekable();
        if events.peek().is_none() {
            return Read::Nothing;
        }
        let (mut text, mut next) = (String::new(), from);
        for event in events {
            text.push_str(event);
            next = next.saturating_add(1);
        }
        Read::Some { text: text.into(), next }
    }

    /// Changes with every event.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::{MAX_KEPT, MAX_READ, Read, Ring};

    #[test]
    fn events_are_read_in_order_and_the_oldest_go_first() {
        let ring = Ring::new(0xab);
        assert_eq!((ring.begin(None), ring.begin(Some("0"))), ((1, 0), (1, 0)));
        assert_eq!(ring.read(1), Read::Nothing);
        ring.push("loaded", &"a\nb");
        let Read::Some { text, next: 2 } = ring.read(1) else { panic!() };
        assert_eq!(text, "id: 000000ab-1\nevent: loaded\ndata: \"a\\nb\"\n\n");
        for number in 1..=MAX_KEPT {
            ring.push("x", &number);
        }
        assert_eq!(ring.read(1), Read::Lost);
        let Read::Some { next, .. } = ring.read(2) else { panic!() };
        assert_eq!(next, 2 + MAX_READ as u64);
        let end = MAX_KEPT as u64 + 2;
        for (last, begin) in [
            ("000000ab-1", (2, 0)),
            ("ab-5", (6, 0)),
            ("0", (2, 1)),
            ("000000ac-900", (2, 1)),
            ("ab-18446744073709551615", (2, 1)),
            ("ab--1", (2, 1)),
            ("", (2, 1)),
        ] {
            assert_eq!(ring.begin(Some(last)), begin, "{last}");
        }
        assert_eq!(ring.begin(None), (end, 0));
        assert_eq!(ring.begin(Some(&format!("ab-{}", end - 1))), (end, 0));
        assert_eq!(*ring.news().borrow(), end);
    }
}
