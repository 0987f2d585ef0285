use super::{clock, env, event, kv, log, random};
use crate::{Decode, Status, testing::offer};
use core::cell::RefCell;
use std::{format, rc::Rc, string::String, vec, vec::Vec};

type Asked = Rc<RefCell<Vec<(String, Vec<u8>)>>>;

/// Offers a service that answers always the same, and notes what it was asked.
fn answers(service: &'static str, answer: Result<Vec<u8>, Status>) -> Asked {
    let asked = Asked::default();
    let notes = asked.clone();
    offer(service, move |operation, request| {
        notes.borrow_mut().push((operation.into(), request.into()));
        answer.clone()
    });
    asked
}

fn only(asked: &Asked) -> (String, Vec<u8>) {
    let mut asked = asked.take();
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.remove(0)
}

#[test]
fn nothing_is_found_where_nobody_offers_it() {
    let none = Err(Status::NotFound);
    assert_eq!(clock::now_us(), none);
    assert_eq!(random::u64(), Err(Status::NotFound));
    assert_eq!(log::info("hi"), Err(Status::NotFound));
    assert_eq!(kv::get("key", &mut []), Ok(None));
    assert_eq!(kv::delete("key"), Ok(false));
    assert_eq!(env::get("TZ", &mut []), Ok(None));
    assert_eq!(event::publish("door", b""), Err(Status::NotFound));
}

#[test]
fn requests_are_the_golden_bytes() {
    let done = || Ok(vec![]);
    let asked = answers("log", done());
    log::info("hi").unwrap();
    assert_eq!(only(&asked), ("write".into(), b"\x02\x02hi".into()));

    let asked = answers("random", Ok(vec![0xf4, 0x65, 0xb9, 0xa1]));
    let mut drawn = [0; 4];
    random::fill(&mut drawn).unwrap();
    assert_eq!(only(&asked), ("fill".into(), b"\x04".into()));
    assert_eq!(drawn, [0xf4, 0x65, 0xb9, 0xa1]);

    let asked = answers("kv", done());
    kv::set("led", &[1, 255]).unwrap();
    assert_eq!(only(&asked), ("set".into(), b"\x03led\x02\x01\xff".into()));
    assert_eq!(kv::delete("led"), Ok(true));
    assert_eq!(only(&asked), ("delete".into(), b"\x03led".into()));
    assert_eq!(kv::get("led", &mut [0; 2]), Ok(Some(&[][..])));
    assert_eq!(only(&asked), ("get".into(), b"\x03led".into()));

    let asked = answers("kv", Ok(b"\x01\x03led".into()));
    assert!(kv::keys("le", &mut [0; 5]).unwrap().eq(["led"]));
    assert_eq!(only(&asked), ("keys".into(), b"\x02le".into()));

    let asked = answers("env", Ok(b"\x03UTC".into()));
    assert_eq!(env::get("TZ", &mut [0; 4]), Ok(Some("UTC")));
    assert_eq!(only(&asked), ("get".into(), b"\x02TZ".into()));

    let asked = answers("event", done());
    event::publish("door", &[42]).unwrap();
    assert_eq!(only(&asked), ("publish".into(), b"\x04door\x01\x2a".into()));
}

#[test]
fn numbers_are_told_from_statuses() {
    for (number, told) in [
        (0, Ok(0)),
        (i64::MAX, Ok(i64::MAX)),
        (-257, Ok(-257)),
        (i64::MIN, Ok(i64::MIN)),
        (-4, Err(Status::Busy)),
        (-8, Err(Status::Failed)),
        (-256, Err(Status::Failed)),
    ] {
        answers("clock", Ok(number.to_le_bytes().into()));
        assert_eq!(clock::monotonic_us(), told, "{number}");
    }
    answers("clock", Err(Status::Busy));
    assert_eq!(clock::monotonic_us(), Err(Status::Busy));
}

#[test]
fn the_longest_of_everything_fits() {
    let key = "k".repeat(kv::MAX_KEY_BYTES);
    answers("kv", Ok(vec![]));
    assert_eq!(kv::get(&key, &mut []), Ok(Some(&[][..])));
    assert_eq!(kv::set(&key, &[0; kv::MAX_VALUE_BYTES]), Ok(()));
    assert_eq!(kv::set(&key, &[0; kv::MAX_VALUE_BYTES + 1]), Err(Status::Invalid));
    assert_eq!(kv::set_within::<1100>(&key, &[0; 1024]), Ok(()));
    assert_eq!(kv::get(&format!("{key}k"), &mut []), Err(Status::Invalid));
    answers("event", Ok(vec![]));
    let topic = "t".repeat(event::MAX_TOPIC_BYTES);
    assert_eq!(event::publish(&topic, &[0; event::MAX_PAYLOAD_BYTES]), Ok(()));
    assert_eq!(event::publish(&topic, &[0; event::MAX_PAYLOAD_BYTES + 1]), Err(Status::Invalid));
}

#[test]
fn a_long_line_is_cut_between_characters() {
    let asked = answers("log", Ok(vec![]));
    log::error(&"é".repeat(200)).unwrap();
    log::write(log::Level::Trace, &format!("a{}", "é".repeat(200))).unwrap();
    let asked = asked.take();
    let lines: Vec<(u8, &str)> =
        asked.iter().map(|(_, request)| Decode::decode(request).unwrap()).collect();
    assert_eq!(lines[0], (0, &*"é".repeat(100)));
    assert_eq!(lines[1], (4, &*format!("a{}", "é".repeat(99))));
}

#[test]
fn many_bytes_are_drawn_in_several_requests() {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let counts = asked.clone();
    offer("random", move |_, request| {
        let count: u16 = Decode::decode(request).unwrap();
        counts.borrow_mut().push(count);
        Ok(vec![7; usize::from(count)])
    });
    let mut bytes = [0; 2500];
    assert_eq!(random::fill(&mut bytes), Ok(()));
    assert_eq!((bytes, asked.take()), ([7; 2500], vec![1024, 1024, 452]));
    assert_eq!((random::fill(&mut []), asked.take()), (Ok(()), vec![]));
}

#[test]
fn replies_that_do_not_fit_or_are_wrong_are_refused() {
    answers("kv", Ok(vec![7; 3]));
    let mut place = [0; 2];
    assert_eq!(kv::get("key", &mut place), Err(Status::TooSmall));
    answers("random", Ok(vec![7; 3]));
    assert_eq!(random::fill(&mut [0; 4]), Err(Status::Failed));
    for wrong in [&b""[..], b"\x03UT", b"\x02\xff\xff", b"\x01ab"] {
        answers("env", Ok(wrong.into()));
        assert_eq!(env::get("TZ", &mut [0; 8]), Err(Status::Failed), "{wrong:?}");
    }
    answers("kv", Ok(vec![]));
    assert!(kv::keys("", &mut [0; 8]).is_err());
    answers("kv", Ok(b"\x09\x01a\x02b".into()));
    assert!(kv::keys("", &mut [0; 8]).unwrap().eq(["a"]), "what is there");
}
