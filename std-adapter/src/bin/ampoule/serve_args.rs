//! What `ampoule serve` may be told.

use crate::HEAP;
use ampoule_std::serve::{Listen, ServeOptions};
use clap::{Args, value_parser};
use core::time::Duration;
use std::path::PathBuf;

pub(crate) const SERVE_NOTES: &str = "\
Loads the plugins that the manifests in DIR name, and reloads them when their files change. Programs call
them over HTTP/1.1 with JSON; docs/serving.md lists what they may ask.

The first line on stdout is `listening on`, and the address. Lines of log, events that plugins publish, and
what becomes of the files go to stderr.

A token is needed to listen on an address that other computers can reach. It comes from --token-file, or else
from the environment's AMPOULE_TOKEN, and is then asked of everybody: Authorization: Bearer TOKEN.

Ctrl-C and SIGTERM end it: requests under way get the time of --grace, then all plugins are unloaded.

Examples:
  ampoule serve plugins
  ampoule serve plugins --listen unix:/run/user/1000/ampoule.sock
  ampoule serve plugins --listen 0.0.0.0:7117 --token-file token.txt
  curl http://127.0.0.1:7117/v1/plugins
  curl http://127.0.0.1:7117/v1/plugins/hello/call/execute --json '{\"parameters\":{\"name\":\"ada\"}}'

Exit status:
  0  it was stopped
  2  the command line or a file is wrong, or the address can't be had
  3  the policy is refused";

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The directory with the manifests; it may come later.
    pub(crate) dir: PathBuf,
    /// Where to listen: an address with a port, or unix: and a path.
    #[arg(long, value_name = "ADDR|unix:PATH", default_value_t = Listen::default())]
    listen: Listen,
    /// A file with the token that callers have to send [default: from the environment, or none]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The policy that cuts the manifests [default: the workstation's]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The largest body of a request.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    #[arg(value_parser = value_parser!(u32).range(..=1 << 30))]
    body_limit: u32,
    /// How long a client may take to send a request's head, and again its body.
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = time())]
    read_time: u64,
    /// How long a client may take no byte of what is sent to it.
    #[arg(long, value_name = "MS", default_value_t = 30_000, value_parser = time())]
    write_time: u64,
    /// How long a request may take in all.
    #[arg(long, value_name = "MS", default_value_t = 120_000, value_parser = time())]
    request_time: u64,
    /// How long requests under way may go on at the end.
    #[arg(long, value_name = "MS", default_value_t = 5_000, value_parser = time())]
    grace: u64,
    /// How long files have to stay as they are before they are read.
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = time())]
    settle: u64,
    /// Connections at a time.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = value_parser!(u16).range(1..))]
    max_connections: u16,
    /// Calls at a time, of all plugins.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u16).range(1..))]
    max_calls: u16,
}

/// Milliseconds, up to a day.
fn time() -> clap::builder::RangedU64ValueParser {
    value_parser!(u64).range(1..=86_400_000)
}

impl Serve {
    /// The options, but for what lies in files.
    pub(crate) fn options(&self) -> ServeOptions {
        let millis = Duration::from_millis;
        ServeOptions {
            listen: self.listen.clone(),
            token: None,
            policy: None,
            cell: Some(&HEAP),
            settle: self.settle.saturating_mul(1_000),
            body_bytes: self.body_limit as usize,
            read_time: millis(self.read_time),
            write_time: millis(self.write_time),
            request_time: millis(self.request_time),
            grace: millis(self.grace),
            max_connections: self.max_connections.into(),
            max_calls: self.max_calls.into(),
        }
    }
}
