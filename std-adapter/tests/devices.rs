//! The profiles of the firmware's boards say what the firmware is built with. That they are what the boards tell
//! of themselves, byte by byte, `cargo xtask link` shows.

use ampoule_std::{Limits, profile::Profile};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

/// What the firmware's policy is about: it has no use of it here.
mod board {
    pub(crate) fn idle() {}
}

/// The firmware's own policy.
#[path = "../../firmware-example/src/policy.rs"]
mod policy;

/// The operations of each service, in any order.
type Services = BTreeMap<String, BTreeSet<String>>;

const BOARDS: [(&str, &str); 3] =
    [("stm32f405", "stm32f405.rs"), ("mps2-an505", "mps2_an505.rs"), ("virt", "virt.rs")];

/// What the guard has of the plugins' stack: a limit register needs no room, but for its alignment.
fn guard(board: &str) -> u64 {
    if board == "mps2-an505" { 32 } else { 2048 }
}

fn firmware(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../firmware-example").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn profiles() -> impl Iterator<Item = (&'static str, &'static str, Profile)> {
    BOARDS.into_iter().map(|(board, source)| {
        let profile = Profile::parse(&firmware(&format!("devices/{board}.toml")));
        (board, source, profile.unwrap_or_else(|error| panic!("{board}: {error}")))
    })
}

/// The number behind `start`, as in `92 * 1024;` or `32K`.
fn number(text: &str, start: &str) -> u64 {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start}")).1;
    let line = rest.lines().next().unwrap_or_default().replace('K', " * 1024");
    let line = line.trim().trim_end_matches([';', '>', '}']);
    line.split('*').map(|part| part.trim().replace('_', "").parse::<u64>().unwrap()).product()
}

#[test]
fn limits_are_the_policys() {
    for (board, _, profile) in profiles() {
        assert_eq!(profile.limits, policy::CONFIG.policy.limits, "{board}");
    }
}

#[test]
fn services_are_those_that_the_policy_grants() {
    let rules = policy::CONFIG.policy.services.iter();
    let granted: Services = rules
        .map(|rule| (rule.service.to_owned(), rule.operations.iter().map(str::to_owned).collect()))
        .collect();
    assert!(granted.len() > 3);
    for (board, _, profile) in profiles() {
        let told = profile.services.into_iter();
        let told: Services = told.map(|(name, of)| (name, of.into_iter().collect())).collect();
        assert_eq!(told, granted, "{board}");
    }
}

#[test]
fn memory_and_slots_are_the_boards() {
    let share = number(&firmware("src/board/mod.rs"), "const HOST_BYTES: usize = ");
    let heap = number(&firmware("src/board/mod.rs"), "const HEAP_BYTES: usize = ");
    let stack = number(&firmware("src/board/mod.rs"), "const CELL_STACK_BYTES: usize = ");
    let slots = firmware("src/line.rs");
    for (board, source, profile) in profiles() {
        assert_eq!(profile.bits, 32, "{board}");
        assert_eq!(profile.heap_bytes, heap - share, "{board}");
        assert_eq!(u64::from(profile.stack_bytes), stack - guard(board), "{board}");
        assert!(slots.contains(&format!("Host<'static, {}>", profile.slots)), "{board}");
        let name = format!("NAME: &str = \"{}\"", profile.name);
        assert!(firmware(&format!("src/board/{source}")).contains(&name), "{board}");
    }
}

/// What the figures of the firmware say that the host, its store and a manifest take.
#[test]
fn the_hosts_share_is_enough() {
    const STORE: u64 = 1024 + (16 + 4) * 75;
    const MANIFEST: u64 = 2576;
    let said = firmware("expected.out");
    let host = said.split_once("# host: ").and_then(|(_, rest)| rest.split_once(' '));
    let host: u64 = host.and_then(|(bytes, _)| bytes.parse().ok()).expect("what the host takes");
    let share = number(&firmware("src/board/mod.rs"), "const HOST_BYTES: usize = ");
    assert!(host + STORE + MANIFEST <= share, "{host}");
}

#[test]
fn a_profile_that_is_written_is_read_again() {
    for (board, _, profile) in profiles() {
        assert_eq!(Profile::parse(&profile.to_toml()).unwrap(), profile, "{board}");
    }
    let (_, _, board) = profiles().next().unwrap();
    let limits = Limits { call_fuel: u64::MAX, ..Limits::WORKSTATION };
    let odd = Profile { limits, bits: 64, heap_bytes: u64::MAX, name: "\"]\\".into(), ..board };
    let read = Profile::parse(&odd.to_toml()).unwrap();
    // What TOML has no numbers for is as much as it has.
    assert_eq!((read.heap_bytes, read.limits.call_fuel), (i64::MAX as u64, i64::MAX as u64));
    let rest = Profile { heap_bytes: odd.heap_bytes, limits: odd.limits, ..read.clone() };
    assert_eq!((rest, read.limits.shape), (odd.clone(), odd.limits.shape));
}
