//! Justification and finality (consensus-specs `phase0/beacon-chain.md`, "Justification and finalization").

use super::state::BeaconState;
use crypto::spec::{Checkpoint, Epoch};

impl BeaconState {
    /// `process_justification_and_finalization`, with the participation flags of Altair.
    pub(crate) fn process_justification_and_finalization(&mut self) {
        let current = self.epoch();
        // "Initial FFG checkpoint values have a 0x00 stub for root. Skip FFG updates in the first two epochs."
        if current <= Epoch(1) {
            return;
        }
        let previous = current.saturating_sub(1);
        let attested = |flags: &[bool], index: usize| flags.get(index).copied().unwrap_or(false);
        let total = self.active_balance(current, |_| true).0;
        let previous_stake = self.active_balance(previous, |i| attested(&self.previous_participation, i)).0;
        let current_stake = self.active_balance(current, |i| attested(&self.current_participation, i)).0;
        let supermajority = |stake: u64| stake * 3 >= total * 2;

        let old_previous = self.previous_justified;
        let old_current = self.current_justified;
        self.previous_justified = old_current;
        self.justification_bits.rotate_right(1);
        self.justification_bits[0] = false;
        if supermajority(previous_stake) {
            self.current_justified = Checkpoint { epoch: previous, root: self.previous_target };
            self.justification_bits[1] = true;
        }
        if supermajority(current_stake) {
            self.current_justified = Checkpoint { epoch: current, root: self.current_target };
            self.justification_bits[0] = true;
        }

        let bits = self.justification_bits;
        let is = |checkpoint: Checkpoint, distance: u64| checkpoint.epoch.saturating_add(distance) == current;
        if bits[1] && bits[2] && bits[3] && is(old_previous, 3) {
            self.finalized = old_previous;
        }
        if bits[1] && bits[2] && is(old_previous, 2) {
            self.finalized = old_previous;
        }
        if bits[0] && bits[1] && bits[2] && is(old_current, 2) {
            self.finalized = old_current;
        }
        if bits[0] && bits[1] && is(old_current, 1) {
            self.finalized = old_current;
        }
    }
}
