//! Copies of one plugin: leases, faults, panics, threads, reload.

mod heap;
mod leases;
mod panics;
mod reload;
mod support;
mod threads;

// The life of one plugin is tested with the same guests; not all of them are needed here.
#[allow(dead_code)]
#[path = "../life/support.rs"]
mod life;
