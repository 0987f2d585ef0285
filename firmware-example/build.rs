//! Tells the linker what memory the board has.

use std::{env, error::Error, fs, path::PathBuf};

const BOARDS: [(&str, &str); 3] =
    [("STM32F405", "stm32f405"), ("MPS2_AN505", "mps2-an505"), ("VIRT", "virt")];

/// Features with a program of their own in place of the demonstration.
const OTHERS: [&str; 3] = ["CONFORMANCE", "SMALLEST", "TRIALS"];

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
    if env::var_os("CARGO_FEATURE_SMALLEST").is_some() {
        fs::write(out.join("memory.x"), smallest()?)?;
    } else {
        fs::copy(format!("memory/{board}.x"), out.join("memory.x"))?;
    }
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

/// What the linker is told of the image `smallest`. The compiler is told its figures.
fn smallest() -> Result<String, Box<dyn Error>> {
    // Other figures than those that are kept, to find them.
    const OTHER: &str = "AMPOULE_SMALLEST";
    println!("cargo::rerun-if-env-changed={OTHER}");
    let file = env::var(OTHER).unwrap_or_else(|_| "memory/smallest.txt".to_owned());
    println!("cargo::rerun-if-changed={file}");
    let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let figure = |name: &str| -> Result<u32, Box<dyn Error>> {
        let bytes = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        let bytes: u32 = bytes.ok_or_else(|| format!("{file} has no {name}"))?.parse()?;
        println!("cargo::rustc-env=AMPOULE_{}={bytes}", name.to_uppercase());
        Ok(bytes)
    };
    let (ram, stack) = (figure("ram")?, figure("stack")?);
    let plugins_stack = figure("plugins_stack")?;
    figure("heap")?;
    let rest = ram.checked_sub(stack).and_then(|rest| rest.checked_sub(plugins_stack));
    let rest = rest.ok_or("the stacks are larger than the RAM")?;
    Ok(format!(
        "MEMORY
{{
    FLASH : ORIGIN = 0x08000000, LENGTH = 1024K
    STACK : ORIGIN = 0x20000000, LENGTH = {stack}
    RAM   : ORIGIN = 0x20000000 + {stack}, LENGTH = {rest}
    CELL  : ORIGIN = 0x20000000 + {stack} + {rest}, LENGTH = {plugins_stack}
}}
_stack_end = ORIGIN(STACK);
_stack_start = ORIGIN(STACK) + LENGTH(STACK);
SECTIONS
{{
    .cell_stack (NOLOAD) : ALIGN(2048) {{ *(.cell_stack) }} > CELL
}}
INSERT AFTER .uninit;
"
    ))
}
