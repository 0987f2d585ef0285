//! Servers on this computer.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

/// Serves each connection in a thread of its own until the process ends.
pub(crate) fn serve(work: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, work) = (listener.local_addr().unwrap().port(), Arc::new(work));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let work = Arc::clone(&work);
            thread::spawn(move || work(stream));
        }
    });
    port
}

/// Sends back what comes.
pub(crate) fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(length) = stream.read(&mut buffer) {
        if length == 0 || stream.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

pub(crate) fn udp_echo() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..length], from);
        }
    });
    port
}

/// A request as a server gets it: its head, and as much body as that says.
pub(crate) fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    request_in(stream)
}

pub(crate) fn request_in(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut lengths = head.lines().filter_map(|line| line.strip_prefix("content-length: "));
    let length = lengths.next_back().map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// What servers were told.
pub(crate) type Heard = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Answers every request with the same bytes, then closes.
pub(crate) fn answers(answer: impl Into<Vec<u8>>) -> (u16, Heard) {
    let (answer, heard) = (answer.into(), Heard::default());
    let told = Arc::clone(&heard);
    let port = serve(move |mut stream| {
        let Some(request) = request(&mut stream) else { return };
        told.lock().unwrap().push(request);
        let _ = stream.write_all(&answer);
    });
    (port, heard)
}

/// Goes on for ever, until the other end has closed: a start, and then a piece after each pause.
pub(crate) fn endless(start: &[u8], piece: &[u8], pause: core::time::Duration) -> u16 {
    let (start, piece) = (start.to_vec(), piece.to_vec());
    serve(move |mut stream| {
        if request(&mut stream).is_none() || stream.write_all(&start).is_err() {
            return;
        }
        while stream.write_all(&piece).is_ok() {
            thread::sleep(pause);
        }
    })
}

/// A listener that nobody serves, so that whoever came can be seen.
pub(crate) struct Silent(TcpListener);

impl Silent {
    pub(crate) fn new(address: &str) -> Option<Self> {
        let listener = TcpListener::bind((address, 0)).ok()?;
        listener.set_nonblocking(true).unwrap();
        Some(Self(listener))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// A connection to this computer is there as soon as the other end has it.
    pub(crate) fn has_visitor(&self) -> bool {
        self.0.accept().is_ok()
    }
}
