//! What attesting earns and darkness costs (consensus-specs `altair/beacon-chain.md`, "Rewards and penalties",
//! "Inactivity scores"), without sync committees and proposer rewards.

use super::registry::{EFFECTIVE_BALANCE_INCREMENT, MAX_EFFECTIVE_BALANCE};
use super::state::BeaconState;
use crypto::spec::{Epoch, Gwei, ValidatorIndex};

const BASE_REWARD_FACTOR: u64 = 64;
const WEIGHT_DENOMINATOR: u64 = 64;
/// Source, target and head together: what attesting in time earns.
const ATTESTATION_WEIGHT: u64 = 14 + 26 + 14;
/// Source and target: what a missed attestation costs; a missed head vote costs nothing.
const PENALTY_WEIGHT: u64 = 14 + 26;
const INACTIVITY_SCORE_BIAS: u64 = 4;
const INACTIVITY_SCORE_RECOVERY_RATE: u64 = 16;
/// `INACTIVITY_PENALTY_QUOTIENT_BELLATRIX`.
const INACTIVITY_PENALTY_QUOTIENT: u64 = 1 << 24;
const MIN_EPOCHS_TO_INACTIVITY_PENALTY: u64 = 4;
/// `EJECTION_BALANCE`.
const EJECTION_BALANCE: Gwei = Gwei(16_000_000_000);

impl BeaconState {
    /// `is_in_inactivity_leak`.
    pub fn is_in_inactivity_leak(&self) -> bool {
        let previous = self.epoch().saturating_sub(1);
        previous.0.saturating_sub(self.finalized.epoch.0) > MIN_EPOCHS_TO_INACTIVITY_PENALTY
    }

    /// `process_inactivity_updates` and `process_rewards_and_penalties`, for the previous epoch.
    pub(crate) fn process_rewards_and_penalties(&mut self) {
        if self.epoch() == Epoch(0) {
            return;
        }
        let previous = self.epoch().saturating_sub(1);
        let leak = self.is_in_inactivity_leak();
        let total = self.active_balance(self.epoch(), |_| true).0;
        let flags = &self.previous_participation;
        let live_stake = self.active_balance(previous, |i| flags.get(i).copied().unwrap_or(false)).0;
        let increment = EFFECTIVE_BALANCE_INCREMENT.0;
        let base_per_increment = increment * BASE_REWARD_FACTOR / total.isqrt();

        let accounts = self.balances.iter_mut().zip(self.inactivity_scores.iter_mut()).zip(flags);
        for (validator, ((balance, score), &live)) in self.validators.iter().zip(accounts) {
            if !validator.is_active(previous) {
                continue;
            }
            *score = if live { score.saturating_sub(1) } else { score.saturating_add(INACTIVITY_SCORE_BIAS) };
            if !leak {
                *score = score.saturating_sub(INACTIVITY_SCORE_RECOVERY_RATE);
            }
            let base = validator.effective_balance.0 / increment * base_per_increment;
            let (earned, lost) = if live {
                let earned = base * ATTESTATION_WEIGHT * (live_stake / increment);
                (if leak { 0 } else { earned / (total / increment * WEIGHT_DENOMINATOR) }, 0)
            } else {
                let inactivity = u128::from(validator.effective_balance.0) * u128::from(*score)
                    / u128::from(INACTIVITY_SCORE_BIAS * INACTIVITY_PENALTY_QUOTIENT);
                (
                    0,
                    base * PENALTY_WEIGHT / WEIGHT_DENOMINATOR
                        + u64::try_from(inactivity).unwrap_or(u64::MAX),
                )
            };
            *balance = Gwei(balance.0.saturating_add(earned).saturating_sub(lost));
        }
    }

    /// The ejection part of `process_registry_updates`.
    pub(crate) fn process_ejections(&mut self) {
        let epoch = self.epoch();
        let poor: Vec<ValidatorIndex> = (0u64..)
            .zip(&self.validators)
            .filter(|(_, v)| v.is_active(epoch) && v.effective_balance <= EJECTION_BALANCE)
            .map(|(index, _)| ValidatorIndex(index))
            .collect();
        for index in poor {
            self.initiate_validator_exit(index);
        }
    }

    /// `process_effective_balance_updates`: with hysteresis, down a quarter and up one and a quarter increments.
    pub(crate) fn process_effective_balance_updates(&mut self) {
        let step = EFFECTIVE_BALANCE_INCREMENT.0 / 4;
        for (validator, balance) in self.validators.iter_mut().zip(&self.balances) {
            let effective = validator.effective_balance.0;
            if balance.0 + step < effective || effective + 5 * step < balance.0 {
                let whole = balance.0 - balance.0 % EFFECTIVE_BALANCE_INCREMENT.0;
                validator.effective_balance = Gwei(whole.min(MAX_EFFECTIVE_BALANCE.0));
            }
        }
    }
}
