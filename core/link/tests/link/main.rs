//! The link from outside: its bytes and `docs/link.md`, hostile bytes, damaged wires, and a real host
//! behind it.

mod conversations;
mod damage;
mod device;
mod doc;
mod golden;
mod guests;
mod hostile;
mod install;
mod profile;
mod reference;
mod repeats;
mod wire;
mod work;

use ampoule_link::{Client, Retry, Server};

/// Both ends of the tests.
type Workstation = Client<1024, 1024>;
type Unit = Server<1024, 1024>;

const RETRY: Retry = Retry { wait: 100_000, tries: 5 };
