//! How often an operation may be used: a token bucket on the host's clock.

use super::Micros;

const SECOND: Micros = 1_000_000;

/// Holds up to a second's worth of uses, and starts full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    per_second: u32,
    /// Uses that are left, in millionths.
    left: u64,
    filled_at: Option<Micros>,
}

impl Bucket {
    pub(crate) const fn new(per_second: u32) -> Self {
        Self { per_second, left: per_second as u64 * SECOND, filled_at: None }
    }

    /// Takes one use, if there is one. A clock that goes back fills nothing until it has caught up.
    pub(crate) fn take(&mut self, now: Micros) -> bool {
        let since = self.filled_at.map_or(0, |then| now.saturating_sub(then));
        let rate = u64::from(self.per_second);
        let more = since.min(SECOND) * rate;
        self.left = self.left.saturating_add(more).min(rate * SECOND);
        self.filled_at = self.filled_at.max(Some(now));
        match self.left.checked_sub(SECOND) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Micros};

    fn uses(bucket: &mut Bucket, now: Micros) -> u32 {
        (0..1000).map_while(|_| bucket.take(now).then_some(())).count() as u32
    }

    #[test]
    fn a_second_holds_as_many_uses_as_granted() {
        for rate in [0, 1, 10, 999] {
            let mut bucket = Bucket::new(rate);
            assert_eq!(uses(&mut bucket, 5), rate);
            assert_eq!(uses(&mut bucket, 5), 0);
            assert_eq!(uses(&mut bucket, 5 + 1_000_000), rate);
            assert_eq!(uses(&mut bucket, 5 + 900_000_000), rate);
        }
    }

    #[test]
    fn uses_come_back_evenly() {
        let mut bucket = Bucket::new(10);
        assert_eq!(uses(&mut bucket, 0), 10);
        assert_eq!(uses(&mut bucket, 99_999), 0);
        assert_eq!(uses(&mut bucket, 100_000), 1);
        assert_eq!(uses(&mut bucket, 450_000), 3);
        assert_eq!(uses(&mut bucket, 500_000), 1);
    }

    #[test]
    fn a_clock_that_jumps_gives_no_more_than_it_should() {
        let mut bucket = Bucket::new(5);
        assert_eq!(uses(&mut bucket, 10_000_000), 5);
        assert_eq!(uses(&mut bucket, 0), 0);
        assert_eq!(uses(&mut bucket, 10_000_000), 0);
        assert_eq!(uses(&mut bucket, 10_200_000), 1);
        assert_eq!(uses(&mut bucket, Micros::MAX), 5);
        assert_eq!(uses(&mut Bucket::new(u32::MAX), Micros::MAX), 1000);
    }
}
