//! What guests can do to the built-in services.

mod guest;
mod kv;
mod log;
mod numbers;
mod words;

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
