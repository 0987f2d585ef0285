//! Golden bytes, written from the layout tables.

use ampoule_link::{
    Announced, Batch, BreakerState, Bytes, Chunk, Counters, Description, EntryCall, Event,
    EventKind, Line, Maxima, Operation, PluginId, Problem, Profile, Progress, Reply, Request, Room,
    SlotInfo, Target,
};

const PLUGIN: PluginId = PluginId { slot: 3, generation: 129 };

/// Of `{}` and `\0asm`.
const ANNOUNCED: Announced = Announced {
    target: Target::New,
    total_bytes: 6,
    manifest_bytes: 2,
    sha256: *b"\xf2\x95\xb7\x3c\xfa\xa1\xbe\x2b\xba\x6d\x06\xc3\x68\xc2\x7e\xe7\x8c\x09\xb4\x1e\x31\x4d\x45\xb2\x2f\xab\xdd\x83\x74\x9e\x73\x49",
};

const MOST: Maxima = Maxima {
    chunk_bytes: 999,
    install_bytes: 4096,
    module_bytes: 2048,
    memory_bytes: 1024,
    heap_bytes: 512,
    message_bytes: 256,
};

const ROOM: Room =
    Room { heap_bytes: 65_536, overhead_percent: 5, stack_bytes: 24_576, flash_bytes: 262_144 };

const COUNTERS: Counters = Counters {
    calls: 10,
    successes: 6,
    failure_replies: 3,
    failures: 1,
    refusals: 2,
    fuel_total: 1000,
    fuel_most: 500,
    duration_total: 70,
    duration_most: 20,
    memory_most_bytes: 4096,
    instances: 2,
    reloads: 1,
    heap_bytes: 8192,
    heap_most_bytes: 12288,
};

const EVENTS: [EventKind<'static>; 15] = [
    EventKind::Other,
    EventKind::Loaded { hash: 1 },
    EventKind::Staged { hash: 1 },
    EventKind::Refused { hash: 1, code: "A12" },
    EventKind::Swapped { from: 1, to: 2, version: 3 },
    EventKind::Committed { hash: 1, version: 3 },
    EventKind::Reverted { from: 1, to: 2, version: 3, code: "F03" },
    EventKind::Faulted { code: "F03" },
    EventKind::DestroyFailed { code: "C04" },
    EventKind::Tripped { until: 1000 },
    EventKind::Closed,
    EventKind::Quarantined,
    EventKind::Lifted,
    EventKind::Unloaded { hash: 1, dropped: 2 },
    EventKind::Lost { events: 300 },
];

/// What the lists of [`replies`] are made of.
pub(crate) type Lists = [Batch<256>; 6];

pub(crate) fn lists() -> Lists {
    let mut lists = Lists::default();
    let [services, slots, events, lines, limits, operations] = &mut lists;
    assert!(services.push(&"clock") && services.push(&"log"));
    for slot in [
        SlotInfo {
            plugin: PLUGIN,
            name: "echo",
            version: "1.0.0",
            hash: 300,
            breaker: BreakerState::Open { until: 1000 },
            probation: true,
        },
        SlotInfo {
            plugin: PluginId { slot: 4, generation: 0 },
            name: "b",
            version: "2.0.0",
            hash: 1,
            breaker: BreakerState::Closed,
            probation: false,
        },
    ] {
        assert!(slots.push(&slot));
    }
    for what in EVENTS {
        assert!(events.push(&Event { plugin: PLUGIN, at: 5, what }));
    }
    assert!(lines.push(&Line { plugin: "echo", level: 2, at: 5, text: "hello" }));
    assert!(limits.push(&8192_u64) && limits.push(&2_u64));
    for operation in ["now_us", "sleep_ms"] {
        assert!(operations.push(&Operation { service: "clock", operation }));
    }
    lists
}

/// A message's name in `docs/link.md`, the message, its bytes.
pub(crate) type Golden<T> = (&'static str, T, &'static [u8]);

pub(crate) fn requests() -> Vec<Golden<Request<'static>>> {
    vec![
        ("describe", Request::Describe, b"\x00"),
        ("slots-from", Request::Slots { from: 300 }, b"\x01\xac\x02"),
        ("counters-of", Request::Counters { plugin: PLUGIN }, b"\x02\x03\x81\x01"),
        ("events-most", Request::Events { most: 8 }, b"\x03\x08"),
        ("lines-most", Request::Lines { most: 8 }, b"\x04\x08"),
        ("begin-new", Request::Begin(ANNOUNCED), b"\x05\x00\x06\x02\xf2\x95\xb7\x3c\xfa\xa1\xbe\x2b\xba\x6d\x06\xc3\x68\xc2\x7e\xe7\x8c\x09\xb4\x1e\x31\x4d\x45\xb2\x2f\xab\xdd\x83\x74\x9e\x73\x49"),
        ("begin-plugin", Request::Begin(Announced { target: Target::Plugin(PLUGIN), ..ANNOUNCED }), b"\x05\x01\x03\x81\x01\x06\x02\xf2\x95\xb7\x3c\xfa\xa1\xbe\x2b\xba\x6d\x06\xc3\x68\xc2\x7e\xe7\x8c\x09\xb4\x1e\x31\x4d\x45\xb2\x2f\xab\xdd\x83\x74\x9e\x73\x49"),
        ("chunk", Request::Chunk(Chunk { offset: 2, bytes: Bytes(b"\0asm") }), b"\x06\x02\x04\x00\x61\x73\x6d"),
        ("status", Request::Status, b"\x07"),
        ("commit", Request::Commit, b"\x08"),
        ("abort", Request::Abort, b"\x09"),
        ("roll-back", Request::RollBack { plugin: PLUGIN }, b"\x0a\x03\x81\x01"),
        ("unload", Request::Unload { plugin: PLUGIN }, b"\x0b\x03\x81\x01"),
        ("call", Request::Call(EntryCall { plugin: PLUGIN, entry: "filter", request: Bytes(&[0, 0xff]) }), b"\x0c\x03\x81\x01\x06\x66\x69\x6c\x74\x65\x72\x02\x00\xff"),
        ("lift", Request::Lift { plugin: PLUGIN }, b"\x0d\x03\x81\x01"),
        ("reset", Request::Reset, b"\x0e"),
        ("profile-of", Request::Profile, b"\x0f"),
        ("operations-from", Request::Operations { from: 300 }, b"\x10\xac\x02"),
    ]
}

pub(crate) fn replies(lists: &Lists) -> Vec<Golden<Reply<'_>>> {
    vec![
        ("done", Reply::Done, b"\x00"),
        ("problem", Reply::Problem(Problem { code: "N07", detail: 512, text: "go on" }), b"\x01\x03\x4e\x30\x37\x80\x04\x05\x67\x6f\x20\x6f\x6e"),
        ("description", Reply::Description(Description {
                abi: 1,
                name: "lamp",
                firmware: "0.1.0",
                slots: 4,
                free_slots: 3,
                ram_bytes: 65_536,
                free_ram_bytes: 300,
                most: MOST,
                services: lists[0].items(),
            }), b"\x02\x01\x04\x6c\x61\x6d\x70\x05\x30\x2e\x31\x2e\x30\x04\x03\x80\x80\x04\xac\x02\xe7\x07\x80\x20\x80\x10\x80\x08\x80\x04\x80\x02\x0a\x05\x63\x6c\x6f\x63\x6b\x03\x6c\x6f\x67"),
        ("slots", Reply::Slots(lists[1].items()), b"\x03\x21\x03\x81\x01\x04\x65\x63\x68\x6f\x05\x31\x2e\x30\x2e\x30\xac\x02\x01\xe8\x07\x01\x04\x00\x01\x62\x05\x32\x2e\x30\x2e\x30\x01\x00\x00"),
        ("counters", Reply::Counters(COUNTERS), b"\x04\x0a\x06\x03\x01\x02\xe8\x07\xf4\x03\x46\x14\x80\x20\x02\x01\x80\x40\x80\x60"),
        ("events", Reply::Events(lists[2].items()), b"\x05\x6c\x03\x81\x01\x05\x00\x03\x81\x01\x05\x01\x01\x03\x81\x01\x05\x02\x01\x03\x81\x01\x05\x03\x01\x03\x41\x31\x32\x03\x81\x01\x05\x04\x01\x02\x03\x03\x81\x01\x05\x05\x01\x03\x03\x81\x01\x05\x06\x01\x02\x03\x03\x46\x30\x33\x03\x81\x01\x05\x07\x03\x46\x30\x33\x03\x81\x01\x05\x08\x03\x43\x30\x34\x03\x81\x01\x05\x09\xe8\x07\x03\x81\x01\x05\x0a\x03\x81\x01\x05\x0b\x03\x81\x01\x05\x0c\x03\x81\x01\x05\x0d\x01\x02\x03\x81\x01\x05\x0e\xac\x02"),
        ("lines", Reply::Lines(lists[3].items()), b"\x06\x0d\x04\x65\x63\x68\x6f\x02\x05\x05\x68\x65\x6c\x6c\x6f"),
        ("progress-none", Reply::Progress(None), b"\x07\x00"),
        ("progress", Reply::Progress(Some(Progress { announced: ANNOUNCED, next_offset: 5 })), b"\x07\x01\x00\x06\x02\xf2\x95\xb7\x3c\xfa\xa1\xbe\x2b\xba\x6d\x06\xc3\x68\xc2\x7e\xe7\x8c\x09\xb4\x1e\x31\x4d\x45\xb2\x2f\xab\xdd\x83\x74\x9e\x73\x49\x05"),
        ("loaded", Reply::Loaded { plugin: PLUGIN }, b"\x08\x03\x81\x01"),
        ("answer", Reply::Answer(Bytes(&[0, 0xff])), b"\x09\x02\x00\xff"),
        ("failure", Reply::Failure { code: 300, message: "no" }, b"\x0a\xac\x02\x02\x6e\x6f"),
        ("profile", Reply::Profile(Profile { bits: 32, wasi: true, room: ROOM, limits: lists[4].items() }), b"\x0b\x20\x01\x80\x80\x04\x05\x80\xc0\x01\x80\x80\x10\x03\x80\x40\x02"),
        ("operations", Reply::Operations(lists[5].items()), b"\x0c\x1c\x05\x63\x6c\x6f\x63\x6b\x06\x6e\x6f\x77\x5f\x75\x73\x05\x63\x6c\x6f\x63\x6b\x08\x73\x6c\x65\x65\x70\x5f\x6d\x73"),
    ]
}

/// The first request of session 0x12345678 before COBS, on the wire, and the reply `Done` to it.
pub(crate) const FRAMES: [(&str, &[u8]); 3] = [
    ("frame", b"\x01\x01\x78\x56\x34\x12\x01\x00\x00\x00\x00\xff\x95\xab\xb2"),
    ("wire", b"\x00\x08\x01\x01\x78\x56\x34\x12\x01\x01\x01\x01\x05\xff\x95\xab\xb2\x00"),
    ("wire-reply", b"\x00\x08\x01\x02\x78\x56\x34\x12\x01\x01\x01\x01\x05\xfc\x2e\x9c\x59\x00"),
];

mod checks {
    use super::*;
    use crate::{RETRY, Unit, Workstation, reference::unstuffed};
    use ampoule_abi::{Decode, encode};

    #[test]
    fn messages_have_their_golden_bytes_both_ways() {
        for (name, request, bytes) in requests() {
            assert_eq!(encode(&request, &mut [0; 512]).unwrap(), bytes, "{name}");
            assert_eq!(Request::decode(bytes), Ok(request), "{name}");
        }
        let lists = lists();
        for (name, reply, bytes) in replies(&lists) {
            assert_eq!(encode(&reply, &mut [0; 512]).unwrap(), bytes, "{name}");
            assert_eq!(Reply::decode(bytes), Ok(reply), "{name}");
        }
    }

    #[test]
    fn frames_have_their_golden_bytes() {
        let [(_, frame), (_, wire), (_, reply)] = FRAMES;
        let (mut client, mut server) = (Workstation::new(0x1234_5678, RETRY), Unit::new());
        client.send(&Request::Describe, 0).unwrap();
        assert_eq!(client.output(), wire);
        assert_eq!(unstuffed(wire), frame);
        assert_eq!(server.receive(wire), wire.len());
        assert_eq!(server.poll(), Some(Request::Describe));
        server.answer(&Reply::Done);
        assert_eq!(server.output(), reply);
    }

    #[test]
    fn the_announced_hash_is_that_of_manifest_and_module() {
        assert_eq!(Announced::new(Target::New, &[b"{}", b"\0asm"]), ANNOUNCED);
    }

    #[test]
    fn the_longest_profile_fits_into_what_is_said_of_it() {
        let room = Room {
            heap_bytes: u64::MAX,
            overhead_percent: u8::MAX,
            stack_bytes: u32::MAX,
            flash_bytes: u64::MAX,
        };
        for limits in [0, 1, 25, 100] {
            let mut numbers = Batch::<1000>::new();
            assert!((0..limits).all(|_| numbers.push(&u64::MAX)));
            let longest = Profile { bits: u8::MAX, wasi: true, room, limits: numbers.items() };
            assert!(ampoule_abi::encoded_len(&longest) <= Profile::max_bytes(limits), "{limits}");
        }
    }

    #[test]
    fn the_longest_event_fits_into_what_is_said_of_it() {
        let code = "F03-long";
        for what in EVENTS {
            let what = match what {
                EventKind::Reverted { .. } => {
                    EventKind::Reverted { from: u64::MAX, to: u64::MAX, version: u32::MAX, code }
                }
                other => other,
            };
            let plugin = PluginId { slot: u16::MAX, generation: u32::MAX };
            let event = Event { plugin, at: u64::MAX, what };
            assert!(ampoule_abi::encoded_len(&event) <= Event::MAX_BYTES);
        }
    }
}
