//! Chance, and a service that takes its time by it.

use ampoule::{Caller, Form, Operation, Scalar, Service, Status, ValueType};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

/// Words that were given, then Steele, Lea and Flood's `SplitMix64`.
#[derive(Clone)]
pub(crate) struct Random {
    given: VecDeque<u64>,
    state: u64,
}

impl Random {
    pub(crate) fn new(given: impl IntoIterator<Item = u64>, seed: u64) -> Self {
        Self { given: given.into_iter().collect(), state: seed }
    }

    pub(super) fn next(&mut self) -> u64 {
        if let Some(word) = self.given.pop_front() {
            return word;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A use of `slow`: by whom, with what, and what it answered.
pub(super) type Use = (String, Vec<u8>, i32);

/// A service that is pending by chance, and answers by what it was asked and how often.
#[derive(Clone)]
pub(super) struct Slow(Arc<Mutex<SlowState>>);

pub(super) struct SlowState {
    random: Random,
    /// 0 for never pending.
    most_pending: u64,
    pending: Vec<(String, u64)>,
    uses: Vec<Use>,
}

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "ask",
        form: Form::Scalar { params: &[ValueType::I32], result: Some(ValueType::I32) },
        base_fuel: 90,
        byte_fuel: 0,
    },
    Operation { name: "echo", form: Form::Message, base_fuel: 5, byte_fuel: 3 },
];

impl Slow {
    pub(super) fn new(seed: u64, most_pending: u64) -> Self {
        let (pending, uses) = (Vec::new(), Vec::new());
        Self(Arc::new(Mutex::new(SlowState {
            random: Random::new([], seed),
            most_pending,
            pending,
            uses,
        })))
    }

    fn answer(&self, caller: &Caller<'_>, asked: &[u8]) -> Result<i32, Status> {
        let mut state = self.0.lock().unwrap();
        let SlowState { random, most_pending, pending, uses } = &mut *state;
        let at = pending.iter().position(|(plugin, _)| plugin == caller.plugin);
        assert_eq!(at.is_some(), caller.since.is_some(), "it is asked again while it is pending");
        let left = match at {
            Some(at) => pending.remove(at).1 - 1,
            None => random.below(*most_pending + 1),
        };
        if left > 0 {
            pending.push((caller.plugin.to_owned(), left));
            return Err(Status::Pending);
        }
        let before = uses.iter().filter(|it| it.0 == caller.plugin).count();
        let answer =
            asked.iter().fold(before as i32, |sum, byte| sum * 31 + i32::from(*byte)) % 999;
        uses.push((caller.plugin.to_owned(), asked.to_vec(), answer));
        Ok(answer)
    }

    pub(super) fn uses_of(&self, plugin: &str) -> Vec<Use> {
        self.0.lock().unwrap().uses.iter().filter(|it| it.0 == plugin).cloned().collect()
    }
}

impl Service for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn scalar(
        &mut self,
        caller: &Caller<'_>,
        _: usize,
        asked: &[Scalar],
    ) -> Result<Scalar, Status> {
        let [Scalar::I32(asked)] = asked else { return Err(Status::Invalid) };
        self.answer(caller, &asked.to_le_bytes()).map(Scalar::I32)
    }

    fn message(
        &mut self,
        caller: &Caller<'_>,
        _: usize,
        asked: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Status> {
        let answer = self.answer(caller, asked)?;
        for (at, byte) in out.iter_mut().take(asked.len()).enumerate() {
            *byte = asked[asked.len() - 1 - at] ^ answer as u8;
        }
        Ok(asked.len())
    }

    fn parks(&self, _: usize) -> bool {
        true
    }
}
