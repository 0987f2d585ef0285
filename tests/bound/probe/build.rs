//! Tells the linker what memory the board has: ARM's MPS2 with the image AN386, a Cortex-M4 with megabytes.

use std::{env, error::Error, fs, path::PathBuf};

const MEMORY: &str = "\
MEMORY
{
    FLASH : ORIGIN = 0x00000000, LENGTH = 4096K
    STACK : ORIGIN = 0x20000000, LENGTH = 64K
    RAM   : ORIGIN = 0x20010000, LENGTH = 4032K
}
_stack_end = ORIGIN(STACK);
_stack_start = ORIGIN(STACK) + LENGTH(STACK);
";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_BOARD").is_some() {
        let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
        fs::write(out.join("memory.x"), MEMORY)?;
        println!("cargo::rustc-link-search={}", out.display());
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
    }
    Ok(())
}
