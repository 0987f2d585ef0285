//! Shards together, and what happens to an account when something panics.

use crate::{
    CONFIG, alone, heap, host,
    life::{STATE, clock, entry as entry_of, load, number},
    on_accounts,
    support::{Version, entry, load_with},
};
use ampoule::Pool;
use core::panic::AssertUnwindSafe;
use serde::{Serialize, Serializer};
use std::{panic::catch_unwind, thread};

fn pool<const N: usize>() -> Pool<'static, N> {
    load_with(CONFIG, clock, Version::new("1.0.0", STATE)).unwrap()
}

#[test]
fn the_shards_of_a_pool_add_up() {
    let _alone = alone();
    let one = pool::<1>().counters();
    let pool = pool::<4>();
    let four = pool.counters();
    assert_eq!(
        (four.heap_bytes, four.heap_most_bytes),
        (4 * one.heap_bytes, 4 * one.heap_most_bytes)
    );
    let (add, trap) = (entry(&pool, "add"), entry(&pool, "trap"));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for at in 0..50 {
                    let _ = pool.call(if at % 5 == 0 { &trap } else { &add }, &number(1));
                }
            });
        }
    });
    pool.reload(Version::new("2.0.0", STATE)).unwrap();
    assert!(pool.counters().heap_bytes >= four.heap_bytes);
    drop(pool);
    assert_eq!(on_accounts(), 0);
}

/// A request that can't be written.
struct Bad;

impl Serialize for Bad {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("the request breaks");
    }
}

#[test]
fn after_a_panic_a_thread_is_the_hosts_again() {
    let _alone = alone();
    let mut host = host::<1>();
    let id = load(&mut host, "one");
    let bad = host.bind::<Bad, [u8; 4]>(id, "add").unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _ = host.call(&bad, &Bad);
    }));
    assert!(panicked.is_err());
    let before = on_accounts();
    let mine = vec![1_u8; 10_000];
    assert_eq!(on_accounts(), before, "what a thread allocates then is nobody's");
    drop(mine);
    let add = entry_of(&mut host, id, "add");
    assert!(host.call(&add, &number(1)).is_ok());
    assert!(heap(&host, id).live > 0);
    host.unload(id).unwrap();
    assert_eq!(on_accounts(), 0);
}
