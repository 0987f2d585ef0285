//! Addresses that name no machine of the public internet.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Tells whether an address is anything but an ordinary one of the public internet: loopback,
/// private, link-local, multicast, unspecified, broadcast, reserved or for documentation (the IANA
/// special-purpose address registries), or an IPv6 address that carries such an IPv4 address.
///
/// A host looks here **after** it has resolved a name: a name that somebody else's DNS server points
/// at `127.0.0.1` or `10.0.0.1` would otherwise open the local network to a plugin.
#[must_use]
pub fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_special_v4(address),
        IpAddr::V6(address) => is_special_v6(address),
    }
}

fn is_special_v4(address: Ipv4Addr) -> bool {
    let reserved = match address.octets() {
        // This network; shared between carriers and customers; protocol assignments.
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] => true,
        // Relays to IPv6, retired; benchmarks; reserved for the future, broadcast included.
        [192, 88, 99, _] | [198, 18..=19, ..] | [240..=255, ..] => true,
        _ => false,
    };
    reserved
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056): they lead to the IPv4 address inside.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => is_special_v4(v4(high, low)),
        // Protocol assignments, Teredo among them; documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => true,
        // What is global is handed out from 2000::/3, and from nowhere else.
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}
