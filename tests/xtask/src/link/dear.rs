//! What a fuel costs in instructions: the emulator counts one as a nanosecond of the device's clock.

use super::{
    device::{Device, Package},
    guests::with_meta,
    so,
};
use crate::Result;
use ampoule_abi::Meta;
use ampoule_link::{Bytes, EntryCall, Request, Target};

/// No operator costs more. Most cost a tenth of it: the dearest divide 64 bits, or are on doubles, where the chip
/// has neither.
const MOST_PER_FUEL: u64 = 450;

/// What is done over and over: each as many operators as one can get for little else.
const LOOPS: [(&str, &str); 7] = [
    ("plain", "(local.set 1 (i64.add (local.get 1) (local.get 2)))"),
    ("divide", "(drop (i64.div_u (local.get 1) (local.get 2)))"),
    ("remainder", "(drop (i64.rem_s (local.get 1) (local.get 2)))"),
    ("double", "(drop (f64.div (local.get 3) (local.get 4)))"),
    ("root", "(drop (f64.sqrt (f64.sqrt (f64.sqrt (f64.sqrt (local.get 3))))))"),
    ("nearest", "(drop (f64.nearest (f64.nearest (f64.nearest (local.get 3)))))"),
    ("copy", "(memory.copy (i32.const 0) (i32.const 1024) (i32.const 1024))"),
];

pub(super) fn module() -> Result<Vec<u8>> {
    let entries = LOOPS.map(|(name, step)| {
        format!(
            r#"(func (export "{name}") (param i32) (result i64) (local i64 i64 f64 f64)
                (local.set 1 (i64.const -81985529216486896)) (local.set 2 (i64.const 81985529))
                (local.set 3 (f64.const 1234567.891)) (local.set 4 (f64.const 0.3333))
                (loop {} (br 0)) unreachable)"#,
            step.repeat(20)
        )
    });
    let text = format!(
        r#"(module (memory (export "memory") 2048 2048 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 64)) {})"#,
        entries.concat()
    );
    let meta = Meta { name: "dear", version: "1.0.0", description: "costs", author: "tests" };
    Ok(with_meta(wat::parse_str(&text)?, &meta))
}

pub(super) fn fuel(device: &mut Device) -> Result<()> {
    let package = Package::of(Target::New, b"", &module()?);
    let plugin = device.install(&package, |_| Ok(()))?;
    let mut figures = Vec::new();
    for (entry, _) in LOOPS {
        device.done(&Request::Lift { plugin })?;
        let before = device.counters(plugin)?;
        let call = EntryCall { plugin, entry, request: Bytes(b"") };
        let code = device.code(&Request::Call(call))?;
        so(format!("{entry}: {code}"), code.starts_with('F'))?;
        let after = device.counters(plugin)?;
        let nanos = (after.duration_total - before.duration_total) * 1_000;
        let fuel = (after.fuel_total - before.fuel_total).max(1);
        figures.push((entry, nanos / fuel));
    }
    println!("       instructions a fuel, at most: {figures:?}");
    let worst = figures.iter().map(|figure| figure.1).max().unwrap_or(0);
    so(format!("{worst} are within {MOST_PER_FUEL}"), (10..=MOST_PER_FUEL).contains(&worst))
}
