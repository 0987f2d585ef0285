//! The clock, and random numbers.

use super::*;

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
