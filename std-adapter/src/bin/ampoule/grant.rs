//! What a plugin may use besides its memory and fuel: the services that a manifest opens.

use crate::{
    args::GrantArgs,
    manifest::Papers,
    output,
    problem::{Problem, Status},
    show::Bytes,
};
use ampoule_abi::import;
use ampoule_std::{
    CommandError, FileStore, Grant, Granted, Host, Import, Inspection, Limits, Micros,
    NothingGranted, OfferError, Permits, Services, Shape, Status as Refusal, StoreError, escaped,
    offer_shared, offer_shared_on,
    services::{LogLine, Published},
    workstation_offers, workstation_services, workstation_services_on,
};
use std::path::Path;

/// Publications that are shown in a second: more than anyone can read, and no flood.
const EVENTS_PER_SECOND: u32 = 1000;

/// Reads the manifest and the policy, where they are given.
pub(crate) fn read(args: &GrantArgs) -> Result<Option<Papers>, Problem> {
    let manifest = args.manifest.as_deref();
    manifest.map(|manifest| Papers::read(manifest, args.policy.as_deref())).transpose()
}

/// Refuses a manifest that is another plugin's. A module whose name can't be read is refused later.
pub(crate) fn check_name(papers: Option<&Papers>, found: &Inspection) -> Result<(), Problem> {
    let (Some(papers), Some(Ok(meta))) = (papers, &found.meta) else { return Ok(()) };
    let name = papers.manifest.meta().name;
    if name == meta.name {
        return Ok(());
    }
    let shown = |name: &str| escaped(name).to_string();
    let error = CommandError::OtherManifest { manifest: shown(name), module: shown(&meta.name) };
    Err(Problem::new(Status::Refused, &error))
}

/// What is offered to a plugin, and who decides what of it is granted.
pub(crate) struct Offer<'a> {
    pub(crate) permits: &'a dyn Permits,
    pub(crate) services: Services,
}

impl<'a> Offer<'a> {
    /// Without a grant, nothing. Without a store, values are kept in memory.
    pub(crate) fn new(grant: Option<&'a Grant<'a>>, store: Option<FileStore>) -> Self {
        let Some(grant) = grant else {
            return Self { permits: &NothingGranted, services: Services::none() };
        };
        let (log, event) = sinks(|line| output::styled_aside(&line));
        let services = match store {
            Some(store) => workstation_services_on(store, grant, log, event),
            None => workstation_services(grant, log, event),
        };
        Self { permits: grant, services }
    }
}

/// Opens the store of `--store`, where one is given.
pub(crate) fn open(store: Option<&Path>) -> Result<Option<FileStore>, StoreError> {
    store.map(FileStore::open).transpose()
}

/// Offers to all plugins of a host what they share, with values in `store` or else in memory. What they
/// say goes to `tell`, a line each with its end.
pub(crate) fn offer_to<const SLOTS: usize>(
    host: &mut Host<'_, SLOTS>,
    store: Option<FileStore>,
    tell: impl Fn(String) + Clone + Send + 'static,
) -> Result<(), OfferError> {
    let (log, event) = sinks(tell);
    match store {
        Some(store) => offer_shared_on(store, host, log, event),
        None => offer_shared(host, log, event),
    }
}

/// What a grant says of an import.
pub(crate) struct Right<'a> {
    pub(crate) offered: bool,
    pub(crate) granted: Option<Granted<'a>>,
}

impl<'a> Right<'a> {
    pub(crate) fn new(import: &Import, grant: &Grant<'a>) -> Self {
        let (service, operation) = (import.service.as_str(), import.operation.as_str());
        let own =
            service == import::WASI || (service, operation) == (import::MODULE, import::PANIC);
        Self {
            offered: own || workstation_offers(service, operation),
            granted: grant.is_granted(service, operation),
        }
    }
}

/// Whether an import is the host's own, so that it is there without a grant.
pub(crate) fn is_own(import: &Import) -> bool {
    [import::MODULE, import::WASI].contains(&import.service.as_str())
}

/// Where the services `log` and `event` bring what plugins say.
pub(crate) fn sinks(
    tell: impl Fn(String) + Clone + Send + 'static,
) -> (
    impl FnMut(&LogLine<'_>) + Send + 'static,
    impl FnMut(&Published<'_>) -> Result<(), Refusal> + Send + 'static,
) {
    let (mut events, told) = (Events::default(), tell.clone());
    let log = move |line: &LogLine<'_>| {
        let LogLine { plugin, level, text, .. } = line;
        told(format!("{level} {}: {}\n", escaped(plugin), escaped(text)));
    };
    (log, move |published: &Published<'_>| events.line(published).map(&tell))
}

/// Shows publications, a bounded number of them in a second.
#[derive(Default)]
pub(crate) struct Events {
    second: Micros,
    shown: u32,
}

impl Events {
    fn line(&mut self, published: &Published<'_>) -> Result<String, Refusal> {
        let Published { plugin, topic, payload, now } = *published;
        self.count(now)?;
        let (plugin, topic) = (escaped(plugin), escaped(topic));
        Ok(format!("event {plugin}: {topic}: {}\n", Bytes(payload)))
    }

    fn count(&mut self, now: Micros) -> Result<(), Refusal> {
        if now.saturating_sub(self.second) >= 1_000_000 {
            (self.second, self.shown) = (now, 0);
        }
        if self.shown >= EVENTS_PER_SECOND {
            return Err(Refusal::Busy);
        }
        self.shown += 1;
        Ok(())
    }
}

/// Every limit as the one of the two that allows less.
pub(crate) fn tighter(one: Limits, other: Limits) -> Limits {
    macro_rules! least {
        ($type:ident, $one:expr, $other:expr; $($field:ident)* $(; $rest:ident: $inner:expr)?) => {
            $type { $( $field: $one.$field.min($other.$field), )* $( $rest: $inner, )? }
        };
    }
    let shape = least!(
        Shape, one.shape, other.shape;
        types params imports functions globals exports elements data name_bytes locals nesting
        operands br_table operators
    );
    least!(
        Limits, one, other;
        module_bytes memory_bytes table_elements message_bytes heap_bytes init_fuel call_fuel
        destroy_fuel slice_fuel value_stack_bytes recursion_depth;
        shape: shape
    )
}

#[cfg(test)]
mod tests {
    use super::{Events, Refusal, tighter};
    use ampoule_std::{Limits, Shape};

    #[test]
    fn of_two_limits_the_one_that_allows_less_holds() {
        assert_eq!(tighter(Limits::MICRO, Limits::WORKSTATION), Limits::MICRO);
        assert_eq!(tighter(Limits::WORKSTATION, Limits::MICRO), Limits::MICRO);
        let shape = Shape { types: 1, ..Shape::WORKSTATION };
        let own = Limits { memory_bytes: 1, shape, ..Limits::WORKSTATION };
        let both = tighter(own, Limits::MICRO);
        let expected =
            Limits { memory_bytes: 1, shape: Shape { types: 1, ..Shape::MICRO }, ..Limits::MICRO };
        assert_eq!(both, expected);
    }

    #[test]
    fn a_flood_of_events_is_refused_until_the_next_second() {
        let mut events = Events { second: 5, shown: super::EVENTS_PER_SECOND };
        assert_eq!(events.count(1_000_004), Err(Refusal::Busy));
        assert_eq!(events.count(1_000_005), Ok(()));
        assert_eq!((events.second, events.shown), (1_000_005, 1));
    }
}
