//! What is done with an attack, and what has to hold whatever it does.

use super::attack::{Attack, Reply, Stage};
use crate::support::load;
use allocation_counter::{AllocationInfo, measure, opt_out};
use ampoule::{CallError, Decode, Diagnosis, Limits, Outcome, Plugin, Value, inspect};
use core::fmt::Debug;
use serde::{Serialize, Serializer};

/// The most heap that a refusal may take: its names, and nothing of the engine's.
pub(super) const REFUSAL_BYTES: u64 = 4096;

/// Verdict, words and fuel of an attack: all that a caller can see of it.
pub(super) fn seen(attack: &Attack) -> (Stage, &'static str, String, u64) {
    let found = run(attack);
    (found.stage, found.code, found.words.0.clone(), found.fuel)
}

/// Runs an attack and tells what didn't go as expected.
pub(super) fn judge(attack: &Attack) -> Result<(), String> {
    let mut neighbour = Neighbour::new();
    let mut found = None;
    let heap = measure(|| found = Some(run(attack)));
    let found = found.ok_or("the attack did not run")?;
    let checks = [
        verdict(attack, &found),
        found.check_words(),
        check_heap(attack, &found, heap),
        check_judges_agree(attack, &found),
        neighbour.check_answers(),
    ];
    let complaints: Vec<_> = checks.into_iter().filter_map(Result::err).collect();
    if complaints.is_empty() {
        return Ok(());
    }
    Err(format!("{}: {}\n  {}", attack.name, attack.what, complaints.join("\n  ")))
}

/// A text of the test's own: no heap that an attack is blamed for.
#[derive(Debug, Default)]
struct Words(String);

impl Words {
    fn of(make: impl FnOnce() -> String) -> Self {
        let mut words = Self::default();
        opt_out(|| words.0 = make());
        words
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        opt_out(|| drop(core::mem::take(&mut self.0)));
    }
}

/// How an attack ended.
#[derive(Debug)]
struct Found {
    stage: Stage,
    code: &'static str,
    /// What the error says, or the reply.
    words: Words,
    /// What is wrong apart from the verdict.
    complaint: Option<String>,
    /// Fuel of the last call.
    fuel: u64,
}

impl Found {
    fn ok(words: Words) -> Self {
        Self { stage: Stage::Call, code: "ok", words, complaint: None, fuel: 0 }
    }

    fn error(stage: Stage, error: &impl Diagnosis) -> Self {
        let words = Words::of(|| error.to_string());
        Self { stage, code: error.code(), words, complaint: None, fuel: 0 }
    }

    fn complaining(mut self, complaint: Result<(), String>) -> Self {
        self.complaint = complaint.err();
        self
    }

    /// An operator's terminal shows the words as they are.
    fn check_words(&self) -> Result<(), String> {
        if self.words.0.chars().any(char::is_control) {
            return Err(format!("control characters in {:?}", self.words.0));
        }
        self.complaint.clone().map_or(Ok(()), Err)
    }

    /// Refused by the host's own scan, before the engine saw a byte.
    fn is_refused_by_scan(&self) -> bool {
        self.stage == Stage::Load && ("A01"..="A30").contains(&self.code)
    }
}

fn verdict(attack: &Attack, found: &Found) -> Result<(), String> {
    let expected = &attack.expect;
    let stage_and_code = (found.stage, found.code) == (expected.stage, expected.code.as_str());
    if stage_and_code && found.words.0.contains(&expected.words) {
        return Ok(());
    }
    let (stage, code, words) = (expected.stage, &expected.code, &expected.words);
    Err(format!(
        "expected {stage:?} {code} {words}\n  found    {:?} {} {}",
        found.stage, found.code, found.words.0
    ))
}

fn run(attack: &Attack) -> Found {
    let mut plugin = match load(&attack.wasm, &attack.limits) {
        Ok(plugin) => plugin,
        Err(error) => return Found::error(Stage::Load, &error),
    };
    let called = call_all(&mut plugin, attack);
    let fuel = plugin.usage().fuel;
    let found = match called {
        Ok(words) => Found::ok(words),
        Err(error) => {
            let goes_on = check_goes_on(&mut plugin, &error);
            Found::error(Stage::Call, &error).complaining(goes_on)
        }
    };
    match plugin.unload() {
        Err(error) if found.code == "ok" => Found::error(Stage::Unload, &error),
        _ => Found { fuel, ..found },
    }
}

fn has(plugin: &Plugin, name: &str) -> bool {
    plugin.entries().any(|entry| entry == name)
}

/// Calls `attack` as often as is asked, and answers the last reply in words.
fn call_all(plugin: &mut Plugin, attack: &Attack) -> Result<Words, CallError> {
    if !has(plugin, "attack") {
        return Ok(Words::default());
    }
    for _ in 1..attack.calls {
        call(plugin, "attack", attack.reply, &attack.request)?;
    }
    call(plugin, "attack", attack.reply, &attack.request)
}

fn call(
    plugin: &mut Plugin,
    entry: &str,
    reply: Reply,
    request: &Option<String>,
) -> Result<Words, CallError> {
    match reply {
        Reply::Outcome => ask::<Outcome<'_>>(plugin, entry, request),
        Reply::Value => ask::<Value<'_>>(plugin, entry, request),
        Reply::Bytes => ask::<&[u8]>(plugin, entry, request),
        Reply::Text => ask::<&str>(plugin, entry, request),
        Reply::Unit => ask::<()>(plugin, entry, request),
    }
}

/// Calls an entry and walks all of its reply.
fn ask<'p, R: Decode<'p> + Debug>(
    plugin: &'p mut Plugin,
    entry: &str,
    request: &Option<String>,
) -> Result<Words, CallError> {
    let entry = plugin.bind::<Request<'_>, R>(entry).expect("the entry is there");
    let reply = plugin.call(&entry, &Request(request))?;
    Ok(Words::of(|| format!("{reply:?}")))
}

/// A text, or `()` where there is none.
struct Request<'a>(&'a Option<String>);

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_unit(),
        }
    }
}

/// After a fault the next call makes a fresh instance; after a refusal the same one goes on.
fn check_goes_on(plugin: &mut Plugin, error: &CallError) -> Result<(), String> {
    let before = plugin.usage().instances;
    if !has(plugin, "fine") {
        return Ok(());
    }
    let fine = call(plugin, "fine", Reply::Unit, &None);
    let fresh = plugin.usage().instances - before;
    let expected = u32::from(matches!(error, CallError::Fault(_)));
    if fine.is_err() || fresh != expected {
        return Err(format!("then \"fine\" gave {fine:?} on {fresh} fresh instances"));
    }
    Ok(())
}

fn check_heap(attack: &Attack, found: &Found, heap: AllocationInfo) -> Result<(), String> {
    if (heap.bytes_current, heap.count_current) != (0, 0) {
        return Err(format!("{} bytes of heap are left behind", heap.bytes_current));
    }
    if found.is_refused_by_scan() && heap.bytes_max >= REFUSAL_BYTES {
        return Err(format!("the refusal took {} bytes of heap", heap.bytes_max));
    }
    check_heap_bound(&attack.wasm, &attack.limits, heap)
}

/// No more heap than admission promised, where it admitted.
pub(super) fn check_heap_bound(
    wasm: &[u8],
    limits: &Limits,
    heap: AllocationInfo,
) -> Result<(), String> {
    let Ok(inspection) = inspect(wasm, limits) else { return Ok(()) };
    let bound = inspection.heap.total();
    if inspection.verdict.is_ok() && heap.bytes_max > bound {
        return Err(format!("{} bytes of heap, the bound is {bound}", heap.bytes_max));
    }
    Ok(())
}

/// `check` says what `load` says, and `inspect` too where it can read the module.
fn check_judges_agree(attack: &Attack, found: &Found) -> Result<(), String> {
    let check = Plugin::check(&attack.wasm, &attack.limits);
    let code = check.as_ref().err().map_or("ok", Diagnosis::code);
    let refused = found.stage == Stage::Load && found.code.starts_with('A');
    if code != if refused { found.code } else { "ok" } {
        return Err(format!("check says {code}"));
    }
    match inspect(&attack.wasm, &attack.limits) {
        Ok(inspection) if inspection.verdict != check => {
            Err(format!("inspect says {:?}", inspection.verdict))
        }
        _ => Ok(()),
    }
}

/// A plugin that was there before the attack.
pub(super) struct Neighbour(Plugin);

impl Neighbour {
    pub(super) fn new() -> Self {
        Self(load(&super::binary::echo(), &Limits::MICRO).expect("the echo is a good plugin"))
    }

    /// It answers what it is asked, as before.
    pub(super) fn check_answers(&mut self) -> Result<(), String> {
        let echo = self.0.bind::<str, &str>("echo").map_err(|error| error.to_string())?;
        match self.0.call(&echo, "still here") {
            Ok("still here") => Ok(()),
            other => Err(format!("the neighbour answered {other:?}")),
        }
    }
}
