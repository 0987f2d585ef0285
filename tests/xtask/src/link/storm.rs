//! Conversations over a line that is damaged.

use super::{
    damage::Damage,
    device::{Device, Package},
    same, so,
};
use crate::Result;
use ampoule_link::{Request, Retry, Target};
use std::collections::BTreeMap;

/// On the main board; a tenth of it on the others.
const CONVERSATIONS: u64 = 200;
/// Another seed damages other bytes.
const SEED: u64 = 0x1157;
/// Longer than an answer takes; a repetition that comes too early does no harm.
const IMPATIENT: Retry = Retry { wait: 60_000, tries: 4 };

/// How much of a line is damaged, and how many bytes pass before it is cut.
fn damage(seed: u64) -> Damage {
    let rate = [20, 60, 120, 250][seed as usize % 4];
    let left = if seed.is_multiple_of(3) { (seed as usize * 37) % 3000 } else { usize::MAX };
    Damage::new(SEED + seed, rate, left)
}

pub(super) fn weathered(device: &mut Device) -> Result<()> {
    println!("       seed {SEED:#x}");
    let teller = device.deploy(Target::New, "1.0.0")?;
    let mut ends = BTreeMap::new();
    let conversations = CONVERSATIONS / u64::from(device.bench.part);
    for seed in 0..conversations {
        let said = converse(device, seed, Target::Plugin(teller));
        let listed = look(device)?;
        same(format!("conversation {seed}"), device.who(teller)?, listed.clone())?;
        so(format!("conversation {seed}: {listed}"), listed == "1.0.0" || listed == "2.0.0")?;
        so(format!("conversation {seed} says it was done"), !said || listed == "2.0.0")?;
        if listed == "2.0.0" {
            device.done(&Request::RollBack { plugin: teller })?;
        }
        *ends.entry((listed, said)).or_insert(0) += 1;
    }
    println!("       {ends:?}");
    let count =
        |version: &str, said| ends.get(&(version.to_owned(), said)).copied().unwrap_or(0_u64);
    so("some were damaged to death", count("1.0.0", false) > conversations / 20)?;
    so("some went through", count("2.0.0", true) > conversations / 20)
}

/// An upgrade over a damaged line. True if the device says that it is done.
fn converse(device: &mut Device, seed: u64, target: Target) -> bool {
    device.bench.damage = damage(seed);
    device.bench.set_retry(IMPATIENT);
    let package = Package::teller(target, "2.0.0");
    (0..2).any(|_| device.begin_session().is_ok() && device.install(&package, |_| Ok(())).is_ok())
}

/// Looks over a new cable: the link works, and there is one plugin of that name.
fn look(device: &mut Device) -> Result<String> {
    device.bench.damage = Damage::none();
    device.bench.replug()?;
    device.bench.set_retry(super::bench::PATIENT);
    device.begin_session()?;
    device.done(&Request::Abort)?;
    device.bench.emulator.check()?;
    same("plugins", device.list()?.len(), 4)?;
    Ok(device.find("teller")?.version)
}
