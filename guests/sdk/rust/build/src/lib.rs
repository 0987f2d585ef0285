//! The build script of an Ampoule plugin in Rust, in one line.
//!
//! In `build.rs`:
//!
//! ```
//! ampoule_guest_build::memory(1024, 8 * 1024);
//! ```

use std::env;

/// Fixes how much memory the plugin owns: `total_bytes` in all, `stack_bytes` of them for its stack.
///
/// The memory never grows, and its pages are one byte, so that nothing is rounded up. The stack
/// lies at the bottom: running over its end traps, it never overwrites data. The linker refuses a
/// total that is too small for the stack and the plugin's statics, and tells the bytes needed.
///
/// Does nothing unless the target is wasm32, so that tests run on the workstation.
pub fn memory(stack_bytes: u32, total_bytes: u32) {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        for argument in link_arguments(stack_bytes, total_bytes) {
            println!("cargo::rustc-link-arg-cdylib={argument}");
        }
    }
}

fn link_arguments(stack_bytes: u32, total_bytes: u32) -> [String; 4] {
    [
        // 64 KiB pages would round the smallest plugin up to the RAM of a whole chip.
        "--page-size=1".into(),
        // Rust's own default is a stack of 1 MiB.
        format!("-zstack-size={stack_bytes}"),
        format!("--initial-memory={total_bytes}"),
        format!("--max-memory={total_bytes}"),
    ]
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_linker_is_told_stack_and_total() {
        let arguments = super::link_arguments(512, 2048);
        let expected =
            ["--page-size=1", "-zstack-size=512", "--initial-memory=2048", "--max-memory=2048"];
        assert_eq!(arguments, expected);
    }
}
