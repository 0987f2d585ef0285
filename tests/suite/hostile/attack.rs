//! One attack: a module, what is done with it, and the verdict that is expected.
//!
//! An attack is a file `NAME.wat` (text) or `NAME.hex` (bytes in hexadecimal, for what no text can
//! make). Its first lines are directives, in comments of `;;` or `#`, up to a line that is none:
//!
//! | directive | value | if it is missing |
//! |---|---|---|
//! | `attack` | one sentence on what it tries | an error |
//! | `expect` | `load`, `call` or `unload`; a code or `ok`; words of the error or of the reply | an error |
//! | `limits` | `MICRO` or `WORKSTATION`, then changes such as `call_fuel=100` | `MICRO` |
//! | `meta` | `none`: no good meta section is appended | one is appended |
//! | `request` | the text that `attack` is called with | `()` |
//! | `reply` | `outcome`, `value`, `bytes`, `text` or `unit`: what it is to answer | `outcome` |
//! | `calls` | how often it is called; all but the last call succeed | 1 |

use crate::support::with_meta;
use ampoule::Limits;
use core::str::FromStr;
use std::{collections::BTreeMap, path::Path};

/// A module with its expected verdict.
pub(super) struct Attack {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) expect: Expect,
    pub(super) limits: Limits,
    pub(super) request: Option<String>,
    pub(super) reply: Reply,
    pub(super) calls: u32,
    pub(super) wasm: Vec<u8>,
}

/// The verdict that an attack is to meet.
pub(super) struct Expect {
    pub(super) stage: Stage,
    /// An error's code, or `ok`.
    pub(super) code: String,
    /// What the error, or the reply, is to contain.
    pub(super) words: String,
}

/// When the verdict falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Load,
    Call,
    Unload,
}

/// What the entry `attack` is bound to answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    Outcome,
    Value,
    Bytes,
    Text,
    Unit,
}

impl Attack {
    /// Reads a file; what is wrong with it is a panic that names it.
    pub(super) fn read(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_text = path.extension().is_some_and(|it| it == "wat");
        let head = Directives::of(&name, &text, if is_text { ";;" } else { "#" });
        let bytes = if is_text { of_text(&name, &text) } else { of_hex(&name, &text) };
        let attack = Self {
            what: head.needed("attack").to_owned(),
            expect: head.expect(),
            limits: head.limits(),
            request: head.get("request").map(str::to_owned),
            reply: head.reply(),
            calls: head.get("calls").map_or(1, |calls| head.number(calls)),
            wasm: if head.has_meta() { with_meta(bytes) } else { bytes },
            name: name.clone(),
        };
        head.check_names();
        attack
    }
}

/// The directives of a file.
struct Directives<'a> {
    file: &'a str,
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Directives<'a> {
    const NAMES: [&'static str; 7] =
        ["attack", "expect", "limits", "meta", "request", "reply", "calls"];

    fn of(file: &'a str, text: &'a str, comment: &str) -> Self {
        let lines = text.lines().map_while(|line| line.strip_prefix(comment));
        let pair = |line: &'a str| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| {
                panic!("{file}: \"{line}\" is no directive; end them with an empty line")
            });
            (name.trim(), value.trim())
        };
        Self { file, values: lines.map(pair).collect() }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.values.get(name).copied()
    }

    fn needed(&self, name: &str) -> &'a str {
        self.get(name).unwrap_or_else(|| panic!("{}: the directive {name} is missing", self.file))
    }

    fn wrong(&self, value: &str) -> ! {
        panic!("{}: what is \"{value}\"?", self.file)
    }

    fn number<T: FromStr>(&self, text: &str) -> T {
        text.parse().unwrap_or_else(|_| self.wrong(text))
    }

    fn check_names(&self) {
        if let Some(name) = self.values.keys().find(|name| !Self::NAMES.contains(name)) {
            self.wrong(name);
        }
    }

    fn expect(&self) -> Expect {
        let mut parts = self.needed("expect").splitn(3, ' ');
        let stage = match parts.next() {
            Some("load") => Stage::Load,
            Some("call") => Stage::Call,
            Some("unload") => Stage::Unload,
            other => self.wrong(other.unwrap_or_default()),
        };
        let mut text = || parts.next().unwrap_or_default().to_owned();
        Expect { stage, code: text(), words: text() }
    }

    fn limits(&self) -> Limits {
        let mut words = self.get("limits").unwrap_or("MICRO").split(' ');
        let mut limits = match words.next() {
            Some("MICRO") => Limits::MICRO,
            Some("WORKSTATION") => Limits::WORKSTATION,
            other => self.wrong(other.unwrap_or_default()),
        };
        words.for_each(|word| self.change(&mut limits, word));
        limits
    }

    fn change(&self, limits: &mut Limits, word: &str) {
        let (name, value) = word.split_once('=').unwrap_or_else(|| self.wrong(word));
        match name {
            "call_fuel" => limits.call_fuel = self.number(value),
            "slice_fuel" => limits.slice_fuel = self.number(value),
            "heap_bytes" => limits.heap_bytes = self.number(value),
            "memory_bytes" => limits.memory_bytes = self.number(value),
            "message_bytes" => limits.message_bytes = self.number(value),
            _ => self.wrong(word),
        }
    }

    fn has_meta(&self) -> bool {
        match self.get("meta") {
            None => true,
            Some("none") => false,
            Some(other) => self.wrong(other),
        }
    }

    fn reply(&self) -> Reply {
        match self.get("reply").unwrap_or("outcome") {
            "outcome" => Reply::Outcome,
            "value" => Reply::Value,
            "bytes" => Reply::Bytes,
            "text" => Reply::Text,
            "unit" => Reply::Unit,
            other => self.wrong(other),
        }
    }
}

fn of_text(name: &str, text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn of_hex(name: &str, text: &str) -> Vec<u8> {
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let bytes = code.flat_map(str::split_whitespace);
    let byte = |pair| {
        u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("{name}: \"{pair}\" is no byte"))
    };
    bytes.map(byte).collect()
}
