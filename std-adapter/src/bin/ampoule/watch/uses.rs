//! Counts the uses of services that are a plugin's own: the host counts those of the shared ones.

use ampoule_std::{Caller, Micros, Operation, Scalar, Service, Status};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How often each plugin, by its name, has used each of its own services.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses(Arc<Mutex<BTreeMap<String, Counts>>>);

/// Uses by the service's name.
pub(super) type Counts = BTreeMap<&'static str, u64>;

impl Uses {
    /// Has the uses of a service counted.
    pub(super) fn counted(&self, service: Box<dyn Service>) -> Box<dyn Service> {
        Box::new(Counted { service, uses: self.clone() })
    }

    pub(super) fn of(&self, plugin: &str) -> Counts {
        self.with(|all| all.get(plugin).cloned()).unwrap_or_default()
    }

    /// The plugin is gone.
    pub(super) fn forget(&self, plugin: &str) {
        self.with(|all| all.remove(plugin));
    }

    fn count(&self, caller: &Caller<'_>, service: &'static str) {
        // One that waits is asked again for the same.
        if caller.since.is_some() {
            return;
        }
        self.with(|all| {
            if !all.contains_key(caller.plugin) {
                all.insert(caller.plugin.to_owned(), Counts::new());
            }
            if let Some(counts) = all.get_mut(caller.plugin) {
                let count = counts.entry(service).or_default();
                *count = count.saturating_add(1);
            }
        });
    }

    fn with<T>(&self, what: impl FnOnce(&mut BTreeMap<String, Counts>) -> T) -> T {
        // Numbers stay numbers whatever happened to who wrote them.
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A service whose uses are counted.
struct Counted {
    service: Box<dyn Service>,
    uses: Uses,
}

impl Service for Counted {
    fn name(&self) -> &'static str {
        self.service.name()
    }

    fn operations(&self) -> &'static [Operation] {
        self.service.operations()
    }

    fn scalar(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        params: &[Scalar],
    ) -> Result<Scalar, Status> {
        self.uses.count(caller, self.service.name());
        self.service.scalar(caller, operation, params)
    }

    fn message(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        self.uses.count(caller, self.service.name());
        self.service.message(caller, operation, request, reply)
    }

    fn parks(&self, operation: usize) -> bool {
        self.service.parks(operation)
    }

    fn again_at(&self, caller: &Caller<'_>, operation: usize) -> Option<Micros> {
        self.service.again_at(caller, operation)
    }

    fn cancel(&mut self, plugin: &str) {
        self.service.cancel(plugin);
    }
}
