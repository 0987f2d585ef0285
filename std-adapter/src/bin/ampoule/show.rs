//! Values and numbers as a person reads them.

use ampoule_std::{Outcome, Value, escaped};
use comfy_table::{Table, presets};
use core::fmt::{self, Display, Formatter};

/// Colours; they are left out where they aren't wanted.
pub(crate) mod style {
    use anstyle::{AnsiColor, Style};
    use core::fmt::Display;

    pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
    pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
    pub(crate) const HEADING: Style = Style::new().bold();

    pub(crate) fn paint(style: Style, text: impl Display) -> String {
        format!("{style}{text}{style:#}")
    }
}

/// An outcome: how it went, then its data as an indented tree.
pub(crate) struct Tree<'a>(pub(crate) &'a Outcome<'a>);

impl Display for Tree<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Outcome { success, data, error } = self.0;
        let verdict = if *success {
            style::paint(style::GOOD, "success")
        } else {
            style::paint(style::BAD, "failed")
        };
        f.write_str(&verdict)?;
        if let Some(error) = error {
            write!(f, ": {}", escaped(error))?;
        }
        f.write_str("\n")?;
        match data {
            Value::Null if error.is_some() => Ok(()),
            data => nested(f, INDENT, data),
        }
    }
}

/// Columns by which a level is further in than the one around it.
const INDENT: usize = 2;
/// The most bytes of a [`Value::Bytes`] that are shown.
const SHOWN_BYTES: usize = 32;

/// Writes lines of what `value` holds. Recursion is bounded: a decoded value is nested at most
/// `ampoule_abi::MAX_DEPTH` deep.
fn nested(f: &mut Formatter<'_>, indent: usize, value: &Value<'_>) -> fmt::Result {
    match value {
        Value::Map(map) if !map.is_empty() => map.iter().try_for_each(|(name, value)| {
            write!(f, "{:indent$}{}:", "", Name(name))?;
            after_label(f, indent, &value)
        }),
        Value::List(list) if !list.is_empty() => list.iter().try_for_each(|value| {
            write!(f, "{:indent$}-", "")?;
            after_label(f, indent, &value)
        }),
        scalar => writeln!(f, "{:indent$}{}", "", Scalar(scalar)),
    }
}

/// Writes what follows a name or a dash: a scalar on the same line, else lines further in.
fn after_label(f: &mut Formatter<'_>, indent: usize, value: &Value<'_>) -> fmt::Result {
    let holds_others = match value {
        Value::Map(map) => !map.is_empty(),
        Value::List(list) => !list.is_empty(),
        _ => false,
    };
    if holds_others {
        f.write_str("\n")?;
        nested(f, indent + INDENT, value)
    } else {
        writeln!(f, " {}", Scalar(value))
    }
}

/// A name, in quotes where it would look like something else without them.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_plain = |character: char| character.is_alphanumeric() || "_-.".contains(character);
        if !self.0.is_empty() && self.0.chars().all(is_plain) && !self.0.starts_with('-') {
            f.write_str(self.0)
        } else {
            Quoted(self.0).fmt(f)
        }
    }
}

struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for part in self.0.split_inclusive(['"', '\\']) {
            match part.char_indices().next_back() {
                Some((end, mark @ ('"' | '\\'))) => {
                    let (before, _) = part.split_at(end);
                    write!(f, "{}\\{mark}", escaped(before))?;
                }
                _ => escaped(part).fmt(f)?,
            }
        }
        f.write_str("\"")
    }
}

/// A value on one line.
struct Scalar<'a>(&'a Value<'a>);

impl Display for Scalar<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(it) => it.fmt(f),
            Value::Int(it) => it.fmt(f),
            // Unlike Display, Debug tells 1.0 from 1 and writes large ones with an exponent.
            Value::Float(it) => write!(f, "{it:?}"),
            Value::Str(it) => Quoted(it).fmt(f),
            Value::Bytes(it) => Bytes(it).fmt(f),
            Value::List(_) => f.write_str("[]"),
            Value::Map(_) => f.write_str("{}"),
        }
    }
}

/// How many bytes there are, and the first of them.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Display for Bytes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(bytes) = self;
        write!(f, "{} bytes", Grouped(bytes.len() as u64))?;
        f.write_str(if bytes.is_empty() { "" } else { ":" })?;
        bytes.iter().take(SHOWN_BYTES).try_for_each(|byte| write!(f, " {byte:02x}"))?;
        f.write_str(if bytes.len() > SHOWN_BYTES { " …" } else { "" })
    }
}

/// A heading, and rows in columns.
pub(crate) fn section<const N: usize>(
    f: &mut Formatter<'_>,
    heading: &str,
    rows: impl IntoIterator<Item = [String; N]>,
) -> fmt::Result {
    writeln!(f, "{}", style::paint(style::HEADING, heading))?;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).add_rows(rows);
    if table.is_empty() {
        return writeln!(f, "  none\n");
    }
    for column in table.column_iter_mut() {
        column.set_padding((2, 1));
    }
    writeln!(f, "{}\n", table.trim_fmt())
}

/// A number with its digits in groups of three.
#[derive(Clone, Copy)]
pub(crate) struct Grouped(pub(crate) u64);

impl Display for Grouped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.char_indices() {
            let left = digits.len() - at;
            let comma = if at > 0 && left.is_multiple_of(3) { "," } else { "" };
            write!(f, "{comma}{digit}")?;
        }
        Ok(())
    }
}

/// Text from outside that is to stay in its column: escaped, and cut after 40 characters.
pub(crate) fn cut(text: &str) -> String {
    let mut shown: String = escaped(text).to_string();
    if let Some((end, _)) = shown.char_indices().nth(SHOWN_CHARACTERS) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// The most of a name in a table.
const SHOWN_CHARACTERS: usize = 40;

/// A number in few digits: four of them, or three and a letter.
pub(crate) fn short(number: u64) -> String {
    if number < 10_000 { Grouped(number).to_string() } else { scaled(number, 1000, "kMGTPE", "") }
}

/// A number of bytes in few digits.
pub(crate) fn bytes(number: u64) -> String {
    if number < 1024 { format!("{number} B") } else { scaled(number, 1024, "KMGTPE", "iB") }
}

fn scaled(number: u64, step: u64, letters: &str, unit: &str) -> String {
    let mut divisor = 1_u64;
    for letter in letters.chars() {
        divisor = divisor.saturating_mul(step);
        if number / divisor < step {
            return format!("{} {letter}{unit}", number / divisor);
        }
    }
    // No u64 has more than the last letter can tell.
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Grouped, Tree, bytes, short};
    use ampoule_std::{List, Map, Outcome, Value};

    fn shown(outcome: Outcome<'_>) -> String {
        anstream::adapter::strip_str(&Tree(&outcome).to_string()).to_string()
    }

    #[test]
    fn data_is_an_indented_tree() {
        let inner = [Value::Null];
        let list = [
            Value::Int(-1),
            Value::List(List::from_slice(&inner)),
            Value::List(List::from_slice(&[])),
        ];
        let nested = [
            ("ok", Value::Bool(true)),
            ("two words", Value::Float(1.0)),
            ("", Value::Map(Map::from_slice(&[]))),
            ("list", Value::List(List::from_slice(&list))),
            ("raw", Value::Bytes(&[0, 255])),
        ];
        assert_eq!(
            shown(Outcome::success(Value::Map(Map::from_slice(&nested)))),
            "success\n  ok: true\n  \"two words\": 1.0\n  \"\": {}\n  list:\n    - -1\n    -\n      \
             - null\n    - []\n  raw: 2 bytes: 00 ff\n"
        );
    }

    #[test]
    fn every_outcome_tells_how_it_went() {
        let both = Outcome { success: true, data: Value::Int(1), error: Some("almost") };
        for (outcome, expected) in [
            (Outcome::success(Value::Null), "success\n  null\n"),
            (Outcome::success(Value::Str("hi")), "success\n  \"hi\"\n"),
            (Outcome::error("no such action"), "failed: no such action\n"),
            (Outcome { success: false, ..Outcome::default() }, "failed\n  null\n"),
            (both, "success: almost\n  1\n"),
        ] {
            assert_eq!(shown(outcome), expected);
        }
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_quotes_are_told_apart() {
        let entries =
            [("\u{1b}[1m", Value::Str("a\"b\\c\n\u{9b}d\\")), ("-", Value::Str("\u{202e}"))];
        let data = Value::Map(Map::from_slice(&entries));
        assert_eq!(
            shown(Outcome { success: false, data, error: Some("\u{7}\u{1b}c") }),
            "failed: \\u{7}\\u{1b}c\n  \"\\u{1b}[1m\": \"a\\\"b\\\\c\\n\\u{9b}d\\\\\"\n  \
             \"-\": \"\\u{202e}\"\n"
        );
    }

    #[test]
    fn long_bytes_are_cut_and_counted() {
        let shown = shown(Outcome::success(Value::Bytes(&[7; 1234])));
        assert!(shown.starts_with("success\n  1,234 bytes: 07 07") && shown.ends_with(" 07 …\n"));
        assert_eq!(shown.len(), "success\n  1,234 bytes:".len() + 32 * 3 + " …\n".len());
    }

    #[test]
    fn digits_are_in_groups_of_three() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(Grouped(number).to_string(), expected);
        }
    }

    #[test]
    fn numbers_stay_short() {
        for (number, expected) in [
            (0, "0"),
            (9_999, "9,999"),
            (10_000, "10 k"),
            (999_999, "999 k"),
            (1_000_000, "1 M"),
            (u64::MAX, "18 E"),
        ] {
            assert_eq!(short(number), expected);
        }
        for (number, expected) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (u64::MAX, "15 EiB")]
        {
            assert_eq!(bytes(number), expected);
        }
    }
}
