//! Where plugins run and what they allocate from, on a device that has such a place.

use crate::fault::Fault;
use core::fmt;

/// A stack and an account of the heap for whatever of a plugin the engine makes: on a device, the way
/// to survive want of heap.
///
/// The engine can't go on when an allocation fails. In a cell that ends the plugin and not the host: the cell
/// abandons the stack that the work ran on, and the host then gives all blocks of its account back. So
/// nothing that was allocated inside is kept outside of what the plugin's engine made, and nobody
/// drops that after such an end: the host sees to both.
///
/// The crate `ampoule-cell` has one for microcontrollers, and one for workstations that only keeps accounts. A host has
/// none by default ([`Config::cell`](crate::Config::cell)): then work runs as it is, and want of heap ends as the
/// target's allocator has it.
pub trait Cell: Sync + fmt::Debug {
    /// Runs `work` to its end, with what it allocates on the account of `owner`.
    ///
    /// # Errors
    /// [`Ended`]: it was abandoned, and its destructors never run.
    fn enter(&self, owner: Owner, work: &mut dyn FnMut()) -> Result<(), Ended>;

    /// The host's own work begins, within a plugin's: what it allocates is the host's, and can't be
    /// abandoned. Answers whose work it was. Not inside, it changes nothing.
    fn step_out(&self) -> Owner;

    /// The plugin's work goes on.
    fn step_in(&self, owner: Owner);

    /// Opens an account. `None` if there are no more.
    fn open(&self) -> Option<Owner>;

    /// Gives back what is left on an account, and closes it if `close`.
    fn take_back(&self, owner: Owner, close: bool);

    /// What stands on an account.
    fn heap(&self, owner: Owner) -> HeapUse;
}

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(pub u16);

impl Owner {
    /// The host itself: its blocks are never taken back.
    pub const HOST: Self = Self(0);
}

/// Why work in a cell didn't come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// An allocation failed.
    OutOfMemory,
    /// Its stack was too small.
    StackOverflow,
    /// It panicked.
    Panicked,
}

impl From<Ended> for Fault {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::OutOfMemory | Ended::StackOverflow => Self::OutOfMemory {},
            Ended::Panicked => Self::Engine {},
        }
    }
}

/// Bytes of heap, as the cell counts them: on a device rounded up, with what stands in front of each block; on a
/// workstation as they were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapUse {
    /// In use now.
    pub live: usize,
    /// The most that was in use at once.
    pub most: usize,
}

impl HeapUse {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let live = self.live.saturating_add(other.live);
        Self { live, most: self.most.saturating_add(other.most) }
    }
}

/// A cell, if there is one.
pub(crate) type MaybeCell = Option<&'static dyn Cell>;

/// Runs `work` on `owner`'s account.
#[inline]
pub(crate) fn enter<T>(
    cell: MaybeCell,
    owner: Owner,
    work: impl FnOnce() -> T,
) -> Result<T, Ended> {
    let Some(cell) = cell else { return Ok(work()) };
    let (mut work, mut done) = (Some(work), None);
    cell.enter(owner, &mut || done = work.take().map(|work| work()))?;
    done.ok_or(Ended::Panicked)
}

/// An error that was made inside, with its texts on the host's own account.
#[cold]
pub(crate) fn carried<E: Clone>(error: E) -> E {
    error.clone()
}

/// Allocates for the host itself, where that may fail. It must be one allocation, or what went well before
/// is lost.
pub(crate) fn reserve<T>(cell: MaybeCell, work: impl FnOnce() -> T) -> Result<T, Ended> {
    enter(cell, Owner::HOST, work)
}

/// Runs the host's own work within a plugin's.
#[inline]
pub(crate) fn outside<T>(cell: MaybeCell, work: impl FnOnce() -> T) -> T {
    /// Also where the work panics and somebody catches that.
    struct Back(&'static dyn Cell, Owner);

    impl Drop for Back {
        fn drop(&mut self) {
            self.0.step_in(self.1);
        }
    }

    let Some(cell) = cell else { return work() };
    let _back = Back(cell, cell.step_out());
    work()
}

/// An account of a plugin. Dropping it gives everything on it back, so it goes after all that stands there.
pub(crate) struct Seat {
    pub(crate) cell: MaybeCell,
    owner: Owner,
}

impl Seat {
    /// In no cell.
    pub(crate) const fn none() -> Self {
        Self { cell: None, owner: Owner::HOST }
    }

    /// # Errors
    /// All accounts are taken.
    pub(crate) fn new(cell: MaybeCell) -> Result<Self, Ended> {
        match cell {
            None => Ok(Self::none()),
            Some(it) => Ok(Self { cell, owner: it.open().ok_or(Ended::OutOfMemory)? }),
        }
    }

    #[inline]
    pub(crate) fn enter<T>(&self, work: impl FnOnce() -> T) -> Result<T, Ended> {
        enter(self.cell, self.owner, work)
    }

    /// Gives everything on it back, after its work was abandoned.
    pub(crate) fn clear(&self) {
        if let Some(cell) = self.cell {
            cell.take_back(self.owner, false);
        }
    }

    pub(crate) fn heap(&self) -> HeapUse {
        self.cell.map_or_else(HeapUse::default, |cell| cell.heap(self.owner))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(cell) = self.cell {
            cell.take_back(self.owner, true);
        }
    }
}

/// The accounts of a plugin.
pub(crate) struct Seats {
    /// What is known of it, which stays when the engine's part is gone.
    pub(crate) words: Seat,
    /// What the engine makes.
    pub(crate) engine: Seat,
}

impl Seats {
    pub(crate) fn new(cell: MaybeCell) -> Result<Self, Ended> {
        Ok(Self { words: Seat::new(cell)?, engine: Seat::new(cell)? })
    }

    pub(crate) fn heap(&self) -> HeapUse {
        let (words, engine) = (self.words.heap(), self.engine.heap());
        // Words come and go with the plugin: their peak is what is there.
        HeapUse {
            live: words.live.saturating_add(engine.live),
            most: words.live.saturating_add(engine.most),
        }
    }
}
