//! Sockets that keep to a deadline, whatever the other end does.

use core::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{TcpStream, UdpSocket},
    time::Instant,
};

/// The largest datagram over IPv4, without its headers.
pub(super) const MAX_DATAGRAM_BYTES: usize = 65_507;

/// The least time that a socket can be told to wait.
const LEAST: Duration = Duration::from_millis(1);

/// A time that is over at some moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    start: Instant,
    most: Duration,
}

impl Deadline {
    pub(super) fn after(most: Duration) -> Self {
        Self { start: Instant::now(), most }
    }

    /// The same, or sooner.
    pub(super) fn within(self, most: Duration) -> Self {
        let sooner = self.start.elapsed().saturating_add(most);
        Self { most: self.most.min(sooner), ..self }
    }

    /// The time that is left.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] if none is.
    pub(super) fn left(self) -> io::Result<Duration> {
        match self.most.checked_sub(self.start.elapsed()) {
            None | Some(Duration::ZERO) => Err(ErrorKind::TimedOut.into()),
            Some(left) => Ok(left.max(LEAST)),
        }
    }
}

/// Tells whether nothing came in time.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// What a handle stands for.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

/// Connects to the first address that takes it. Each gets its share of the time that is left.
pub(super) fn connect(addresses: &[SocketAddr], deadline: Deadline) -> io::Result<TcpStream> {
    let mut refused = io::Error::from(ErrorKind::AddrNotAvailable);
    for (waiting, address) in (1..=addresses.len()).rev().zip(addresses) {
        let share = deadline.left()?.div_f64(waiting as f64).max(LEAST);
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                // A request is sent at once, and then an answer awaited.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

impl Socket {
    pub(super) fn tcp(addresses: &[SocketAddr], deadline: Deadline) -> io::Result<Self> {
        connect(addresses, deadline).map(Self::Tcp)
    }

    /// A socket that sends to the first address that there is a way to, and hears nobody else.
    pub(super) fn udp(addresses: &[SocketAddr]) -> io::Result<Self> {
        let mut refused = io::Error::from(ErrorKind::AddrNotAvailable);
        for address in addresses {
            match udp(address) {
                Ok(socket) => return Ok(Self::Udp(socket)),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Sends all of it.
    pub(super) fn send(&self, content: &[u8], deadline: Deadline) -> io::Result<()> {
        match self {
            _ if content.is_empty() => Ok(()),
            Self::Tcp(stream) => send(stream, content, deadline),
            Self::Udp(socket) => {
                socket.set_write_timeout(Some(deadline.left()?))?;
                retried(|| socket.send(content)).map(|_| ())
            }
        }
    }

    /// Receives what comes first. A datagram that doesn't fit is cut.
    pub(super) fn receive(&self, out: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => receive(stream, out, deadline),
            Self::Udp(socket) => datagram(socket, out, deadline),
        }
    }
}

fn udp(address: &SocketAddr) -> io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(socket)
}

/// Some systems make an error of a datagram that is cut, so that it gets room for all.
fn datagram(socket: &UdpSocket, out: &mut [u8], deadline: Deadline) -> io::Result<usize> {
    let mut whole = vec![0; usize::from(u16::MAX)];
    let received = retried(|| {
        socket.set_read_timeout(Some(deadline.left()?))?;
        socket.recv(&mut whole)
    })?;
    let length = received.min(out.len());
    for (to, from) in out.iter_mut().zip(whole.iter().take(length)) {
        *to = *from;
    }
    Ok(length)
}

/// Sends all of it, over however many small windows the other end opens.
pub(super) fn send(mut stream: &TcpStream, content: &[u8], deadline: Deadline) -> io::Result<()> {
    let mut rest = content;
    while !rest.is_empty() {
        stream.set_write_timeout(Some(deadline.left()?))?;
        match retried(|| stream.write(rest))? {
            0 => return Err(ErrorKind::WriteZero.into()),
            sent => rest = rest.get(sent..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// Receives what comes first; nothing if the other end has closed.
pub(super) fn receive(
    mut stream: &TcpStream,
    out: &mut [u8],
    deadline: Deadline,
) -> io::Result<usize> {
    retried(|| {
        stream.set_read_timeout(Some(deadline.left()?))?;
        stream.read(out)
    })
}

/// Does it again when a signal came in between.
fn retried<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match work() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
