//! Which allocation ends the process when it fails, on a workstation: each is tried in a process of its own.

use crate::{
    ECHO, HEAP,
    accounts::{Device, host},
};
use ampoule::{PluginId, Source};
use std::{
    env,
    ffi::OsStr,
    os::unix::process::ExitStatusExt as _,
    process::{Command, ExitCode, Stdio},
};

/// Tells the process which allocation fails.
pub(crate) const POINT: &str = "AMPOULE_POINT";

/// Points where the process ends, nearly all in the engine, which asks nobody. It may only fall. A
/// device's [cell](ampoule::Cell) has none.
const ABORTS: usize = 661;
/// More than a life has allocations.
const MOST_POINTS: usize = 2_000;

/// How a life with a failing allocation went.
const WENT_WELL: u8 = 0;
const WAS_TOLD: u8 = 10;
const NEVER_FAILED: u8 = 11;

/// Lives with one allocation that fails, and tells how that went.
pub(crate) fn live_until(point: &OsStr) -> ExitCode {
    let point = point.to_str().and_then(|point| point.parse().ok()).expect("a number");
    let mut host = host();
    HEAP.set_fuse(Some(point), false);
    let lived = live(&mut host);
    let (_, blown) = HEAP.fuse();
    HEAP.set_fuse(None, false);
    ExitCode::from(match lived {
        _ if !blown => NEVER_FAILED,
        Some(()) => WENT_WELL,
        None => WAS_TOLD,
    })
}

/// Loads, calls, calls again, reloads, unloads; `None` if any of it was told that it failed.
fn live(host: &mut Device) -> Option<()> {
    let id = host.load(Source::new(ECHO)).ok()?;
    echoes(host, id)?;
    echoes(host, id)?;
    host.reload(id, Source::new(ECHO)).ok()?;
    echoes(host, id)?;
    host.unload(id).ok()
}

fn echoes(host: &mut Device, id: PluginId) -> Option<()> {
    let entry = host.bind::<[u8], &[u8]>(id, "echo").ok()?;
    host.call(&entry, &b"still here"[..]).ok().map(|_| ())
}

pub(crate) fn are_as_few_as_they_were() {
    let me = env::current_exe().unwrap();
    let (mut aborts, mut told, mut well) = (0, 0, 0);
    for point in 0..MOST_POINTS {
        let mut child = Command::new(&me);
        child.env(POINT, point.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = child.status().unwrap();
        match (status.code().and_then(|code| u8::try_from(code).ok()), status.signal()) {
            (Some(NEVER_FAILED), _) => break,
            (Some(WENT_WELL), _) => well += 1,
            (Some(WAS_TOLD), _) => told += 1,
            // A panic's.
            (Some(101), _) | (None, Some(_)) => aborts += 1,
            other => panic!("point {point}: {other:?}"),
        }
    }
    let points = aborts + told + well;
    println!("{points} points: {aborts} end the process, {told} are told, {well} do no harm");
    assert!(points > 100 && points < MOST_POINTS, "{points} points");
    assert!(aborts <= ABORTS, "{aborts} points end the process, there were {ABORTS}");
}

pub(crate) fn a_warm_call_has_none() {
    let mut host = host();
    let id = host.load(Source::new(ECHO)).unwrap();
    let entry = host.bind::<[u8], &[u8]>(id, "echo").unwrap();
    host.call(&entry, &b"warm up"[..]).unwrap();
    HEAP.set_fuse(Some(0), true);
    let answered = host.call(&entry, &b"warm"[..]) == Ok(b"warm");
    let (asked, _) = HEAP.fuse();
    HEAP.set_fuse(None, false);
    assert!(answered && asked == 0, "{asked} allocations");
}
