//! What the command line may say.

use crate::{
    check::{self, CheckDevice},
    device,
    grant::tighter,
    serve_args::{SERVE_NOTES, Serve},
    watch::{self, Watch},
};
use ampoule_abi::{Meta, export};
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
  ampoule check --device thermostat.toml blink.wasm filter.wasm
  ampoule watch plugins
  ampoule deploy blink.wasm --manifest blink.manifest.json --port /dev/ttyACM0
  ampoule ps --port /dev/ttyACM0
  ampoule manifest new blink > blink.manifest.json
  ampoule manifest check blink.manifest.json
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
  ampoule run loop.wasm --fuel 1000000 --limits micro
  ampoule run weather.wasm --manifest weather.manifest.json --policy device.policy.json
  ampoule run counter.wasm --manifest counter.manifest.json --store counter.values
  ampoule run --manifest report.manifest.json --wasi report.wasm --year 2026";

const WASI_NOTES: &str = "\
With --wasi, a program runs from its start to its end. Its output goes to stdout and stderr; on a terminal
what isn't printable is escaped. Its exit status is this command's, 125 if it is higher; 2 and 3 may be this
command's own, which then has an error on stderr. It sees nothing but its arguments and the services that
the manifest grants, as docs/wasi.md tells. Its limits are the workstation's, with 64 MiB of memory and ten
times the fuel; what is given here can only lower them. A manifest's timeout doesn't hold for it: it is fuel
that ends a program.";

const GRANT_NOTES: &str = "\
Services are offered with --manifest only. Without it an import is refused as not offered (A19); with it,
one that the manifest doesn't name, or that the policy takes away, is refused as not granted (A34).
Offered are, as docs/services.md describes them:
  log     lines on stderr, with --json too
  clock   this computer's
  random  the operating system's
  kv      kept in the file of --store; without it in memory, and lost at the end of the command
  env     the variables under allowedEnv that the policy leaves, from this command's environment
  event   shown on stderr, with --json too
  fs      the files below allowedPaths that the policy leaves, where there are some
  net     the network hosts under allowedHosts that the policy leaves, where there are some
The manifest's meta.name has to be the module's. Its wasmPath is ignored: the module is PLUGIN, always.
Its limits hold, cut by the policy; limits that are given here can only lower them. Its timeout holds for
the call (F13), and time that the plugin sleeps counts.";

const INSPECT_NOTES: &str = "\
Nothing of the plugin runs. The exit status is 0 if a host with these limits would load it, 3 if it
would refuse it; what can be told is told in both cases.

With --json, stdout has one JSON object on one line, whatever happens. It has a \"verdict\", or, when
the command or the file is wrong, is {\"success\":false,\"data\":null,\"error\":…,\"code\":…,\"cure\":…}.

Examples:
  ampoule inspect json-transformer.wasm
  ampoule inspect json-transformer.wasm --limits micro --json | jq .verdict
  ampoule inspect weather.wasm --manifest weather.manifest.json";

const CHECK_NOTES: &str = "\
Tells what the manifest asks for, and what is granted, cut or refused of it under the policy. Without
--policy it is the workstation's, which gives what a manifest names within the workstation's limits.
A manifest of which something is cut is still a good one: the exit status is 0.

With --json, stdout has one JSON object on one line, whatever happens:
  {\"success\":true,\"name\":…,\"version\":…,\"rows\":[…],\"limits\":{…},…},
or, when the command, a file, the manifest or the policy is wrong,
  {\"success\":false,\"data\":null,\"error\":…,\"code\":…,\"cure\":…}.

Examples:
  ampoule manifest check blink.manifest.json
  ampoule manifest check blink.manifest.json --policy device.policy.json
  ampoule manifest check blink.manifest.json --json | jq .rows

Exit status:
  0  the manifest is good
  2  the command line or a file is wrong
  3  the manifest or the policy is refused";

const NEW_NOTES: &str = "\
Everything is switched off in it. Switch on, fill in and remove what the plugin needs, then check it.

Examples:
  ampoule manifest new blink > blink.manifest.json
  ampoule manifest check blink.manifest.json

Exit status:
  0  done
  2  the command line is wrong";

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
    #[command(after_help = format!("{GRANT_NOTES}\n\n{WASI_NOTES}\n\n{RUN_NOTES}\n\n{EXIT_STATUS}"))]
    Run(Run),
    /// Tell everything about a plugin without running it.
    #[command(after_help = format!("{GRANT_NOTES}\n\n{INSPECT_NOTES}\n\n{EXIT_STATUS}"))]
    Inspect(Inspect),
    /// Tell whether plugins fit on a device, before they are shipped.
    #[command(after_help = check::NOTES)]
    Check(CheckDevice),
    /// Keep the plugins of a directory loaded while they change, call them and show how they do.
    #[command(after_help = watch::NOTES)]
    Watch(Watch),
    /// Serve the plugins of a directory over HTTP.
    #[command(after_help = SERVE_NOTES)]
    Serve(Serve),
    #[command(flatten)]
    Device(device::Command),
    /// Check a manifest, or begin one.
    Manifest {
        #[command(subcommand)]
        command: ManifestCommand,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell that is to complete `ampoule`.
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Tell what a manifest asks for, and what a policy grants of it.
    #[command(after_help = CHECK_NOTES)]
    Check(Check),
    /// Print a manifest to begin with.
    #[command(after_help = NEW_NOTES)]
    New {
        /// The plugin's name: ASCII letters, digits, '-', '_', '.'; a letter or digit first.
        #[arg(value_parser = plugin_name)]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The manifest.
    pub(crate) file: PathBuf,
    /// The policy that cuts it [default: the workstation's]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The plugin's module: WebAssembly, or its text in a file named *.wat.
    #[arg(required_unless_present = "wasi")]
    pub(crate) plugin: Option<PathBuf>,
    /// Run a program that was built for WASI preview 1: all that follows the file is its own.
    #[arg(long, num_args = 1.., allow_hyphen_values = true, value_names = ["FILE", "ARG"])]
    #[arg(conflicts_with_all = ["plugin", "param", "header", "request_id", "entry", "json"])]
    wasi: Vec<String>,
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
    /// Keep the values of kv in this file, for the next run too [default: in memory]
    #[arg(long, value_name = "FILE", requires = "manifest")]
    pub(crate) store: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The plugin's module: WebAssembly, or its text in a file named *.wat.
    pub(crate) plugin: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// The plugin's manifest: what it asks for; without one no service is offered, and an import is A19.
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// The policy that cuts the manifest [default: the workstation's]
    #[arg(long, value_name = "FILE", requires = "manifest")]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// What the plugin may use [default: workstation, or as the grant says]
    #[arg(long, value_enum)]
    limits: Option<Preset>,
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

    /// The program of `--wasi`, and its arguments.
    pub(crate) fn program(&self) -> Option<(&str, &[String])> {
        self.wasi.split_first().map(|(file, args)| (file.as_str(), args))
    }

    pub(crate) fn limits(&self, granted: Option<Limits>) -> Limits {
        let limits = self.limits.asked(granted);
        let asked = Limits {
            call_fuel: self.fuel.unwrap_or(limits.call_fuel),
            init_fuel: self.fuel.unwrap_or(limits.init_fuel),
            ..limits
        };
        held(asked, granted)
    }
}

impl Inspect {
    pub(crate) fn limits(&self, granted: Option<Limits>) -> Limits {
        held(self.limits.asked(granted), granted)
    }
}

/// What is asked on the command line, lowered to the grant if there is one.
fn held(asked: Limits, granted: Option<Limits>) -> Limits {
    granted.map_or(asked, |granted| tighter(granted, asked))
}

impl LimitArgs {
    /// What isn't given is as the grant says.
    fn asked(&self, granted: Option<Limits>) -> Limits {
        let limits = match self.limits {
            Some(Preset::Micro) => Limits::MICRO,
            Some(Preset::Workstation) => Limits::WORKSTATION,
            None => granted.unwrap_or(Limits::WORKSTATION),
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
            Self::Device(command) => command.json(),
            Self::Check(check) => check.json,
            Self::Manifest { command: ManifestCommand::Check(check) } => check.json,
            Self::Manifest { command: ManifestCommand::New { .. } }
            | Self::Completions { .. }
            | Self::Serve(_)
            | Self::Watch(_) => false,
        }
    }
}

/// Holds a name to the rule of a manifest's `meta.name`.
fn plugin_name(name: &str) -> Result<String, String> {
    let meta = Meta { name, version: "0.1.0", description: "", author: "" };
    meta.check().map_err(|error| error.to_string())?;
    Ok(name.to_owned())
}

/// A name that is given twice is an error: a plugin would see the first one only.
pub(crate) fn pairs(option: &'static str, given: &[String]) -> Result<Pairs, CommandError> {
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
