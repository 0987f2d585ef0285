//! What plugins have on the heap of a workstation, where any number of threads run them.

mod blocks;
mod bounds;
mod lives;
mod pools;

// The life of one plugin and pools are tested with the same guests; not all of them are needed here.
#[allow(dead_code)]
#[path = "../life/support.rs"]
mod life;
#[allow(dead_code)]
#[path = "../pool/support.rs"]
mod support;

use ampoule::{Cell as _, Config, HeapUse, Host, Owner};
use ampoule_cell::CountingHeap;
use std::{
    alloc::System,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// So few that a test can take them all.
const OWNERS: u16 = 64;

#[global_allocator]
static HEAP: CountingHeap<System, { OWNERS as usize }> = CountingHeap::new(System);

const CONFIG: Config<'_> = Config { cell: Some(&HEAP), ..life::CONFIG };

/// The accounts are the whole process's.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What stands on all accounts.
fn on_accounts() -> usize {
    (0..OWNERS).map(|owner| HEAP.heap(Owner(owner)).live).sum()
}

/// A host that counts, whose service answers at once.
fn host<const SLOTS: usize>() -> Host<'static, SLOTS> {
    let (host, slow) = life::host_of(CONFIG);
    slow.answers(Ok(1));
    host
}

/// What a plugin has.
fn heap<const SLOTS: usize>(host: &Host<'_, SLOTS>, id: ampoule::PluginId) -> HeapUse {
    let counters = host.counters(id).expect("it is loaded");
    let [live, most] = [counters.heap_bytes, counters.heap_most_bytes];
    HeapUse { live: live as usize, most: most as usize }
}
