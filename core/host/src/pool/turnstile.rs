//! Who gets which shard, in which order.

use super::sync::{AtomicUsize, Ordering};

/// The most shards: each has two bits in a word.
pub(crate) const MOST: usize = (usize::BITS / 2) as usize;

/// Gives out the numbers of shards, each to one at a time, to those that wait in the order in which they came.
///
/// It has no lock: to leave takes one instruction and to try never waits, so that neither a thread of
/// low priority nor an interrupted one holds up another by standing in it.
pub(crate) struct Turnstile {
    /// The lower half: shards that are free. The upper half: those that are wanted by somebody whom no
    /// other one does, which goes before all that take any.
    shards: AtomicUsize,
    /// The next ticket to be drawn.
    next: AtomicUsize,
    /// The ticket whose turn it is. Nobody waits if it is the next to be drawn.
    turn: AtomicUsize,
}

/// A place in the line.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(usize);

const fn free(shard: usize) -> usize {
    if shard < MOST { 1 << shard } else { 0 }
}

const fn wanted(shard: usize) -> usize {
    free(shard) << MOST
}

impl Turnstile {
    /// All of `shards` are free, [`MOST`] of them if there are more.
    pub(crate) fn new(shards: usize) -> Self {
        let shards = AtomicUsize::new((0..shards).fold(0, |all, shard| all | free(shard)));
        Self { shards, next: AtomicUsize::new(0), turn: AtomicUsize::new(0) }
    }

    /// A shard, if there is one and nobody waits for it.
    pub(crate) fn try_enter(&self) -> Option<usize> {
        // In this order: the turn never passes the next ticket, so that both were the same when the
        // second was read.
        let turn = self.turn.load(Ordering::SeqCst);
        if turn == self.next.load(Ordering::SeqCst) { self.take_any() } else { None }
    }

    /// A place at the end of the line, to be redeemed.
    pub(crate) fn draw(&self) -> Ticket {
        Ticket(self.next.fetch_add(1, Ordering::SeqCst))
    }

    /// Waits for the ticket's turn, and then for a shard. `pause` must return, and not unwind.
    pub(crate) fn redeem(&self, ticket: Ticket, mut pause: impl FnMut()) -> usize {
        while self.turn.load(Ordering::SeqCst) != ticket.0 {
            pause();
        }
        loop {
            if let Some(shard) = self.take_any() {
                // Nobody else writes it: it is this ticket's turn.
                self.turn.store(ticket.0.wrapping_add(1), Ordering::SeqCst);
                return shard;
            }
            pause();
        }
    }

    /// That shard, if it is free and nobody wants it.
    pub(crate) fn try_enter_at(&self, shard: usize) -> bool {
        loop {
            let shards = self.shards.load(Ordering::Relaxed);
            if shards & wanted(shard) != 0 || shards & free(shard) == 0 {
                return false;
            }
            if self.take(shards, free(shard)) {
                return true;
            }
        }
    }

    /// Waits for that shard; the next to leave it leaves it for this one.
    pub(crate) fn enter_at(&self, shard: usize, mut pause: impl FnMut()) {
        let want = wanted(shard);
        while self.shards.fetch_or(want, Ordering::Relaxed) & want != 0 {
            pause();
        }
        let wish = Wish { shards: &self.shards, want };
        while !self.take(self.shards.load(Ordering::Relaxed), free(shard)) {
            pause();
        }
        drop(wish);
    }

    /// How many wait in line.
    pub(crate) fn waiting(&self) -> usize {
        let turn = self.turn.load(Ordering::SeqCst);
        self.next.load(Ordering::SeqCst).wrapping_sub(turn)
    }

    /// Frees a shard. Only who has it may do so.
    pub(crate) fn leave(&self, shard: usize) {
        self.shards.fetch_or(free(shard), Ordering::Release);
    }

    /// Any free shard that isn't wanted: the lowest, so that few are warm when few are needed.
    fn take_any(&self) -> Option<usize> {
        loop {
            let shards = self.shards.load(Ordering::Relaxed);
            let open = shards & !(shards >> MOST) & (usize::MAX >> MOST);
            let shard = open.trailing_zeros() as usize;
            if shard >= MOST {
                return None;
            }
            if self.take(shards, free(shard)) {
                return Some(shard);
            }
        }
    }

    /// Takes a shard's bit, if it is there and nothing has changed.
    fn take(&self, shards: usize, bit: usize) -> bool {
        let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
        shards & bit != 0
            && self.shards.compare_exchange(shards, shards & !bit, success, failure).is_ok()
    }
}

/// That somebody wants a shard: over when it is dropped, by a panic too.
struct Wish<'t> {
    shards: &'t AtomicUsize,
    want: usize,
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.shards.fetch_and(!self.want, Ordering::Relaxed);
    }
}
