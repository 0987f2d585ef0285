use super::{clock, env, event, fs, kv, log, net, random};
use crate::{
    Decode, Status,
    testing::{encoded, offer},
};
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

#[test]
fn files_are_asked_for_as_the_table_says() {
    let asked = answers("fs", Ok(b"sunny".into()));
    assert_eq!(fs::read("a/b", 300, &mut [0; 16]), Ok(&b"sunny"[..]));
    assert_eq!(only(&asked), ("read".into(), b"\x03a/b\xac\x02\x10".into()));
    let _ = fs::read("a", u64::MAX, &mut vec![0; fs::MAX_READ_BYTES + 1]);
    let (_, request) = only(&asked);
    assert_eq!(Decode::decode(&request), Ok(("a", u64::MAX, 1_048_576_u32)));

    let asked = answers("fs", Ok(vec![]));
    fs::write("a", fs::Mode::Replace, b"hi").unwrap();
    assert_eq!(only(&asked), ("write".into(), b"\x01a\x00\x02hi".into()));
    fs::write("a", fs::Mode::Append, b"").unwrap();
    assert_eq!(only(&asked), ("write".into(), b"\x01a\x01\x00".into()));

    let asked = answers("fs", Ok(b"\x03\x01a\x00\x02bc\x01\x01d\x07".into()));
    let mut place = [0; 16];
    let entries = fs::list("dir", &mut place).unwrap();
    assert!(entries.eq([
        ("a", fs::Kind::File),
        ("bc", fs::Kind::Directory),
        ("d", fs::Kind::Other)
    ]));
    assert_eq!(only(&asked), ("list".into(), b"\x03dir".into()));

    let asked = answers("fs", Ok(b"\x02\xac\x02\x01".into()));
    let expected = fs::Stat { kind: fs::Kind::Link, bytes: 300, changed_us: -1 };
    assert_eq!(fs::stat("a"), Ok(expected));
    assert_eq!(only(&asked), ("stat".into(), b"\x01a".into()));
}

#[test]
fn hosts_are_asked_as_the_table_says() {
    let asked = answers("net", Ok(b"\xac\x02".into()));
    let connection = net::connect(net::Kind::Udp, "h", 443).unwrap();
    assert_eq!(only(&asked), ("connect".into(), b"\x01\x01h\xbb\x03".into()));

    let asked = answers("net", Ok(b"pong".into()));
    assert_eq!(connection.exchange(b"ping", &mut [0; 200]), Ok(&b"pong"[..]));
    assert_eq!(only(&asked), ("exchange".into(), b"\xac\x02\x04ping\xc8\x01".into()));

    let asked = answers("net", Ok(vec![]));
    connection.close().unwrap();
    assert_eq!(only(&asked), ("close".into(), b"\xac\x02".into()));

    let asked = answers("net", Ok(b"\xc8\x01\x01\x01k\x01v\x02hi".into()));
    let mut place = [0; 16];
    let answer = net::get("http://h/", &[("a", "bc")], &mut place).unwrap();
    assert_eq!((answer.status, answer.body), (200, &b"hi"[..]));
    assert!(answer.headers.iter().eq([("k", "v")]));
    let request = b"\x00\x09http://h/\x01\x01a\x02bc\x00\x10";
    assert_eq!(only(&asked), ("http".into(), request.into()));

    // The golden bytes of the table.
    let asked = answers("net", Ok(b"\xc8\x01\x01\x01c\x01d\x02ok".into()));
    let mut place = [0; 1024];
    let answer = net::post("http://a.b/", &[("c", "d")], b"hi", &mut place).unwrap();
    assert_eq!((answer.status, answer.headers.get("c"), answer.body), (200, Some("d"), &b"ok"[..]));
    let request = b"\x01\x0bhttp://a.b/\x01\x01c\x01d\x02hi\x80\x08";
    assert_eq!(only(&asked), ("http".into(), request.into()));
}

#[test]
fn the_longest_paths_hosts_and_contents_fit() {
    let long = |bytes| "x".repeat(bytes);
    answers("fs", Ok(encoded(&(0_u8, u64::MAX, i64::MIN))));
    let path = long(fs::MAX_PATH_BYTES);
    let content = [0; fs::MAX_CONTENT_BYTES + 1];
    assert!(fs::stat(&path).is_ok());
    assert_eq!(fs::stat(&long(fs::MAX_PATH_BYTES + 1)), Err(Status::Invalid));
    assert!(fs::read(&path, u64::MAX, &mut vec![0; fs::MAX_READ_BYTES]).is_ok());
    answers("fs", Ok(vec![]));
    assert_eq!(fs::write(&path, fs::Mode::Append, &content[1..]), Ok(()));
    assert_eq!(fs::write(&path, fs::Mode::Append, &content), Err(Status::Invalid));
    assert_eq!(fs::write_within::<600>(&path, fs::Mode::Append, &content), Ok(()));

    answers("net", Ok(encoded(&u32::MAX)));
    let connection = net::connect(net::Kind::Tcp, &long(net::MAX_HOST_BYTES), u16::MAX).unwrap();
    let host = long(net::MAX_HOST_BYTES + 1);
    assert_eq!(net::connect(net::Kind::Tcp, &host, u16::MAX), Err(Status::Invalid));
    let mut place = vec![0; net::MAX_ANSWER_BYTES];
    let content = [0; net::MAX_CONTENT_BYTES + 1];
    assert!(connection.exchange(&content[1..], &mut place).is_ok());
    assert_eq!(connection.exchange(&content, &mut place), Err(Status::Invalid));
    assert!(connection.exchange_within::<300>(&content, &mut place).is_ok());
    let url = long(net::MAX_HTTP_REQUEST_BYTES);
    assert_eq!(net::get(&url, &[], &mut []), Err(Status::Invalid));
}

#[test]
fn files_and_hosts_that_answer_nonsense_have_failed() {
    for wrong in [&b""[..], b"\x00", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff\xff\xff\xff"] {
        answers("fs", Ok(wrong.into()));
        assert_eq!(fs::stat("a"), Err(Status::Failed), "{wrong:?}");
    }
    answers("fs", Ok(b"\x09\x01a\x00\x01b".into()));
    let mut place = [0; 16];
    assert!(fs::list("a", &mut place).unwrap().eq([("a", fs::Kind::File)]), "what is there");
    for wrong in [&b""[..], b"\xc8\x01", b"\xc8\x01\x01\x01k", b"\xc8\x01\x00\x03hi"] {
        answers("net", Ok(wrong.into()));
        assert_eq!(net::get("u", &[], &mut place), Err(Status::Failed), "{wrong:?}");
    }
    answers("net", Ok(b"\xff\xff\xff\xff\xff".into()));
    assert_eq!(net::connect(net::Kind::Tcp, "h", 1), Err(Status::Failed));
    answers("net", Err(Status::NotGranted));
    assert_eq!(net::connect(net::Kind::Tcp, "h", 1), Err(Status::NotGranted));
}
