//! `ampoule describe`: what a device is, or its profile.

use super::{Result, args::Line, open, profile};
use crate::{
    output,
    problem::Status,
    show::{Grouped, section},
};
use ampoule_std::{
    device::{About, Address, Maxima},
    escaped,
};
use clap::Args;
use core::fmt::{self, Display, Formatter};
use serde::Serialize;
use std::path::PathBuf;

pub(super) const NOTES: &str = "\
With --profile the device tells all that it has for plugins: heap, stack, flash, slots, its policy's limits, and the
operations that plugins may ask for. The file is for `ampoule check --device`, which tells without the device
whether plugins fit on it.

Examples:
  ampoule describe --port /dev/ttyACM0
  ampoule describe --port /dev/ttyACM0 --profile thermostat.toml
  ampoule describe --port unix:/tmp/lamp.sock --profile - | grep heap_bytes";

#[derive(Debug, Args)]
pub(crate) struct Describe {
    #[command(flatten)]
    pub(super) line: Line,
    /// Write the device's profile to this file, or to stdout if it is -
    #[arg(long, value_name = "FILE")]
    pub(super) profile: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn describe(args: &Describe) -> Result<Status> {
    match &args.profile {
        Some(path) => profile::write(args, path),
        None => tell(args),
    }
}

fn tell(args: &Describe) -> Result<Status> {
    let device = open(&args.line)?;
    let (about, address) = (device.about(), device.address());
    if args.json {
        output::json(&Described::from(about))?;
    } else {
        // The last section needs no blank line after it.
        output::styled(&format!("{}\n", Report { about, address }.to_string().trim_end()))?;
    }
    Ok(Status::Done)
}

struct Report<'a> {
    about: &'a About,
    address: &'a Address,
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { about, address } = self;
        let device = [
            ("name", escaped(&about.name).to_string()),
            ("firmware", escaped(&about.firmware).to_string()),
            ("ABI", about.abi.to_string()),
            ("port", escaped(&address.to_string()).to_string()),
        ];
        section(f, "Device", named(device))?;
        let slots = format!("{} free of {}", about.free_slots, about.slots);
        let (free, ram) = (Grouped(about.free_ram_bytes.into()), Grouped(about.ram_bytes.into()));
        let room = [("slots", slots), ("RAM", format!("{free} free of {ram} bytes"))];
        section(f, "Room for plugins", named(room))?;
        let most = parts(&about.most).map(|(name, count)| (name, right(count)));
        section(f, "At most", named(most))?;
        section(f, "Services", about.services.iter().map(|name| [escaped(name).to_string()]))
    }
}

fn named<const N: usize>(rows: [(&str, String); N]) -> [[String; 2]; N] {
    rows.map(|(name, text)| [name.to_owned(), text])
}

/// Wide enough for 32 bits.
fn right(count: u32) -> String {
    format!("{:>13} bytes", Grouped(count.into()).to_string())
}

const fn parts(most: &Maxima) -> [(&'static str, u32); 6] {
    [
        ("install", most.install_bytes),
        ("module", most.module_bytes),
        ("memory", most.memory_bytes),
        ("heap", most.heap_bytes),
        ("message", most.message_bytes),
        ("chunk", most.chunk_bytes),
    ]
}

/// What `--json` prints.
#[derive(Serialize)]
struct Described<'a> {
    success: bool,
    name: &'a str,
    firmware: &'a str,
    abi: u16,
    slots: u16,
    free_slots: u16,
    ram_bytes: u32,
    free_ram_bytes: u32,
    most: &'a Maxima,
    services: &'a [String],
}

impl<'a> From<&'a About> for Described<'a> {
    fn from(it: &'a About) -> Self {
        Self {
            success: true,
            name: &it.name,
            firmware: &it.firmware,
            abi: it.abi,
            slots: it.slots,
            free_slots: it.free_slots,
            ram_bytes: it.ram_bytes,
            free_ram_bytes: it.free_ram_bytes,
            most: &it.most,
            services: &it.services,
        }
    }
}
