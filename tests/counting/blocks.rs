//! The allocator itself: what it answers is as asked for, and is counted while it is there.

use crate::{HEAP, alone, on_accounts};
use ampoule::{Cell as _, Owner};
use core::alloc::{GlobalAlloc as _, Layout};

const SIZES: [usize; 8] = [1, 7, 8, 100, 4_095, 4_096, 65_537, 1 << 20];
const ALIGNS: [usize; 7] = [1, 8, 16, 32, 64, 4_096, 1 << 20];

/// Runs on an account of its own.
fn counted(work: impl FnOnce(Owner)) {
    let owner = HEAP.open().unwrap();
    let mut work = Some(work);
    HEAP.enter(owner, &mut || work.take().unwrap()(owner)).unwrap();
    assert_eq!(HEAP.heap(owner).live, 0);
    HEAP.take_back(owner, true);
}

fn is(bytes: *mut u8, length: usize, value: u8) -> bool {
    // SAFETY: each caller has as many bytes there, and has written them all.
    unsafe { core::slice::from_raw_parts(bytes, length) }.iter().all(|byte| *byte == value)
}

#[test]
fn blocks_are_as_asked_for_and_counted() {
    let _alone = alone();
    for (size, align) in SIZES.iter().flat_map(|size| ALIGNS.map(|align| (*size, align))) {
        counted(|owner| {
            let layout = Layout::from_size_align(size, align).unwrap();
            // SAFETY: the layout has a size.
            let bytes = unsafe { HEAP.alloc_zeroed(layout) };
            assert!(!bytes.is_null() && bytes.addr().is_multiple_of(align), "{layout:?}");
            assert!(is(bytes, size, 0), "{layout:?}");
            let live = HEAP.heap(owner).live;
            assert_eq!(live, size, "{layout:?}");
            // SAFETY: these bytes are ours.
            unsafe { bytes.write_bytes(0xA5, size) };
            let larger = size * 3;
            // SAFETY: as allocated, and a size that is none for no layout.
            let bytes = unsafe { HEAP.realloc(bytes, layout, larger) };
            assert!(!bytes.is_null() && bytes.addr().is_multiple_of(align), "{layout:?}");
            assert!(is(bytes, size, 0xA5), "{layout:?}");
            let grown = HEAP.heap(owner);
            assert_eq!((grown.live, grown.most), (larger, size + larger), "{layout:?}");
            // SAFETY: as allocated.
            unsafe { HEAP.dealloc(bytes, Layout::from_size_align(larger, align).unwrap()) };
        });
    }
    assert_eq!(on_accounts(), 0);
}

#[test]
fn what_grows_and_what_goes_is_its_owners_whoever_works() {
    let _alone = alone();
    let (one, other) = (HEAP.open().unwrap(), HEAP.open().unwrap());
    let mut list = Vec::new();
    HEAP.enter(one, &mut || list = vec![1_u8; 100]).unwrap();
    assert_eq!(HEAP.heap(one).live, 100);
    HEAP.enter(other, &mut || list.resize(1_000, 1)).unwrap();
    assert_eq!((HEAP.heap(one).live, HEAP.heap(other).live), (1_000, 0));
    HEAP.enter(one, &mut || {
        let back = HEAP.step_out();
        let mine = vec![1_u8; 5_000];
        HEAP.step_in(back);
        assert_eq!((back, HEAP.heap(one).live), (one, 1_000), "{}", mine.len());
    })
    .unwrap();
    // Closed while something still stands on it: nobody else gets it.
    HEAP.take_back(one, true);
    let next = HEAP.open().unwrap();
    assert_ne!(next, one);
    drop(list);
    assert_eq!(HEAP.heap(one).live, 0);
    let again = HEAP.open().unwrap();
    assert_eq!(again, one);
    for owner in [other, next, again] {
        HEAP.take_back(owner, true);
    }
}

#[test]
fn what_no_layout_can_have_is_refused_and_counts_nothing() {
    let _alone = alone();
    counted(|owner| {
        let whole = Layout::from_size_align(isize::MAX as usize - 15, 16).unwrap();
        // SAFETY: the layout has a size.
        assert!(unsafe { HEAP.alloc(whole) }.is_null());
        let mut list = vec![1_u8; 10];
        assert!(list.try_reserve(isize::MAX as usize - 100).is_err());
        assert_eq!((list.len(), HEAP.heap(owner).live), (10, 10));
    });
}
