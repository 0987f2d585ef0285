//! The README's example is the one that runs.

use std::{env, path::Path, process::Command};

const README: &str = include_str!("../../README.md");
const EXAMPLES: [(&str, &str); 2] =
    [("call", include_str!("../examples/call.rs")), ("host", include_str!("../examples/host.rs"))];

#[test]
fn the_readme_shows_the_examples_as_they_are() {
    for (name, example) in EXAMPLES {
        let (_, shown) = example.split_once("\n\n").unwrap();
        assert!(README.contains(shown), "copy std-adapter/examples/{name}.rs into README.md");
    }
}

fn printed_by(example: &str) -> String {
    let tests = env::current_exe().unwrap();
    let example = tests.ancestors().nth(2).unwrap().join("examples").join(example);
    let output = Command::new(&example)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", example.display()));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_readmes_examples_print_what_they_say() {
    let printed = printed_by("call");
    assert!(printed.starts_with("Some(Str(\"ada\"))\n"), "{printed}");
    assert_eq!(printed_by("host"), "(20.0, 0)\n(21.0, 0)\n(22.0, 0)\n3 calls\n");
}
