//! What this device lets plugins have.

use ampoule::{
    BreakerRules, Config, Limits, Policy,
    manifest::{ServiceRule, ServiceRules, Strings},
};

const fn rule(
    service: &'static str,
    operations: &'static [&'static str],
    scope: Option<&'static str>,
    per_second: u32,
) -> ServiceRule<'static> {
    ServiceRule {
        service,
        operations: Strings::of(operations),
        scope,
        per_second: Some(per_second),
    }
}

const RULES: &[ServiceRule<'_>] = &[
    rule("log", &["write"], None, 20),
    rule("clock", &["now_us", "monotonic_us", "sleep_ms"], None, 1_000),
    rule("random", &["u64", "fill"], None, 100),
    rule("kv", &["get", "set", "delete", "keys"], None, 50),
    rule("gpio", &["set", "get"], Some("led"), 200),
];

/// The largest module: what fits into the RAM where an install lies. Its manifest has to fit in with it.
pub(crate) const MODULE_BYTES: u32 = 8 * 1024;

static POLICY: Policy<'_> = Policy {
    limits: Limits {
        module_bytes: MODULE_BYTES,
        memory_bytes: 4 * 1024,
        message_bytes: 1024,
        // What there is for all of them: what may need more is refused before anything of it is read.
        heap_bytes: 69 * 1024,
        call_fuel: 200_000,
        // Twice what the deepest of our plugins needs.
        value_stack_bytes: 1024,
        recursion_depth: 32,
        ..Limits::MICRO
    },
    // Nothing here takes longer, unless it hangs.
    deadline_micros: Some(200_000),
    services: ServiceRules::of(RULES),
    ..Policy::DENY
};

/// How the host treats plugins.
pub(crate) const CONFIG: Config<'_> = Config {
    policy: &POLICY,
    // Impatient, so that the demonstration is short; `BreakerRules::MICRO` waits for minutes.
    breaker: BreakerRules { failures: 2, reset: 100_000, reset_most: 400_000, trips: 3 },
    idle: |_| crate::board::idle(),
    ..Config::MICRO
};
