//! `ampoule describe --profile`: a device's own profile, for `ampoule check --device`.

use super::{Result, describe::Describe, open};
use crate::{output, problem::Status};
use ampoule_std::{CommandError, escaped, profile::Profile, write_whole};
use serde::Serialize;
use std::path::Path;

/// The path that means stdout.
const STDOUT: &str = "-";

/// What `--json` prints.
#[derive(Serialize)]
struct Written<'a> {
    success: bool,
    name: &'a str,
    profile: &'a str,
}

pub(super) fn write(args: &Describe, path: &Path) -> Result<Status> {
    let to_stdout = path == Path::new(STDOUT);
    if to_stdout && args.json {
        let reason = "--json and --profile - both want stdout".to_owned();
        return Err(CommandError::Arguments { reason }.into());
    }
    let profile = open(&args.line)?.profile()?;
    if to_stdout {
        output::plain(&file(&profile))?;
        return Ok(Status::Done);
    }
    write_whole(path, file(&profile).as_bytes())?;
    tell(args, &profile.name, &path.to_string_lossy())
}

/// The profile, and where it comes from.
fn file(profile: &Profile) -> String {
    let name = escaped(&profile.name);
    format!(
        "# What {name} has for plugins, as it tells itself (`ampoule describe --profile`). For \
         `ampoule check --device`.\n{}",
        profile.to_toml()
    )
}

fn tell(args: &Describe, name: &str, path: &str) -> Result<Status> {
    if args.json {
        output::json(&Written { success: true, name, profile: path })?;
    } else {
        output::styled(&format!("{}: the profile of {}\n", escaped(path), escaped(name)))?;
    }
    Ok(Status::Done)
}
