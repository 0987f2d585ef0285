//! What guests can do to the built-in services.

use crate::support::{repository, with_meta};
use ampoule::{
    Caller, Context, Entry, Form, Limits, Micros, Permits, Plugin, Scalar, Service, Services,
    policy::Granted,
    services::{
        Clock, Env, Event, Kv, Level, Log, LogLine, MAX_ENTRIES, MemoryStore, Published, Quota,
        Random, Store, Stored,
    },
};
use ampoule_abi::{Decode, Status, encode, encoded_len};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

type Reply = Result<Vec<u8>, Status>;
type Noted = Arc<Mutex<Vec<String>>>;

const ME: Caller<'_> = Caller::new("me", "", 42);
const OTHER: Caller<'_> = Caller { plugin: "other", ..ME };

const INVALID: Reply = Err(Status::Invalid);
const BUSY: Reply = Err(Status::Busy);
const NOT_FOUND: Reply = Err(Status::NotFound);
const NOT_GRANTED: Reply = Err(Status::NotGranted);

fn done() -> Reply {
    Ok(Vec::new())
}

fn bytes<T: Serialize + ?Sized>(message: &T) -> Vec<u8> {
    let mut out = vec![0; encoded_len(message)];
    encode(message, &mut out).unwrap();
    out
}

fn place(service: &dyn Service, operation: &str) -> usize {
    let mut operations = service.operations().iter();
    operations.position(|declared| declared.name == operation).expect(operation)
}

/// Asks with room for a reply of `capacity`; what doesn't fit is its length as text.
fn ask_in(
    capacity: usize,
    service: &mut dyn Service,
    caller: Caller<'_>,
    operation: &str,
    request: &[u8],
) -> Reply {
    let mut reply = vec![0xee; capacity];
    let at = place(service, operation);
    let length = service.message(&caller, at, request, &mut reply)?;
    match reply.get(..length) {
        Some(reply) => Ok(reply.to_vec()),
        None => Ok(format!("needs {length}").into_bytes()),
    }
}

fn ask(service: &mut dyn Service, caller: Caller<'_>, operation: &str, request: &[u8]) -> Reply {
    ask_in(65_536, service, caller, operation, request)
}

fn number(service: &mut dyn Service, now: Micros, operation: &str) -> Result<i64, Status> {
    let at = place(service, operation);
    match service.scalar(&Caller { now, ..ME }, at, &[])? {
        Scalar::I64(number) => Ok(number),
        other => panic!("{operation} answered {other:?}"),
    }
}

fn log(bytes_per_second: u32) -> (Log, Noted) {
    let noted = Noted::default();
    let sink = noted.clone();
    let log = Log::new(bytes_per_second, move |line: &LogLine<'_>| {
        sink.lock().unwrap().push(format!("{line} at {}", line.now));
    });
    (log, noted)
}

/// Keeps two publications, as a full queue does.
fn event() -> (Event, Noted) {
    let noted = Noted::default();
    let sink = noted.clone();
    let event = Event::new(move |published: &Published<'_>| {
        let mut kept = sink.lock().unwrap();
        if kept.len() == 2 {
            return Err(Status::Busy);
        }
        let Published { plugin, topic, payload, now } = published;
        kept.push(format!("{plugin} {topic} {payload:?} at {now}"));
        Ok(())
    });
    (event, noted)
}

fn kv(quota: Quota) -> Kv<MemoryStore> {
    Kv::new(MemoryStore::new(20_000, 1_000_000), quota)
}

fn taken(noted: &Noted) -> Vec<String> {
    core::mem::take(&mut noted.lock().unwrap())
}

/// Every service, as the golden bytes in the documentation expect them.
fn all() -> Vec<Box<dyn Service>> {
    vec![
        Box::new(log(10_000).0),
        Box::new(Clock::new(|| Some(1_000_000))),
        Box::new(Random::seeded(0)),
        Box::new(kv(Quota::MICRO)),
        Box::new(Env::new([("TZ", "UTC")])),
        Box::new(event().0),
    ]
}

/// The rows of the tables in `docs/services.md` that start with one of `all`'s operations.
fn documented(columns: usize) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(repository("docs/services.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| -> Vec<String> {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    rows.map(cells).filter(|cells| cells.len() == columns && cells[0].contains('.')).collect()
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[test]
fn the_page_tells_every_operation_and_its_price() {
    let told: Vec<_> = documented(7)
        .into_iter()
        .map(|row| format!("{} {} {} {}", row[0], row[1], row[5], row[6]))
        .collect();
    let services = all();
    let declared: Vec<_> = services
        .iter()
        .flat_map(|service| service.operations().iter().map(move |it| (service.name(), it)))
        .map(|(service, it)| {
            let form = if it.form == Form::Message { "message" } else { "scalar" };
            format!("{service}.{} {form} {} {}", it.name, it.base_fuel, it.byte_fuel)
        })
        .collect();
    assert_eq!(told, declared);
}

#[test]
fn the_pages_golden_bytes_are_what_services_answer() {
    let mut services = all();
    let rows = documented(3);
    assert_eq!(rows.len(), 12);
    for row in rows {
        let (name, operation) = row[0].split_once('.').unwrap();
        let service = services.iter_mut().find(|service| service.name() == name).unwrap();
        let at = place(service.as_ref(), operation);
        if service.operations()[at].form == Form::Message {
            let reply = ask(service.as_mut(), ME, operation, &hex(&row[1]));
            assert_eq!(reply, Ok(hex(&row[2])), "{}", row[0]);
        } else {
            let answer = number(service.as_mut(), 42, operation);
            assert_eq!(answer, Ok(row[2].parse().unwrap()), "{}", row[0]);
        }
    }
}

/// Requests that are fine, one for each message operation.
fn fine() -> Vec<(String, Vec<u8>)> {
    let rows = documented(3).into_iter().filter(|row| !row[1].is_empty());
    rows.map(|row| (row[0].clone(), hex(&row[1]))).collect()
}

#[test]
fn no_cut_request_and_no_byte_too_many_is_understood() {
    for (name, request) in fine() {
        let (name, operation) = name.split_once('.').unwrap();
        for mut service in all().into_iter().filter(|service| service.name() == name) {
            for length in 0..request.len() {
                let reply = ask(service.as_mut(), ME, operation, &request[..length]);
                assert_eq!(reply, INVALID, "{name}.{operation}, {length} bytes");
            }
            let longer = [&request[..], &[0]].concat();
            assert_eq!(ask(service.as_mut(), ME, operation, &longer), INVALID);
        }
    }
}

#[test]
fn whatever_a_byte_of_a_request_says_a_service_answers_within_the_reply() {
    for (name, request) in fine() {
        let (name, operation) = name.split_once('.').unwrap();
        let mut services = all();
        let service = services.iter_mut().find(|service| service.name() == name).unwrap();
        for at in 0..request.len() {
            for lie in 0..=255 {
                let mut request = request.clone();
                request[at] = lie;
                for capacity in [0, 1, 7, 2000] {
                    let _ = ask_in(capacity, service.as_mut(), ME, operation, &request);
                }
            }
        }
    }
}

#[test]
fn an_operation_that_is_not_there_is_not_found() {
    for mut service in all() {
        for at in [service.operations().len(), usize::MAX] {
            assert_eq!(service.message(&ME, at, &[], &mut []), Err(Status::NotFound));
            assert_eq!(service.scalar(&ME, at, &[]), Err(Status::NotFound));
        }
    }
}

// ---- log

#[test]
fn a_line_reaches_the_sink_with_its_level_and_only_printable_text() {
    let (mut log, noted) = log(10_000);
    for (level, text, shown) in [
        (0, "fire", "[me] error: fire at 42"),
        (1, "", "[me] warn:  at 42"),
        (2, "naïve ✓", "[me] info: naïve ✓ at 42"),
        (3, "a\x1b[2J\r\n\0b", "[me] debug: a\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}b at 42"),
        (4, "\u{202e}abc\u{2066}", "[me] trace: \u{fffd}abc\u{fffd} at 42"),
    ] {
        assert_eq!(ask(&mut log, ME, "write", &bytes(&(level as u8, text))), done());
        assert_eq!(taken(&noted), [shown]);
    }
    for level in 5..=255_u8 {
        assert_eq!(ask(&mut log, ME, "write", &bytes(&(level, "x"))), INVALID);
        assert_eq!(Level::from_wire(level), None);
    }
    assert_eq!(ask(&mut log, ME, "write", &[2, 2, b'a', 0xff]), INVALID);
    assert_eq!(ask(&mut log, ME, "write", b"\x02\xff\xff\xff\xff\x0fabc"), INVALID);
    assert_eq!(taken(&noted), [""; 0]);
}

#[test]
fn a_long_line_is_cut_between_characters() {
    for (text, kept) in [
        ("x".repeat(200), "x".repeat(200)),
        ("x".repeat(4000), "x".repeat(200)),
        ("€".repeat(1000), "€".repeat(66)),
        ("\n".repeat(1000), "\u{fffd}".repeat(66)),
        (format!("{}😀tail", "x".repeat(197)), "x".repeat(197)),
        (format!("{}😀tail", "x".repeat(196)), format!("{}😀", "x".repeat(196))),
    ] {
        let (mut log, noted) = log(10_000);
        ask(&mut log, ME, "write", &bytes(&(2_u8, &*text))).unwrap();
        assert_eq!(taken(&noted), [format!("[me] info: {kept} at 42")]);
    }
}

#[test]
fn all_plugins_together_log_no_more_bytes_a_second_than_the_host_hears() {
    let (mut log, noted) = log(100);
    let mut write = |caller: Caller<'_>, now, text: &str| {
        ask(&mut log, Caller { now, ..caller }, "write", &bytes(&(2_u8, text)))
    };
    assert_eq!(write(ME, 5, &"x".repeat(69)), BUSY);
    assert_eq!(write(ME, 5, &"x".repeat(18)), done(), "18 + 32 bytes");
    assert_eq!(write(OTHER, 6, &"x".repeat(19)), BUSY);
    assert_eq!(write(OTHER, 7, &"x".repeat(18)), done());
    assert_eq!(write(ME, 999_999, ""), BUSY);
    assert_eq!(write(ME, 1_000_004, &"x".repeat(68)), done(), "a new second");
    assert_eq!(write(ME, 0, ""), BUSY, "a clock that goes back gives nothing");
    assert_eq!(write(ME, 2_000_003, ""), BUSY);
    assert_eq!(write(ME, 2_000_004, ""), done());
    let lines = (0..10_000).filter(|_| write(ME, Micros::MAX, "").is_ok()).count();
    assert_eq!(lines, 3, "an empty line is not free");
    assert_eq!(taken(&noted).len(), 7);
    assert_eq!(ask(&mut self::log(0).0, ME, "write", &[2, 0]), BUSY);
}

// ---- clock

#[test]
fn the_date_is_told_where_it_is_known() {
    for (mut clock, told) in [
        (Clock::new(|| Some(1_700_000_000_000_000)), Ok(1_700_000_000_000_000)),
        (Clock::new(|| Some(0)), Ok(0)),
        (Clock::new(|| Some(u64::MAX)), Ok(i64::MAX)),
        (Clock::new(|| None), Err(Status::NotFound)),
        (Clock::without_date(), Err(Status::NotFound)),
        (Clock::default(), Err(Status::NotFound)),
    ] {
        assert_eq!(number(&mut clock, 7, "now_us"), told);
    }
}

#[test]
fn the_monotonic_clock_never_goes_back() {
    let mut clock = Clock::without_date();
    for (now, told) in
        [(5, 5), (9, 9), (0, 9), (8, 9), (10, 10), (u64::MAX, i64::MAX), (1, i64::MAX)]
    {
        assert_eq!(number(&mut clock, now, "monotonic_us"), Ok(told));
    }
}

// ---- random

#[test]
fn a_seed_gives_the_published_numbers() {
    // From the reference implementation of SplitMix64 with this seed.
    let mut random = Random::seeded(1_234_567);
    for expected in [
        6_457_827_717_110_365_317_u64,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ] {
        assert_eq!(number(&mut random, 0, "u64"), Ok(expected as i64));
    }
    let fill = |seed| ask(&mut Random::seeded(seed), ME, "fill", &bytes(&99_u16)).unwrap();
    assert_eq!(fill(7), fill(7));
    assert_ne!(fill(7), fill(8));
}

#[test]
fn as_many_bytes_are_drawn_as_asked_for_and_fit() {
    let drawn = Arc::new(Mutex::new(0));
    let count = drawn.clone();
    let mut random = Random::new(move |out| {
        *count.lock().unwrap() += out.len();
        out.fill(7);
        Ok(())
    });
    for (asked, capacity, reply, drew) in [
        (0, 0, Ok(vec![]), 0),
        (3, 3, Ok(vec![7; 3]), 3),
        (4, 3, Ok(b"needs 4".to_vec()), 0),
        (1024, 2000, Ok(vec![7; 1024]), 1024),
        (1025, 2000, INVALID, 0),
        (u16::MAX, 65_535, INVALID, 0),
    ] {
        assert_eq!(ask_in(capacity, &mut random, ME, "fill", &bytes(&asked)), reply);
        assert_eq!(core::mem::take(&mut *drawn.lock().unwrap()), drew);
    }
    assert_eq!(ask(&mut random, ME, "fill", &[0xff, 0xff, 0xff, 0x0f]), INVALID);
}

#[test]
fn a_random_number_is_no_status() {
    for (drawn, told) in [
        (-1, i64::MAX),
        (i64::from(Status::NotGranted.code()), i64::MAX),
        (-6, i64::MAX - 5),
        (-256, i64::MAX - 255),
        (-257, -257),
        (0, 0),
        (i64::MIN, i64::MIN),
    ] {
        let mut random = Random::new(move |out| {
            out.copy_from_slice(&drawn.to_le_bytes());
            Ok(())
        });
        assert_eq!(number(&mut random, 0, "u64"), Ok(told));
    }
}

#[test]
fn a_source_that_fails_refuses() {
    for status in [Status::Failed, Status::Busy] {
        let mut random = Random::new(move |_| Err(status));
        assert_eq!(number(&mut random, 0, "u64"), Err(status));
        assert_eq!(ask(&mut random, ME, "fill", &[1]), Err(status));
    }
}

// ---- kv

fn set(kv: &mut dyn Service, caller: Caller<'_>, key: &str, value: &[u8]) -> Reply {
    // A slice of u8 is written as bytes are: its length, then itself.
    ask(kv, caller, "set", &bytes(&(key, value)))
}

fn get(kv: &mut dyn Service, caller: Caller<'_>, key: &str) -> Reply {
    ask(kv, caller, "get", &bytes(key))
}

fn delete(kv: &mut dyn Service, caller: Caller<'_>, key: &str) -> Reply {
    ask(kv, caller, "delete", &bytes(key))
}

fn keys(kv: &mut dyn Service, caller: Caller<'_>, prefix: &str) -> Vec<String> {
    let reply = ask(kv, caller, "keys", &bytes(prefix)).unwrap();
    Vec::<String>::decode(&reply).unwrap()
}

#[test]
fn a_value_is_kept_replaced_and_forgotten() {
    let mut kv = kv(Quota::MICRO);
    assert_eq!(get(&mut kv, ME, "a"), NOT_FOUND);
    assert_eq!(delete(&mut kv, ME, "a"), NOT_FOUND);
    for value in [&b"one"[..], b"", &[0; 1024], b"\xff\x00"] {
        assert_eq!(set(&mut kv, ME, "a", value), done());
        assert_eq!(get(&mut kv, ME, "a"), Ok(value.to_vec()));
    }
    assert_eq!(delete(&mut kv, ME, "a"), done());
    assert_eq!(delete(&mut kv, ME, "a"), NOT_FOUND);
    assert_eq!(get(&mut kv, ME, "a"), NOT_FOUND);
    assert_eq!(keys(&mut kv, ME, ""), [""; 0]);
}

#[test]
fn keys_and_values_that_are_too_long_or_can_not_be_shown_are_refused() {
    let mut kv = kv(Quota::MICRO);
    let (longest, too_long) = ("k".repeat(64), "k".repeat(65));
    assert_eq!(set(&mut kv, ME, &longest, b"v"), done());
    assert_eq!(get(&mut kv, ME, &longest), Ok(b"v".to_vec()));
    for key in ["", &too_long, "a\0b", "a\nb", "\u{202e}", &"€".repeat(22), &"x".repeat(60_000)] {
        assert_eq!(set(&mut kv, ME, key, b"v"), INVALID, "{key:?}");
        assert_eq!(get(&mut kv, ME, key), INVALID, "{key:?}");
        assert_eq!(delete(&mut kv, ME, key), INVALID, "{key:?}");
    }
    assert_eq!(ask(&mut kv, ME, "keys", &bytes(&*too_long)), INVALID);
    assert_eq!(set(&mut kv, ME, "v", &[0; 1025]), INVALID);
    assert_eq!(ask(&mut kv, ME, "get", &[2, 0xc3, 0x28]), INVALID, "not UTF-8");
    // Lengths that reach beyond the request, up to a whole u64.
    for lie in
        [&[2, b'a'][..], b"\xff\xff\xff\xff\x0fa", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a"]
    {
        for operation in ["get", "delete", "keys"] {
            assert_eq!(ask(&mut kv, ME, operation, lie), INVALID);
        }
        let value = [&[1, b'a'], lie].concat();
        assert_eq!(ask(&mut kv, ME, "set", &value), INVALID);
    }
    assert_eq!(keys(&mut kv, ME, ""), [longest]);
}

#[test]
fn two_plugins_never_see_each_others_keys() {
    let mut kv = kv(Quota::MICRO);
    // Pairs that would meet if name and key were only put together.
    let (short, long) = (Caller { plugin: "a", ..ME }, Caller { plugin: "ab", ..ME });
    set(&mut kv, short, "bc", b"short").unwrap();
    assert_eq!(get(&mut kv, long, "c"), NOT_FOUND);
    set(&mut kv, long, "c", b"long").unwrap();
    set(&mut kv, long, "bc", b"third").unwrap();
    assert_eq!(get(&mut kv, short, "bc"), Ok(b"short".to_vec()));
    assert_eq!((keys(&mut kv, short, ""), keys(&mut kv, long, "").len()), (vec!["bc".into()], 2));
    assert_eq!(delete(&mut kv, short, "c"), NOT_FOUND);
    assert_eq!(delete(&mut kv, short, "bc"), done());
    assert_eq!(get(&mut kv, long, "bc"), Ok(b"third".to_vec()));
    assert_eq!(keys(&mut kv, Caller { plugin: "abc", ..ME }, ""), [""; 0]);
}

#[test]
fn a_scope_holds_its_keys_and_those_below_it() {
    let mut kv = kv(Quota::MICRO);
    let scoped = |scope| Caller { scope, ..ME };
    for key in
        ["led", "led/red", "led/a/b", "ledger", "le", "x/led", "led\\x", "Led", "led/../x", "/led"]
    {
        set(&mut kv, ME, key, b"all").unwrap();
    }
    for scope in ["led", "led/", "./led"] {
        for key in ["led", "led/red", "led/a/b"] {
            assert_eq!(set(&mut kv, scoped(scope), key, b"mine"), done(), "{scope} {key}");
            assert_eq!(get(&mut kv, scoped(scope), key), Ok(b"mine".to_vec()), "{scope} {key}");
        }
        for key in ["ledger", "le", "x/led", "led\\x", "Led", "led/../x", "/led", "other"] {
            assert_eq!(set(&mut kv, scoped(scope), key, b"mine"), NOT_GRANTED, "{scope} {key}");
            assert_eq!(get(&mut kv, scoped(scope), key), NOT_GRANTED, "{scope} {key}");
            assert_eq!(delete(&mut kv, scoped(scope), key), NOT_GRANTED, "{scope} {key}");
        }
        assert_eq!(keys(&mut kv, scoped(scope), ""), ["led", "led/a/b", "led/red"]);
        assert_eq!(keys(&mut kv, scoped(scope), "led/"), ["led/a/b", "led/red"]);
        assert_eq!(keys(&mut kv, scoped(scope), "ledg"), [""; 0]);
    }
    assert_eq!(get(&mut kv, ME, "ledger"), Ok(b"all".to_vec()));
    assert_eq!(keys(&mut kv, scoped(".."), ""), [""; 0], "a scope that is no path holds nothing");
}

#[test]
fn a_quota_holds_to_the_entry_and_to_the_byte() {
    let mut kv = kv(Quota { entries: 3, bytes: 30, value_bytes: 20 });
    assert_eq!(set(&mut kv, ME, "a", &[1; 20]), done(), "21 of 30 bytes");
    assert_eq!(set(&mut kv, ME, "b", &[1; 21]), INVALID, "longer than a value may be");
    assert_eq!(set(&mut kv, ME, "b", &[1; 9]), BUSY, "31 bytes");
    assert_eq!(get(&mut kv, ME, "b"), NOT_FOUND);
    assert_eq!(set(&mut kv, ME, "b", &[1; 8]), done(), "30 bytes");
    assert_eq!(set(&mut kv, ME, "c", &[]), BUSY, "a key counts too");
    assert_eq!(set(&mut kv, ME, "b", &[2; 9]), BUSY);
    assert_eq!(get(&mut kv, ME, "b"), Ok(vec![1; 8]), "what doesn't fit changes nothing");
    assert_eq!(set(&mut kv, ME, "b", &[3; 8]), done(), "as long as before");
    assert_eq!(set(&mut kv, ME, "b", &[]), done());
    assert_eq!(set(&mut kv, ME, "c", &[]), done());
    assert_eq!(set(&mut kv, ME, "d", &[]), BUSY, "a fourth entry");
    assert_eq!(set(&mut kv, OTHER, "d", &[4; 20]), done(), "each plugin has a quota of its own");
    assert_eq!(delete(&mut kv, ME, "a"), done());
    assert_eq!(set(&mut kv, ME, "d", &[4; 20]), done());
    assert_eq!(keys(&mut kv, ME, ""), ["b", "c", "d"]);
}

#[test]
fn the_store_is_bounded_for_all_plugins_together() {
    let mut kv = Kv::new(MemoryStore::new(2, 10), Quota::MICRO);
    assert_eq!(set(&mut kv, ME, "a", &[1; 7]), done());
    assert_eq!(set(&mut kv, OTHER, "b", &[1; 2]), BUSY, "11 bytes");
    assert_eq!(set(&mut kv, OTHER, "b", &[1]), done());
    assert_eq!(set(&mut kv, OTHER, "b", &[1, 2]), BUSY);
    assert_eq!(set(&mut kv, OTHER, "b", &[]), done());
    assert_eq!(set(&mut kv, Caller { plugin: "third", ..ME }, "c", &[]), BUSY, "a third entry");
    assert_eq!(delete(&mut kv, ME, "a"), done());
    assert_eq!(set(&mut kv, Caller { plugin: "third", ..ME }, "c", &[9; 8]), done());
}

#[test]
fn ten_thousand_keys_are_no_more_than_the_quota() {
    let mut kv = kv(Quota { entries: u32::MAX, ..Quota::WORKSTATION });
    let kept = (0..10_000).filter(|at| set(&mut kv, ME, &format!("key{at}"), b"v").is_ok()).count();
    assert_eq!(kept, MAX_ENTRIES as usize);
    assert_eq!(keys(&mut kv, ME, "").len(), kept);
    let sorted = keys(&mut kv, ME, "key1");
    assert!(sorted.is_sorted() && sorted.iter().all(|key| key.starts_with("key1")));
    let forgotten =
        (0..10_000).filter(|at| delete(&mut kv, ME, &format!("key{at}")).is_ok()).count();
    assert_eq!((forgotten, keys(&mut kv, ME, "").len()), (kept, 0));
}

#[test]
fn what_the_store_in_ram_takes_from_the_heap_is_bounded() {
    let mut kv = Kv::new(MemoryStore::new(1000, 20_000), Quota::WORKSTATION);
    let requests: Vec<_> =
        (0..10_000).map(|at| bytes(&(&*format!("{at}"), &[7_u8; 9][..]))).collect();
    let set = |kv: &mut Kv<_>| {
        let mut set = |request: &Vec<u8>| kv.message(&ME, 1, request, &mut []).is_ok();
        requests.iter().filter(|request| set(request)).count()
    };
    let mut kept = 0;
    let taken = allocation_counter::measure(|| kept = set(&mut kv));
    assert_eq!(kept, 1000);
    assert!(taken.bytes_max <= 20_000 + 1000 * 120, "{taken:?}");
    let again = allocation_counter::measure(|| kept = set(&mut kv));
    assert_eq!((kept, again.bytes_current), (1000, 0), "{again:?}");
}

#[test]
fn plugins_that_come_and_go_leave_nothing_behind() {
    let mut kv = kv(Quota::MICRO);
    let left = allocation_counter::measure(|| {
        for at in 0..10_000 {
            let caller = Caller { plugin: &format!("plugin{at}"), ..ME };
            set(&mut kv, caller, "key", b"value").unwrap();
            delete(&mut kv, caller, "key").unwrap();
        }
    });
    assert!(left.bytes_current < 1000, "{left:?}");
}

#[test]
fn a_quota_that_became_smaller_lets_values_shrink() {
    let mut store = MemoryStore::new(10, 1000);
    for (key, value) in [("a", &[1; 50][..]), ("b", &[2; 50])] {
        store.set("me", key, value).unwrap();
    }
    let mut kv = Kv::new(store, Quota { entries: 1, bytes: 20, value_bytes: 100 });
    assert_eq!(set(&mut kv, ME, "a", &[3; 51]), BUSY);
    assert_eq!(set(&mut kv, ME, "c", &[]), BUSY);
    assert_eq!(set(&mut kv, ME, "a", &[3; 50]), done());
    assert_eq!(set(&mut kv, ME, "a", &[3; 40]), done());
    assert_eq!(set(&mut kv, ME, "a", &[3; 41]), BUSY);
    assert_eq!(get(&mut kv, ME, "b"), Ok(vec![2; 50]));
}

#[test]
fn replies_that_do_not_fit_tell_their_length() {
    let mut kv = kv(Quota::MICRO);
    set(&mut kv, ME, "one", &[7; 10]).unwrap();
    set(&mut kv, ME, "other", &[7; 10]).unwrap();
    let all = [&[2, 3][..], b"one", &[5], b"other"].concat();
    for capacity in 0..12 {
        let fits = |reply: &[u8]| {
            let needs = format!("needs {}", reply.len()).into_bytes();
            Ok(if capacity >= reply.len() { reply.to_vec() } else { needs })
        };
        assert_eq!(ask_in(capacity, &mut kv, ME, "get", &bytes("one")), fits(&[7; 10]));
        assert_eq!(ask_in(capacity, &mut kv, ME, "keys", &bytes("o")), fits(&all));
        assert_eq!(ask_in(capacity, &mut kv, ME, "keys", &bytes("z")), fits(&[0]));
    }
}

/// A store that fails when told to, with a map to compare by.
#[derive(Default)]
struct Flaky {
    map: BTreeMap<(String, String), Vec<u8>>,
    fails: Arc<Mutex<bool>>,
}

impl Flaky {
    fn check(&self) -> Result<(), Status> {
        if *self.fails.lock().unwrap() { Err(Status::Failed) } else { Ok(()) }
    }
}

impl Store for Flaky {
    fn get(&mut self, plugin: &str, key: &str, out: &mut [u8]) -> Result<Option<usize>, Status> {
        self.check()?;
        let value = self.map.get(&(plugin.into(), key.into()));
        Ok(value.map(|value| {
            out.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
            value.len()
        }))
    }

    fn set(&mut self, plugin: &str, key: &str, value: &[u8]) -> Result<(), Status> {
        self.check()?;
        self.map.insert((plugin.into(), key.into()), value.into());
        Ok(())
    }

    fn delete(&mut self, plugin: &str, key: &str) -> Result<bool, Status> {
        self.check()?;
        Ok(self.map.remove(&(plugin.into(), key.into())).is_some())
    }

    fn keys(
        &mut self,
        plugin: &str,
        prefix: &str,
        visit: &mut dyn FnMut(&str),
    ) -> Result<(), Status> {
        self.check()?;
        let own = self.map.keys().filter(|(owner, key)| owner == plugin && key.starts_with(prefix));
        own.for_each(|(_, key)| visit(key));
        Ok(())
    }

    fn stored(&mut self, plugin: &str) -> Result<Stored, Status> {
        self.check()?;
        let own = self.map.iter().filter(|((owner, _), _)| owner == plugin);
        Ok(own.fold(Stored::default(), |sum, ((_, key), value)| Stored {
            entries: sum.entries + 1,
            bytes: sum.bytes + key.len() + value.len(),
        }))
    }
}

#[test]
fn a_store_that_fails_is_told_as_it_is() {
    let store = Flaky::default();
    let fails = store.fails.clone();
    let mut kv = Kv::new(store, Quota::MICRO);
    set(&mut kv, ME, "a", b"v").unwrap();
    *fails.lock().unwrap() = true;
    let failed = Err(Status::Failed);
    assert_eq!(set(&mut kv, ME, "a", b"w"), failed);
    assert_eq!(get(&mut kv, ME, "a"), failed);
    assert_eq!(delete(&mut kv, ME, "a"), failed);
    assert_eq!(ask(&mut kv, ME, "keys", &[0]), failed);
    *fails.lock().unwrap() = false;
    assert_eq!(get(&mut kv, ME, "a"), Ok(b"v".to_vec()));
}

#[test]
fn the_store_in_ram_does_what_a_map_does() {
    let quota = Quota { entries: 8, bytes: 60, value_bytes: 12 };
    let (mut ram, mut map) = (kv(quota), Kv::new(Flaky::default(), quota));
    let mut random = Random::seeded(3);
    let mut draw = |below: u64| number(&mut random, 0, "u64").unwrap() as u64 % below;
    for step in 0..20_000 {
        let caller = if draw(2) == 0 { ME } else { OTHER };
        let key = ["a", "ab", "abc", "b", "b/c", "ba", "é", "z", "zz", "zzz"][draw(10) as usize];
        let value = vec![step as u8; draw(13) as usize];
        let (operation, request) = match draw(4) {
            0 => ("get", bytes(key)),
            1 => ("delete", bytes(key)),
            2 => ("keys", bytes(&key.chars().take(1).collect::<String>()[..])),
            _ => ("set", bytes(&(key, &value[..]))),
        };
        let (left, right) = (
            ask(&mut ram, caller, operation, &request),
            ask(&mut map, caller, operation, &request),
        );
        assert_eq!(left, right, "step {step}: {operation} {request:?}");
    }
}

// ---- env

#[test]
fn a_variable_is_read_where_the_scope_names_it() {
    let mut env = Env::new([("TZ", "UTC"), ("SITE", "roof"), ("TZ", "second"), ("EMPTY", "")]);
    for (scope, name, told) in [
        ("", "TZ", Ok(bytes("UTC"))),
        ("", "SITE", Ok(bytes("roof"))),
        ("", "EMPTY", Ok(bytes(""))),
        ("", "PATH", NOT_FOUND),
        ("TZ", "TZ", Ok(bytes("UTC"))),
        ("TZ", "SITE", NOT_GRANTED),
        ("TZ", "PATH", NOT_GRANTED),
        ("SITE,TZ", "TZ", Ok(bytes("UTC"))),
        ("SITE, TZ", "TZ", Ok(bytes("UTC"))),
        ("SITE,TZ", "SITE", Ok(bytes("roof"))),
        ("SITE,TZ", "EMPTY", NOT_GRANTED),
        ("SITE,TZ", "SITE,TZ", NOT_GRANTED),
        ("SITE,PATH", "PATH", NOT_FOUND),
        ("TZX", "TZ", NOT_GRANTED),
        ("T", "TZ", NOT_GRANTED),
        ("TZ", "tz", NOT_GRANTED),
        (",", "TZ", NOT_GRANTED),
        ("TZ", "", INVALID),
        ("", "A\0", INVALID),
        ("", &"N".repeat(65), INVALID),
        ("", &"N".repeat(64), NOT_FOUND),
    ] {
        let caller = Caller { scope, ..ME };
        assert_eq!(ask(&mut env, caller, "get", &bytes(name)), told, "{scope:?} {name:?}");
    }
    for capacity in 0..4 {
        assert_eq!(ask_in(capacity, &mut env, ME, "get", &bytes("TZ")), Ok(b"needs 4".to_vec()));
    }
}

// ---- event

#[test]
fn what_is_published_reaches_the_sink_until_it_is_full() {
    let (mut event, noted) = event();
    let mut publish = |topic: &str, payload: &[u8]| {
        let caller = Caller { scope: "door", ..ME };
        ask(&mut event, caller, "publish", &bytes(&(topic, payload)))
    };
    let largest = vec![9; 256];
    for (topic, payload, told) in [
        ("", &b"x"[..], INVALID),
        (&"t".repeat(33), b"x", INVALID),
        ("door\n", b"x", INVALID),
        ("door", &[0; 257], INVALID),
        ("doors", b"x", NOT_GRANTED),
        ("window", b"x", NOT_GRANTED),
        ("door/../window", b"x", NOT_GRANTED),
        ("door", b"", done()),
        (&format!("door/{}", "t".repeat(27)), &largest, done()),
        ("door", b"x", BUSY),
    ] {
        assert_eq!(publish(topic, payload), told, "{topic:?}");
    }
    let long = format!("me door/{} {largest:?} at 42", "t".repeat(27));
    assert_eq!(taken(&noted), ["me door [] at 42".to_owned(), long]);
    assert_eq!(publish("door", b"x"), done(), "there is room again");
}

// ---- through the glue

struct Grants(&'static str);

impl Permits for Grants {
    fn permit(&self, _: &str, _: &str) -> Option<Granted<'_>> {
        Some(Granted { scope: Some(self.0), per_second: None })
    }
}

const DATA: &str = r#"
    (data (i32.const 100) "\03led\02\01\ff")
    (data (i32.const 110) "\02\02hi")
    (data (i32.const 120) "\02TZ")
    (data (i32.const 130) "\04door\00")
    (data (i32.const 140) "\08")
    (data (i32.const 150) "\00")"#;

/// What a guest gets that asks every service and leaves an i64.
fn guest(scope: &'static str, body: &str) -> i64 {
    let mut services = Services::new(|| 42);
    for service in all() {
        services.offer(service).unwrap();
    }
    let imports: String = documented(7)
        .iter()
        .map(|row| {
            let (service, operation) = row[0].split_once('.').unwrap();
            let ty = match &*row[1] {
                "scalar" if row[2].ends_with("i32") => "(param i32) (result i32)",
                "scalar" => "(result i64)",
                _ => "(param i32 i32 i32 i32) (result i32)",
            };
            format!(r#"(import "{service}" "{operation}" (func ${service}.{operation} {ty}))"#)
        })
        .collect();
    let text = format!(
        r#"(module {imports}
            (memory (export "memory") 1024 1024 (pagesize 1)) {DATA}
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func (export "go") (param i32) (result i64)
                (i64.store (i32.const 80) (block (result i64) {body}))
                (i64.const 0x5000000008)))"#
    );
    let wasm = with_meta(wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")));
    let (limits, context) = (Limits::MICRO, Context::default());
    let mut plugin =
        Plugin::load_with(&wasm, &limits, &Grants(scope), &mut services, &context).unwrap();
    let go: Entry<(), [u8; 8]> = plugin.bind("go").unwrap();
    i64::from_le_bytes(plugin.call_with(&mut services, &go, &()).unwrap())
}

#[test]
fn a_guest_reaches_every_service() {
    let call = |operation: &str, at: u32, length: u32, capacity: u32| {
        format!(
            "(call ${operation} (i32.const {at}) (i32.const {length}) (i32.const 512) (i32.const {capacity}))"
        )
    };
    let status = |call: &str| format!("(i64.extend_i32_s {call})");
    let set = call("kv.set", 100, 7, 0);
    let after_set = |call: String| format!("(drop {set}) {}", status(&call));
    let not_granted = i64::from(Status::NotGranted.code());
    let too_small = i64::from(Status::TooSmall.code());
    for (scope, body, told) in [
        ("", "(call $clock.now_us)".into(), 1_000_000),
        ("", "(call $clock.monotonic_us)".into(), 42),
        ("", status("(call $clock.sleep_ms (i32.const 0))"), 0),
        ("", status("(call $clock.sleep_ms (i32.const 1))"), i64::from(Status::Pending.code())),
        ("", "(call $random.u64)".into(), 0xe220_a839_7b1d_cdaf_u64 as i64),
        ("", status(&call("random.fill", 140, 1, 8)), 8),
        ("", status(&call("random.fill", 140, 1, 7)), too_small),
        ("", status(&call("log.write", 110, 4, 0)), 0),
        ("", status(&call("log.write", 110, 3, 0)), i64::from(Status::Invalid.code())),
        ("", status(&set), 0),
        ("led", status(&set), 0),
        ("le", status(&set), not_granted),
        ("", status(&call("kv.get", 100, 4, 9)), i64::from(Status::NotFound.code())),
        ("", after_set(call("kv.get", 100, 4, 2)), 2),
        ("", after_set(call("kv.get", 100, 4, 1)), too_small),
        ("", after_set(call("kv.keys", 150, 1, 9)), 5),
        ("", after_set(call("kv.delete", 100, 4, 0)), 0),
        ("TZ", status(&call("env.get", 120, 3, 4)), 4),
        ("TZ", status(&call("env.get", 120, 3, 3)), too_small),
        ("T", status(&call("env.get", 120, 3, 4)), not_granted),
        ("door", status(&call("event.publish", 130, 6, 0)), 0),
        ("window", status(&call("event.publish", 130, 6, 0)), not_granted),
    ] {
        assert_eq!(guest(scope, &body), told, "{scope:?} {body}");
    }
    let value =
        format!("(drop {set}) (drop {}) (i64.load (i32.const 512))", call("kv.get", 100, 4, 8));
    assert_eq!(guest("", &value), 0xff01);
}
