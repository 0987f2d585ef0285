//! What Ampoule promises, a file per behaviour.

mod allocations;
mod catalog;
mod conformance;
mod faults;
mod heap_bound;
mod hostile;
mod situations;
mod slicing;
mod support;
