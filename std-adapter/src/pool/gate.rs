//! A line in which threads sleep until it is their turn.

use super::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{collections::VecDeque, time::Instant};

/// First come, first served, for whatever [`Self::enter`] is told to take.
#[derive(Default)]
pub(crate) struct Gate {
    line: Mutex<Line>,
    /// Rung for those that wait outside of the line.
    freed: Condvar,
}

#[derive(Default)]
struct Line {
    /// A bell for each that waits, so that only the one whose turn it is wakes up.
    bells: VecDeque<Arc<Condvar>>,
    freed: usize,
}

impl Line {
    fn is_first(&self, bell: &Arc<Condvar>) -> bool {
        self.bells.front().is_some_and(|first| Arc::ptr_eq(first, bell))
    }

    fn ring(&self) {
        if let Some(first) = self.bells.front() {
            first.notify_one();
        }
    }

    /// Leaves the line. There may be something for the next one, too, or something that was meant for this one.
    fn leave(&mut self, bell: &Arc<Condvar>) {
        self.bells.retain(|other| !Arc::ptr_eq(other, bell));
        self.ring();
    }
}

impl Gate {
    /// Takes something when it is this thread's turn and there is something, until the time is over.
    ///
    /// `take` must be quick, and not come back to the gate.
    pub(crate) fn enter<T>(
        &self,
        deadline: Option<Instant>,
        mut take: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let mut line = self.line();
        if line.bells.is_empty()
            && let Some(taken) = take()
        {
            return Some(taken);
        }
        let bell = Arc::new(Condvar::new());
        line.bells.push_back(Arc::clone(&bell));
        loop {
            let taken = if line.is_first(&bell) { take() } else { None };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if taken.is_some() || left.is_some_and(|left| left.is_zero()) {
                line.leave(&bell);
                return taken;
            }
            line = match left {
                None => bell.wait(line).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    bell.wait_timeout(line, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// How many are in line.
    pub(crate) fn waiting(&self) -> usize {
        self.line().bells.len()
    }

    /// How often something was freed.
    pub(crate) fn seen(&self) -> usize {
        self.line().freed
    }

    /// Sleeps until more was freed.
    pub(crate) fn pause(&self, seen: usize) -> usize {
        let mut line = self.line();
        while line.freed == seen {
            line = self.freed.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        line.freed
    }

    /// Something was freed: the first in line may take it, or one that waits outside of it.
    pub(crate) fn freed(&self) {
        let mut line = self.line();
        line.freed = line.freed.wrapping_add(1);
        line.ring();
        self.freed.notify_all();
    }

    /// Nothing in here is left half done by a panic.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
