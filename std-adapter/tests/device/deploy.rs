//! Installs over lines that break: each loads once, or not at all.

use crate::{
    bench::{Bench, PATIENCE, teller, who},
    guests,
};
use ampoule_link::Announced;
use ampoule_std::{
    Diagnosis as _,
    device::{Device, DeviceError, LineError, Package, Patience, PluginId, Step, Target},
};

/// Deploys, and tells what happened on the way.
fn deploy(device: &mut Device, package: &Package) -> (Result<PluginId, DeviceError>, Vec<String>) {
    let mut steps = Vec::new();
    let deployed = device.deploy(package, false, &mut |step| {
        steps.push(match step {
            Step::Broken(_) => "broken".to_owned(),
            step => format!("{step:?}"),
        });
    });
    (deployed, steps)
}

/// How many requests an install takes that nothing happens to: slots, counters, status, begin, chunks,
/// commit.
fn requests(bench: &Bench, package: &Package) -> u32 {
    let mut device = bench.open();
    let before = bench.done();
    deploy(&mut device, package).0.unwrap();
    bench.done() - before
}

#[test]
fn wherever_the_line_is_cut_the_install_goes_on_and_loads_once() {
    let (bench, plugin) = Bench::with_teller();
    let requests = requests(&bench, &teller(Target::Plugin(plugin), "2.0.0"));
    assert!(requests >= 7, "{requests}");
    // The last one is the commit. Of the first ones nothing is begun yet: those are the caller's.
    for cut in 1..=requests {
        let (bench, plugin) = Bench::with_teller();
        let mut device = bench.open();
        bench.cut_after(cut);
        let package = teller(Target::Plugin(plugin), "2.0.0");
        let (deployed, steps) = deploy(&mut device, &package);
        match deployed {
            Ok(deployed) => {
                assert_eq!(deployed, plugin);
                assert_eq!(steps.iter().filter(|it| *it == "broken").count(), 1, "{steps:?}");
            }
            Err(error) => {
                assert!(cut <= 3 && error.is_passing() && steps.is_empty(), "{cut}: {error:?}");
                device.reopen().unwrap();
                deploy(&mut device, &package).0.unwrap();
            }
        }
        assert_eq!(who(&mut device, plugin), "2.0.0", "{cut}");
        assert_eq!(device.counters(plugin).unwrap().reloads, 1, "cut after {cut}");
    }
}

#[test]
fn a_new_plugin_whose_commit_was_lost_is_there_once() {
    let requests = requests(&Bench::new(), &teller(Target::New, "1.0.0"));
    for cut in 2..=requests {
        let bench = Bench::new();
        let mut device = bench.open();
        bench.cut_after(cut);
        let (deployed, steps) = deploy(&mut device, &teller(Target::New, "1.0.0"));
        let plugin = deployed.unwrap_or_else(|error| panic!("{cut}: {error:?} {steps:?}"));
        assert_eq!(who(&mut device, plugin), "1.0.0");
        assert_eq!(device.slots().unwrap().len(), 1, "{cut}");
    }
}

#[test]
fn what_is_there_isnt_sent_again() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    let package = teller(Target::Plugin(plugin), "2.0.0");
    // Slots, counters, status, begin, and one chunk, whose answer is lost.
    bench.cut_after(6);
    let (deployed, steps) = deploy(&mut device, &package);
    deployed.unwrap();
    let at = package.announced().total_bytes.min(device.about().most.chunk_bytes);
    assert!(steps.contains(&"broken".to_owned()), "{steps:?}");
    assert!(!steps.contains(&format!("Sent {{ at: {at} }}")), "it was there: {steps:?}");
}

#[test]
fn a_device_that_restarts_on_the_way_gets_it_from_the_start() {
    let bench = Bench::new();
    let mut device = bench.open();
    bench.restart_after(5);
    let (deployed, steps) = deploy(&mut device, &teller(Target::New, "1.0.0"));
    assert_eq!(who(&mut device, deployed.unwrap()), "1.0.0");
    let begun = steps.iter().filter(|it| *it == "Begun { at: 0 }").count();
    assert_eq!((begun, bench.with(|turning| turning.unit.restarts)), (2, 1), "{steps:?}");
}

#[test]
fn a_target_that_a_restart_has_taken_is_told() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    bench.restart_after(6);
    let (deployed, _) = deploy(&mut device, &teller(Target::Plugin(plugin), "2.0.0"));
    assert_eq!(deployed.unwrap_err().code(), "L03");
    assert!(device.slots().unwrap().is_empty());
}

#[test]
fn a_line_that_stays_broken_ends_the_deployment() {
    let (bench, plugin) = Bench::with_teller();
    let patience = Patience { reopens: 3, ..PATIENCE };
    let mut device = bench.try_open(patience).unwrap();
    drop(bench);
    let (deployed, steps) = deploy(&mut device, &teller(Target::Plugin(plugin), "2.0.0"));
    let error = deployed.unwrap_err();
    assert!(error.is_passing(), "{error:?}");
    assert!(steps.len() <= 3, "{steps:?}");
}

#[test]
fn anothers_install_is_left_alone_until_it_is_to_be_ended() {
    let (bench, plugin) = Bench::with_teller();
    bench.with(|turning| {
        let other = Announced::new(Target::New, &[b"", b"another"]);
        turning.begins(&other);
    });
    let mut device = bench.open();
    let package = teller(Target::Plugin(plugin), "2.0.0");
    let refused = device.deploy(&package, false, &mut |_| {}).unwrap_err();
    assert_eq!(refused, LineError::OtherInstall { sent: 0, total: 7 }.into());
    assert_eq!(who(&mut device, plugin), "1.0.0");
    device.deploy(&package, true, &mut |_| {}).unwrap();
    assert_eq!(who(&mut device, plugin), "2.0.0");
}

#[test]
fn what_the_host_refuses_is_told_and_the_old_version_goes_on() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    let other = Package::new(
        Target::Plugin(plugin),
        &guests::manifest("other"),
        &guests::plugin("other", "2.0.0"),
    );
    assert_eq!(deploy(&mut device, &other).0.unwrap_err().code(), "L04");
    let twice = teller(Target::New, "2.0.0");
    assert_eq!(deploy(&mut device, &twice).0.unwrap_err().code(), "L02");
    let huge = Package::new(Target::New, b"", &[0; 5000]);
    assert_eq!(deploy(&mut device, &huge).0.unwrap_err().code(), "N11");
    assert_eq!(who(&mut device, plugin), "1.0.0");
}
