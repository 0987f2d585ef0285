//! The sockets that plugins hold, by number.

use super::{NetLimits, allowed::Target, socket::Socket};
use ampoule::Micros;
use ampoule_abi::Status;
use core::time::Duration;

/// Open sockets. A number isn't given again before 2³² others were, so that a stale one is told.
#[derive(Debug, Default)]
pub(super) struct Handles {
    open: Vec<Open>,
    last: u32,
}

#[derive(Debug)]
pub(super) struct Open {
    handle: u32,
    plugin: String,
    used: Micros,
    pub(super) target: Target,
    pub(super) socket: Socket,
}

impl Handles {
    /// Makes room for one more, at the cost of those that lay idle.
    pub(super) fn make_room(
        &mut self,
        plugin: &str,
        now: Micros,
        limits: &NetLimits,
    ) -> Result<(), Status> {
        if self.count(plugin) >= limits.handles {
            let idle = |used| Duration::from_micros(now.saturating_sub(used)) > limits.idle;
            self.open.retain(|open| open.plugin != plugin || !idle(open.used));
        }
        if self.count(plugin) >= limits.handles { Err(Status::Busy) } else { Ok(()) }
    }

    fn count(&self, plugin: &str) -> usize {
        self.open.iter().filter(|open| open.plugin == plugin).count()
    }

    /// The number that the next one gets.
    pub(super) fn next(&self) -> u32 {
        let mut next = self.last.wrapping_add(1);
        while self.open.iter().any(|open| open.handle == next) {
            next = next.wrapping_add(1);
        }
        next
    }

    pub(super) fn add(&mut self, plugin: &str, now: Micros, target: Target, socket: Socket) -> u32 {
        let handle = self.next();
        self.last = handle;
        self.open.push(Open { handle, plugin: plugin.to_owned(), used: now, target, socket });
        handle
    }

    /// A plugin's own handle, used now.
    pub(super) fn get(&mut self, plugin: &str, now: Micros, handle: u32) -> Result<&Open, Status> {
        let open = self.open.iter_mut().find(|open| open.handle == handle);
        let open = open.filter(|open| open.plugin == plugin).ok_or(Status::NotFound)?;
        open.used = now;
        Ok(open)
    }

    pub(super) fn close(&mut self, plugin: &str, handle: u32) -> Result<(), Status> {
        let own = |open: &Open| open.handle == handle && open.plugin == plugin;
        let at = self.open.iter().position(own).ok_or(Status::NotFound)?;
        self.open.swap_remove(at);
        Ok(())
    }
}
