//! What a device has for plugins, asked of the device itself.

use super::{Device, OTHER_REPLY, Result, error::DeviceError, error::LineError, kept};
use crate::{Limits, profile::Profile};
use ampoule::Services;
use ampoule_abi::service::MAX_OPERATIONS;
use ampoule_link::{Items, LinkError, Operation, Reply, Request};
use std::collections::BTreeMap;

/// No host has more.
const MOST_OPERATIONS: usize = Services::MOST * MAX_OPERATIONS;

/// An operation, and the service that it is of.
#[derive(Debug, PartialEq, Eq)]
struct Offered {
    service: String,
    operation: String,
}

impl From<Operation<'_>> for Offered {
    fn from(it: Operation<'_>) -> Self {
        Self { service: it.service.to_owned(), operation: it.operation.to_owned() }
    }
}

impl Device {
    /// What the device has for plugins, to tell without it whether they fit:
    /// [`Profile::to_toml`] makes a file of it for `ampoule check --device`.
    ///
    /// # Errors
    /// [`LineError::NoProfile`] if the device tells none, [`LineError::Profile`] if what it tells can't be.
    pub fn profile(&mut self) -> Result<Profile> {
        let about = self.about();
        let (name, slots) = (about.name.clone(), about.slots);
        let profile = self.wire.ask(&Request::Profile, |reply| match reply {
            Reply::Profile(told) => Ok(Profile {
                name,
                bits: told.bits,
                wasi: told.wasi,
                heap_bytes: told.room.heap_bytes,
                overhead_percent: told.room.overhead_percent,
                stack_bytes: told.room.stack_bytes,
                flash_bytes: told.room.flash_bytes,
                slots,
                limits: limits(&told.limits)?,
                services: BTreeMap::new(),
            }),
            _ => Err(OTHER_REPLY()),
        });
        let profile = profile.map_err(or_no_profile)?;
        let profile = Profile { services: self.operations()?, ..profile };
        profile.check().map_err(|error| LineError::Profile { reason: error.to_string() })?;
        Ok(profile)
    }

    /// The operations that plugins may be granted, by service.
    fn operations(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        let mut services = BTreeMap::<String, Vec<String>>::new();
        let mut told: u16 = 0;
        loop {
            let page = self.operations_from(told)?;
            if page.is_empty() {
                return Ok(services);
            }
            for Offered { service, operation } in page {
                told = told.saturating_add(1);
                let operations = services.entry(service).or_default();
                if usize::from(told) > MOST_OPERATIONS || operations.contains(&operation) {
                    return Err(DeviceError::contradiction("operations without an end"));
                }
                operations.push(operation);
            }
        }
    }

    fn operations_from(&mut self, from: u16) -> Result<Vec<Offered>> {
        self.wire.ask(&Request::Operations { from }, |reply| match reply {
            Reply::Operations(page) => kept(&page, MOST_OPERATIONS),
            _ => Err(OTHER_REPLY()),
        })
    }
}

/// The limits, if there are as many as are known here.
fn limits(told: &Items<'_, u64>) -> Result<Limits> {
    let numbers: Vec<u64> = kept(told, u16::MAX.into())?;
    let found = numbers.len();
    let numbers =
        numbers.try_into().map_err(|_| LineError::OtherLimits { found, known: Limits::COUNT })?;
    let limits = Limits::from_numbers(numbers);
    limits.ok_or_else(|| DeviceError::contradiction("a limit that is larger than any"))
}

/// A firmware that is older than the request takes it for none; one that gives no memory doesn't do it.
fn or_no_profile(error: DeviceError) -> DeviceError {
    match error {
        DeviceError::Told(told) if told.is(&[UNSUPPORTED, NO_REQUEST]) => {
            LineError::NoProfile {}.into()
        }
        error => error,
    }
}

const UNSUPPORTED: &str = (LinkError::Unsupported {}).code();
/// What [`LinkError::BadRequest`] has.
const NO_REQUEST: &str = "N03";
