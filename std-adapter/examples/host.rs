//! Many plugins in one main loop: the other example of the README.
#![allow(elided_lifetimes_in_paths, clippy::std_instead_of_core)]

use ampoule_std::{Config, Host, Manifest, Source, Wake, monotonic, offer_shared, read_module};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut host = Host::<16>::new(Config::WORKSTATION, monotonic);
    offer_shared(&mut host, |line| eprintln!("{line}"), |_| Ok(()))?;

    let module = read_module("guests/prebuilt/sensor-filter.wasm", 65_536)?;
    let manifest = Manifest::parse(
        br#"{
            "meta": { "name": "sensor-filter", "version": "1.0.0" },
            "timeout": 50,
            "capabilities": { "services": [
                { "service": "kv", "operations": ["get", "set"] },
                { "service": "log", "operations": ["write"], "perSecond": 5 }
            ] }
        }"#,
    )?;
    let source = || Source::new(&module).with_manifest(&manifest);
    let id = host.load(source())?;
    let filter = host.bind::<(u64, f32), (f32, u32)>(id, "filter")?;

    // All at once, or a slice of fuel on each turn of a main loop, beside all other plugins.
    println!("{:?}", host.call(&filter, &(1, 20.0))?);
    let call = host.start(&filter, &(2, 24.0))?;
    while host.poll(monotonic()).next == Wake::Now {}
    println!("{:?}", host.take(&call).ok_or("not over")??);

    // A new version takes over with the old one's state; a fault would bring the old one back.
    host.reload(id, source())?;
    println!("{:?}", host.call(&filter, &(3, 25.0))?); // (22.0, 0)
    println!("{} calls", host.counters(id).ok_or("gone")?.calls);
    Ok(())
}
