//! The attacks of `guests/hostile`, each with its expected verdict in its first lines.

use super::{
    attack::Attack,
    judge::{judge, seen},
};
use crate::support::repository;
use ampoule::Limits;

const LEAST: usize = 60;

fn corpus() -> Vec<Attack> {
    let folder = repository("guests/hostile");
    let entries = std::fs::read_dir(&folder).expect("the folder of attacks");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "wat" || it == "hex"));
    paths.sort();
    paths.iter().map(|path| Attack::read(path)).collect()
}

#[test]
fn every_attack_of_the_corpus_meets_its_verdict() {
    let attacks = corpus();
    assert!(attacks.len() >= LEAST, "{} attacks, {LEAST} are expected", attacks.len());
    let complaints: Vec<_> = attacks.iter().filter_map(|attack| judge(attack).err()).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n\n"));
}

#[test]
fn no_way_of_slicing_changes_what_is_seen() {
    const FUEL: u64 = 3_000;
    let fuel = |limits, slice_fuel| Limits {
        init_fuel: FUEL,
        call_fuel: FUEL,
        destroy_fuel: FUEL,
        slice_fuel,
        ..limits
    };
    for mut attack in corpus() {
        let limits = attack.limits;
        let [whole, thirds, small, single] = [FUEL, FUEL / 3, 7, 1].map(|slice| {
            attack.limits = fuel(limits, slice);
            seen(&attack)
        });
        assert_eq!(whole, thirds, "{}", attack.name);
        assert_eq!(whole, small, "{}", attack.name);
        assert_eq!(whole, single, "{}", attack.name);
    }
}
