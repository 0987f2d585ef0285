//! What the library asks of a real device.

use crate::{
    bench::{Bench, PATIENCE, teller, who},
    guests,
};
use ampoule_std::{
    AdmissionError, Diagnosis as _,
    device::{
        About, BreakerState, Device, DeviceError, Hash, LineError, Package, PluginId, Target, admit,
    },
};

#[test]
fn a_device_tells_what_it_is_and_what_it_holds() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    let about = device.about();
    assert_eq!((about.name.as_str(), about.firmware.as_str(), about.abi), ("bench", "0.1.0", 1));
    assert_eq!((about.slots, about.free_slots), (4, 3));
    assert_eq!(about.services, ["log"]);

    let slots = device.slots().unwrap();
    let [slot] = slots.as_slice() else { panic!("{slots:?}") };
    assert_eq!(
        (slot.plugin, slot.name.as_str(), slot.version.as_str()),
        (plugin, "teller", "1.0.0")
    );
    assert_eq!((slot.breaker, slot.probation), (BreakerState::Closed, false));
    assert_eq!(Hash(slot.hash), Hash::of(&guests::plugin("teller", "1.0.0")));
    assert_eq!(Hash(0xabc).to_string(), "0000000000000abc");

    assert_eq!(who(&mut device, plugin), "1.0.0");
    let counters = device.counters(plugin).unwrap();
    assert_eq!((counters.calls, counters.successes), (1, 1));
    assert!(counters.fuel_total > 0);
}

#[test]
fn slots_are_asked_for_until_there_are_none() {
    let bench = Bench::new();
    let mut device = bench.open();
    for name in ["one", "two", "three", "four"] {
        let version = "1".repeat(60);
        let module = guests::plugin(name, &format!("1.0.{}", &version[..40]));
        let package = Package::new(Target::New, &guests::manifest(name), &module);
        device.deploy(&package, false, &mut |_| {}).unwrap();
    }
    let names: Vec<_> = device.slots().unwrap().into_iter().map(|slot| slot.name).collect();
    assert_eq!(names, ["one", "two", "three", "four"]);
}

#[test]
fn calls_are_answered_declined_ended_and_refused() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    assert_eq!(device.call(plugin, "add", &[5, 0, 0, 0]).unwrap(), [5, 0, 0, 0]);
    assert_eq!(device.call(plugin, "add", &[2, 0, 0, 0]).unwrap(), [7, 0, 0, 0]);
    let failed = device.call(plugin, "fail", b"").unwrap_err();
    assert_eq!(failed.to_string(), "the plugin failed with code 300: no");
    let codes =
        ["trap", "nothing"].map(|entry| device.call(plugin, entry, b"").unwrap_err().code());
    assert_eq!((failed.code(), codes), ("C04", ["F03", "B01"]));
    // The same device goes on.
    assert_eq!(who(&mut device, plugin), "1.0.0");
}

#[test]
fn events_and_lines_are_told_once() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    device.call(plugin, "say", b"").unwrap();
    device.call(plugin, "trap", b"").unwrap_err();
    let events = device.events(64).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["loaded", "faulted"]);
    assert_eq!((events[1].plugin, events[1].words.as_str()), (plugin, "a call was ended: F03"));
    let lines = device.lines(64).unwrap();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((line.plugin.as_str(), line.text.as_str()), ("teller", "hello"));
    assert_eq!(line.level_name(), "info");
    assert!(device.events(64).unwrap().is_empty() && device.lines(64).unwrap().is_empty());
}

#[test]
fn a_stale_id_is_refused_with_the_hosts_code_and_cure() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    device.unload(plugin).unwrap();
    let never = PluginId { slot: 3, generation: 9 };
    for id in [plugin, never] {
        for error in [
            device.counters(id).unwrap_err(),
            device.call(id, "who", b"").unwrap_err(),
            device.roll_back(id).unwrap_err(),
            device.unload(id).unwrap_err(),
            device.lift(id).unwrap_err(),
            device.deploy(&teller(Target::Plugin(id), "2.0.0"), false, &mut |_| {}).unwrap_err(),
        ] {
            assert_eq!(error.code(), "L03", "{error:?}");
            assert_eq!(error.to_string(), format!("the plugin {id} isn't loaded"));
            assert!(error.cure().starts_with("load it again"), "{error:?}");
        }
    }
}

#[test]
fn a_breaker_that_has_tripped_is_lifted() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    let trips = |device: &mut Device| device.slots().unwrap()[0].breaker != BreakerState::Closed;
    for _ in 0..100 {
        if trips(&mut device) {
            break;
        }
        device.call(plugin, "trap", b"").unwrap_err();
    }
    assert!(trips(&mut device));
    assert!(device.call(plugin, "who", b"").unwrap_err().code().starts_with('C'));
    device.lift(plugin).unwrap();
    assert_eq!(who(&mut device, plugin), "1.0.0");
}

#[test]
fn a_new_version_is_on_probation_and_rolled_back() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    let package = teller(Target::Plugin(plugin), "2.0.0");
    assert_eq!(device.deploy(&package, false, &mut |_| {}), Ok(plugin));
    assert_eq!(who(&mut device, plugin), "2.0.0");
    assert!(device.slots().unwrap()[0].probation);
    device.roll_back(plugin).unwrap();
    assert_eq!(who(&mut device, plugin), "1.0.0");
    assert_eq!(device.roll_back(plugin).unwrap_err().code(), "L06");
}

#[test]
fn what_was_called_over_the_line_keeps_no_version_away() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    assert_eq!(who(&mut device, plugin), "1.0.0");
    // Another name for the entry, of the same length.
    let mut module = guests::plugin("teller", "2.0.0");
    let at = module.windows(4).position(|bytes| bytes == b"\x03who").unwrap();
    module[at + 1..at + 4].copy_from_slice(b"wer");
    let manifest = guests::manifest("teller");
    let package = Package::new(Target::Plugin(plugin), &manifest, &module);
    assert_eq!(device.deploy(&package, false, &mut |_| {}), Ok(plugin));
    assert_eq!(device.call(plugin, "who", b"").unwrap_err().code(), "B01");
    assert_eq!(device.call(plugin, "wer", b"").as_deref(), Ok(&b"2.0.0"[..]));
}

#[test]
fn a_device_that_has_restarted_does_nothing_of_an_old_session() {
    let (bench, plugin) = Bench::with_teller();
    let mut device = bench.open();
    bench.with(|turning| turning.unit.restart());
    let error = device.call(plugin, "who", b"").unwrap_err();
    assert_eq!(error, DeviceError::Line(LineError::Restarted {}));
    assert!(error.is_passing());
    device.reopen().unwrap();
    assert!(device.slots().unwrap().is_empty());

    device.reset().unwrap();
    assert!(device.slots().unwrap_err().is_passing());
    device.reopen().unwrap();
    assert_eq!(bench.with(|turning| turning.unit.restarts), 2);
}

#[test]
fn another_workstation_ends_the_session() {
    let (bench, _) = Bench::with_teller();
    let mut first = bench.open();
    bench.cut_after(1);
    // The answer to that one is lost with its line, and the line stays as it is.
    let ended = first.slots().unwrap_err().to_string();
    assert_eq!(ended, "the line is broken: it was closed at the other end");
    assert_eq!(first.slots().unwrap_err().code(), "E03");
    let mut second = bench.open();
    assert_eq!(second.slots().unwrap().len(), 1);
    drop(second);
    first.reopen().unwrap();
    assert_eq!(first.slots().unwrap().len(), 1);
}

#[test]
fn a_port_that_isnt_there_is_told_with_its_name() {
    let bench = Bench::new();
    let address = bench.address();
    drop(bench);
    let Err(error) = Device::open(address.clone(), PATIENCE) else { panic!("it is gone") };
    assert_eq!(error.code(), "E02");
    assert!(error.to_string().starts_with(&address.to_string()), "{error}");
}

#[test]
fn what_a_device_would_refuse_is_refused_before_it_is_asked() {
    let bench = Bench::new();
    let device = bench.open();
    let (manifest, module) = (guests::manifest("teller"), guests::plugin("teller", "1.0.0"));
    let parsed = ampoule_std::Manifest::parse(&manifest).unwrap();
    let papers = Some((&parsed, manifest.len()));
    let code = |change: &dyn Fn(&mut About)| {
        let mut about = device.about().clone();
        change(&mut about);
        admit(&about, papers, &module).err().map_or("", |error| error.code())
    };
    assert_eq!(code(&|_| {}), "");
    assert_eq!(code(&|about| about.most.install_bytes = 100), "N11");
    assert_eq!(code(&|about| about.most.module_bytes = 100), "A02");
    assert_eq!(code(&|about| about.most.memory_bytes = 2303), "A14");
    assert_eq!(code(&|about| about.most.heap_bytes = 4096), "A30");
    assert_eq!(code(&|about| about.services.clear()), "E12");
    assert_eq!(code(&|about| about.services = vec!["log".to_owned(); 300]), "");
    let without = admit(device.about(), None, &module).unwrap_err();
    assert_eq!(without.code(), "A34");
    let other = ampoule_std::Manifest::parse(&guests::manifest("other")).unwrap();
    assert_eq!(admit(device.about(), Some((&other, 99)), &module).unwrap_err().code(), "A35");
    for (wrong, expected) in [(&b""[..], "A01"), (b"not wasm", "A03"), (&module[..99], "A06")] {
        assert_eq!(admit(device.about(), papers, wrong).unwrap_err().code(), expected);
    }
}

#[test]
fn a_service_of_the_devices_own_is_left_to_it_and_hides_nothing_else() {
    let bench = Bench::new();
    let mut about = bench.open().about().clone();
    about.most.install_bytes = 65_536;
    let module = include_bytes!("../../../guests/prebuilt/blink.wasm");
    let json = include_bytes!("../../../firmware-example/manifests/blink.json");
    let manifest = ampoule_std::Manifest::parse(json).unwrap();
    let judge = |about: &About| admit(about, Some((&manifest, json.len())), module);
    assert_eq!(judge(&about).unwrap_err().code(), "E12");
    about.services.push("gpio".to_owned());
    about.most.heap_bytes = 1;
    let refused = judge(&about).unwrap_err();
    let DeviceError::Admission(AdmissionError::Heap { needed, .. }) = refused else {
        panic!("{refused:?}")
    };
    about.most.heap_bytes = u32::try_from(needed).unwrap();
    assert!(judge(&about).is_ok());
    about.most.heap_bytes -= 1;
    assert_eq!(judge(&about).unwrap_err().code(), "A30");
}
