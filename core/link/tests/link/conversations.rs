//! Conversations over wires that lose, double, flip, cut and invent bytes.

use crate::{
    damage::Damage,
    wire::{Bench, reply},
};
use ampoule_link::{Bytes, EntryCall, Reply, Request, Target};
use std::collections::BTreeMap;

/// Conversations, each with a damage of its own.
const CONVERSATIONS: u64 = 300;

/// An upgrade over a damaged wire, with as many new sessions as a patient person tries.
fn upgrade(bench: &mut Bench, target: Target) -> bool {
    (0..3).any(|_| bench.describe().is_ok() && bench.install(target, "2.0.0").is_ok())
}

/// How much of a wire is damaged, and how many bytes pass before it is cut.
fn damage(seed: u64) -> Damage {
    let rate = [30, 80, 150, 400][seed as usize % 4];
    let left = if seed.is_multiple_of(3) { seed as usize * 40 } else { usize::MAX };
    Damage::new(seed, rate, left)
}

#[test]
fn damaged_conversations_end_with_the_old_or_the_new_version_and_a_link_that_works() {
    let mut ends = BTreeMap::new();
    for seed in 0..CONVERSATIONS {
        let (mut bench, plugin) = Bench::with_plugin();
        bench.damage = damage(seed);
        let said = upgrade(&mut bench, Target::Plugin(plugin));

        bench.damage = Damage::none();
        bench.describe().unwrap_or_else(|error| panic!("conversation {seed}: {error}"));
        let version = bench.only_slot(|slot| {
            assert_eq!((slot.plugin, slot.name), (plugin, "teller"), "conversation {seed}");
            slot.version.to_owned()
        });
        assert_eq!(bench.who(plugin), version, "conversation {seed}");
        assert!(version == "1.0.0" || version == "2.0.0", "conversation {seed}: {version}");
        assert!(!said || version == "2.0.0", "conversation {seed} said that it was done");
        let bytes = bench.ask(&Request::Counters { plugin }).unwrap();
        let Reply::Counters(counters) = reply(&bytes) else { panic!("counters") };
        // A commit whose reply never came may be done again by a person, in another session.
        assert_eq!(counters.reloads == 0, version == "1.0.0", "conversation {seed}");
        *ends.entry((version, said)).or_insert(0) += 1;

        bench.install(Target::Plugin(plugin), "2.0.0").unwrap();
        assert_eq!(bench.who(plugin), "2.0.0", "conversation {seed}");
    }
    println!("{ends:?}");
    assert!(ends[&("1.0.0".to_owned(), false)] > 20, "{ends:?}");
    assert!(ends[&("2.0.0".to_owned(), true)] > 20, "{ends:?}");
}

#[test]
fn each_call_over_a_damaged_wire_is_done_once_or_not_at_all() {
    let (mut repeated, mut failed) = (0, 0);
    for seed in 0..100 {
        let (mut bench, plugin) = Bench::with_plugin();
        bench.damage = Damage::new(seed, 200, usize::MAX);
        // The last sum, and how many calls since then may have been done.
        let (mut last, mut unknown) = (0, 0);
        for _ in 0..20 {
            let add = EntryCall { plugin, entry: "add", request: Bytes(&[1, 0, 0, 0]) };
            let Ok(bytes) = bench.ask(&Request::Call(add)) else {
                (unknown, failed) = (unknown + 1, failed + 1);
                continue;
            };
            let Reply::Answer(sum) = reply(&bytes) else { panic!("a sum") };
            let sum = u32::from_le_bytes(sum.0.try_into().unwrap());
            assert!((last + 1..=last + 1 + unknown).contains(&sum), "{seed}: {sum} after {last}");
            (last, unknown) = (sum, 0);
        }
        repeated += bench.device.unit.dropped() + bench.client.dropped();
    }
    println!("{repeated} frames dropped, {failed} calls without an answer");
    assert!(repeated > 100);
}
