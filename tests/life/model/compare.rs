//! All that can be seen of a host, beside what the model says.

use super::{Both, Pair, predict};
use crate::support::clock;
use ampoule::{EventKind, Host, PluginId};
use std::collections::BTreeMap;

impl Both<'_> {
    /// Events that weren't taken yet, by plugin.
    pub(super) fn events(&mut self) -> BTreeMap<PluginId, Vec<String>> {
        let mut events = BTreeMap::<_, Vec<_>>::new();
        while let Some(event) = self.host.next_event() {
            let what = match event.what {
                EventKind::Unloaded { dropped, .. } => format!("Unloaded {dropped}"),
                EventKind::Swapped { version, .. } => format!("Swapped {version}"),
                EventKind::Committed { version, .. } => format!("Committed {version}"),
                EventKind::Reverted { version, .. } => format!("Reverted {version}"),
                EventKind::Lost { .. } => panic!("{event:?}"),
                other => format!("{other:?}").split(' ').next().unwrap().to_owned(),
            };
            events.entry(event.plugin).or_default().push(what);
        }
        events
    }

    /// Compares all that can be seen.
    pub(super) fn compare(&mut self) {
        assert_eq!(clock(), self.world.now);
        let mut events = self.events();
        for Pair { id, model, .. } in &mut self.pairs {
            let Some(model) = model else {
                assert!(self.host.counters(*id).is_none());
                continue;
            };
            let expected = core::mem::take(&mut model.events);
            assert_eq!(events.remove(id).unwrap_or_default(), expected, "{}", model.name);
            assert_eq!(self.host.breaker(*id), Some(model.breaker()));
            let meta = self.host.plugin(*id).unwrap().meta();
            assert_eq!((meta.name, meta.version), (model.name, &*model.current.label));
            assert_eq!(tally(self.host, *id), model.tally, "{}", model.name);
        }
        assert!(events.is_empty(), "{events:?}");
        for (number, (pair, call)) in self.calls.iter().enumerate() {
            let model = self.pairs[*pair].model.as_ref();
            let over = !model.is_some_and(|model| model.is_under_way(number));
            assert_eq!(self.host.is_over(call), over);
        }
        let slow = self.slow.0.lock().unwrap();
        let mut cancelled: Vec<_> = slow.cancelled.iter().map(String::as_str).collect();
        cancelled.sort_unstable();
        self.world.cancelled.sort_unstable();
        assert_eq!((slow.asked, cancelled), (self.world.asked, self.world.cancelled.clone()));
    }
}

fn tally(host: &Host<'_, 3>, id: PluginId) -> predict::Tally {
    let counters = host.counters(id).unwrap();
    let all = counters.successes + counters.failure_replies + counters.failures.total();
    assert_eq!(counters.calls, all);
    assert_eq!(counters.calls, counters.durations.buckets().iter().sum::<u64>());
    let uses: BTreeMap<_, _> = host.host_calls(id).collect();
    let host_calls = ["slow", "clock"].map(|service| uses[service]);
    assert_eq!((uses.len(), counters.host_calls), (2, host_calls.iter().sum()));
    predict::Tally {
        calls: counters.calls,
        successes: counters.successes,
        failure_replies: counters.failure_replies,
        traps: counters.failures.trap,
        out_of_fuel: counters.failures.out_of_fuel,
        deadline: counters.failures.deadline,
        cancelled: counters.failures.cancelled,
        breaker_open: counters.refusals.breaker_open,
        quarantined: counters.refusals.quarantined,
        queue_full: counters.refusals.queue_full,
        too_late: counters.refusals.request,
        instances: counters.instances,
        reloads: counters.reloads,
        host_calls,
    }
}
