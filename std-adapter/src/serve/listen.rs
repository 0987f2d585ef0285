//! Where a server listens.

use super::ServeError;
use core::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};
use std::{io, path::PathBuf};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};

/// What is told to a client for which there is no room. It fits into any empty buffer.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// An address to listen on.
///
/// ```
/// use ampoule_std::serve::Listen;
///
/// let listen: Listen = "127.0.0.1:7117".parse()?;
/// assert_eq!(listen, Listen::default());
/// assert_eq!("unix:/run/a.sock".parse::<Listen>()?.to_string(), "unix:/run/a.sock");
/// assert!("localhost:7117".parse::<Listen>().is_err());
/// # Ok::<(), ampoule_std::serve::ServeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port; 0 for one that is free.
    Tcp(SocketAddr),
    /// A Unix socket that is this user's alone.
    Unix(PathBuf),
}

impl Default for Listen {
    fn default() -> Self {
        Self::Tcp((Ipv4Addr::LOCALHOST, 7117).into())
    }
}

impl FromStr for Listen {
    type Err = ServeError;

    fn from_str(text: &str) -> Result<Self, ServeError> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let given = || crate::escaped(text).to_string();
        text.parse().map(Self::Tcp).map_err(|_| ServeError::Address { given: given() })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", crate::files::shown(path)),
        }
    }
}

impl Listen {
    /// Other computers are listened to with a token only.
    pub(super) fn check(&self, has_token: bool) -> Result<(), ServeError> {
        match self {
            Self::Tcp(address) if !has_token && !address.ip().to_canonical().is_loopback() => {
                Err(ServeError::Exposed { address: address.to_string() })
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, error: &io::Error) -> ServeError {
        ServeError::Listen { address: self.to_string(), reason: error.to_string() }
    }
}

/// Both directions of a connection.
pub(super) trait Pipe: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Pipe for T {}

#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(unix::Socket),
}

impl Listener {
    pub(super) fn bind(listen: &Listen) -> Result<Self, ServeError> {
        match listen {
            Listen::Tcp(address) => {
                let bound = bind_tcp(*address).map_err(|error| listen.failed(&error));
                bound.map(|(listener, address)| Self::Tcp(listener, address))
            }
            #[cfg(unix)]
            Listen::Unix(path) => unix::Socket::bind(path, listen).map(Self::Unix),
            #[cfg(not(unix))]
            Listen::Unix(_) => Err(listen.failed(&io::ErrorKind::Unsupported.into())),
        }
    }

    pub(super) fn address(&self) -> String {
        match self {
            Self::Tcp(_, address) => format!("http://{address}"),
            #[cfg(unix)]
            Self::Unix(socket) => format!("unix:{}", crate::files::shown(socket.path())),
        }
    }

    pub(super) const fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(..))
    }

    /// Waits for a connection. If there is no room for it when it comes, it is told so and closed.
    pub(super) async fn accept(
        &self,
        has_room: impl FnOnce() -> bool,
    ) -> io::Result<Option<Box<dyn Pipe>>> {
        match self {
            Self::Tcp(listener, _) => {
                let (stream, _) = listener.accept().await?;
                if !has_room() {
                    // Whoever doesn't read it learns it from the end of the connection.
                    let _ = stream.try_write(NO_ROOM);
                    return Ok(None);
                }
                stream.set_nodelay(true)?;
                Ok(Some(Box::new(stream)))
            }
            #[cfg(unix)]
            Self::Unix(socket) => {
                let stream = socket.accept().await?;
                if !has_room() {
                    let _ = stream.try_write(NO_ROOM);
                    return Ok(None);
                }
                Ok(Some(Box::new(stream)))
            }
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((TcpListener::from_std(listener)?, address))
}

#[cfg(unix)]
mod unix {
    use super::{Listen, ServeError};
    use crate::files::shown;
    use std::{
        fs::{self, DirBuilder, Metadata, Permissions},
        io::{self, ErrorKind},
        os::unix::{
            fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
            net::UnixStream as Client,
        },
        path::{Path, PathBuf},
    };
    use tokio::net::{UnixListener, UnixStream};

    /// A socket in the file system, which goes with this value.
    #[derive(Debug)]
    pub(in super::super) struct Socket {
        listener: UnixListener,
        path: PathBuf,
        /// Device and inode: whether what is there is still this one.
        identity: (u64, u64),
    }

    impl Socket {
        pub(super) fn bind(path: &Path, listen: &Listen) -> Result<Self, ServeError> {
            check_place(path)?;
            Self::make(path).map_err(|error| listen.failed(&error))
        }

        /// It gets its mode in a directory that nobody else may enter, and its name by a move, which takes
        /// the place of a stale one at once.
        fn make(path: &Path) -> io::Result<Self> {
            let nursery = Nursery::beside(path)?;
            let cradle = nursery.0.join("s");
            let listener = std::os::unix::net::UnixListener::bind(&cradle)?;
            fs::set_permissions(&cradle, Permissions::from_mode(0o600))?;
            listener.set_nonblocking(true)?;
            let identity = identity(&fs::symlink_metadata(&cradle)?);
            fs::rename(&cradle, path)?;
            let listener = UnixListener::from_std(listener)?;
            Ok(Self { listener, path: path.to_owned(), identity })
        }

        pub(super) fn path(&self) -> &Path {
            &self.path
        }

        pub(super) async fn accept(&self) -> io::Result<UnixStream> {
            Ok(self.listener.accept().await?.0)
        }
    }

    impl Drop for Socket {
        fn drop(&mut self) {
            let there = fs::symlink_metadata(&self.path);
            if there.is_ok_and(|there| identity(&there) == self.identity) {
                // What can't be removed is a stale one to the next server.
                let _ = fs::remove_file(&self.path);
            }
        }
    }

    /// A directory of this user's alone, for a moment.
    struct Nursery(PathBuf);

    impl Nursery {
        fn beside(path: &Path) -> io::Result<Self> {
            let number = crate::station::random()?;
            let dir = path.with_file_name(format!(".ampoule-{number:08x}"));
            DirBuilder::new().mode(0o700).create(&dir)?;
            Ok(Self(dir))
        }
    }

    impl Drop for Nursery {
        fn drop(&mut self) {
            // Empty it goes; a socket that was never moved away goes first.
            let _ = fs::remove_file(self.0.join("s"));
            let _ = fs::remove_dir(&self.0);
        }
    }

    /// Nothing but a socket that nobody listens on is ever replaced.
    fn check_place(path: &Path) -> Result<(), ServeError> {
        let Ok(there) = fs::symlink_metadata(path) else { return Ok(()) };
        if !there.file_type().is_socket() {
            return Err(ServeError::NotSocket { path: shown(path) });
        }
        match Client::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
            _ => Err(ServeError::SocketInUse { path: shown(path) }),
        }
    }

    fn identity(metadata: &Metadata) -> (u64, u64) {
        (metadata.dev(), metadata.ino())
    }
}
