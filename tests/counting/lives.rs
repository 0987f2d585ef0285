//! One plugin's bytes, from its loading to its end.

use crate::{
    alone, heap, host,
    life::{self, STATE, counter, entry, load, manifest, number},
    on_accounts,
};
use ampoule::{Diagnosis as _, Host, Source};
use std::thread;

/// Loads, calls, faults and unloads; answers what it has when it is loaded.
fn lives<const SLOTS: usize>(host: &mut Host<'static, SLOTS>) -> usize {
    let id = load(host, "one");
    let loaded = heap(host, id);
    assert!(loaded.live > 1_000 && loaded.most >= loaded.live, "{loaded:?}");
    let (add, trap) = (entry(host, id, "add"), entry(host, id, "trap"));
    host.call(&add, &number(1)).unwrap();
    let called = heap(host, id).live;
    host.call(&add, &number(1)).unwrap();
    assert_eq!(heap(host, id).live, called, "a warm call keeps nothing");
    host.call(&trap, &number(1)).unwrap_err();
    assert!(heap(host, id).live <= called, "a fault leaves nothing behind");
    host.call(&add, &number(1)).unwrap();
    assert_eq!(heap(host, id).live, called, "and the next instance has what the first one had");
    host.unload(id).unwrap();
    loaded.live
}

#[test]
fn every_byte_goes_when_its_plugin_goes() {
    let _alone = alone();
    let mut host = host::<2>();
    let first = lives(&mut host);
    assert_eq!(on_accounts(), 0);
    for _ in 0..200 {
        assert_eq!(lives(&mut host), first);
        assert_eq!(on_accounts(), 0);
    }
}

#[test]
fn threads_count_apart() {
    const THREADS: usize = 8;
    let _alone = alone();
    let one = lives(&mut host::<1>());
    let all = thread::scope(|scope| {
        let work = || {
            let mut host = host::<1>();
            let lives = (0..50).map(|_| lives(&mut host));
            lives.collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|it| it.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(all, vec![one; 50 * THREADS]);
    assert_eq!(on_accounts(), 0);
}

#[test]
fn what_another_thread_drops_is_taken_off() {
    let _alone = alone();
    let mut host = host::<1>();
    load(&mut host, "one");
    assert!(on_accounts() > 0);
    thread::spawn(move || drop(host)).join().unwrap();
    assert_eq!(on_accounts(), 0);
}

#[test]
fn versions_add_up() {
    let _alone = alone();
    let mut host = host::<1>();
    let (first, second) = (counter("one", "1.0.0", STATE), counter("one", "2.0.0", STATE));
    let papers = manifest("one");
    let id = host.load(Source::new(&first).with_manifest(&papers)).unwrap();
    let one = heap(&host, id).live;
    host.reload(id, Source::new(&second).with_manifest(&papers)).unwrap();
    let two = heap(&host, id);
    assert!(two.live > one + one / 2, "the old one is kept: {one}, then {two:?}");
    host.unload(id).unwrap();
    assert_eq!(on_accounts(), 0);
}

#[test]
fn a_reload_that_comes_to_nothing_is_remembered() {
    let _alone = alone();
    let mut host = host::<1>();
    let id = load(&mut host, "one");
    let before = heap(&host, id);
    let large = "(func (drop (i64.mul (i64.const 7) (i64.const 9))))".repeat(100);
    let traps = r#"(func (export "ampoule_init") (param i32) (result i64) unreachable)"#;
    let wasm = counter("one", "2.0.0", &format!("{large} {traps}"));
    let error = host.reload(id, Source::new(&wasm).with_manifest(&manifest("one"))).unwrap_err();
    assert_eq!(error.code(), "F03");
    let after = heap(&host, id);
    assert_eq!(after.live, before.live);
    assert!(after.most > before.most + 30_000, "{before:?}, then {after:?}");
    host.unload(id).unwrap();
    assert_eq!(on_accounts(), 0);
}

#[test]
fn refused_modules_leave_nothing() {
    let _alone = alone();
    let mut host = host::<1>();
    let (wasm, papers) = (counter("one", "1.0.0", ""), manifest("one"));
    for cut in 1..wasm.len() {
        let source = Source::new(&wasm[..cut]).with_manifest(&papers);
        host.load(source).unwrap_err();
        assert_eq!(on_accounts(), 0, "{cut} bytes");
    }
}

#[test]
fn plugins_without_an_account_run_and_count_0() {
    const PLUGINS: usize = 40;
    let _alone = alone();
    let mut host = host::<PLUGINS>();
    let ids: Vec<_> = (0..PLUGINS).map(|it| load(&mut host, &format!("p{it}"))).collect();
    let counted = ids.iter().filter(|id| heap(&host, **id).live > 0).count();
    // Of 64, one is the host's, and of the last pair there is one: part of that plugin is counted.
    assert_eq!(counted, 32);
    for id in &ids {
        let add = entry(&mut host, *id, "add");
        assert_eq!(host.call(&add, &number(7)).map(life::value), Ok(7));
    }
    assert!(heap(&host, *ids.last().unwrap()).most == 0);
    for id in ids {
        host.unload(id).unwrap();
    }
    assert_eq!(on_accounts(), 0);
    assert!(lives(&mut host) > 0, "accounts are there again");
}
