//! Uses of services, by name: the host's own and those that were made for one version of one plugin.

use crate::support::{CONFIG, Slow, clock, entry, host, host_of, named, number, pass, value};
use ampoule::{
    Caller, Diagnosis as _, Form, Host, Manifest, Operation, PluginId, Probation, Scalar, Service,
    Source, Status, ValueType,
};
use std::collections::BTreeMap;

/// A service of a plugin's own, by its name. It answers at once.
struct Own(&'static str);

impl Service for Own {
    fn name(&self) -> &'static str {
        self.0
    }

    fn operations(&self) -> &'static [Operation] {
        &[Operation {
            name: "ask",
            form: Form::Scalar { params: &[ValueType::I32], result: Some(ValueType::I32) },
            base_fuel: 5,
            byte_fuel: 0,
        }]
    }

    fn scalar(&mut self, _: &Caller<'_>, _: usize, _: &[Scalar]) -> Result<Scalar, Status> {
        Ok(Scalar::I32(1))
    }
}

/// `use` asks `slow` once, and each of `own` twice; `trap` asks the first of `own` once and traps, and so
/// asks, without trapping, `ampoule_init` and `ampoule_destroy`.
fn guest(own: &[&str]) -> Vec<u8> {
    let of = |text: &dyn Fn(usize, &str) -> String| -> String {
        own.iter().enumerate().map(|(at, name)| text(at, name)).collect()
    };
    let imports = of(&|at, name| {
        format!(r#"(import "{name}" "ask" (func $own{at} (param i32) (result i32)))"#)
    });
    let ask = |at: usize| format!("(drop (call $own{at} (i32.const 1)))");
    let uses = of(&|at, _| ask(at).repeat(2));
    let once = own.first().map(|_| ask(0)).unwrap_or_default();
    let text = format!(
        r#"(module
            (import "slow" "ask" (func $ask (param i32) (result i32)))
            {imports}
            (memory (export "memory") 1024 1024 (pagesize 1))
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func (export "use") (param i32) (result i64)
                {uses}
                (i32.store (i32.const 128) (call $ask (i32.const 1))) (i64.const 0x80_0000_0004))
            (func (export "trap") (param i32) (result i64) {once} unreachable)
            (func (export "ampoule_init") (param i32) (result i64) {once} (i64.const 0))
            (func (export "ampoule_destroy") (param i32) (result i64) {once} (i64.const 0)))"#
    );
    named(wat::parse_str(&text).unwrap(), "one", "1.0.0")
}

fn manifest() -> Manifest {
    let row = |name| format!(r#"{{ "service": "{name}", "operations": ["ask"] }}"#);
    let rows = ["slow", "fan", "lamp", "valve"].map(row).join(", ");
    let text = format!(
        r#"{{ "meta": {{ "name": "one", "version": "1.0.0" }},
            "capabilities": {{ "services": [{rows}] }} }}"#
    );
    Manifest::parse(text.as_bytes()).unwrap()
}

/// Gives a version, with services of its own, to `take`.
fn with<T>(own: &[&'static str], take: impl FnOnce(Source<'_>) -> T) -> T {
    let (wasm, manifest) = (guest(own), manifest());
    let source = Source::new(&wasm).with_manifest(&manifest);
    take(own.iter().fold(source, |source, name| source.with_service(Box::new(Own(name))).unwrap()))
}

fn ready() -> (Host<'static, 8>, PluginId) {
    let (mut host, slow) = host();
    slow.answers(Ok(7));
    let id = with(&["fan"], |source| host.load(source)).unwrap();
    (host, id)
}

fn use_all(host: &mut Host<'_, 8>, id: PluginId) {
    let all = entry(host, id, "use");
    assert_eq!(host.call(&all, &number(0)).map(value), Ok(7));
}

/// Uses by name, which add up to what the counters say.
fn uses<const SLOTS: usize>(host: &Host<'_, SLOTS>, id: PluginId) -> BTreeMap<&'static str, u64> {
    let listed: Vec<_> = host.host_calls(id).collect();
    let uses: BTreeMap<_, _> = listed.iter().copied().collect();
    assert_eq!(uses.len(), listed.len(), "a name twice: {listed:?}");
    assert_eq!(host.counters(id).unwrap().host_calls, uses.values().sum());
    uses
}

#[test]
fn own_and_shared_services_are_counted_alike() {
    let (mut host, id) = ready();
    assert_eq!(uses(&host, id), [("slow", 0), ("fan", 1)].into(), "what it may use is told");
    use_all(&mut host, id);
    use_all(&mut host, id);
    assert_eq!(uses(&host, id), [("slow", 2), ("fan", 5)].into());
}

#[test]
fn uses_stay_when_versions_with_other_services_come_and_go() {
    let (mut host, id) = ready();
    use_all(&mut host, id);
    with(&["lamp", "fan"], |source| host.reload(id, source)).unwrap();
    use_all(&mut host, id);
    let both = [("slow", 2), ("fan", 5), ("lamp", 3)];
    assert_eq!(uses(&host, id), both.into(), "over the swap");
    pass(CONFIG.probation.micros);
    host.poll(clock());
    assert_eq!(host.versions(id).unwrap().previous, None);
    let committed = [("slow", 2), ("fan", 6), ("lamp", 3)];
    assert_eq!(uses(&host, id), committed.into(), "with the old version's last word");
    with(&[], |source| host.reload(id, source)).unwrap();
    with(&["valve"], |source| host.reload(id, source)).unwrap();
    use_all(&mut host, id);
    pass(CONFIG.probation.micros);
    host.poll(clock());
    let after = [("slow", 3), ("fan", 6), ("lamp", 4), ("valve", 3)];
    assert_eq!(uses(&host, id), after.into(), "of what no version has any more");
}

#[test]
fn a_service_under_a_shared_name_counts_under_that_name() {
    let (mut host, slow) = host();
    slow.answers(Ok(7));
    let load = |source: Source<'_>| {
        let own = Slow::default();
        own.answers(Ok(7));
        host.load(source.with_service(Box::new(own)).unwrap())
    };
    let id = with(&[], load).unwrap();
    use_all(&mut host, id);
    with(&[], |source| host.reload(id, source)).unwrap();
    use_all(&mut host, id);
    assert_eq!(uses(&host, id), [("slow", 2)].into());
    assert_eq!(slow.0.lock().unwrap().asked.0, 1, "the other was the plugin's own");
}

#[test]
fn uses_outlive_a_fault() {
    let (mut host, id) = ready();
    let trap = entry(&mut host, id, "trap");
    assert_eq!(host.call(&trap, &number(0)).unwrap_err().code(), "F03");
    assert_eq!(uses(&host, id)["fan"], 2);
    use_all(&mut host, id);
    assert_eq!(uses(&host, id), [("slow", 1), ("fan", 5)].into(), "the fresh instance's, too");
}

#[test]
fn uses_of_a_version_that_was_reverted_stay() {
    let (mut host, id) = ready();
    let trap = entry(&mut host, id, "trap");
    use_all(&mut host, id);
    with(&["lamp"], |source| host.reload(id, source)).unwrap();
    assert_eq!(host.call(&trap, &number(0)).unwrap_err().code(), "F03");
    host.poll(clock());
    assert_eq!(host.versions(id).unwrap().current, 3, "back again");
    assert_eq!(uses(&host, id), [("slow", 1), ("fan", 3), ("lamp", 2)].into());
    with(&["lamp"], |source| host.reload(id, source)).unwrap();
    host.roll_back(id).unwrap();
    let asked = [("slow", 1), ("fan", 3), ("lamp", 4)];
    assert_eq!(uses(&host, id), asked.into(), "by an operator, too");
    use_all(&mut host, id);
    assert_eq!(uses(&host, id), [("slow", 2), ("fan", 5), ("lamp", 4)].into());
}

#[test]
fn a_version_that_never_took_over_is_not_counted() {
    let (mut host, slow) = host();
    let id = with(&["fan"], |source| host.load(source)).unwrap();
    let all = entry(&mut host, id, "use");
    let call = host.start(&all, &number(0)).unwrap();
    host.poll(clock());
    with(&["lamp"], |source| host.reload(id, source)).unwrap();
    assert_eq!(uses(&host, id), [("slow", 1), ("fan", 3)].into(), "it waits");
    with(&["valve"], |source| host.reload(id, source)).unwrap();
    slow.answers(Ok(7));
    host.poll(clock());
    assert_eq!(host.take(&call).unwrap().map(value), Ok(7));
    assert_eq!(host.versions(id).unwrap().current, 2);
    let swapped = [("slow", 1), ("fan", 3), ("valve", 1)];
    assert_eq!(uses(&host, id), swapped.into(), "another took its place");
}

#[test]
fn each_plugin_has_its_own_numbers_from_0_on() {
    let (mut host, id) = ready();
    use_all(&mut host, id);
    host.unload(id).unwrap();
    assert_eq!(host.host_calls(id).count(), 0);
    let again = with(&["fan"], |source| host.load(source)).unwrap();
    assert_eq!(uses(&host, again), [("slow", 0), ("fan", 1)].into());
    assert_eq!(host.host_calls(id).count(), 0, "it is another's slot now");
}

#[test]
fn without_a_probation_the_old_version_is_counted_at_once() {
    let probation = Probation { calls: 0, micros: 0 };
    let (mut host, slow) = host_of::<2>(ampoule::Config { probation, ..CONFIG });
    slow.answers(Ok(7));
    let id = with(&["fan"], |source| host.load(source)).unwrap();
    with(&["lamp"], |source| host.reload(id, source)).unwrap();
    assert_eq!(uses(&host, id), [("slow", 0), ("fan", 2), ("lamp", 1)].into());
}
