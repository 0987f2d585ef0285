//! `cargo xtask link`: boots the firmware example as it runs on a board, for ever, and works on it over its
//! serial line, in order and over a line that is damaged.

mod bench;
mod cable;
#[path = "../../../../core/link/tests/link/damage.rs"]
mod damage;
mod dear;
mod deploy;
mod device;
mod emulator;
#[path = "../../../../core/link/tests/link/guests.rs"]
mod guests;
mod look;
mod many;
mod one_plugin;
mod profile;
mod storm;

pub(crate) use one_plugin::one_plugin;

use crate::{Result, firmware::Board};
use bench::Bench;
use core::fmt::{Debug, Display};
use device::Device;
use emulator::Emulator;
use std::time::Instant;

/// A promise, and what shows that it is kept.
type Check = (&'static str, fn(&mut Device) -> Result<()>);

/// The first few look at the demonstration as it is; the last one ends the device.
const CHECKS: [Check; 18] = [
    ("a device says what it is", look::describes),
    ("its plugins are listed, page by page", look::lists),
    ("counters go on while nobody looks", look::counts),
    ("events come once, in order, page by page", look::events),
    ("log lines come once, in order", look::lines),
    ("a plugin that hangs is unloaded, and its heap is free", look::unloads_the_endless),
    ("a deploy, a reload, a roll back and an unload, with calls all along", deploy::whole_life),
    ("what the host refuses comes with its code, and the old version goes on", deploy::refused),
    ("a call over the line keeps no other plugin from its work", deploy::slow_call),
    ("a fuel costs no more instructions than is promised", dear::fuel),
    ("a cable is pulled amid an install, which goes on where it was", cable::pulled),
    ("bytes of another hash are refused, and the old version goes on", cable::other_hash),
    ("damaged conversations end with the old or the new, and a link that works", storm::weathered),
    ("deploys and reloads leave no byte behind", many::deploys),
    ("a plugin of two kilobytes is deployed", many::speed),
    ("the demonstration's own plugins have missed nothing", look::all_well),
    ("what it has for plugins is what is committed of it", profile::committed),
    ("a reset is answered, and then done", cable::reset),
];

/// Builds, boots and checks, for the main board if none is named.
pub(crate) fn run(board: Option<&str>) -> Result<()> {
    let board = Board::find(board)?;
    board.look_for_qemu()?;
    let image = board.build("")?;
    profile::build()?;
    let start = Instant::now();
    let mut device = Device::new(Bench::new(Emulator::boot(board, &image)?, board, session())?);
    let (mut passed, mut failed) = (0, 0);
    for (promise, check) in CHECKS {
        let begun = Instant::now();
        let outcome = device.settle().and_then(|()| check(&mut device));
        let seconds = begun.elapsed().as_secs_f64();
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("{verdict:6} {seconds:6.1} s  {promise}");
        match outcome {
            Ok(()) => passed += 1,
            Err(error) => {
                println!("       {error}");
                failed += 1;
            }
        }
    }
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "test result: {verdict}. {passed} passed; {failed} failed; on {} in {seconds:.1} s",
        board.name
    );
    if failed == 0 {
        return Ok(());
    }
    Err(format!("{failed} checks failed; the console says:\n{}", device.bench.emulator.console())
        .into())
}

/// No session of before has it.
fn session() -> u32 {
    std::process::id() << 12
}

/// Fails with both, if they aren't the same.
fn same<T: PartialEq + Debug>(what: impl Display, found: T, expected: T) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found:?}, and not {expected:?}").into())
}

/// Fails if it isn't so.
fn so(what: impl Display, fine: bool) -> Result<()> {
    if fine { Ok(()) } else { Err(format!("not so: {what}").into()) }
}
