//! Liveness from balances: the last resort, when no node has a liveness endpoint. Pure.
//!
//! The state at the start of epoch F differs from the one at the start of F-1 by the rewards and penalties for
//! attesting in F-2 (`process_rewards_and_penalties` looks one epoch back, at the end of F-1). A balance that rose
//! was rewarded; one that fell by a little was penalised. Nothing is said where the fall may have another cause:
//! the withdrawal sweep takes what lies above the maximum effective balance, and a slashing or a requested
//! withdrawal takes far more than an epoch's penalty.
//!
//! It is coarser than an endpoint: a validator that attests late every time may lose a little as well.
//!
//! Source: consensus-specs, `altair/beacon-chain.md` ("Rewards and penalties"), `capella/beacon-chain.md`
//! ("Withdrawals").

use crypto::spec::{Epoch, Gwei, ValidatorIndex};
use crypto::validator::{Validator, ValidatorStatus};
use std::collections::BTreeMap;

/// Lowest maximum effective balance there is (`MIN_ACTIVATION_BALANCE`): below it nothing is swept.
const SWEEP_FROM: Gwei = Gwei(32_000_000_000);
/// A penalty for one epoch is less than this part of the effective balance; a larger fall is something else.
const MAX_PENALTY_PART: u64 = 1000;

/// Balances at the latest finalized epoch.
#[derive(Debug, Default)]
pub(crate) struct Balances {
    last: Option<(Epoch, BTreeMap<ValidatorIndex, Validator>)>,
}

impl Balances {
    /// The validators in the state of the finalized checkpoint of `epoch`. Answers for which epoch they tell
    /// liveness, and what; nothing after a gap, where a fall could not be told apart by epoch.
    pub(crate) fn finalized(
        &mut self,
        epoch: Epoch,
        validators: &[Validator],
    ) -> Option<(Epoch, BTreeMap<ValidatorIndex, bool>)> {
        let now: BTreeMap<_, _> = validators.iter().map(|validator| (validator.index, *validator)).collect();
        let (last_epoch, before) = self.last.replace((epoch, now))?;
        if last_epoch.saturating_add(1) != epoch {
            return None;
        }
        let attested = Epoch(epoch.0.checked_sub(2)?);
        let answers = validators
            .iter()
            .filter(|now| now.activation_epoch <= attested && attested < now.exit_epoch)
            .filter_map(|now| Some((now.index, moved(before.get(&now.index)?, now)?)))
            .collect();
        Some((attested, answers))
    }
}

/// `true`: rewarded; `false`: penalised; `None`: cannot be told.
fn moved(before: &Validator, now: &Validator) -> Option<bool> {
    if now.balance > before.balance {
        return Some(true);
    }
    let fall = before.balance.0 - now.balance.0;
    let sweepable = before.effective_balance >= SWEEP_FROM && before.balance > before.effective_balance;
    let penalty = fall > 0 && fall <= before.effective_balance.0 / MAX_PENALTY_PART;
    (penalty && !sweepable && !now.slashed && now.status == ValidatorStatus::ActiveOngoing).then_some(false)
}

#[cfg(test)]
mod tests;
