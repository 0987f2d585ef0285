//! The probation of a new version, for all shards together.

use super::shard::Blueprint;
use crate::{host::Probation, service::Micros};

/// What shards are to be loaded from, and what becomes of a version that only some of them trust yet.
pub(super) struct Trial<'p> {
    stage: Stage,
    /// What there is to go back to, and what a lost copy is loaded from.
    settled: Blueprint<'p>,
    candidate: Option<Blueprint<'p>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Some shards have the candidate, others don't yet.
    RollingOut,
    /// All have it.
    Probation {
        until: Micros,
        calls_left: u32,
    },
    Over(Verdict),
}

/// What a shard on trial has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Drop the old version.
    Commit,
    /// Go back to it.
    Revert { code: &'static str },
}

impl<'p> Trial<'p> {
    pub(super) fn new(settled: Blueprint<'p>) -> Self {
        Self { stage: Stage::Over(Verdict::Commit), settled, candidate: None }
    }

    pub(super) fn settled(&self) -> Blueprint<'p> {
        self.settled.clone()
    }

    pub(super) fn begin(&mut self, candidate: Blueprint<'p>) {
        self.candidate = Some(candidate);
        self.stage = Stage::RollingOut;
    }

    /// All shards have the candidate. What was decided meanwhile stays.
    pub(super) fn rolled_out(&mut self, probation: Probation, now: Micros) {
        if self.stage == Stage::RollingOut {
            let until = now.saturating_add(probation.micros);
            self.stage = Stage::Probation { until, calls_left: probation.calls };
        }
    }

    /// Ends it, because another begins: a version without a fault so far stays, unless it never got to
    /// all shards.
    pub(super) fn end(&mut self) {
        self.abandon();
        if self.verdict().is_none() {
            self.decide(Verdict::Commit);
        }
    }

    /// Takes in what a shard has to say: so many good calls, or a fault. The first word counts.
    pub(super) fn judge(
        &mut self,
        good: u32,
        fault: Option<&'static str>,
        now: Micros,
    ) -> Option<Verdict> {
        match (self.stage, fault) {
            (Stage::Over(verdict), _) => return Some(verdict),
            (_, Some(code)) => self.decide(Verdict::Revert { code }),
            (Stage::RollingOut, None) => {}
            (Stage::Probation { until, calls_left }, None) => {
                let calls_left = calls_left.saturating_sub(good);
                if calls_left == 0 || now >= until {
                    self.decide(Verdict::Commit);
                } else {
                    self.stage = Stage::Probation { until, calls_left };
                }
            }
        }
        self.verdict()
    }

    pub(super) fn verdict(&self) -> Option<Verdict> {
        if let Stage::Over(verdict) = self.stage { Some(verdict) } else { None }
    }

    pub(super) fn revert(&mut self, code: &'static str) {
        if self.verdict().is_none() {
            self.decide(Verdict::Revert { code });
        }
    }

    /// Gives it up, if it never got to all shards.
    pub(super) fn abandon(&mut self) {
        if self.stage == Stage::RollingOut {
            self.decide(Verdict::Revert { code: "" });
        }
    }

    fn decide(&mut self, verdict: Verdict) {
        self.stage = Stage::Over(verdict);
        if let (Verdict::Commit, Some(candidate)) = (verdict, self.candidate.take()) {
            self.settled = candidate;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Trial, Verdict};
    use crate::{
        host::{Probation, Source},
        pool::shard::Blueprint,
    };
    use alloc::sync::Arc;

    const PROBATION: Probation = Probation { calls: 3, micros: 100 };
    const REVERT: Option<Verdict> = Some(Verdict::Revert { code: "F03" });

    fn blueprint(wasm: &'static [u8]) -> Blueprint<'static> {
        Blueprint::new(Arc::new(move |_: usize| Ok(Source::new(wasm)))).unwrap()
    }

    fn rolling_out() -> Trial<'static> {
        let mut trial = Trial::new(blueprint(b"old"));
        trial.begin(blueprint(b"new"));
        trial
    }

    fn on_probation() -> Trial<'static> {
        let mut trial = rolling_out();
        trial.rolled_out(PROBATION, 1_000);
        trial
    }

    fn settled(trial: &Trial<'_>) -> &'static [u8] {
        let versions: [&[u8]; 2] = [b"old", b"new"];
        let is_settled = |it: &&&'static [u8]| trial.settled().hash() == blueprint(it).hash();
        versions.iter().find(is_settled).unwrap()
    }

    #[test]
    fn nothing_commits_before_all_shards_have_it() {
        let mut trial = rolling_out();
        assert_eq!(trial.judge(1_000, None, u64::MAX), None);
        assert_eq!(settled(&trial), b"old");
        trial.end();
        assert_eq!(trial.verdict(), Some(Verdict::Revert { code: "" }));
        assert_eq!(settled(&trial), b"old");
    }

    #[test]
    fn calls_of_all_shards_add_up_and_time_counts_too() {
        let mut trial = on_probation();
        assert_eq!(trial.judge(2, None, 1_099), None);
        assert_eq!(trial.judge(1, None, 1_099), Some(Verdict::Commit));
        assert_eq!(settled(&trial), b"new");
        assert_eq!(on_probation().judge(0, None, 1_100), Some(Verdict::Commit));
    }

    #[test]
    fn the_first_word_counts() {
        let mut trial = on_probation();
        assert_eq!(trial.judge(2, Some("F03"), 1_000), REVERT);
        assert_eq!(trial.judge(9, None, 9_999), REVERT);
        trial.end();
        assert_eq!((trial.verdict(), settled(&trial)), (REVERT, &b"old"[..]));
        let mut trial = on_probation();
        assert_eq!(trial.judge(3, None, 1_000), Some(Verdict::Commit));
        assert_eq!(trial.judge(0, Some("F03"), 1_000), Some(Verdict::Commit));
        trial.revert("F03");
        assert_eq!((trial.verdict(), settled(&trial)), (Some(Verdict::Commit), &b"new"[..]));
    }

    #[test]
    fn a_fault_during_the_roll_out_reverts() {
        let mut trial = rolling_out();
        assert_eq!(trial.judge(0, Some("F03"), 0), REVERT);
        trial.rolled_out(PROBATION, 0);
        assert_eq!(trial.verdict(), REVERT);
    }
}
