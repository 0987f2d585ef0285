//! `ampoule ps` and its like: a device at the other end of a line.

mod args;
mod call;
mod deploy;
mod describe;
mod logs;
mod message;
mod profile;
mod ps;
mod top;

pub(crate) use args::Command;

use crate::{
    output,
    problem::{Problem, Status},
    show::cut,
};
use ampoule_std::{
    device::{Device, DeviceError, LineError, PluginId, Slot},
    escaped,
};
use args::{Line, Look, One};
use serde::Serialize;

type Result<T> = core::result::Result<T, Problem>;

pub(crate) fn carry_out(command: &Command) -> Result<Status> {
    match command {
        Command::Ps(args) => ps::ps(args),
        Command::Describe(args) => describe::describe(args),
        Command::Call(args) => call::call(args),
        Command::Deploy(args) => deploy::deploy(args),
        Command::Rollback(args) => operate(args, Device::roll_back, "went back"),
        Command::Unload(args) => operate(args, Device::unload, "unloaded"),
        Command::Lift(args) => operate(args, Device::lift, "its breaker was lifted"),
        Command::Reset(args) => reset(args),
        Command::Logs(args) => logs::logs(args),
        Command::Top(args) => top::top(args),
    }
}

fn open(line: &Line) -> Result<Device> {
    Ok(Device::open(line.address()?, line.patience())?)
}

/// The plugin that is meant: by its name, or else by its id.
fn find(device: &mut Device, given: &str) -> core::result::Result<Slot, DeviceError> {
    let slots = device.slots()?;
    let named: Vec<_> = slots.iter().filter(|slot| slot.name == given).collect();
    let found = match named.as_slice() {
        [] => slots.iter().find(|slot| slot.plugin.to_string() == given),
        [slot] => Some(*slot),
        several => {
            let ids = several.iter().take(9).map(|slot| slot.plugin.to_string());
            let (name, ids) = (given.to_owned(), ids.collect::<Vec<_>>().join(", "));
            return Err(LineError::Ambiguous { name, ids }.into());
        }
    };
    found.cloned().ok_or_else(|| LineError::NotLoaded { given: given.to_owned() }.into())
}

/// What `--json` prints of something that was done.
#[derive(Serialize)]
struct Done<'a> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// Does something to a plugin.
fn operate(
    args: &One,
    how: fn(&mut Device, PluginId) -> core::result::Result<(), DeviceError>,
    done: &str,
) -> Result<Status> {
    let mut device = open(&args.line)?;
    let Slot { plugin, name, .. } = find(&mut device, &args.plugin)?;
    how(&mut device, plugin)?;
    if args.json {
        let plugin = Some(plugin.to_string());
        output::json(&Done { success: true, plugin, name: Some(&name) })?;
    } else {
        output::styled(&format!("{} {plugin}: {done}\n", cut(&name)))?;
    }
    Ok(Status::Done)
}

fn reset(args: &Look) -> Result<Status> {
    let mut device = open(&args.line)?;
    device.reset()?;
    if args.json {
        output::json(&Done { success: true, plugin: None, name: None })?;
    } else {
        output::styled(&format!("{} restarts\n", escaped(&device.about().name)))?;
    }
    Ok(Status::Done)
}
