//! However a run is cut into slices and turns, whoever runs between them and however long services take:
//! the guest sees, answers and costs the same as in one go.

mod guests;
mod slow;

use crate::support::{clock, pass};
use ampoule::{
    Config, Diagnosis, Entry, Host, Limits, Manifest, PluginId, Policy, Source,
    manifest::ServiceRules,
};
use guests::{Case, Raw, case};
pub(crate) use slow::Random;
use slow::{Slow, Use};

/// Guests that are compared, `BATCH` at a time. `AMPOULE_INVARIANCE` sets another number.
const CASES: u32 = 5_000;
const BATCH: usize = 4;

const POLICY: Policy<'_> = Policy {
    limits: Limits {
        init_fuel: 30_000,
        call_fuel: 30_000,
        memory_bytes: 1 << 20,
        ..Limits::WORKSTATION
    },
    services: ServiceRules::EVERY,
    ..Policy::DENY
};

/// What can be seen of a guest after each call.
#[derive(Debug, PartialEq)]
struct Seen {
    answer: Result<Vec<u8>, String>,
    /// Of this call, and of all so far.
    fuel: (u64, u64),
    memory: Vec<u8>,
}

fn manifest(name: &str) -> Manifest {
    let text = format!(
        r#"{{ "meta": {{ "name": "{name}", "version": "1.0.0" }}, "capabilities": {{ "services": [
            {{ "service": "slow", "operations": ["ask", "echo"] }},
            {{ "service": "clock", "operations": ["sleep_ms"] }}
        ] }} }}"#
    );
    Manifest::parse(text.as_bytes()).unwrap()
}

type RawEntry = Entry<Raw, Raw>;
type OneHost = Host<'static, BATCH>;

fn host(config: Config<'static>, slow: &Slow) -> OneHost {
    let mut host = Host::new(config, clock);
    host.offer(Box::new(slow.clone())).unwrap();
    host.offer(Box::new(ampoule::services::Clock::without_date())).unwrap();
    host
}

fn load(host: &mut OneHost, case: &Case) -> Result<(PluginId, Vec<RawEntry>), &'static str> {
    let manifest = manifest(&case.name);
    let source = Source::new(&case.wasm).with_manifest(&manifest);
    let id = host.load(source).map_err(|error| error.code())?;
    let entries = case.calls.iter().map(|(name, _)| host.bind(id, name).unwrap()).collect();
    Ok((id, entries))
}

fn seen(host: &OneHost, id: PluginId, answer: Result<Raw, ampoule::CallError>) -> Seen {
    let plugin = host.plugin(id).unwrap();
    let counters = host.counters(id).unwrap();
    Seen {
        answer: answer.map(|it| it.0).map_err(|error| format!("{error:?}")),
        fuel: (plugin.usage().fuel, counters.fuel_total),
        memory: plugin.memory().to_vec(),
    }
}

const NO_BREAKER: ampoule::BreakerRules =
    ampoule::BreakerRules { failures: 0, ..ampoule::BreakerRules::WORKSTATION };
const WHOLE: Config<'static> = Config {
    policy: &POLICY,
    slice_fuel: u64::MAX,
    turn_fuel: u64::MAX,
    breaker: NO_BREAKER,
    ..Config::WORKSTATION
};

/// All calls of a guest in one go each, with a service that answers at once.
fn in_one_go(case: &Case) -> (Result<Vec<Seen>, &'static str>, Vec<Use>) {
    let slow = Slow::new(0, 0);
    let mut host = host(WHOLE, &slow);
    let ran = load(&mut host, case).map(|(id, entries)| {
        let calls = entries.iter().zip(&case.calls);
        let run = |(entry, (_, message)): (&RawEntry, &(_, Raw))| {
            let answer = host.call(entry, message);
            seen(&host, id, answer)
        };
        calls.map(run).collect()
    });
    (ran, slow.uses_of(&case.name))
}

/// A guest in a host with others.
struct Among<'c> {
    case: &'c Case,
    loaded: Result<(PluginId, Vec<RawEntry>), &'static str>,
    under_way: Option<ampoule::Call<Raw>>,
    seen: Vec<Seen>,
}

impl Among<'_> {
    /// Takes what there is, and starts the next call. False if it is done.
    fn go_on(&mut self, host: &mut OneHost) -> bool {
        let Ok((id, entries)) = &self.loaded else { return false };
        if let Some(call) = self.under_way {
            let Some(answer) = host.take(&call) else { return true };
            self.seen.push(seen(host, *id, answer));
            self.under_way = None;
        }
        let next = self.seen.len();
        let Some(entry) = entries.get(next) else { return false };
        self.under_way = Some(host.start(entry, &self.case.calls[next].1).unwrap());
        true
    }
}

/// How many guests there were, how many of them could be loaded, how many of their calls were answered
/// and how many not, uses of services, and turns.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    cases: u64,
    loaded: u64,
    answers: usize,
    faults: usize,
    uses: usize,
    turns: u64,
}

/// Compares a batch of guests; `from` tells where `random` comes from.
pub(crate) fn batch(mut random: Random, from: &str, sums: &mut Sums) {
    let cases: Vec<_> = (0..BATCH).map(|at| case(at, &mut random)).collect();
    // From a block a slice to one slice a call.
    let slice_fuel = 1 << (2 + random.below(14));
    let turn_fuel = slice_fuel * (1 + random.below(2 * BATCH as u64)) / 2;
    let slow = Slow::new(random.next(), random.below(4));
    let mut host = host(Config { slice_fuel, turn_fuel, ..WHOLE }, &slow);
    let mut guests: Vec<_> = cases
        .iter()
        .map(|case| {
            let loaded = load(&mut host, case);
            if let Ok((id, _)) = &loaded {
                host.set_priority(*id, 1 + random.below(3) as u8).unwrap();
            }
            Among { case, loaded, under_way: None, seen: Vec::new() }
        })
        .collect();
    loop {
        let busy = guests.iter_mut().filter_map(|it| it.go_on(&mut host).then_some(())).count();
        if busy == 0 {
            break;
        }
        host.poll(pass(1));
        sums.turns += 1;
    }
    for Among { case, loaded, seen, .. } in guests {
        let (expected, uses) = in_one_go(case);
        sums.cases += 1;
        sums.loaded += u64::from(loaded.is_ok());
        let answers = seen.iter().filter(|it| it.answer.is_ok()).count();
        sums.answers += answers;
        sums.faults += seen.len() - answers;
        sums.uses += uses.len();
        let found = loaded.map(|_| seen);
        if found != expected || slow.uses_of(&case.name) != uses {
            let text = |seen: &Result<Vec<Seen>, _>| {
                let short =
                    |it: &Seen| format!("{:?} {:?} {}", it.answer, it.fuel, it.memory.len());
                seen.as_ref().map(|it| it.iter().map(short).collect::<Vec<_>>()).map_err(|it| *it)
            };
            panic!(
                "{from}, {}, slices of {slice_fuel}:\n{:?}\n{:?}\n{:?}\n{uses:?}",
                case.name,
                text(&found),
                text(&expected),
                slow.uses_of(&case.name)
            );
        }
    }
}

#[test]
fn slices_turns_and_sleep_change_nothing() {
    let cases = crate::support::count("AMPOULE_INVARIANCE", CASES);
    let mut sums = Sums::default();
    for seed in 0..u64::from(cases).div_ceil(BATCH as u64) {
        batch(Random::new([], seed), &format!("seed {seed}"), &mut sums);
    }
    println!("{sums:?}");
    assert!(sums.loaded > sums.cases * 3 / 4);
    assert!(sums.answers as u64 > sums.cases && sums.uses as u64 > sums.cases / 2);
}
