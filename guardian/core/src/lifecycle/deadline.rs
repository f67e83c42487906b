//! Deadlines: how long each step may take before it is late.
//!
//! | step | late after | because |
//! |---|---|---|
//! | certified | a voting window since it was first proposed | all who see the cause vote in one window |
//! | combined | [`COMBINED`] slots since our release | partials are offered every two slots |
//! | accepted | [`ACCEPTED`] slots since it was combined | each submitter has two slots, and ours post every eight |
//! | included | [`INCLUDED`] epochs since a node took it | a block has room for 16 exits, and few leave at once |
//! | finalized | [`FINALIZED`] epochs since the head had it | two when all is well |
//! | withdrawn | [`WITHDRAWN`] epochs since it may be | the sweep passes all validators in less than ten days |
//!
//! The release has none: what holds it is told with its reason. Nor have the first proposal, which waits for its turn;
//! being withdrawable, whose epoch the chain names; and the settlement, which is the protocol's.

use super::Step;
use super::way::Way;
use crate::guardian_set::NetworkDefinition;
use crypto::spec::Slot;

/// Slots.
const COMBINED: u64 = 16;

/// Slots.
const ACCEPTED: u64 = 8;

/// Epochs.
const INCLUDED: u64 = 2;

/// Epochs.
const FINALIZED: u64 = 5;

/// Epochs: ten days of mainnet.
const WITHDRAWN: u64 = 2_250;

impl Way {
    /// The step that is waited for, if it is late, and since when.
    pub(super) fn late(&self, definition: &NetworkDefinition, slot: Slot) -> Option<(Step, Slot)> {
        self.awaited(definition).filter(|(_, deadline)| slot > *deadline)
    }

    /// The step that is waited for, and the last slot in which it is in time.
    fn awaited(&self, definition: &NetworkDefinition) -> Option<(Step, Slot)> {
        let epochs = |epochs: u64| epochs.saturating_mul(definition.chain.slots_per_epoch.get());
        // After a reorg the exit has to come into a block anew.
        let since = |at: Slot| self.returned.map_or(at, |returned| returned.max(at));
        let taken = self.at(Step::Accepted).or(self.at(Step::Gossiped));
        if self.is_finished() {
            None
        } else if let Some(at) = self.at(Step::Withdrawable) {
            Some((Step::Withdrawn, at.saturating_add(epochs(WITHDRAWN))))
        } else if self.has(Step::Finalized) {
            None
        } else if let Some(at) = self.at(Step::Included) {
            Some((Step::Finalized, at.saturating_add(epochs(FINALIZED))))
        } else if let Some(at) = taken {
            Some((Step::Included, since(at).saturating_add(epochs(INCLUDED))))
        } else if let Some(at) = self.at(Step::Combined) {
            Some((Step::Accepted, since(at).saturating_add(ACCEPTED)))
        } else if let Some(at) = self.at(Step::Released) {
            Some((Step::Combined, since(at).saturating_add(COMBINED)))
        } else if self.has(Step::Certified) {
            None
        } else {
            let window = definition.policy.vote_window;
            self.at(Step::Proposed).map(|at| (Step::Certified, at.saturating_add(window)))
        }
    }
}
