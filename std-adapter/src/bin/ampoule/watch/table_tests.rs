use super::draw;
use crate::watch::snapshot::{PluginLine, Snapshot, State};
use ampoule_std::{
    BreakerState, CallEnd, CallRecord, Config, Counters, FailureKind, Host, LoadError, PluginId,
    Source,
};
use core::error::Error;
use ratatui::{
    Terminal,
    backend::TestBackend,
    style::{Color, Modifier},
};
use std::collections::BTreeMap;

const MODULE: &[u8] = include_bytes!("../../../../../guests/prebuilt/json-transformer.wasm");

/// Ids come from hosts alone.
fn an_id() -> Result<PluginId, LoadError> {
    Host::<1>::new(Config::WORKSTATION, || 0).load(Source::new(MODULE))
}

fn counters(successes: u64, failures: u64, fuel: u64) -> Counters {
    let mut counters = Counters::default();
    let good = CallRecord { outcome: CallEnd::Success, fuel, duration: 1, memory_bytes: 1 };
    let bad = CallRecord { outcome: CallEnd::Failed(FailureKind::Trap), ..good };
    (0..successes).for_each(|_| counters.record(&good));
    (0..failures).for_each(|_| counters.record(&bad));
    counters
}

fn snapshot() -> Result<Snapshot, LoadError> {
    let id = an_id()?;
    let line = |name: &str, state, breaker, counters, memory_bytes, last: &str| PluginLine {
        id,
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        generation: id.generation(),
        state,
        counters,
        host_calls: BTreeMap::new(),
        memory_bytes,
        breaker,
        last: last.to_owned(),
    };
    let open = BreakerState::Open { until: 9_100_000 };
    Ok(Snapshot {
        dir: "plugins".to_owned(),
        now: 5_000_000,
        plugins: vec![
            line("blink", State::Idle, BreakerState::Closed, counters(120, 0, 300), 2048, ""),
            line(
                "sum",
                State::Busy(2),
                BreakerState::Closed,
                counters(31, 1, 41_000),
                65_536,
                "reloaded, from 1f0c77a2 to 9be04c11",
            ),
            line(
                "weather",
                State::Probation,
                open,
                counters(2, 5, 7_000_000),
                0,
                "a call was ended: F01",
            ),
        ],
        selected: Some(1),
        notes: [
            "plugins/blink.json: blink: loaded 6a09e667",
            "plugins/sum.json: sum: reloaded, from 1f0c77a2 to 9be04c11",
            "weather: a call was ended: F01",
            "weather: too many failures: no calls for 5 s",
        ]
        .map(str::to_owned)
        .into(),
    })
}

fn drawn(snapshot: &Snapshot, width: u16, height: u16) -> Result<String, Box<dyn Error>> {
    let mut terminal = Terminal::new(TestBackend::new(width, height))?;
    terminal.draw(|frame| draw(snapshot, frame.area(), frame.buffer_mut()))?;
    let cells: Vec<_> =
        terminal.backend().buffer().content().iter().map(|it| it.symbol()).collect();
    let lines = cells.chunks(usize::from(width)).map(|line| line.concat().trim_end().to_owned());
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

const TABLE: &str = "\
plugins   plugins: 3, calls: 159, failures: 6, fuel: 50,348,000
plugin  version  gen state       calls failures     fuel   memory breaker     last
blink   1.0.0      0 idle          120        0     36 k    2 KiB closed
sum     1.0.0      0 busy 2         32        1      1 M   64 KiB closed      reloaded, from 1f0c77a2 to 9be04
weather 1.0.0      0 probation       7        5     49 M      0 B open 5 s    a call was ended: F01
events────────────────────────────────────────────────────────────────────────────────────────────────────────
plugins/blink.json: blink: loaded 6a09e667
plugins/sum.json: sum: reloaded, from 1f0c77a2 to 9be04c11
weather: a call was ended: F01
weather: too many failures: no calls for 5 s

up, down: select   l: lift the breaker   r: roll back   q: end";

#[test]
fn the_table_shows_each_plugin_and_the_latest_events() -> Result<(), Box<dyn Error>> {
    assert_eq!(drawn(&snapshot()?, 110, 12)?, TABLE);
    Ok(())
}

#[test]
fn the_page_shows_this_table() {
    let page = include_str!("../../../../../docs/watching.md");
    assert!(page.contains(&format!("```text\n{TABLE}\n```\n")), "{TABLE}");
}

#[test]
fn what_is_selected_and_what_is_wrong_stands_out() -> Result<(), Box<dyn Error>> {
    let mut terminal = Terminal::new(TestBackend::new(110, 12))?;
    let snapshot = snapshot()?;
    terminal.draw(|frame| draw(&snapshot, frame.area(), frame.buffer_mut()))?;
    let buffer = terminal.backend().buffer();
    let is_selected = |line| buffer[(0, line)].modifier.contains(Modifier::REVERSED);
    assert_eq!([1, 2, 3, 4].map(is_selected), [false, false, true, false]);
    let reds = |line| (0..110).filter(|at| buffer[(*at, line)].fg == Color::Red).count();
    assert_eq!([2, 3, 4].map(|line| reds(line) > 0), [false, true, true]);
    Ok(())
}

#[test]
fn no_size_is_too_small_and_no_number_of_plugins_too_large() -> Result<(), Box<dyn Error>> {
    let mut many = snapshot()?;
    let first = many.plugins.first().cloned();
    many.plugins.extend(first.into_iter().cycle().take(1000));
    many.selected = Some(900);
    for width in [1, 2, 7, 20, 80, 300] {
        for height in 1..20 {
            drawn(&many, width, height)?;
            drawn(&Snapshot::default(), width, height)?;
        }
    }
    let shown = drawn(&many, 80, 24)?;
    assert!(shown.contains("events") && shown.contains("no calls for 5 s"), "{shown}");
    Ok(())
}
