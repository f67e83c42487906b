//! Attendance: who attested in which epoch, as all nodes' answers come in. Pure.
//!
//! Merging: live if any node says live; dark if at least one says dark and none live. Live is never taken back.

use crate::observation::Observation;
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// Epochs remembered: from the oldest that balances may still speak of to the current one.
const REMEMBERED: usize = 16;

/// What to ask at a slot about the epoch before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Attestations for the previous epoch may still be on their way.
    Early,
    /// The last third of the epoch: ask, so that there is an answer when it is due.
    Ask,
    /// The last two slots: ask again for those still dark, then report. The previous epoch's last attestations
    /// may be included until the current epoch ends (EIP-7045), and nodes stop answering for it soon after.
    Report,
}

impl Phase {
    /// Where `slot` stands in its epoch.
    pub(crate) fn of(slot: Slot, slots_per_epoch: NonZeroU64) -> Self {
        let length = slots_per_epoch.get();
        let offset = slot.0 % length;
        if offset >= length.saturating_sub(2) {
            Self::Report
        } else if offset >= length.saturating_mul(2) / 3 {
            Self::Ask
        } else {
            Self::Early
        }
    }
}

#[derive(Debug, Default)]
struct Sheet {
    seen: BTreeMap<ValidatorIndex, bool>,
    reported: BTreeMap<ValidatorIndex, bool>,
    complete: bool,
}

/// Answers by epoch, and what of them was reported.
#[derive(Debug, Default)]
pub(crate) struct Attendance {
    sheets: BTreeMap<Epoch, Sheet>,
}

impl Attendance {
    /// Takes in one node's answer for `epoch`.
    pub(crate) fn merge(&mut self, epoch: Epoch, answer: impl IntoIterator<Item = (ValidatorIndex, bool)>) {
        let sheet = self.sheets.entry(epoch).or_default();
        for (index, live) in answer {
            *sheet.seen.entry(index).or_insert(false) |= live;
        }
        while self.sheets.len() > REMEMBERED {
            self.sheets.pop_first();
        }
    }

    /// Whether anything is known of `index` in `epoch`.
    pub(crate) fn knows(&self, epoch: Epoch, index: ValidatorIndex) -> bool {
        self.sheets.get(&epoch).is_some_and(|sheet| sheet.seen.contains_key(&index))
    }

    /// Whether `index` was seen attesting in `epoch`.
    pub(crate) fn is_live(&self, epoch: Epoch, index: ValidatorIndex) -> bool {
        self.sheets.get(&epoch).is_some_and(|sheet| sheet.seen.get(&index) == Some(&true))
    }

    /// All that is known of `epoch`, if that is more than was reported.
    pub(crate) fn report(&mut self, epoch: Epoch) -> Option<Observation> {
        let sheet = self.sheets.get_mut(&epoch)?;
        sheet.complete = true;
        if sheet.seen == sheet.reported {
            return None;
        }
        sheet.reported = sheet.seen.clone();
        let (live, dark): (Vec<_>, Vec<_>) = sheet.seen.iter().partition(|(_, live)| **live);
        let indices =
            |entries: Vec<(&ValidatorIndex, &bool)>| entries.into_iter().map(|(index, _)| *index).collect();
        Some(Observation::Liveness { epoch, live: indices(live), dark: indices(dark) })
    }

    /// Those of `suspects` seen attesting in `epoch` and not reported so: told before the epoch's report is due.
    pub(crate) fn acquit(&mut self, epoch: Epoch, suspects: &[ValidatorIndex]) -> Option<Observation> {
        let sheet = self.sheets.get_mut(&epoch)?;
        let live: Vec<_> = suspects
            .iter()
            .filter(|index| sheet.seen.get(index) == Some(&true) && sheet.reported.get(index) != Some(&true))
            .copied()
            .collect();
        sheet.reported.extend(live.iter().map(|index| (*index, true)));
        (!live.is_empty()).then_some(Observation::Liveness { epoch, live, dark: Vec::new() })
    }

    /// Those dark in the latest reported epoch and not seen since.
    pub(crate) fn suspects(&self) -> Vec<ValidatorIndex> {
        let Some((latest, sheet)) = self.sheets.iter().rev().find(|(_, sheet)| sheet.complete) else {
            return Vec::new();
        };
        let came_back =
            |index| self.sheets.range(latest..).any(|(_, later)| later.seen.get(index) == Some(&true));
        sheet
            .seen
            .iter()
            .filter(|(index, live)| !**live && !came_back(index))
            .map(|(index, _)| *index)
            .collect()
    }

    /// Epochs before `epoch` with answers that were never reported: their time passed while we were held up.
    pub(crate) fn overdue(&self, epoch: Epoch) -> Vec<Epoch> {
        self.sheets.range(..epoch).filter(|(_, sheet)| !sheet.complete).map(|(epoch, _)| *epoch).collect()
    }
}

#[cfg(test)]
mod tests;
