//! Plugins that come over the line, and go.

use super::{
    dear,
    device::{Device, Package},
    guests::with_meta,
    same, so,
};
use crate::{Result, workspace};
use ampoule_abi::Meta;
use ampoule_link::{Bytes, EntryCall, PluginId, Request, Target};
use std::fs;

/// Microseconds that an answer may be late: two slices of the dearest fuel that there is (`dear.rs`).
const LATEST: u64 = 10_000;

/// Calls of what the demonstration calls itself, between two chunks.
fn shifting(echo: PluginId) -> impl FnMut(&mut Device) -> Result<()> {
    let mut x = 0;
    move |device| {
        x += 1;
        device.shift(echo, x)
    }
}

/// A host keeps the room of the calls that once were in line at a plugin: for two at `echo`, if one over the line
/// meets the demonstration's own. So a life may find the heap grown by that, and the next one may not.
const LIVES: u32 = 3;

pub(super) fn whole_life(device: &mut Device) -> Result<()> {
    let echo = device.find("echo")?.plugin;
    let mut free = Vec::new();
    for _ in 0..LIVES {
        device.shift(echo, 7)?;
        let start = device.free()?;
        one_life(device, echo)?;
        let end = device.free()?;
        if end == start {
            return Ok(());
        }
        free.push((start, end));
    }
    Err(format!("the free heap, before a life and after it: {free:?}").into())
}

fn one_life(device: &mut Device, echo: PluginId) -> Result<()> {
    let teller = device.install(&Package::teller(Target::New, "1.0.0"), shifting(echo))?;
    device.shift(echo, 8)?;
    same("it answers", device.who(teller)?.as_str(), "1.0.0")?;
    device.call(teller, "add", &[5, 0, 0, 0])?;
    device.call(teller, "say", b"")?;
    let said = device.lines(99)?;
    so(format!("its line is heard: {said:?}"), said.contains(&("teller".into(), "hello".into())))?;

    let mut calls = 0;
    let second = Package::teller(Target::Plugin(teller), "2.0.0");
    device.install(&second, |device| {
        calls += 1;
        same("the old one answers", device.who(teller)?.as_str(), "1.0.0")?;
        device.shift(echo, calls)
    })?;
    so("it was called on the way", calls > 1)?;
    same("the new one answers", device.who(teller)?.as_str(), "2.0.0")?;
    so("it is on probation", device.find("teller")?.probation)?;
    device.done(&Request::RollBack { plugin: teller })?;
    same("the old one is back", device.who(teller)?.as_str(), "1.0.0")?;
    same("and once only", device.code(&Request::RollBack { plugin: teller })?.as_str(), "L06")?;
    // Its instance was kept.
    same("with its sum", device.call(teller, "add", &[1, 0, 0, 0])?, vec![6, 0, 0, 0])?;

    device.done(&Request::Unload { plugin: teller })?;
    device.shift(echo, 9)
}

pub(super) fn refused(device: &mut Device) -> Result<()> {
    let teller = device.deploy(Target::New, "1.0.0")?;
    let cut = Package::of(Target::Plugin(teller), b"", b"\0asm\x01\0\0\0");
    let manifest = Package::of(Target::Plugin(teller), b"{}", b"\0asm\x01\0\0\0");
    let twice = Package::teller(Target::New, "2.0.0");
    let lamp = fs::read(workspace::root().join("guests/prebuilt/lamp.wasm"))?;
    let lamp = Package::of(Target::New, b"", &lamp);
    // More than there is room for beside the others, and less than the device's policy allows.
    let hungry = Package::of(Target::New, b"", &growing(90)?);
    let too_hungry = Package::of(Target::New, b"", &growing(400)?);
    let all = [
        (&cut, "A12"),
        (&manifest, "M0"),
        (&twice, "L02"),
        (&lamp, "A19"),
        (&hungry, "F11"),
        (&too_hungry, "A30"),
    ];
    for (package, code) in all {
        let error = device.install(package, |_| Ok(())).map(|_| "taken".to_owned());
        let error = error.unwrap_or_else(|error| error.to_string());
        so(format!("{error} has {code}"), error.contains(&format!("code: \"{code}")))?;
        same("no install is under way", device.status()?, None)?;
        same("the old one answers", device.who(teller)?.as_str(), "1.0.0")?;
    }
    let announced = Package::of(Target::New, b"", &[0; 9000]).announced;
    same("too large", device.code(&Request::Begin(announced))?.as_str(), "N11")
}

/// A module of so many functions, each of which takes several hundred bytes when it is translated.
fn growing(functions: usize) -> Result<Vec<u8>> {
    let body = "(i32.add (local.get 0) (i32.mul (local.get 0) (i32.const 77777)))";
    let functions = format!("(func (param i32) (result i32) {body})").repeat(functions);
    let text = format!(
        r#"(module (memory (export "memory") 512 512 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 64)) {functions})"#
    );
    let meta = Meta { name: "hungry", version: "1.0.0", description: "grows", author: "tests" };
    Ok(with_meta(wat::parse_str(&text)?, &meta))
}

/// A call of 200,000 dear fuel takes far longer than the others may wait. How late they are at most the device itself
/// says.
pub(super) fn slow_call(device: &mut Device) -> Result<()> {
    let package = Package::of(Target::New, b"", &dear::module()?);
    let plugin = device.install(&package, |_| Ok(()))?;
    while !device.lines(99)?.is_empty() {}
    let call = EntryCall { plugin, entry: "divide", request: Bytes(b"") };
    same("ended by its fuel", device.code(&Request::Call(call))?.as_str(), "F01")?;
    let took = device.counters(plugin)?.duration_total;
    so(format!("{took} us are long"), took > 4 * LATEST)?;
    for (_, line) in device.lines(99)?.iter().filter(|(plugin, _)| plugin.is_empty()) {
        let late = line.split(' ').find_map(|word| word.parse::<u64>().ok());
        so(line, late.is_some_and(|late| late < LATEST))?;
    }
    Ok(())
}
