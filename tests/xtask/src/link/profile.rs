//! What the device tells of itself is what is committed of it.

use super::{device::Device, same};
use crate::{Result, process, workspace};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Plugins that fit, and one that no device offers the services of.
const PLUGINS: [&str; 4] = ["echo", "blink", "sensor-filter", "lamp"];

/// Builds the command: a device that is up runs on meanwhile.
pub(super) fn build() -> Result<()> {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).args(["build", "--quiet", "-p", "ampoule-std"]);
    process::run(&mut cargo)
}

/// Has the command itself ask, over the line that is lent to it.
pub(super) fn committed(device: &mut Device) -> Result<()> {
    let committed =
        workspace::root().join(format!("firmware-example/devices/{}.toml", device.bench.board));
    let written = Written::new()?;
    device.bench.lend(|port| describe(port, &written.0))??;
    if env::var_os("AMPOULE_BLESS").is_some() {
        fs::copy(&written.0, &committed)?;
    }
    let (told, kept) = (workspace::read(&written.0)?, workspace::read(&committed)?);
    for (told, kept) in told.lines().zip(kept.lines()) {
        same(committed.display(), kept, told)?;
    }
    same(committed.display(), kept.len(), told.len())
        .map_err(|error| format!("{error}; AMPOULE_BLESS=1 keeps what the device tells"))?;
    same("what `ampoule check` tells", check(&written.0)?, check(&committed)?)
}

fn describe(port: &str, file: &Path) -> Result<()> {
    // On a machine that has much to do, QEMU is slow.
    let args = ["describe", "--wait", "2s", "--port", port, "--profile"];
    process::output(ampoule().args(args).arg(file)).map(|_| ())
}

/// What comes of plugins on a device with that profile, fit or not.
fn check(profile: &Path) -> Result<String> {
    let prebuilt = workspace::root().join("guests/prebuilt");
    let plugins = PLUGINS.map(|plugin| prebuilt.join(format!("{plugin}.wasm")));
    let mut check = ampoule();
    let ran =
        check.arg("check").arg("--json").arg("--device").arg(profile).args(plugins).output()?;
    let told = String::from_utf8(ran.stdout)?;
    // `lamp` would be refused, and the others fit.
    same("exit status", ran.status.code(), Some(3))?;
    same("refused", told.matches("\"code\":\"A19\"").count(), 1)?;
    same("fit", told.matches("\"refused\":null").count(), PLUGINS.len() - 1)?;
    Ok(told)
}

fn ampoule() -> Command {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).args(["run", "--quiet", "-p", "ampoule-std", "--"]);
    cargo
}

/// A profile, gone with the check.
struct Written(PathBuf);

impl Written {
    fn new() -> Result<Self> {
        let folder = env::temp_dir().join(format!("ampoule-profile-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder.join("device.toml")))
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // It may be gone already, with a folder above.
        let _ = self.0.parent().map(fs::remove_dir_all);
    }
}
