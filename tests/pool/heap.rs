//! A pool gives back what it has taken.

use crate::{
    life::{STATE, number},
    support::{Version, entry, pool},
};
use allocation_counter::measure;

fn live() {
    let pool = pool::<3>(STATE);
    let (add, trap) = (entry(&pool, "add"), entry(&pool, "trap"));
    for _ in 0..3 {
        pool.call(&add, &number(1)).unwrap();
        pool.call(&trap, &number(1)).unwrap_err();
    }
    pool.reload(Version::new("2.0.0", STATE)).unwrap();
    pool.call(&trap, &number(1)).unwrap_err();
    pool.reload(Version::new("3.0.0", STATE)).unwrap();
    let mut broken = Version::new("4.0.0", STATE);
    broken.wasm.truncate(100);
    pool.reload(broken).unwrap_err();
    pool.counters();
}

#[test]
fn dropping_a_pool_gives_back_every_byte() {
    // What is made once in a process.
    live();
    let heap = measure(live);
    assert_eq!((heap.count_current, heap.bytes_current), (0, 0));
}

#[test]
fn a_lease_and_a_call_allocate_nothing() {
    let pool = pool::<2>("");
    let add = entry(&pool, "add");
    let call = || assert!(pool.call(&add, &number(1)).is_ok());
    call();
    assert_eq!(measure(call).count_total, 0);
}
