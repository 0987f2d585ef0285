//! Arguments and environment: lists of strings, each with a zero behind it, one after another.

use super::{
    errno::{Errno, Result, Stop},
    host::{Host, Memory, items},
    needs::Need,
    state::MAX_PASSED_BYTES,
};
use alloc::vec::Vec;
use ampoule_abi::Decode;

pub(crate) fn args_sizes(host: &mut Host<'_>, count_at: u32, bytes_at: u32) -> Result<()> {
    let Host { memory, desk } = host;
    put_sizes(memory, &desk.state.args, count_at, bytes_at)
}

pub(crate) fn args(host: &mut Host<'_>, pointers: u32, buffer: u32) -> Result<()> {
    let Host { memory, desk } = host;
    desk.spend(desk.state.args.len() as u64)?;
    put(memory, &desk.state.args, pointers, buffer)
}

pub(crate) fn environ_sizes(host: &mut Host<'_>, count_at: u32, bytes_at: u32) -> Result<()> {
    let variables = variables(host)?;
    put_sizes(&mut host.memory, &variables, count_at, bytes_at)
}

pub(crate) fn environ(host: &mut Host<'_>, pointers: u32, buffer: u32) -> Result<()> {
    let variables = variables(host)?;
    put(&mut host.memory, &variables, pointers, buffer)
}

/// The granted variables as `NAME=value`. One that can't be read isn't there.
fn variables(host: &mut Host<'_>) -> Result<Vec<u8>> {
    let desk = &mut host.desk;
    let mut packed = Vec::new();
    if !desk.has(Need::EnvNames) {
        return Ok(packed);
    }
    let names = match desk.ask_all(Need::EnvNames, &()) {
        Err(Stop::Errno(_)) => return Ok(packed),
        names => names?,
    };
    for name in items::<&str>(&names)? {
        let value = match desk.ask_all(Need::EnvGet, &name) {
            Err(Stop::Errno(_)) => continue,
            value => value?,
        };
        let value = <&str>::decode(&value).map_err(|_| Errno::Io)?;
        desk.spend((name.len() + value.len()) as u64)?;
        for part in [name, "=", value, "\0"] {
            push(&mut packed, part.as_bytes())?;
        }
    }
    Ok(packed)
}

fn push(packed: &mut Vec<u8>, part: &[u8]) -> Result<()> {
    if packed.len() + part.len() > MAX_PASSED_BYTES as usize {
        return Err(Errno::Overflow.into());
    }
    packed.try_reserve(part.len()).map_err(|_| Errno::NoMemory)?;
    packed.extend_from_slice(part);
    Ok(())
}

fn count(packed: &[u8]) -> usize {
    packed.iter().filter(|byte| **byte == 0).count()
}

fn short(number: usize) -> Result<u32> {
    u32::try_from(number).map_err(|_| Errno::Overflow.into())
}

fn put_sizes(memory: &mut Memory<'_>, packed: &[u8], count_at: u32, bytes_at: u32) -> Result<()> {
    memory.check(bytes_at, 4)?;
    memory.put_u32(count_at, short(count(packed))?)?;
    memory.put_u32(bytes_at, short(packed.len())?)
}

/// Writes the strings, and where each one is.
fn put(memory: &mut Memory<'_>, packed: &[u8], mut pointer: u32, buffer: u32) -> Result<()> {
    memory.check(pointer, short(count(packed).saturating_mul(4))?)?;
    memory.put(buffer, packed)?;
    let mut at = buffer;
    for string in packed.split_inclusive(|byte| *byte == 0) {
        memory.put_u32(pointer, at)?;
        // Neither wraps but behind the last one, since both ranges lie inside.
        at = at.wrapping_add(short(string.len())?);
        pointer = pointer.wrapping_add(4);
    }
    Ok(())
}
