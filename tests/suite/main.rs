//! What Ampoule promises, a file per behaviour.

mod allocations;
mod builtin;
mod catalog;
mod conformance;
mod device;
mod faults;
mod heap_bound;
mod hostile;
mod scalars;
mod sensor;
mod services;
mod shared_service;
mod situations;
mod slicing;
mod support;
mod wasi;
