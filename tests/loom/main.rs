//! What holds in every order in which threads can take turns.

mod breaker;
mod pool;
