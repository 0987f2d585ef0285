//! What the command line may say.

use ampoule_abi::export;
use ampoule_std::{CommandError, Limits};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  the plugin reports a failure
  2  the command line or the file is wrong
  3  the host refuses the plugin, or ended it";

const EXAMPLES: &str = "\
Examples:
  ampoule run json-transformer.wasm --param user_name=ada --param format=camelCase
  ampoule inspect json-transformer.wasm
  ampoule inspect json-transformer.wasm --limits micro --json | jq .verdict
  ampoule completions bash > ~/.local/share/bash-completion/completions/ampoule";

const RUN_NOTES: &str = "\
The plugin is loaded and initialized, its entry is called once, and it is destroyed.

With --json, stdout has one JSON object on one line, whatever happens: the outcome,
  {\"success\":…,\"data\":…} and \"error\" where the plugin tells one,
or, when the command, the file, the host or a Failure of the plugin leaves no outcome,
  {\"success\":false,\"data\":null,\"error\":…,\"code\":…,\"cure\":…}.
NaN and infinities become null, bytes a list of numbers.

Examples:
  ampoule run hello.wat
  ampoule run json-transformer.wasm --param user_name=ada --param format=camelCase
  ampoule run json-transformer.wasm --param a=1 --json --stats | jq .data
  ampoule run loop.wasm --fuel 1000000 --limits micro";

const INSPECT_NOTES: &str = "\
Nothing of the plugin runs. The exit status is 0 if a host with these limits would load it, 3 if it
would refuse it; what can be told is told in both cases.

With --json, stdout has one JSON object on one line, whatever happens. It has a \"verdict\", or, when
the command or the file is wrong, is {\"success\":false,\"data\":null,\"error\":…,\"code\":…,\"cure\":…}.

Examples:
  ampoule inspect json-transformer.wasm
  ampoule inspect json-transformer.wasm --limits micro --json | jq .verdict";

/// Runs and inspects Ampoule plugins: WebAssembly modules in a sealed, metered container.
#[derive(Debug, Parser)]
#[command(name = "ampoule", version, propagate_version = true)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Call an entry of a plugin and print its outcome.
    #[command(after_help = format!("{RUN_NOTES}\n\n{EXIT_STATUS}"))]
    Run(Run),
    /// Tell everything about a plugin without running it.
    #[command(after_help = format!("{INSPECT_NOTES}\n\n{EXIT_STATUS}"))]
    Inspect(Inspect),
    /// Print a completion script for a shell.
    Completions {
        /// The shell that is to complete `ampoule`.
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The plugin's module: WebAssembly, or its text in a file named *.wat.
    pub(crate) plugin: PathBuf,
    /// A parameter of the request; give one for each.
    #[arg(long, value_name = "NAME=TEXT")]
    param: Vec<String>,
    /// A header of the request; give one for each.
    #[arg(long, value_name = "NAME=TEXT")]
    header: Vec<String>,
    /// The request's id.
    #[arg(long, value_name = "ID", default_value = "req-001")]
    pub(crate) request_id: String,
    /// The entry to call; it has to take a Context and to answer an Outcome.
    #[arg(long, value_name = "NAME", default_value = export::EXECUTE)]
    pub(crate) entry: String,
    /// Print the outcome as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// With --json: print fuel, time and memory to stderr, as JSON too.
    #[arg(long, requires = "json")]
    pub(crate) stats: bool,
    /// Fuel for the call, and as much to start the plugin [default: as the limits say]
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The plugin's module: WebAssembly, or its text in a file named *.wat.
    pub(crate) plugin: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// What the plugin may use.
    #[arg(long, value_enum, default_value_t = Preset::Workstation)]
    limits: Preset,
    /// The most linear memory [default: as the limits say]
    #[arg(long, value_name = "BYTES")]
    memory: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preset {
    /// As on a microcontroller with 128 KiB of RAM.
    Micro,
    /// As on a workstation or a server.
    Workstation,
}

/// Names and texts in the order in which they were given.
pub(crate) type Pairs = Vec<(String, String)>;

impl Run {
    pub(crate) fn parameters(&self) -> Result<Pairs, CommandError> {
        pairs("--param", &self.param)
    }

    pub(crate) fn headers(&self) -> Result<Pairs, CommandError> {
        pairs("--header", &self.header)
    }

    pub(crate) fn limits(&self) -> Limits {
        let limits = self.limits.get();
        Limits {
            call_fuel: self.fuel.unwrap_or(limits.call_fuel),
            init_fuel: self.fuel.unwrap_or(limits.init_fuel),
            ..limits
        }
    }
}

impl LimitArgs {
    pub(crate) fn get(&self) -> Limits {
        let limits = match self.limits {
            Preset::Micro => Limits::MICRO,
            Preset::Workstation => Limits::WORKSTATION,
        };
        Limits { memory_bytes: self.memory.unwrap_or(limits.memory_bytes), ..limits }
    }
}

impl Command {
    /// Tells whether stdout is for a program.
    pub(crate) const fn json(&self) -> bool {
        match self {
            Self::Run(run) => run.json,
            Self::Inspect(inspect) => inspect.json,
            Self::Completions { .. } => false,
        }
    }
}

/// A name that is given twice is an error: a plugin would see the first one only.
fn pairs(option: &'static str, given: &[String]) -> Result<Pairs, CommandError> {
    let mut pairs = Pairs::new();
    for text in given {
        let Some((name, text)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(CommandError::NoText { option, given: text.clone() });
        };
        if pairs.iter().any(|(before, _)| before == name) {
            return Err(CommandError::Twice { option, name: name.to_owned() });
        }
        pairs.push((name.to_owned(), text.to_owned()));
    }
    Ok(pairs)
}
