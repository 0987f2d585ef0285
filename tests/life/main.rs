//! The life of plugins in one host: turns, parked calls, reload, breaker.

mod calls;
mod changes;
mod executors;
mod fairness;
mod invariance;
mod model;
mod parked;
mod reload;
mod soak;
mod support;
mod uses;
