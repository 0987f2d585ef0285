//! Random numbers, for guests.

use super::{message, number, read};
use crate::{Caller, Operation, Scalar, Service};
use alloc::boxed::Box;
use ampoule_abi::Status;
use core::fmt;

/// The most bytes of one `fill`.
pub const MAX_FILL_BYTES: usize = 1024;

type Source = Box<dyn FnMut(&mut [u8]) -> Result<(), Status> + Send>;

/// The service `random`: numbers and bytes that nobody can foretell, if its source is of that kind.
///
/// All plugins draw from one source.
pub struct Random {
    source: Source,
}

const U64: usize = 0;
const FILL: usize = 1;

const OPERATIONS: &[Operation] = &[
    // Eight bytes at the price of `fill`, rounded up.
    number("u64", 200),
    // An operating system's source is a call into its kernel, a hardware source takes some tens of
    // cycles for a byte.
    message("fill", 150, 4),
];

impl Random {
    /// Draws from the platform: `source` fills the bytes that it is given, or refuses, with
    /// [`Status::Failed`] where it is broken and [`Status::Busy`] where it has to gather more first.
    #[must_use]
    pub fn new(source: impl FnMut(&mut [u8]) -> Result<(), Status> + Send + 'static) -> Self {
        Self { source: Box::new(source) }
    }

    /// Draws the same numbers for the same seed: for tests and simulations.
    ///
    /// **Not for secrets**: who sees one number can tell all that follow. The generator is `SplitMix64`
    /// (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, OOPSLA 2014).
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let mut state = seed;
        Self::new(move |out| {
            for chunk in out.chunks_mut(8) {
                for (to, from) in chunk.iter_mut().zip(split_mix(&mut state).to_le_bytes()) {
                    *to = from;
                }
            }
            Ok(())
        })
    }

    fn number(&mut self) -> Result<Scalar, Status> {
        let mut bytes = [0; 8];
        (self.source)(&mut bytes)?;
        Ok(Scalar::I64(no_status(i64::from_le_bytes(bytes))))
    }

    fn fill(&mut self, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let count = usize::from(read::<u16>(request)?);
        if count > MAX_FILL_BYTES {
            return Err(Status::Invalid);
        }
        // What doesn't fit draws nothing.
        if let Some(out) = reply.get_mut(..count) {
            (self.source)(out)?;
        }
        Ok(count)
    }
}

impl Service for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn scalar(
        &mut self,
        _caller: &Caller<'_>,
        operation: usize,
        _params: &[Scalar],
    ) -> Result<Scalar, Status> {
        if operation == U64 { self.number() } else { Err(Status::NotFound) }
    }

    fn message(
        &mut self,
        _caller: &Caller<'_>,
        operation: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        if operation == FILL { self.fill(request, reply) } else { Err(Status::NotFound) }
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}

/// A guest tells refusals by the numbers -256 to -1, so a random number is none of these: their sign is
/// dropped. It happens once in 2^56 draws.
fn no_status(number: i64) -> i64 {
    if (-256..0).contains(&number) { number & i64::MAX } else { number }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
