//! What the command line may say to a device.

use super::describe::{Describe, NOTES};
use crate::args::{Pairs, pairs};
use ampoule_abi::export;
use ampoule_std::{
    CommandError,
    device::{Address, BAUD, DeviceError, Patience, Retry},
};
use clap::{Args, Subcommand};
use core::time::Duration;
use std::path::PathBuf;

const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  the plugin reports a failure
  2  the command line, a file or the line is wrong
  3  the device refuses, or its host ended the plugin";

const PORT_NOTES: &str = "\
PORT is a serial device such as /dev/ttyACM0 or COM3, or unix: with the path of a socket. Nobody else may use it
meanwhile: two that talk to one device end each other's sessions.

A PLUGIN is its name, or its id as `ampoule ps` tells it: slot and generation, such as 3.0.";

const PS_NOTES: &str = "\
Examples:
  ampoule ps --port /dev/ttyACM0
  ampoule ps --port unix:/tmp/lamp.sock --json | jq '.plugins[].name'";

const CALL_NOTES: &str = "\
The request is a Context, made of --request-id, --header and --param, and the reply an Outcome, as for
`ampoule run`. An entry of other types is called with MESSAGE, in JSON, and --module, which tells those types:
a struct is an object, a tuple a list, an enum's variant its name, or an object of that one name. Without
declared types there is --hex: the message as it lies in the mailbox, and the reply as it was.

Examples:
  ampoule call hello --port /dev/ttyACM0
  ampoule call json-transformer --param user_name=ada --json --port /dev/ttyACM0
  ampoule call sensor-filter filter '{\"at_us\":2,\"celsius\":20.5}' --module filter.wasm --port /dev/ttyACM0
  ampoule call 3.0 filter --hex '02 00 00 a0 41' --port /dev/ttyACM0";

const DEPLOY_NOTES: &str = "\
The module is admitted here first, within what the device says it takes at most: what it would refuse isn't sent.
Then it is sent with its manifest, and the device compares its SHA-256 and has its host load it. If a
plugin of its name is loaded, the module takes its place, on probation: `ampoule rollback` brings the old one
back. Else it goes into a free slot.

A line that breaks is opened again, and the install goes on where it was; so it does with another
`ampoule deploy` of the same files.

Examples:
  ampoule deploy lamp.wasm --manifest lamp.manifest.json --port /dev/ttyACM0
  ampoule deploy hello.wat --new --port unix:/tmp/lamp.sock";

const LOGS_NOTES: &str = "\
Log lines and events, by the device's clock, in seconds. They are gone from the device once they are
shown. With --json each is an object on a line of its own.

Examples:
  ampoule logs --port /dev/ttyACM0
  ampoule logs --port /dev/ttyACM0 --follow --json | jq 'select(.event)'";

const TOP_NOTES: &str = "\
On a terminal there is a live table: arrow keys select a plugin, l lifts its breaker, r goes back to the
version before while the new one is on probation, q or Ctrl-C ends. Elsewhere the table is printed once. The
events and log lines that it shows are gone from the device.";

/// What is asked of a device at the other end of a line.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the plugins of a device, and how they do.
    #[command(after_help = format!("{PS_NOTES}\n\n{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Ps(Look),
    /// Tell what a device is, and what it takes at most, or write its profile.
    #[command(after_help = format!("{NOTES}\n\n{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Describe(Describe),
    /// Call an entry of a plugin on a device.
    #[command(after_help = format!("{CALL_NOTES}\n\n{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Call(Call),
    /// Install a plugin on a device, or a new version of one.
    #[command(after_help = format!("{DEPLOY_NOTES}\n\n{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Deploy(Deploy),
    /// Have a plugin on a device go back to the version before, during probation.
    #[command(after_help = format!("{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Rollback(One),
    /// Unload a plugin from a device.
    #[command(after_help = format!("{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Unload(One),
    /// Have a plugin called again that was put aside.
    #[command(after_help = format!("{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Lift(One),
    /// Restart a device.
    #[command(after_help = format!("{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Reset(Look),
    /// Show what the plugins of a device have said, and what has happened to them.
    #[command(after_help = format!("{LOGS_NOTES}\n\n{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Logs(Logs),
    /// Show the plugins of a device, live.
    #[command(after_help = format!("{TOP_NOTES}\n\n{PORT_NOTES}\n\n{EXIT_STATUS}"))]
    Top(Top),
}

impl Command {
    /// Tells whether stdout is for a program.
    pub(crate) const fn json(&self) -> bool {
        match self {
            Self::Ps(it) | Self::Reset(it) => it.json,
            Self::Describe(it) => it.json,
            Self::Rollback(it) | Self::Unload(it) | Self::Lift(it) => it.json,
            Self::Call(it) => it.json,
            Self::Deploy(it) => it.json,
            Self::Logs(it) => it.json,
            Self::Top(_) => false,
        }
    }
}

/// The way to a device.
#[derive(Debug, Args)]
pub(crate) struct Line {
    /// The device's serial port, or unix: with the path of a socket.
    #[arg(long)]
    port: String,
    /// The speed of the serial port, in bits per second.
    #[arg(long, value_name = "N", default_value_t = BAUD)]
    baud: u32,
    /// How long to wait for an answer before it is asked for again, five times in all: 200ms, 2s.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = wait)]
    wait: Duration,
}

impl Line {
    pub(crate) fn address(&self) -> Result<Address, DeviceError> {
        Ok(Address::parse(&self.port, self.baud)?)
    }

    pub(crate) fn patience(&self) -> Patience {
        let wait = u64::try_from(self.wait.as_micros()).unwrap_or(u64::MAX);
        let default = Patience::default();
        Patience { retry: Retry { wait, ..Retry::SERIAL }, pause: self.wait / 2, ..default }
    }
}

/// Shorter than a frame takes, it would only fill the line; longer, nobody would wait for.
const WAITS: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(600)];

fn wait(text: &str) -> Result<Duration, String> {
    let wait = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let [least, most] = WAITS;
    if (least..=most).contains(&wait) {
        Ok(wait)
    } else {
        Err("it is not from 10ms to 10min".to_owned())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Look {
    #[command(flatten)]
    pub(crate) line: Line,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The plugin, by its name or its id.
    pub(crate) plugin: String,
    #[command(flatten)]
    pub(crate) line: Line,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// The plugin, by its name or its id.
    pub(crate) plugin: String,
    /// The entry to call.
    #[arg(default_value = export::EXECUTE)]
    pub(crate) entry: String,
    /// The message as JSON, of the type that the module declares.
    #[arg(requires = "module", conflicts_with_all = ["param", "header", "request_id"])]
    pub(crate) message: Option<String>,
    /// A parameter of the request; give one for each.
    #[arg(long, value_name = "NAME=TEXT")]
    param: Vec<String>,
    /// A header of the request; give one for each.
    #[arg(long, value_name = "NAME=TEXT")]
    header: Vec<String>,
    /// The request's id.
    #[arg(long, value_name = "ID", default_value = "req-001")]
    pub(crate) request_id: String,
    /// The message in hexadecimal, for an entry that takes no Context; the reply is told so, too.
    #[arg(long, value_parser = hex)]
    #[arg(conflicts_with_all = ["message", "param", "header", "request_id", "module"])]
    pub(crate) hex: Option<Message>,
    /// The plugin's module here: it tells the types of the message and of the reply.
    #[arg(long, value_name = "FILE")]
    pub(crate) module: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) line: Line,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Call {
    pub(crate) fn parameters(&self) -> Result<Pairs, CommandError> {
        pairs("--param", &self.param)
    }

    pub(crate) fn headers(&self) -> Result<Pairs, CommandError> {
        pairs("--header", &self.header)
    }
}

/// The bytes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message(pub(crate) Vec<u8>);

/// Reads pairs of hexadecimal digits, with blanks between them or without.
fn hex(text: &str) -> Result<Message, String> {
    let mut bytes = Vec::new();
    for word in text.split_ascii_whitespace() {
        let (pairs, rest) = word.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return Err(format!("\"{}\" has half a byte", word.escape_debug()));
        }
        for [high, low] in pairs {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let byte = digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low);
            let byte = byte.and_then(|byte| u8::try_from(byte).ok());
            bytes.push(
                byte.ok_or_else(|| format!("\"{}\" isn't hexadecimal", word.escape_debug()))?,
            );
        }
    }
    Ok(Message(bytes))
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The plugin's module: WebAssembly, or its text in a file named *.wat.
    pub(crate) module: PathBuf,
    /// The plugin's manifest: what it asks the device's policy for.
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// Replace this plugin, by its name or its id [default: the one of the module's name]
    #[arg(long, value_name = "PLUGIN", conflicts_with = "new")]
    pub(crate) replace: Option<String>,
    /// Load it into a free slot, and replace nothing.
    #[arg(long)]
    pub(crate) new: bool,
    /// End another install that is under way.
    #[arg(long)]
    pub(crate) abort: bool,
    #[command(flatten)]
    pub(crate) line: Line,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Go on, and show what comes, until Ctrl-C.
    #[arg(long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) every: Every,
    #[command(flatten)]
    pub(crate) line: Line,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) every: Every,
    #[command(flatten)]
    pub(crate) line: Line,
}

#[derive(Debug, Args)]
pub(crate) struct Every {
    /// The time between two looks: 500ms, 2s.
    #[arg(long = "every", value_name = "DURATION", default_value = "1s", value_parser = wait)]
    pub(crate) time: Duration,
}

#[cfg(test)]
mod tests {
    use super::{Message, hex, wait};

    #[test]
    fn a_message_is_pairs_of_digits() {
        for (text, expected) in
            [("", &[][..]), ("00ff", &[0, 255]), (" 0a  B1 c2d3 ", &[0x0a, 0xb1, 0xc2, 0xd3])]
        {
            assert_eq!(hex(text), Ok(Message(expected.to_vec())), "{text}");
        }
        for wrong in ["0", "0 0", "0g", "0x00", "+1", "é0", "00 0"] {
            assert!(hex(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_wait_is_neither_none_nor_for_ever() {
        assert_eq!(wait("1s 500ms").map(|it| it.as_millis()), Ok(1500));
        for wrong in ["", "0s", "9ms", "11min", "5", "-1s", "99999999999999999999y"] {
            assert!(wait(wrong).is_err(), "{wrong}");
        }
    }
}
