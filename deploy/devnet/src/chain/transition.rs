//! `process_slots` and `process_block`: one slot at a time, a block in each.

use super::state::{BeaconState, BlockHeader};
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::{Epoch, ForkName, Root, Slot, ValidatorIndex};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// `MAX_VOLUNTARY_EXITS` of a block.
pub const MAX_VOLUNTARY_EXITS: usize = 16;

impl BeaconState {
    /// The state one slot later, with a block that includes the attestations of the slot before and those of
    /// `exits` that hold, first come first served, at most [`MAX_VOLUNTARY_EXITS`].
    ///
    /// Answers the new state and the exits that were included.
    #[must_use]
    pub fn next(
        &self,
        exits: &[SignedVoluntaryExit],
        dark: &BTreeSet<ValidatorIndex>,
    ) -> (Self, Vec<SignedVoluntaryExit>) {
        let mut state = self.clone();
        let last_of_epoch = self.spec.epoch_of(self.slot.saturating_add(1)) != self.epoch();
        if last_of_epoch {
            state.process_epoch();
        }
        state.slot = self.slot.saturating_add(1);
        if last_of_epoch {
            state.begin_epoch();
        }
        let included = state.process_block(self, exits, dark);
        if last_of_epoch {
            state.current_target = state.header.root();
        }
        (state, included)
    }

    /// `process_epoch`, at the end of the last slot of an epoch.
    fn process_epoch(&mut self) {
        self.process_justification_and_finalization();
        self.process_rewards_and_penalties();
        self.process_ejections();
        self.process_effective_balance_updates();
    }

    /// `process_participation_flag_updates`, and the state upgrade where a fork begins.
    fn begin_epoch(&mut self) {
        self.previous_target = self.current_target;
        let count = self.validators.len();
        self.previous_participation = std::mem::replace(&mut self.current_participation, vec![false; count]);
        let electra = self.spec.forks.forks().iter().find(|fork| fork.name == ForkName::Electra);
        if electra.is_some_and(|fork| fork.epoch == self.epoch()) {
            self.upgrade_to_electra();
        }
    }

    fn process_block(
        &mut self,
        parent: &Self,
        exits: &[SignedVoluntaryExit],
        dark: &BTreeSet<ValidatorIndex>,
    ) -> Vec<SignedVoluntaryExit> {
        self.include_attestations(parent.slot, dark);
        let mut included = Vec::new();
        for exit in exits {
            if included.len() < MAX_VOLUNTARY_EXITS && self.process_voluntary_exit(exit).is_ok() {
                included.push(*exit);
            }
        }
        self.header = BlockHeader {
            slot: self.slot,
            proposer_index: self.proposer(dark),
            parent_root: parent.header.root(),
            // Filled in below: they commit to the state and to the exits of the block.
            state_root: Root([0; 32]),
            body_root: Root([0; 32]),
        };
        self.seal_header(body_root(&included));
        included
    }

    /// Everybody attests once an epoch, in a slot of its own; the next block includes it.
    fn include_attestations(&mut self, attested: Slot, dark: &BTreeSet<ValidatorIndex>) {
        let epoch = self.spec.epoch_of(attested);
        let flags = if epoch == self.epoch() {
            &mut self.current_participation
        } else {
            &mut self.previous_participation
        };
        for ((index, validator), flag) in (0u64..).zip(&self.validators).zip(flags) {
            let index = ValidatorIndex(index);
            let on_duty = duty_slot(index, epoch, self.spec.slots_per_epoch.get()) == attested;
            if on_duty && validator.is_active(epoch) && !dark.contains(&index) {
                *flag = true;
            }
        }
    }

    /// A proposer by the slot's hash; the next active one that is not dark when it is. Zero when there is none.
    fn proposer(&self, dark: &BTreeSet<ValidatorIndex>) -> ValidatorIndex {
        let count = self.validators.len() as u64;
        let digest: [u8; 32] = Sha256::digest(self.slot.0.to_le_bytes()).into();
        let start =
            u64::from(u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])) % count.max(1);
        (0..count)
            .map(|step| ValidatorIndex((start + step) % count))
            .find(|index| {
                !dark.contains(index) && self.validator(*index).is_some_and(|v| v.is_active(self.epoch()))
            })
            .unwrap_or(ValidatorIndex(0))
    }
}

/// The slot in `epoch` at which a validator attests.
fn duty_slot(index: ValidatorIndex, epoch: Epoch, slots_per_epoch: u64) -> Slot {
    Slot(epoch.0 * slots_per_epoch + (index.0 + epoch.0) % slots_per_epoch)
}

/// What stands in for `hash_tree_root(body)`: commits to the exits of the block.
fn body_root(exits: &[SignedVoluntaryExit]) -> Root {
    let mut hasher = Sha256::new();
    hasher.update(b"devnet body");
    for exit in exits {
        hasher.update(exit.message.hash_tree_root().0);
        hasher.update(exit.signature.0);
    }
    Root(hasher.finalize().into())
}

#[cfg(test)]
mod tests;
