//! Devices that lie, babble and never end: a clear error in good time, and nothing that a terminal obeys.

use crate::{
    bench::{PATIENCE, teller},
    damage::Numbers,
    fake::{Fake, description},
    ran::at,
};
use ampoule_link::{
    Batch, BreakerState, Bytes, Counters, Description, Event, EventKind, Line, Maxima, Problem,
    Progress, Reply, Request, SlotInfo,
};
use ampoule_std::{
    Diagnosis as _,
    device::{Device, DeviceError, LineError, Patience, PluginId, Retry, Target},
};
use core::time::Duration;
use std::thread;

const ODD: &str = "\u{1b}[2J\u{9b}31m\u{7}\u{202e}x\n\r\u{1b}]0;t\u{7}";

const HASTY: Patience = Patience {
    retry: Retry { wait: 30_000, tries: 3 },
    reopens: 2,
    pause: Duration::from_millis(1),
};

const PLUGIN: PluginId = PluginId { slot: 0, generation: 0 };

fn opened(fake: &Fake) -> Device {
    Device::open(fake.address(), PATIENCE).unwrap()
}

fn slot(number: u16, name: &str) -> SlotInfo<'_> {
    SlotInfo {
        plugin: PluginId { slot: number, generation: u32::MAX },
        name,
        version: name,
        hash: u64::MAX,
        breaker: BreakerState::Open { until: u64::MAX },
        probation: true,
    }
}

#[test]
fn silence_is_no_answer_and_noise_is_told_to_be_noise() {
    let silent = Fake::silent();
    assert_eq!(Device::open(silent.address(), HASTY).err().unwrap().code(), "N17");
    at(&silent.port(), &["ps", "--wait", "10ms"]).complains(2, "N17");
    let mut numbers = Numbers::new(7);
    for noise in [numbers.bytes(700), vec![0], vec![7; 100], b"boot: v1.2\r\n\0".repeat(3)] {
        let babbling = Fake::sending(noise);
        let error = Device::open(babbling.address(), HASTY).err().unwrap();
        assert!(["E04", "N17"].contains(&error.code()), "{error:?}");
        let ran = at(&babbling.port(), &["ps", "--wait", "10ms"]);
        assert_eq!(ran.status, 2, "{ran:?}");
    }
    let babbling = Fake::sending(numbers.bytes(700));
    at(&babbling.port(), &["describe", "--wait", "10ms"]).complains(2, "E04");
}

#[test]
fn a_line_that_closes_at_once_is_broken() {
    let fake = Fake::answering(|_, _| {});
    let address = fake.address();
    drop(fake);
    assert_eq!(Device::open(address, HASTY).err().unwrap().code(), "E02");
}

#[test]
fn a_reply_of_another_kind_is_a_contradiction() {
    let replies = [
        Reply::Done,
        Reply::Counters(Counters::default()),
        Reply::Progress(None),
        Reply::Loaded { plugin: PLUGIN },
        Reply::Answer(Bytes(b"x")),
        Reply::Failure { code: 1, message: "no" },
        Reply::Description(Description::default()),
    ];
    for wrong in replies {
        let bytes = {
            let mut room = [0; 256];
            ampoule_abi::encode(&wrong, &mut room).unwrap().to_vec()
        };
        let fake = Fake::described(move |_, reply| {
            reply(&ampoule_abi::Decode::decode(&bytes).unwrap());
        });
        let mut device = opened(&fake);
        let is =
            |kind: &Reply<'_>| core::mem::discriminant(kind) == core::mem::discriminant(&wrong);
        let mut errors = vec![
            device.slots().err(),
            device.events(1).err(),
            device.lines(1).err(),
            device.deploy(&teller(Target::New, "1.0.0"), false, &mut |_| {}).err(),
        ];
        if !is(&Reply::Counters(Counters::default())) {
            errors.push(device.counters(PLUGIN).err());
        }
        if !is(&Reply::Done) {
            errors.extend([device.lift(PLUGIN).err(), device.reset().err()]);
        }
        for error in errors {
            assert_eq!(error.unwrap().code(), "E10", "{wrong:?}");
        }
        if !matches!(wrong, Reply::Answer(_) | Reply::Failure { .. }) {
            assert_eq!(device.call(PLUGIN, "x", b"").unwrap_err().code(), "E10");
        }
    }
}

#[test]
fn slots_that_never_end_or_come_twice_are_a_contradiction() {
    // Always the same one.
    let fake = Fake::described(|_, reply| {
        let mut batch = Batch::<64>::new();
        assert!(batch.push(&slot(3, "same")));
        reply(&Reply::Slots(batch.items()));
    });
    let error = opened(&fake).slots().unwrap_err();
    assert_eq!(error, LineError::Contradiction { what: "slots out of order" }.into());
    // As many as there are numbers.
    let fake = Fake::described(|request, reply| {
        let Request::Slots { from } = request else { return reply(&Reply::Done) };
        let mut batch = Batch::<8192>::new();
        let mut next = *from;
        while batch.push(&slot(next, "many")) && next < u16::MAX {
            next += 1;
        }
        reply(&Reply::Slots(batch.items()));
    });
    let error = opened(&fake).slots().unwrap_err();
    assert_eq!(error, LineError::Contradiction { what: "more plugins than any device has" }.into());
    // What isn't a list of slots.
    let fake = Fake::described(|_, reply| {
        let mut batch = Batch::<64>::new();
        assert!(batch.push(&[0xff_u8; 20]));
        reply(&Reply::Slots(batch.items()));
    });
    assert_eq!(opened(&fake).slots().unwrap_err().code(), "E10");
}

#[test]
fn more_events_and_lines_than_were_asked_for_are_a_contradiction() {
    let fake = Fake::described(|request, reply| {
        let mut batch = Batch::<8192>::new();
        match request {
            Request::Lines { .. } => {
                while batch.push(&Line { plugin: "", level: 0, at: 0, text: "" }) {}
                reply(&Reply::Lines(batch.items()));
            }
            _ => {
                while batch.push(&Event { plugin: PLUGIN, at: 0, what: EventKind::Closed }) {}
                reply(&Reply::Events(batch.items()));
            }
        }
    });
    let mut device = opened(&fake);
    let error = LineError::Contradiction { what: "more than it was asked for" };
    assert_eq!(device.lines(64), Err(error.clone().into()));
    assert_eq!(device.events(64), Err(error.into()));
    assert_eq!(device.events(u16::MAX).unwrap().len(), 2048);
}

/// A device whose every text is odd, and whose every number is huge.
fn odd() -> Fake {
    let name = ODD.repeat(20);
    Fake::answering(move |request, reply| match request {
        Request::Describe => {
            let mut services = Batch::<4096>::new();
            while services.push(&name.as_str()) {}
            reply(&Reply::Description(Description {
                abi: u16::MAX,
                name: &name,
                firmware: &name,
                slots: u16::MAX,
                free_slots: u16::MAX,
                ram_bytes: u32::MAX,
                free_ram_bytes: u32::MAX,
                most: Maxima {
                    chunk_bytes: u32::MAX,
                    install_bytes: u32::MAX,
                    module_bytes: u32::MAX,
                    memory_bytes: u32::MAX,
                    heap_bytes: u32::MAX,
                    message_bytes: u32::MAX,
                },
                services: services.items(),
            }));
        }
        Request::Slots { from: 0 } => {
            let mut batch = Batch::<4096>::new();
            assert!(batch.push(&slot(0, &name)) && batch.push(&slot(u16::MAX, "plain")));
            reply(&Reply::Slots(batch.items()));
        }
        Request::Slots { .. } => reply(&Reply::Slots(Batch::<1>::new().items())),
        Request::Counters { .. } => reply(&Reply::Counters(Counters {
            calls: u64::MAX,
            successes: u64::MAX,
            failure_replies: u64::MAX,
            failures: u64::MAX,
            refusals: u64::MAX,
            fuel_total: u64::MAX,
            fuel_most: u64::MAX,
            duration_total: u64::MAX,
            duration_most: u64::MAX,
            memory_most_bytes: u32::MAX,
            instances: u32::MAX,
            reloads: u32::MAX,
            heap_bytes: u32::MAX,
            heap_most_bytes: u32::MAX,
        })),
        Request::Events { .. } => {
            let mut batch = Batch::<4096>::new();
            let kinds = [
                EventKind::Refused { hash: 1, code: &name },
                EventKind::Reverted { from: 1, to: 2, version: u32::MAX, code: &name },
                EventKind::Faulted { code: ODD },
                EventKind::Tripped { until: u64::MAX },
                EventKind::Lost { events: u32::MAX },
                EventKind::Other,
            ];
            for (at, what) in (0..).zip(kinds) {
                let plugin = PluginId { slot: at, generation: 0 };
                assert!(batch.push(&Event { plugin, at: u64::MAX - u64::from(at), what }));
            }
            reply(&Reply::Events(batch.items()));
        }
        Request::Lines { .. } => {
            let mut batch = Batch::<4096>::new();
            assert!(batch.push(&Line { plugin: &name, level: 255, at: u64::MAX, text: &name }));
            assert!(batch.push(&Line { plugin: "", level: 0, at: 0, text: ODD }));
            reply(&Reply::Lines(batch.items()));
        }
        Request::Call(_) => reply(&Reply::Failure { code: u32::MAX, message: &name }),
        _ => reply(&Reply::Problem(Problem { code: ODD, detail: u32::MAX, text: &name })),
    })
}

#[test]
fn nothing_of_a_device_that_a_terminal_obeys_gets_through() {
    let fake = odd();
    // Each run is looked at for it.
    for args in [
        &["ps"][..],
        &["ps", "--json"],
        &["describe"],
        &["describe", "--json"],
        &["top"],
        &["logs"],
        &["logs", "--json"],
    ] {
        let ran = at(&fake.port(), args).done();
        assert!(ran.out.contains("1b"), "{ran:?}");
        assert!(ran.out.lines().all(|line| line.len() < 10_000), "{args:?}");
    }
    at(&fake.port(), &["call", "plain"]).complains(1, "C04");
    at(&fake.port(), &["call", ODD]).complains(2, "E07");
    for args in [&["rollback", "plain"][..], &["unload", "plain"], &["lift", "plain"], &["reset"]] {
        let ran = at(&fake.port(), args).complains(3, "E11");
        assert!(ran.err.contains(r"\u{1b}[2J"), "{ran:?}");
        let told = at(&fake.port(), &[args, &["--json"]].concat()).complains(3, "E11").json();
        assert_eq!(told["code"], "E11");
    }
}

#[test]
fn an_install_that_a_device_lies_about_ends() {
    type Lie = fn(&Request<'_>) -> Option<Progress>;
    // Each tells of the package as it was begun, or doesn't.
    let lies: [(&str, Lie); 5] = [
        ("it never gets further", |request| match request {
            Request::Begin(announced) => Some(Progress { announced: *announced, next_offset: 0 }),
            _ => None,
        }),
        ("it is further than its end", |request| match request {
            Request::Begin(announced) => {
                Some(Progress { announced: *announced, next_offset: u32::MAX })
            }
            _ => None,
        }),
        ("it begins nothing", |_| None),
        ("it begins another", |request| match request {
            Request::Begin(announced) => {
                let announced = ampoule_link::Announced { sha256: [0; 32], ..*announced };
                Some(Progress { announced, next_offset: 0 })
            }
            _ => None,
        }),
        ("it is there at once", |request| match request {
            Request::Begin(announced) => {
                Some(Progress { announced: *announced, next_offset: announced.total_bytes })
            }
            _ => None,
        }),
    ];
    for (what, lie) in lies {
        let fake = Fake::described(move |request, reply| match request {
            Request::Slots { .. } => reply(&Reply::Slots(Batch::<1>::new().items())),
            Request::Commit => reply(&Reply::Done),
            request => reply(&Reply::Progress(lie(request))),
        });
        let deployed = opened(&fake).deploy(&teller(Target::New, "1.0.0"), true, &mut |_| {});
        assert_eq!(deployed.unwrap_err().code(), "E10", "{what}");
    }
}

#[test]
fn an_install_that_never_gets_further_ends() {
    let mut begun = None;
    let fake = Fake::described(move |request, reply| match request {
        Request::Slots { .. } => reply(&Reply::Slots(Batch::<1>::new().items())),
        Request::Status => reply(&Reply::Progress(None)),
        Request::Begin(announced) => {
            begun = Some(Progress { announced: *announced, next_offset: 0 });
            reply(&Reply::Progress(begun));
        }
        _ => reply(&Reply::Progress(begun)),
    });
    let mut sent = 0;
    let deployed = opened(&fake).deploy(&teller(Target::New, "1.0.0"), false, &mut |_| {
        sent += 1;
        assert!(sent < 50, "it goes on for ever");
    });
    assert_eq!(deployed.unwrap_err().code(), "E10");
}

#[test]
fn what_may_take_long_is_waited_for_and_all_else_isnt() {
    // Longer than all tries, and much shorter than four times as many.
    let patience = Patience { retry: Retry { wait: 200_000, tries: 2 }, ..HASTY };
    let fake = Fake::described(move |request, reply| {
        thread::sleep(Duration::from_millis(600));
        match request {
            Request::Call(_) => reply(&Reply::Answer(Bytes(b"late"))),
            _ => reply(&Reply::Done),
        }
    });
    let mut device = Device::open(fake.address(), patience).unwrap();
    assert_eq!(device.call(PLUGIN, "slow", b""), Ok(b"late".to_vec()));
    let error = device.lift(PLUGIN).unwrap_err();
    assert_eq!(error.code(), "N17", "{error:?}");
}

#[test]
fn an_install_that_starts_over_again_and_again_ends() {
    // It takes a chunk, and then says that it has restarted.
    let mut asked = 0_u32;
    let mut begun = None;
    let fake = Fake::described(move |request, reply| match request {
        Request::Slots { .. } => reply(&Reply::Slots(Batch::<1>::new().items())),
        Request::Status => reply(&Reply::Progress(None)),
        Request::Begin(announced) => {
            begun = Some(*announced);
            reply(&Reply::Progress(Some(Progress { announced: *announced, next_offset: 0 })));
        }
        Request::Chunk(chunk) if chunk.offset == 0 => {
            asked += 1;
            assert!(asked < 50, "it goes on for ever");
            let next_offset = chunk.bytes.0.len() as u32;
            let progress = begun.map(|announced| Progress { announced, next_offset });
            reply(&Reply::Progress(progress));
        }
        _ => reply(&Reply::Problem(Problem { code: "N01", detail: 0, text: "" })),
    });
    let mut device = opened(&fake);
    let deployed = device.deploy(&teller(Target::New, "1.0.0"), false, &mut |_| {});
    assert_eq!(deployed, Err(LineError::Restarted {}.into()));
}

#[test]
fn events_and_lines_that_never_run_out_are_shown_for_a_while() {
    let fake = Fake::described(|request, reply| match request {
        Request::Slots { .. } => reply(&Reply::Slots(Batch::<1>::new().items())),
        Request::Lines { .. } => {
            let mut batch = Batch::<64>::new();
            assert!(batch.push(&Line { plugin: "", level: 2, at: 1, text: "more" }));
            reply(&Reply::Lines(batch.items()));
        }
        _ => reply(&Reply::Events(Batch::<1>::new().items())),
    });
    let ran = at(&fake.port(), &["logs"]).done();
    assert_eq!(ran.out.lines().count(), 256);
}

#[test]
fn plugins_of_one_name_are_told_apart_by_their_ids() {
    let fake = Fake::described(|request, reply| match request {
        Request::Slots { from: 0 } => {
            let mut batch = Batch::<256>::new();
            assert!((0..3).all(|number| batch.push(&slot(number, "twin"))));
            reply(&Reply::Slots(batch.items()));
        }
        Request::Slots { .. } => reply(&Reply::Slots(Batch::<1>::new().items())),
        Request::Lift { plugin } => {
            assert_eq!(plugin.slot, 1);
            reply(&Reply::Done);
        }
        _ => reply(&Reply::Counters(Counters::default())),
    });
    let ran = at(&fake.port(), &["lift", "twin"]).complains(2, "E08");
    assert!(ran.err.contains("0.4294967295, 1.4294967295, 2.4294967295"), "{ran:?}");
    at(&fake.port(), &["lift", "1.4294967295"]).done();
    at(&fake.port(), &["lift", "1.4294967294"]).complains(2, "E07");
}

#[test]
fn a_code_without_a_cure_here_is_told_to_be_unknown() {
    for (code, expected) in
        [("A19", "A19"), ("N13", "N13"), ("N01", "E05"), ("Z99", "E11"), ("", "E11")]
    {
        let fake = Fake::described(move |_, reply| {
            reply(&Reply::Problem(Problem { code, detail: 7, text: "so it is" }));
        });
        let error = opened(&fake).slots().unwrap_err();
        assert_eq!(error.code(), expected);
        if let DeviceError::Told(told) = &error {
            assert_eq!((told.detail(), error.to_string().as_str()), (7, "so it is"));
        }
        assert!(!error.cure().is_empty());
    }
}

#[test]
fn a_description_of_nothing_takes_nothing() {
    let fake = Fake::answering(|_, reply| {
        reply(&Reply::Description(Description { name: "none", ..Description::default() }));
    });
    let device = opened(&fake);
    let module = crate::guests::plugin("teller", "1.0.0");
    let refused = ampoule_std::device::admit(device.about(), None, &module);
    assert_eq!(refused.unwrap_err().code(), "N11");
    assert_eq!(description().name, "fake");
}
