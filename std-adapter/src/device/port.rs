//! The line itself: a serial device or a unix socket.

use super::error::LineError;
use core::{fmt, time::Duration};
use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    path::PathBuf,
};
// Of the two crates that are kept up, this one: small, on `libc` alone, and BSD or Apache. `serialport`
// is under the MPL, and brings `nix` and twice the code.
use serial2::SerialPort;
#[cfg(unix)]
use std::{
    fs::{File, TryLockError},
    os::{fd::AsFd as _, unix::net::UnixStream},
};

/// The speed of most boards' serial lines. Over USB any will do.
pub const BAUD: u32 = 115_200;

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A serial device: a UART, or USB that looks like one.
    Serial {
        /// Its name, such as `/dev/ttyACM0` or `COM3`.
        path: PathBuf,
        /// Its speed; 8 bits, no parity, one stop bit.
        baud: u32,
    },
    /// A unix socket, such as an emulator's.
    Unix {
        /// Where it is.
        path: PathBuf,
    },
}

impl Address {
    /// Reads `unix:PATH`, or else a serial device's name. The speed is for that.
    ///
    /// ```
    /// use ampoule_std::device::{Address, BAUD};
    ///
    /// let address = Address::parse("unix:/run/lamp.sock", BAUD)?;
    /// assert_eq!(address.to_string(), "unix:/run/lamp.sock");
    /// # Ok::<(), ampoule_std::device::LineError>(())
    /// ```
    ///
    /// # Errors
    /// [`LineError::Port`] if there is no path in it, or nothing of the kind on this system.
    pub fn parse(text: &str, baud: u32) -> Result<Self, LineError> {
        let wrong = |reason: &str| {
            Err(LineError::Port { given: text.to_owned(), reason: reason.to_owned() })
        };
        match text.strip_prefix("unix:") {
            Some("") => wrong("there is no path behind unix:"),
            Some(_) if !cfg!(unix) => wrong("this system has no unix sockets"),
            Some(path) => Ok(Self::Unix { path: path.into() }),
            None if text.is_empty() => wrong("it is empty"),
            None if baud == 0 => wrong("its speed is 0"),
            None => Ok(Self::Serial { path: text.into(), baud }),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, .. } => path.display().fmt(f),
            Self::Unix { path } => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An open line.
#[derive(Debug)]
pub(super) enum Port {
    Serial(Serial),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// A serial device that no other command of ours has: two would each get a part of what the device says.
#[derive(Debug)]
pub(super) struct Serial {
    port: SerialPort,
    /// Locked as long as it is open. Windows opens a port for one program anyway.
    #[cfg(unix)]
    _lock: File,
}

impl Port {
    pub(super) fn open(address: &Address) -> Result<Self, LineError> {
        let opened = match address {
            Address::Serial { path, baud } => serial(path.clone(), *baud),
            #[cfg(unix)]
            Address::Unix { path } => UnixStream::connect(path).map(Self::Unix),
            #[cfg(not(unix))]
            Address::Unix { .. } => Err(ErrorKind::Unsupported.into()),
        };
        opened.map_err(|error| LineError::Open {
            port: address.to_string(),
            reason: error.to_string(),
        })
    }

    /// Reads what has come, or comes within the time. `None` if nothing does.
    pub(super) fn read(&mut self, into: &mut [u8], within: Duration) -> io::Result<Option<usize>> {
        let read = match self {
            Self::Serial(Serial { port, .. }) => {
                port.set_read_timeout(within)?;
                port.read(into)
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                stream.set_read_timeout(Some(within.max(SHORTEST)))?;
                stream.read(into)
            }
        };
        ended(passed(read)?)
    }

    /// Writes what goes out within the time, and answers how many bytes that were.
    pub(super) fn write(&mut self, bytes: &[u8], within: Duration) -> io::Result<usize> {
        let written = match self {
            Self::Serial(Serial { port, .. }) => {
                port.set_write_timeout(within)?;
                port.write(bytes)
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                stream.set_write_timeout(Some(within.max(SHORTEST)))?;
                stream.write(bytes)
            }
        };
        Ok(ended(passed(written)?)?.unwrap_or(0))
    }
}

/// No time at all would mean for ever.
#[cfg(unix)]
const SHORTEST: Duration = Duration::from_millis(1);

fn serial(path: PathBuf, baud: u32) -> io::Result<Port> {
    let port = SerialPort::open(path, baud)?;
    #[cfg(unix)]
    let _lock = locked(&port)?;
    // What came before anybody listened answers nothing. Some drivers can't drop it, and the link can.
    let _ = port.discard_input_buffer();
    Ok(Port::Serial(Serial {
        port,
        #[cfg(unix)]
        _lock,
    }))
}

/// The lock is the open device's, and goes with the last handle of it.
#[cfg(unix)]
fn locked(port: &SerialPort) -> io::Result<File> {
    let file = File::from(port.as_fd().try_clone_to_owned()?);
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(ErrorKind::ResourceBusy, "another ampoule command has it"))
        }
        // A system that locks no devices.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A time that is over is no error.
fn passed(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}

fn ended(bytes: Option<usize>) -> io::Result<Option<usize>> {
    match bytes {
        Some(0) => Err(io::Error::new(ErrorKind::UnexpectedEof, "it was closed at the other end")),
        bytes => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, BAUD};

    #[test]
    fn a_port_is_a_serial_device_or_a_socket() {
        for (text, shown) in [
            ("/dev/ttyACM0", "/dev/ttyACM0"),
            ("COM3", "COM3"),
            ("unix:/run/a b.sock", "unix:/run/a b.sock"),
        ] {
            let address = Address::parse(text, BAUD).map(|address| address.to_string());
            assert_eq!(address.as_deref(), Ok(shown));
        }
        for wrong in ["", "unix:"] {
            assert!(Address::parse(wrong, BAUD).is_err(), "{wrong}");
        }
        assert!(Address::parse("/dev/ttyACM0", 0).is_err());
        assert!(Address::parse("unix:x", 0).is_ok());
    }
}
