//! What a device lets plugins have at most, and what is left of a manifest under it.
//!
//! A [`Policy`] is a constant of the firmware, or comes from a [`PolicyFile`]. A [`Grant`] is a
//! manifest cut by it: for every limit, service, path, host and variable the tighter of the two
//! holds.

mod cut;
mod grant;
mod report;

pub use grant::{Grant, Granted};
pub use report::{Item, Row, Verdict};

use crate::{
    limits::Limits,
    manifest::{Document, Key, ManifestError, NumberSlot, POLICY, ServiceRules, Strings, read},
};

/// The ceiling of every grant on a device.
///
/// Start from a constant and add what the device has to give. Empty lists give nothing; `*` in a list
/// gives all there is. A text that is no path, host or name gives nothing.
///
/// ```
/// use ampoule::{
///     Limits, Policy,
///     manifest::{ServiceRule, ServiceRules, Strings},
/// };
///
/// const LEDS: ServiceRule<'_> = ServiceRule {
///     service: "gpio",
///     operations: Strings::of(&["set"]),
///     scope: Some("led"),
///     per_second: Some(100),
/// };
/// const POLICY: Policy<'_> = Policy {
///     limits: Limits { memory_bytes: 16 * 1024, ..Limits::MICRO },
///     services: ServiceRules::of(&[LEDS]),
///     ..Policy::DENY
/// };
/// assert_eq!(POLICY.services.iter().count(), 1);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The most of every limit.
    pub limits: Limits,
    /// The longest deadline of a call, in microseconds; none is no rule.
    pub deadline_micros: Option<u64>,
    /// What may be granted of services. Of several rules for an operation the first holds that leaves
    /// something of what is asked.
    pub services: ServiceRules<'a>,
    /// The paths that may be granted, with all that lies below them.
    pub paths: Strings<'a>,
    /// The network hosts that may be granted, written for
    /// [`NetHostRule::parse_ceiling`](crate::manifest::NetHostRule::parse_ceiling).
    pub hosts: Strings<'a>,
    /// The environment variables that may be granted.
    pub variables: Strings<'a>,
}

impl<'a> Policy<'a> {
    /// Grants nothing but to compute within [`Limits::MICRO`].
    pub const DENY: Self = Self {
        limits: Limits::MICRO,
        deadline_micros: None,
        services: ServiceRules::NONE,
        paths: Strings::NONE,
        hosts: Strings::NONE,
        variables: Strings::NONE,
    };

    /// Grants all that a manifest names, within [`Limits::WORKSTATION`].
    pub const WORKSTATION: Self = Self {
        limits: Limits::WORKSTATION,
        deadline_micros: None,
        services: ServiceRules::EVERY,
        paths: Strings::EVERY,
        hosts: Strings::EVERY,
        variables: Strings::EVERY,
    };

    /// Whether a plugin that asks for an operation of a service may be granted it, or a part of it.
    #[must_use]
    pub fn may_grant(&self, service: &str, operation: &str) -> bool {
        self.services.iter().any(|rule| rule.covers(service, operation))
    }
}

impl Default for Policy<'_> {
    /// [`Policy::DENY`].
    fn default() -> Self {
        Self::DENY
    }
}

/// A policy that was read from JSON: a manifest's `capabilities`, `timeout` and `limits`, where `*`
/// stands for all, and where `limits` has `moduleBytes` and `sliceFuel` too.
///
/// ```
/// use ampoule::{Limits, PolicyFile};
///
/// let file = PolicyFile::parse(br#"{
///     "capabilities": { "allowNetwork": true, "allowedHosts": ["*:443"], "maxMemoryMB": 4 }
/// }"#)?;
/// let policy = file.policy();
/// assert_eq!(policy.limits.memory_bytes, 4 * 1024 * 1024);
/// assert_eq!(policy.limits.call_fuel, Limits::WORKSTATION.call_fuel);
/// assert!(policy.paths.is_empty());
/// # Ok::<(), ampoule::ManifestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile(Document);

impl PolicyFile {
    /// The keys, for whoever documents or completes them.
    pub const KEYS: &'static [Key] = POLICY;

    /// Reads and checks a policy.
    ///
    /// # Errors
    /// [`ManifestError`], as for a manifest.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let mut file = Self(Document::EMPTY);
        read(json, Self::KEYS, &mut file.0)?;
        Ok(file)
    }

    /// The policy. What it doesn't name is not granted; a limit that it doesn't name is
    /// [`Limits::WORKSTATION`]'s.
    #[must_use]
    pub fn policy(&self) -> Policy<'_> {
        Policy {
            limits: cut::raised(Limits::WORKSTATION, &self.0),
            deadline_micros: self.0.number(NumberSlot::Timeout).map(cut::micros),
            services: ServiceRules::of_document(&self.0),
            paths: self.0.paths(),
            hosts: self.0.hosts(),
            variables: self.0.variables(),
        }
    }
}
