//! What the command line of `ampoule watch` may say.

use crate::args::{Pairs, pairs};
use ampoule_abi::export;
use ampoule_std::{CommandError, Micros};
use clap::Args;
use core::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};
use std::path::PathBuf;

pub(crate) const NOTES: &str = "\
The manifests in DIR and the modules that they name are loaded, reloaded when they change, and unloaded when
they go, as docs/watching.md tells. Each has the services that its manifest asks for and the policy gives:
those of `ampoule run --manifest`.

On a terminal there is a live table: arrow keys select a plugin, l lifts its breaker, r goes back to the
version before while the new one is on probation, q or Ctrl-C ends. Elsewhere, and with --plain, events go to
stderr, a line each, and answers to stdout.

Standard input takes calls, unless it is the table's keyboard: one JSON object on each line,
  {\"plugin\":\"sum\",\"entry\":\"execute\",\"parameters\":{\"a\":\"1\"},\"headers\":{},\"request_id\":\"7\"}
of which all but \"plugin\" may be left out. Each is answered by one JSON object on one line, with \"plugin\"
and \"request_id\" besides what `ampoule run --json` prints; answers come as calls end. An entry has to take a
Context and to answer an Outcome; one that was called has to be there in the next version too. At the end of
the input the watch goes on, unless --once is given.

Examples:
  ampoule watch plugins
  ampoule watch plugins --every 1s --param probe=yes --metrics 9184
  echo '{\"plugin\":\"hello\"}' | ampoule watch plugins --once

Exit status:
  0  done; with --once: all went well
  1  with --once: a plugin reports a failure
  2  the command line, a line of the input or a file is wrong
  3  with --once: the host refuses a plugin, or ended a call";

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The directory of the manifests.
    pub(crate) dir: PathBuf,
    /// The policy that cuts the manifests [default: the workstation's]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Call an entry of each plugin again and again, with this time between: 500ms, 2s, 1min.
    #[arg(long, value_name = "DURATION", value_parser = every)]
    pub(crate) every: Option<Duration>,
    /// With --every: the entry.
    #[arg(long, value_name = "NAME", default_value = export::EXECUTE, requires = "every")]
    pub(crate) entry: String,
    /// With --every: a parameter of the request; give one for each.
    #[arg(long, value_name = "NAME=TEXT", requires = "every")]
    param: Vec<String>,
    /// Keep the values of kv in this file, for the next time too [default: in memory]
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// Serve metrics for Prometheus, at this address and port; a port alone is one of 127.0.0.1.
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) metrics: Option<SocketAddr>,
    /// Print lines, also on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Load what is there, make the calls of standard input and one of --every, and end.
    #[arg(long)]
    pub(crate) once: bool,
}

impl Watch {
    pub(crate) fn parameters(&self) -> Result<Pairs, CommandError> {
        pairs("--param", &self.param)
    }

    pub(crate) fn every_micros(&self) -> Option<Micros> {
        self.every.map(|every| Micros::try_from(every.as_micros()).unwrap_or(Micros::MAX))
    }
}

/// Any less is no schedule but a load.
const SHORTEST: Duration = Duration::from_millis(10);

fn every(text: &str) -> Result<Duration, String> {
    let every = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if every < SHORTEST { Err("it is shorter than 10ms".to_owned()) } else { Ok(every) }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_| "it is neither ADDRESS:PORT nor PORT".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{address, every};

    #[test]
    fn a_port_alone_is_of_this_computer() {
        assert_eq!(address("9184").map(|it| it.to_string()).as_deref(), Ok("127.0.0.1:9184"));
        assert_eq!(address("[::1]:80").map(|it| it.to_string()).as_deref(), Ok("[::1]:80"));
        for wrong in ["", "65536", "-1", "localhost", "localhost:80", "1.2.3.4", "1.2.3.4:x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_schedule_has_a_unit_and_room_between_its_calls() {
        assert_eq!(every("1s 500ms").map(|it| it.as_millis()), Ok(1500));
        for wrong in ["", "0s", "9ms", "5", "-1s", "1 fortnight", "99999999999999999999y"] {
            assert!(every(wrong).is_err(), "{wrong}");
        }
    }
}
