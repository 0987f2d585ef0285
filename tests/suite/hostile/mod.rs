//! Hostile modules: whatever the bytes are, the host answers with a verdict, its heap returns to where
//! it was, and the neighbours go on.

mod attack;
mod binary;
mod bombs;
mod corpus;
mod counts;
mod cuts;
mod dense;
mod far;
mod judge;
mod odd_limits;
mod random;
