//! How often services were used, by their names: those that the host offers to all, and a plugin's own.

use super::{Host, ledger::Ledger, slot::Live};
use crate::{counters::Counters, id::PluginId, plugin::Plugin};
use alloc::vec::{self, Vec};

/// Uses by a service's name, each name once.
#[derive(Default)]
pub(crate) struct Uses(Vec<(&'static str, u64)>);

impl Uses {
    /// Adds uses. Where there is no memory for another name, they are in the counters' sum alone.
    pub(crate) fn add(&mut self, more: impl IntoIterator<Item = (&'static str, u64)>) {
        for (service, uses) in more {
            if let Some((_, sum)) = self.0.iter_mut().find(|(known, _)| *known == service) {
                *sum = sum.saturating_add(uses);
            } else if self.0.try_reserve_exact(1).is_ok() {
                self.0.push((service, uses));
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().copied()
    }
}

impl IntoIterator for Uses {
    type Item = (&'static str, u64);
    type IntoIter = vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<const SLOTS: usize> Host<'_, SLOTS> {
    /// How often a plugin has used each service so far, by the service's name: each that it may use now,
    /// be it 0 times, and each that a version before has used. They add up to
    /// [`Counters::host_calls`]. Nothing if the plugin is gone.
    ///
    /// A name counts once, whoever offers the service: the host to all, or a
    /// [`Source`](super::Source) to this plugin alone, in this version or in one before. What a version
    /// uses counts from when it takes over, its start included; it stays when the version goes, be it
    /// reverted. The names come in no order that would stay.
    ///
    /// ```
    /// use ampoule::{Config, Host, PluginId};
    ///
    /// fn tell(host: &Host<'_, 4>, plugin: PluginId) {
    ///     for (service, uses) in host.host_calls(plugin) {
    ///         println!("{service}: {uses}");
    ///     }
    /// }
    /// # let wasm = include_bytes!("../../../../guests/prebuilt/json-transformer.wasm");
    /// # let mut host = Host::<4>::new(Config::WORKSTATION, || 0);
    /// # let id = host.load(ampoule::Source::new(wasm))?;
    /// # tell(&host, id);
    /// # Ok::<(), ampoule::LoadError>(())
    /// ```
    pub fn host_calls(&self, id: PluginId) -> impl Iterator<Item = (&'static str, u64)> {
        let uses = move || self.slots.get(id).into_iter().flat_map(Live::uses);
        let is_first = move |at, service| uses().take(at).all(|(other, _)| other != service);
        uses().enumerate().filter(move |(at, (service, _))| is_first(*at, *service)).map(
            move |(_, (service, _))| {
                let same = uses().filter(|(other, _)| *other == service);
                (service, same.fold(0_u64, |sum, (_, uses)| sum.saturating_add(uses)))
            },
        )
    }
}

impl Live {
    /// Names come more than once.
    fn uses(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let previous = self.previous.iter().flat_map(|previous| previous.version.plugin.uses());
        self.ledger.uses.iter().chain(previous).chain(self.current.plugin.uses())
    }
}

impl Ledger {
    /// A version goes for good: what it has used stays on record.
    pub(super) fn retire(&mut self, version: &Plugin) {
        add_usage(&mut self.counters, version);
        self.uses.add(version.uses().filter(|(_, uses)| *uses > 0));
    }
}

/// Adds the instances of a version and what it has used of services to its plugin's counters.
pub(super) fn add_usage(counters: &mut Counters, version: &Plugin) {
    counters.instances = counters.instances.saturating_add(version.usage().instances);
    version.uses().for_each(|(_, uses)| counters.record_host_calls(uses));
}

#[cfg(test)]
mod tests {
    use super::Uses;
    use std::vec::Vec;

    #[test]
    fn each_name_has_one_number_that_stops_at_its_maximum() {
        let mut uses = Uses::default();
        uses.add([("kv", u64::MAX - 1), ("log", 1), ("kv", 1)]);
        uses.add([("log", 2), ("kv", 3), ("env", 0)]);
        let all: Vec<_> = uses.into_iter().collect();
        assert_eq!(all, [("kv", u64::MAX), ("log", 3), ("env", 0)]);
    }
}
