//! What Ampoule promises, a file per behaviour.

mod hostile;
mod support;
