//! The README's example is the one that runs.

use std::{env, path::Path, process::Command};

const README: &str = include_str!("../../README.md");
const EXAMPLE: &str = include_str!("../examples/call.rs");

#[test]
fn the_readme_shows_the_example_as_it_is() {
    let (_, shown) = EXAMPLE.split_once("\n\n").unwrap();
    assert!(README.contains(shown), "copy std-adapter/examples/call.rs into README.md");
}

#[test]
fn the_readmes_example_prints_what_it_says() {
    let tests = env::current_exe().unwrap();
    let example = tests.ancestors().nth(2).unwrap().join("examples/call");
    let output = Command::new(&example)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", example.display()));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with("Some(Str(\"ada\"))\n"), "{printed}");
}
