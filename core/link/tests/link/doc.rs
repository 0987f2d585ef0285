//! `docs/link.md` tells the truth: its bytes are the golden ones, its numbers those of the code.

use crate::golden;
use ampoule_link::{CRC_BYTES, Event, HEADER_BYTES, LINK_VERSION, LinkError, PROBLEM_TEXT_BYTES};
use core::fmt::Write;
use std::fs;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/link.md");

fn page() -> String {
    fs::read_to_string(PATH).unwrap()
}

/// The hex blocks of a page: their names and their bytes.
fn shown(page: &str) -> Vec<(&str, Vec<u8>)> {
    let mut shown = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("```hex ") {
            let block = lines.by_ref().take_while(|line| *line != "```");
            shown.push((name, block.flat_map(hex).collect()));
        }
    }
    shown
}

/// The bytes of a line in front of its semicolon.
fn hex(line: &str) -> Vec<u8> {
    let digits = line.split(';').next().unwrap_or_default().split_whitespace();
    digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}

#[test]
fn every_hex_block_is_golden_and_every_golden_message_is_shown() {
    let (page, lists) = (page(), golden::lists());
    let requests = golden::requests().into_iter().map(|(name, _, bytes)| (name, bytes.to_vec()));
    let replies =
        golden::replies(&lists).into_iter().map(|(name, _, bytes)| (name, bytes.to_vec()));
    let frames = golden::FRAMES.into_iter().map(|(name, bytes)| (name, bytes.to_vec()));
    let mut golden: Vec<_> = requests.chain(replies).chain(frames).collect();
    let mut shown = shown(&page);
    golden.sort();
    shown.sort();
    assert_eq!(shown, golden);
}

/// The page's table of errors, as the code has it.
fn errors() -> String {
    let mut table = "| code | name | cause | cure |\n|---|---|---|---|\n".to_owned();
    for row in LinkError::CATALOG {
        let (code, name, cause, cure) = (row.code, row.name, row.cause, row.cure);
        writeln!(table, "| `{code}` | `{name}` | {cause} | {cure} |").unwrap();
    }
    table
}

#[test]
fn the_table_of_errors_is_that_of_the_code() {
    let page = page();
    let (before, rest) = page.split_once("These are the link's own.\n\n").unwrap();
    let (found, after) = rest.split_once("\n## ").unwrap();
    if std::env::var_os("AMPOULE_BLESS").is_some() {
        let page = format!("{before}These are the link's own.\n\n{}\n## {after}", errors());
        fs::write(PATH, page).unwrap();
        return;
    }
    assert_eq!(found, errors(), "run `AMPOULE_BLESS=1 cargo test -p ampoule-link table`");
}

#[test]
fn every_code_is_the_next_number() {
    for (at, row) in LinkError::CATALOG.iter().enumerate() {
        assert_eq!(row.code, format!("N{:02}", at + 1), "{}", row.name);
        assert!(!row.cause.ends_with('.') && !row.cure.ends_with('.'), "{}", row.code);
    }
}

#[test]
fn the_numbers_are_those_of_the_code() {
    let page = page();
    for text in [
        format!("# The link, version {LINK_VERSION}"),
        format!("| {HEADER_BYTES} | n | message |"),
        format!("| {HEADER_BYTES} + n | {CRC_BYTES} | CRC |"),
        format!("at most {PROBLEM_TEXT_BYTES} bytes, cut"),
        format!("An event has at most {} bytes.", Event::MAX_BYTES),
        format!("in this order: `{}` |", ampoule::Limits::NAMES.join("`, `")),
        format!("no more than {0} services of {0} operations", ampoule::Services::MOST),
    ] {
        assert!(page.contains(&text), "{text} is not on the page");
    }
    assert_eq!(crate::reference::crc32(b"123456789"), 0xcbf4_3926);
}
