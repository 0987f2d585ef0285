//! What docs/serving.md says is what there is.

use ampoule_std::serve::Endpoint;

const PAGE: &str = include_str!("../../../docs/serving.md");

#[test]
fn the_page_lists_the_endpoints_of_the_router_and_no_others() {
    let is_row = |line: &&str| line.starts_with("| `GET ") || line.starts_with("| `POST ");
    let named = |line: &str| line.split('`').nth(1).unwrap().to_owned();
    let listed: Vec<_> = PAGE.lines().filter(is_row).map(named).collect();
    let all = Endpoint::ALL.iter().map(|it| format!("{} {}", it.method(), it.path()));
    assert_eq!(listed, all.collect::<Vec<_>>());
}

#[test]
fn the_page_lists_every_option_of_the_command() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_ampoule"))
        .args(["serve", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let options = help.lines().filter_map(|line| line.trim().strip_prefix("--"));
    let options = options.map(|line| line.split(' ').next().unwrap());
    let mut count = 0;
    for option in options.filter(|option| !option.is_empty()) {
        assert!(PAGE.contains(&format!("`--{option}")), "{option}");
        count += 1;
    }
    assert!(count >= 11, "{help}");
}
