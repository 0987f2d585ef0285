//! The built-in services, and what a workstation offers of them: all.

pub use ampoule::services::*;

use crate::{fs::Fs, net::Net};
use ampoule::{Grant, Host, Micros, OfferError, Service, Services, Status};
use std::{
    env,
    sync::OnceLock,
    time::{Instant, SystemTime},
};

/// What all plugins may log in a second: more than anyone can read, and no flood.
const LOG_BYTES_PER_SECOND: u32 = 256 * 1024;

/// How many plugins' values a host of many has room for.
const SHARED_QUOTAS: usize = 64;

/// Offers the [built-in services](ampoule::services) to a plugin: `log`, `clock`, `random`, `kv`, `env`
/// and `event`; [`fs`](crate::fs) where the grant has paths, and [`net`](crate::net) where it has hosts.
///
/// What it may use of them is up to its grant, which has to be given to
/// [`Plugin::load_with`](ampoule::Plugin::load_with) too. Lines go to `log` and publications to
/// `event`. Time and random numbers come from the operating system. Values are kept in memory, within
/// [`Quota::WORKSTATION`], as long as the services are. Of this process's environment only the variables
/// that the grant names are there, as they are now; those that aren't Unicode are left out.
///
/// All values lie on one shelf of that size, and the variables are one plugin's: make services for each
/// plugin.
///
/// ```
/// use ampoule_std::{Context, Grant, Limits, Manifest, Outcome, Plugin, Policy, workstation_services};
///
/// let manifest = Manifest::parse(br#"{
///     "meta": { "name": "hello", "version": "1.0.0" },
///     "capabilities": { "services": [{ "service": "log", "operations": ["write"] }] }
/// }"#)?;
/// let grant = Grant::new(&manifest, &Policy::WORKSTATION);
/// let mut services = workstation_services(&grant, |line| eprintln!("{line}"), |_| Ok(()));
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("hello.wat");
/// # std::fs::write(&path, r#"(module
/// #     (@custom "ampoule.meta" "\01\05hello\051.0.0\00\00")
/// #     (import "log" "write" (func $write (param i32 i32 i32 i32) (result i32)))
/// #     (memory (export "memory") 1024 1024 (pagesize 1))
/// #     (data (i32.const 0) "\01\00\00") (data (i32.const 16) "\02\02hi")
/// #     (func (export "ampoule_mailbox") (result i64) (i64.const 0x200_0000_0100))
/// #     (func (export "execute") (param i32) (result i64)
/// #         (drop (call $write (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0)))
/// #         (i64.const 3)))"#)?;
/// # let module = ampoule_std::read_module(&path, Limits::WORKSTATION.module_bytes)?;
/// let (limits, context) = (grant.limits(), Context::default());
/// let mut plugin = Plugin::load_with(&module, &limits, &grant, &mut services, &context)?;
/// let execute = plugin.bind::<Context, Outcome>("execute")?;
/// // Writes "[hello] info: hi" to stderr.
/// let outcome = plugin.call_with(&mut services, &execute, &context)?;
/// assert!(outcome.success);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn workstation_services(
    grant: &Grant<'_>,
    log: impl FnMut(&LogLine<'_>) + Send + 'static,
    event: impl FnMut(&Published<'_>) -> Result<(), Status> + Send + 'static,
) -> Services {
    workstation_services_on(memory(1), grant, log, event)
}

/// [`workstation_services`] whose values are kept in `store`, such as a
/// [`FileStore`](crate::FileStore): they are there again the next time.
pub fn workstation_services_on(
    store: impl Store + 'static,
    grant: &Grant<'_>,
    log: impl FnMut(&LogLine<'_>) + Send + 'static,
    event: impl FnMut(&Published<'_>) -> Result<(), Status> + Send + 'static,
) -> Services {
    let mut services = Services::new(monotonic);
    let shared = shared(store, log, event).into_iter();
    for service in shared.chain(workstation_own_services(grant)) {
        // They have names of their own: none is refused. If one were, a plugin that imports it would be.
        let offered = services.offer(service);
        debug_assert_eq!(offered, Ok(()));
    }
    services
}

/// The services among [`workstation_services`] that are made for one grant: `env`, and
/// [`fs`](crate::fs) where the grant has paths, and [`net`](crate::net) where it has hosts.
///
/// In a [`Host`] of many plugins these are each plugin's own
/// ([`Source::with_service`](ampoule::Source::with_service)); the others are for all
/// ([`offer_shared`]).
#[must_use]
pub fn workstation_own_services(grant: &Grant<'_>) -> Vec<Box<dyn Service>> {
    let mut own: Vec<Box<dyn Service>> = vec![Box::new(variables(grant))];
    if grant.paths().next().is_some() {
        own.push(Box::new(Fs::of_grant(grant)));
    }
    if grant.hosts().next().is_some() {
        own.push(Box::new(Net::of_grant(grant)));
    }
    own
}

/// Offers the services among [`workstation_services`] that all plugins of a host share: `log`, `clock`,
/// `random`, `kv` and `event`.
///
/// Each plugin has keys of its own in `kv`, within [`Quota::WORKSTATION`]; all of them together have the
/// room of 64 such quotas. Values outlive the plugin, as long as the host is there.
///
/// ```
/// use ampoule_std::{Config, Host, monotonic, offer_shared};
///
/// let mut host = Host::<4>::new(Config::WORKSTATION, monotonic);
/// offer_shared(&mut host, |line| eprintln!("{line}"), |_| Ok(()))?;
/// # Ok::<(), ampoule_std::OfferError>(())
/// ```
///
/// # Errors
/// [`OfferError`] if the host has one of them already; those before it in the order above are offered.
pub fn offer_shared<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    log: impl FnMut(&LogLine<'_>) + Send + 'static,
    event: impl FnMut(&Published<'_>) -> Result<(), Status> + Send + 'static,
) -> Result<(), OfferError> {
    offer_shared_on(memory(SHARED_QUOTAS), host, log, event)
}

/// [`offer_shared`] with values that are kept in `store`, such as a [`FileStore`](crate::FileStore).
///
/// # Errors
/// As for [`offer_shared`].
pub fn offer_shared_on<const SLOTS: usize>(
    store: impl Store + 'static,
    host: &mut Host<'_, SLOTS>,
    log: impl FnMut(&LogLine<'_>) + Send + 'static,
    event: impl FnMut(&Published<'_>) -> Result<(), Status> + Send + 'static,
) -> Result<(), OfferError> {
    shared(store, log, event).into_iter().try_for_each(|service| host.offer(service))
}

/// Tells whether [`workstation_services`] offers an operation.
///
/// ```
/// use ampoule_std::workstation_offers;
///
/// assert!(workstation_offers("log", "write"));
/// assert!(!workstation_offers("gpio", "set"));
/// ```
#[must_use]
pub fn workstation_offers(service: &str, operation: &str) -> bool {
    let own: [&dyn Service; 3] = [&Env::default(), &Fs::default(), &Net::default()];
    let all = shared(memory(0), |_| (), |_| Ok(()));
    let all = all.iter().map(AsRef::as_ref).chain(own);
    let mut named = all.filter(|offered| offered.name() == service);
    named.any(|offered| offered.operations().iter().any(|declared| declared.name == operation))
}

/// Room for so many plugins' values.
fn memory(quotas: usize) -> MemoryStore {
    let quota = Quota::WORKSTATION;
    MemoryStore::new(quota.entries as usize * quotas, quota.bytes as usize * quotas)
}

fn shared(
    store: impl Store + 'static,
    log: impl FnMut(&LogLine<'_>) + Send + 'static,
    event: impl FnMut(&Published<'_>) -> Result<(), Status> + Send + 'static,
) -> [Box<dyn Service>; 5] {
    [
        Box::new(Log::new(LOG_BYTES_PER_SECOND, log)),
        Box::new(Clock::new(wall)),
        Box::new(Random::new(|out| getrandom::fill(out).map_err(|_| Status::Failed))),
        Box::new(Kv::new(store, Quota::WORKSTATION)),
        Box::new(Event::new(event)),
    ]
}

fn variables(grant: &Grant<'_>) -> Env {
    let value = |name: &str| Some((name.to_owned(), env::var(name).ok()?));
    Env::new(grant.variables().filter_map(value))
}

/// A clock for a host: microseconds since it was first asked.
#[must_use]
pub fn monotonic() -> Micros {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    Micros::try_from(elapsed.as_micros()).unwrap_or(Micros::MAX)
}

/// Microseconds since 1970; none on a computer whose clock is set to before that.
fn wall() -> Option<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_micros()).ok()
}

#[cfg(test)]
mod tests {
    use super::workstation_services;
    use ampoule::{Grant, Manifest, ManifestError, Policy};

    #[test]
    fn all_built_in_services_are_offered() -> Result<(), ManifestError> {
        let manifest = br#"{ "meta": { "name": "x", "version": "1.0.0" } }"#;
        let manifest = Manifest::parse(manifest)?;
        let grant = Grant::new(&manifest, &Policy::WORKSTATION);
        let services = workstation_services(&grant, |_| (), |_| Ok(()));
        let names = r#"["log", "clock", "random", "kv", "event", "env"]"#;
        assert_eq!(format!("{services:?}"), names);
        Ok(())
    }
}
