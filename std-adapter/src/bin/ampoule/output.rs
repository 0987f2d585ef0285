//! The way out: stdout for results, stderr for errors.

use crate::{json, problem::Problem, show::style};
use ampoule_std::{CommandError, escaped, write_json};
use anstream::AutoStream;
use core::fmt::Display;
use serde::Serialize;
use std::io::{self, BufWriter, ErrorKind, Write};

type Result<T> = core::result::Result<T, CommandError>;

/// Prints `text` with its colours to a terminal that wants them, without them elsewhere.
pub(crate) fn styled(text: &impl Display) -> Result<()> {
    finish(write(AutoStream::auto(io::stdout()), text))
}

/// Prints `text` as it is.
pub(crate) fn plain(text: &impl Display) -> Result<()> {
    finish(write(io::stdout(), text))
}

/// Prints `value` as JSON on one line.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    finish(line(io::stdout(), value))
}

/// As [`json`], and answers whether the reader is still there.
pub(crate) fn json_heard(value: &impl Serialize) -> Result<bool> {
    heard(line(io::stdout(), value))
}

/// As [`plain`], and answers whether the reader is still there.
pub(crate) fn plain_heard(text: &impl Display) -> Result<bool> {
    heard(write(io::stdout(), text))
}

/// As [`styled`], to stderr. There is no one left to tell when that fails.
pub(crate) fn styled_aside(text: &impl Display) {
    let _ = write(AutoStream::auto(io::stderr()), text);
}

/// As [`json`], to stderr. There is no one left to tell when that fails.
pub(crate) fn json_aside(value: &impl Serialize) {
    let _ = line(io::stderr(), value);
}

/// Prints an error to stderr, and to stdout as JSON where a program listens there.
pub(crate) fn problem(problem: &Problem, json: bool) {
    let code = style::paint(style::BAD, format!("error[{}]", problem.code));
    let text = format!("{code}: {}\n  cure: {}\n", escaped(&problem.cause), problem.cure);
    styled_aside(&text);
    if json {
        let _ = line(io::stdout(), &json::Failed::from(problem));
    }
}

fn write(out: impl Write, text: &impl Display) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    write!(out, "{text}")?;
    out.flush()
}

fn line(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    write_json(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}

fn heard(written: io::Result<()>) -> Result<bool> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        written => finish(written).map(|()| true),
    }
}

/// A reader that has seen enough is no error.
fn finish(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::Output { reason: error.to_string() })
        }
        _ => Ok(()),
    }
}
