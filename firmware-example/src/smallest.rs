//! In place of the demonstration: one plugin, in as little RAM as that takes with everything linked.
//!
//! The plugin comes from flash, and once more over the line; a workstation calls and unloads it both times.

use crate::{
    board::{self, RAM_BYTES, STACK_BYTES, Watchdog},
    console::say,
    flash::{BLINK, ECHO, ENDLESS, Flashed, SENSOR_FILTER},
    heap::{CELL, HEAP},
    line::{Host, Line},
    vectors,
};
use alloc::vec::Vec;
use ampoule::{Manifest, PluginId, Wake};

/// How often the plugin is loaded before the program ends.
const LIVES: u32 = 2;

/// Runs it all; false if something wasn't as it has to be.
#[inline(never)]
pub(crate) fn run(host: &mut Host, watchdog: &mut impl Watchdog, line: &mut Line) -> bool {
    let stack = CELL.stack().len();
    say!("# RAM: {RAM_BYTES} bytes: {STACK_BYTES} of stack, {stack} of stack of plugins");
    say!("# host: {} bytes of heap, {} beside it", HEAP.live(), size_of::<Host>());
    let Some(echo) = ECHO.load(host) else { return false };
    let known = compare(host, echo);
    let alone = is_alone(host);
    watchdog.feed();
    let Some(ballast) = ballast() else { return false };
    serve(host, watchdog, line, ballast);
    known && alone
}

/// Heap that is taken away: what is free isn't all in one piece.
type Ballast = [Vec<u8>; 8];

/// Takes so much of the heap that there is no room for a manifest, and some for messages.
fn ballast() -> Option<Ballast> {
    const LEFT: usize = 1024;
    let mut ballast = Ballast::default();
    for piece in &mut ballast {
        let mut sizes = (0..HEAP.free().saturating_sub(LEFT)).rev().step_by(64);
        let _ = sizes.find(|size| piece.try_reserve_exact(*size).is_ok());
    }
    let is_full = Vec::<Manifest>::new().try_reserve_exact(1).is_err();
    is_full.then_some(ballast)
}

/// Asks what is known of it, and compares.
fn compare(host: &mut Host, echo: PluginId) -> bool {
    let rows = || vectors::rows().filter(|row| row.plugin == ECHO.name);
    let met = |row: &vectors::Row<'_>| row.ask(host, echo).is_some_and(|it| row.is_met_by(&it));
    let (right, all) = (rows().filter(met).count(), rows().count());
    say!("{right} of {all} calls answer the bytes of a workstation, for the same fuel");
    right == all && all > 0
}

/// The others are in flash, too, and there is no room for any of them.
fn is_alone(host: &mut Host) -> bool {
    let others: [&Flashed; 3] = [&SENSOR_FILTER, &BLINK, &ENDLESS];
    others.into_iter().all(|other| other.load(host).is_none())
}

/// The main loop, until a workstation has unloaded the plugin for the last time, and knows it. The first time that also
/// gives the ballast back.
fn serve(host: &mut Host, watchdog: &mut impl Watchdog, line: &mut Line, mut ballast: Ballast) {
    let (mut lives, mut loaded) = (0, true);
    while lives < LIVES {
        let turn = host.poll(board::now());
        let again = line.serve(host);
        watchdog.feed();
        let is_loaded = host.iter().next().is_some();
        if loaded && !is_loaded {
            lives += 1;
            ballast = Ballast::default();
            say!("unloaded");
        }
        loaded = is_loaded;
        if !again && turn.next != Wake::Now && !line.is_awake() {
            board::idle();
        }
    }
    drop(ballast);
    while line.serve(host) {
        watchdog.feed();
    }
}
