//! `ampoule deploy`: a plugin, on its way to a device.

use super::{Result, args::Deploy, find, open};
use crate::{
    manifest, module, output,
    problem::{Problem, Status},
    show::{Grouped, cut},
};
use ampoule_std::{
    Limits, Manifest,
    device::{Device, DeviceError, Hash, LineError, Package, Slot, Step, Target, admit},
    escaped, owned,
};
use core::fmt::{self, Display, Formatter};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{self, IsTerminal as _};

pub(super) fn deploy(args: &Deploy) -> Result<Status> {
    let wasm = module(&args.module, &Limits::WORKSTATION)?;
    let papers = args.manifest.as_deref().map(manifest::with_bytes).transpose()?;
    let mut device = open(&args.line)?;
    let meta = judged(&device, papers.as_ref(), &wasm)?;
    let replaced = replaced(&mut device, args, &meta)?;
    let told = Told { args, meta: &meta, replaced: replaced.as_ref() };

    let target = replaced.as_ref().map_or(Target::New, |slot| Target::Plugin(slot.plugin));
    let json = papers.as_ref().map_or(&[][..], |(_, json)| json);
    let package = Package::new(target, json, &wasm);
    told.begin(&package);
    let mut progress = Progress::new(args, package.announced().total_bytes);
    let deployed = device.deploy(&package, args.abort, &mut |step| progress.step(step));
    progress.end();
    let plugin = deployed?;
    let slots = device.slots()?;
    let slot = slots.into_iter().find(|slot| slot.plugin == plugin);
    told.end(&slot.ok_or_else(|| gone(&plugin.to_string()))?)?;
    Ok(Status::Done)
}

fn gone(plugin: &str) -> Problem {
    DeviceError::from(LineError::NotLoaded { given: plugin.to_owned() }).into()
}

/// Refuses what the device would refuse, and tells who the module is.
fn judged(
    device: &Device,
    papers: Option<&(Manifest, Vec<u8>)>,
    wasm: &[u8],
) -> Result<owned::Meta> {
    let manifest = papers.map(|(manifest, json)| (manifest, json.len()));
    let found = admit(device.about(), manifest, wasm)?;
    match found.meta {
        Some(Ok(meta)) => Ok(meta),
        // No module without is admitted.
        _ => Err(Problem::new(Status::Refused, &ampoule_std::AdmissionError::NoMeta {})),
    }
}

/// The plugin that the module takes the place of; none if it goes into a free slot.
fn replaced(device: &mut Device, args: &Deploy, meta: &owned::Meta) -> Result<Option<Slot>> {
    let given = args.replace.as_ref().unwrap_or(&meta.name);
    let found = if args.new { None } else { Some(find(device, given)) };
    match found {
        Some(Err(DeviceError::Line(LineError::NotLoaded { .. }))) if args.replace.is_none() => {}
        Some(found) => return Ok(Some(found?)),
        None => {}
    }
    let about = device.about();
    if about.free_slots == 0 {
        return Err(DeviceError::from(LineError::Full { slots: about.slots }).into());
    }
    Ok(None)
}

/// What is told before and after.
struct Told<'a> {
    args: &'a Deploy,
    meta: &'a owned::Meta,
    replaced: Option<&'a Slot>,
}

impl Told<'_> {
    fn begin(&self, package: &Package) {
        if self.args.json {
            return;
        }
        let owned::Meta { name, version, .. } = self.meta;
        let place = match self.replaced {
            Some(slot) => format!("replaces {} as {}", cut(&slot.version), slot.plugin),
            None => "goes into a free slot".to_owned(),
        };
        let bytes = Grouped(package.announced().total_bytes.into());
        let (name, version) = (escaped(name), escaped(version));
        output::styled_aside(&format!("{name} {version} {place}: {bytes} bytes\n"));
    }

    /// What the device says of it, not what was sent.
    fn end(&self, slot: &Slot) -> Result<()> {
        if self.args.json {
            return Ok(output::json(&Deployed::new(slot, self.replaced))?);
        }
        Ok(output::styled(&End { slot, is_new: self.replaced.is_none() })?)
    }
}

struct End<'a> {
    slot: &'a Slot,
    is_new: bool,
}

impl Display for End<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Slot { plugin, name, version, hash, probation, .. } = self.slot;
        let (name, version, hash) = (cut(name), cut(version), Hash(*hash));
        if self.is_new {
            return writeln!(f, "loaded {name} {version} as {plugin}, hash {hash}");
        }
        write!(f, "reloaded {plugin}: {name} {version}, hash {hash}")?;
        f.write_str(if *probation { ", on probation\n" } else { "\n" })
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Deployed<'a> {
    success: bool,
    plugin: String,
    name: &'a str,
    version: &'a str,
    hash: String,
    probation: bool,
    /// The version that was there before.
    replaced: Option<&'a str>,
}

impl<'a> Deployed<'a> {
    fn new(slot: &'a Slot, replaced: Option<&'a Slot>) -> Self {
        Self {
            success: true,
            plugin: slot.plugin.to_string(),
            name: &slot.name,
            version: &slot.version,
            hash: Hash(slot.hash).to_string(),
            probation: slot.probation,
            replaced: replaced.map(|slot| slot.version.as_str()),
        }
    }
}

/// Tells how far it is: a bar on a terminal, elsewhere a line at each tenth, to a program nothing.
enum Progress {
    Bar(ProgressBar),
    Lines { total: u32, tenths: u64 },
    Nothing,
}

impl Progress {
    fn new(args: &Deploy, total: u32) -> Self {
        if args.json {
            return Self::Nothing;
        }
        if !io::stderr().is_terminal() {
            return Self::Lines { total, tenths: 0 };
        }
        let bar = ProgressBar::new(total.into());
        match ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes} {msg}") {
            Ok(style) => Self::Bar(bar.with_style(style)),
            Err(_) => Self::Bar(bar),
        }
    }

    fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Begun { at: 0 } => {}
            Step::Begun { at } => self.note(&format!("goes on at byte {}", Grouped(at.into()))),
            Step::Sent { at } => self.sent(at),
            Step::Committed => self.note("all is sent; the device loads it"),
            Step::Broken(error) => self.note(&format!("{error}; it goes on with a new session")),
            _ => {}
        }
    }

    fn sent(&mut self, at: u32) {
        match self {
            Self::Bar(bar) => bar.set_position(at.into()),
            Self::Lines { total, tenths } => {
                let reached = u64::from(at) * 10 / u64::from((*total).max(1));
                if reached > *tenths {
                    *tenths = reached;
                    let (at, total) = (Grouped(at.into()), Grouped((*total).into()));
                    output::styled_aside(&format!("{at} of {total} bytes\n"));
                }
            }
            Self::Nothing => {}
        }
    }

    fn note(&self, text: &str) {
        match self {
            Self::Bar(bar) => bar.println(text),
            Self::Lines { .. } => output::styled_aside(&format!("{text}\n")),
            Self::Nothing => {}
        }
    }

    fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
