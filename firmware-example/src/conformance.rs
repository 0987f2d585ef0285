//! In place of the demonstration: calls whose bytes and fuel are known of a workstation, and what a call takes.

use crate::{
    board::{self, Watchdog},
    console::say,
    flash::{ECHO, SENSOR_FILTER},
    heap::HEAP,
    line::{Host, Line},
    vectors,
};
use ampoule::{Micros, PluginId};

/// Runs it all; false if something wasn't as it has to be.
pub(crate) fn run(host: &mut Host, watchdog: &mut impl Watchdog, _line: &mut Line) -> bool {
    let Some(sensor) = SENSOR_FILTER.load(host) else { return false };
    let Some(echo) = ECHO.load(host) else { return false };
    watchdog.feed();
    let known = compare(host, sensor, echo);
    measure(host, echo);
    known && [echo, sensor].into_iter().all(|id| host.unload(id).is_ok())
}

/// Asks what is known, and compares.
#[inline(never)]
fn compare(host: &mut Host, sensor: PluginId, echo: PluginId) -> bool {
    let (mut right, mut all) = (0, 0);
    for row in vectors::rows() {
        let id = if row.plugin == ECHO.name { echo } else { sensor };
        all += 1;
        match row.ask(host, id) {
            Some(answer) if row.is_met_by(&answer) => right += 1,
            Some(_) => say!("{} {}: another answer", row.plugin, row.entry),
            None => say!("{} {}: not asked", row.plugin, row.entry),
        }
    }
    say!("{right} of {all} calls answer the bytes of a workstation, for the same fuel");
    right == all && all > 0
}

/// What a call takes: in an emulator, where an instruction is a nanosecond, all take the same.
#[inline(never)]
fn measure(host: &mut Host, echo: PluginId) {
    const CALLS: Micros = 1_000;
    let request = [0x5a_u8; 64];
    let Ok(entry) = host.bind::<[u8], &[u8]>(echo, "echo") else { return };
    let (began, live) = (board::now(), HEAP.live());
    let answered =
        (0..CALLS).filter(|_| host.call(&entry, &request[..]) == Ok(&request[..])).count();
    let took = board::now() - began;
    let same = if HEAP.live() == live { "yes" } else { "NO" };
    say!("{answered} echoes of 64 bytes, heap as before: {same}");
    say!("# an echo of 64 bytes: {} ns", took * 1000 / CALLS);
}
