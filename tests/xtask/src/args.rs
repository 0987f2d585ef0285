//! The command line.

use crate::Result;
use core::error::Error;
use lexopt::{Arg, Parser, ValueExt};
use std::path::PathBuf;

/// What `cargo xtask --help` prints.
pub(crate) const USAGE: &str = "\
What the workspace needs beyond cargo.

Usage: cargo xtask COMMAND

Commands:
  setup [--check]              install what cross-building needs; --check only tells
  nostd                        build the no_std crates for every bare-metal target
  asan                         run tests of the host under AddressSanitizer
  guests [--check]             rebuild every guest and test the fresh modules;
                               --check leaves guests/prebuilt as it is
  firmware [--board B] [--check]
                               build the firmware example for a board (stm32f405, mps2-an505, virt, virt-without-pmp),
                               boot it in QEMU, compare what it prints with expected.out, and tell
                               flash and RAM; without --check the stm32f405's expected.out is
                               written anew
  conformance [--board B]      the same with calls whose answers and fuel are known in place of the
                               demonstration, compared with conformance.out
  trials [--board B]           the same with want of memory at every point, compared with trials.out
  smallest [--sweep]           boot the firmware example with one plugin in the least RAM that it
                               runs in, and show that it ends in an orderly way with less;
                               --sweep looks for that RAM first, and keeps it
  link [--board B]             build the firmware example as it runs on a board, boot it in QEMU, and
                               work on it over its serial line
  weights [--check]            measure what plugins take on 32 and 64 bits, fit the weights of the
                               heap bound anew and write them; --check only tells whether those
                               that there are are enough
  bound                        have a Cortex-M4 in QEMU measure a sample of that
  wasi [--check]               build the programs of guests/wasi with their own toolchains and
                               test them; --check leaves guests/prebuilt as it is
  build-guest FOLDER           build one guest, wherever its folder is
  new-guest NAME [--dir DIR]   make a guest that works in DIR/NAME (default: guests/NAME)
";

/// One command with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Setup { check: bool },
    NoStd,
    Asan,
    Guests { check: bool },
    Firmware { board: Option<String>, check: bool },
    Conformance { board: Option<String> },
    Trials { board: Option<String> },
    Smallest { sweep: bool },
    Link { board: Option<String> },
    Weights { check: bool },
    Bound,
    Wasi { check: bool },
    BuildGuest { folder: PathBuf },
    NewGuest { name: String, parent: Option<PathBuf> },
}

/// Reads the arguments of this program.
pub(crate) fn parse(parser: Parser) -> Result<Task> {
    let given = Given::read(parser)?;
    let mut words = given.words.iter().map(String::as_str);
    let task = match (words.next(), words.next()) {
        (None, _) => Task::Help,
        _ if given.help => Task::Help,
        (Some("setup"), None) => Task::Setup { check: given.check },
        (Some("nostd"), None) => Task::NoStd,
        (Some("asan"), None) => Task::Asan,
        (Some("guests"), None) => Task::Guests { check: given.check },
        (Some("firmware"), None) => {
            Task::Firmware { board: given.board.clone(), check: given.check }
        }
        (Some("conformance"), None) => Task::Conformance { board: given.board.clone() },
        (Some("trials"), None) => Task::Trials { board: given.board.clone() },
        (Some("smallest"), None) => Task::Smallest { sweep: given.sweep },
        (Some("link"), None) => Task::Link { board: given.board.clone() },
        (Some("weights"), None) => Task::Weights { check: given.check },
        (Some("bound"), None) => Task::Bound,
        (Some("wasi"), None) => Task::Wasi { check: given.check },
        (Some("build-guest"), Some(folder)) => Task::BuildGuest { folder: folder.into() },
        (Some("new-guest"), Some(name)) => {
            Task::NewGuest { name: name.to_owned(), parent: given.dir.clone() }
        }
        _ => return Err(misused(&given)),
    };
    let check_fits = matches!(
        task,
        Task::Setup { .. }
            | Task::Guests { .. }
            | Task::Firmware { .. }
            | Task::Weights { .. }
            | Task::Wasi { .. }
            | Task::Help
    );
    let board_fits = matches!(
        task,
        Task::Firmware { .. }
            | Task::Conformance { .. }
            | Task::Trials { .. }
            | Task::Link { .. }
            | Task::Help
    );
    let sweep_fits = matches!(task, Task::Smallest { .. } | Task::Help);
    let dir_fits = matches!(task, Task::NewGuest { .. } | Task::Help);
    if words.next().is_some()
        || given.check && !check_fits
        || given.sweep && !sweep_fits
        || given.board.is_some() && !board_fits
        || given.dir.is_some() && !dir_fits
    {
        return Err(misused(&given));
    }
    Ok(task)
}

/// Every word and option, before their combination is judged.
#[derive(Default)]
struct Given {
    words: Vec<String>,
    help: bool,
    check: bool,
    sweep: bool,
    dir: Option<PathBuf>,
    board: Option<String>,
}

impl Given {
    fn read(mut parser: Parser) -> Result<Self> {
        let mut given = Self::default();
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Short('h') | Arg::Long("help") => given.help = true,
                Arg::Long("check") => given.check = true,
                Arg::Long("sweep") => given.sweep = true,
                Arg::Long("dir") => given.dir = Some(parser.value()?.into()),
                Arg::Long("board") => given.board = Some(parser.value()?.string()?),
                Arg::Value(word) => given.words.push(word.string()?),
                _ => return Err(arg.unexpected().into()),
            }
        }
        Ok(given)
    }
}

fn misused(given: &Given) -> Box<dyn Error> {
    format!("`{}` isn't used like this\n\n{USAGE}", given.words.join(" ")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(line: &str) -> Result<Task> {
        parse(Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn every_command_is_understood() {
        let demo = |parent| Task::NewGuest { name: "demo".into(), parent };
        for (line, expected) in [
            ("", Task::Help),
            ("--help", Task::Help),
            ("new-guest demo --help", Task::Help),
            ("setup", Task::Setup { check: false }),
            ("setup --check", Task::Setup { check: true }),
            ("nostd", Task::NoStd),
            ("asan", Task::Asan),
            ("guests", Task::Guests { check: false }),
            ("--check guests", Task::Guests { check: true }),
            ("firmware", Task::Firmware { board: None, check: false }),
            (
                "firmware --board virt --check",
                Task::Firmware { board: Some("virt".into()), check: true },
            ),
            ("conformance", Task::Conformance { board: None }),
            ("trials --board virt", Task::Trials { board: Some("virt".into()) }),
            ("smallest", Task::Smallest { sweep: false }),
            ("smallest --sweep", Task::Smallest { sweep: true }),
            ("link --board virt", Task::Link { board: Some("virt".into()) }),
            ("weights", Task::Weights { check: false }),
            ("weights --check", Task::Weights { check: true }),
            ("bound", Task::Bound),
            ("wasi --check", Task::Wasi { check: true }),
            ("build-guest some/where", Task::BuildGuest { folder: "some/where".into() }),
            ("new-guest demo", demo(None)),
            ("new-guest demo --dir /out", demo(Some("/out".into()))),
        ] {
            assert_eq!(task(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn misuse_is_refused() {
        for line in [
            "unknown",
            "setup now",
            "nostd --check",
            "asan --check",
            "link --check",
            "bound --check",
            "guests --dir x",
            "build-guest",
            "new-guest",
            "new-guest a b",
            "new-guest demo --dir",
            "guests --board virt",
            "conformance --check",
            "trials --check",
            "smallest --check",
            "smallest --board virt",
            "link --sweep",
            "firmware --board",
            "setup --force",
        ] {
            assert!(task(line).is_err(), "{line}");
        }
    }
}
