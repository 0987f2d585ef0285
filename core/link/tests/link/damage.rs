//! What happens on wires.

/// Numbers that look random, the same for the same seed (splitmix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

pub(crate) struct Damage {
    numbers: Numbers,
    /// Of a thousand blocks so many are damaged.
    rate: usize,
    /// How many bytes pass before the wire is cut.
    left: usize,
}

impl Damage {
    pub(crate) const fn none() -> Self {
        Self { numbers: Numbers::new(0), rate: 0, left: usize::MAX }
    }

    pub(crate) const fn new(seed: u64, rate: usize, left: usize) -> Self {
        Self { numbers: Numbers::new(seed), rate, left }
    }

    /// How much of `output` goes over the wire at once.
    pub(crate) fn block(&mut self, output: &[u8]) -> Vec<u8> {
        let most = if self.numbers.below(4) == 0 { output.len() } else { 64 };
        let length = 1 + self.numbers.below(most);
        output.get(..length).unwrap_or(output).to_vec()
    }

    /// What of a block arrives.
    pub(crate) fn pass(&mut self, block: &[u8]) -> Vec<u8> {
        let mut block = block.to_vec();
        block.truncate(self.left);
        self.left -= block.len();
        if block.is_empty() || self.numbers.below(1000) >= self.rate {
            return block;
        }
        let at = self.numbers.below(block.len());
        match self.numbers.below(6) {
            0 => block.clear(),
            1 => block.extend_from_within(..),
            2 => block[at] ^= 1 << self.numbers.below(8),
            3 => block.truncate(at),
            4 => drop(block.remove(at)),
            _ => {
                let length = 1 + self.numbers.below(40);
                let noise = self.numbers.bytes(length);
                block.splice(at..at, noise);
            }
        }
        block
    }
}
