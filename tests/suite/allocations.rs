//! Where the host allocates, and that it gives everything back.

use crate::support::{guest, load, plugin_text};
use allocation_counter::measure;
use ampoule::{Context, Entry, Limits, Outcome, Pairs, Plugin};

fn transform() -> Context<'static> {
    Context {
        request_id: "req-001",
        headers: Pairs::from_slice(&[("Content-Type", "application/json")]),
        parameters: Pairs::from_slice(&[("action", "transform"), ("format", "camelCase")]),
    }
}

/// The first call makes the engine's stack; it is the second that counts.
fn allocations_of_a_warm_call(mut call: impl FnMut()) -> u64 {
    call();
    measure(call).count_total
}

#[test]
fn a_call_that_succeeds_allocates_nothing() {
    for limits in [Limits::WORKSTATION, Limits::MICRO] {
        let mut plugin = load(&guest("echo"), &limits).unwrap();
        let echo: Entry<&[u8], &[u8]> = plugin.bind("echo").unwrap();
        let message = [0x5a; 64];
        let count = allocations_of_a_warm_call(|| {
            assert_eq!(plugin.call(&echo, &&message[..]).unwrap(), message);
        });
        assert_eq!(count, 0, "echo in slices of {}", limits.slice_fuel);
    }
    let mut plugin = load(&guest("json-transformer"), &Limits::WORKSTATION).unwrap();
    let execute: Entry<Context<'_>, Outcome<'_>> = plugin.bind("execute").unwrap();
    let count = allocations_of_a_warm_call(|| {
        assert!(plugin.call(&execute, &transform()).unwrap().success);
    });
    assert_eq!(count, 0, "transform");
}

/// The engine reports the end of a slice as an error, which it boxes.
#[test]
fn the_end_of_a_slice_costs_one_allocation_that_is_given_back() {
    let wasm = plugin_text(
        r#"(func (export "count") (param $n i32) (result i64)
               (loop $more (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
               (i64.const 0))"#,
    );
    let mut plugin = load(&wasm, &Limits { slice_fuel: 10, ..Limits::MICRO }).unwrap();
    let count: Entry<&[u8], ()> = plugin.bind("count").unwrap();
    let mut call = || plugin.call(&count, &&[0; 99][..]).unwrap();
    call();
    let heap = measure(&mut call);
    // A turn of the loop isn't cut, so that a slice may end a few fuel early.
    let slices = plugin.usage().fuel / 6;
    assert!(heap.count_total <= slices, "{} allocations in {slices} slices", heap.count_total);
    assert_eq!((heap.count_current, heap.bytes_current), (0, 0));
    assert!(heap.bytes_max <= 128, "{} bytes at once", heap.bytes_max);
}

#[test]
fn a_small_plugin_holds_little() {
    let (echo, mut plugin) = (guest("echo"), None);
    let heap = measure(|| plugin = load(&echo, &Limits::MICRO).ok());
    let bound = ampoule::inspect(&echo, &Limits::MICRO).unwrap().heap.total();
    println!(
        "echo holds {} bytes, {} at the peak, bound {bound}",
        heap.bytes_current, heap.bytes_max
    );
    assert!(heap.bytes_current < 24 * 1024);
    assert!(heap.bytes_max <= bound);
    assert_eq!(plugin.unwrap().memory_bytes(), 2048);
}

#[test]
fn a_plugin_may_move_to_another_thread() {
    const fn movable<T: Send>() {}
    movable::<Plugin>();
    let mut plugin = load(&guest("echo"), &Limits::MICRO).unwrap();
    let echo: Entry<&[u8], &[u8]> = plugin.bind("echo").unwrap();
    let call = move || plugin.call(&echo, &&[7][..]).map(<[u8]>::to_vec);
    assert_eq!(std::thread::spawn(call).join().unwrap(), Ok(vec![7]));
}

#[test]
fn dropping_a_plugin_gives_back_every_byte() {
    let (echo, limits) = (guest("echo"), Limits::MICRO);
    for _ in 0..1000 {
        let heap = measure(|| drop(load(&echo, &limits).unwrap()));
        assert_eq!((heap.count_current, heap.bytes_current), (0, 0));
    }
}

#[test]
fn unloading_after_a_fault_gives_back_every_byte() {
    let wasm = plugin_text(
        r#"(func (export "spin") (param i32) (result i64) (loop (br 0)) (i64.const 0))
           (func (export "nonsense") (param i32) (result i64) (i64.const -1))
           (func (export "ampoule_destroy") (param i32) (result i64) (i64.const 0))"#,
    );
    for entry in ["spin", "nonsense"] {
        let heap = measure(|| {
            let mut plugin = load(&wasm, &Limits::MICRO).unwrap();
            let entry: Entry<(), ()> = plugin.bind(entry).unwrap();
            drop(plugin.call(&entry, &()).unwrap_err());
            drop(plugin.call(&entry, &()).unwrap_err());
            plugin.unload().unwrap();
        });
        assert_eq!(heap.bytes_current, 0, "after {entry}");
    }
}

#[test]
fn admission_refuses_without_heap() {
    let mut wasm = guest("json-transformer");
    let last = wasm.len() - 1;
    wasm[last] ^= 0x80;
    let limits = Limits { module_bytes: last as u32, ..Limits::WORKSTATION };
    for (bytes, limits) in [
        (&wasm[..], &limits),
        (&wasm[..last], &Limits::WORKSTATION),
        (b"\0asm\x01\0\0\0", &Limits::WORKSTATION),
    ] {
        let heap = measure(|| drop(Plugin::check(bytes, limits).unwrap_err()));
        assert_eq!(heap.count_total, 0);
    }
}
