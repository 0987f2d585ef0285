//! What the bound promises, held against what is measured on this machine. `cargo xtask weights --check` does
//! the same with pointers of 32 bits, `cargo xtask bound` on a Cortex-M4.

use ampoule::Weights;
use ampoule_bound::{Case, NEAR, guests, measured, mixed, promised, shapes, smith, steep};
use std::{fs, path::PathBuf};

/// Seeds that no weight was fitted to.
const UNSEEN: u64 = 1 << 32;

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn ratios(case: &Case) -> Option<[f64; 3]> {
    let (found, bound) = (measured(&case.wasm)?, promised(&case.wasm, &Weights::BITS_64)?);
    Some(ampoule_bound::ratios(&bound, &found))
}

/// Loads and runs them all, and fails with the names of those that hold more than their bound.
fn assert_bounded(cases: impl IntoIterator<Item = Case>) -> usize {
    let (mut loaded, mut over, mut least) = (0, Vec::new(), (f64::MAX, String::new()));
    for case in cases {
        let Some(ratios) = ratios(&case) else { continue };
        loaded += 1;
        let nearest = ratios.iter().copied().fold(f64::MAX, f64::min);
        if nearest < least.0 {
            least = (nearest, case.name.clone());
        }
        if ratios.iter().any(|ratio| *ratio < 1.0) {
            over.push(format!("{}: {ratios:.2?}", case.name));
        }
    }
    let (ratio, name) = least;
    println!("{loaded} modules; the least bound is {ratio:.2} of what was measured: {name}");
    assert!(over.is_empty(), "\n{}", over.join("\n"));
    loaded
}

#[test]
fn no_plugin_holds_more_than_its_bound_and_the_bound_is_near() {
    for case in guests(repository("guests/prebuilt")).unwrap() {
        let ratios = ratios(&case).expect("it is loaded");
        let narrow = promised(&case.wasm, &Weights::BITS_32).unwrap();
        println!("{:18} {ratios:.2?}; on 32 bit {narrow:?}", case.name);
        assert!(ratios.iter().all(|ratio| *ratio >= 1.0), "{}: {ratios:.2?}", case.name);
        assert!(ratios[0] <= NEAR, "{}: {ratios:.2?}", case.name);
    }
}

/// One that isn't, for a slip in its text, would promise nothing.
#[test]
fn every_shape_is_loaded() {
    for case in [3, 40].into_iter().flat_map(shapes) {
        assert!(measured(&case.wasm).is_some(), "{}", case.name);
    }
}

#[test]
fn no_shape_of_module_holds_more_than_its_bound() {
    // Other sizes than those that the weights were fitted to.
    let sizes = [0, 2, 12, 40, 100, 300, 700, 1030, 5000].into_iter().flat_map(shapes);
    // And where vectors double, among others by steps that weren't either.
    let steep = [33, 257, 577, 769, 1153, 2049, 3201, 4097].into_iter().flat_map(steep);
    let loaded = assert_bounded(sizes.chain(steep));
    assert!(loaded > 1000, "only {loaded} were loaded");
}

#[test]
fn no_module_by_chance_holds_more_than_its_bound() {
    let by_chance = (0..600).flat_map(|at| [Some(mixed(UNSEEN + at)), smith(UNSEEN + at)]);
    let loaded = assert_bounded(by_chance.flatten());
    assert!(loaded > 1000, "only {loaded} were loaded");
}

#[test]
fn a_bound_that_is_too_low_is_noticed() {
    let halved = |case: &Case| {
        let mut weights = Weights::BITS_64;
        for weight in &mut weights.items {
            (weight.held, weight.loading) = (weight.held / 2, weight.loading / 2);
        }
        promised(&case.wasm, &weights).unwrap().peak() < measured(&case.wasm).unwrap().peak()
    };
    let cases = shapes(1000);
    let noticed = cases.iter().filter(|case| measured(&case.wasm).is_some() && halved(case));
    assert!(noticed.count() > 50);
}

#[test]
fn the_weights_are_for_the_engine_that_is_locked() {
    let (name, version, features) = Weights::ENGINE;
    for lock in ["Cargo.lock", "firmware-example/Cargo.lock", "tests/bound/probe/Cargo.lock"] {
        let text = fs::read_to_string(repository(lock)).unwrap();
        let locked = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert_eq!(text.matches(&format!("name = \"{name}\"\n")).count(), 1, "{lock}");
        assert!(text.contains(&locked), "{lock}: run `cargo xtask weights` for its {name}");
    }
    let manifest = fs::read_to_string(repository("Cargo.toml")).unwrap();
    let listed =
        if features.is_empty() { String::new() } else { format!(", features = {features:?}") };
    let line =
        format!("{name} = {{ version = \"={version}\", default-features = false{listed} }}\n");
    assert!(manifest.contains(&line), "Cargo.toml has no line {line}run `cargo xtask weights`");
    let core = fs::read_to_string(repository("core/host/Cargo.toml")).unwrap();
    assert!(core.contains(&format!("\n{name}.workspace = true\n")), "core/host has other features");
}
