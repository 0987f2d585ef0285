//! What can be told of plugins without a word on time.

use crate::{Device, Done};
use ampoule::{CallError, Diagnosis, EventKind, PluginId};
use core::fmt::{self, Write};

/// Degrees to a tenth. Floats as they are would link 11 KiB of a device's flash.
pub(crate) struct Tenths(pub(crate) f32);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0) as i32;
        let sign = if tenths < 0 { "-" } else { "" };
        let tenths = tenths.unsigned_abs();
        write!(f, "{sign}{}.{}", tenths / 10, tenths % 10)
    }
}

#[inline(never)]
pub(crate) fn plugins(host: &Device, out: &mut dyn Write) -> Done {
    for (id, plugin) in host.iter() {
        let meta = plugin.meta();
        let memory = plugin.memory_bytes();
        writeln!(out, "{id} {} {}: {memory} bytes of memory", meta.name, meta.version)?;
    }
    Ok(())
}

/// Whether a call went well, and what it was that didn't.
#[inline(never)]
pub(crate) fn outcome(out: &mut dyn Write, call: &str, outcome: Result<(), CallError>) -> Done {
    match outcome {
        Ok(()) => writeln!(out, "{call}: ok")?,
        Err(error) => writeln!(out, "{call}: {} {error}", error.code())?,
    }
    Ok(())
}

/// Unloads a plugin, and tells what it has done and what has happened to it.
#[inline(never)]
pub(crate) fn end(host: &mut Device, id: PluginId, out: &mut dyn Write) -> Done {
    counters(host, id, out)?;
    host.unload(id)?;
    while let Some(event) = host.next_event() {
        write!(out, "{} ", event.plugin)?;
        what(out, &event.what)?;
    }
    Ok(())
}

fn counters(host: &Device, id: PluginId, out: &mut dyn Write) -> fmt::Result {
    let Some(it) = host.counters(id) else { return Ok(()) };
    let failed = it.failures.total();
    writeln!(
        out,
        "{id} calls {}: {} good, {} said no, {failed} failed; refused {}",
        it.calls,
        it.successes,
        it.failure_replies,
        it.refusals.total()
    )?;
    writeln!(out, "{id} fuel {}, at most {}", it.fuel_total, it.fuel_most)?;
    writeln!(
        out,
        "{id} instances {}, reloads {}, memory {}, uses of services {}",
        it.instances, it.reloads, it.memory_most_bytes, it.host_calls
    )
}

/// Hashes would change with every build of the guests.
fn what(out: &mut dyn Write, what: &EventKind) -> fmt::Result {
    match what {
        EventKind::Loaded { .. } => writeln!(out, "loaded"),
        EventKind::Staged { .. } => writeln!(out, "staged"),
        EventKind::Swapped { version, .. } => writeln!(out, "swapped to {version}"),
        EventKind::Committed { version, .. } => writeln!(out, "committed {version}"),
        EventKind::Reverted { version, code, .. } => {
            writeln!(out, "reverted to {version}: {code}")
        }
        EventKind::Faulted { code } => writeln!(out, "faulted: {code}"),
        EventKind::Unloaded { dropped, .. } => writeln!(out, "unloaded, {dropped} dropped"),
        _ => writeln!(out, "something else"),
    }
}
