//! `ampoule check`: whether plugins fit on a device, before they are shipped.

mod args;
mod json;
mod plugin;
mod show;
mod stand_in;

pub(crate) use args::{CheckDevice, NOTES};

use crate::{
    output,
    problem::{Problem, Status},
};
use ampoule_std::{
    profile::{Candidate, Fit, MAX_PROFILE_BYTES, Profile, ProfileError},
    read_capped,
};
use plugin::Plugin;
use std::path::Path;

/// A device, the plugins for it, and what comes of that.
struct Report {
    profile: Profile,
    plugins: Vec<Plugin>,
    fit: Fit,
}

pub(crate) fn check(args: &CheckDevice) -> Result<Status, Problem> {
    let profile = read(&args.device)?;
    let mut plugins = Vec::new();
    for path in &args.plugins {
        let plugin = Plugin::read(path, &profile, &plugins)?;
        plugins.push(plugin);
    }
    let candidates: Vec<Candidate> = plugins.iter().filter_map(Plugin::candidate).collect();
    let fit = Fit::new(&profile, &candidates);
    let report = Report { profile, plugins, fit };
    if args.json {
        output::json(&json::Told::new(&report))?;
    } else {
        output::styled(&report)?;
    }
    Ok(report.status())
}

impl Report {
    fn status(&self) -> Status {
        let refused = self.plugins.iter().any(|plugin| plugin.refused.is_some());
        match (refused, self.fit.fits()) {
            (true, _) => Status::Refused,
            (_, false) => Status::Failed,
            _ => Status::Done,
        }
    }
}

fn read(path: &Path) -> Result<Profile, Problem> {
    let bytes = read_capped(path, MAX_PROFILE_BYTES).map_err(|error| {
        let problem = Problem::from(error);
        Problem { cure: "give a profile: `ampoule describe --profile` writes a device's own, and firmware-example/devices has some", ..problem }
    })?;
    let parsed = core::str::from_utf8(&bytes).map_err(|error| {
        let line = 1 + bytes.iter().take(error.valid_up_to()).filter(|it| **it == b'\n').count();
        ProfileError::Malformed { line, column: 1, message: "it is not UTF-8".to_owned() }
    });
    parsed.and_then(Profile::parse).map_err(|error| Problem::new(Status::Usage, &error))
}
