//! `ampoule manifest`: what a manifest asks for and what is left of it, and one to begin with.

use crate::{
    args::Check,
    output,
    problem::{Problem, Status},
    show::{Grouped, section, style},
};
use ampoule_std::{
    FileError, Grant, Manifest, ManifestError, Policy, PolicyFile, escaped,
    manifest::MAX_DOCUMENT_BYTES,
    policy::{Item, Row, Verdict},
    read_capped,
};
use core::fmt::{self, Display, Formatter};
use serde::Serialize;
use std::path::Path;

type Result<T> = core::result::Result<T, Problem>;

/// One byte more than the parser takes: it is the parser that refuses what just doesn't fit.
const MAX_FILE_BYTES: u32 = MAX_DOCUMENT_BYTES as u32 + 1;

pub(crate) fn check(args: &Check) -> Result<Status> {
    let papers = Papers::read(&args.file, args.policy.as_deref())?;
    let policy = papers.policy();
    let policy_path = args.policy.as_deref().map(Path::to_string_lossy);
    let report = Report {
        manifest: &papers.manifest,
        grant: Grant::new(&papers.manifest, &policy),
        policy: policy_path.as_deref(),
    };
    if args.json {
        output::json(&Checked::new(&report))?;
    } else {
        // The last section needs no blank line after it.
        output::styled(&format!("{}\n", report.to_string().trim_end()))?;
    }
    Ok(Status::Done)
}

/// Prints a manifest for the plugin `name`, which has to be a good name.
pub(crate) fn new(name: &str) -> Result<Status> {
    output::plain(&Beginning(name))?;
    Ok(Status::Done)
}

/// A manifest, and the policy to cut it by.
pub(crate) struct Papers {
    pub(crate) manifest: Manifest,
    policy: Option<PolicyFile>,
}

impl Papers {
    pub(crate) fn read(manifest: &Path, policy: Option<&Path>) -> Result<Self> {
        Ok(Self {
            manifest: document(manifest, Manifest::parse)?,
            policy: policy.map(policy_file).transpose()?,
        })
    }

    /// Without a file it is the workstation's.
    pub(crate) fn policy(&self) -> Policy<'_> {
        self.policy_or(Policy::WORKSTATION)
    }

    /// Without a file it is `default`.
    pub(crate) fn policy_or<'a>(&'a self, default: Policy<'a>) -> Policy<'a> {
        self.policy.as_ref().map_or(default, PolicyFile::policy)
    }
}

/// Reads a policy.
pub(crate) fn policy_file(path: &Path) -> Result<PolicyFile> {
    document(path, PolicyFile::parse)
}

/// Reads a file and what is in it.
fn document<T>(
    path: &Path,
    parse: fn(&[u8]) -> core::result::Result<T, ManifestError>,
) -> Result<T> {
    parse(&read_document(path)?).map_err(|error| refused(path, &error))
}

fn read_document(path: &Path) -> Result<Vec<u8>> {
    read_capped(path, MAX_FILE_BYTES).map_err(|error| unread(path, error))
}

/// A manifest, and the bytes that it was read from.
pub(crate) fn with_bytes(path: &Path) -> Result<(Manifest, Vec<u8>)> {
    let json = read_document(path)?;
    let manifest = Manifest::parse(&json).map_err(|error| refused(path, &error))?;
    Ok((manifest, json))
}

/// A file's errors speak of modules where their size or place is wrong.
fn unread(path: &Path, error: FileError) -> Problem {
    match error {
        FileError::TooLarge { found, .. } => {
            let found = usize::try_from(found).unwrap_or(usize::MAX);
            refused(path, &ManifestError::TooLarge { found, allowed: MAX_DOCUMENT_BYTES })
        }
        FileError::Directory { .. } => {
            Problem { cure: "give the file in it", ..Problem::from(error) }
        }
        _ => error.into(),
    }
}

/// The error, with the file that it is in: there may be two.
fn refused(path: &Path, error: &ManifestError) -> Problem {
    let problem = Problem::new(Status::Refused, error);
    let cause = format!("{}: {}", escaped(&path.to_string_lossy()), problem.cause);
    Problem { cause, ..problem }
}

/// A manifest and what is left of it.
struct Report<'a> {
    manifest: &'a Manifest,
    grant: Grant<'a>,
    /// The policy's file; none is the workstation's policy.
    policy: Option<&'a str>,
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let meta = self.manifest.meta();
        let name = style::paint(style::HEADING, escaped(meta.name));
        writeln!(f, "{}: {name} {}", style::paint(style::GOOD, "ok"), escaped(meta.version))?;
        let module = self.manifest.wasm_path().unwrap_or_default();
        for line in [meta.description, meta.author, module] {
            if !line.is_empty() {
                writeln!(f, "  {}", escaped(line))?;
            }
        }
        let heading = match self.policy {
            Some(path) => format!("Asked for, under the policy {}", escaped(path)),
            None => "Asked for, under the workstation's policy".to_owned(),
        };
        writeln!(f)?;
        section(f, &heading, with_header(ROW, self.grant.report().map(row)))?;
        let limits = self.grant.limits();
        let deadline = self.grant.deadline_micros();
        let deadline = deadline.map_or("none".to_owned(), |it| number(it, "microseconds"));
        let held = [
            ("memory", number(limits.memory_bytes.into(), "bytes")),
            ("fuel for a call", Grouped(limits.call_fuel).to_string()),
            ("deadline of a call", deadline),
        ];
        section(f, "Limits that hold", held.map(|(name, text)| [name.to_owned(), text]))
    }
}

/// The rows under the columns' names; none stay none.
pub(crate) fn with_header<const N: usize>(
    names: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> impl Iterator<Item = [String; N]> {
    let mut rows = rows.peekable();
    let header = rows.peek().map(|_| names.map(str::to_owned));
    header.into_iter().chain(rows)
}

/// The names of what [`row`] answers.
const ROW: [&str; 4] = ["key", "asked", "granted", "verdict"];

fn row(row: Row<'_>) -> [String; 4] {
    let granted = row.granted.map_or("nothing".to_owned(), |granted| item(&granted));
    [row.key.to_owned(), item(&row.asked), granted, row.verdict.to_string()]
}

fn item(item: &Item<'_>) -> String {
    match *item {
        Item::Number(count, unit) => number(count, unit),
        ref item => escaped(&item.to_string()).to_string(),
    }
}

fn number(count: u64, unit: &str) -> String {
    format!("{} {unit}", Grouped(count))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Checked<'a> {
    success: bool,
    name: &'a str,
    version: &'a str,
    description: &'a str,
    author: &'a str,
    wasm_path: Option<&'a str>,
    policy: Option<&'a str>,
    rows: Vec<CheckedRow>,
    limits: CheckedLimits,
}

#[derive(Serialize)]
struct CheckedRow {
    key: &'static str,
    asked: String,
    granted: Option<String>,
    verdict: &'static str,
}

#[derive(Serialize)]
struct CheckedLimits {
    memory_bytes: u32,
    call_fuel: u64,
    deadline_micros: Option<u64>,
}

impl<'a> Checked<'a> {
    fn new(report: &Report<'a>) -> Self {
        let meta = report.manifest.meta();
        let limits = report.grant.limits();
        Self {
            success: true,
            name: meta.name,
            version: meta.version,
            description: meta.description,
            author: meta.author,
            wasm_path: report.manifest.wasm_path(),
            policy: report.policy,
            rows: report.grant.report().map(CheckedRow::from).collect(),
            limits: CheckedLimits {
                memory_bytes: limits.memory_bytes,
                call_fuel: limits.call_fuel,
                deadline_micros: report.grant.deadline_micros(),
            },
        }
    }
}

impl From<Row<'_>> for CheckedRow {
    fn from(row: Row<'_>) -> Self {
        let verdict = match row.verdict {
            Verdict::Granted => "granted",
            Verdict::Narrowed => "narrowed",
            Verdict::Refused => "refused",
            Verdict::Off => "off",
            Verdict::Nothing => "nothing",
            _ => "unknown",
        };
        let granted = row.granted.map(|granted| granted.to_string());
        Self { key: row.key, asked: row.asked.to_string(), granted, verdict }
    }
}

/// A manifest that asks for nothing but to compute. A good name needs no escapes in JSON.
struct Beginning<'a>(&'a str);

impl Display for Beginning<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        writeln!(
            f,
            r#"{{
  "meta": {{ "name": "{name}", "version": "0.1.0", "description": "", "author": "" }},
  "wasmPath": "./{name}.wasm",
  "capabilities": {{
    "allowFileSystem": false, "allowedPaths": [],
    "allowNetwork": false, "allowedHosts": [],
    "allowEnv": false, "allowedEnv": [],
    "services": [],
    "maxMemoryMB": 4
  }},
  "timeout": 5000
}}"#
        )
    }
}
