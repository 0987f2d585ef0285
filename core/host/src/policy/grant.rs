//! A manifest cut by a policy.

use super::{
    Policy,
    cut::{lowered, tighter},
};
use crate::{
    limits::Limits,
    manifest::{
        Manifest, NetHost, NetHostError, NetHostRule, PathError, PathRule, PlainPath, ServiceRule,
        is_special,
    },
};
use core::net::IpAddr;

/// What a plugin may do on this device: what its manifest asks for **and** the policy gives.
///
/// It holds no copies, so it is made whenever it is asked.
///
/// ```
/// use ampoule::{Grant, Manifest, Policy};
///
/// let manifest = Manifest::parse(br#"{
///     "meta": { "name": "fetch", "version": "1.0.0" },
///     "capabilities": { "allowNetwork": true, "allowedHosts": ["example.com"] }
/// }"#)?;
/// let grant = Grant::new(&manifest, &Policy::WORKSTATION);
/// assert!(grant.check_host("api.example.com", 443).is_ok());
/// assert!(grant.check_host("example.com.evil.org", 443).is_err());
/// assert!(Grant::new(&manifest, &Policy::DENY).check_host("example.com", 443).is_err());
/// # Ok::<(), ampoule::ManifestError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) policy: &'a Policy<'a>,
}

/// How far an operation is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted<'a> {
    /// The part of the service; none is all of it.
    pub scope: Option<&'a str>,
    /// How many calls a second; none is no rule.
    pub per_second: Option<u32>,
}

impl<'a> Grant<'a> {
    /// Cuts a manifest by a policy.
    #[must_use]
    pub const fn new(manifest: &'a Manifest, policy: &'a Policy<'a>) -> Self {
        Self { manifest, policy }
    }

    /// The plugin that this is granted to: the manifest's `meta.name`.
    #[must_use]
    pub fn plugin_name(&self) -> &'a str {
        self.manifest.meta().name
    }

    /// The limits that hold.
    #[must_use]
    pub fn limits(&self) -> Limits {
        lowered(self.policy.limits, self.manifest.document())
    }

    /// How long a call may take, in microseconds; none is no rule.
    #[must_use]
    pub fn deadline_micros(&self) -> Option<u64> {
        tighter(self.manifest.deadline_micros(), self.policy.deadline_micros)
    }

    /// Whether an import is granted, and how far.
    #[must_use]
    pub fn is_granted(&self, service: &str, operation: &str) -> Option<Granted<'a>> {
        let asked = self.manifest.services().iter().find(|rule| rule.names(service, operation))?;
        self.cut(&asked, operation)
    }

    /// What the policy leaves of an operation of `asked`.
    pub(super) fn cut(&self, asked: &ServiceRule<'a>, operation: &str) -> Option<Granted<'a>> {
        let ceilings = self.policy.services.iter();
        let mut ceilings = ceilings.filter(|rule| rule.covers(asked.service, operation));
        ceilings.find_map(|ceiling| {
            Some(Granted {
                scope: narrower_scope(asked.scope, ceiling.scope)?,
                per_second: tighter(asked.per_second, ceiling.per_second),
            })
        })
    }

    /// Checks a path that the plugin asks for. It is as it was asked: whoever opens it has to see
    /// to links.
    ///
    /// # Errors
    /// [`PathError`]; [`PathError::NotGranted`] if only the grant is missing.
    pub fn check_path<'p>(&self, text: &'p str) -> Result<PlainPath<'p>, PathError> {
        let path = PlainPath::parse(text)?;
        let granted = self.paths().any(|rule| rule.allows(&path));
        if granted { Ok(path) } else { Err(PathError::NotGranted {}) }
    }

    /// Checks a network host, without port in `text`, and the port that the plugin asks for. A name's
    /// addresses still have to pass [`Self::check_address`].
    ///
    /// # Errors
    /// [`NetHostError`]; [`NetHostError::NotGranted`] if only the grant is missing.
    pub fn check_host<'h>(&self, text: &'h str, port: u16) -> Result<NetHost<'h>, NetHostError> {
        let host = NetHost::parse(text)?;
        if self.reaches(&host, port) { Ok(host) } else { Err(NetHostError::NotGranted {}) }
    }

    /// Checks an address that a granted host was resolved to, before it is connected to. Those of
    /// [`is_special`] are granted by themselves only, or anybody's name server could open the local
    /// network.
    ///
    /// # Errors
    /// [`NetHostError::Special`]; [`NetHostError::NotGranted`] if the host isn't granted to begin with,
    /// or is another address.
    pub fn check_address(
        &self,
        host: &NetHost<'_>,
        address: IpAddr,
        port: u16,
    ) -> Result<(), NetHostError> {
        let address = address.to_canonical();
        let itself = NetHost::Address(address);
        let other = matches!(host, NetHost::Address(own) if *own != address);
        if other || !self.reaches(host, port) {
            return Err(NetHostError::NotGranted {});
        }
        let open = !is_special(address) || self.reaches(&itself, port);
        if open { Ok(()) } else { Err(NetHostError::Special {}) }
    }

    fn reaches(&self, host: &NetHost<'_>, port: u16) -> bool {
        self.hosts().any(|rule| rule.allows(host, port))
    }

    /// Tells whether the plugin may read an environment variable.
    #[must_use]
    pub fn has_variable(&self, name: &str) -> bool {
        self.variables().any(|granted| granted == name)
    }

    /// The granted paths, for a host that opens directories beforehand.
    pub fn paths(&self) -> impl Iterator<Item = PathRule<'a>> + use<'a> {
        let Self { manifest, policy } = *self;
        let asked = manifest.paths().iter().filter_map(|path| PathRule::parse(path).ok());
        asked.flat_map(|asked| meets(asked, policy))
    }

    /// The granted network hosts.
    pub fn hosts(&self) -> impl Iterator<Item = NetHostRule<'a>> + use<'a> {
        let Self { manifest, policy } = *self;
        let asked = manifest.hosts().iter().filter_map(|host| NetHostRule::parse(host).ok());
        asked.flat_map(|asked| meets(asked, policy))
    }

    /// The granted environment variables.
    pub fn variables(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let Self { manifest, policy } = *self;
        manifest.variables().iter().flat_map(|name| meets(Variable(name), policy)).map(|it| it.0)
    }
}

/// The narrower of two scopes; the outer none is that they have nothing in common.
fn narrower_scope<'a>(asked: Option<&'a str>, ceiling: Option<&'a str>) -> Option<Option<&'a str>> {
    let Some(ceiling) = ceiling else { return Some(asked) };
    let ceiling = PlainPath::parse(ceiling).ok()?;
    let asked = asked.map_or(Some(ceiling), |asked| PlainPath::parse(asked).ok())?;
    asked.meet(ceiling).map(|scope| Some(scope.as_str()))
}

/// An environment variable's name.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Variable<'a>(pub(super) &'a str);

/// What a list of a policy bounds.
pub(super) trait Rule<'a>: Copy + PartialEq {
    fn ceilings(policy: &'a Policy<'a>) -> impl Iterator<Item = Self> + Clone;
    fn meet(self, ceiling: Self) -> Option<Self>;
}

impl<'a> Rule<'a> for PathRule<'a> {
    fn ceilings(policy: &'a Policy<'a>) -> impl Iterator<Item = Self> + Clone {
        policy.paths.iter().filter_map(|path| Self::parse_ceiling(path).ok())
    }

    fn meet(self, ceiling: Self) -> Option<Self> {
        Self::meet(self, ceiling)
    }
}

impl<'a> Rule<'a> for NetHostRule<'a> {
    fn ceilings(policy: &'a Policy<'a>) -> impl Iterator<Item = Self> + Clone {
        policy.hosts.iter().filter_map(|host| Self::parse_ceiling(host).ok())
    }

    fn meet(self, ceiling: Self) -> Option<Self> {
        Self::meet(self, ceiling)
    }
}

impl<'a> Rule<'a> for Variable<'a> {
    fn ceilings(policy: &'a Policy<'a>) -> impl Iterator<Item = Self> + Clone {
        policy.variables.iter().map(Self)
    }

    fn meet(self, ceiling: Self) -> Option<Self> {
        Some(self).filter(|_| ceiling.0 == "*" || ceiling == self)
    }
}

/// What a policy leaves of `asked`: all of it once, or each narrower part.
pub(super) fn meets<'a, R: Rule<'a> + 'a>(
    asked: R,
    policy: &'a Policy<'a>,
) -> impl Iterator<Item = R> {
    let met = R::ceilings(policy).filter_map(move |ceiling| asked.meet(ceiling));
    let whole = met.clone().any(|met| met == asked);
    let parts = met.filter(move |_| !whole);
    whole.then_some(asked).into_iter().chain(parts)
}
