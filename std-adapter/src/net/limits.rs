//! How long and how large things may become.

use core::time::Duration;

/// Bounds of what one service holds and of what each use takes. Each time is for the whole of it,
/// whatever the other end does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetLimits {
    /// Handles that a plugin may have open at once.
    pub handles: usize,
    /// For finding the address and connecting.
    pub connect: Duration,
    /// For sending and for the first of an answer.
    pub exchange: Duration,
    /// For a request and its answer, finding the address and connecting included.
    pub http: Duration,
    /// How long a handle is kept unused when another one needs its room.
    pub idle: Duration,
    /// The most bytes that a request sends: a content or a body.
    pub request_bytes: u32,
    /// The most bytes that a request may ask for.
    pub answer_bytes: u32,
}

impl NetLimits {
    /// For a workstation: what is reached there answers within seconds, and a message has 1 MiB at most.
    pub const WORKSTATION: Self = Self {
        // A database, a broker and a few devices; a plugin that forgets to close is told soon.
        handles: 8,
        // A lost packet is sent again after 1, 3 and 7 seconds.
        connect: Duration::from_secs(10),
        // The plugin's thread waits so long, and may ask again.
        exchange: Duration::from_secs(10),
        // A megabyte over a slow line.
        http: Duration::from_secs(30),
        // Routers on the way forget a connection after some minutes.
        idle: Duration::from_secs(300),
        request_bytes: 1024 * 1024,
        answer_bytes: 1024 * 1024,
    };

    /// The same, where nothing takes longer than `most`.
    pub(super) fn within(self, most: Duration) -> Self {
        Self {
            connect: self.connect.min(most),
            exchange: self.exchange.min(most),
            http: self.http.min(most),
            ..self
        }
    }
}

impl Default for NetLimits {
    /// [`NetLimits::WORKSTATION`].
    fn default() -> Self {
        Self::WORKSTATION
    }
}
