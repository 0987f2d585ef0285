//! The `ampoule` command: runs and inspects plugins, and checks manifests, on a workstation, and manages
//! those of a device.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod args;
mod check;
mod device;
mod grant;
mod inspect;
mod json;
mod live;
mod manifest;
mod output;
mod problem;
mod run;
mod serve;
mod serve_args;
mod show;
mod types;
mod wasi;
mod watch;

use ampoule_std::{CommandError, CountingHeap, FileError, Limits, escaped, read_module};
use args::{Cli, Command, ManifestCommand};
use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use problem::{Problem, Status};
use std::{alloc::System, env, path::Path, process::ExitCode};

/// Counts what each plugin has, and is the cell of the hosts.
#[global_allocator]
static HEAP: CountingHeap<System> = CountingHeap::new(System);

fn main() -> ExitCode {
    let (result, json) = match Cli::try_parse() {
        Ok(cli) => (carry_out(&cli.command), cli.command.json()),
        // What can't be parsed can't tell whether it wants JSON, but the words are there.
        Err(error) => (
            unparsed(&error).map(ExitCode::from),
            env::args_os().any(|argument| argument == "--json"),
        ),
    };
    result.unwrap_or_else(|problem| {
        output::problem(&problem, json);
        problem.status.into()
    })
}

fn carry_out(command: &Command) -> Result<ExitCode, Problem> {
    let status = match command {
        Command::Run(run) => match run.program() {
            Some(program) => return wasi::run(run, program),
            None => run::run(run),
        },
        Command::Serve(serve) => serve::serve(serve),
        Command::Inspect(inspect) => inspect::inspect(inspect),
        Command::Check(args) => check::check(args),
        Command::Watch(args) => watch::watch(args),
        Command::Device(command) => device::carry_out(command),
        Command::Manifest { command: ManifestCommand::Check(check) } => manifest::check(check),
        Command::Manifest { command: ManifestCommand::New { name } } => manifest::new(name),
        Command::Completions { shell } => completions(*shell),
    };
    status.map(ExitCode::from)
}

fn completions(shell: clap_complete::Shell) -> Result<Status, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ampoule", &mut script);
    output::plain(&String::from_utf8_lossy(&script))?;
    Ok(Status::Done)
}

/// Help and version are parse errors too; they go to stdout.
fn unparsed(error: &clap::Error) -> Result<Status, Problem> {
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::styled(&text.ansi())?;
            Ok(Status::Done)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output::styled_aside(&text.ansi());
            Ok(Status::Usage)
        }
        _ => Err(CommandError::Arguments { reason: reason(&text.to_string()) }.into()),
    }
}

/// What is wrong, on one line: the usage and the pointer to the help that follow it are left out.
fn reason(text: &str) -> String {
    let paragraphs = text.strip_prefix("error: ").unwrap_or(text).split("\n\n");
    let lines = paragraphs
        .take_while(|it| !it.starts_with("Usage:") && !it.starts_with("For more information"))
        .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "));
    escaped(&lines.collect::<Vec<_>>().join("; ")).to_string()
}

/// Reads what any host could load, so that it is admission that refuses what this one can't.
fn module(path: &Path, limits: &Limits) -> Result<Vec<u8>, FileError> {
    read_module(path, limits.module_bytes.max(Limits::WORKSTATION.module_bytes))
}
