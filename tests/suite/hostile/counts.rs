//! Numbers that lie, in every section, and sections in every wrong place.

use super::{
    binary::{HEADER, module, small, vector},
    judge::REFUSAL_BYTES,
};
use crate::support::load;
use allocation_counter::measure;
use ampoule::{Diagnosis, Limits};

/// Sections that start with the number of their items.
const COUNTED: [u8; 10] = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11];
const HIGHEST: u8 = 12;

/// The code of a refusal, which takes hardly any heap.
fn refusal(wasm: &[u8]) -> &'static str {
    let mut code = "ok";
    let heap = measure(|| code = load(wasm, &Limits::MICRO).map_or_else(|it| it.code(), |_| "ok"));
    assert!(heap.bytes_max < REFUSAL_BYTES, "{code} took {} bytes", heap.bytes_max);
    code
}

fn assert_refused(wasm: &[u8], codes: &[&str]) {
    let code = refusal(wasm);
    assert!(codes.contains(&code), "{code} for {wasm:02x?}, expected one of {codes:?}");
}

#[test]
fn a_huge_count_is_refused_in_every_section_whatever_follows() {
    for id in COUNTED {
        for count in [u32::MAX as usize, 1 << 31, 1 << 24, 100_000] {
            for tail in [0, 1, 40] {
                for filler in [0x00, 0x60, 0x7f, 0xff] {
                    let content = vector(count, &vec![filler; tail]);
                    assert_refused(&module(&[(id, &content)]), &["A06", "A07", "A09"]);
                }
            }
        }
    }
}

#[test]
fn a_number_of_more_bytes_than_it_may_have_is_refused_everywhere() {
    for overlong in
        [&b"\x80\x80\x80\x80\x80\x00"[..], b"\xff\xff\xff\xff\x1f", b"\x80\x80\x80\x80\x40"]
    {
        for id in 1..=HIGHEST {
            assert_refused(&module(&[(id, overlong)]), &["A07"]);
            let length = [HEADER, &[id], overlong].concat();
            assert_refused(&length, &["A07"]);
        }
    }
}

#[test]
fn a_section_without_a_byte_is_refused() {
    for id in 0..=HIGHEST {
        assert_refused(&module(&[(id, &[])]), &["A06"]);
    }
}

#[test]
fn a_section_that_the_format_does_not_have_is_refused() {
    for id in HIGHEST + 1..=u8::MAX {
        assert_refused(&module(&[(id, &[])]), &["A08"]);
    }
}

/// Sections without items, which may all stand together.
fn empty(id: u8) -> (u8, &'static [u8]) {
    (id, b"\0")
}

/// The sections in their order; the start section is left out, for it is refused by itself.
const ORDER: [u8; 11] = [1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11];

#[test]
fn sections_stand_in_order_and_once() {
    assert_refused(&module(&ORDER.map(empty)), &["A12"]);
    for (at, first) in ORDER.into_iter().enumerate() {
        for second in ORDER.into_iter().take(at + 1) {
            assert_refused(&module(&[empty(first), empty(second)]), &["A08"]);
        }
    }
}

#[test]
fn a_byte_left_over_in_a_section_is_refused() {
    for id in ORDER {
        assert_refused(&module(&[(id, b"\0\0")]), &["A07"]);
    }
}

#[test]
fn a_section_that_reaches_past_the_end_is_refused() {
    for id in 0..=HIGHEST {
        for length in [&b"\x02"[..], b"\x7f", b"\xff\xff\x03", b"\xff\xff\xff\xff\x0f"] {
            let wasm = [HEADER, &[id], length, b"\0"].concat();
            assert_refused(&wasm, &["A06"]);
        }
    }
}

/// The specification allows zeros at the end of a number, up to its type's width.
#[test]
fn padded_lengths_mean_the_same() {
    let wasm = small();
    let mut padded = HEADER.to_vec();
    let mut rest = wasm.get(HEADER.len()..).expect("sections");
    while let [id, length, after @ ..] = rest {
        let (content, next) = after.split_at(usize::from(*length));
        padded.extend([*id, length | 0x80, 0x80, 0x80, 0x80, 0x00]);
        padded.extend_from_slice(content);
        rest = next;
    }
    assert!(load(&padded, &Limits::MICRO).is_ok());
}
