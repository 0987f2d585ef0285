//! A device that hosts plugins, at the other end of a line: a serial port, or a unix socket.
//!
//! [`Device::open`] begins a session of the link (`docs/link.md`); each other function asks one thing and
//! waits for its answer, and asks again when none comes. [`Device::deploy`] goes on over a line that breaks.
//!
//! ```no_run
//! use ampoule_std::device::{Address, BAUD, Device, Patience};
//!
//! let address = Address::parse("/dev/ttyACM0", BAUD)?;
//! let mut device = Device::open(address, Patience::default())?;
//! println!("{} has {} slots", device.about().name.escape_debug(), device.about().slots);
//! for slot in device.slots()? {
//!     let counters = device.counters(slot.plugin)?;
//!     println!("{}: {} calls", slot.plugin, counters.calls);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whatever the device answers, nothing here panics, goes on for ever or keeps more than some megabytes of it.

mod admission;
mod cure;
mod deploy;
mod error;
mod port;
mod profile;
mod record;
mod wire;

pub use admission::admit;
pub use ampoule_link::{
    BreakerState, Counters, LinkError, Maxima, PluginId, Progress, Retry, Target,
};
pub use deploy::{Package, Step};
pub use error::{DeviceError, LineError, Told};
pub use port::{Address, BAUD};
pub use record::{About, Happened, Hash, Said, Slot};

use ampoule_abi::Decode;
use ampoule_link::{Bytes, EntryCall, Items, Reply, Request};
use core::time::Duration;
use std::thread;
use wire::Wire;

type Result<T> = core::result::Result<T, DeviceError>;

/// More plugins than a device has; one that tells of more is no device.
const MOST_SLOTS: usize = 4096;

/// How long to wait for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a reply. What may take long (to begin and to commit an install, and a call) has four times
    /// as many tries.
    pub retry: Retry,
    /// How often a line that is broken is opened again, without the install having got any further.
    pub reopens: u8,
    /// How long to wait before that.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { retry: Retry::SERIAL, reopens: 5, pause: Duration::from_millis(500) }
    }
}

/// An open line to a device, and a session on it.
///
/// # Errors
/// Every function answers [`DeviceError::Line`] and [`DeviceError::Link`] if there was no answer, or none that
/// can be used, and [`DeviceError::Told`] if the device refuses: its docs say which then.
#[derive(Debug)]
pub struct Device {
    address: Address,
    patience: Patience,
    wire: Wire,
    about: About,
}

impl Device {
    /// Opens the line, and asks what the device is.
    ///
    /// # Errors
    /// [`LineError::Open`]; [`DeviceError::Link`] or [`LineError::Noise`] if nobody answers there.
    pub fn open(address: Address, patience: Patience) -> Result<Self> {
        let mut wire = Wire::open(&address, patience.retry)?;
        let about = describe(&mut wire)?;
        Ok(Self { address, patience, wire, about })
    }

    /// Opens the line again, for a new session. The one before is over then.
    ///
    /// # Errors
    /// As for [`Self::open`]; the line may be opened again later.
    pub fn reopen(&mut self) -> Result<()> {
        self.wire.close();
        thread::sleep(self.patience.pause);
        self.wire = Wire::open(&self.address, self.patience.retry)?;
        self.about = describe(&mut self.wire)?;
        Ok(())
    }

    /// Asks again what the device is.
    ///
    /// # Errors
    /// Those of the line.
    pub fn describe(&mut self) -> Result<&About> {
        self.about = describe(&mut self.wire)?;
        Ok(&self.about)
    }

    /// What the device is, as it has said last.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// How long it is waited for.
    #[must_use]
    pub const fn patience(&self) -> Patience {
        self.patience
    }

    /// The plugins, by slot.
    ///
    /// # Errors
    /// [`LineError::Contradiction`] if they aren't in order, or too many.
    pub fn slots(&mut self) -> Result<Vec<Slot>> {
        let mut slots = Vec::new();
        let mut from = Some(0);
        while let Some(first) = from {
            let page = self.page(first)?;
            let Some(last) = page.last() else { break };
            from = last.plugin.slot.checked_add(1);
            slots.extend(page);
            if slots.len() > MOST_SLOTS {
                return Err(DeviceError::contradiction("more plugins than any device has"));
            }
        }
        Ok(slots)
    }

    /// The next plugins, from a slot on.
    fn page(&mut self, from: u16) -> Result<Vec<Slot>> {
        let page: Vec<Slot> = self.wire.ask(&Request::Slots { from }, |reply| match reply {
            Reply::Slots(slots) => kept(&slots, MOST_SLOTS),
            _ => Err(OTHER_REPLY()),
        })?;
        let mut places = page.iter().map(|slot| u32::from(slot.plugin.slot));
        let mut least = u32::from(from);
        let in_order = places.all(|place| {
            let is_next = place >= least;
            least = place.saturating_add(1);
            is_next
        });
        if in_order { Ok(page) } else { Err(DeviceError::contradiction("slots out of order")) }
    }

    /// What a plugin has done since it was loaded.
    ///
    /// # Errors
    /// [`DeviceError::Told`] if the plugin isn't loaded.
    pub fn counters(&mut self, plugin: PluginId) -> Result<Counters> {
        self.wire.ask(&Request::Counters { plugin }, |reply| match reply {
            Reply::Counters(counters) => Ok(counters),
            _ => Err(OTHER_REPLY()),
        })
    }

    /// The oldest events that nobody took yet, at most so many: they are gone from the device then.
    ///
    /// # Errors
    /// Those of the line.
    pub fn events(&mut self, most: u16) -> Result<Vec<Happened>> {
        self.wire.ask(&Request::Events { most }, |reply| match reply {
            Reply::Events(events) => kept(&events, most.into()),
            _ => Err(OTHER_REPLY()),
        })
    }

    /// The oldest log lines that nobody took yet, at most so many: they are gone from the device then.
    ///
    /// # Errors
    /// Those of the line.
    pub fn lines(&mut self, most: u16) -> Result<Vec<Said>> {
        self.wire.ask(&Request::Lines { most }, |reply| match reply {
            Reply::Lines(lines) => kept(&lines, most.into()),
            _ => Err(OTHER_REPLY()),
        })
    }

    /// Calls an entry with a message in its encoding, and answers its reply as it was.
    ///
    /// # Errors
    /// [`DeviceError::Failure`] if the plugin says no, [`DeviceError::Told`] if the host refuses the call or
    /// ends it.
    pub fn call(&mut self, plugin: PluginId, entry: &str, message: &[u8]) -> Result<Vec<u8>> {
        let call = EntryCall { plugin, entry, request: Bytes(message) };
        self.wire.ask(&Request::Call(call), |reply| match reply {
            Reply::Answer(bytes) => Ok(bytes.0.to_vec()),
            Reply::Failure { code, message } => Err(DeviceError::failure(code, message)),
            _ => Err(OTHER_REPLY()),
        })
    }

    /// Goes back to the version before, during probation.
    ///
    /// # Errors
    /// [`DeviceError::Told`] if there is none, or the plugin isn't loaded.
    pub fn roll_back(&mut self, plugin: PluginId) -> Result<()> {
        self.done(&Request::RollBack { plugin })
    }

    /// Unloads a plugin.
    ///
    /// # Errors
    /// [`DeviceError::Told`] if it isn't loaded, or doesn't end well.
    pub fn unload(&mut self, plugin: PluginId) -> Result<()> {
        self.done(&Request::Unload { plugin })
    }

    /// Closes a plugin's breaker.
    ///
    /// # Errors
    /// [`DeviceError::Told`] if it isn't loaded.
    pub fn lift(&mut self, plugin: PluginId) -> Result<()> {
        self.done(&Request::Lift { plugin })
    }

    /// Has the device restart. The session is over then.
    ///
    /// # Errors
    /// [`DeviceError::Told`] if it doesn't do that.
    pub fn reset(&mut self) -> Result<()> {
        self.done(&Request::Reset)
    }

    fn done(&mut self, request: &Request<'_>) -> Result<()> {
        self.wire.ask(request, |reply| match reply {
            Reply::Done => Ok(()),
            _ => Err(OTHER_REPLY()),
        })
    }
}

/// What no device answers to what it was asked.
const OTHER_REPLY: fn() -> DeviceError = || DeviceError::contradiction("a reply to something else");

fn describe(wire: &mut Wire) -> Result<About> {
    wire.ask(&Request::Describe, |reply| match reply {
        Reply::Description(description) => Ok(About::from(description)),
        _ => Err(OTHER_REPLY()),
    })
}

/// The elements of a list, if all of them can be read and they aren't more than were asked for.
fn kept<'a, T: Decode<'a>, K: From<T>>(items: &Items<'a, T>, most: usize) -> Result<Vec<K>> {
    let mut kept = Vec::new();
    for item in items.iter() {
        let item = item.map_err(|_| DeviceError::contradiction("a list that can't be read"))?;
        if kept.len() >= most {
            return Err(DeviceError::contradiction("more than it was asked for"));
        }
        kept.push(K::from(item));
    }
    Ok(kept)
}
