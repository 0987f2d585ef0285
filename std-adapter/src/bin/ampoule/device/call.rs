//! `ampoule call`: an entry of a plugin on a device.

use super::{
    Result,
    args::{Call, Message},
    find,
    message::{Types, put, take, types},
    open,
};
use crate::{
    module, output,
    problem::{Problem, Status},
    run::callable,
    show::Tree,
};
use ampoule_abi::{Decode as _, encode};
use ampoule_std::{
    Limits, Outcome,
    device::{DeviceError, Hash, LineError, LinkError, Slot},
    inspect, owned,
};
use serde::Serialize;
use serde_json::Value;

pub(super) fn call(args: &Call) -> Result<Status> {
    let (message, kind) = ask(args)?;
    let mut device = open(&args.line)?;
    let Slot { plugin, hash, .. } = find(&mut device, &args.plugin)?;
    if let Kind::Typed(_, module) = kind
        && module != Hash(hash)
    {
        let (here, there) = (module, Hash(hash));
        let what = "the device runs another module than this one, whose types may be others";
        output::styled_aside(&format!("{what}: {there}, not {here}\n"));
    }
    let reply = device.call(plugin, &args.entry, &message)?;
    match kind {
        Kind::Outcome => show_outcome(args, &reply),
        Kind::Bytes => show_bytes(args, &reply),
        Kind::Typed(types, _) => {
            let value = take(&types.reply, &reply).map_err(|reason| unread(args, reason))?;
            if args.json {
                output::json(&Answered { success: true, reply: value })?;
            } else {
                output::json(&value)?;
            }
            Ok(Status::Done)
        }
    }
}

/// What a reply is.
enum Kind {
    Outcome,
    Bytes,
    /// Of the types that the module of this hash declares.
    Typed(Types, Hash),
}

/// The message, and what its reply will be.
fn ask(args: &Call) -> Result<(Vec<u8>, Kind)> {
    if let Some(Message(bytes)) = &args.hex {
        return Ok((bytes.clone(), Kind::Bytes));
    }
    let limits = Limits::WORKSTATION;
    let wasm = args.module.as_deref().map(|path| module(path, &limits)).transpose()?;
    if let Some((wasm, json)) = wasm.as_deref().zip(args.message.as_deref()) {
        return typed(args, wasm, json);
    }
    let context = context(args)?;
    if let Some(wasm) = wasm {
        // What it imports is the device's affair.
        let mut found = inspect(&wasm, &limits)?;
        found.verdict = Ok(());
        callable(&found, &args.entry)?;
    }
    Ok((context, Kind::Outcome))
}

/// A message of the type that the module declares.
fn typed(args: &Call, wasm: &[u8], json: &str) -> Result<(Vec<u8>, Kind)> {
    let types = types(wasm, &args.entry)
        .ok_or_else(|| unfit(args, "the module declares no types for it".to_owned()))?;
    let value: Value =
        serde_json::from_str(json).map_err(|error| unfit(args, error.to_string()))?;
    let message = put(&types.request, &value).map_err(|reason| unfit(args, reason))?;
    Ok((message, Kind::Typed(types, Hash::of(wasm))))
}

fn unfit(args: &Call, reason: String) -> Problem {
    DeviceError::from(LineError::Message { entry: args.entry.clone(), reason }).into()
}

fn unread(args: &Call, reason: String) -> Problem {
    DeviceError::from(LineError::OtherReply { entry: args.entry.clone(), reason }).into()
}

/// More than any frame takes.
const MOST_BYTES: usize = 64 * 1024;

/// The request, as the entry takes it.
fn context(args: &Call) -> Result<Vec<u8>> {
    let context = owned::Context {
        request_id: args.request_id.clone(),
        headers: args.headers()?,
        parameters: args.parameters()?,
    };
    let mut room = vec![0; MOST_BYTES];
    let written = encode(&context.borrow(), &mut room).map(|bytes| bytes.len());
    let length = written.map_err(|_| DeviceError::from(LinkError::RequestTooLarge {}))?;
    room.truncate(length);
    Ok(room)
}

fn show_outcome(args: &Call, reply: &[u8]) -> Result<Status> {
    let outcome = Outcome::decode(reply).map_err(|error| unread(args, error.to_string()))?;
    if args.json {
        output::json(&outcome)?;
    } else {
        output::styled(&Tree(&outcome))?;
    }
    Ok(if outcome.success { Status::Done } else { Status::Failed })
}

/// What `--json` prints of a reply that is no Outcome.
#[derive(Serialize)]
struct Answered<T> {
    success: bool,
    reply: T,
}

fn show_bytes(args: &Call, reply: &[u8]) -> Result<Status> {
    let digits = |separator: &str| {
        let bytes = reply.iter().map(|byte| format!("{byte:02x}"));
        bytes.collect::<Vec<_>>().join(separator)
    };
    if args.json {
        output::json(&Answered { success: true, reply: digits("") })?;
    } else {
        output::plain(&format!("{}\n", digits(" ")))?;
    }
    Ok(Status::Done)
}
