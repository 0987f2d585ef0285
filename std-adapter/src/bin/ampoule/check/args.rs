//! What the command line of `ampoule check` may say.

use clap::Args;
use std::path::PathBuf;

pub(crate) const NOTES: &str = "\
Tells before anything is shipped whether plugins fit on a device, all together: the most that each can ever
hold, part by part, what the device has, and what is left or missing. It computes with the widths and the
limits of the device, as the device itself does before it loads them. Nothing of a plugin runs.

A device's profile is a file in TOML: name, bits, heap_bytes, overhead_percent, stack_bytes, flash_bytes,
slots, [services], [limits] and [shape]. A device that runs writes its own, with `ampoule describe --profile FILE`;
firmware-example/devices has one for each of its boards.

A manifest that lies beside a plugin, blink.manifest.json beside blink.wasm, lowers its limits and grants its
imports; without one the plugin is taken to be granted all that the device offers.

With --json, stdout has one JSON object on one line, whatever happens.

Examples:
  ampoule check --device firmware-example/devices/stm32f405.toml guests/prebuilt/echo.wasm
  ampoule check --device thermostat.toml blink.wasm filter.wasm
  ampoule check --device thermostat.toml *.wasm --json | jq .heap

Exit status:
  0  all fits
  1  something doesn't fit
  2  the command line or a file is wrong
  3  the device would refuse a plugin";

#[derive(Debug, Args)]
pub(crate) struct CheckDevice {
    /// The device's profile: `ampoule describe --profile FILE` writes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) device: PathBuf,
    /// The plugins' modules, in the order in which they are loaded.
    #[arg(required = true, value_name = "PLUGIN")]
    pub(crate) plugins: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
