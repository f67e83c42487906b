//! `EpochSet`: a set of epochs kept as runs, so that a year of darkness costs as much as a minute of it.

use crypto::spec::Epoch;

/// Most runs one set keeps; the oldest is forgotten first. Forgetting makes old epochs unknown, never dark.
const MAX_RUNS: usize = 64;

/// Consecutive epochs `first..=last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: Epoch,
    pub(crate) last: Epoch,
}

impl Run {
    /// How many epochs.
    pub(crate) fn length(&self) -> u64 {
        self.last.0.saturating_sub(self.first.0).saturating_add(1)
    }

    fn contains(&self, epoch: Epoch) -> bool {
        self.first <= epoch && epoch <= self.last
    }
}

/// Ascending, disjoint, never adjacent runs; at most [`MAX_RUNS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EpochSet {
    runs: Vec<Run>,
}

impl EpochSet {
    pub(crate) fn insert(&mut self, epoch: Epoch) {
        if self.contains(epoch) {
            return;
        }
        let mut run = Run { first: epoch, last: epoch };
        // Swallow the neighbours that touch: at most one on each side.
        self.runs.retain(|near| {
            let before = near.last.saturating_add(1) == run.first;
            let after = run.last.saturating_add(1) == near.first;
            if before {
                run.first = near.first;
            }
            if after {
                run.last = near.last;
            }
            !before && !after
        });
        let at = self.runs.partition_point(|earlier| earlier.last < run.first);
        self.runs.insert(at, run);
        if self.runs.len() > MAX_RUNS {
            self.runs.remove(0);
        }
    }

    pub(crate) fn remove(&mut self, epoch: Epoch) {
        let Some(at) = self.runs.iter().position(|run| run.contains(epoch)) else { return };
        let run = self.runs.remove(at);
        if epoch < run.last {
            self.runs.insert(at, Run { first: epoch.saturating_add(1), last: run.last });
        }
        if run.first < epoch {
            self.runs.insert(at, Run { first: run.first, last: epoch.saturating_sub(1) });
        }
    }

    pub(crate) fn contains(&self, epoch: Epoch) -> bool {
        self.runs.iter().any(|run| run.contains(epoch))
    }

    /// The newest epoch of the set.
    pub(crate) fn last(&self) -> Option<Epoch> {
        self.runs.last().map(|run| run.last)
    }

    /// Whether any epoch of `first..=last` is in the set.
    pub(crate) fn meets(&self, first: Epoch, last: Epoch) -> bool {
        self.runs.iter().any(|run| run.first <= last && first <= run.last)
    }

    /// The runs, ascending.
    pub(crate) fn runs(&self) -> impl DoubleEndedIterator<Item = Run> + '_ {
        self.runs.iter().copied()
    }

    /// The parts of `run` that are not in this set, ascending.
    pub(crate) fn gaps_in(&self, run: Run) -> Vec<Run> {
        let mut gaps = Vec::new();
        let mut from = run.first;
        for taken in self.runs.iter().filter(|taken| taken.first <= run.last && run.first <= taken.last) {
            if from < taken.first {
                gaps.push(Run { first: from, last: taken.first.saturating_sub(1) });
            }
            if taken.last >= run.last {
                return gaps;
            }
            from = taken.last.saturating_add(1);
        }
        gaps.push(Run { first: from, last: run.last });
        gaps
    }
}

#[cfg(test)]
mod tests;
