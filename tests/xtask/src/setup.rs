//! `cargo xtask setup`: makes cross-building possible on this machine.

use crate::{Result, cross::Cross, process, workspace};
use std::{path::Path, process::Command};

/// The compiler that Debian keeps recent for its browsers, and the source of the core library.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Installs what is missing; with `check`, only tells.
pub(crate) fn run(check: bool) -> Result<()> {
    let targets = workspace::targets()?;
    let missing = missing(&targets);
    if missing.is_empty() {
        return tell(&targets);
    }
    if check {
        return Err(by_hand(&missing).into());
    }
    install(&missing)?;
    tell(&targets)
}

fn missing(targets: &[String]) -> Vec<&str> {
    let targets = targets.iter().map(String::as_str);
    targets.filter(|target| Cross::find(target).is_err()).collect()
}

fn tell(targets: &[String]) -> Result<()> {
    for target in targets {
        println!("{target}: {}", Cross::find(target)?.name());
    }
    Ok(())
}

/// Tries rustup first: its core library comes built, and is the compiler's own.
fn install(missing: &[&str]) -> Result<()> {
    let mut rustup = Command::new("rustup");
    rustup.current_dir(workspace::root()).args(["target", "add"]).args(missing);
    println!("setup: {}", process::line(&rustup));
    let Err(why) = process::run(&mut rustup) else { return Ok(()) };
    println!("setup: {why}");
    if !is_debian() || !is_root() {
        return Err(by_hand(missing).into());
    }
    install_from_debian().map_err(|why| format!("{why}\n{}", by_hand(missing)).into())
}

fn install_from_debian() -> Result<()> {
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"], &DEBIAN_PACKAGES[..]].concat())
}

fn apt_get(words: &[&str]) -> Result<()> {
    let mut apt_get = Command::new("apt-get");
    apt_get.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet").args(words);
    println!("setup: {}", process::line(&apt_get));
    process::run(&mut apt_get)
}

fn by_hand(missing: &[&str]) -> String {
    format!(
        "nothing here builds for {}\n\
         install by hand either the core libraries of the toolchain in use:\n    \
         rustup target add {}\n\
         or, on Debian 12 or later, as root, a compiler that builds them itself:\n    \
         apt-get update && apt-get install {}",
        missing.join(", "),
        missing.join(" "),
        DEBIAN_PACKAGES.join(" "),
    )
}

fn is_debian() -> bool {
    Path::new("/usr/bin/apt-get").is_file() && Path::new("/etc/debian_version").is_file()
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}
