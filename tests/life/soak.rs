//! Reload upon reload: nothing stays behind.

use crate::support::{
    CONFIG, STATE, bare_counter, clock, count, entry, host_of, manifest, named, number, pass, value,
};
use allocation_counter::measure;
use ampoule::{BreakerRules, Config, Probation, Source, Wake};

/// Reloads, swapped or refused. `AMPOULE_SOAK` sets another number.
const RELOADS: u32 = 10_000;

const REFUSES: &str = r#"
    (func (export "ampoule_save") (param i32) (result i64) (call $answer (global.get $sum)))
    (func (export "ampoule_restore") (param i32) (result i64)
        (i64.store (i32.const 128) (i64.const 0x0021_0107)) (i64.const 0x8000_0080_0000_0003))"#;

#[test]
fn reloads_leave_the_heap_as_it_was() {
    let reloads = count("AMPOULE_SOAK", RELOADS);
    let probation = Probation { calls: 2, micros: 1_000_000 };
    let breaker = BreakerRules { failures: 0, ..BreakerRules::MICRO };
    let (mut host, slow) = host_of::<2>(Config { probation, breaker, ..CONFIG });
    let (good, refuses) = (bare_counter(STATE), bare_counter(REFUSES));
    let manifest = manifest("one");
    let good = |label: &str| named(good.clone(), "one", label);
    let refuses = named(refuses, "one", "0.0.1");
    let (first, second) = (good("1.0.0"), good("2.0.0"));
    let id = host.load(Source::new(&first).with_manifest(&manifest)).unwrap();
    let [add, trap, wait] = ["add", "trap", "wait"].map(|name| entry(&mut host, id, name));
    let mut sum = 0;
    let (mut refused, mut reverted, mut committed, mut swapped) = (0, 0, 0, 0);
    // A round ends as it began: one version, no call, no event. All rounds start with the first, so
    // that they hold the same.
    let mut round = |number_of_round: u32| {
        let source = |wasm| Source::new(wasm).with_manifest(&manifest);
        assert_eq!(host.call(&add, &number(1)).map(value), Ok(sum + 1));
        sum += 1;
        match number_of_round % 4 {
            0 => {
                host.reload(id, source(&refuses)).unwrap_err();
                host.reload(id, source(&second)).unwrap();
            }
            1 => {
                host.reload(id, source(&second)).unwrap();
                host.call(&trap, &number(0)).unwrap_err();
                host.poll(clock());
                assert_eq!(host.plugin(id).unwrap().meta().version, "1.0.0");
                host.reload(id, source(&second)).unwrap();
            }
            2 => {
                slow.0.lock().unwrap().answer = None;
                let sleeps = host.start(&wait, &number(0)).unwrap();
                host.poll(clock());
                host.reload(id, source(&first)).unwrap();
                host.reload(id, source(&second)).unwrap();
                slow.answers(Ok(5));
                host.poll(clock());
                assert_eq!(host.take(&sleeps).unwrap().map(value), Ok(5));
            }
            _ => {
                host.reload(id, source(&second)).unwrap();
                host.roll_back(id).unwrap();
                host.reload(id, source(&second)).unwrap();
            }
        }
        assert_eq!(host.plugin(id).unwrap().meta().version, "2.0.0");
        assert_eq!(host.call(&add, &number(1)).map(value), Ok(sum + 1), "the state came along");
        sum += 1;
        host.poll(pass(1_000_001));
        host.reload(id, source(&first)).unwrap();
        assert_eq!(host.poll(pass(1_000_001)).next, Wake::Never);
        while let Some(event) = host.next_event() {
            match event.what {
                ampoule::EventKind::Refused { .. } => refused += 1,
                ampoule::EventKind::Reverted { .. } => reverted += 1,
                ampoule::EventKind::Committed { .. } => committed += 1,
                ampoule::EventKind::Swapped { .. } => swapped += 1,
                _ => {}
            }
        }
        swapped + refused
    };
    // What is kept for good, such as the last answer that was taken, is there after one of each.
    let start = (0..4).map(&mut round).last().unwrap();
    let heap = measure(|| {
        let mut number_of_round = 0;
        while round(number_of_round) < start + reloads {
            number_of_round += 1;
        }
    });
    assert_eq!((heap.bytes_current, heap.count_current), (0, 0));
    println!("{swapped} swapped, {refused} refused, {reverted} reverted, {committed} committed");
    assert!(refused > reloads / 20 && reverted > reloads / 20 && committed > reloads / 4);
    let empty = measure(|| host.unload(id).unwrap());
    assert!(empty.bytes_current < 0);
}
