//! What holds in every order in which threads can take turns.
#![cfg(loom)]

mod breaker;
mod pool;
