//! Tells the linker what memory the board has.

use std::{env, error::Error, fs, path::PathBuf};

const BOARDS: [(&str, &str); 3] =
    [("STM32F405", "stm32f405"), ("MPS2_AN505", "mps2-an505"), ("VIRT", "virt")];

/// Features with a program of their own in place of the demonstration.
const OTHERS: [&str; 2] = ["CONFORMANCE", "TRIALS"];

fn main() -> Result<(), Box<dyn Error>> {
    let chosen =
        |(feature, _): &&(&str, &str)| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    let mut boards = BOARDS.iter().filter(chosen);
    let (Some((_, board)), None) = (boards.next(), boards.next()) else {
        return Err("choose one board: --no-default-features --features emulated,BOARD, \
                    with stm32f405, mps2-an505 or virt for BOARD"
            .into());
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    fs::copy(format!("memory/{board}.x"), out.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out.display());
    if *board == "virt" {
        println!("cargo::rustc-link-arg=-Tmemory.x");
    }
    // What runs in place of it has a feature.
    println!("cargo::rustc-check-cfg=cfg(demonstration)");
    if OTHERS.iter().all(|it| env::var_os(format!("CARGO_FEATURE_{it}")).is_none()) {
        println!("cargo::rustc-cfg=demonstration");
    }
    println!("cargo::rustc-link-arg=-Tlink.x");
    // One copy of functions whose instructions are the same: 3 KiB.
    println!("cargo::rustc-link-arg=--icf=all");
    println!("cargo::rerun-if-changed=memory");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
