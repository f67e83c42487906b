//! `Timeline`: what one guardian knows of one validator's attestations, epoch by epoch.

use crate::epoch_set::EpochSet;
use crypto::spec::Epoch;

/// Epochs known live, epochs known dark; all others are unknown. No epoch is both: one attestation is proof,
/// its absence is only what our nodes had not seen yet, so live wins whichever comes first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Timeline {
    live: EpochSet,
    dark: EpochSet,
}

impl Timeline {
    pub(crate) fn saw_live(&mut self, epoch: Epoch) {
        self.dark.remove(epoch);
        self.live.insert(epoch);
    }

    pub(crate) fn saw_dark(&mut self, epoch: Epoch) {
        if !self.live.contains(epoch) {
            self.dark.insert(epoch);
        }
    }

    pub(crate) fn live(&self) -> &EpochSet {
        &self.live
    }

    pub(crate) fn dark(&self) -> &EpochSet {
        &self.dark
    }

    /// Whether the newest thing known is darkness, and since when nothing else was seen up to `newest`.
    pub(crate) fn is_dark_now(&self) -> bool {
        self.dark.last() > self.live.last()
    }

    /// Consecutive dark epochs of the newest dark run up to `last`, zero when it attested since.
    pub(crate) fn dark_epochs_until(&self, last: Epoch) -> u64 {
        if self.live.last() > self.dark.last() {
            return 0;
        }
        let run = self.dark.runs().rev().find(|run| run.first <= last);
        run.map_or(0, |run| crate::epoch_set::Run { first: run.first, last: run.last.min(last) }.length())
    }
}

#[cfg(test)]
mod tests;
