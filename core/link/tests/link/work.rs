//! A real host does what it is asked over the link.

use crate::{
    guests,
    wire::{Bench, code, package, reply},
};
use ampoule::{Manifest, Source};
use ampoule_link::{
    BreakerState, Bytes, EntryCall, Event, EventKind, LinkError, PluginId, Reply, Request, Target,
};

const NO_SUCH: PluginId = PluginId { slot: 3, generation: 9 };

#[test]
fn a_device_says_what_it_is() {
    let mut bench = Bench::new();
    let bytes = bench.describe().unwrap();
    let Reply::Description(device) = reply(&bytes) else { panic!("a description") };
    assert_eq!((device.abi, device.name, device.slots, device.free_slots), (1, "bench", 4, 4));
    assert_eq!(device.most.chunk_bytes, 1024 - 14 - 11);
    let services: Result<Vec<_>, _> = device.services.iter().collect();
    assert_eq!(services, Ok(vec!["log"]));
    bench.install(Target::New, "1.0.0").unwrap();
    let bytes = bench.describe().unwrap();
    assert!(matches!(reply(&bytes), Reply::Description(device) if device.free_slots == 3));
}

#[test]
fn an_install_loads_and_its_entries_answer() {
    let (mut bench, plugin) = Bench::with_plugin();
    bench.only_slot(|slot| {
        assert_eq!((slot.plugin, slot.name, slot.version), (plugin, "teller", "1.0.0"));
        assert_eq!((slot.breaker, slot.probation), (BreakerState::Closed, false));
    });
    assert_eq!(bench.who(plugin), "1.0.0");
    for sum in [5, 10_u8] {
        let bytes = bench.call(plugin, "add", &[5, 0, 0, 0]);
        assert_eq!(reply(&bytes), Reply::Answer(Bytes(&[sum, 0, 0, 0])));
    }
}

#[test]
fn an_install_for_a_loaded_plugin_reloads_it_and_a_roll_back_undoes_that() {
    let (mut bench, plugin) = Bench::with_plugin();
    assert_eq!(bench.install(Target::Plugin(plugin), "2.0.0").unwrap(), plugin);
    bench.only_slot(|slot| assert_eq!((slot.version, slot.probation), ("2.0.0", true)));
    assert_eq!(bench.who(plugin), "2.0.0");
    assert_eq!(reply(&bench.ask(&Request::RollBack { plugin }).unwrap()), Reply::Done);
    bench.only_slot(|slot| assert_eq!((slot.version, slot.probation), ("1.0.0", false)));
    assert_eq!(bench.who(plugin), "1.0.0");
    assert_eq!(code(&bench.ask(&Request::RollBack { plugin }).unwrap()), "L06");
}

#[test]
fn the_hosts_refusals_and_faults_come_with_their_codes_and_causes() {
    let (mut bench, plugin) = Bench::with_plugin();
    let bytes = bench.call(plugin, "trap", b"");
    let Reply::Problem(problem) = reply(&bytes) else { panic!("a problem") };
    assert_eq!((problem.code, problem.text), ("F03", "it trapped: unreachable code was reached"));
    assert_eq!(code(&bench.call(plugin, "nothing", b"")), "B01");
    assert_eq!(code(&bench.call(plugin, "who", &[0; 500])), "C01");
    let bytes = bench.call(plugin, "fail", b"");
    assert_eq!(reply(&bytes), Reply::Failure { code: 300, message: "no" });
    assert_eq!(code(&bench.call(NO_SUCH, "who", b"")), "L03");
    for request in [
        Request::Counters { plugin: NO_SUCH },
        Request::RollBack { plugin: NO_SUCH },
        Request::Unload { plugin: NO_SUCH },
        Request::Lift { plugin: NO_SUCH },
    ] {
        assert_eq!(code(&bench.ask(&request).unwrap()), "L03");
    }
    // A second one of that name is refused, and the install is over.
    let twice = bench.install(Target::New, "1.0.0");
    assert!(format!("{twice:?}").contains("L02"), "{twice:?}");
    assert_eq!(bench.status().unwrap(), None);
    assert_eq!(bench.who(plugin), "1.0.0");
}

#[test]
fn a_reply_that_fits_no_frame_is_told_and_the_link_goes_on() {
    let (mut bench, plugin) = Bench::with_plugin();
    assert_eq!(code(&bench.call(plugin, "big", b"")), "N05");
    assert_eq!(bench.who(plugin), "1.0.0");
}

#[test]
fn a_module_that_admission_refuses_leaves_the_old_version() {
    let (mut bench, plugin) = Bench::with_plugin();
    let wrong = ampoule_link::Announced::new(Target::Plugin(plugin), &[b"", b"\0asm\x01\0\0\0"]);
    bench.ask(&Request::Begin(wrong)).unwrap();
    let rest = b"\0asm\x01\0\0\0";
    let chunk = wrong.next_request(rest, bench.device.unit.install().progress(), 100);
    bench.ask(&chunk).unwrap();
    assert_eq!(code(&bench.ask(&Request::Commit).unwrap()), "A12");
    assert_eq!(bench.who(plugin), "1.0.0");
    bench.install(Target::Plugin(plugin), "2.0.0").unwrap();
    assert_eq!(bench.who(plugin), "2.0.0");
}

#[test]
fn counters_lines_and_events_tell_what_has_happened() {
    let (mut bench, plugin) = Bench::with_plugin();
    for entry in ["who", "say", "say", "fail", "trap"] {
        bench.call(plugin, entry, b"");
    }
    let bytes = bench.ask(&Request::Counters { plugin }).unwrap();
    let Reply::Counters(counters) = reply(&bytes) else { panic!("counters") };
    assert_eq!((counters.calls, counters.successes), (5, 3));
    assert_eq!((counters.failure_replies, counters.failures, counters.refusals), (1, 1, 0));
    assert!(counters.fuel_total > counters.fuel_most && counters.memory_most_bytes == 2304);

    for (most, left) in [(1, 1), (9, 1), (9, 0)] {
        let bytes = bench.ask(&Request::Lines { most }).unwrap();
        let Reply::Lines(lines) = reply(&bytes) else { panic!("lines") };
        assert_eq!(lines.iter().count(), left);
        for line in lines {
            assert_eq!((line.unwrap().plugin, line.unwrap().text), ("teller", "hello"));
        }
    }

    let bytes = bench.ask(&Request::Events { most: 1 }).unwrap();
    let Reply::Events(first) = reply(&bytes) else { panic!("events") };
    let first: Vec<_> = first.iter().collect();
    assert!(matches!(first[..], [Ok(Event { what: EventKind::Loaded { .. }, .. })]));
    let bytes = bench.ask(&Request::Events { most: 99 }).unwrap();
    let Reply::Events(rest) = reply(&bytes) else { panic!("events") };
    let rest: Vec<_> = rest.iter().map(|event| event.unwrap().what).collect();
    assert_eq!(rest, [EventKind::Faulted { code: "F03" }]);
}

#[test]
fn a_breaker_that_tripped_is_lifted() {
    let (mut bench, plugin) = Bench::with_plugin();
    let refused = (0..50).find(|_| code(&bench.call(plugin, "trap", b"")) == "C07");
    assert!(refused.is_some());
    bench.only_slot(|slot| assert!(matches!(slot.breaker, BreakerState::Open { .. })));
    assert_eq!(reply(&bench.ask(&Request::Lift { plugin }).unwrap()), Reply::Done);
    assert_eq!(bench.who(plugin), "1.0.0");
}

#[test]
fn an_unloaded_plugin_is_gone_and_its_slot_is_free() {
    let (mut bench, plugin) = Bench::with_plugin();
    assert_eq!(reply(&bench.ask(&Request::Unload { plugin }).unwrap()), Reply::Done);
    assert_eq!(code(&bench.call(plugin, "who", b"")), "L03");
    let next = bench.install(Target::New, "2.0.0").unwrap();
    assert_eq!((next.slot, next.generation), (plugin.slot, plugin.generation + 1));
    assert_eq!(code(&bench.call(plugin, "who", b"")), "L03");
}

#[test]
fn a_reset_is_answered_and_then_the_session_is_over() {
    let (mut bench, plugin) = Bench::with_plugin();
    assert_eq!(reply(&bench.ask(&Request::Reset).unwrap()), Reply::Done);
    bench.device.turn(&mut Vec::new());
    assert_eq!(bench.device.restarts, 1);
    let call = Request::Call(EntryCall { plugin, entry: "who", request: Bytes(b"") });
    assert_eq!(code(&bench.ask(&call).unwrap()), "N01");
    bench.describe().unwrap();
    bench.install(Target::New, "2.0.0").unwrap();
}

#[test]
fn a_request_that_no_frame_takes_isnt_sent() {
    let (mut bench, plugin) = Bench::with_plugin();
    let request = EntryCall { plugin, entry: "who", request: Bytes(&[0; 1100]) };
    let refused = bench.ask(&Request::Call(request));
    assert_eq!(refused, Err(LinkError::RequestTooLarge {}));
    assert_eq!(bench.who(plugin), "1.0.0");
    // As many bytes as the device says it takes do fit into its frame.
    let (announced, bytes) = package(Target::Plugin(plugin), "2.0.0");
    bench.ask(&Request::Begin(announced)).unwrap();
    let most = crate::Unit::CHUNK_BYTES;
    let request = announced.next_request(&bytes, bench.device.unit.install().progress(), most);
    bench.ask(&request).unwrap();
    let written = bench.device.unit.install().progress().unwrap().next_offset;
    assert_eq!(written as usize, bytes.len().min(most as usize));
}

/// A call that runs for many turns, and one of another plugin that the firmware makes meanwhile.
#[test]
fn a_call_over_the_line_keeps_no_other_plugin_waiting_and_is_answered_when_it_is_over() {
    let (mut bench, plugin) = Bench::with_plugin();
    let device = &mut bench.device;
    let spins = device.host.load(Source::new(&guests::plugin("spinner", "1.0.0"))).is_err();
    assert!(spins, "it asks for a log that isn't granted");
    let manifest = Manifest::parse(&guests::manifest("spinner")).unwrap();
    let module = guests::plugin("spinner", "1.0.0");
    let spinner = device.host.load(Source::new(&module).with_manifest(&manifest)).unwrap();
    let own = device.host.bind::<(), [u8; 0]>(spinner, "say").unwrap();

    let endless = EntryCall { plugin, entry: "spin", request: Bytes(b"") };
    bench.client.send(&Request::Call(endless), 0).unwrap();
    let frame = bench.client.output().to_vec();
    assert_eq!(device.unit.receive(&frame), frame.len());
    assert!(device.one_turn());
    let (mut turns, mut answers) = (0, 0);
    while device.unit.is_calling() {
        let call = device.host.start(&own, &()).unwrap();
        // A repetition doesn't start it anew.
        device.unit.receive(&frame);
        device.one_turn();
        answers += u32::from(device.host.take(&call).is_some_and(|answer| answer.is_ok()));
        turns += 1;
    }
    assert_eq!(answers, turns);
    assert!(turns >= 20, "200,000 fuel in slices of 10,000, and not {turns}");
    let answer = device.say();
    bench.client.receive(&answer);
    let Some(Ok(Reply::Problem(problem))) = bench.client.reply() else { panic!("a problem") };
    assert_eq!(problem.code, "F01");
}

#[test]
fn an_install_that_there_is_no_heap_for_is_refused_and_over() {
    let (mut bench, plugin) = Bench::with_plugin();
    bench.device.board.full = true;
    let refused = bench.install(Target::Plugin(plugin), "2.0.0");
    assert!(format!("{refused:?}").contains("A30"), "{refused:?}");
    assert_eq!(bench.status().unwrap(), None);
    assert_eq!(bench.who(plugin), "1.0.0");
    bench.device.board.full = false;
    bench.install(Target::Plugin(plugin), "2.0.0").unwrap();
}

#[test]
fn events_that_the_firmware_has_taken_come_first_and_the_lost_are_told() {
    let (mut bench, plugin) = Bench::with_plugin();
    let loaded = bench.device.host.next_event().unwrap();
    bench.device.unit.note(&loaded);
    bench.call(plugin, "trap", b"");
    let told = |bench: &mut Bench, most| {
        let bytes = bench.ask(&Request::Events { most }).unwrap();
        let Reply::Events(events) = reply(&bytes) else { panic!("events") };
        events.iter().map(|event| format!("{:?}", event.unwrap().what)).collect::<Vec<_>>()
    };
    assert!(told(&mut bench, 1)[0].starts_with("Loaded"));
    assert_eq!(told(&mut bench, 9), ["Faulted { code: \"F03\" }"]);
    for _ in 0..100 {
        bench.device.unit.note(&loaded);
    }
    let first = told(&mut bench, 99);
    let lost: usize = first[0].trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
    let mut kept = first.len() - 1;
    while let more @ 1.. = told(&mut bench, 99).len() {
        kept += more;
    }
    assert_eq!(lost + kept, 100, "{first:?}");
}

#[test]
fn a_line_that_fits_into_no_list_keeps_no_others_waiting() {
    let (mut bench, plugin) = Bench::with_plugin();
    bench.device.board.say(&"long ".repeat(200));
    bench.call(plugin, "say", b"");
    let bytes = bench.ask(&Request::Lines { most: 9 }).unwrap();
    let Reply::Lines(lines) = reply(&bytes) else { panic!("lines") };
    assert!(lines.iter().map(|line| line.unwrap().text).eq(["hello"]));
}
