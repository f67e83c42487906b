//! What happened in histories.

/// How often the interesting things happened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) burned_used: u64,
    pub(super) burned_minimum: u64,
    pub(super) burned_rest: u64,
    pub(super) overdrawn: u64,
    pub(super) backwards: u64,
    pub(super) twice: u64,
    pub(super) batches: u64,
    pub(super) skipped: u64,
    pub(super) skip_refused: u64,
    pub(super) withdrawn: u64,
    pub(super) withdrawal_refused: u64,
    pub(super) too_much: u64,
    pub(super) overdrawn_accounts: u64,
    pub(super) settlements_refused: u64,
    pub(super) shared_accounts: u64,
}

impl Tally {
    fn counts(&mut self) -> [&mut u64; 15] {
        [
            &mut self.burned_used,
            &mut self.burned_minimum,
            &mut self.burned_rest,
            &mut self.overdrawn,
            &mut self.backwards,
            &mut self.twice,
            &mut self.batches,
            &mut self.skipped,
            &mut self.skip_refused,
            &mut self.withdrawn,
            &mut self.withdrawal_refused,
            &mut self.too_much,
            &mut self.overdrawn_accounts,
            &mut self.settlements_refused,
            &mut self.shared_accounts,
        ]
    }

    pub(super) fn add(&mut self, other: &Self) {
        let mut other = *other;
        self.counts().into_iter().zip(other.counts()).for_each(|(sum, more)| *sum += *more);
    }

    pub(super) fn is_complete(mut self) -> bool {
        self.counts().into_iter().all(|count| *count > 0)
    }
}
