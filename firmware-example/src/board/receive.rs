//! What comes in on the link's port, taken off the wire by its interrupt.

use core::cell::RefCell;
use critical_section::Mutex;
use heapless::spsc::Queue;

/// A byte more than fits: [`MOST_IN`](crate::line::MOST_IN) bytes of a frame, as long as it can be on the
/// wire. A workstation has one request under way, so no byte of it is ever lost, however long a turn of the
/// main loop takes. What comes beyond that is a repetition, and a damaged one costs nothing: the device answers
/// the first. At 115,200 baud the ring fills in 48 ms; loading the largest plugin of the demonstration takes 20.
const RING: usize = ampoule_link::wire_bytes(crate::line::MOST_IN) + 1 + 32;

static BYTES: Mutex<RefCell<Queue<u8, RING>>> = Mutex::new(RefCell::new(Queue::new()));

/// Keeps a byte; for interrupts. One that there is no room for is lost, and its frame with it.
pub(super) fn keep(byte: u8) {
    critical_section::with(|cs| {
        let _ = BYTES.borrow_ref_mut(cs).enqueue(byte);
    });
}

/// Takes what has come in, as much as fits. Interrupts wait for that: a byte on the wire takes 87 us, and as many
/// as this are copied in a few.
pub(super) fn take(place: &mut [u8]) -> usize {
    critical_section::with(|cs| {
        let mut bytes = BYTES.borrow_ref_mut(cs);
        let mut taken = 0;
        for (place, byte) in place.iter_mut().zip(core::iter::from_fn(|| bytes.dequeue())) {
            *place = byte;
            taken += 1;
        }
        taken
    })
}

/// Whether there is something to take.
pub(super) fn is_ready() -> bool {
    critical_section::with(|cs| !BYTES.borrow_ref(cs).is_empty())
}
