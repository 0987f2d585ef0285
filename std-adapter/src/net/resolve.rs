//! From a name to its addresses, within a time.

use core::{
    fmt,
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use std::{
    io::{self, ErrorKind},
    net::ToSocketAddrs as _,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
};

/// How many of the system's answers this process awaits at once. One that takes too long can't be
/// stopped: its thread is left to itself.
const MAX_LOOKUPS: usize = 16;

static LOOKUPS: AtomicUsize = AtomicUsize::new(0);

type Found = io::Result<Vec<IpAddr>>;

/// Who is asked for addresses.
pub(super) enum Resolver {
    System,
    Own(Box<dyn FnMut(&str) -> Found + Send>),
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Own(_) => "Own",
        })
    }
}

impl Resolver {
    pub(super) fn resolve(&mut self, name: &str, most: Duration) -> Found {
        match self {
            Self::System => {
                let name = name.to_owned();
                awaited(&LOOKUPS, most, move || system(&name))
            }
            Self::Own(resolve) => resolve(name),
        }
    }
}

fn system(name: &str) -> Found {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// Runs a lookup beside this thread, if there is room for one more.
fn awaited(
    running: &'static AtomicUsize,
    most: Duration,
    lookup: impl FnOnce() -> Found + Send + 'static,
) -> Found {
    let place = Place::take(running).ok_or(ErrorKind::WouldBlock)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new().name("ampoule-resolve".to_owned()).spawn(move || {
        let found = lookup();
        drop(place);
        // Nobody waits any more if it took too long.
        let _ = sender.send(found);
    })?;
    receiver.recv_timeout(most).unwrap_or_else(|error| match error {
        RecvTimeoutError::Timeout => Err(ErrorKind::TimedOut.into()),
        RecvTimeoutError::Disconnected => Err(ErrorKind::BrokenPipe.into()),
    })
}

/// One of the lookups that may run.
struct Place(&'static AtomicUsize);

impl Place {
    fn take(running: &'static AtomicUsize) -> Option<Self> {
        let more = |count: usize| (count < MAX_LOOKUPS).then_some(count + 1);
        running.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).ok()?;
        Some(Self(running))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{MAX_LOOKUPS, Resolver, awaited};
    use core::{
        net::{IpAddr, Ipv4Addr},
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };
    use std::{io::ErrorKind, sync::mpsc, thread};

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn lookups_that_hang_are_left_and_only_so_many() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        let mut held = Vec::new();
        for _ in 0..MAX_LOOKUPS {
            let (hold, held_up) = mpsc::channel::<()>();
            held.push(hold);
            let hangs = move || {
                let _ = held_up.recv();
                Ok(vec![LOCAL])
            };
            let found = awaited(&RUNNING, Duration::from_millis(1), hangs);
            assert_eq!(found.unwrap_err().kind(), ErrorKind::TimedOut);
        }
        let never = || unreachable!("there is no room for it");
        let found = awaited(&RUNNING, Duration::from_secs(60), never);
        assert_eq!(found.unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(held);
        while RUNNING.load(Ordering::SeqCst) != 0 {
            thread::yield_now();
        }
        let found = awaited(&RUNNING, Duration::from_secs(60), || Ok(vec![LOCAL]));
        assert_eq!(found.unwrap(), [LOCAL]);
    }

    #[test]
    fn the_system_knows_localhost_and_no_invalid_name() {
        let most = Duration::from_secs(60);
        let found = Resolver::System.resolve("localhost", most).unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback));
    }
}
