//! Hostile modules.
