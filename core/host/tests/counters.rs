//! What counters add up to, where they stop, and how they are written.

use ampoule::{
    BreakerRefusal, CallEnd, CallRecord, Counters, DecodeError, FailureKind, Failures, Fault,
    HeapUse, Histogram, Micros, RefusalKind, Refusals, Text, Trap,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde::Serialize;
use serde_json::{Value, json};

fn call(outcome: CallEnd, fuel: u64, duration: Micros, memory_bytes: usize) -> CallRecord {
    CallRecord { outcome, fuel, duration, memory_bytes }
}

fn counted(calls: &[CallRecord]) -> Counters {
    let mut counters = Counters::default();
    calls.iter().for_each(|call| counters.record(call));
    counters
}

/// A bit of everything.
fn busy() -> Counters {
    let mut counters = counted(&[
        call(CallEnd::Success, 1_000, 90, 4_096),
        call(CallEnd::FailureReply, 300, 401, 8_192),
        call(CallEnd::Failed(FailureKind::Trap), 20, 7_000, 8_192),
        call(CallEnd::Failed(FailureKind::OutOfFuel), 5_000, 200_000_000, 4_096),
    ]);
    counters.record_refusal(RefusalKind::QueueFull);
    counters.record_instance();
    counters.record_instance();
    counters.record_reload();
    counters.record_host_calls(3);
    counters.record_host_calls(200);
    counters.record_heap(HeapUse { live: 10, most: 24_000 });
    counters.record_heap(HeapUse { live: 20_000, most: 23_000 });
    counters
}

#[test]
fn each_fault_has_its_kind() {
    let (message, error) = (Text::default(), DecodeError::Truncated);
    let table = [
        (Fault::OutOfFuel { budget: 1 }, FailureKind::OutOfFuel),
        (Fault::StackExhausted {}, FailureKind::StackExhausted),
        (Fault::Trap { trap: Trap::Unreachable }, FailureKind::Trap),
        (Fault::Panic { message }, FailureKind::Panic),
        (Fault::ReplyBits { bits: 1 }, FailureKind::BadReply),
        (Fault::ReplyOutside { address: 1, length: 1, memory: 1 }, FailureKind::BadReply),
        (Fault::ReplyTooLarge { length: 1, allowed: 1 }, FailureKind::BadReply),
        (Fault::ReplyMalformed { error }, FailureKind::BadReply),
        (Fault::FailureMalformed { error }, FailureKind::BadReply),
        (Fault::Mailbox { address: 1, capacity: 1, memory: 1 }, FailureKind::BadMailbox),
        (Fault::OutOfMemory {}, FailureKind::NoMemory),
        (Fault::Engine {}, FailureKind::Engine),
        (Fault::Deadline {}, FailureKind::Deadline),
        (Fault::Exit { code: 1 }, FailureKind::Exit),
    ];
    assert_eq!(table.len(), Fault::CATALOG.len());
    for (fault, kind) in table {
        assert_eq!(FailureKind::of(&fault), kind, "{fault}");
    }
}

#[test]
fn a_breakers_refusal_has_its_kind() {
    for (refusal, kind) in [
        (BreakerRefusal::Open { until: 1 }, RefusalKind::BreakerOpen),
        (BreakerRefusal::Probing, RefusalKind::BreakerOpen),
        (BreakerRefusal::Quarantined, RefusalKind::Quarantined),
    ] {
        assert_eq!(RefusalKind::from(refusal), kind);
    }
}

#[test]
fn each_kind_is_counted_for_itself_and_written_under_its_own_name() {
    for &kind in FailureKind::ALL {
        let counters = counted(&[call(CallEnd::Failed(kind), 0, 0, 0)]);
        assert_eq!((counters.failures.get(kind), counters.failures.total()), (1, 1));
        assert_eq!(counters.last_failure, Some(kind));
        let name = serde_json::to_value(kind).unwrap();
        assert_eq!(serde_json::to_value(counters.failures).unwrap()[name.as_str().unwrap()], 1);
    }
    for &kind in RefusalKind::ALL {
        let mut counters = Counters::default();
        counters.record_refusal(kind);
        assert_eq!((counters.refusals.get(kind), counters.refusals.total()), (1, 1));
        let name = serde_json::to_value(kind).unwrap();
        assert_eq!(serde_json::to_value(counters.refusals).unwrap()[name.as_str().unwrap()], 1);
        counters.refusals = Refusals::default();
        assert_eq!(counters, Counters::default(), "no call that ran");
    }
}

#[test]
fn a_duration_falls_into_the_first_bucket_that_takes_it() {
    let bounds: [Micros; 11] = [
        100,
        400,
        1_600,
        6_400,
        25_600,
        102_400,
        409_600,
        1_638_400,
        6_553_600,
        26_214_400,
        104_857_600,
    ];
    for (bucket, &longest) in bounds.iter().enumerate() {
        assert_eq!(Histogram::longest(bucket), Some(longest));
        for (duration, expected) in
            [(longest - 1, bucket), (longest, bucket), (longest + 1, bucket + 1)]
        {
            let counters = counted(&[call(CallEnd::Success, 0, duration, 0)]);
            let mut buckets = [0; Histogram::BUCKETS];
            buckets[expected] = 1;
            assert_eq!(counters.durations.buckets(), &buckets, "{duration} µs");
        }
    }
    assert_eq!(Histogram::longest(11), None);
    assert_eq!(Histogram::longest(usize::MAX), None);
    let edges = counted(&[0, Micros::MAX].map(|edge| call(CallEnd::Success, 0, edge, 0)));
    assert_eq!(edges.durations.buckets(), &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
}

/// A tally's names, each with this number.
fn each(tally: impl Serialize, number: u64) -> Value {
    let named = serde_json::to_value(tally).unwrap();
    named.as_object().unwrap().keys().map(|name| (name.clone(), Value::from(number))).collect()
}

/// Counters of which each number is so far from its maximum.
fn full_but(short: u32) -> Counters {
    let (wide, narrow) = (u64::MAX - u64::from(short), u32::MAX - short);
    serde_json::from_value(json!({
        "calls": wide, "successes": wide, "failure_replies": wide,
        "failures": each(Failures::default(), narrow.into()),
        "last_failure": null,
        "refusals": each(Refusals::default(), wide),
        "fuel_total": wide, "fuel_most": wide,
        "duration_total": wide, "duration_most": wide,
        "durations": vec![wide; Histogram::BUCKETS],
        "memory_most_bytes": narrow, "instances": narrow, "reloads": narrow,
        "host_calls": wide, "heap_bytes": narrow, "heap_most_bytes": narrow,
    }))
    .unwrap()
}

/// Counts one of everything.
fn count_everything(counters: &mut Counters) {
    let most = |outcome| call(outcome, u64::MAX, Micros::MAX, usize::MAX);
    counters.record(&most(CallEnd::Success));
    counters.record(&most(CallEnd::FailureReply));
    for &kind in FailureKind::ALL {
        counters.record(&most(CallEnd::Failed(kind)));
    }
    for bucket in 0..Histogram::BUCKETS - 1 {
        counters.record(&call(CallEnd::Success, 0, Histogram::longest(bucket).unwrap(), 0));
    }
    RefusalKind::ALL.iter().for_each(|&kind| counters.record_refusal(kind));
    counters.record_instance();
    counters.record_reload();
    counters.record_host_calls(u64::MAX);
    counters.record_heap(HeapUse { live: usize::MAX, most: usize::MAX });
}

#[test]
fn every_number_stops_at_its_maximum() {
    for short in [0, 1] {
        let mut counters = full_but(short);
        count_everything(&mut counters);
        assert_eq!(counters.last_failure.take(), FailureKind::ALL.last().copied());
        assert_eq!(counters, full_but(0), "short by {short}");
        assert_eq!(counters.failures.total(), u64::from(u32::MAX) * FailureKind::ALL.len() as u64);
        assert_eq!(counters.refusals.total(), u64::MAX);
    }
}

#[test]
fn json_names_every_number() {
    let expected = json!({
        "calls": 4, "successes": 1, "failure_replies": 1,
        "failures": {
            "trap": 1, "out_of_fuel": 1, "deadline": 0, "stack_exhausted": 0, "panic": 0,
            "bad_reply": 0, "bad_mailbox": 0, "init": 0, "exit": 0, "no_memory": 0, "engine": 0,
            "cancelled": 0,
        },
        "last_failure": "out_of_fuel",
        "refusals": { "breaker_open": 0, "quarantined": 0, "queue_full": 1, "request": 0 },
        "fuel_total": 6_320, "fuel_most": 5_000,
        "duration_total": 200_007_491, "duration_most": 200_000_000,
        "durations": [1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1],
        "memory_most_bytes": 8_192, "instances": 2, "reloads": 1,
        "host_calls": 203, "heap_bytes": 20_000, "heap_most_bytes": 24_000,
    });
    let text = serde_json::to_string(&busy()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    assert_eq!(serde_json::from_str::<Counters>(&text).unwrap(), busy());
}

#[test]
fn postcard_writes_the_same_bytes_as_ever() {
    #[rustfmt::skip]
    let golden: &[u8] = &[
        4, 1, 1, // calls, successes, failure replies
        1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // failures
        1, 1, // the last one: some, the second kind
        0, 0, 1, 0, // refusals
        0xb0, 0x31, 0x88, 0x27, // fuel: 6,320 and 5,000
        0xc3, 0xbe, 0xaf, 0x5f, 0x80, 0x84, 0xaf, 0x5f, // durations: 200,007,491 and 200,000,000
        1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, // buckets
        0x80, 0x40, 2, 1, // memory, instances, reloads
        0xcb, 0x01, // host calls
        0xa0, 0x9c, 0x01, 0xc0, 0xbb, 0x01, // heap: 20,000 and 24,000
    ];
    let mut buffer = [0; 512];
    assert_eq!(postcard::to_slice(&busy(), &mut buffer).unwrap(), golden);
    assert_eq!(postcard::from_bytes::<Counters>(golden).unwrap(), busy());
}

fn outcome() -> impl Strategy<Value = CallEnd> {
    prop_oneof![
        Just(CallEnd::Success),
        Just(CallEnd::FailureReply),
        select(FailureKind::ALL).prop_map(CallEnd::Failed),
    ]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..1_000_000_000, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

prop_compose! {
    fn record()(outcome in outcome(), fuel in number(), duration in number(), memory in any::<u32>())
        -> CallRecord
    {
        call(outcome, fuel, duration, memory as usize)
    }
}

proptest! {
    #[test]
    fn sums_are_the_same_in_any_order(
        (calls, shuffled) in vec(record(), 0..40)
            .prop_flat_map(|calls| (Just(calls.clone()), Just(calls).prop_shuffle())),
    ) {
        let mut counters = [counted(&calls), counted(&shuffled)];
        counters.iter_mut().for_each(|counters| counters.last_failure = None);
        prop_assert_eq!(counters[0], counters[1]);
    }

    #[test]
    fn what_two_copies_did_adds_up_to_what_one_would_have(
        calls in vec(record(), 0..40),
        cut in 0..40_usize,
        refused in vec(select(RefusalKind::ALL), 0..8),
        uses in vec(number(), 0..8),
        renewed in 0..4_usize,
    ) {
        let (here, there) = calls.split_at(cut.min(calls.len()));
        let (mut one, mut sum, mut other) = (counted(&calls), counted(here), counted(there));
        let copies = [&mut sum, &mut other];
        for (at, copy) in copies.into_iter().enumerate() {
            refused.iter().skip(at).step_by(2).for_each(|kind| copy.record_refusal(*kind));
            uses.iter().skip(at).step_by(2).for_each(|uses| copy.record_host_calls(*uses));
            (0..renewed + at).for_each(|_| { copy.record_instance(); copy.record_reload(); });
        }
        refused.iter().for_each(|kind| one.record_refusal(*kind));
        uses.iter().for_each(|uses| one.record_host_calls(*uses));
        (0..=2 * renewed).for_each(|_| { one.record_instance(); one.record_reload(); });
        sum.merge(&other);
        prop_assert_eq!(sum, one);
    }

    #[test]
    fn every_call_is_in_each_sum_once(calls in vec(record(), 0..40)) {
        let counters = counted(&calls);
        let ended = counters.successes + counters.failure_replies + counters.failures.total();
        prop_assert_eq!(counters.calls, calls.len() as u64);
        prop_assert_eq!(ended, counters.calls);
        prop_assert_eq!(counters.durations.buckets().iter().sum::<u64>(), counters.calls);

        let sum = |of: fn(&CallRecord) -> u64| {
            let sum = calls.iter().map(|call| u128::from(of(call))).sum::<u128>();
            u64::try_from(sum).unwrap_or(u64::MAX)
        };
        prop_assert_eq!(counters.fuel_total, sum(|call| call.fuel));
        prop_assert_eq!(counters.duration_total, sum(|call| call.duration));
        prop_assert_eq!(counters.fuel_most, calls.iter().map(|call| call.fuel).max().unwrap_or(0));
        let longest = calls.iter().map(|call| call.duration).max().unwrap_or(0);
        prop_assert_eq!(counters.duration_most, longest);
        let memory = calls.iter().map(|call| call.memory_bytes).max().unwrap_or(0);
        prop_assert_eq!(counters.memory_most_bytes as usize, memory);
    }
}
