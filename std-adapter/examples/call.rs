//! Loads a plugin and calls it: the example of the README.
#![allow(elided_lifetimes_in_paths, clippy::std_instead_of_core)]

use ampoule_std::{Context, Limits, Outcome, Pairs, Plugin, Value, read_module};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limits = Limits::WORKSTATION;
    let module = read_module("guests/prebuilt/json-transformer.wasm", limits.module_bytes)?;
    let mut plugin = Plugin::load(&module, &limits, &Context::default())?;
    let execute = plugin.bind::<Context, Outcome>("execute")?;

    let context = Context {
        request_id: "req-001",
        headers: Pairs::from_slice(&[("Content-Type", "application/json")]),
        parameters: Pairs::from_slice(&[("user_name", "ada"), ("format", "camelCase")]),
    };
    let outcome = plugin.call(&execute, &context)?;

    let Value::Map(data) = outcome.data else { return Err("not a map".into()) };
    println!("{:?}", data.get("userName")); // Some(Str("ada"))
    println!("{} fuel", plugin.usage().fuel);
    Ok(())
}
