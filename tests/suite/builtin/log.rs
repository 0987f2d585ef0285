//! Lines of the log.

use super::*;

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
