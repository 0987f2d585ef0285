//! What may take more heap than is allowed is refused. That the bound is above what is then used, and not
//! far, is tested in `tests/bound`.

use crate::support::{load, plugin_text};
use ampoule::{Limits, MAX_CALLS, MemoryBound, Weights, inspect};

fn large() -> Vec<u8> {
    plugin_text(&"(func (result i64) (i64.const 0))".repeat(400))
}

#[test]
fn what_does_not_fit_is_refused_by_how_much_and_where() {
    // What many small functions leave is more than what translating each of them takes; not so with a large one.
    let one = plugin_text(&format!("(func {})", "nop ".repeat(10_000)));
    for (wasm, largest) in [(large(), "code"), (one, "loading")] {
        let bound = inspect(&wasm, &Limits::MICRO).unwrap().heap;
        assert_eq!(bound.loading > bound.held(), largest == "loading", "{bound:?}");
        let needed = bound.total();
        let limits = Limits { heap_bytes: needed as u32 - 1, ..Limits::MICRO };
        let error = load(&wasm, &limits).unwrap_err().to_string();
        assert!(error.contains(&format!("short by 1, largest part {largest}")), "{error}");
        load(&wasm, &Limits { heap_bytes: needed as u32, ..Limits::MICRO }).unwrap();
    }
}

#[test]
fn a_workstation_computes_a_devices_bound_and_its_own() {
    let (wasm, limits) = (large(), Limits::MICRO);
    let of = |weights| MemoryBound::of(&wasm, &limits, &weights).unwrap();
    let (narrow, wide) = (of(Weights::BITS_32), of(Weights::BITS_64));
    assert_eq!(inspect(&wasm, &limits).unwrap().heap, of(Weights::HERE));
    assert!(narrow.total() < wide.total(), "{narrow:?} {wide:?}");
    for bound in [narrow, wide] {
        assert_eq!(bound.held(), bound.parts().iter().map(|(_, bytes)| bytes).sum::<u64>());
        assert_eq!(bound.total(), bound.held().max(bound.loading));
    }
}

#[test]
fn limits_are_in_the_bound() {
    let bound = |limits: &Limits| MemoryBound::of(&large(), limits, &Weights::BITS_32).unwrap();
    let few = Limits { value_stack_bytes: 1024, recursion_depth: 4, ..Limits::MICRO };
    let many = Limits { value_stack_bytes: 64 * 1024, recursion_depth: 100, ..few };
    // Six frames of 16 bytes; room for 128 of them and the 64 before; and a stack that grows.
    assert_eq!(bound(&few).stacks, 1024 + 6 * 16);
    assert_eq!(bound(&many).stacks, 3 * 64 * 1024 + 192 * 16);
    let messages = (MAX_CALLS as u64 + 2) * u64::from(few.message_bytes);
    assert_eq!(bound(&few).messages, messages);
}

#[test]
fn what_cannot_be_scanned_has_no_bound() {
    let error = MemoryBound::of(b"\0asm\x01\0\0", &Limits::MICRO, &Weights::BITS_32).unwrap_err();
    assert!(error.to_string().contains("the header"), "{error}");
}
