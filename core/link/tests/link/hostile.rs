//! Any bytes, in any pieces: no panic, no message that wasn't sent, no end that stays deaf.

use crate::{
    RETRY, Unit, Workstation,
    damage::Numbers,
    golden,
    reference::{crc32, stuffed, unstuffed},
};
use ampoule_abi::Decode;
use ampoule_link::{
    Batch, Bytes, Chunk, Event, Items, Line, LinkError, PROBLEM_TEXT_BYTES, Reply, Request, Server,
    SlotInfo, Told, wire_bytes,
};
use proptest::prelude::*;

/// Hands bytes to a server in pieces, answers every request with `Done`, and collects both.
fn converse(server: &mut Unit, bytes: &[u8], pieces: &mut Numbers) -> (Vec<String>, Vec<u8>) {
    let (mut requests, mut replies, mut rest) = (Vec::new(), Vec::new(), bytes);
    loop {
        let piece = rest.len().min(1 + pieces.below(40));
        let taken = server.receive(&rest[..piece]);
        rest = &rest[taken..];
        if let Some(request) = server.poll() {
            requests.push(format!("{request:?}"));
            server.answer(&Reply::Done);
        }
        if rest.is_empty() && server.output().is_empty() {
            return (requests, replies);
        }
        let part = server.output();
        let part = part[..part.len().min(1 + pieces.below(40))].to_vec();
        replies.extend_from_slice(&part);
        server.sent(part.len());
    }
}

/// Every golden request in a frame of one session.
fn frames() -> Vec<(String, Vec<u8>)> {
    let mut client = Workstation::new(0x1234_5678, RETRY);
    let frame = |(_, request, _): golden::Golden<Request<'static>>| {
        client.give_up();
        client.send(&request, 0).unwrap();
        (format!("{request:?}"), client.output().to_vec())
    };
    golden::requests().into_iter().map(frame).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn frames_arrive_however_they_are_split(seed in any::<u64>()) {
        let (expected, frames): (Vec<_>, Vec<_>) = frames().into_iter().unzip();
        let found = converse(&mut Unit::new(), &frames.concat(), &mut Numbers::new(seed));
        prop_assert_eq!(found.0, expected);
    }

    #[test]
    fn noise_between_frames_is_no_frame_and_costs_none(seed in any::<u64>()) {
        let mut numbers = Numbers::new(seed);
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        for (request, frame) in frames() {
            let length = numbers.below(1500);
            bytes.extend(numbers.bytes(length));
            bytes.extend(frame);
            expected.push(request);
        }
        let found = converse(&mut Unit::new(), &bytes, &mut numbers);
        prop_assert_eq!(found.0, expected);
    }

    #[test]
    fn frames_are_what_the_page_says(bytes in prop::collection::vec(0_u8..3, 0..900)) {
        let mut client = Workstation::new(7, RETRY);
        let chunk = Chunk { offset: 1, bytes: Bytes(&bytes) };
        client.send(&Request::Chunk(chunk), 0).unwrap();
        let frame = unstuffed(client.output());
        prop_assert_eq!(&stuffed(&frame)[..], client.output());
        let (content, crc) = frame.split_last_chunk::<4>().unwrap();
        prop_assert_eq!(crc32(content), u32::from_le_bytes(*crc));
        prop_assert_eq!(Request::decode(&content[10..]), Ok(Request::Chunk(chunk)));
        prop_assert!(client.output().len() <= wire_bytes(content.len() - 10));
    }

    #[test]
    fn any_message_in_a_good_frame_is_a_request_or_told_to_be_none(
        message in prop::collection::vec(any::<u8>(), 0..60)
    ) {
        let (mut server, mut pieces) = (Unit::new(), Numbers::new(1));
        converse(&mut server, &frames()[0].1, &mut pieces);
        server.sent(usize::MAX);
        let mut frame = vec![1, 1, 0x78, 0x56, 0x34, 0x12, 2, 0, 0, 0];
        frame.extend_from_slice(&message);
        frame.extend(crc32(&frame).to_le_bytes());
        let (requests, replies) = converse(&mut server, &stuffed(&frame), &mut pieces);
        prop_assert_eq!(requests.len(), usize::from(Request::decode(&message).is_ok()));
        prop_assert!(!replies.is_empty());
    }

    #[test]
    fn any_bytes_are_a_message_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Request::decode(&bytes);
        // What a list holds is looked at, too.
        let _ = Reply::decode(&bytes).map(|reply| format!("{reply:?}"));
        for tag in 0..12 {
            let tagged = [&[tag, bytes.len() as u8 % 128], &bytes[..bytes.len() % 128]].concat();
            let _ = Reply::decode(&tagged).map(|reply| format!("{reply:?}"));
        }
    }
}

#[test]
fn a_frame_with_any_bit_flipped_any_byte_lost_or_cut_anywhere_is_none() {
    let mut client = Workstation::new(1, RETRY);
    client.send(&Request::Describe, 0).unwrap();
    let frame = client.output();
    let mut damaged: Vec<Vec<u8>> = Vec::new();
    // Without its first zero it is whole, and so it is with a first byte that is dropped as noise.
    for at in 1..frame.len() {
        damaged.extend((0..8).map(|bit| {
            let mut frame = frame.to_vec();
            frame[at] ^= 1 << bit;
            frame
        }));
        damaged.push([&frame[..at], &frame[at + 1..]].concat());
        damaged.push(frame[..at].to_vec());
        damaged.push([&frame[..at], &[frame[at]], &frame[at..]].concat());
    }
    let whole = |bytes: &Vec<u8>| bytes.strip_suffix(&[0]).unwrap_or(bytes).starts_with(frame);
    for bytes in damaged.iter().filter(|bytes| !whole(bytes)) {
        let mut server = Unit::new();
        server.receive(bytes);
        assert_eq!(server.poll(), None, "{bytes:x?}");
        // Behind it, the next one is heard.
        let mut rest = frame;
        let mut heard = false;
        while !rest.is_empty() {
            let taken = server.receive(rest);
            rest = &rest[taken..];
            heard |= server.poll().is_some();
            server.sent(usize::MAX);
        }
        assert!(heard, "{bytes:x?}");
    }
}

#[test]
fn random_bytes_are_never_a_message_on_either_side() {
    let mut numbers = Numbers::new(42);
    let (mut server, mut client) = (Unit::new(), Workstation::new(7, RETRY));
    for _ in 0..10_000 {
        let length = numbers.below(300);
        let mut bytes = numbers.bytes(length);
        // Some of it looks like frames.
        for _ in 0..numbers.below(4) {
            let at = numbers.below(length);
            bytes.splice(at..at, [0, 3, 1, 1]);
        }
        assert_eq!(server.receive(&bytes), bytes.len());
        assert_eq!(server.poll(), None);
        client.give_up();
        client.send(&Request::Describe, 0).unwrap();
        assert_eq!(client.receive(&bytes), bytes.len());
        assert_eq!(client.reply(), None);
    }
    assert!(server.dropped() > 10_000 && client.dropped() > 10_000);
    let frame = client.output().to_vec();
    assert_eq!(server.receive(&frame), frame.len());
    assert_eq!(server.poll(), Some(Request::Describe));
    server.answer(&Reply::Done);
    client.receive(server.output());
    assert_eq!(client.reply(), Some(Ok(Reply::Done)));
}

#[test]
fn a_frame_that_is_too_long_is_dropped_and_the_next_is_heard() {
    let mut client = Workstation::new(7, RETRY);
    let bytes = [7; 900];
    let mut server = Server::<96, 256>::new();
    client.send(&Request::Describe, 0).unwrap();
    server.receive(client.output());
    assert_eq!(server.poll(), Some(Request::Describe));
    server.answer(&Reply::Done);
    server.sent(usize::MAX);
    client.give_up();
    client.send(&Request::Chunk(Chunk { offset: 0, bytes: Bytes(&bytes) }), 0).unwrap();
    assert_eq!(server.receive(client.output()), client.output().len());
    assert_eq!(server.poll(), None);
    assert_eq!(server.dropped(), 1);
    client.give_up();
    client.send(&Request::Status, 0).unwrap();
    server.receive(client.output());
    assert_eq!(server.poll(), Some(Request::Status));
}

#[test]
fn the_smallest_server_hears_every_request_without_data_and_tells_every_problem() {
    for error in problems() {
        let mut client = Workstation::new(7, RETRY);
        let mut server = Server::<96, 160>::new();
        client.send(&Request::Describe, 0).unwrap();
        server.receive(client.output());
        assert!(server.poll().is_some());
        server.answer_with(error);
        client.receive(server.output());
        let Some(Ok(Reply::Problem(problem))) = client.reply() else { panic!("{error:?}") };
        assert_eq!((problem.code, problem.detail), (error.code(), error.detail()));
        assert!(error.to_string().starts_with(problem.text) && problem.text.len() > 10);
    }
    let largest = Server::<96, 256>::CHUNK_BYTES as usize;
    assert_eq!(largest, 96 - 14 - 11);
}

fn problems() -> [LinkError; 6] {
    [
        LinkError::NoSession {},
        LinkError::BadRequest { error: ampoule_abi::DecodeError::Trailing { bytes: usize::MAX } },
        LinkError::Version { found: 255 },
        LinkError::Offset { found: u32::MAX, expected: u32::MAX },
        LinkError::ChunkTooLong { end: u64::MAX, total: u32::MAX },
        LinkError::OtherHash {},
    ]
}

#[test]
fn a_long_cause_is_cut_between_two_characters() {
    for length in 0..300 {
        let text = "é".repeat(length);
        let told = Told::new("F04", 0, &format_args!("x{text}"));
        let said = told.problem().text;
        assert!(format!("x{text}").starts_with(said) && said.len() <= PROBLEM_TEXT_BYTES);
        assert!(said.len() + 1 >= PROBLEM_TEXT_BYTES.min(1 + 2 * length));
    }
    assert_eq!(Told::new("a code of sorts", 0, &"").problem().code, "a code o");
}

#[test]
fn a_list_that_lies_ends() {
    let mut numbers = Numbers::new(3);
    for _ in 0..10_000 {
        let length = numbers.below(100);
        let noise = numbers.bytes(length);
        let bytes = [&[length as u8][..], &noise].concat();
        let slots: Items<'_, SlotInfo<'_>> = Decode::decode(&bytes).unwrap();
        let events: Items<'_, Event<'_>> = Decode::decode(&bytes).unwrap();
        let lines: Items<'_, Line<'_>> = Decode::decode(&bytes).unwrap();
        let nothing: Items<'_, ()> = Decode::decode(&bytes).unwrap();
        for walked in [slots.iter().count(), events.iter().count(), lines.iter().count()] {
            assert!(walked <= length);
        }
        assert_eq!(nothing.iter().count(), usize::from(length > 0));
    }
}

#[test]
fn a_batch_takes_what_fits_and_no_half_of_anything() {
    let mut batch = Batch::<10>::new();
    let pushed = ["abc", "defgh", "i", "j"].map(|text| batch.push(&text));
    assert_eq!((pushed, batch.room()), ([true, true, false, false], 0));
    let items: Result<Vec<&str>, _> = batch.items().iter().collect();
    assert_eq!(items, Ok(vec!["abc", "defgh"]));
}
