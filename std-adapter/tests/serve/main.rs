//! `ampoule serve`, asked over real sockets as programs and attackers ask.

mod access;
mod calls;
mod docs;
mod endpoints;
mod events;
mod hostile;
mod life;
mod support;
