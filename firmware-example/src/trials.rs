//! Want of memory, tried at every point: no demonstration, but the proof that there is one host left after each.
//!
//! Every allocation of a plugin's life fails in turn, once and for ever; the heap is as small as it gets; stacks
//! run over; plugins die by the hundred. After each the heap is as before, and a normal plugin runs.

use crate::{
    board::{self, Watchdog},
    console::say,
    heap::{BLOCKS, CELL, HEAP},
    line::{Host, Line},
};
use alloc::vec::Vec;
use ampoule::{CallError, Cell, Diagnosis, Ended, Fault, LoadError, PluginId, Source};
use core::{
    mem::MaybeUninit,
    sync::atomic::{AtomicU32, Ordering},
};

const ECHO: &[u8] = include_bytes!("../../guests/prebuilt/echo.wasm");
const ENDLESS: &[u8] = include_bytes!("../../guests/prebuilt/endless.wasm");
const FILTER: &[u8] = include_bytes!("../../guests/prebuilt/sensor-filter.wasm");
/// More than a life has allocations.
const MOST_POINTS: u32 = 5_000;
const STEP_BYTES: usize = 64;
const LIVES: u32 = 500;

/// Runs all of them; false if the host isn't what it has to be after any.
pub(crate) fn run(host: &mut Host, watchdog: &mut impl Watchdog, _line: &mut Line) -> bool {
    let fine = [
        fails(host, watchdog, false),
        fails(host, watchdog, true),
        sweeps(host, watchdog, "a heap in steps", live),
        sweeps(host, watchdog, "a heap in steps, without a reload", lives_once),
        overflows(),
        interrupted_overflows(),
        allocates_deep_down(),
        dies(host, watchdog),
    ];
    fine.iter().all(|fine| *fine)
}

/// How many ways things went.
#[derive(Default)]
struct Tally {
    points: u32,
    ended: u32,
    refused: u32,
    unharmed: u32,
    broken: u32,
}

impl Tally {
    fn count(&mut self, life: Life) {
        self.points += 1;
        *match life {
            Life::Whole => &mut self.unharmed,
            Life::Ended => &mut self.ended,
            Life::Refused => &mut self.refused,
            Life::Wrong => &mut self.broken,
        } += 1;
    }

    fn tell(&self, what: &str) -> bool {
        let Self { points, ended, refused, unharmed, broken } = self;
        say!(
            "# {what}: {points} points, {ended} ended the plugin, {refused} were refused, {unharmed} did no harm"
        );
        say!("{what}: the host lived through all, with its heap as before: {}", yes(*broken == 0));
        *broken == 0
    }
}

/// What became of a life.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Whole,
    /// By want of memory.
    Ended,
    /// For want of memory, and went on.
    Refused,
    Wrong,
}

/// Every allocation of a life fails in turn.
fn fails(host: &mut Host, watchdog: &mut impl Watchdog, for_ever: bool) -> bool {
    let mut tally = Tally::default();
    for point in 0..MOST_POINTS {
        watchdog.feed();
        let before = HEAP.live();
        BLOCKS.set_fuse(Some(point), for_ever);
        let life = live(host);
        let (_, blown) = BLOCKS.fuse();
        BLOCKS.set_fuse(None, false);
        while host.next_event().is_some() {}
        let left = HEAP.live().abs_diff(before);
        if left != 0 || live(host) != Life::Whole || HEAP.live() != before {
            say!("point {point}: {left} bytes left behind");
            tally.count(Life::Wrong);
        } else if !blown {
            break;
        } else {
            tally.count(life);
        }
    }
    tally.points > 0 && tally.tell(if for_ever { "all from a point on" } else { "one allocation" })
}

/// Loads, calls twice, reloads, calls, unloads.
fn live(host: &mut Host) -> Life {
    let id = match host.load(Source::new(ECHO)) {
        Ok(id) => id,
        Err(error) => return of_load(&error),
    };
    let mut lives = [echoes(host, id), echoes(host, id), Life::Whole, Life::Whole];
    lives[2] =
        host.reload(id, Source::new(ECHO)).map_or_else(|error| of_load(&error), |()| Life::Whole);
    lives[3] = echoes(host, id);
    let unloaded = host.unload(id).map_or_else(|error| of_call(&error), |()| Life::Whole);
    let worst = lives.into_iter().chain([unloaded]).find(|life| *life != Life::Whole);
    worst.unwrap_or(Life::Whole)
}

/// Loads, calls twice, unloads.
fn lives_once(host: &mut Host) -> Life {
    let id = match host.load(Source::new(ECHO)) {
        Ok(id) => id,
        Err(error) => return of_load(&error),
    };
    let lives = [echoes(host, id), echoes(host, id)];
    let unloaded = host.unload(id).map_or_else(|error| of_call(&error), |()| Life::Whole);
    let worst = lives.into_iter().chain([unloaded]).find(|life| *life != Life::Whole);
    worst.unwrap_or(Life::Whole)
}

fn echoes(host: &mut Host, id: PluginId) -> Life {
    let Ok(entry) = host.bind::<[u8], &[u8]>(id, "echo") else { return Life::Refused };
    match host.call(&entry, &b"still here"[..]) {
        Ok(reply) if reply == b"still here" => Life::Whole,
        Ok(_) => Life::Wrong,
        Err(error) => of_call(&error),
    }
}

fn of_load(error: &LoadError) -> Life {
    match error {
        LoadError::Fault(Fault::OutOfMemory {}) => Life::Ended,
        _ if is_want(error.code()) => Life::Refused,
        _ => wrong(error.code()),
    }
}

fn of_call(error: &CallError) -> Life {
    match error {
        CallError::Fault(Fault::OutOfMemory {}) => Life::Ended,
        _ if is_want(error.code()) => Life::Refused,
        _ => wrong(error.code()),
    }
}

/// Want of memory, or of a version that it has cost.
fn is_want(code: &str) -> bool {
    ["C15", "L10", "B03", "F11"].contains(&code)
}

fn wrong(code: &str) -> Life {
    say!("unexpected: {code}");
    Life::Wrong
}

/// A heap that is larger by a little each time, until a life fits.
fn sweeps(
    host: &mut Host,
    watchdog: &mut impl Watchdog,
    what: &str,
    life_of: fn(&mut Host) -> Life,
) -> bool {
    let mut tally = Tally::default();
    let (mut room, mut whole) = (0, 0);
    while whole < 8 && room < HEAP.free() {
        room += STEP_BYTES;
        watchdog.feed();
        let before = HEAP.live();
        let mut ballast = Vec::<u8>::new();
        // In one piece: the heap is, between two lives.
        let wanted = HEAP.free().saturating_sub(room + 64);
        if ballast.try_reserve_exact(wanted).is_err() {
            say!("the heap is in pieces");
            return false;
        }
        let life = life_of(host);
        while host.next_event().is_some() {}
        drop(ballast);
        let fine = HEAP.live() == before && live(host) == Life::Whole && HEAP.live() == before;
        tally.count(if fine { life } else { Life::Wrong });
        whole += u32::from(life == Life::Whole);
    }
    say!("# {what}: a life of echo fits into {} bytes", room - 7 * STEP_BYTES);
    whole == 8 && tally.tell(what)
}

/// What goes over the plugins' stack, or panics on it, ends there.
fn overflows() -> bool {
    let as_told = over(20);
    say!("stacks that run over, and panics, end where they are: {}", yes(as_told == 60));
    as_told == 60
}

/// The same under a storm of interrupts, so that some come where the stack has no room for them.
fn interrupted_overflows() -> bool {
    let (mut as_told, mut storms) = (0, 0);
    INTERRUPTS.store(0, Ordering::Relaxed);
    for nanos in (NEAREST_NANOS..).step_by(13).take(STORMS as usize) {
        board::hurry(Some(nanos));
        as_told += over(4);
        board::hurry(None);
        storms += 1;
    }
    let interrupts = INTERRUPTS.load(Ordering::Relaxed);
    let fine = as_told == 12 * storms && interrupts > 25 * storms;
    say!("# {interrupts} interrupts in {storms} storms");
    say!("and so they do in storms of interrupts: {}", yes(fine));
    fine
}

/// How near to each other interrupts come at most: several times what a handler takes, so that work goes on.
const NEAREST_NANOS: u32 = 1_000;
const STORMS: u32 = 64;
static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

/// Called by a handler. It begins as a handler that panics does, which is not for the work to answer for that it
/// has interrupted; where nothing tells the two apart, it doesn't.
pub(crate) fn interrupted() {
    if cfg!(target_arch = "arm") {
        CELL.abandon_if_inside();
    }
    INTERRUPTS.fetch_add(1, Ordering::Relaxed);
}

/// How many of three things a time end as they should: what goes over the stack by small steps and by large ones,
/// and what panics.
fn over(times: u32) -> u32 {
    let end = CELL.stack().start;
    let Some(owner) = CELL.open() else { return 0 };
    let mut as_told = 0;
    for time in 0..times {
        let over = CELL.enter(owner, &mut || {
            core::hint::black_box(deeper(end));
        });
        let leapt = CELL.enter(owner, &mut || {
            core::hint::black_box(leap(time));
        });
        let panicked = CELL.enter(owner, &mut || panic!("on purpose"));
        let done = CELL.enter(owner, &mut || ());
        as_told += u32::from(board::GUARDED && over == Err(Ended::StackOverflow));
        as_told += u32::from(!board::GUARDED && over.is_err());
        as_told += u32::from(!board::GUARDED || leapt == Err(Ended::StackOverflow));
        as_told += u32::from(panicked == Err(Ended::Panicked) && done.is_ok());
    }
    CELL.take_back(owner, true);
    as_told
}

/// Goes over the end of the stack: without bound where the chip stops it, else into the guard.
#[inline(never)]
fn deeper(end: usize) -> u32 {
    let frame = core::hint::black_box([0x5a_u32; 64]);
    let here = frame.as_ptr() as usize;
    if !board::GUARDED && here < end + 2 * size_of_val(&frame) {
        // SAFETY: the guard at the end of the stack that this runs on, where the next frame would be.
        unsafe { (end as *mut u32).sub(1).write_volatile(frame[0]) };
        return frame[0];
    }
    deeper(end).wrapping_add(frame[0])
}

/// The same by large steps, from another place each time, which touch nothing on their way: where nothing but paint
/// guards the stack, that isn't tried.
#[inline(never)]
fn leap(steps_before: u32) -> u32 {
    if !board::GUARDED {
        return 0;
    }
    if let Some(steps) = steps_before.checked_sub(1) {
        let step = core::hint::black_box([0x5a_u32; 16]);
        return leap(steps).wrapping_add(step[0]);
    }
    let mut frame = MaybeUninit::<[u32; 450]>::uninit();
    let last = frame.as_mut_ptr().cast::<u32>();
    // SAFETY: the word at the frame's far end, written before it is read.
    unsafe {
        last.write_volatile(0x5a);
        leap(0).wrapping_add(last.read_volatile())
    }
}

/// Work that allocates with less and less of its stack left: it ends where there is too little, and the allocator is as
/// it was.
fn allocates_deep_down() -> bool {
    let end = CELL.stack().start;
    let Some(owner) = CELL.open() else { return false };
    let before = HEAP.live();
    let (mut done, mut ended, mut whole) = (0, 0, true);
    for left in 0..1_600 {
        let entered = CELL.enter(owner, &mut || {
            let place = end + left / 8 * 8;
            core::hint::black_box(match left % 4 {
                0 => from::<1>(place),
                1 => from::<5>(place),
                2 => from::<9>(place),
                _ => from::<13>(place),
            });
        });
        *(if entered.is_ok() { &mut done } else { &mut ended }) += 1;
        CELL.take_back(owner, false);
        whole &= Vec::<u8>::new().try_reserve_exact(64).is_ok() && HEAP.live() == before;
    }
    CELL.take_back(owner, true);
    let fine = whole && done > 0 && ended > 0;
    say!("# {done} allocated deep down, {ended} had no room for it");
    say!("the heap outlives those who run over within it: {}", yes(fine));
    fine
}

/// The same from so many words further down, so that it isn't always at the same places.
#[inline(never)]
fn from<const WORDS: usize>(place: usize) -> usize {
    let words = core::hint::black_box([0_usize; WORDS]);
    down_to(place).wrapping_add(words[0])
}

/// Goes down to an address, and allocates there.
#[inline(never)]
fn down_to(place: usize) -> usize {
    let step = core::hint::black_box(0_usize);
    if &raw const step as usize > place {
        return down_to(place).wrapping_add(step);
    }
    let mut blocks = Vec::new();
    for at in 1..6 {
        blocks.push(Vec::<u8>::with_capacity(at * 24));
    }
    blocks.retain(|block| block.capacity() % 48 == 0);
    blocks.iter_mut().for_each(|block| block.reserve(200));
    blocks.len()
}

/// Plugins that die in different ways, one after the other.
fn dies(host: &mut Host, watchdog: &mut impl Watchdog) -> bool {
    let before = HEAP.live();
    let mut died = 0;
    for life in 0..LIVES {
        watchdog.feed();
        let wasm = match life % 4 {
            0 => ENDLESS,
            1 => FILTER.get(..FILTER.len() - 7).unwrap_or_default(),
            2 => FILTER,
            _ => ECHO,
        };
        BLOCKS.set_fuse((life % 4 >= 2).then_some(life % 97), false);
        if let Ok(id) = host.load(Source::new(wasm)) {
            let spin = host.bind::<(), ()>(id, "spin");
            died += u32::from(spin.is_ok_and(|spin| host.call(&spin, &()).is_err()));
            let _ = host.unload(id);
        } else {
            died += 1;
        }
        BLOCKS.set_fuse(None, false);
        while host.next_event().is_some() {}
    }
    let fine = HEAP.live() == before && live(host) == Life::Whole;
    say!("# {died} of {LIVES} lives ended before their time");
    say!("{LIVES} lives end at the starting byte: {}", yes(fine));
    fine && died > LIVES / 2
}

const fn yes(fine: bool) -> &'static str {
    if fine { "yes" } else { "NO" }
}
