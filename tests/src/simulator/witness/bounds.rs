//! What bounds releases, whatever was approved: one form a validator, and the caps.

use super::super::story::{Purse, Story};
use super::testimony::{Release, Testimony};
use crypto::exit::VoluntaryExit;
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use guardian_core::governor::{DAY_EPOCHS, PATIENCE_WINDOWS};
use guardian_core::guardian_set::GuardianIndex;
use std::collections::{BTreeMap, BTreeSet};

impl Testimony {
    /// One form a validator, unless the first was given up after its patience ran out.
    pub(super) fn check_forms(
        &self,
        story: &Story,
        guardian: GuardianIndex,
        exit: &VoluntaryExit,
        slot: Slot,
    ) {
        let patience = story.definition.policy.vote_window * PATIENCE_WINDOWS;
        let other = self.released.iter().find(|release| {
            release.exit.validator_index == exit.validator_index
                && release.exit != *exit
                && (release.slot.saturating_add(patience) > slot || self.combined.contains(&release.proposal))
        });
        assert!(other.is_none(), "{guardian:?} releases {exit:?} after {other:?}");
    }

    /// After a release in `epoch`: no cap is exceeded. An exit message counts once, when it was first released.
    pub(super) fn check_caps(&self, story: &Story, guardian: GuardianIndex, epoch: Epoch) {
        let caps = &story.definition.caps;
        let today = self.exits_since(Epoch((epoch.0 + 1).saturating_sub(DAY_EPOCHS)));
        let check = |what: &str, number: usize, most: u64| {
            let is_within = u64::try_from(number).is_ok_and(|number| number <= most);
            assert!(is_within, "{guardian:?}: {number} exits {what}, {most} may be");
        };
        let mut first_release = BTreeMap::new();
        for Release { exit, epoch, .. } in &self.released {
            first_release.entry(*exit).or_insert(*epoch);
        }
        let now = first_release.values().filter(|at| **at == epoch).count();
        check("in an epoch", now, caps.exits_per_epoch);
        check("in a day", today.len(), caps.exits_per_day);
        let share = u64::try_from(story.fates.len()).expect("few validators")
            * u64::from(caps.max_share_percent_per_day)
            / 100;
        // A second form makes nobody leave twice.
        let validators: BTreeSet<_> = today.iter().map(|exit| exit.validator_index).collect();
        check("of all validators in a day", validators.len(), share.max(1));
        let homes: Vec<_> = today.iter().filter_map(|exit| home(story, exit.validator_index)).collect();
        for (place, purse) in story.purses.iter().enumerate() {
            let theirs = homes.iter().filter(|(other, _)| *other == place).count();
            check("of an operator in a day", theirs, caps.exits_per_operator_per_day);
            let of_module = homes.iter().filter(|(_, other)| other.module == purse.module).count();
            check("of a module in a day", of_module, caps.exits_per_module_per_day);
        }
    }

    fn exits_since(&self, first: Epoch) -> BTreeSet<VoluntaryExit> {
        self.released.iter().filter(|release| release.epoch >= first).map(|release| release.exit).collect()
    }
}

/// The operator of a validator, with its place in the story.
fn home(story: &Story, index: ValidatorIndex) -> Option<(usize, &Purse)> {
    let place = usize::try_from(index.0).ok()?;
    story.purses.iter().enumerate().find(|(_, purse)| purse.validators.contains(&place))
}
