//! Damaged bytes, both ways.

use crate::{
    bench::{Bench, PATIENCE, teller, who},
    damage::Damage,
};
use ampoule_std::device::{Patience, Retry, Target};
use core::time::Duration;

const HASTY: Patience = Patience {
    retry: Retry { wait: 60_000, tries: 4 },
    reopens: 3,
    pause: Duration::from_millis(1),
};

#[test]
fn over_a_damaged_line_an_install_is_done_or_not_and_the_device_goes_on() {
    let (mut done, mut undone) = (0, 0);
    for seed in 0..24 {
        let (bench, plugin) = Bench::with_teller();
        bench.damage(Some(Damage::new(seed, [60, 150, 300, 500][seed as usize % 4], usize::MAX)));
        let package = teller(Target::Plugin(plugin), "2.0.0");
        let said = bench
            .try_open(HASTY)
            .and_then(|mut device| device.deploy(&package, false, &mut |_| {}));
        match &said {
            Ok(_) => done += 1,
            Err(error) => {
                assert!(error.is_passing(), "{seed}: {error:?}");
                undone += 1;
            }
        }
        bench.damage(None);
        let mut device = bench.try_open(PATIENCE).unwrap();
        let version = who(&mut device, plugin);
        assert!(version == "2.0.0" || (version == "1.0.0" && said.is_err()), "{seed}: {version}");
        // Whatever is left of it there, the same deployment ends it.
        device.deploy(&package, false, &mut |_| {}).unwrap();
        assert_eq!(who(&mut device, plugin), "2.0.0", "{seed}");
    }
    println!("{done} done, {undone} not");
    assert!(done > 4 && undone > 0, "{done} done, {undone} not");
}

#[test]
fn over_a_damaged_line_a_call_is_made_once_or_not_at_all() {
    let (mut answered, mut lost) = (0, 0);
    for seed in 0..6 {
        let (bench, plugin) = Bench::with_teller();
        let mut device = bench.try_open(HASTY).unwrap();
        bench.damage(Some(Damage::new(seed, 250, usize::MAX)));
        // The last sum, and how many calls since then may have been made.
        let (mut last, mut unknown) = (0, 0);
        for _ in 0..12 {
            match device.call(plugin, "add", &[1, 0, 0, 0]) {
                Ok(sum) => {
                    let sum = u32::from_le_bytes(sum.try_into().unwrap());
                    assert!((last + 1..=last + 1 + unknown).contains(&sum), "{seed}: {sum} {last}");
                    (last, unknown, answered) = (sum, 0, answered + 1);
                }
                Err(error) => {
                    assert!(error.is_passing(), "{seed}: {error:?}");
                    (unknown, lost) = (unknown + 1, lost + 1);
                }
            }
        }
    }
    println!("{answered} answered, {lost} lost");
    assert!(answered > 30);
}
