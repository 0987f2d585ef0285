//! A request is done once, however often its frame comes.

use crate::{
    RETRY, Unit, Workstation,
    reference::{crc32, stuffed, unstuffed},
    wire::{Bench, code, package, reply},
};
use ampoule_link::{Bytes, EntryCall, LinkError, Reply, Request, Target};

/// What a client would send, whole.
fn frame(client: &mut Workstation, request: &Request<'_>) -> Vec<u8> {
    client.give_up();
    client.send(request, 0).unwrap();
    client.output().to_vec()
}

/// Hands a frame to a server, and answers whether it gave a request out.
fn asked(server: &mut Unit, frame: &[u8]) -> bool {
    let mut rest = frame;
    let mut given = false;
    while !rest.is_empty() {
        let taken = server.receive(rest);
        rest = &rest[taken..];
        given |= server.poll().is_some();
        if taken == 0 {
            break;
        }
    }
    given
}

fn sent(server: &mut Unit) -> Vec<u8> {
    let bytes = server.output().to_vec();
    server.sent(bytes.len());
    bytes
}

/// A server in the session of a client.
fn opened() -> (Unit, Workstation) {
    let (mut server, mut client) = (Unit::new(), Workstation::new(7, RETRY));
    let describe = frame(&mut client, &Request::Describe);
    assert!(asked(&mut server, &describe));
    server.answer(&Reply::Done);
    sent(&mut server);
    (server, client)
}

#[test]
fn a_doubled_request_gets_the_same_reply_and_isnt_given_out_again() {
    let (mut server, mut client) = opened();
    let status = frame(&mut client, &Request::Status);
    assert!(asked(&mut server, &status));
    server.answer(&Reply::Progress(None));
    let first = sent(&mut server);
    for _ in 0..3 {
        assert!(!asked(&mut server, &status));
        assert_eq!(sent(&mut server), first);
    }
}

#[test]
fn a_doubled_request_is_dropped_while_the_first_is_under_way() {
    let (mut server, mut client) = opened();
    let status = frame(&mut client, &Request::Status);
    assert!(asked(&mut server, &status));
    assert!(server.is_asked());
    assert!(!asked(&mut server, &status));
    assert!(server.output().is_empty());
    server.answer(&Reply::Done);
    assert!(!server.output().is_empty());
    server.answer(&Reply::Progress(None));
    let sent = sent(&mut server);
    client.receive(&sent);
    assert_eq!(client.reply(), Some(Ok(Reply::Done)), "an answer without a question is none");
}

#[test]
fn the_next_request_waits_until_the_one_before_is_answered_and_sent() {
    let (mut server, mut client) = opened();
    let status = frame(&mut client, &Request::Status);
    let abort = frame(&mut client, &Request::Abort);
    assert!(asked(&mut server, &status));
    assert!(!asked(&mut server, &abort));
    server.answer(&Reply::Progress(None));
    assert_eq!(server.poll(), None);
    assert_eq!(server.receive(b"\0\0"), 0);
    sent(&mut server);
    assert_eq!(server.poll(), Some(Request::Abort));
}

#[test]
fn an_old_request_is_dropped() {
    let (mut server, mut client) = opened();
    let status = frame(&mut client, &Request::Status);
    let abort = frame(&mut client, &Request::Abort);
    for frame in [&status, &abort] {
        assert!(asked(&mut server, frame));
        server.answer(&Reply::Done);
        sent(&mut server);
    }
    assert!(!asked(&mut server, &status));
    assert!(server.output().is_empty());
}

#[test]
fn what_was_sent_before_a_restart_is_refused_after_it() {
    let (_, mut client) = opened();
    let mut restarted = Unit::new();
    let commit = frame(&mut client, &Request::Commit);
    assert!(!asked(&mut restarted, &commit));
    let sent = sent(&mut restarted);
    client.receive(&sent);
    let Some(Ok(Reply::Problem(problem))) = client.reply() else { panic!("a problem") };
    assert_eq!(problem.code, "N01");
}

#[test]
fn another_version_and_another_message_are_told_so() {
    let (mut server, _) = opened();
    let mut raw = vec![9, 1, 7, 0, 0, 0, 9, 0, 0, 0, 0xff, 0xff];
    let crc = crc32(&raw);
    raw.extend(crc.to_le_bytes());
    let foreign = stuffed(&raw);
    assert!(!asked(&mut server, &foreign));
    assert!(contains(&unstuffed(&sent(&mut server)), b"N02"));
    raw.truncate(12);
    raw[0] = 1;
    raw.extend(crc32(&raw).to_le_bytes());
    assert!(!asked(&mut server, &stuffed(&raw)));
    let said = sent(&mut server);
    assert!(contains(&unstuffed(&said), b"N03"));
    // It was of the session, so its repetition gets the same.
    assert!(!asked(&mut server, &stuffed(&raw)));
    assert_eq!(sent(&mut server), said);
}

#[test]
fn a_client_tells_the_version_of_a_device_that_speaks_another() {
    let mut client = Workstation::new(7, RETRY);
    client.send(&Request::Describe, 0).unwrap();
    let mut raw = vec![9, 2, 7, 0, 0, 0, 1, 0, 0, 0, 0];
    raw.extend(crc32(&raw).to_le_bytes());
    client.receive(&stuffed(&raw));
    assert_eq!(client.reply(), Some(Err(LinkError::Version { found: 9 })));
    client.send(&Request::Describe, 0).unwrap();
    let mut raw = vec![1, 2, 7, 0, 0, 0, 2, 0, 0, 0, 99];
    raw.extend(crc32(&raw).to_le_bytes());
    client.receive(&stuffed(&raw));
    assert!(matches!(client.reply(), Some(Err(LinkError::BadReply { .. }))));
}

#[test]
fn an_echo_is_neither_a_request_nor_a_reply() {
    let [_, (_, request), (_, reply)] = crate::golden::FRAMES;
    let (mut server, mut client) = (Unit::new(), Workstation::new(0x1234_5678, RETRY));
    assert!(!asked(&mut server, reply));
    assert!(server.output().is_empty());
    client.send(&Request::Describe, 0).unwrap();
    assert_eq!(client.output(), request);
    client.receive(request);
    assert_eq!(client.reply(), None);
}

#[test]
fn a_session_begins_only_when_the_request_under_way_is_answered() {
    let (mut server, mut client) = opened();
    let status = frame(&mut client, &Request::Status);
    assert!(asked(&mut server, &status));
    let mut other = Workstation::new(8, RETRY);
    let describe = frame(&mut other, &Request::Describe);
    assert!(!asked(&mut server, &describe));
    server.answer(&Reply::Progress(None));
    let answer = sent(&mut server);
    client.receive(&answer);
    assert_eq!(client.reply(), Some(Ok(Reply::Progress(None))));
    assert_eq!(server.poll(), Some(Request::Describe));
    server.answer(&Reply::Done);
    sent(&mut server);
    // And then the one before is over.
    let abort = frame(&mut client, &Request::Abort);
    assert!(!asked(&mut server, &abort));
    client.receive(server.output());
    assert!(matches!(client.reply(), Some(Ok(Reply::Problem(problem))) if problem.code == "N01"));
}

#[test]
fn a_refused_stranger_gets_nobody_elses_reply_and_leaves_none_behind() {
    let (mut server, mut client) = opened();
    let status = frame(&mut client, &Request::Status);
    assert!(asked(&mut server, &status));
    server.answer(&Reply::Done);
    sent(&mut server);
    let mut stranger = Workstation::new(8, RETRY);
    let commit = frame(&mut stranger, &Request::Commit);
    assert!(!asked(&mut server, &commit));
    assert!(!sent(&mut server).is_empty());
    assert!(!asked(&mut server, &status));
    assert!(server.output().is_empty());
    let abort = frame(&mut client, &Request::Abort);
    assert!(asked(&mut server, &abort), "the session goes on");
}

#[test]
fn a_client_takes_its_own_reply_alone_and_once() {
    let (mut server, mut client) = opened();
    let status = frame(&mut client, &Request::Status);
    assert!(asked(&mut server, &status));
    server.answer(&Reply::Done);
    let done = sent(&mut server);
    assert_eq!(client.send(&Request::Abort, 0), Err(LinkError::Busy {}));
    let mut stranger = Workstation::new(8, RETRY);
    stranger.send(&Request::Describe, 0).unwrap();
    assert_eq!(stranger.receive(&done), done.len());
    assert_eq!(stranger.reply(), None);
    client.receive(&done);
    assert_eq!(client.reply(), Some(Ok(Reply::Done)));
    assert_eq!(client.receive(&done), done.len());
    assert_eq!(client.reply(), None);
    // A late repetition isn't taken for the next reply.
    client.send(&Request::Abort, 0).unwrap();
    client.receive(&done);
    assert_eq!(client.reply(), None);
}

#[test]
fn a_client_tries_again_on_time_and_gives_up_after_the_last_try() {
    let mut client = Workstation::new(7, RETRY);
    assert_eq!(client.poll(0), Ok(None));
    client.send(&Request::Describe, 1_000).unwrap();
    let frame = client.output().to_vec();
    for at in (1..5).map(|tries| 1_000 + tries * RETRY.wait) {
        client.sent(frame.len());
        assert_eq!(client.poll(at - 1), Ok(Some(at)));
        assert!(client.output().is_empty());
        assert_eq!(client.poll(at), Ok(Some(at + RETRY.wait)));
        assert_eq!(client.output(), frame);
    }
    let late = 1_000 + 5 * RETRY.wait;
    assert_eq!(client.poll(late), Err(LinkError::NoAnswer { tries: 5 }));
    assert_eq!(client.poll(late), Ok(None));
    assert!(client.output().is_empty());
    client.send(&Request::Describe, late).unwrap();
}

#[test]
fn a_doubled_commit_loads_once() {
    let (mut bench, plugin) = Bench::with_plugin();
    let (announced, bytes) = package(Target::Plugin(plugin), "2.0.0");
    let mut progress = None;
    let commit = loop {
        match announced.next_request(&bytes, progress, 500) {
            Request::Commit => break Request::Commit,
            request => {
                let Reply::Progress(next) = reply(&bench.ask(&request).unwrap()) else { panic!() };
                progress = next;
            }
        }
    };
    bench.client.send(&commit, 0).unwrap();
    let frame = bench.client.output().to_vec();
    let mut replies = Vec::new();
    for _ in 0..3 {
        let mut bytes = frame.clone();
        while !bytes.is_empty() {
            bench.device.turn(&mut bytes);
        }
        replies.push(bench.device.say());
    }
    assert!(!replies[0].is_empty() && replies.iter().all(|reply| *reply == replies[0]));
    bench.client.receive(&replies[0]);
    assert_eq!(bench.client.reply(), Some(Ok(Reply::Loaded { plugin })));
    let mut swaps = 0;
    while let Some(event) = bench.device.host.next_event() {
        swaps += u32::from(matches!(event.what, ampoule::EventKind::Swapped { .. }));
    }
    assert_eq!(swaps, 1);
    // In another session it is another request, and there is nothing left to commit.
    bench.describe().unwrap();
    assert_eq!(code(&bench.ask(&Request::Commit).unwrap()), "N06");
    assert_eq!(bench.who(plugin), "2.0.0");
}

#[test]
fn events_that_were_taken_come_again_with_their_repetition() {
    let (mut bench, plugin) = Bench::with_plugin();
    bench.call(plugin, "trap", b"");
    bench.client.send(&Request::Events { most: 9 }, 0).unwrap();
    let frame = bench.client.output().to_vec();
    // The first reply is lost.
    for _ in 0..2 {
        bench.device.turn(&mut frame.clone());
        let reply = bench.device.say();
        assert!(!reply.is_empty());
        bench.client.give_up();
        assert!(bench.device.host.next_event().is_none());
    }
    let again = bench.ask(&Request::Events { most: 9 }).unwrap();
    let Reply::Events(none) = reply(&again) else { panic!("events") };
    assert_eq!(none.iter().count(), 0);
}

#[test]
fn a_call_that_was_repeated_ran_once() {
    let (mut bench, plugin) = Bench::with_plugin();
    let add = EntryCall { plugin, entry: "add", request: Bytes(&[5, 0, 0, 0]) };
    bench.client.send(&Request::Call(add), 0).unwrap();
    let frame = bench.client.output().to_vec();
    for _ in 0..4 {
        bench.device.turn(&mut frame.clone());
        bench.device.say();
    }
    bench.client.give_up();
    let bytes = bench.call(plugin, "add", &[0; 4]);
    assert_eq!(reply(&bytes), Reply::Answer(Bytes(&[5, 0, 0, 0])));
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
