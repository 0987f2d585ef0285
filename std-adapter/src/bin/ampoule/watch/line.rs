//! Calls as lines of JSON: how they are asked, and how they are answered.

use crate::{args::Pairs, json::Failed, problem::Problem};
use ampoule_abi::export;
use ampoule_std::{Outcome, escaped, owned, watch::WatchCommandError};
use core::fmt::{self, Formatter};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
};
use std::io::{self, BufRead, Read as _};

/// More than any message that a workstation's limits let through.
pub(super) const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// A call that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) plugin: String,
    pub(super) entry: String,
    pub(super) context: owned::Context,
    /// Whether it came as a line of the input.
    pub(super) is_line: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    plugin: String,
    entry: Option<String>,
    #[serde(default, deserialize_with = "texts")]
    parameters: Pairs,
    #[serde(default, deserialize_with = "texts")]
    headers: Pairs,
    request_id: Option<String>,
}

/// Reads a call; without an id of its own it has the line's number.
pub(super) fn parse(line: u64, bytes: &[u8]) -> Result<Ask, WatchCommandError> {
    let written: Written = serde_json::from_slice(bytes).map_err(|error| {
        WatchCommandError::Line { line, reason: escaped(&error.to_string()).to_string() }
    })?;
    let Written { plugin, entry, parameters, headers, request_id } = written;
    let request_id = request_id.unwrap_or_else(|| format!("line-{line}"));
    Ok(Ask {
        plugin,
        entry: entry.unwrap_or_else(|| export::EXECUTE.to_owned()),
        context: owned::Context { request_id, headers, parameters },
        is_line: true,
    })
}

/// An object of strings, in the order in which it is written.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Pairs;

        fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
            f.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
            let mut pairs = Pairs::new();
            while let Some((name, text)) = map.next_entry::<String, String>()? {
                // A plugin would see the first one only.
                if pairs.iter().any(|(before, _)| *before == name) {
                    return Err(A::Error::custom(format!("`{name}` is there twice")));
                }
                pairs.push((name, text));
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Texts)
}

/// Gives each line with its number until `take` wants no more; one that is too long is told and left out.
/// Empty ones are counted and left out.
pub(super) fn read(
    mut input: impl BufRead,
    mut take: impl FnMut(u64, Result<Vec<u8>, WatchCommandError>) -> bool,
) -> io::Result<()> {
    for line in 1_u64.. {
        let mut bytes = Vec::new();
        let most = MAX_LINE_BYTES as u64 + 1;
        if input.by_ref().take(most).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let is_whole = bytes.ends_with(b"\n") || bytes.len() <= MAX_LINE_BYTES;
        let read = if is_whole {
            Ok(bytes)
        } else {
            input.skip_until(b'\n')?;
            Err(WatchCommandError::LineTooLong { line, allowed: MAX_LINE_BYTES })
        };
        if read.as_ref().is_ok_and(|bytes| bytes.trim_ascii().is_empty()) {
            continue;
        }
        if !take(line, read) {
            break;
        }
    }
    Ok(())
}

/// What a call has come to, as its line of JSON.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    #[serde(flatten)]
    end: End<'a>,
    plugin: Option<&'a str>,
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum End<'a> {
    Outcome(&'a Outcome<'a>),
    Problem(Failed<'a>),
}

impl<'a> Answer<'a> {
    pub(super) fn outcome(ask: &'a Ask, outcome: &'a Outcome<'a>) -> Self {
        Self::to(Some(ask), End::Outcome(outcome))
    }

    /// Of a line that is no call nobody knows the plugin.
    pub(super) fn problem(ask: Option<&'a Ask>, problem: &'a Problem) -> Self {
        Self::to(ask, End::Problem(Failed::from(problem)))
    }

    fn to(ask: Option<&'a Ask>, end: End<'a>) -> Self {
        let plugin = ask.map(|ask| ask.plugin.as_str());
        Self { end, plugin, request_id: ask.map(|ask| ask.context.request_id.as_str()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ask, MAX_LINE_BYTES, parse, read};
    use ampoule_std::owned;
    use std::io::{self, Cursor};

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn a_line_says_what_is_to_be_called() {
        let full = br#"{"request_id":"7","headers":{"h":"x"},"parameters":{"b":"1","a":"\u00e9"},
            "entry":"other","plugin":"sum"}"#;
        let expected = Ask {
            plugin: "sum".to_owned(),
            entry: "other".to_owned(),
            context: owned::Context {
                request_id: "7".to_owned(),
                headers: vec![pair("h", "x")],
                parameters: vec![pair("b", "1"), pair("a", "é")],
            },
            is_line: true,
        };
        assert_eq!(parse(1, full), Ok(expected));
        let short =
            parse(3, br#" {"plugin":"sum"} "#).map(|ask| (ask.entry, ask.context.request_id));
        assert_eq!(short, Ok(("execute".to_owned(), "line-3".to_owned())));
    }

    #[test]
    fn a_line_that_says_anything_else_is_refused() {
        let deep = "[".repeat(100_000);
        for (line, told) in [
            ("", "EOF"),
            ("null", "invalid type"),
            ("{}", "missing field `plugin`"),
            (r#"{"plugin":"a"}{"plugin":"b"}"#, "trailing characters"),
            (r#"{"plugin":"a","plugin":"b"}"#, "duplicate field"),
            (r#"{"plugin":"a","params":{}}"#, "unknown field `params`"),
            (r#"{"plugin":"a","parameters":{"n":1}}"#, "expected a string"),
            (r#"{"plugin":"a","parameters":{"n":"1","n":"2"}}"#, "`n` is there twice"),
            (r#"{"plugin":"a","parameters":["n"]}"#, "an object of strings"),
            ("{\"plugin\":\"\u{1b}[2J\"}", "control character"),
            (&deep, "invalid type"),
        ] {
            let refused = parse(9, line.as_bytes()).map_err(|error| error.to_string());
            let Err(refused) = refused else { unreachable!("{line} was taken") };
            assert!(
                refused.starts_with("line 9 isn't a call: ") && refused.contains(told),
                "{refused}"
            );
        }
        assert!(parse(1, b"{\"plugin\":\"\xff\"}").is_err());
    }

    #[test]
    fn lines_are_counted_and_those_that_are_too_long_cost_no_other() -> io::Result<()> {
        let long = "x".repeat(MAX_LINE_BYTES);
        let input = format!("a\n\n  \r\n{long}\n{long}y\nb\n{long}yz");
        let mut told = Vec::new();
        read(Cursor::new(input), |line, bytes| {
            told.push((line, bytes.map(|bytes| bytes.len()).map_err(|_| "too long")));
            true
        })?;
        let whole = Ok(MAX_LINE_BYTES + 1);
        let too_long = Err("too long");
        assert_eq!(told, [(1, Ok(2)), (4, whole), (5, too_long), (6, Ok(2)), (7, too_long)]);
        Ok(())
    }

    #[test]
    fn a_last_line_needs_no_end() -> io::Result<()> {
        let mut told = Vec::new();
        read(Cursor::new("a\nb"), |line, bytes| {
            told.push((line, bytes));
            line < 2
        })?;
        assert_eq!(told, [(1, Ok(b"a\n".to_vec())), (2, Ok(b"b".to_vec()))]);
        Ok(())
    }
}
