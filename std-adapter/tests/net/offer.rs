//! Where the service is offered, and what its page tells.

use crate::{Asker, NOT_GRANTED, TCP, bytes, manifest};
use ampoule_std::{
    Grant, Policy, Service as _, net::NetLimits, workstation_offers, workstation_services,
};
use std::fs;

#[test]
fn it_is_offered_where_there_are_hosts() {
    for operation in ["connect", "exchange", "close", "http"] {
        assert!(workstation_offers("net", operation));
    }
    assert!(!workstation_offers("net", "listen"));
    for (hosts, offered) in [(vec!["example.com".to_owned()], true), (Vec::new(), false)] {
        let manifest = manifest(&hosts);
        let grant = Grant::new(&manifest, &Policy::WORKSTATION);
        let services = workstation_services(&grant, |_| (), |_| Ok(()));
        assert_eq!(format!("{services:?}").contains("\"net\""), offered);
    }
}

#[test]
fn without_hosts_nothing_is_granted() {
    let mut plugin = Asker::of(&[]);
    for request in [bytes(&(TCP, "127.0.0.1", 80_u16)), bytes(&(1_u32, &b""[..], 0_u32)), vec![]] {
        for operation in ["connect", "exchange", "close", "http"] {
            assert_eq!(plugin.ask(operation, &request), NOT_GRANTED);
        }
    }
}

#[test]
fn the_page_tells_the_prices() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/services.md");
    let page = fs::read_to_string(page).unwrap();
    for it in Asker::of(&[]).net.operations() {
        let start = format!("| `{}` |", it.name);
        let row = page.lines().find(|line| line.starts_with(&start)).expect(it.name);
        assert!(row.ends_with(&format!("| {} | {} |", it.base_fuel, it.byte_fuel)), "{row}");
    }
    let told = |text: String| assert!(page.contains(&text), "{text}");
    let limits = NetLimits::WORKSTATION;
    for (what, most) in
        [("connect", limits.connect), ("exchange", limits.exchange), ("http", limits.http)]
    {
        told(format!("| `{what}` takes at most | {} s |", most.as_secs()));
    }
    told(format!("| handles of a plugin | {} |", limits.handles));
}
