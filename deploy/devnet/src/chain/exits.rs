//! Voluntary exits by the consensus rules.
//!
//! Sources: consensus-specs `deneb/beacon-chain.md` and `electra/beacon-chain.md`: `process_voluntary_exit`,
//! `initiate_validator_exit`, `compute_exit_epoch_and_update_churn`; EIP-7044 for the domain.

use super::registry::EFFECTIVE_BALANCE_INCREMENT;
use super::state::BeaconState;
use crypto::exit::SignedVoluntaryExit;
use crypto::keys::PublicKey;
use crypto::partial;
use crypto::spec::{Epoch, FAR_FUTURE_EPOCH, ForkName, Gwei, ValidatorIndex};

/// `MAX_SEED_LOOKAHEAD`, epochs.
pub const MAX_SEED_LOOKAHEAD: u64 = 4;
/// `MIN_VALIDATOR_WITHDRAWABILITY_DELAY`, epochs.
pub const MIN_VALIDATOR_WITHDRAWABILITY_DELAY: u64 = 256;
/// `MIN_PER_EPOCH_CHURN_LIMIT`, validators.
pub const MIN_PER_EPOCH_CHURN_LIMIT: u64 = 4;
/// `CHURN_LIMIT_QUOTIENT`.
pub const CHURN_LIMIT_QUOTIENT: u64 = 65_536;
/// `MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA`.
pub const MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA: Gwei = Gwei(128_000_000_000);
/// `MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT`.
pub const MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT: Gwei = Gwei(256_000_000_000);

/// Why the chain does not take an exit: one variant for each assertion of `process_voluntary_exit`, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitRefusal {
    /// The registry has no such index.
    UnknownValidator(ValidatorIndex),
    /// Not activated yet, or already off duty.
    NotActive(ValidatorIndex),
    /// An exit is already scheduled.
    AlreadyExiting(ValidatorIndex, Epoch),
    /// The exit names an epoch that has not come.
    Future {
        /// The epoch the exit names.
        named: Epoch,
        /// The state's epoch.
        current: Epoch,
    },
    /// On duty for less than `SHARD_COMMITTEE_PERIOD`.
    TooYoung {
        /// The state's epoch.
        current: Epoch,
        /// The first epoch at which it may leave.
        earliest: Epoch,
    },
    /// The signature is not the validator's over this exit under the exit domain.
    InvalidSignature,
}

impl std::fmt::Display for ExitRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownValidator(index) => write!(f, "validator {index} is unknown"),
            Self::NotActive(index) => write!(f, "validator {index} is not active"),
            Self::AlreadyExiting(index, epoch) => {
                write!(f, "validator {index} is already exiting: exit already initiated for epoch {epoch}")
            }
            Self::Future { named, current } => {
                write!(f, "exit is for epoch {named}, which is in the future of epoch {current}")
            }
            Self::TooYoung { current, earliest } => {
                write!(f, "validator is too young to exit: may leave from epoch {earliest}, now {current}")
            }
            Self::InvalidSignature => write!(f, "invalid signature of the voluntary exit"),
        }
    }
}

impl BeaconState {
    /// The assertions of `process_voluntary_exit`; also the gossip condition of the p2p specs.
    ///
    /// Electra's "no pending withdrawals" holds always: this chain takes no withdrawal requests.
    ///
    /// # Errors
    /// The first assertion that fails.
    pub fn check_voluntary_exit(&self, signed: &SignedVoluntaryExit) -> Result<(), ExitRefusal> {
        let exit = signed.message;
        let index = exit.validator_index;
        let validator = self.validator(index).ok_or(ExitRefusal::UnknownValidator(index))?;
        let current = self.epoch();
        if !validator.is_active(current) {
            return Err(ExitRefusal::NotActive(index));
        }
        if validator.exit_epoch != FAR_FUTURE_EPOCH {
            return Err(ExitRefusal::AlreadyExiting(index, validator.exit_epoch));
        }
        if current < exit.epoch {
            return Err(ExitRefusal::Future { named: exit.epoch, current });
        }
        let earliest = validator.activation_epoch.saturating_add(self.spec.shard_committee_period);
        if current < earliest {
            return Err(ExitRefusal::TooYoung { current, earliest });
        }
        let key = PublicKey::try_from(validator.pubkey).map_err(|_| ExitRefusal::InvalidSignature)?;
        let root = exit.signing_root(&self.spec.forks, current);
        if !partial::verify(&key, root, &signed.signature) {
            return Err(ExitRefusal::InvalidSignature);
        }
        Ok(())
    }

    /// `process_voluntary_exit`.
    ///
    /// # Errors
    /// As [`Self::check_voluntary_exit`]; the state is then unchanged.
    pub fn process_voluntary_exit(&mut self, signed: &SignedVoluntaryExit) -> Result<(), ExitRefusal> {
        self.check_voluntary_exit(signed)?;
        self.initiate_validator_exit(signed.message.validator_index);
        Ok(())
    }

    /// `initiate_validator_exit`: Electra's from Electra on, Phase0's before. Nothing for an unknown or leaving one.
    pub fn initiate_validator_exit(&mut self, index: ValidatorIndex) {
        let Some(validator) = self.validator(index) else { return };
        if validator.exit_epoch != FAR_FUTURE_EPOCH {
            return;
        }
        let exit_epoch = if self.fork() >= ForkName::Electra {
            self.compute_exit_epoch_and_update_churn(validator.effective_balance)
        } else {
            self.exit_queue_epoch()
        };
        let position = usize::try_from(index.0).unwrap_or(usize::MAX);
        if let Some(validator) = self.validators.get_mut(position) {
            validator.exit_epoch = exit_epoch;
            validator.withdrawable_epoch = exit_epoch.saturating_add(MIN_VALIDATOR_WITHDRAWABILITY_DELAY);
        }
    }

    /// The end of Phase0's exit queue, at most `get_validator_churn_limit` an epoch.
    fn exit_queue_epoch(&self) -> Epoch {
        let leaving =
            || self.validators.iter().map(|v| v.exit_epoch).filter(|&epoch| epoch != FAR_FUTURE_EPOCH);
        let last = leaving().max().unwrap_or(Epoch(0)).max(activation_exit_epoch(self.epoch()));
        let churn = leaving().filter(|&epoch| epoch == last).count() as u64;
        let active = self.validators.iter().filter(|v| v.is_active(self.epoch())).count() as u64;
        let limit = MIN_PER_EPOCH_CHURN_LIMIT.max(active / CHURN_LIMIT_QUOTIENT);
        if churn >= limit { last.saturating_add(1) } else { last }
    }

    /// Electra: exits are queued by the stake that leaves.
    fn compute_exit_epoch_and_update_churn(&mut self, exit_balance: Gwei) -> Epoch {
        let mut earliest = self.earliest_exit_epoch.max(activation_exit_epoch(self.epoch()));
        let per_epoch = self.activation_exit_churn_limit().0;
        let mut to_consume =
            if self.earliest_exit_epoch < earliest { per_epoch } else { self.exit_balance_to_consume.0 };
        if exit_balance.0 > to_consume {
            let additional = (exit_balance.0 - to_consume).div_ceil(per_epoch);
            earliest = earliest.saturating_add(additional);
            to_consume += additional * per_epoch;
        }
        self.exit_balance_to_consume = Gwei(to_consume - exit_balance.0);
        self.earliest_exit_epoch = earliest;
        earliest
    }

    /// `get_activation_exit_churn_limit`.
    fn activation_exit_churn_limit(&self) -> Gwei {
        let total = self.active_balance(self.epoch(), |_| true).0;
        let churn = MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA.0.max(total / CHURN_LIMIT_QUOTIENT);
        let whole = churn - churn % EFFECTIVE_BALANCE_INCREMENT.0;
        Gwei(whole.min(MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT.0))
    }

    /// The exit queue's part of `upgrade_to_electra`.
    pub(crate) fn upgrade_to_electra(&mut self) {
        let scheduled = self.validators.iter().map(|v| v.exit_epoch).filter(|&e| e != FAR_FUTURE_EPOCH).max();
        let last = scheduled.unwrap_or(Epoch(0)).max(activation_exit_epoch(self.epoch()));
        self.earliest_exit_epoch = last.saturating_add(1);
        self.exit_balance_to_consume = self.activation_exit_churn_limit();
    }
}

/// `compute_activation_exit_epoch`.
pub fn activation_exit_epoch(epoch: Epoch) -> Epoch {
    epoch.saturating_add(1 + MAX_SEED_LOOKAHEAD)
}

#[cfg(test)]
mod tests;
