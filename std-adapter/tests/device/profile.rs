//! A device's own profile, and devices that have none, lie about it or never end.

use crate::{
    bench::{Bench, PATIENCE},
    device::ROOM,
    fake::{Fake, description},
    ran::{Ran, at, command, finish},
};
use ampoule_link::{
    Batch, Description, LinkError, Operation, Profile as Told, Reply, Request, Room,
};
use ampoule_std::{
    Limits,
    device::{Device, DeviceError},
    profile::Profile,
};
use serde_json::json;
use std::{fs, path::Path};
use tempfile::TempDir;

const ECHO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/prebuilt/echo.wasm");

fn check(profile: &Path, plugin: &str) -> Ran {
    let args = ["check", "--json", "--device", profile.to_str().unwrap(), plugin];
    finish(command(args).spawn().unwrap())
}

#[test]
fn a_device_tells_all_that_a_profile_has() {
    let bench = Bench::new();
    let profile = bench.open().profile().unwrap();
    let expected = bench.with(|turning| turning.unit.host.policy().limits);
    assert_eq!((profile.name.as_str(), profile.limits), ("bench", expected));
    assert_eq!(u32::from(profile.bits), usize::BITS);
    assert_eq!((profile.heap_bytes, profile.flash_bytes), (ROOM.heap_bytes, ROOM.flash_bytes));
    assert_eq!((profile.stack_bytes, profile.slots), (ROOM.stack_bytes, 4));
    assert_eq!(profile.overhead_percent, ROOM.overhead_percent);
    assert_eq!(profile.services, [("log".to_owned(), vec!["write".to_owned()])].into());
    assert_eq!(Profile::parse(&profile.to_toml()), Ok(profile));
}

#[test]
fn describe_writes_a_profile_that_check_reads() {
    let (bench, folder) = (Bench::new(), TempDir::new().unwrap());
    let path = folder.path().join("bench.toml");
    let file = path.to_str().unwrap();
    let ran = at(bench.port(), &["describe", "--profile", file]).done();
    assert_eq!(ran.out, format!("{file}: the profile of bench\n"));
    let written = fs::read_to_string(&path).unwrap();
    let ran = at(bench.port(), &["describe", "--profile", "-"]).done();
    assert_eq!(ran.out, written);
    assert_eq!(Profile::parse(&written), Ok(bench.open().profile().unwrap()));

    let told = check(&path, ECHO).done().json();
    assert_eq!((&told["device"], &told["fits"]), (&json!("bench"), &json!(true)), "{told}");
    assert_eq!(told["heap"]["free"], ROOM.heap_bytes);

    // A firmware with less is another profile, and the file is replaced as a whole.
    let small = Room { heap_bytes: 1, ..ROOM };
    bench.with(move |turning| turning.unit.board.room = Some(small));
    let ran = at(bench.port(), &["describe", "--json", "--profile", file]).done();
    assert_eq!(ran.json(), json!({"success": true, "name": "bench", "profile": file}));
    let ran = check(&path, ECHO);
    assert_eq!((ran.status, &ran.json()["fits"]), (1, &json!(false)), "{ran:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_cant_be_written_is_told_and_what_was_there_stays() {
    let (bench, folder) = (Bench::new(), TempDir::new().unwrap());
    let missing = folder.path().join("missing/bench.toml");
    for wrong in [folder.path().to_str().unwrap(), missing.to_str().unwrap(), "/dev/full"] {
        at(bench.port(), &["describe", "--profile", wrong]).complains(2, "I09");
    }
    at(bench.port(), &["describe", "--json", "--profile", "-"]).complains(2, "U01");
    // Without a profile nothing is written.
    bench.with(|turning| turning.unit.board.room = None);
    let path = folder.path().join("bench.toml");
    fs::write(&path, "old").unwrap();
    at(bench.port(), &["describe", "--profile", path.to_str().unwrap()]).complains(3, "E16");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    at(bench.port(), &["describe"]).done();
}

/// What a device answers to the questions for its profile.
#[derive(Clone)]
struct Answers {
    name: String,
    slots: u16,
    bits: u8,
    wasi: bool,
    room: Room,
    limits: Vec<u64>,
    operations: Vec<(String, String)>,
    /// The operations without an end.
    endless: bool,
}

impl Answers {
    fn good() -> Self {
        Self {
            name: "fake".to_owned(),
            slots: 4,
            bits: 32,
            wasi: false,
            room: ROOM,
            limits: Limits::MICRO.numbers().to_vec(),
            operations: vec![("log".to_owned(), "write".to_owned())],
            endless: false,
        }
    }

    fn device(self) -> Fake {
        Fake::answering(move |request, reply| match request {
            Request::Describe => {
                let Self { name, slots, .. } = &self;
                reply(&Reply::Description(Description { name, slots: *slots, ..description() }));
            }
            Request::Profile => {
                let mut numbers = Batch::<4096>::new();
                assert!(self.limits.iter().all(|number| numbers.push(number)));
                let Self { bits, wasi, room, .. } = self;
                reply(&Reply::Profile(Told { bits, wasi, room, limits: numbers.items() }));
            }
            Request::Operations { from } => {
                let mut page = Batch::<4096>::new();
                for number in 0..if self.endless { 100 } else { 0 } {
                    let operation = format!("{}", from + number);
                    let _ = page.push(&Operation { service: "many", operation: &operation });
                }
                for (service, operation) in self.operations.iter().skip(usize::from(*from)).take(3)
                {
                    assert!(page.push(&Operation { service, operation }));
                }
                reply(&Reply::Operations(page.items()));
            }
            _ => reply(&Reply::Done),
        })
    }

    fn profile(self) -> Result<Profile, DeviceError> {
        Device::open(self.device().address(), PATIENCE).unwrap().profile()
    }
}

#[test]
fn operations_are_asked_for_page_by_page() {
    let of = |service: &str, count: usize| {
        (0..count).map(move |at| (service.to_owned(), at.to_string())).collect::<Vec<_>>()
    };
    let operations = [of("b", 32), of("a", 2)].concat();
    let profile = Answers { operations, ..Answers::good() }.profile().unwrap();
    let counts: Vec<_> = profile.services.iter().map(|(name, of)| (&**name, of.len())).collect();
    assert_eq!(counts, [("a", 2), ("b", 32)]);
    let none = Answers { operations: Vec::new(), ..Answers::good() }.profile().unwrap();
    assert!(none.services.is_empty());
}

#[test]
fn a_device_that_knows_no_profiles_is_told_to_be_older() {
    // What a firmware from before profiles answers: it takes the request for none.
    let older = Fake::described(|_, reply| {
        let error = LinkError::BadRequest { error: ampoule_abi::DecodeError::Type };
        reply(&Reply::Problem(ampoule_link::Told::from(error).problem()));
    });
    let ran = at(&older.port(), &["describe", "--profile", "-"]).complains(3, "E16");
    assert!(ran.err.contains("older") && ran.out.is_empty(), "{ran:?}");
    at(&older.port(), &["describe"]).done();
}

#[test]
fn a_profile_that_cant_be_is_told_and_never_written() {
    let odd = "\u{1b}[2J\"]\n[limits]\nheap_bytes = 9\n";
    let twice = ("log".to_owned(), "write".to_owned());
    let good = Answers::good;
    let many = |of: usize| (0..of).map(|at| (format!("s{at}"), "x".to_owned())).collect();
    for (what, answers, code) in [
        ("bits", Answers { bits: 16, ..good() }, "E18"),
        ("slots", Answers { slots: 0, ..good() }, "E18"),
        ("name", Answers { name: odd.to_owned(), ..good() }, "E18"),
        ("no name", Answers { name: String::new(), ..good() }, "E18"),
        ("gaps", Answers { room: Room { overhead_percent: 101, ..ROOM }, ..good() }, "E18"),
        ("operation", Answers { operations: vec![("a".into(), odd.into())], ..good() }, "E18"),
        ("service", Answers { operations: vec![(odd.into(), "a".into())], ..good() }, "E18"),
        ("long", Answers { operations: vec![("a".into(), "b".repeat(65))], ..good() }, "E18"),
        ("services", Answers { operations: many(33), ..good() }, "E18"),
        ("twice", Answers { operations: vec![twice.clone(), twice], ..good() }, "E10"),
        ("endless", Answers { endless: true, ..good() }, "E10"),
        ("few limits", Answers { limits: vec![1; 24], ..good() }, "E17"),
        ("many limits", Answers { limits: vec![1; 26], ..good() }, "E17"),
        ("large limits", Answers { limits: vec![u64::MAX; 25], ..good() }, "E10"),
    ] {
        let (fake, folder) = (answers.device(), TempDir::new().unwrap());
        let path = folder.path().join("file");
        let ran = at(&fake.port(), &["describe", "--profile", path.to_str().unwrap()]);
        assert!(!path.exists() && ran.out.is_empty(), "{what}: {ran:?}");
        assert!(ran.err.starts_with(&format!("error[{code}]")), "{what}: {ran:?}");
        ran.complains(2, code);
    }
}

#[test]
fn numbers_without_measure_are_written_as_toml_has_them() {
    let room = Room { heap_bytes: u64::MAX, stack_bytes: 0, flash_bytes: u64::MAX, ..ROOM };
    let profile = Answers { room, bits: 64, slots: u16::MAX, ..Answers::good() }.profile().unwrap();
    assert_eq!(profile.heap_bytes, u64::MAX);
    let read = Profile::parse(&profile.to_toml()).unwrap();
    assert_eq!((read.heap_bytes, read.slots), (i64::MAX as u64, u16::MAX));
}

#[test]
fn a_reply_of_another_kind_is_a_contradiction() {
    let fake = Fake::described(|_, reply| reply(&Reply::Done));
    at(&fake.port(), &["describe", "--profile", "-"]).complains(2, "E10");
    let fake = Fake::described(|request, reply| match request {
        Request::Profile => {
            let mut numbers = Batch::<512>::new();
            assert!(Limits::MICRO.numbers().iter().all(|number| numbers.push(number)));
            reply(&Reply::Profile(Told {
                bits: 32,
                wasi: false,
                room: ROOM,
                limits: numbers.items(),
            }));
        }
        _ => reply(&Reply::Done),
    });
    at(&fake.port(), &["describe", "--profile", "-"]).complains(2, "E10");
}
